package lifecycle

import (
	"context"
	"maps"
	"sync"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// Whoever rents a server sends their own credentials with every call, and the
// backend's work may take longer than the call. Nothing of them is ever written
// down: they are in memory while an operation lives. After a restart an operation
// whose backend can do nothing without them waits until its caller calls again,
// as platforms do to ask how far it is; all others go on.

// credentials are those that live operations need, by operation.
type credentials struct {
	mu   sync.Mutex
	held map[string]map[string]gateway.Secret
}

func newCredentials() *credentials {
	return &credentials{held: map[string]map[string]gateway.Secret{}}
}

// hold keeps the credentials for an operation that is live for certain; empty
// ones need no keeping.
func (c *credentials) hold(operationID string, values map[string]gateway.Secret) {
	if len(values) == 0 {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held[operationID] = values
}

// renew puts newer credentials in the place of those that are held. An operation
// without any may be over by now, and would keep them for ever.
func (c *credentials) renew(operationID string, values map[string]gateway.Secret) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, held := c.held[operationID]; held && len(values) > 0 {
		c.held[operationID] = values
	}
}

func (c *credentials) drop(operationID string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.held, operationID)
}

// dropUsed is drop, unless newer ones than those that were used are held.
func (c *credentials) dropUsed(operationID string, used map[string]string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if maps.Equal(revealed(c.held[operationID]), used) {
		delete(c.held, operationID)
	}
}

// of returns what a call is told; known is false when nobody has them any more.
func (c *credentials) of(operationID string) (values map[string]string, known bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	held, known := c.held[operationID]
	return revealed(held), known
}

func revealed(values map[string]gateway.Secret) map[string]string {
	texts := make(map[string]string, len(values))
	for name, value := range values {
		texts[name] = value.Reveal()
	}
	return texts
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
// has failed, so it was no attempt. Where others came meanwhile, it goes on.
func (e *Engine) awaitCredentials(t *transition, out outcome) error {
	t.reason = "the credentials of whoever ordered are not known any more"
	if out.failure != nil {
		t.reason = e.cleanText(out.failure.Error(), out.input)
		e.held.dropUsed(t.op.ID, out.input.Credential)
	}
	t.op.Error = t.reason
	t.op.MaxAttempts++
	if _, known := e.held.of(t.op.ID); known {
		return t.repeatAfter(0)
	}
	return t.park(waitingForCredentials)
}

// bring gives the credentials of a call to what is live of what it is about, and
// has go on whatever else of its caller waits for them: nobody may ever ask for a
// server again that is to be removed.
func (s *Servers) bring(ctx context.Context, caller gateway.Caller, live []OperationRecord) error {
	if len(caller.Credential) == 0 {
		return nil
	}
	e, scope := s.of.engine, s.of.scope
	for _, op := range live {
		e.held.renew(op.ID, caller.Credential)
	}
	waiting, err := e.store.AwaitingCredentials(ctx, scope.Platform, scope.Addon, caller.Identity)
	if err != nil || len(waiting) == 0 {
		return err
	}
	var resumed []OperationRecord
	err = e.store.Update(context.WithoutCancel(ctx), func(tx Tx) error {
		resumed = nil
		waiting, err := tx.AwaitingCredentials(scope.Platform, scope.Addon, caller.Identity)
		if err != nil {
			return err
		}
		for _, op := range waiting {
			if op.State, err = moveOperation(op.State, resume); err != nil {
				return err
			}
			op.WaitingFor, op.RunAt = "", tx.Now()
			if err = tx.UpdatePending(op); err != nil {
				return err
			}
			resumed = append(resumed, op)
			e.held.hold(op.ID, caller.Credential)
		}
		return nil
	})
	if err != nil {
		for _, op := range resumed {
			e.held.drop(op.ID)
		}
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
