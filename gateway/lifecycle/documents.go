package lifecycle

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
)

// fingerprintKey names the document that holds what fingerprints are keyed with.
// Whoever loses it, loses sight of whose servers are whose: it is sealed like
// every secret and never replaced.
const (
	fingerprintKey    = "fingerprint key"
	documentsTable    = "documents"
	documentColumn    = "body_enc"
	fingerprintLength = 32
)

func documentAD(name string) secret.AD {
	return secret.AD{Table: documentsTable, Row: name, Column: documentColumn}
}

// Fingerprint tells texts apart without saying what they are. See
// platform.Servers.
func (s *Servers) Fingerprint(ctx context.Context, parts ...string) (string, error) {
	key, err := s.of.engine.fingerprints.get(ctx, s.of.engine)
	if err != nil {
		return "", unrecorded(err)
	}
	mac := hmac.New(sha256.New, key)
	for _, part := range parts {
		mac.Write(binary.AppendUvarint(nil, uint64(len(part))))
		mac.Write([]byte(part))
	}
	return base64.RawURLEncoding.EncodeToString(mac.Sum(nil)), nil
}

// keyed is the key of fingerprints, once it is known.
type keyed struct{ key atomic.Pointer[[]byte] }

func (k *keyed) get(ctx context.Context, e *Engine) ([]byte, error) {
	if known := k.key.Load(); known != nil {
		return *known, nil
	}
	kept, err := e.store.Document(ctx, fingerprintKey)
	if errors.Is(err, ErrNotFound) {
		kept, err = e.firstFingerprintKey(ctx)
	}
	if err != nil {
		return nil, err
	}
	key, err := e.vault.open(kept.Sealed, documentAD(fingerprintKey))
	if err != nil {
		return nil, fmt.Errorf("read the key of fingerprints: %w", err)
	}
	k.key.Store(&key)
	return key, nil
}

// firstFingerprintKey draws the key, unless somebody else did.
func (e *Engine) firstFingerprintKey(ctx context.Context) (kept DocumentRecord, err error) {
	key := make([]byte, fingerprintLength)
	_, _ = rand.Read(key) // it never fails
	sealed, err := e.vault.seal(key, documentAD(fingerprintKey))
	if err != nil {
		return kept, err
	}
	err = e.store.Update(context.WithoutCancel(ctx), func(tx Tx) (err error) {
		kept, err = tx.FirstDocument(fingerprintKey, DocumentRecord{Sealed: sealed})
		return err
	})
	return kept, err
}

// Keep stores a document of the provider's. See platform.Servers.
func (s *Servers) Keep(ctx context.Context, name string, body json.RawMessage) error {
	err := s.of.engine.KeepDocument(ctx, s.named(name), body)
	if err != nil {
		return unrecorded(err)
	}
	return nil
}

// Kept returns what Keep stored. See platform.Servers.
func (s *Servers) Kept(ctx context.Context, name string) (gateway.Document, error) {
	kept, err := s.of.engine.Document(ctx, s.named(name))
	if err != nil {
		return kept, unrecorded(err)
	}
	return kept, nil
}

// named is the name of a provider's document among all.
func (s *Servers) named(name string) string {
	return s.of.scope.Platform + "/" + s.of.scope.Addon + "/" + name
}

// KeepDocument stores a document that is not secret, in place of an earlier one.
func (e *Engine) KeepDocument(ctx context.Context, name string, body json.RawMessage) error {
	err := e.store.Update(context.WithoutCancel(ctx), func(tx Tx) error {
		return tx.KeepDocument(name, DocumentRecord{Body: body})
	})
	if err != nil {
		return fmt.Errorf("keep the document %s: %w", name, err)
	}
	return nil
}

// Document returns what KeepDocument stored: gateway.NotFound where there is
// none.
func (e *Engine) Document(ctx context.Context, name string) (gateway.Document, error) {
	kept, err := e.store.Document(ctx, name)
	if errors.Is(err, ErrNotFound) {
		return gateway.Document{}, gateway.Errorf(gateway.NotFound, "There is no such document.")
	}
	return gateway.Document{Body: kept.Body, At: kept.KeptAt}, err
}
