package lifecycle

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"runtime/debug"
	"slices"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

// execute makes one attempt of an operation that is running and owned by this
// node, and records what came of it. Every call of a backend or of a platform's
// own API goes through here, whether a request or a worker began it.
func (e *Engine) execute(a *active, current work) {
	out := e.attempt(a, current)
	e.settle(a, current, out)
}

// outcome is what one attempt came to.
type outcome struct {
	input   backend.Op       // what the backend was told
	result  *backend.Result  // what it answered; nil when it did not, or was not asked
	failure *backend.Failure // why there is no result; nil for a cancelled or an acted operation
	state   json.RawMessage  // the newest state that is known: the last checkpoint's
	spent   bool             // the failure is final, whatever its class
	absent  *active          // the configuration that has no such backend, or none that is fit: nothing was called
	unread  bool             // the operation cannot be read, so no call can be made

	uncredentialed bool   // nobody has the credentials that the call needs: nothing was called
	reply          *reply // what a platform's own API said; nil: a backend was called, or nobody
}

// attempt calls the backend, or the platform's own API, unless there is no
// need to. A panic on the way is an unknown outcome like any other.
func (e *Engine) attempt(a *active, current work) (out outcome) {
	defer func() {
		if p := recover(); p != nil {
			e.logFor(current.op).Error("attempt panicked", "panic", e.cleanText(fmt.Sprint(p), out.input), "stack", string(debug.Stack()))
			out.failure = backend.Failf(backend.Internal, "the gateway itself went wrong during the call")
			if callsPlatform(backend.Verb(current.op.Verb)) {
				out.reply = &reply{err: out.failure, reason: out.failure.Error(), by: a}
			}
		}
	}()
	op := current.op
	if callsPlatform(backend.Verb(op.Verb)) {
		out.reply = e.callPlatform(a, current)
		return out
	}
	var err error
	if current.input != nil {
		out.input = *current.input
	} else if out.input, err = e.vault.openOp(op.InputSealed, operationAD(op.ID, inputColumn)); err != nil {
		return out.unreadable("input", err)
	}
	if out.state, err = e.lastState(current); err != nil {
		return out.unreadable("state", err)
	}
	switch {
	case op.CancelRequested, op.Acted:
		return out
	case op.Attempt > op.MaxAttempts:
		out.failure, out.spent = backend.Failf(backend.Internal, "the gateway ended during each of %d attempts", op.MaxAttempts), true
		return out
	}
	return e.call(a, current, out)
}

// unreadable is the outcome of an operation of which something cannot be
// opened. Repeats do not help, and a clean-up would not know what to remove.
func (o outcome) unreadable(what string, err error) outcome {
	o.failure, o.unread = backend.Failf(backend.Internal, "the stored %s cannot be read: %v", what, err), true
	return o
}

// lastState opens the newest state: the operation's last checkpoint, else what
// the resource's last operation returned.
func (e *Engine) lastState(current work) ([]byte, error) {
	if current.op.StateSealed != nil {
		return e.vault.open(current.op.StateSealed, operationAD(current.op.ID, stateColumn))
	}
	return e.vault.open(current.res.StateSealed, resourceAD(current.res.ID, stateColumn))
}

