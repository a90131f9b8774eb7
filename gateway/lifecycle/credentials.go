package lifecycle

import (
	"context"
	"sync"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// Whoever rents a server sends their own credentials with every call, and the
// backend's work may take longer than the call. Nothing of them is ever written
// down: they are in memory while an operation lives, and after a restart the
// operation waits until its caller calls again, as platforms do to ask how far
// it is.

// credentials are those that live operations need, by operation.
type credentials struct {
	mu   sync.Mutex
	held map[string]map[string]gateway.Secret
}

func newCredentials() *credentials {
	return &credentials{held: map[string]map[string]gateway.Secret{}}
}

// hold keeps the credentials for an operation; empty ones need no keeping.
func (c *credentials) hold(operationID string, values map[string]gateway.Secret) {
	if len(values) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held[operationID] = values
}

func (c *credentials) drop(operationID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.held, operationID)
}

// of returns what a call is told; known is false when nobody has them any more.
func (c *credentials) of(operationID string) (values map[string]string, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	held, known := c.held[operationID]
	values = make(map[string]string, len(held))
	for name, value := range held {
		values[name] = value.Reveal()
	}
	return values, known
}

// share gives what follows an operation its credentials, before anybody can
// claim it.
func (c *credentials) share(t *transition) {
	if t.followUp == nil {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if held, ok := c.held[t.op.ID]; ok {
		c.held[t.followUp.ID] = held
	}
}

// unshare undoes share for a transition that was not written.
func (c *credentials) unshare(t *transition) {
	if t.followUp != nil {
		c.drop(t.followUp.ID)
	}
}

// awaitCredentials puts an operation aside until its caller calls again. Nobody
// has failed, so it was no attempt.
func (e *Engine) awaitCredentials(t *transition, out outcome) error {
	t.reason = "the credentials of whoever ordered are not known any more"
	if out.failure != nil {
		t.reason = e.cleanText(out.failure.Error(), out.input)
		e.held.drop(t.op.ID)
	}
	t.op.Error = t.reason
	t.op.MaxAttempts++
	return t.park(waitingForCredentials)
}

// bring gives the credentials of a call to what is live of the resource that it
// is about, and has go on what waited for them.
func (e *Engine) bring(ctx context.Context, live []OperationRecord, values map[string]gateway.Secret) error {
	waits := false
	for _, op := range live {
		if op.Credentialed && len(values) > 0 {
			e.held.hold(op.ID, values)
			waits = waits || op.WaitingFor == waitingForCredentials
		}
	}
	if !waits {
		return nil
	}
	err := e.store.Update(context.WithoutCancel(ctx), func(tx Tx) error {
		for _, op := range live {
			if op.WaitingFor != waitingForCredentials {
				continue
			}
			next := op
			var err error
			if next.State, err = moveOperation(op.State, resume); err != nil {
				return err
			}
			next.WaitingFor, next.RunAt = "", tx.Now()
			if err := tx.UpdatePending(next); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	e.wakeAll()
	return nil
}

// intoInvoke makes the call of an operation's action out of call. known is false
// when the credentials that it needs are not.
func (e *Engine) intoInvoke(call *Call, current work) (known bool, err error) {
	op := current.op
	call.Verb, call.Action = backend.VerbInvoke, op.Action
	if call.Op.Outputs, err = e.vault.outputs(current.res); err != nil {
		return false, err
	}
	args, err := e.vault.openValue(op.ArgsSealed, operationAD(op.ID, argsColumn))
	if err != nil {
		return false, err
	}
	if call.Args, err = withRef(args, call.Op.Outputs, current.res.ID); err != nil {
		return false, err
	}
	call.Op.Credential, known = e.held.of(op.ID)
	return known || !op.Credentialed, nil
}
