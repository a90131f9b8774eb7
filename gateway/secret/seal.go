package secret

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/tink-crypto/tink-go/v2/tink"
)

// errNotOpened says all that can be known: tink does not tell a damaged value
// from one that was moved to another row.
var errNotOpened = errors.New("the value is damaged, belongs elsewhere, or was sealed with another keyset")

// AD says where a sealed value lives. A value that is copied to another table,
// row or column does not open there.
type AD struct {
	Table  string
	Row    string // the row's primary key
	Column string
}

// Sealer seals and opens values. It is safe for concurrent use.
type Sealer struct{ data tink.AEAD }

// Seal encrypts plaintext, which may be empty, for the place ad names. Sealing
// the same plaintext twice gives different bytes.
func (s *Sealer) Seal(plaintext []byte, ad AD) ([]byte, error) {
	sealed, err := s.data.Encrypt(plaintext, ad.encode())
	if err != nil {
		return nil, fmt.Errorf("seal %s.%s: %w", ad.Table, ad.Column, err)
	}
	return sealed, nil
}

// Open decrypts what Seal made for the same place.
func (s *Sealer) Open(sealed []byte, ad AD) ([]byte, error) {
	plaintext, err := s.data.Decrypt(sealed, ad.encode())
	if err != nil {
		return nil, fmt.Errorf("open %s.%s of %s: %w", ad.Table, ad.Column, ad.Row, errNotOpened)
	}
	return plaintext, nil
}

// encode writes each part behind its length, so that no two places share an
// encoding. The form is stored implicitly in every sealed value: it can not
// change without a new version in front.
func (ad AD) encode() []byte {
	out := []byte("addongw sealed value 1")
	for _, part := range []string{ad.Table, ad.Row, ad.Column} {
		out = binary.AppendUvarint(out, uint64(len(part)))
		out = append(out, part...)
	}
	return out
}
