package sql

import (
	"context"
	stdsql "database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/addongw/addongw/gateway/lifecycle"
)

// rented is the condition of the index over servers; it must be written as
// there.
const rented = `kind = 'server' AND state NOT IN ('deprovisioned', 'failed')`

const (
	serversOfProvider = `SELECT COUNT(*) FROM (SELECT 1 FROM resources WHERE addon = $1 AND platform = $2 AND ` + rented + ` LIMIT $3) AS l`

	serverRegions = `SELECT DISTINCT region FROM resources WHERE addon = $1 AND platform = $2 AND ` + rented + ` ORDER BY region`

	twin = `SELECT ` + resourceColumns + ` FROM resources
 WHERE addon = $1 AND platform = $2 AND owner_id = $3 AND region = $4 AND ` + rented + `
 AND state <> 'deprovisioning' AND plan = $5 AND name = $6 AND created_at > $7
 AND NOT EXISTS (SELECT 1 FROM operations o WHERE o.resource_id = resources.id AND o.verb = 'deprovision')
 ORDER BY id DESC LIMIT 1`
)

// Twin finds a server that was ordered alike. One whose making has failed, so
// that it is being cleaned up, is none.
func (t *Tx) Twin(r lifecycle.ResourceRecord, since time.Time) (found lifecycle.ResourceRecord, err error) {
	err = one(background(), t.run, func(row scanner) error { return scanResourceRecord(row, &found) }, twin,
		r.Addon, r.Platform, r.Owner.ID, r.Region, r.Plan, r.Name, millis(since))
	if err != nil {
		return found, fmt.Errorf("look for an order like that of %s: %w", r.ID, err)
	}
	return found, nil
}

// ServerRegions lists where servers are.
func (r *Reader) ServerRegions(ctx context.Context, platform, provider string) (regions []string, err error) {
	err = each(ctx, r.run, func(row scanner) error {
		var region string
		if err := row.Scan(&region); err != nil {
			return err
		}
		regions = append(regions, region)
		return nil
	}, serverRegions, provider, platform)
	if err != nil {
		return nil, fmt.Errorf("list the regions of %s: %w", provider, err)
	}
	return regions, nil
}

// The first condition is that of the index: what waits is few, what is owned may be
// many.
const awaitingCredentials = `SELECT ` + operationColumns + ` FROM operations o
 WHERE waiting_for = 'credentials' AND state = 'pending' AND EXISTS (
  SELECT 1 FROM resources r WHERE r.id = o.resource_id AND r.addon = $1 AND r.platform = $2 AND r.owner_id = $3) ORDER BY created_at, id`

// AwaitingCredentials lists what waits for an owner's next call.
func (r *Reader) AwaitingCredentials(ctx context.Context, platform, provider, owner string) ([]lifecycle.OperationRecord, error) {
	ops, err := listOperations(ctx, r.run, awaitingCredentials, provider, platform, owner)
	if err != nil {
		return nil, fmt.Errorf("list what waits for credentials: %w", err)
	}
	return ops, nil
}

// AwaitingCredentials lists what waits for an owner's next call.
func (t *Tx) AwaitingCredentials(platform, provider, owner string) ([]lifecycle.OperationRecord, error) {
	return listOperations(background(), t.run, awaitingCredentials, provider, platform, owner)
}

const documentNamed = `SELECT body, body_enc, kept_at FROM documents WHERE name = $1`

// KeepDocument stores a document.
func (t *Tx) KeepDocument(name string, d lifecycle.DocumentRecord) error {
	return t.putDocument(name, d, `UPDATE SET body = excluded.body, body_enc = excluded.body_enc, kept_at = excluded.kept_at`)
}

// FirstDocument stores a document unless there is one.
func (t *Tx) FirstDocument(name string, d lifecycle.DocumentRecord) (lifecycle.DocumentRecord, error) {
	if err := t.putDocument(name, d, `NOTHING`); err != nil {
		return d, err
	}
	return document(background(), t.run, name)
}

func (t *Tx) putDocument(name string, d lifecycle.DocumentRecord, onConflict string) error {
	var body any
	if d.Body != nil {
		body = string(d.Body)
	}
	_, err := t.run.Exec(background(), `INSERT INTO documents (name, body, body_enc, kept_at) VALUES ($1, $2, $3, $4)
 ON CONFLICT (name) DO `+onConflict, name, body, d.Sealed, millis(t.now))
	if err != nil {
		return fmt.Errorf("keep the document %s: %w", name, err)
	}
	return nil
}

// Document reads a document.
func (r *Reader) Document(ctx context.Context, name string) (lifecycle.DocumentRecord, error) {
	return document(ctx, r.run, name)
}

func document(ctx context.Context, run Runner, name string) (d lifecycle.DocumentRecord, err error) {
	var body stdsql.NullString
	var kept int64
	err = one(ctx, run, func(row scanner) error { return row.Scan(&body, &d.Sealed, &kept) }, documentNamed, name)
	if errors.Is(err, lifecycle.ErrNotFound) {
		return d, err
	}
	if err != nil {
		return d, fmt.Errorf("read the document %s: %w", name, err)
	}
	if body.Valid {
		d.Body = []byte(body.String)
	}
	d.KeptAt = time.UnixMilli(kept)
	return d, nil
}
