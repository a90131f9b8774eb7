package lifecycle

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// How many resources are looked at at once.
const rotationPage = 200

// How often credentials are looked for that are as old as their plan allows, and how
// long it is before those are rotated again of which a rotation has failed or was
// undone: somebody may look into it.
const (
	oldLook    = time.Hour
	againAfter = 24 * time.Hour
)

// stepRepeat is how long a rotation rests whose next step the gateway cannot take.
const stepRepeat = time.Minute

// stepDue takes the steps of rotations when they are due, until ctx ends.
func (e *Engine) stepDue(ctx context.Context) {
	e.polled(ctx, func(a *active) {
		if err := e.stepRotations(ctx, a); err != nil && ctx.Err() == nil {
			e.log.Error("rotations not looked for", "error", err)
		}
	})
}

// rotateAged rotates what is as old as its plan allows, until ctx ends. It waits for
// backends, for which no rotation that is under way may wait.
func (e *Engine) rotateAged(ctx context.Context) {
	looked := map[gateway.RotationRule]time.Time{}
	e.polled(ctx, func(a *active) {
		for _, rule := range a.catalog.RotationRules() {
			if time.Since(looked[rule]) < oldLook {
				continue
			}
			looked[rule] = time.Now()
			if err := e.rotateOld(ctx, rule); err != nil && ctx.Err() == nil {
				e.log.Error("old credentials not looked for", "addon", rule.Addon, "plan", rule.Plan, "error", err)
			}
		}
	})
}

// polled calls look again and again with the configuration that is active then,
// until ctx ends.
func (e *Engine) polled(ctx context.Context, look func(a *active)) {
	often := time.NewTicker(e.pollInterval)
	defer often.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-often.C:
		}
		if a := e.active.Load(); a != nil {
			look(a)
		}
	}
}

// rotateOld rotates the credentials that are as old as a rule allows, one after the
// other: nobody is in a hurry. It stops where a reload has taken the rule back.
func (e *Engine) rotateOld(ctx context.Context, rule gateway.RotationRule) error {
	for after := ""; ctx.Err() == nil; {
		page, err := e.store.Unrotated(ctx, rule, againAfter, after, rotationPage)
		if err != nil {
			return err
		}
		for _, r := range page {
			if after = r.ID; !slices.Contains(e.active.Load().catalog.RotationRules(), rule) {
				return nil
			}
			if _, err := e.Rotate(ctx, r.ID, gateway.RotateOrder{}); err != nil && ctx.Err() == nil {
				e.log.Warn("old credentials not rotated", "resource", r.ID, "error", e.redact(err.Error()))
			}
		}
		if len(page) < rotationPage {
			return nil
		}
	}
	return ctx.Err()
}

// stepRotations takes the next step of every rotation that is due.
func (e *Engine) stepRotations(ctx context.Context, a *active) error {
	page, err := e.store.RotationsDue(ctx, rotationPage)
	if err != nil {
		return err
	}
	for _, r := range page {
		switch err := e.stepRotation(ctx, a, r.ID); {
		case err == nil, again(err), ctx.Err() != nil: // somebody else has changed it: at the next look
		default:
			e.log.Error("rotation does not go on", "resource", r.ID, "phase", r.Rotation.Phase, "error", e.redact(err.Error()))
			if err := e.putOff(ctx, r.ID); err != nil {
				return err
			}
		}
	}
	return nil
}

// putOff lets other rotations come first.
func (e *Engine) putOff(ctx context.Context, id string) error {
	return e.store.Update(ctx, func(tx Tx) error {
		row, err := tx.ResourceRecord(id)
		if err != nil || row.Rotation.Due.IsZero() {
			return err
		}
		row.Rotation.Due = tx.Now().Add(stepRepeat)
		return tx.SetRotation(row)
	})
}

// stepRotation confirms that the platform has what it must have, or has the backend
// end the other credentials.
func (e *Engine) stepRotation(ctx context.Context, a *active, id string) error {
	found, err := e.store.ResourceRecord(ctx, id)
	if err != nil {
		return err
	}
	live, err := e.store.LiveOperations(ctx, id)
	if err != nil {
		return err
	}
	if _, ends := liveOf(live, backend.VerbRotate); ends || found.Rotation.Due.IsZero() || found.State != gateway.Active {
		return nil
	}
	if !found.Rotation.Forced && !found.Rotation.Sure && found.Rotation.Phase != gateway.Staging {
		return e.confirm(ctx, found)
	}
	return e.endOther(ctx, a, found)
}

// confirm gives the platform once more what it has, as a new revision. Whatever
// answer was being written when both credentials began to work has long arrived.
func (e *Engine) confirm(ctx context.Context, found ResourceRecord) error {
	next := found
	next.ConfigRev++
	next.Rotation.Rev, next.Rotation.Sure = next.ConfigRev, true
	next.Rotation.Due = time.Time{}
	err := e.store.Update(ctx, func(tx Tx) error {
		row, err := amend(next)(tx)
		if err != nil {
			return err
		}
		return e.giveOut(tx, row)
	})
	e.calls.wake()
	return err
}

// endOther enqueues the operation that ends the credentials which the platform does
// not have any more. From then on nobody knows whether they work: they are not kept.
func (e *Engine) endOther(ctx context.Context, a *active, found ResourceRecord) error {
	facts, err := e.vault.resource(found)
	if err != nil {
		return unreadable(err)
	}
	input, err := e.lastingInput(ctx, a, backend.VerbRotate, facts, found)
	if err != nil {
		return err
	}
	it, err := e.newIntent(a, found, backend.VerbRotate, found.Plan, input, false)
	if err != nil {
		return err
	}
	it.op.Mode = string(backend.RotateAbort)
	if found.Rotation.Phase == gateway.Staged {
		it.op.Mode = string(backend.RotateCommit)
	}
	next := found
	next.Rotation.Due, next.Rotation.Sure, next.BeforeSealed = time.Time{}, true, nil
	err = e.store.Update(ctx, func(tx Tx) error {
		row, err := amend(next)(tx)
		if err != nil {
			return err
		}
		_, err = e.insert(tx, it)
		return errors.Join(err, tx.SetRotation(row))
	})
	e.orders.wake()
	return err
}
