package lifecycle

import (
	"context"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// Suspend takes the resource out of its customer's hands, and Resume gives it
// back. That it is so is recorded with the operation by which the backend
// follows, however long that takes; from then on the request is a success. A
// repeat is one without another operation, and keeps the first reason.
//
// What is being made or changed is waited for, within the scope's budget.
func (s *Scoped) Suspend(ctx context.Context, id, reason string) (gateway.Delivery, error) {
	return s.turn(ctx, id, turn{verb: backend.VerbSuspend, event: suspendOrdered, from: gateway.Active, reason: tidy(reason)})
}

// Resume gives a suspended resource back to its customer. See Suspend.
func (s *Scoped) Resume(ctx context.Context, id string) (gateway.Delivery, error) {
	return s.turn(ctx, id, turn{verb: backend.VerbResume, event: resumeOrdered, from: gateway.Suspended})
}

// turn is a suspension or its end.
type turn struct {
	verb   backend.Verb
	event  event
	from   gateway.State
	reason string
}

// turns reports whether verb suspends or resumes.
func turns(verb backend.Verb) bool { return verb == backend.VerbSuspend || verb == backend.VerbResume }

func (s *Scoped) turn(ctx context.Context, id string, t turn) (gateway.Delivery, error) {
	return s.judged(ctx, id, func(a *active, budget <-chan struct{}, found ResourceRecord) (gateway.Delivery, error) {
		unfinished := found.State == gateway.Provisioning || found.State == gateway.Updating
		switch {
		case found.State == t.from:
			end, err := s.beginTurn(ctx, budget, a, found, t)
			if err != nil {
				return gateway.Delivery{}, err
			}
			return s.engine.deliver(end.res, t.verb)
		case unfinished && t.verb == backend.VerbSuspend:
			return gateway.Delivery{}, s.letFinish(ctx, budget, found)
		case unfinished, exists(found.State):
			return s.engine.deliver(found, t.verb) // it is so already
		case found.State == gateway.Failed:
			return gateway.Delivery{}, gateway.Errorf(gateway.Conflict, "The service could not be set up, so there is nothing to suspend or resume.")
		default:
			return gateway.Delivery{}, gateway.Errorf(gateway.Gone, "This service was removed.")
		}
	})
}

// letFinish waits for the last operation of a resource's own lane. errAgain: it
// is over, whatever its end.
func (s *Scoped) letFinish(ctx context.Context, budget <-chan struct{}, found ResourceRecord) error {
	live, err := s.engine.store.LiveOperations(ctx, found.ID)
	if err != nil {
		return unrecorded(err)
	}
	for i := len(live) - 1; i >= 0; i-- {
		if live[i].Lane != laneOf(found.ID) {
			continue
		}
		end, err := s.attach(ctx, budget, live[i])
		if err != nil {
			return err
		}
		if !end.over || end.op.Parked() {
			_, err = s.engine.answer(end)
			return err
		}
		return errAgain
	}
	return errAgain // it ended between two reads
}

// beginTurn records the turn, and has the backend follow: behind what it still
// does, if anything.
func (s *Scoped) beginTurn(ctx context.Context, budget <-chan struct{}, a *active, found ResourceRecord, t turn) (waited, error) {
	e := s.engine
	next := found
	var err error
	if next.State, err = moveResource(found.State, t.event); err != nil {
		return waited{}, err
	}
	next.Reason = t.reason
	facts, err := e.vault.resource(next)
	if err != nil {
		return waited{}, unreadable(err)
	}
	input, err := e.lastingInput(ctx, a, t.verb, facts, found)
	if err != nil {
		return waited{}, err
	}
	if next.DeliverySealed, err = e.noteMessage(a, t.verb, facts, found, input); err != nil {
		return waited{}, err
	}
	live, err := e.store.LiveOperations(ctx, found.ID)
	if err != nil {
		return waited{}, unrecorded(err)
	}
	it, err := e.newIntent(a, next, t.verb, found.Plan, input, alone(live, found.ID))
	if err != nil {
		return waited{}, err
	}
	return s.launch(ctx, budget, a, it, e.amendTurned(next))
}

// amendTurned is amend for a turn that takes the place of one that waits for an
// operator. What the backend had done of that, nobody knows.
func (e *Engine) amendTurned(next ResourceRecord) func(Tx) (ResourceRecord, error) {
	return func(tx Tx) (ResourceRecord, error) {
		row := next
		replaced, err := supersede(tx, row.ID)
		if err != nil {
			return row, err
		}
		if err := e.inheritState(&row, replaced); err != nil {
			return row, err
		}
		for _, op := range replaced {
			row.LockedOut = row.LockedOut || op.Verb == string(backend.VerbSuspend)
		}
		return amend(row)(tx)
	}
}

// supersede cancels a turn that waits for an operator: what comes now is wanted
// instead, whatever the backend had done of the other.
func supersede(tx Tx, resourceID string) (cancelled []OperationRecord, err error) {
	live, err := tx.LiveOperations(resourceID)
	if err != nil {
		return nil, err
	}
	for _, op := range live {
		if !turns(backend.Verb(op.Verb)) || !op.Parked() {
			continue
		}
		if op, err = withdrawPending(tx, op); err != nil {
			return nil, err
		}
		cancelled = append(cancelled, op)
	}
	return cancelled, nil
}

// outrun reports whether the operation is a turn whose opposite is wanted by now
// and waits behind it. What the backend could not do it need not do any more;
// what it may still be doing it must end first, or it would undo the opposite.
func (t *transition) outrun() bool {
	switch backend.Verb(t.op.Verb) {
	case backend.VerbSuspend:
		return t.res.State != gateway.Suspended
	case backend.VerbResume:
		return t.res.State == gateway.Suspended
	default:
		return false
	}
}

// giveWay ends a turn that is outrun, which would wait for an operator
// otherwise. How far it came is told to what waits behind.
func (e *Engine) giveWay(t *transition, out outcome) error {
	var err error
	if t.op.State, err = moveOperation(t.op.State, cancel); err != nil {
		return err
	}
	if t.op.Verb == string(backend.VerbSuspend) {
		t.touched, t.res.LockedOut = true, true // it may be: nobody knows what it did
	}
	return e.keepState(t, out.state)
}

// nothingToTurn reports whether a backend that cannot do a turn need not: it
// leaves the resource as it was. One that was suspended, by a script that is
// gone or by a plugin as it was before, does not become usable by that.
func (w work) nothingToTurn(f *backend.Failure) bool {
	return f.Class == backend.Unsupported && (w.op.Verb == string(backend.VerbSuspend) || !w.res.LockedOut)
}

// judgeTurned records that the backend has followed, or that it has nothing to
// do for it. The state was recorded with the intent, and may be another one by
// now.
func (e *Engine) judgeTurned(t *transition, out outcome) error {
	var err error
	t.op.Error, t.op.WaitingFor = "", ""
	if t.op.State, err = moveOperation(t.op.State, succeed); err != nil {
		return err
	}
	t.touched, t.res.LastError = true, ""
	if out.result == nil {
		return e.keepState(t, out.state)
	}
	t.res.LockedOut = t.op.Verb == string(backend.VerbSuspend)
	return e.keepState(t, out.result.State)
}
