package secret

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tink-crypto/tink-go/v2/aead"
	"github.com/tink-crypto/tink-go/v2/keyset"
)

// KeysetStore is where the wrapped keyset lies, beside the rows that it seals.
// While OpenSealer runs nobody else may write it: the caller holds the store's
// exclusive lock, or a transaction that serves as one.
type KeysetStore interface {
	// Keyset returns what PutKeyset stored last; nil and no error when nothing
	// was stored yet.
	Keyset(ctx context.Context) ([]byte, error)

	// PutKeyset stores the wrapped keyset durably, in place of an earlier one.
	PutKeyset(ctx context.Context, wrapped []byte) error

	// HasSealedRows reports whether any row holds a sealed value.
	HasSealedRows(ctx context.Context) (bool, error)
}

// wrappedKeyset is the stored form: an encrypted keyset, and beside it which
// key wrapped it, so that an error can name the key that is missing.
type wrappedKeyset struct {
	Version int    `json:"version"`
	KeyID   string `json:"key_id"`
	Keyset  []byte `json:"keyset"` // tink's encrypted binary keyset
}

// keysetAD separates a wrapped keyset from anything else that an operator's
// key might ever encrypt. The key's id is left out: renaming a key is harmless.
var keysetAD = []byte("addongw keyset 1")

// OpenSealer opens the store's keyset with one of keys, and makes it on the
// first start. A keyset that is wrapped under another key than the primary one
// is wrapped anew, after which the old key may leave the configuration.
//
// It refuses to make a keyset where sealed rows exist that no key opens.
func OpenSealer(ctx context.Context, keys []Key, store KeysetStore) (*Sealer, error) {
	ring, err := newKeyring(keys)
	if err != nil {
		return nil, fmt.Errorf("read the keyring: %w", err)
	}
	stored, err := store.Keyset(ctx)
	if err != nil {
		return nil, fmt.Errorf("read the keyset: %w", err)
	}
	handle, err := ring.openOrCreate(ctx, stored, store)
	if err != nil {
		return nil, err
	}
	data, err := aead.New(handle)
	if err != nil {
		return nil, fmt.Errorf("use the keyset: %w", err)
	}
	return &Sealer{data: data}, nil
}

func (r keyring) openOrCreate(ctx context.Context, stored []byte, store KeysetStore) (*keyset.Handle, error) {
	if stored == nil {
		return r.create(ctx, store)
	}
	handle, current, err := r.unwrap(stored)
	if errors.Is(err, errNoKey) {
		return r.replaceUnused(ctx, store, err)
	}
	if err != nil {
		return nil, err
	}
	if current {
		return handle, nil
	}
	return handle, r.put(ctx, store, handle)
}

// create makes the first keyset, unless rows show that there was one.
func (r keyring) create(ctx context.Context, store KeysetStore) (*keyset.Handle, error) {
	sealed, err := store.HasSealedRows(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for sealed rows: %w", err)
	}
	if sealed {
		return nil, errors.New("the store has sealed rows but its keyset is gone: restore the store from a backup")
	}
	return r.make(ctx, store)
}

// replaceUnused makes a new keyset in place of one that no key opens, if it
// never sealed anything; otherwise it returns the reason.
func (r keyring) replaceUnused(ctx context.Context, store KeysetStore, reason error) (*keyset.Handle, error) {
	sealed, err := store.HasSealedRows(ctx)
	if err != nil {
		return nil, fmt.Errorf("look for sealed rows: %w", err)
	}
	if sealed {
		return nil, reason
	}
	return r.make(ctx, store)
}

func (r keyring) make(ctx context.Context, store KeysetStore) (*keyset.Handle, error) {
	handle, err := keyset.NewHandle(aead.AES256GCMKeyTemplate())
	if err != nil {
		return nil, fmt.Errorf("make a keyset: %w", err)
	}
	return handle, r.put(ctx, store, handle)
}

// put wraps the keyset under the primary key and stores it.
func (r keyring) put(ctx context.Context, store KeysetStore, handle *keyset.Handle) error {
	var encrypted bytes.Buffer
	writer := keyset.NewBinaryWriter(&encrypted)
	if err := handle.WriteWithAssociatedData(writer, r.aead[r.primary], keysetAD); err != nil {
		return fmt.Errorf("wrap the keyset under key %q: %w", r.primary, err)
	}
	wrapped, err := json.Marshal(wrappedKeyset{Version: 1, KeyID: r.primary, Keyset: encrypted.Bytes()})
	if err != nil {
		return fmt.Errorf("wrap the keyset under key %q: %w", r.primary, err)
	}
	if err := store.PutKeyset(ctx, wrapped); err != nil {
		return fmt.Errorf("store the keyset: %w", err)
	}
	return nil
}

// errNoKey is in the chain of the error that no key opened the keyset.
var errNoKey = errors.New("no key opens the store's keyset")

// unwrap opens the stored keyset and reports whether it is wrapped under the
// primary key as it is now called. The key of the recorded id is only the
// likeliest: ids may have been renamed.
func (r keyring) unwrap(stored []byte) (handle *keyset.Handle, current bool, err error) {
	var w wrappedKeyset
	if err := json.Unmarshal(stored, &w); err != nil {
		return nil, false, errors.New("the stored keyset is damaged: restore the store from a backup")
	}
	if w.Version != 1 {
		return nil, false, fmt.Errorf("the stored keyset has format %d, which a newer version made: use that version", w.Version)
	}
	for _, id := range r.likeliestFirst(w.KeyID) {
		reader := keyset.NewBinaryReader(bytes.NewReader(w.Keyset))
		handle, err := keyset.ReadWithAssociatedData(reader, r.aead[id], keysetAD)
		if err == nil {
			return handle, id == r.primary && id == w.KeyID, nil
		}
	}
	if w.KeyID == keyFileID && slices.Equal(r.ids, []string{keyFileID}) {
		return nil, false, fmt.Errorf("%w: the key file beside the store is another one than the store was made with. Put the old key file back from a backup", errNoKey)
	}
	return nil, false, fmt.Errorf("%w: it was wrapped under key %q, and these were tried: %s. Put the key %q back into the keyring, with its old value",
		errNoKey, w.KeyID, strings.Join(quoted(r.ids), ", "), w.KeyID)
}
