package sql

import (
	"context"
	"errors"
	"fmt"

	"github.com/addongw/addongw/gateway/lifecycle"
)

// dataKeyset is the row of the keyset that seals all columns.
const dataKeyset = "data"

// Keyset returns the wrapped keyset; nil when nothing was stored yet.
func (r *Reader) Keyset(ctx context.Context) ([]byte, error) {
	var wrapped []byte
	err := one(ctx, r.run, func(row scanner) error { return row.Scan(&wrapped) }, `SELECT keyset FROM keysets WHERE id = $1`, dataKeyset)
	if errors.Is(err, lifecycle.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the keyset: %w", err)
	}
	return wrapped, nil
}

// HasSealedRows reports whether any row holds a sealed value.
func (r *Reader) HasSealedRows(ctx context.Context) (bool, error) {
	var found bool
	err := one(ctx, r.run, func(row scanner) error { return row.Scan(&found) }, `SELECT EXISTS (SELECT 1 FROM resources
 WHERE outputs_enc IS NOT NULL OR secrets_enc IS NOT NULL OR state_enc IS NOT NULL OR delivery_enc IS NOT NULL
 OR first_config_enc IS NOT NULL OR log_token_enc IS NOT NULL OR before_enc IS NOT NULL)
 OR EXISTS (SELECT 1 FROM operations WHERE input_enc IS NOT NULL OR args_enc IS NOT NULL OR old_plan_enc IS NOT NULL OR state_enc IS NOT NULL)
 OR EXISTS (SELECT 1 FROM documents WHERE body_enc IS NOT NULL)`)
	if err != nil {
		return false, fmt.Errorf("look for sealed rows: %w", err)
	}
	return found, nil
}

// PutKeyset stores the wrapped keyset in place of an earlier one.
func (t *Tx) PutKeyset(wrapped []byte) error {
	_, err := t.run.Exec(background(), `INSERT INTO keysets (id, keyset, updated_at) VALUES ($1, $2, $3)
 ON CONFLICT (id) DO UPDATE SET keyset = excluded.keyset, updated_at = excluded.updated_at`, dataKeyset, wrapped, millis(t.now))
	if err != nil {
		return fmt.Errorf("write the keyset: %w", err)
	}
	return nil
}
