package sql

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
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

// queued is a due operation with its place in the queue.
type queued struct {
	lifecycle.DueOperation
	runAt int64
}

// Due reads what may be claimed now. Each verb of each backend is a queue of
// its own in the index, so that a long one costs the others nothing.
func (r *Reader) Due(ctx context.Context, q lifecycle.DueQuery) (lifecycle.DueList, error) {
	now, err := Clock(ctx, r.run, r.dialect)
	if err != nil {
		return lifecycle.DueList{}, err
	}
	var due []queued
	var list lifecycle.DueList
	for _, verb := range q.Verbs {
		backends, err := r.queues(ctx, verb)
		if err != nil {
			return list, err
		}
		for _, name := range backends {
			if slices.Contains(q.ExcludeBackends, name) {
				continue
			}
			first, next, err := r.queue(ctx, verb, name, now, q.Limit)
			if err != nil {
				return list, err
			}
			due = append(due, first...)
			if next > 0 && (list.Next == 0 || next < list.Next) {
				list.Next = next
			}
		}
	}
	slices.SortFunc(due, func(a, b queued) int {
		return cmp.Or(cmp.Compare(a.runAt, b.runAt), cmp.Compare(a.ID, b.ID))
	})
	for _, op := range due[:min(len(due), q.Limit)] {
		list.Operations = append(list.Operations, op.DueOperation)
	}
	return list, nil
}

// pendingBackends steps from one backend to the next in the index, whatever
// the number of operations between them.
const pendingBackends = `WITH RECURSIVE queues (backend) AS (
 SELECT MIN(backend) FROM operations WHERE state = 'pending' AND verb = $1
 UNION ALL
 SELECT (SELECT MIN(o.backend) FROM operations o WHERE o.state = 'pending' AND o.verb = $1 AND o.backend > queues.backend)
 FROM queues WHERE backend IS NOT NULL
) SELECT backend FROM queues WHERE backend IS NOT NULL`

// queues lists the backends that have pending operations of verb.
func (r *Reader) queues(ctx context.Context, verb backend.Verb) (names []string, err error) {
	err = each(ctx, r.run, func(row scanner) error {
		var name string
		if err := row.Scan(&name); err != nil {
			return err
		}
		names = append(names, name)
		return nil
	}, pendingBackends, string(verb))
	if err != nil {
		return nil, fmt.Errorf("list what waits for %s: %w", verb, err)
	}
	return names, nil
}

const (
	dueNow = `SELECT id, backend, action <> '', run_at FROM operations o
 WHERE state = 'pending' AND verb = $1 AND backend = $2 AND run_at <= $3 AND ` + laneIsFree + ` ORDER BY run_at, id LIMIT $4`
	dueNext = `SELECT MIN(run_at) FROM operations WHERE state = 'pending' AND verb = $1 AND backend = $2 AND run_at > $3`
)

// queue reads the first due operations of one queue, and how long until the
// next scheduled one is due (0: none).
func (r *Reader) queue(ctx context.Context, verb backend.Verb, name string, now time.Time, limit int) (due []queued, next time.Duration, err error) {
	err = each(ctx, r.run, func(row scanner) error {
		var op queued
		if err := row.Scan(&op.ID, &op.Backend, &op.Invokes, &op.runAt); err != nil {
			return err
		}
		due = append(due, op)
		return nil
	}, dueNow, string(verb), name, millis(now), limit)
	if err != nil {
		return nil, 0, fmt.Errorf("read due operations: %w", err)
	}
	var ms *int64
	err = one(ctx, r.run, func(row scanner) error { return row.Scan(&ms) }, dueNext, string(verb), name, millis(now))
	if err != nil {
		return nil, 0, fmt.Errorf("read when the next operation is due: %w", err)
	}
	if ms != nil {
		next = time.UnixMilli(*ms).Sub(now)
	}
	return due, next, nil
}
