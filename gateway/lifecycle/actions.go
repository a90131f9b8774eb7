package lifecycle

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// doing is an action that somebody wants done.
type doing struct {
	action string
	args   map[string]any
	caller gateway.Caller
}

// provisionIntent evaluates, once and for all attempts, what the backend will be
// told about something new.
func (s *Servers) provisionIntent(a *active, facts gateway.Resource, do doing) (ResourceRecord, *intent, error) {
	e := s.of.engine
	offer, err := a.catalog.Offer(facts.Platform, facts.Addon, facts.Plan, facts.Region)
	if err != nil {
		return ResourceRecord{}, nil, classified(err)
	}
	facts.Backend = offer.Backend
	row := ResourceRecord{Resource: facts}
	input, err := a.catalog.Op(facts, backend.Value{}, backend.Value{})
	if err != nil {
		return row, nil, classified(err)
	}
	if row.FirstConfigSealed, err = e.vault.sealValue(input.Config, resourceAD(row.ID, firstConfigColumn)); err != nil {
		return row, nil, err
	}
	it, err := e.newIntent(a, row, backend.VerbProvision, facts.Plan, input, true)
	if err != nil {
		return row, nil, err
	}
	if err := e.asAction(a, it, do); err != nil {
		e.abandon(it)
		return row, nil, err
	}
	return row, it, nil
}

// asAction makes an intent's operation the call of an action.
func (e *Engine) asAction(a *active, it *intent, do doing) error {
	args, err := valueOf(do.args)
	if err != nil {
		return err
	}
	it.op.Action, it.op.Credentialed, it.credential = do.action, do.caller.Needed && len(do.caller.Credential) > 0, do.caller.Credential
	it.lease = e.limitsFor(a, it.op.Backend, backend.VerbInvoke).timeout(backend.VerbInvoke) + leaseGrace
	it.op.ArgsSealed, err = e.vault.sealValue(args, operationAD(it.op.ID, argsColumn))
	return err
}

// followByAction makes the removal that follows a failed operation the call of an
// action where the operation was one.
func (e *Engine) followByAction(t *transition) error {
	removals := map[string]string{gateway.ActionCreateServer: gateway.ActionDeleteServer, gateway.ActionCreateKey: gateway.ActionDeleteKey}
	if t.op.Action == "" {
		return nil
	}
	given, err := e.argsOf(t.op)
	if err != nil {
		return err
	}
	named := map[string]cty.Value{}
	for _, name := range []string{"name", "vendor_name", "region_id"} {
		if value, ok := given[name]; ok {
			named[name] = value
		}
	}
	t.followUp.Action, t.followUp.Credentialed = removals[t.op.Action], t.op.Credentialed
	t.followUp.ArgsSealed, err = e.vault.sealValue(backend.NewValue(cty.ObjectVal(named)), operationAD(t.followUp.ID, argsColumn))
	return err
}

// argsOf opens what the action of an operation is told.
func (e *Engine) argsOf(op OperationRecord) (map[string]cty.Value, error) {
	args, err := e.vault.openValue(op.ArgsSealed, operationAD(op.ID, argsColumn))
	if err != nil {
		return nil, err
	}
	return attributesOf(args)
}

// judgeServed records a server or key that the backend has made. An answer that
// does not say what the platform needs is a failure of the backend, which keeps
// its own id of what it made all the same: the clean-up needs it.
func (e *Engine) judgeServed(t *transition, a *active, out outcome) error {
	outputs, err := e.outputsOf(t, out)
	if err != nil {
		out.failure = backend.Failf(backend.Internal, "%v", err)
		return e.judgeFailure(t, out)
	}
	if err := e.keepResult(t, out, outputs); err != nil {
		return err
	}
	if why := e.judgeSaid(a, t.res.Resource, t.op.Action, out.result.Outputs); why != nil {
		out.failure = backend.Failf(backend.Internal, "what %s answered: %v", t.op.Action, why)
		return e.judgeFailure(t, out)
	}
	if t.res.State, err = moveResource(t.res.State, provisioned); err != nil {
		return err
	}
	t.res.LastError, t.res.Reason = "", ""
	t.op.Error, t.op.WaitingFor = "", ""
	t.op.State, err = moveOperation(t.op.State, succeed)
	return err
}

func (e *Engine) judgeSaid(a *active, r gateway.Resource, action string, said backend.Value) error {
	text, err := jsonOf(said)
	if err != nil {
		return err
	}
	return a.catalog.JudgeOutputs(r, action, text)
}

// judgeInvoked records a change that the backend has made.
func (e *Engine) judgeInvoked(t *transition, out outcome) error {
	var err error
	t.op.Error, t.op.WaitingFor = "", ""
	t.touched, t.res.LastError = true, ""
	if t.op.State, err = moveOperation(t.op.State, succeed); err != nil {
		return err
	}
	return e.keepState(t, out.result.State)
}

// failAct ends a change that cannot be made: the server is as it was, under the
// name that it had.
func (e *Engine) failAct(t *transition, out outcome) error {
	if err := e.refuse(t, out); err != nil {
		return err
	}
	if out.unread {
		return nil // what it was to do nobody can tell
	}
	if err := e.keepState(t, out.state); err != nil || t.op.Action != gateway.ActionRename {
		return err
	}
	given, err := e.argsOf(t.op)
	if err != nil {
		return err
	}
	if t.res.Name == textIn(given, "name") {
		t.rename = textIn(given, "old_name")
	}
	return nil
}

// withdrawChanges cancels what waits to change a server that could not be made:
// its clean-up comes first, and nothing after it.
func withdrawChanges(tx Tx, t *transition) error {
	t.withdrawn = nil
	live, err := tx.LiveOperations(t.res.ID)
	if err != nil {
		return err
	}
	for _, op := range live {
		if op.Verb != string(backend.VerbInvoke) || op.State != gateway.OperationPending {
			continue
		}
		if op, err = withdrawPending(tx, op); err != nil {
			return err
		}
		t.withdrawn = append(t.withdrawn, op)
	}
	return nil
}
