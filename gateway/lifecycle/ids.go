package lifecycle

import (
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"io"

	"github.com/google/uuid"
)

// Ids are written in the "extended hex" alphabet of base32 (RFC 4648 §7), which
// sorts like the bytes: ids sort by age, so new rows land at the end of an
// index and a listing's cursor is an id. Short ids begin with a letter's
// chance only and use the common alphabet, [a-z2-7].
var (
	sortedBase32 = base32.NewEncoding("0123456789abcdefghijklmnopqrstuv").WithPadding(base32.NoPadding)
	shortBase32  = base32.NewEncoding("abcdefghijklmnopqrstuvwxyz234567").WithPadding(base32.NoPadding)
)

// newID draws a UUIDv7 and returns it as an id with a prefix such as "op_",
// together with 12 characters from its random part.
func newID(prefix string, random io.Reader) (id, short string, err error) {
	u, err := uuid.NewV7FromReader(random)
	if err != nil {
		return "", "", fmt.Errorf("draw an id: %w", err)
	}
	// The last 62 bits of a UUIDv7 are random; shifting by four leaves 60 of
	// them in front, which are 12 characters.
	var tail [8]byte
	binary.BigEndian.PutUint64(tail[:], binary.BigEndian.Uint64(u[8:])<<4)
	return prefix + sortedBase32.EncodeToString(u[:]), shortBase32.EncodeToString(tail[:])[:12], nil
}
