package lifecycle

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// Reading is for decisions that a request waits for: it gets little time, slot
// included.
const (
	readLimit    = 2 * time.Second
	readSlotPoll = 10 * time.Millisecond
)

// outputsFor returns the function by which a catalog gets at the outputs of
// found: the recorded ones, or those that the backend reads now.
func (e *Engine) outputsFor(ctx context.Context, a *active, facts gateway.Resource, found ResourceRecord) func(fresh bool) (backend.Value, error) {
	return func(fresh bool) (backend.Value, error) {
		if fresh {
			return e.freshOutputs(ctx, a, facts, found)
		}
		outputs, err := e.vault.outputs(found)
		if err != nil {
			return outputs, unreadable(err)
		}
		return outputs, nil
	}
}

// freshOutputs asks the backend for the outputs as they are now, and returns
// the recorded ones with them in their place. Nothing is written: the next
// decision reads again.
func (e *Engine) freshOutputs(ctx context.Context, a *active, facts gateway.Resource, found ResourceRecord) (backend.Value, error) {
	call, err := e.readCall(a, facts, found)
	if err != nil {
		return backend.Value{}, err
	}
	answered, err := e.read(ctx, a, found.Backend, call)
	if err != nil {
		reason := e.cleanText(err.Error(), call.Op)
		e.log.Warn("outputs not read", "resource", found.ID, "backend", found.Backend, "error", reason)
		return backend.Value{}, &gateway.Error{
			Kind:       gateway.Unavailable,
			Message:    "What the service uses at the moment cannot be told. Please try again later.",
			Cause:      errors.New("read: " + reason),
			RetryAfter: repeatAfter,
		}
	}
	fresh, err := refreshOutputs(call.Op.Outputs, answered)
	if err != nil {
		return fresh, gateway.Fault(fmt.Errorf("read %s: %w", found.ID, err))
	}
	return fresh, nil
}

// readCall evaluates what the backend is told. There is no operation.
func (e *Engine) readCall(a *active, facts gateway.Resource, found ResourceRecord) (call Call, err error) {
	call.Verb = backend.VerbRead
	if call.Op, err = e.evaluate(a, facts, found); err != nil {
		return call, err
	}
	if call.Op.Secrets, err = e.vault.secrets(found); err != nil {
		return call, unreadable(err)
	}
	if call.Op.State, err = e.vault.open(found.StateSealed, resourceAD(found.ID, stateColumn)); err != nil {
		return call, unreadable(err)
	}
	call.Op.ResourceID, call.Op.ShortID, call.Op.Addon, call.Op.Attempt = found.ID, found.ShortID, found.Addon, 1
	return call, nil
}

// read makes the call in a slot of the orders, so that rules never ask more of
// a backend than its concurrency allows.
func (e *Engine) read(ctx context.Context, a *active, name string, call Call) (backend.Value, error) {
	limit := min(readLimit, e.limitsFor(a, name, backend.VerbRead).timeout(backend.VerbRead))
	result, err := e.waitedCall(ctx, a, name, ordersQueue, call, limit)
	return result.Outputs, err
}

// waitedCall makes a call that somebody waits for in a slot of a queue. limit
// bounds it, slot included; 0: as long as such a call may take.
func (e *Engine) waitedCall(ctx context.Context, a *active, name string, in queue, call Call, limit time.Duration) (backend.Result, error) {
	b, limits, ok := a.backends.Backend(name)
	if !ok {
		return backend.Result{}, fmt.Errorf("the configuration has no backend %s", name)
	}
	limits = limits.withDefaults()
	if limit <= 0 {
		limit = limits.timeout(call.Verb)
	}
	ctx, stop := context.WithTimeout(ctx, limit)
	defer stop()
	defer context.AfterFunc(e.runCtx, stop)()
	if !e.begin() {
		return backend.Result{}, errors.New("the engine is stopping")
	}
	defer e.end()
	key := slotKey{backend: name, queue: in}
	for !e.slots.takeInline(key, limits) {
		select {
		case <-time.After(readSlotPoll):
		case <-ctx.Done():
			return backend.Result{}, fmt.Errorf("all slots of the backend are taken: %w", ctx.Err())
		}
	}
	defer e.release(key)
	call.Op.Deadline = time.Now().Add(limit)
	result, err := b.Run(ctx, call, func(string, []byte) {})
	if err != nil {
		return backend.Result{}, asFailure(err)
	}
	return result, nil
}
