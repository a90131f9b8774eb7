package lifecycle

import (
	"fmt"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// What an operation that was put aside waits for.
const (
	waitingForHuman   = "human"
	waitingForBackend = "backend" // until a configuration has its backend again

	// Until a configuration has the platform's API again, or other credentials
	// for it; or until an operator, who knows that the platform has changed,
	// tries again.
	waitingForPlatform = "platform"

	// Until whoever ordered calls again: their credentials are kept in memory only,
	// and a restart has forgotten them, or the backend has refused those it got.
	waitingForCredentials = "credentials"
)

// judge decides what an outcome means for the operation and its resource. It
// writes nothing.
func (e *Engine) judge(a *active, current work, out outcome) (*transition, error) {
	t := &transition{work: current}
	switch {
	case current.op.CancelRequested:
		return t, e.judgeCancelled(t, out)
	case out.reply != nil:
		return t, e.judgeReply(t, out.reply)
	case out.absent != nil:
		return t, e.judgeAbsent(t, out)
	case out.uncredentialed:
		return t, e.awaitCredentials(t, out)
	case turns(backend.Verb(current.op.Verb)) && (out.failure == nil || current.nothingToTurn(out.failure)):
		return t, e.judgeTurned(t, out)
	case out.failure != nil:
		return t, e.judgeFailure(t, out)
	case current.op.Verb == string(backend.VerbRotate):
		return t, e.judgeRotated(t, a, out)
	case current.op.Verb == string(backend.VerbInvoke):
		return t, e.judgeInvoked(t, out)
	case current.op.Action != "" && current.op.Verb == string(backend.VerbProvision):
		return t, e.judgeServed(t, a, out)
	case current.op.Verb == string(backend.VerbDeprovision):
		return t, e.judgeRemoved(t, out)
	default:
		return t, e.judgeMade(t, a, out)
	}
}

// judgeMade records a provision or plan change that the backend has done. What
// it answered is kept even when the config vars cannot be rendered from it:
// then only the rendering is repeated.
func (e *Engine) judgeMade(t *transition, a *active, out outcome) error {
	outputs, err := e.outputsOf(t, out)
	if err != nil {
		out.failure = backend.Failf(backend.Internal, "%v", err)
		return e.judgeFailure(t, out)
	}
	if err := e.keepResult(t, out, outputs); err != nil {
		return err
	}
	made := t.res
	verb, ev := backend.Verb(t.op.Verb), provisioned
	if verb == backend.VerbChangePlan {
		ev = planChanged
	}
	if made.State, err = moveResource(t.res.State, ev); err != nil {
		return err
	}
	t.promised = made.Accepted && verb == backend.VerbProvision
	made.Plan, made.DesiredPlan, made.LastError = t.op.Plan, "", ""
	made.ConfigRev++
	facts, err := e.vault.resource(made)
	if err != nil {
		return err
	}
	rendered, err := render(a.catalog, facts, verb, outputs)
	if err != nil {
		return e.judgeUnrendered(t, out, err)
	}
	if made.DeliverySealed, err = e.vault.sealDelivery(made, rendered, verb); err != nil {
		return err
	}
	t.res = made
	t.op.Error, t.op.WaitingFor = "", ""
	t.op.State, err = moveOperation(t.op.State, succeed)
	return err
}

// render is Catalog.Render, with a panic in it as an error: it evaluates what
// operators wrote, after the backend has acted, and must not end the gateway.
func render(c Catalog, r gateway.Resource, verb backend.Verb, outputs backend.Value) (rendered gateway.Rendered, err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return c.Render(r, verb, outputs)
}

// outputsOf returns the outputs with the generated ones: from the answer, or
// as they were recorded when only the rendering is left.
func (e *Engine) outputsOf(t *transition, out outcome) (backend.Value, error) {
	before, err := e.vault.outputs(t.res)
	if err != nil || out.result == nil || t.op.Verb == string(backend.VerbInvoke) {
		return before, err
	}
	if t.op.Action != "" {
		said, _, err := withSaid(before, out.result.Outputs)
		return said, err
	}
	return mergeOutputs(before, out.result.Outputs, out.input.Secrets)
}

// keepResult puts what the backend answered into the resource's row.
func (e *Engine) keepResult(t *transition, out outcome, outputs backend.Value) error {
	t.touched = true
	if out.result == nil {
		return nil
	}
	var err error
	if t.res.OutputsSealed, err = e.vault.sealValue(outputs, resourceAD(t.res.ID, outputsColumn)); err != nil {
		return err
	}
	return e.keepState(t, out.result.State)
}

// keepState puts the backend's own state into the resource's row; nil keeps
// what is there.
func (e *Engine) keepState(t *transition, state []byte) error {
	if state == nil {
		return nil
	}
	sealed, err := e.vault.seal(state, resourceAD(t.res.ID, stateColumn))
	if err != nil {
		return err
	}
	t.res.StateSealed, t.touched = sealed, true
	return nil
}

// judgeUnrendered keeps the backend's result and has the rendering repeated,
// by an operator in the end.
func (e *Engine) judgeUnrendered(t *transition, out outcome, cause error) error {
	t.op.Acted = true
	t.reason = e.cleanText("config vars not rendered: "+cause.Error(), out.input)
	t.op.Error, t.res.LastError = t.reason, t.reason
	if t.op.Attempt >= t.op.MaxAttempts {
		return t.park(waitingForHuman)
	}
	return e.repeat(t, 0)
}

// judgeCancelled ends an operation whose resource must go. What the backend
// made is handed to the removal that waits behind.
func (e *Engine) judgeCancelled(t *transition, out outcome) error {
	var err error
	if t.op.State, err = moveOperation(t.op.State, cancel); err != nil {
		return err
	}
	switch {
	case out.result == nil:
		return e.keepState(t, out.state)
	case turns(backend.Verb(t.op.Verb)):
		return e.keepState(t, out.result.State)
	}
	outputs, err := e.outputsOf(t, out)
	if err != nil {
		e.logFor(t.op).Warn("outputs of a cancelled operation not kept", "error", err)
		return e.keepState(t, out.state)
	}
	t.handOver = &outputs
	return e.keepResult(t, out, outputs)
}

// judgeAbsent puts an operation aside until its backend is back: nobody has
// failed, so it was no attempt.
func (e *Engine) judgeAbsent(t *transition, out outcome) error {
	t.reason, t.absent = e.cleanText(out.failure.Error(), out.input), out.absent
	t.op.Error, t.touched, t.res.LastError = t.reason, true, t.reason
	t.op.MaxAttempts++
	return t.park(waitingForBackend)
}

// judgeFailure decides between another attempt, the end, and an operator.
func (e *Engine) judgeFailure(t *transition, out outcome) error {
	f, verb := out.failure, backend.Verb(t.op.Verb)
	t.reason = e.cleanText(f.Error(), out.input)
	t.op.Error = t.reason
	if e.runCtx.Err() != nil && !permanent(f.Class, verb) {
		// We ended the call ourselves: that is nobody's attempt.
		t.op.MaxAttempts++
		return t.repeatAfter(0)
	}
	switch {
	case f.Class == backend.Internal:
		t.op.MaxAttempts = min(t.op.MaxAttempts, t.op.Attempt+internalAttempts-1)
	case f.RetryAfter > 0 && time.Since(t.op.CreatedAt) < patience:
		t.op.MaxAttempts++
	}
	if f.Class == backend.Unauthorized && t.op.Credentialed && verb == backend.VerbDeprovision {
		t.touched, t.res.LastError = true, t.reason
		return e.awaitCredentials(t, out) // repeats with the same ones may lock an account
	}
	spent := out.spent || out.unread || t.op.Attempt >= t.op.MaxAttempts
	final := permanent(f.Class, verb)
	if !final && !spent {
		return e.repeat(t, f.RetryAfter)
	}
	if t.outrun() {
		return e.giveWay(t, out)
	}
	t.touched, t.res.LastError = true, t.reason
	switch {
	case verb == backend.VerbInvoke:
		return e.failAct(t, out)
	case verb == backend.VerbProvision && !out.unread:
		return e.fail(t, out)
	case verb == backend.VerbChangePlan && final:
		return e.failPlanChange(t, out)
	case verb == backend.VerbRotate:
		return e.failRotation(t, out)
	default:
		// A removal is never given up, a plan change with an unknown outcome has
		// not failed, and that a resource is suspended or not is recorded already.
		return t.park(waitingForHuman)
	}
}

// refuse ends the operation and notes what platforms are told.
func (e *Engine) refuse(t *transition, out outcome) error {
	told := answerFor(out.failure, t.op.Action, func(text string) string { return e.cleanText(text, out.input) })
	t.op.FailureKind, t.op.FailureMessage = told.kind, told.message
	var err error
	t.op.State, err = moveOperation(t.op.State, refuse)
	return err
}

// fail ends a provision. The backend may have made something, so its removal
// is part of the same transaction. It needs no configuration: it is told what
// the provision was told.
func (e *Engine) fail(t *transition, out outcome) error {
	if err := e.refuse(t, out); err != nil {
		return err
	}
	if err := e.keepState(t, out.state); err != nil {
		return err
	}
	if t.op.Action != "" {
		t.res.Reason, t.overtaken = t.op.FailureMessage, true
	}
	return e.followUp(t, out.input)
}

// followUp draws the operation that removes all that is left, and that write
// inserts with the transition.
func (e *Engine) followUp(t *transition, input backend.Op) error {
	id, _, err := newID("op_", e.random)
	if err != nil {
		return err
	}
	input.OperationID, input.State = id, nil
	sealed, err := e.vault.sealOp(input, operationAD(id, inputColumn))
	if err != nil {
		return err
	}
	limits := e.limitsFor(e.active.Load(), t.op.Backend, backend.VerbDeprovision)
	t.followUp = &OperationRecord{
		Operation: gateway.Operation{
			ID: id, Lane: t.op.Lane, ResourceID: t.op.ResourceID, Verb: string(backend.VerbDeprovision), Mode: string(backend.ModePurge),
			State: gateway.OperationPending, Plan: t.op.Plan,
		},
		Backend: t.op.Backend, MaxAttempts: limits.MaxAttempts, InputSealed: sealed,
	}
	return e.followByAction(t)
}

// failPlanChange ends a plan change that the backend refused: the old plan
// stays.
func (e *Engine) failPlanChange(t *transition, out outcome) error {
	if err := e.refuse(t, out); err != nil {
		return err
	}
	var err error
	t.res.DesiredPlan = ""
	t.res.State, err = moveResource(t.res.State, planRefused)
	return err
}

// repeat makes the operation due again after its back-off, or later where the
// backend asked for it.
func (e *Engine) repeat(t *transition, atLeast time.Duration) error {
	limits := e.limitsFor(e.active.Load(), t.op.Backend, backend.Verb(t.op.Verb))
	return t.repeatAfter(max(atLeast, limits.backoff(t.op.Attempt)))
}

func (t *transition) repeatAfter(rest time.Duration) error {
	var err error
	t.rest, t.op.WaitingFor = rest, ""
	t.op.State, err = moveOperation(t.op.State, retry)
	return err
}

// park puts the operation aside until what it waits for has happened.
func (t *transition) park(waitingFor string) error {
	var err error
	t.op.WaitingFor = waitingFor
	t.op.State, err = moveOperation(t.op.State, park)
	return err
}
