package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// Servers is the engine for one provider of servers on one platform. A server
// is a resource like any other: what makes, removes and changes it are actions
// of a backend in place of the life-cycle verbs, in the same operations. What
// belongs to another provider or caller does not exist here. Errors are
// *gateway.Error.
//
// Every change is recorded before anything happens, and is not waited for, save
// for keys that a backend keeps. What only asks (Look, Ask) is.
type Servers struct{ of *Scoped }

// Servers binds the engine to one provider, and to the configuration that is
// active now.
func (e *Engine) Servers(scope gateway.Scope) *Servers { return &Servers{of: e.For(scope)} }

// spent is the budget of whoever waits for nothing.
var spent = func() <-chan struct{} {
	over := make(chan struct{})
	close(over)
	return over
}()

// Order records a server and returns at once. See platform.Servers.
func (s *Servers) Order(ctx context.Context, caller gateway.Caller, order gateway.ServerOrder) (gateway.Server, error) {
	var made ResourceRecord
	var live []OperationRecord
	if err := s.bring(ctx, caller, nil); err != nil && !again(err) {
		return gateway.Server{}, unrecorded(err)
	}
	err := s.settled(func() error {
		a, err := s.of.configuration()
		if err != nil {
			return err
		}
		id, short, err := newID("res_", s.of.engine.random)
		if err != nil {
			return err
		}
		facts := s.facts(gateway.KindServer, id, short, caller)
		facts.ExternalID, facts.Name, facts.Plan, facts.Region = id, order.Name, order.Size, order.Region
		facts.Options = map[string]string{"plan": order.Plan}
		do := doing{action: gateway.ActionCreateServer, args: order.Args, caller: caller}
		row, it, err := s.provisionIntent(a, facts, do)
		if err != nil {
			return err
		}
		end, err := s.of.launch(ctx, spent, a, it, func(tx Tx) (ResourceRecord, error) { return insertServer(tx, row, order) })
		if twin, ok := errors.AsType[*twinError](err); ok {
			made, live, err = s.find(ctx, caller, gateway.KindServer, twin.id)
			return err
		}
		made, live = end.res, []OperationRecord{end.op}
		return err
	})
	if err != nil {
		return gateway.Server{}, err
	}
	return s.of.engine.server(made, live)
}

// twinError: an earlier order was the same.
type twinError struct{ id string }

func (e *twinError) Error() string { return "an earlier order was the same: " + e.id }

// noRoom is what customers read where a provider has as many servers as it can.
const noRoom = "The provider has no capacity left at the moment. Please try again later."

// insertServer writes the row of a new server, unless an earlier order was the
// same or there is no room. Both are part of the transaction: of orders that
// arrive together one is recorded, or as many as there is room for.
func insertServer(tx Tx, row ResourceRecord, order gateway.ServerOrder) (ResourceRecord, error) {
	if order.Dedupe > 0 {
		twin, err := tx.Twin(row, tx.Now().Add(-order.Dedupe))
		if err == nil {
			return row, &twinError{twin.ID}
		}
		if !errors.Is(err, ErrNotFound) {
			return row, err
		}
	}
	row.Version, row.CreatedAt, row.UpdatedAt = 1, tx.Now(), tx.Now()
	if err := tx.InsertResource(row); err != nil || order.Capacity == 0 {
		return row, err
	}
	n, err := tx.CountLiving(Living{Addon: row.Addon, Platform: row.Platform, Servers: true}, order.Capacity+1)
	if err == nil && n > order.Capacity {
		err = gateway.Errorf(gateway.Quota, noRoom)
	}
	return row, err
}

// Server returns a server of the caller's. See platform.Servers.
func (s *Servers) Server(ctx context.Context, caller gateway.Caller, id string) (gateway.Server, error) {
	found, live, err := s.find(ctx, caller, gateway.KindServer, id)
	if err != nil {
		return gateway.Server{}, err
	}
	return s.of.engine.server(found, live)
}

// Cancel records that a server must go. See platform.Servers.
func (s *Servers) Cancel(ctx context.Context, caller gateway.Caller, id string, args map[string]any) error {
	return s.remove(ctx, gateway.KindServer, id, doing{action: gateway.ActionDeleteServer, args: args, caller: caller})
}

