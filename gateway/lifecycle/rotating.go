package lifecycle

import (
	"context"
	"errors"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// How many resources are looked at at once.
const rotationPage = 200

// How often credentials are looked for that are as old as their plan allows: a small
// part of that time.
const (
	oftenestLook = time.Minute
	seldomLook   = time.Hour
	looksPerTurn = 200
)

// rotate takes the steps of rotations when they are due, until ctx ends.
func (e *Engine) rotate(ctx context.Context) {
	often := time.NewTicker(e.pollInterval)
	defer often.Stop()
	looked := map[gateway.RotationRule]time.Time{}
	for {
		select {
		case <-ctx.Done():
			return
		case <-often.C:
		}
		a := e.active.Load()
		if a == nil {
			continue
		}
		if err := e.stepRotations(ctx, a); err != nil && ctx.Err() == nil {
			e.log.Error("rotations not looked for", "error", err)
		}
		for _, rule := range a.catalog.RotationRules() {
			every := min(max(rule.Every/looksPerTurn, oftenestLook), seldomLook)
			if time.Since(looked[rule]) < every {
				continue
			}
			looked[rule] = time.Now()
			if err := e.rotateOld(ctx, rule); err != nil && ctx.Err() == nil {
				e.log.Error("old credentials not looked for", "addon", rule.Addon, "plan", rule.Plan, "error", err)
			}
		}
	}
}

// rotateOld rotates the credentials that are as old as a rule allows, one after the
// other: nobody is in a hurry.
func (e *Engine) rotateOld(ctx context.Context, rule gateway.RotationRule) error {
	for after := ""; ctx.Err() == nil; {
		page, err := e.store.Unrotated(ctx, rule, after, rotationPage)
		if err != nil {
			return err
		}
		for _, r := range page {
			after = r.ID
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
		}
	}
	return nil
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
	_, told := a.platform(found.Resource)
	if told && !found.Rotation.Sure && found.Rotation.Phase != gateway.Staging {
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
	next.Rotation.Grace, next.Rotation.Due = 0, time.Time{}
	err := e.store.Update(ctx, func(tx Tx) error {
		row, err := amend(next)(tx)
		if err != nil {
			return err
		}
		return e.giveOut(tx, row, true)
	})
	e.calls.wake()
	return err
}

// endOther enqueues the operation that ends the credentials which the platform does
// not have any more.
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
	next.Rotation.Due = time.Time{}
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
