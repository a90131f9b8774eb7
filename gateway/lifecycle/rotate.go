package lifecycle

import (
	"context"
	"fmt"
	"maps"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// Credentials are replaced without a moment in which none work. The backend makes
// new ones beside the old ones (stage); the platform is given them; once it has
// them, and a grace is over, the old ones end (commit). An operator may turn it
// round while both work: the platform is given the old ones again, and the new ones
// end (abort). So do those that could not be made. Once the ending of either has
// begun there is no way back: nobody knows whether they work.
//
//	           stage fails, or was never done
//	        ┌────────────── staging ─────────────┐
//	        │ abort            │ staged          ▼ (abort)
//	        ▼                  ▼                none
//	       none ◄── commit ── staged ── undo ─► reverting ── abort ──► none
//
// A resource is as it was for everybody else: its state is active, and its plan can
// be changed, and it be suspended or removed, while both credentials work. Stage,
// commit and abort are operations of its lane; nothing waits in there.
//
// What the platform has is what tells when the others may end: see
// ResourceTx.MarkDelivered. An answer that was written just before the stage was
// recorded may reach the platform after the push that followed it. So there is
// another push when the grace is over, and none of those answers can be under way
// any more: see confirm.

// Rotate begins to replace the credentials of an add-on's resource, and waits until
// new ones work, or have failed to. What follows happens by itself.
func (e *Engine) Rotate(ctx context.Context, resourceID string, order gateway.RotateOrder) (gateway.Resource, error) {
	return e.judgeRotation(ctx, resourceID, func(s *Scoped, a *active, budget <-chan struct{}, found ResourceRecord) error {
		return s.beginRotation(ctx, budget, a, found, order)
	})
}

// UndoRotation gives the platform the credentials again that were in use before a
// rotation, and ends the new ones when that is done.
func (e *Engine) UndoRotation(ctx context.Context, resourceID string) (gateway.Resource, error) {
	return e.judgeRotation(ctx, resourceID, func(_ *Scoped, a *active, _ <-chan struct{}, found ResourceRecord) error {
		return e.revert(ctx, a, found)
	})
}

// judgeRotation has act judge the resource as it is recorded, and returns it as it
// is afterwards.
func (e *Engine) judgeRotation(ctx context.Context, resourceID string, act func(*Scoped, *active, <-chan struct{}, ResourceRecord) error) (gateway.Resource, error) {
	found, err := e.resourceByID(ctx, resourceID)
	if err != nil {
		return gateway.Resource{}, err
	}
	if found.Kind != gateway.KindAddon {
		return gateway.Resource{}, gateway.Errorf(gateway.Conflict, "Only credentials of add-ons can be rotated, and this is a %s.", kindWords[found.Kind])
	}
	s := e.For(gateway.Scope{Platform: found.Platform, Addon: found.Addon})
	_, err = s.judged(ctx, found.ProviderID, func(a *active, budget <-chan struct{}, found ResourceRecord) (gateway.Delivery, error) {
		return gateway.Delivery{}, act(s, a, budget, found)
	})
	if err != nil {
		return gateway.Resource{}, err
	}
	row, err := e.resourceByID(ctx, resourceID)
	if err != nil {
		return gateway.Resource{}, err
	}
	return e.facts(row)
}

// beginRotation records the stage and waits for it.
func (s *Scoped) beginRotation(ctx context.Context, budget <-chan struct{}, a *active, found ResourceRecord, order gateway.RotateOrder) error {
	e := s.engine
	if order.Force && found.Rotation.WaitsForPlatform() {
		return e.goOnUntold(ctx, found, order)
	}
	if err := rotatable(found, order.Force); err != nil {
		return err
	}
	offer, err := a.catalog.Offer(found.Platform, found.Addon, found.Plan, found.Region)
	if err != nil {
		return classified(err)
	}
	if !offer.Rotates {
		return gateway.Errorf(gateway.Conflict, "The backend %s can't replace credentials.", found.Backend)
	}
	_, told := a.platform(found.Resource)
	if !told && !order.Force {
		return gateway.Errorf(gateway.Conflict, "%s is not told new credentials of a resource that it has (in development no platform is): when the old ones end, its customer is locked out. "+
			"With --force they are replaced all the same.", found.Platform)
	}
	live, err := e.store.LiveOperations(ctx, found.ID)
	if err != nil {
		return unrecorded(err)
	}
	if !alone(live, found.ID) {
		return s.letFinish(ctx, budget, found)
	}
	next := found
	next.Rotation = gateway.Rotation{Phase: gateway.Staging, Grace: offer.Grace, Forced: !told}
	if order.Grace != nil {
		next.Rotation.Grace = max(0, *order.Grace)
	}
	it, err := e.stageIntent(a, next, offer)
	if err != nil {
		return err
	}
	end, err := s.launch(ctx, budget, a, it, func(tx Tx) (ResourceRecord, error) {
		row, err := amend(next)(tx)
		if err != nil {
			return row, err
		}
		return row, tx.SetRotation(row)
	})
	if err != nil {
		return err
	}
	return staged(end)
}

// rotatable reports why the credentials of a resource can't be replaced now. A
// rotation that its backend can't end gives way to another one where that is forced.
func rotatable(r ResourceRecord, force bool) error {
	switch r.State {
	case gateway.Active:
	case gateway.Provisioning, gateway.Updating:
		return busy("The resource is being set up or changed. Try again in a moment.")
	default:
		return gateway.Errorf(gateway.Conflict, "The resource is %s: only credentials of one that is active can be rotated.", r.State)
	}
	stuck := r.Rotation.Sure && !r.Rotation.Due.IsZero() && r.BeforeSealed == nil
	switch {
	case r.Rotation.Phase == gateway.NotRotating, stuck && force:
		return nil
	case stuck:
		return gateway.Errorf(gateway.Conflict, "A rotation of its credentials could not be ended, which is tried again at %s. "+
			"With --force another one begins instead.", r.Rotation.Due.UTC().Format(time.RFC3339))
	}
	return gateway.Errorf(gateway.Conflict, "A rotation of its credentials is under way: %s", underWay(r))
}

// underWay says how far a rotation is that keeps another one from beginning, and
// what an operator can do about it.
func underWay(r ResourceRecord) string {
	switch {
	case r.Rotation.Phase == gateway.Staging:
		return "new ones are being made."
	case r.Rotation.WaitsForPlatform():
		return fmt.Sprintf("both credentials work until %s has those that stay. --force goes on without it.", r.Platform)
	case r.Rotation.Due.IsZero():
		return "those that go are being ended."
	}
	return fmt.Sprintf("both credentials work until %s.", r.Rotation.Due.UTC().Format(time.RFC3339))
}

// goOnUntold begins the grace of a rotation although the platform does not have the
// credentials that stay: an operator has told its customer, or will. What is pushed
// goes on being pushed.
func (e *Engine) goOnUntold(ctx context.Context, found ResourceRecord, order gateway.RotateOrder) error {
	next := found
	next.Rotation.Forced = true
	if order.Grace != nil {
		next.Rotation.Grace = max(0, *order.Grace)
	}
	err := e.store.Update(context.WithoutCancel(ctx), func(tx Tx) error {
		live, err := tx.LiveOperations(found.ID)
		if err != nil {
			return err
		}
		if _, ends := liveOf(live, backend.VerbRotate); ends {
			return gateway.Errorf(gateway.Conflict, "The credentials that go are being ended already.")
		}
		row, err := amend(next)(tx)
		if err != nil {
			return err
		}
		row.Rotation.Due = tx.Now().Add(row.Rotation.Grace)
		return tx.SetRotation(row)
	})
	if err != nil && !again(err) && gateway.KindOf(err) != gateway.Conflict {
		return unrecorded(fmt.Errorf("record that the rotation of %s goes on: %w", found.ID, err))
	}
	return err
}

// stageIntent draws new generated outputs, and evaluates what the backend is told
// of them.
func (e *Engine) stageIntent(a *active, row ResourceRecord, offer gateway.Offer) (*intent, error) {
	facts, err := e.vault.resource(row)
	if err != nil {
		return nil, unreadable(err)
	}
	input, err := e.evaluate(a, facts, row)
	if err != nil {
		return nil, err
	}
	have, err := e.vault.secrets(row)
	if err != nil {
		return nil, unreadable(err)
	}
	for _, g := range offer.Generated { // what the plugin no longer has stays
		delete(have, g.Name)
	}
	input.Secrets = generate(have, offer.Generated)
	it, err := e.newIntent(a, row, backend.VerbRotate, row.Plan, input, true)
	if err != nil {
		return nil, err
	}
	it.op.Mode = string(backend.RotateStage)
	return it, nil
}

// staged is what an operator is told about a stage that was waited for. One that
// goes on is no error.
func staged(end waited) error {
	switch {
	case end.over && end.op.State == gateway.OperationFailed:
		return gateway.Errorf(gateway.Conflict, "The backend made no new credentials, and the old ones are in use: %s", end.op.Error)
	case end.over && end.op.State == gateway.OperationCancelled:
		return gateway.Errorf(gateway.Gone, "The resource was removed meanwhile.")
	}
	return nil
}

// before is what a rotation replaces, as they were before it.
type before struct {
	Outputs []byte            `json:"outputs"` // a backend.Value: the outputs that the stage changed
	Secrets map[string]string `json:"secrets"`
}

// keepBefore seals what a stage changes.
func (e *Engine) keepBefore(row ResourceRecord, was, is backend.Value) ([]byte, error) {
	old, err := attributesOf(was)
	if err != nil {
		return nil, err
	}
	now, err := attributesOf(is)
	if err != nil {
		return nil, err
	}
	maps.DeleteFunc(old, func(name string, value cty.Value) bool {
		other, there := now[name]
		return there && other.RawEquals(value)
	})
	var b before
	if b.Outputs, err = backend.NewValue(cty.ObjectVal(old)).MarshalBinary(); err != nil {
		return nil, fmt.Errorf("encode outputs: %w", err)
	}
	if b.Secrets, err = e.vault.secrets(row); err != nil {
		return nil, err
	}
	return e.vault.sealJSON(b, resourceAD(row.ID, beforeColumn))
}

// restoreBefore gives row the credentials again that it had before the stage. What
// else has changed meanwhile stays.
func (e *Engine) restoreBefore(row *ResourceRecord) error {
	var b before
	if err := e.vault.openJSON(row.BeforeSealed, resourceAD(row.ID, beforeColumn), &b); err != nil {
		return err
	}
	var was backend.Value
	if err := was.UnmarshalBinary(b.Outputs); err != nil {
		return fmt.Errorf("decode outputs: %w", err)
	}
	is, err := e.vault.outputs(*row)
	if err != nil {
		return err
	}
	outputs, err := refreshOutputs(is, was)
	if err != nil {
		return err
	}
	if row.OutputsSealed, err = e.vault.sealValue(outputs, resourceAD(row.ID, outputsColumn)); err != nil {
		return err
	}
	secrets, err := e.vault.secrets(*row)
	if err != nil {
		return err
	}
	maps.Copy(secrets, b.Secrets)
	row.SecretsSealed, err = e.vault.sealJSON(secrets, resourceAD(row.ID, secretsColumn))
	return err
}

// revert gives out the credentials from before a rotation.
func (e *Engine) revert(ctx context.Context, a *active, found ResourceRecord) error {
	r := found.Rotation
	switch {
	case found.State != gateway.Active:
		return gateway.Errorf(gateway.Conflict, "The resource is %s: only the rotation of one that is active can be undone.", found.State)
	case r.Phase == gateway.NotRotating:
		return gateway.Errorf(gateway.Conflict, "No rotation of its credentials is under way.")
	case r.Phase == gateway.Reverting:
		return gateway.Errorf(gateway.Conflict, "The rotation of its credentials is being undone already.")
	case r.Phase == gateway.Staging:
		return gateway.Errorf(gateway.Conflict, "The new credentials are not there yet. Where they can't be made, the rotation undoes itself.")
	case found.BeforeSealed == nil:
		return gateway.Errorf(gateway.Conflict, "The old credentials are being ended already, or have ended.")
	}
	live, err := e.store.LiveOperations(ctx, found.ID)
	if err != nil {
		return unrecorded(err)
	}
	_, pushing := liveOf(live, verbPush) // of an unknown outcome, perhaps
	_, told := a.platform(found.Resource)
	if !told && (pushing || found.DeliveredRev >= r.Rev) {
		return gateway.Errorf(gateway.Conflict, "%s has the new credentials, or may have them, and can't be told the old ones: its customer would be locked out.", found.Platform)
	}
	next := found
	if err := e.restoreBefore(&next); err != nil {
		return unreadable(err)
	}
	if next, err = e.renderAgain(a, next); err != nil {
		return err
	}
	next.Rotation = gateway.Rotation{Phase: gateway.Reverting, Rev: next.ConfigRev, Grace: r.Grace, Forced: !told}
	err = e.store.Update(context.WithoutCancel(ctx), func(tx Tx) error {
		row, err := amend(next)(tx)
		if err != nil {
			return err
		}
		row.BeforeSealed = nil
		return e.giveOut(tx, row)
	})
	if err != nil && !again(err) {
		return unrecorded(fmt.Errorf("record that the rotation of %s is undone: %w", found.ID, err))
	}
	e.calls.wake()
	return err
}

// giveOut writes a rotation whose credentials the platform is to get.
func (e *Engine) giveOut(tx Tx, row ResourceRecord) error {
	if row.Rotation.Forced {
		row.Rotation.Due = tx.Now().Add(row.Rotation.Grace)
		return tx.SetRotation(row)
	}
	if err := tx.SetRotation(row); err != nil {
		return err
	}
	_, err := e.enqueueCall(tx, row.Resource, verbPush, 0)
	return err
}