// remove records the removal of what was made by an action. What is pending of
// it is cancelled, as by Scoped.Deprovision, and not resumed before. Of what failed
// and was cleaned up nothing is left to remove.
func (s *Servers) remove(ctx context.Context, kind gateway.ResourceKind, id string, do doing) error {
	return s.settled(func() error {
		a, err := s.of.configuration()
		if err != nil {
			return err
		}
		found, err := s.owned(ctx, do.caller, kind, id)
		switch {
		case err != nil:
			return err
		case found.State == gateway.Failed:
			return s.forget(ctx, found)
		case found.State != gateway.Deprovisioning && found.State != gateway.Deprovisioned:
			if err := s.beginRemoval(ctx, a, found, do); err != nil {
				return err
			}
		}
		_, err = s.live(ctx, do.caller, found) // a removal, or a clean-up that became one, may wait for the credentials
		return err
	})
}

func (s *Servers) beginRemoval(ctx context.Context, a *active, found ResourceRecord, do doing) error {
	e := s.of.engine
	next := found
	var err error
	if next.State, err = moveResource(found.State, dropOrdered); err != nil {
		return err
	}
	next.Reason = ""
	it, err := s.changeIntent(ctx, a, backend.VerbDeprovision, found, next, do, false)
	if err != nil {
		return err
	}
	it.op.Mode = string(backend.ModePurge)
	if _, err = e.recordRemoval(ctx, next, it); err != nil {
		e.abandon(it)
	}
	return err
}

// forget records that nothing is left of what no backend has to remove.
func (s *Servers) forget(ctx context.Context, found ResourceRecord) error {
	next := found
	var err error
	for _, ev := range []event{dropOrdered, dropped} {
		if next.State, err = moveResource(next.State, ev); err != nil {
			return err
		}
	}
	next.Reason, next.LastError = "", ""
	next.OutputsSealed, next.SecretsSealed, next.StateSealed, next.FirstConfigSealed = nil, nil, nil, nil
	err = s.of.engine.store.Update(context.WithoutCancel(ctx), func(tx Tx) error {
		gone := next
		gone.DeletedAt = tx.Now()
		if _, err := amend(gone)(tx); err != nil {
			return err
		}
		return tx.ForgetInputs(gone.ID)
	})
	if err != nil && !again(err) {
		return unrecorded(fmt.Errorf("record that %s is gone: %w", found.ID, err))
	}
	return err
}

// changeIntent evaluates what the backend will be told about a change of what
// exists. The configuration may have lost what it needs; see lastingInput.
func (s *Servers) changeIntent(ctx context.Context, a *active, verb backend.Verb, found, next ResourceRecord, do doing, alone bool) (*intent, error) {
	e := s.of.engine
	facts, err := e.vault.resource(next)
	if err != nil {
		return nil, unreadable(err)
	}
	input, err := e.lastingInput(ctx, a, verb, facts, found)
	if err != nil {
		return nil, err
	}
	it, err := e.newIntent(a, next, verb, found.Plan, input, alone)
	if err != nil {
		return nil, err
	}
	if err := e.asAction(a, it, do); err != nil {
		e.abandon(it)
		return nil, err
	}
	return it, nil
}

// mostChanges bounds what may wait to be done about one server.
const mostChanges = 16

// Act records a change of a server. See platform.Servers.
func (s *Servers) Act(ctx context.Context, caller gateway.Caller, id string, act gateway.ServerAct) error {
	return s.settled(func() error {
		a, err := s.of.configuration()
		if err != nil {
			return err
		}
		found, live, err := s.find(ctx, caller, gateway.KindServer, id)
		if err != nil {
			return err
		}
		if why := refusedAct(found, live, act); why != nil {
			return why
		}
		earlier, waits := sameAct(live, act)
		switch {
		case waits && act.Action == gateway.ActionReboot:
			return nil // whoever did not hear that it was recorded asks again
		case waits && act.Action == gateway.ActionRename && earlier.Attempt == 0:
			return s.renameOtherwise(ctx, found, earlier, act)
		case len(live) >= mostChanges:
			return &gateway.Error{Kind: gateway.Busy, Message: "Too much is going on with this server. Please try again later.", RetryAfter: repeatAfter}
		}
		it, err := s.changeIntent(ctx, a, backend.VerbInvoke, found, found, doing{action: act.Action, args: act.Args, caller: caller}, alone(live, found.ID))
		if err != nil {
			return err
		}
		_, err = s.of.launch(ctx, spent, a, it, amendNamed(found, act.Name))
		return err
	})
}

// sameAct finds the last live operation that does the same sort of thing.
func sameAct(live []OperationRecord, act gateway.ServerAct) (OperationRecord, bool) {
	for i := len(live) - 1; i >= 0; i-- {
		if live[i].Action == act.Action {
			return live[i], true
		}
	}
	return OperationRecord{}, false
}

