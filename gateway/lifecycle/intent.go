package lifecycle

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// intent is an operation that is about to be written, and whether its request
// may run it inline.
type intent struct {
	op     OperationRecord
	input  backend.Op
	inline bool // a slot is taken for it
	key    slotKey
	lease  time.Duration
	quotas []gateway.QuotaRule // must hold with the resource as it is written

	credential map[string]gateway.Secret // of whoever ordered; kept in memory while the operation lives
}

// newIntent draws an operation for res and takes a slot for it where one is
// free and alone says that the lane is. The caller writes it with start or
// drops it with abandon.
func (e *Engine) newIntent(a *active, res ResourceRecord, verb backend.Verb, plan string, input backend.Op, alone bool) (*intent, error) {
	id, _, err := newID("op_", e.random)
	if err != nil {
		return nil, err
	}
	_, limits, ok := a.backends.Backend(res.Backend)
	limits = limits.withDefaults()
	input.OperationID, input.ResourceID, input.ShortID, input.Addon = id, res.ID, res.ShortID, res.Addon
	it := &intent{
		op: OperationRecord{
			Operation: gateway.Operation{
				ID: id, Lane: laneOf(res.ID), ResourceID: res.ID, Verb: string(verb),
				State: gateway.OperationPending, Plan: plan,
			},
			Backend:     res.Backend,
			MaxAttempts: limits.MaxAttempts,
		},
		input: input,
		key:   keyFor(res.Backend, verb),
		lease: limits.timeout(verb) + leaseGrace, // of an action: see asAction
	}
	if it.op.InputSealed, err = e.vault.sealOp(input, operationAD(id, inputColumn)); err != nil {
		return nil, err
	}
	// Without its backend the operation waits in the store until it is back.
	if ok && alone && e.begin() {
		if it.inline = e.slots.takeInline(it.key, limits); !it.inline {
			e.end()
		}
	}
	return it, nil
}

// laneOf names the lane of a resource's own operations: one at a time.
func laneOf(resourceID string) string { return "res:" + resourceID }

// abandon gives back what an intent holds that was not written.
func (e *Engine) abandon(it *intent) {
	e.held.drop(it.op.ID)
	if it.inline {
		e.release(it.key)
		e.end()
	}
}

// insert writes the operation: running and owned by this node when a slot is
// taken, else pending and due.
func (e *Engine) insert(tx Tx, it *intent) (OperationRecord, error) {
	op := it.op
	op.CreatedAt, op.RunAt = tx.Now(), tx.Now()
	if it.inline {
		op.State, op.Attempt, op.Owner = gateway.OperationRunning, 1, e.node.ID
		op.RunAt, op.LeaseUntil = time.Time{}, tx.Now().Add(it.lease)
	}
	if err := tx.InsertOperation(op); err != nil {
		return op, err
	}
	e.held.hold(op.ID, it.credential) // before anybody can claim it
	return op, nil
}

// amend writes the changed row of a resource that exists, for launch.
func amend(next ResourceRecord) func(Tx) (ResourceRecord, error) {
	return func(tx Tx) (ResourceRecord, error) {
		row := next
		row.UpdatedAt = tx.Now()
		if err := tx.UpdateResource(row); err != nil {
			return row, err
		}
		row.Version++
		return row, nil
	}
}

// launch writes an intent with its resource and has it executed: inline in a
// goroutine that outlives the request, or by a worker. Then it waits for its
// end.
func (s *Scoped) launch(ctx context.Context, budget <-chan struct{}, a *active, it *intent, write func(tx Tx) (ResourceRecord, error)) (waited, error) {
	e := s.engine
	one := e.waiters.join(it.op.ID)
	defer e.waiters.leave(it.op.ID, one)
	begun := work{input: &it.input}
	// The request may be gone already: what it asked for is recorded anyway.
	err := e.store.Update(context.WithoutCancel(ctx), func(tx Tx) error {
		var err error
		if begun.res, err = write(tx); err != nil {
			return err
		}
		if err = checkQuotas(tx, begun.res.Resource, it.quotas); err != nil {
			return err
		}
		begun.op, err = e.insert(tx, it)
		return err
	})
	if err != nil {
		e.abandon(it)
		if again(err) {
			return waited{}, err
		}
		return waited{}, unrecorded(fmt.Errorf("record the %s of %s: %w", it.op.Verb, it.op.ResourceID, err))
	}
	if it.inline {
		go e.runToEnd(a, begun, it.key)
	} else {
		e.orders.wake()
	}
	return s.wait(ctx, budget, begun, one), nil
}

// attach waits for an operation that another request began.
func (s *Scoped) attach(ctx context.Context, budget <-chan struct{}, op OperationRecord) (waited, error) {
	e := s.engine
	one := e.waiters.join(op.ID)
	defer e.waiters.leave(op.ID, one)
	// It may have ended before we joined.
	end, over, err := e.look(ctx, op.ID)
	if err != nil {
		return waited{}, unrecorded(err)
	}
	if over {
		return waited{work: end, over: true}, nil
	}
	return s.wait(ctx, budget, work{op: op}, one), nil
}

// alone reports whether nothing of the resource's own lane is live, so that a
// request may run its operation inline.
func alone(live []OperationRecord, resourceID string) bool {
	return !slices.ContainsFunc(live, func(op OperationRecord) bool { return op.Lane == laneOf(resourceID) })
}
