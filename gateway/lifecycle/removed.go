package lifecycle

import (
	"context"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// judgeRemoved records that a resource is gone for its platform, and that
// nothing is left of it unless the backend keeps its data for a while. What was
// a clean-up ends in "failed", unless the order was repeated meanwhile and waits
// behind.
func (e *Engine) judgeRemoved(t *transition, out outcome) error {
	var err error
	t.op.Error = ""
	if t.op.State, err = moveOperation(t.op.State, succeed); err != nil {
		return err
	}
	if t.res.State == gateway.Provisioning {
		live, err := e.store.LiveOperations(context.Background(), t.res.ID)
		if err != nil {
			return err
		}
		t.touched = true // what waits behind may be cancelled meanwhile, by a removal that relies on us
		if _, waits := liveOf(live, backend.VerbProvision); waits {
			return nil
		}
		t.res.OutputsSealed, t.res.StateSealed = nil, nil
		t.res.State, err = moveResource(t.res.State, cleanedUp)
		return err
	}
	ev := dropped
	if t.res.State == gateway.Deprovisioned {
		ev = purged
	}
	if t.res.State, err = moveResource(t.res.State, ev); err != nil {
		return err
	}
	t.touched = true
	if err := e.withdraw(t); err != nil {
		return err
	}
	if t.op.Mode == string(backend.ModeSoft) && out.result != nil && !out.result.PurgeAfter.IsZero() {
		return e.keepUntilPurge(t, out)
	}
	t.forget = true
	t.res.OutputsSealed, t.res.SecretsSealed, t.res.StateSealed = nil, nil, nil
	return nil
}

// withdraw erases what only a living resource needs. The messages stay, for
// repeats.
func (e *Engine) withdraw(t *transition) error {
	d, err := e.vault.delivery(t.res)
	if err != nil {
		return err
	}
	d.Vars, d.LogDrain = nil, ""
	t.res.FirstConfigSealed, t.res.LogTokenSealed, t.res.LastError = nil, nil, ""
	if t.res.Rotation.Phase != gateway.NotRotating {
		t.rotation = &rotated{}
	}
	t.res.DeliverySealed, err = e.vault.sealJSON(d, resourceAD(t.res.ID, deliveryColumn))
	return err
}

// keepUntilPurge makes the purge of what the backend keeps part of the same
// transaction. It is told what the removal was told.
func (e *Engine) keepUntilPurge(t *transition, out outcome) error {
	state := []byte(out.result.State)
	if state == nil {
		state = out.state
	}
	if err := e.keepState(t, state); err != nil {
		return err
	}
	if err := e.followUp(t, out.input); err != nil {
		return err
	}
	t.followUp.RunAt = out.result.PurgeAfter
	return nil
}