// renameOtherwise gives a rename that has not begun another name. What the server
// was called before stays what it was.
func (s *Servers) renameOtherwise(ctx context.Context, found ResourceRecord, pending OperationRecord, act gateway.ServerAct) error {
	e := s.of.engine
	before, err := e.argsOf(pending)
	if err != nil {
		return unreadable(err)
	}
	args := maps.Clone(act.Args)
	args["old_name"] = textIn(before, "old_name")
	value, err := valueOf(args)
	if err != nil {
		return err
	}
	if pending.ArgsSealed, err = e.vault.sealValue(value, operationAD(pending.ID, argsColumn)); err != nil {
		return err
	}
	err = e.store.Update(context.WithoutCancel(ctx), func(tx Tx) error {
		if err := tx.UpdatePending(pending); err != nil {
			return err
		}
		_, err := amendNamed(found, act.Name)(tx)
		return err
	})
	if err != nil && !again(err) {
		return unrecorded(fmt.Errorf("record another name for %s: %w", found.ID, err))
	}
	return err
}

// refusedAct says why a server cannot be changed now; nil: it can.
func refusedAct(r ResourceRecord, live []OperationRecord, act gateway.ServerAct) error {
	_, removing := liveOf(live, backend.VerbDeprovision)
	switch {
	case r.State == gateway.Deprovisioning, r.State == gateway.Deprovisioned:
		return gateway.Errorf(gateway.Gone, "There is no such server.")
	case r.State == gateway.Failed, removing: // by the clean-up of what failed
		return gateway.Errorf(gateway.Conflict, "The server could not be made.")
	case r.State != gateway.Active && act.Action == gateway.ActionReboot:
		return gateway.Errorf(gateway.Conflict, "The server is not active yet.")
	default:
		return nil
	}
}

// amendNamed writes the row of a server that is being changed, with its new name
// where it gets one. That it is being changed counts as a change, so that nobody
// removes it from under the change.
func amendNamed(found ResourceRecord, name string) func(Tx) (ResourceRecord, error) {
	return func(tx Tx) (ResourceRecord, error) {
		row, err := amend(found)(tx)
		if err != nil || name == "" {
			return row, err
		}
		row.Name = name
		return row, tx.SetParticulars(row.ID, gateway.Particulars{Name: name, Owner: row.Owner, Emails: row.OwnerEmails})
	}
}

// Log is the engine's, narrowed to the provider. See platform.Servers.
func (s *Servers) Log() *slog.Logger {
	return s.of.engine.log.With("platform", s.of.scope.Platform, "provider", s.of.scope.Addon)
}

// Regions lists where servers are. See platform.Servers.
func (s *Servers) Regions(ctx context.Context) ([]string, error) {
	regions, err := s.of.engine.store.ServerRegions(ctx, s.of.scope.Platform, s.of.scope.Addon)
	if err != nil {
		return nil, unrecorded(err)
	}
	return regions, nil
}

// find returns what belongs to the caller with what is live of it, and gives the
// caller's credentials to what waits for them.
func (s *Servers) find(ctx context.Context, caller gateway.Caller, kind gateway.ResourceKind, id string) (ResourceRecord, []OperationRecord, error) {
	found, err := s.owned(ctx, caller, kind, id)
	if err != nil {
		return found, nil, err
	}
	live, err := s.live(ctx, caller, found)
	return found, live, err
}

// owned returns what belongs to the caller.
func (s *Servers) owned(ctx context.Context, caller gateway.Caller, kind gateway.ResourceKind, id string) (ResourceRecord, error) {
	found, err := s.of.record(ctx, id)
	if err == nil && (found.Kind != kind || found.Owner.ID != caller.Identity) {
		return ResourceRecord{}, gateway.Errorf(gateway.NotFound, "There is no such resource.")
	}
	return found, err
}

// live returns what is live of something of the caller's; see bring.
func (s *Servers) live(ctx context.Context, caller gateway.Caller, found ResourceRecord) ([]OperationRecord, error) {
	live, err := s.of.engine.store.LiveOperations(ctx, found.ID)
	if err == nil {
		err = s.bring(ctx, caller, live)
	}
	if err != nil && !again(err) { // another call has brought them just now
		return nil, unrecorded(err)
	}
	return live, nil
}

// settled repeats f while it only lost races against other requests.
func (s *Servers) settled(f func() error) error {
	_, err := untilSettled(func() (gateway.Delivery, error) { return gateway.Delivery{}, f() })
	return err
}

// facts begins the row of something new of a caller's.
func (s *Servers) facts(kind gateway.ResourceKind, id, short string, caller gateway.Caller) gateway.Resource {
	return gateway.Resource{
		ID: id, ShortID: short, ProviderID: id, Kind: kind, Platform: s.of.scope.Platform, Addon: s.of.scope.Addon,
		Owner: gateway.Owner{ID: caller.Identity}, State: gateway.Provisioning, CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}
}
