package secret

import (
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead/subtle"
	"github.com/tink-crypto/tink-go/v2/tink"
)

// KeySize is the length of an operator's key before Base64, in bytes.
const KeySize = 32

// Key is one operator's key: it wraps the keyset and seals no row itself.
type Key struct {
	ID      string // as in the keyring block
	Value   Value  // Base64 of KeySize random bytes, as Generate makes them
	Primary bool   // wraps the keyset from now on; the others only open it. A single key is primary by itself
}

// keyring is a checked list of keys.
type keyring struct {
	ids     []string // in the operator's order
	aead    map[string]tink.AEAD
	primary string
}

func newKeyring(keys []Key) (keyring, error) {
	if len(keys) == 0 {
		return keyring{}, errors.New("it has no key")
	}
	ring := keyring{aead: map[string]tink.AEAD{}}
	for _, k := range keys {
		if err := ring.add(k, k.Primary || len(keys) == 1); err != nil {
			return keyring{}, err
		}
	}
	if ring.primary == "" {
		return keyring{}, fmt.Errorf("none of the keys %s has primary = true", strings.Join(quoted(ring.ids), ", "))
	}
	return ring, nil
}

func (r *keyring) add(k Key, primary bool) error {
	if k.ID == "" {
		return errors.New("a key has no id")
	}
	if slices.Contains(r.ids, k.ID) {
		return fmt.Errorf("two keys are called %q", k.ID)
	}
	if primary && r.primary != "" {
		return fmt.Errorf("both %q and %q are primary; one may be", r.primary, k.ID)
	}
	raw, err := decodeKey(k.Value)
	if err != nil {
		return fmt.Errorf("key %q: %w", k.ID, err)
	}
	cipher, err := subtle.NewAESGCM(raw)
	if err != nil {
		return fmt.Errorf("key %q: %w", k.ID, err)
	}
	r.ids = append(r.ids, k.ID)
	r.aead[k.ID] = cipher
	if primary {
		r.primary = k.ID
	}
	return nil
}

// decodeKey never repeats what it read: it may be a key with a slip of the pen.
func decodeKey(v Value) ([]byte, error) {
	raw, err := base64.StdEncoding.DecodeString(strings.TrimSpace(v.Reveal()))
	if err != nil {
		return nil, errors.New(`the value is not Base64; make one with "addongw keys generate"`)
	}
	if len(raw) != KeySize {
		return nil, fmt.Errorf(`the value has %d bytes instead of %d; make one with "addongw keys generate"`, len(raw), KeySize)
	}
	return raw, nil
}

// likeliestFirst lists the key ids, the recorded one in front.
func (r keyring) likeliestFirst(recorded string) []string {
	order := slices.Clone(r.ids)
	slices.SortStableFunc(order, func(a, b string) int {
		switch {
		case a == recorded && b != recorded:
			return -1
		case b == recorded && a != recorded:
			return 1
		}
		return 0
	})
	return order
}

func quoted(names []string) []string {
	out := make([]string, len(names))
	for i, n := range names {
		out[i] = strconv.Quote(n)
	}
	return out
}
