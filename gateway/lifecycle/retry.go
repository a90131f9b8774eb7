package lifecycle

import (
	"cmp"
	"context"
	"errors"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// Retry makes an operation due at once that waits for its next attempt or for an
// operator; with a fresh number of attempts in the second case. Its backend is told
// what the configuration says today: mistakes in there may have been mended. One
// that waits for its caller's credentials goes on without: an operator has settled
// with the backend that it can.
// One that waits for nothing is gateway.Conflict.
func (e *Engine) Retry(ctx context.Context, operationID string) error {
	op, err := e.store.OperationRecord(ctx, operationID)
	if errors.Is(err, ErrNotFound) {
		return gateway.Errorf(gateway.NotFound, "There is no such operation.")
	}
	if err != nil {
		return unreadable(err)
	}
	a := e.active.Load()
	input, err := e.afresh(ctx, a, op)
	if err != nil {
		return err
	}
	more := e.limitsFor(a, op.Backend, backend.Verb(op.Verb)).MaxAttempts
	err = e.store.Update(ctx, func(tx Tx) error {
		next := op
		var err error
		if next.State, err = moveOperation(op.State, resume); err != nil || !op.Parked() && !op.RunAt.After(tx.Now()) {
			return gateway.Errorf(gateway.Conflict, "The operation waits for nothing.")
		}
		if op.Parked() {
			next.MaxAttempts = op.Attempt + more
		}
		next.WaitingFor, next.RunAt, next.InputSealed = "", tx.Now(), input
		next.Credentialed = op.Credentialed && op.WaitingFor != waitingForCredentials
		return tx.UpdatePending(next)
	})
	if err != nil {
		return unrecorded(err)
	}
	e.wakeAll()
	return nil
}

// afresh is the input of an operation with what the configuration says today. What
// is the customer's, and what has become of the resource, stays; so does everything
// where the configuration says nothing about the resource any more.
func (e *Engine) afresh(ctx context.Context, a *active, op OperationRecord) ([]byte, error) {
	if callsPlatform(backend.Verb(op.Verb)) {
		return op.InputSealed, nil
	}
	row, err := e.store.ResourceRecord(ctx, op.ResourceID)
	if err != nil {
		return nil, unreadable(err)
	}
	facts, err := e.vault.resource(row)
	if err != nil {
		return nil, unreadable(err)
	}
	input, err := e.vault.openOp(op.InputSealed, operationAD(op.ID, inputColumn))
	if err != nil {
		return nil, unreadable(err)
	}
	facts.Plan = cmp.Or(op.Plan, facts.Plan)
	today, err := e.evaluate(a, facts, row)
	if err != nil {
		e.log.Warn("operation is retried as it was recorded", "operation", op.ID, "resource", row.ID, "error", e.cleanText(err.Error(), input))
		return op.InputSealed, nil
	}
	input.Plan, input.Region, input.Config = today.Plan, today.Region, today.Config
	sealed, err := e.vault.sealOp(input, operationAD(op.ID, inputColumn))
	if err != nil {
		return nil, unrecorded(err)
	}
	return sealed, nil
}
