package sql

import (
	"context"
	"fmt"
	"time"

	"github.com/addongw/addongw/gateway/lifecycle"
)

// Reader reads committed rows.
type Reader struct {
	run     Runner
	dialect Dialect
}

var _ lifecycle.Reader = (*Reader)(nil)

// NewReader makes a Reader.
func NewReader(run Runner, d Dialect) *Reader { return &Reader{run: run, dialect: d} }

func (r *Reader) resource(ctx context.Context, statement string, args ...any) (rec lifecycle.ResourceRecord, err error) {
	err = one(ctx, r.run, func(row scanner) error { return scanResourceRecord(row, &rec) }, statement, args...)
	if err != nil {
		return rec, fmt.Errorf("read a resource: %w", err)
	}
	return rec, nil
}

func (r *Reader) operation(ctx context.Context, statement string, args ...any) (rec lifecycle.OperationRecord, err error) {
	err = one(ctx, r.run, func(row scanner) error { return scanOperationRecord(row, &rec) }, statement, args...)
	if err != nil {
		return rec, fmt.Errorf("read an operation: %w", err)
	}
	return rec, nil
}

// Each half uses an index of its own; the living row comes first, then the
// youngest tombstone, because ids sort by age.
const resourceByExternalID = `SELECT ` + resourceColumns + ` FROM (
 SELECT 0 AS dead, r.* FROM resources r WHERE external_id = $1 AND addon = $2 AND platform = $3 AND state <> 'deprovisioned'
 UNION ALL
 SELECT 1 AS dead, r.* FROM resources r WHERE external_id = $1 AND addon = $2 AND platform = $3 AND state = 'deprovisioned'
) AS found ORDER BY dead, id DESC LIMIT 1`

// ResourceByExternalID finds by the platform's id.
func (r *Reader) ResourceByExternalID(ctx context.Context, platform, addon, externalID string) (lifecycle.ResourceRecord, error) {
	return r.resource(ctx, resourceByExternalID, externalID, addon, platform)
}

// Where the provider id is our id, the primary key finds it; the other index
// holds only those that are not.
const resourceByProviderID = `SELECT ` + resourceColumns + ` FROM resources
 WHERE id = $1 AND provider_id = id AND platform = $2 AND addon = $3
 UNION ALL
 SELECT ` + resourceColumns + ` FROM resources
 WHERE provider_id = $1 AND provider_id <> id AND platform = $2 AND addon = $3`

// ResourceByProviderID finds by the id that the platform was given.
func (r *Reader) ResourceByProviderID(ctx context.Context, platform, addon, providerID string) (lifecycle.ResourceRecord, error) {
	return r.resource(ctx, resourceByProviderID, providerID, platform, addon)
}

// ResourceRecord reads a row.
func (r *Reader) ResourceRecord(ctx context.Context, id string) (lifecycle.ResourceRecord, error) {
	return r.resource(ctx, resourceByID, id)
}

// OperationRecord reads a row.
func (r *Reader) OperationRecord(ctx context.Context, id string) (lifecycle.OperationRecord, error) {
	return r.operation(ctx, operationByID, id)
}

// LiveOperations reads what is pending or running.
func (r *Reader) LiveOperations(ctx context.Context, resourceID string) ([]lifecycle.OperationRecord, error) {
	ops, err := listOperations(ctx, r.run, liveOperations, resourceID)
	if err != nil {
		return nil, fmt.Errorf("read the live operations of %s: %w", resourceID, err)
	}
	return ops, nil
}

// LastInput reads the newest operation that still has its input.
func (r *Reader) LastInput(ctx context.Context, resourceID string) (lifecycle.OperationRecord, error) {
	return r.operation(ctx, `SELECT `+operationColumns+` FROM operations
 WHERE resource_id = $1 AND input_enc IS NOT NULL ORDER BY seq DESC LIMIT 1`, resourceID)
}

// Due reads what may be claimed now.
func (r *Reader) Due(ctx context.Context, q lifecycle.DueQuery) (lifecycle.DueList, error) {
	now, err := Clock(ctx, r.run, r.dialect)
	if err != nil {
		return lifecycle.DueList{}, err
	}
	verbs := make([]any, 0, len(q.Verbs))
	for _, v := range q.Verbs {
		verbs = append(verbs, string(v))
	}
	var list lifecycle.DueList
	if list.Operations, err = r.dueNow(ctx, now, q, verbs); err != nil {
		return list, fmt.Errorf("read due operations: %w", err)
	}
	list.Next, err = r.nextDue(ctx, now, verbs)
	return list, err
}

func (r *Reader) dueNow(ctx context.Context, now time.Time, q lifecycle.DueQuery, verbs []any) (due []lifecycle.DueOperation, err error) {
	args := append([]any{millis(now)}, verbs...)
	statement := `SELECT id, backend FROM operations o WHERE state = 'pending' AND run_at <= $1
 AND verb IN (` + placeholders(2, len(verbs)) + `)`
	if len(q.ExcludeBackends) > 0 {
		statement += ` AND backend NOT IN (` + placeholders(len(args)+1, len(q.ExcludeBackends)) + `)`
		for _, name := range q.ExcludeBackends {
			args = append(args, name)
		}
	}
	args = append(args, q.Limit)
	statement += ` AND ` + laneIsFree + ` ORDER BY run_at, id LIMIT ` + placeholders(len(args), 1)
	err = each(ctx, r.run, func(row scanner) error {
		var op lifecycle.DueOperation
		if err := row.Scan(&op.ID, &op.Backend); err != nil {
			return err
		}
		due = append(due, op)
		return nil
	}, statement, args...)
	return due, err
}

// nextDue tells how long until the next scheduled operation is due.
func (r *Reader) nextDue(ctx context.Context, now time.Time, verbs []any) (time.Duration, error) {
	var ms *int64
	err := one(ctx, r.run, func(row scanner) error { return row.Scan(&ms) },
		`SELECT MIN(run_at) FROM operations WHERE state = 'pending' AND run_at > $1 AND verb IN (`+placeholders(2, len(verbs))+`)`,
		append([]any{millis(now)}, verbs...)...)
	if err != nil {
		return 0, fmt.Errorf("read when the next operation is due: %w", err)
	}
	if ms == nil {
		return 0, nil
	}
	return time.UnixMilli(*ms).Sub(now), nil
}