// call makes the backend call that out.input describes.
func (e *Engine) call(a *active, current work, out outcome) outcome {
	op, verb := current.op, backend.Verb(current.op.Verb)
	b, limits, ok := a.backends.Backend(op.Backend)
	if !ok {
		out.failure, out.absent = backend.Failf(backend.Retryable, "the configuration has no backend %s", op.Backend), a
		return out
	}
	oldPlan, err := e.vault.openPlan(op.OldPlanSealed, operationAD(op.ID, oldPlanColumn))
	if err != nil {
		return out.unreadable("plan", err)
	}
	timeout := limits.withDefaults().timeout(op.calls())
	ctx, stop := context.WithTimeout(e.runCtx, timeout)
	defer stop()
	call := Call{Verb: verb, Op: out.input, OldPlan: oldPlan}
	if op.Action != "" {
		var known bool
		if known, err = e.intoInvoke(&call, current); err != nil {
			return out.unreadable("arguments", err)
		}
		if !known {
			out.uncredentialed = true
			return out
		}
		out.input.Credential = call.Op.Credential // what is said about the call is cleaned of it
	}
	call.Op.Attempt, call.Op.Deadline, call.Op.State = op.Attempt, time.Now().Add(timeout), out.state
	if verb == backend.VerbSuspend {
		call.Reason = current.res.Reason
	}
	if call.Verb == backend.VerbRotate {
		call.Phase = backend.RotatePhase(op.Mode)
	}
	if call.Verb == backend.VerbDeprovision {
		call.Mode = backend.DeprovisionMode(cmp.Or(op.Mode, string(backend.ModePurge)))
	}
	result, err := b.Run(ctx, call, func(step string, state []byte) {
		if e.checkpoint(op, e.cleanText(step, out.input), state, stop) && state != nil {
			out.state = state
		}
	})
	if err != nil {
		out.failure = asFailure(err)
		if errors.Is(err, ErrUnfit) {
			out.absent = a
		}
		if op.Action == "" && out.failure.Class == backend.Unauthorized {
			// The life of an add-on needs nobody's credentials but ours.
			out.failure.Class = backend.Internal
		}
		if verb == backend.VerbDeprovision && out.failure.Class == backend.NotFound {
			out.failure, out.result = nil, &backend.Result{} // it is gone, which was the aim
		}
		return out
	}
	out.result = &result
	return out
}

// largestState bounds a backend's state, in bytes, with the version that is kept
// before it.
const largestState = backend.MaxState + 16

// checkpoint keeps how far a call has come; step is clean. It is an
// optimisation: without it the next attempt only repeats more. A call that is
// not ours any more is stopped.
func (e *Engine) checkpoint(op OperationRecord, step string, state []byte, stop func()) bool {
	log := e.logFor(op)
	if len(state) > largestState {
		log.Warn("checkpoint not kept", "step", step, "error", "its state is larger than 64 KiB")
		return false
	}
	sealed, err := e.vault.seal(state, operationAD(op.ID, stateColumn))
	if err == nil {
		err = e.store.Update(context.Background(), func(tx Tx) error {
			return tx.Checkpoint(op.Fence(), step, sealed)
		})
	}
	if errors.Is(err, ErrFenced) {
		stop()
	}
	if err != nil {
		log.Warn("checkpoint not kept", "step", step, "error", err)
	}
	return err == nil
}

// logFor narrows the log to one operation.
func (e *Engine) logFor(op OperationRecord) *slog.Logger {
	called := "backend"
	if callsPlatform(backend.Verb(op.Verb)) {
		called = "platform"
	}
	log := e.log.With("operation", op.ID, "resource", op.ResourceID, "verb", op.Verb, called, op.Backend, "attempt", op.Attempt)
	if op.Action != "" {
		log = log.With("action", op.Action)
	}
	return log
}

// cleanText makes what a backend said fit for tables and logs: known secrets
// and those that the operation was told are removed.
func (e *Engine) cleanText(text string, input backend.Op) string {
	own := append(sensitiveTexts(input.Outputs), sensitiveTexts(input.Config)...)
	for _, values := range []map[string]string{input.Secrets, input.Credential} {
		own = slices.AppendSeq(own, maps.Values(values))
	}
	if len(own) > 0 {
		text = secret.NewRedactor(own...).Redact(text)
	}
	return clip(e.redact(text))
}

// sensitiveTexts lists the strings of a value that are marked as sensitive, or
// lie in something that is.
func sensitiveTexts(value backend.Value) (texts []string) {
	if value.IsNull() {
		return nil
	}
	bare, marked := value.Cty().UnmarkDeepWithPaths()
	for _, at := range marked {
		if _, ok := at.Marks[backend.Sensitive]; !ok {
			continue
		}
		part, err := at.Path.Apply(bare)
		if err != nil {
			continue // the path is the value's own
		}
		_ = cty.Walk(part, func(_ cty.Path, v cty.Value) (bool, error) {
			if v.Type() == cty.String && v.IsKnown() && !v.IsNull() {
				texts = append(texts, v.AsString())
			}
			return true, nil
		})
	}
	return texts
}
