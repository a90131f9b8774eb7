package lifecycle

import (
	"context"
	"errors"
	"fmt"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// Deprovision records that the resource must go and returns at once; workers
// of its own do the removal. A repeat is success.
//
// Nothing of the resource is waited for: what is pending is cancelled, what is
// running is told that its result is not wanted, and the removal queues behind
// it. Where the clean-up of a failed provision is under way already, that
// becomes the removal.
func (s *Scoped) Deprovision(ctx context.Context, id string) (gateway.Delivery, error) {
	a, err := s.configuration()
	if err != nil {
		return gateway.Delivery{}, err
	}
	return untilSettled(func() (gateway.Delivery, error) {
		found, err := s.record(ctx, id)
		if err != nil {
			return gateway.Delivery{}, err
		}
		if found.State == gateway.Deprovisioning || found.State == gateway.Deprovisioned {
			return s.engine.deliverRemoval(found)
		}
		return s.beginRemoval(ctx, a, found)
	})
}

// deliverRemoval is deliver without config vars and log drain: they are of no use
// any more.
func (e *Engine) deliverRemoval(r ResourceRecord) (gateway.Delivery, error) {
	d, err := e.deliver(r, backend.VerbDeprovision)
	d.ConfigVars, d.LogDrainURL = nil, ""
	return d, err
}

func (s *Scoped) beginRemoval(ctx context.Context, a *active, found ResourceRecord) (gateway.Delivery, error) {
	e := s.engine
	next := found
	var err error
	if next.State, err = moveResource(found.State, dropOrdered); err != nil {
		return gateway.Delivery{}, err
	}
	next.DesiredPlan, next.Reason = "", ""
	facts, err := e.vault.resource(next)
	if err != nil {
		return gateway.Delivery{}, unreadable(err)
	}
	input, err := e.lastingInput(ctx, a, backend.VerbDeprovision, facts, found)
	if err != nil {
		return gateway.Delivery{}, err
	}
	if next.DeliverySealed, err = e.noteMessage(a, backend.VerbDeprovision, facts, found, input); err != nil {
		return gateway.Delivery{}, err
	}
	it, err := e.newIntent(a, next, backend.VerbDeprovision, found.Plan, input, false)
	if err != nil {
		return gateway.Delivery{}, err
	}
	it.op.Mode = string(removalMode(found.State))
	return e.recordRemoval(ctx, next, it)
}

// removalMode lets a backend keep the data of what a customer had, and nothing
// of what no customer ever got.
func removalMode(from gateway.State) backend.DeprovisionMode {
	switch from {
	case gateway.Active, gateway.Updating, gateway.Suspended:
		return backend.ModeSoft
	default:
		return backend.ModePurge
	}
}

// recordRemoval writes the intent and wakes the workers and whoever waited for
// what is cancelled.
func (e *Engine) recordRemoval(ctx context.Context, next ResourceRecord, it *intent) (gateway.Delivery, error) {
	var row ResourceRecord
	var cancelled []OperationRecord
	err := e.store.Update(context.WithoutCancel(ctx), func(tx Tx) error {
		row = next
		row.UpdatedAt = tx.Now()
		var removing bool
		var err error
		if cancelled, removing, err = cancelLive(tx, row.ID); err != nil {
			return err
		}
		if err = e.inheritState(&row, cancelled); err != nil {
			return err
		}
		if err = tx.UpdateResource(row); err != nil {
			return err
		}
		row.Version++
		if !removing {
			_, err = e.insert(tx, it)
		}
		return err
	})
	if err != nil {
		if again(err) {
			return gateway.Delivery{}, err
		}
		return gateway.Delivery{}, unrecorded(fmt.Errorf("record the deprovision of %s: %w", next.ID, err))
	}
	for _, op := range cancelled {
		e.held.drop(op.ID)
		e.waiters.tell(work{res: row, op: op})
	}
	e.drops.wake()
	return e.deliverRemoval(row)
}

// cancelLive cancels what is live of a resource, save for a removal: removing
// tells that there is one.
func cancelLive(tx Tx, resourceID string) (cancelled []OperationRecord, removing bool, err error) {
	live, err := tx.LiveOperations(resourceID)
	if err != nil {
		return nil, false, err
	}
	for _, op := range live {
		switch {
		case op.Verb == string(backend.VerbDeprovision):
			removing = true
		case op.State == gateway.OperationRunning:
			err = tx.RequestCancel(op.ID)
		default:
			if op, err = withdrawPending(tx, op); err == nil {
				cancelled = append(cancelled, op)
			}
		}
		if err != nil {
			return nil, false, err
		}
	}
	return cancelled, removing, nil
}

// withdrawPending cancels an operation that nobody runs.
func withdrawPending(tx Tx, op OperationRecord) (OperationRecord, error) {
	var err error
	if op.State, err = moveOperation(op.State, cancel); err != nil {
		return op, err
	}
	op.CancelRequested, op.WaitingFor, op.FinishedAt = true, "", tx.Now()
	return op, tx.UpdatePending(op)
}

// inheritState keeps the last checkpoint of what was cancelled with the
// resource, where the operation that comes instead finds it.
func (e *Engine) inheritState(row *ResourceRecord, cancelled []OperationRecord) error {
	for _, op := range cancelled {
		if op.StateSealed == nil {
			continue
		}
		state, err := e.vault.open(op.StateSealed, operationAD(op.ID, stateColumn))
		if err != nil {
			return err
		}
		if row.StateSealed, err = e.vault.seal(state, resourceAD(row.ID, stateColumn)); err != nil {
			return err
		}
	}
	return nil
}

// lastingInput evaluates what the backend is told about verb. A customer must be
// able to leave whatever became of the configuration, and what is not paid for
// must not be used: when it cannot be evaluated any more, the newest input of
// the resource serves.
func (e *Engine) lastingInput(ctx context.Context, a *active, verb backend.Verb, facts gateway.Resource, row ResourceRecord) (backend.Op, error) {
	secrets, err := e.vault.secrets(row)
	if err != nil {
		return backend.Op{}, unreadable(err)
	}
	input, err := e.evaluate(a, facts, row)
	if err != nil {
		last, lastErr := e.store.LastInput(ctx, row.ID)
		if errors.Is(lastErr, ErrNotFound) {
			return backend.Op{}, err
		}
		if lastErr != nil {
			return backend.Op{}, unrecorded(lastErr)
		}
		reason := e.cleanText(err.Error(), backend.Op{Secrets: secrets})
		e.log.Warn("operation uses an earlier input", "verb", verb, "resource", row.ID, "operation", last.ID, "error", reason)
		if input, err = e.vault.openOp(last.InputSealed, operationAD(last.ID, inputColumn)); err != nil {
			return backend.Op{}, unreadable(err)
		}
		if input.Outputs, err = e.vault.outputs(row); err != nil {
			return backend.Op{}, unreadable(err)
		}
	}
	input.Secrets = secrets
	return input, nil
}

// noteMessage returns what row delivers, with the message after verb. One that
// cannot be rendered is no reason to keep a resource, or to keep it in use.
func (e *Engine) noteMessage(a *active, verb backend.Verb, facts gateway.Resource, row ResourceRecord, input backend.Op) ([]byte, error) {
	outputs, err := e.vault.outputs(row)
	if err != nil {
		return nil, unreadable(err)
	}
	rendered, err := render(a.catalog, facts, verb, outputs)
	if err != nil {
		e.log.Warn("message not rendered", "verb", verb, "resource", row.ID, "error", e.cleanText(err.Error(), input))
		rendered.Message = ""
	}
	d, err := e.vault.delivery(row)
	if err != nil {
		return nil, unreadable(err)
	}
	d.note(verb, rendered.Message)
	return e.vault.sealJSON(d, resourceAD(row.ID, deliveryColumn))
}
