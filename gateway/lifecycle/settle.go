package lifecycle

import (
	"context"
	"errors"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// How long settle rests between attempts to write while the store refuses.
const (
	firstRewrite = 50 * time.Millisecond
	lastRewrite  = 5 * time.Second
)

// settle records what an attempt came to, in one fenced transaction. While the
// store cannot write (a full disk), the outcome is kept and written later: the
// backend has acted, and nobody may forget it. Should the process die before,
// the operation is still running on disk and is repeated.
func (e *Engine) settle(a *active, current work, out outcome) {
	log := e.logFor(current.op)
	for rest := firstRewrite; ; {
		t, err := e.judge(a, current, out)
		if err == nil {
			e.held.share(t)
			if err = e.store.Update(context.Background(), func(tx Tx) error { return e.write(tx, t) }); err != nil {
				e.held.unshare(t)
			}
		}
		switch {
		case err == nil:
			e.announce(t)
			return
		case errors.Is(err, ErrFenced), errors.Is(err, ErrClosed):
			e.held.drop(current.op.ID)
			log.Warn("outcome discarded", "error", err)
			return
		case errors.Is(err, ErrStale):
			if current, err = e.reload(current); err == nil {
				continue
			}
		}
		log.Error("outcome not recorded yet", "error", err)
		select {
		case <-time.After(rest):
			rest = min(2*rest, lastRewrite)
		case <-e.runCtx.Done():
			return
		}
	}
}

// reload reads an operation's rows again after somebody else changed them.
// What the attempt was begun with (owner, attempt) stays, so that the fence
// still holds.
func (e *Engine) reload(current work) (work, error) {
	op, err := e.store.OperationRecord(context.Background(), current.op.ID)
	if err != nil {
		return current, err
	}
	res, err := e.store.ResourceRecord(context.Background(), current.op.ResourceID)
	if err != nil {
		return current, err
	}
	current.op.CancelRequested = op.CancelRequested
	current.op.Plan, current.op.Backend = op.Plan, op.Backend // they may have other names now
	current.res = res
	return current, nil
}

// transition is what settle is about to write.
type transition struct {
	work
	rest     time.Duration    // a pending operation is due after it
	touched  bool             // the resource's row changes
	promised bool             // its platform waits to be told that the resource is there
	followUp *OperationRecord // the purge of what a failed provision left, or a removal kept
	handOver *backend.Value   // outputs for the removal that waits behind a cancelled operation
	forget   bool             // nothing of the resource is left: erase its inputs
	absent   *active          // the configuration without what a parked operation waits for
	reply    *reply           // what a platform's own API has said
	rename   string           // the name that a server has after all; empty: as it is

	overtaken bool              // nothing that waits to change the server makes sense any more
	withdrawn []OperationRecord // what was cancelled because of it
	rotation  *rotated          // how far a rotation of the credentials is now; nil: as it was
	reason    string            // why there is no result; for our log
}

// write puts a transition into the tables. t is changed only as write would
// change it again.
func (e *Engine) write(tx Tx, t *transition) error {
	if t.absent != nil && t.absent != e.active.Load() {
		// Another configuration came meanwhile, and may have resumed what waits
		// already. See resumeWaiting.
		t.op.WaitingFor = ""
	}
	if t.op.Live() {
		t.op.RunAt = time.Time{}
		if t.op.WaitingFor == "" {
			t.op.RunAt = tx.Now().Add(t.rest)
		}
	} else {
		t.op.FinishedAt = tx.Now()
	}
	if err := tx.Settle(t.op); err != nil {
		return err
	}
	if t.reply != nil && (t.op.State == gateway.OperationDone || t.reply.taken) {
		if err := e.recordReply(tx, t); err != nil {
			return err
		}
	}
	if t.rename != "" {
		if err := tx.SetParticulars(t.res.ID, gateway.Particulars{Name: t.rename, Owner: t.res.Owner, Emails: t.res.OwnerEmails}); err != nil {
			return err
		}
	}
	if t.touched {
		row := t.res
		row.UpdatedAt = tx.Now()
		if row.State == gateway.Deprovisioned && row.DeletedAt.IsZero() {
			row.DeletedAt = tx.Now()
		}
		if err := tx.UpdateResource(row); err != nil {
			return err
		}
	}
	if err := e.writeRotation(tx, t); err != nil {
		return err
	}
	if err := e.writeNext(tx, t); err != nil {
		return err
	}
	if t.handOver != nil {
		if err := e.amendRemoval(tx, t.res.ID, *t.handOver); err != nil {
			return err
		}
	}
	if t.forget {
		return tx.ForgetInputs(t.res.ID)
	}
	return nil
}

// writeNext inserts the operations that a transition leads to.
func (e *Engine) writeNext(tx Tx, t *transition) error {
	if t.overtaken {
		if err := withdrawChanges(tx, t); err != nil {
			return err
		}
	}
	if t.promised && t.op.State == gateway.OperationDone {
		if _, err := e.enqueueCall(tx, t.res.Resource, verbComplete, 0); err != nil {
			return err
		}
	}
	if t.followUp == nil {
		return nil
	}
	op := *t.followUp
	op.CreatedAt = tx.Now()
	if op.RunAt.Before(tx.Now()) {
		op.RunAt = tx.Now()
	}
	return tx.InsertOperation(op)
}

// amendRemoval gives the outputs of a cancelled operation to the removal that
// waits behind it. The removal was recorded when they were not known, and has
// not been attempted.
func (e *Engine) amendRemoval(tx Tx, resourceID string, outputs backend.Value) error {
	live, err := tx.LiveOperations(resourceID)
	if err != nil {
		return err
	}
	op, ok := liveOf(live, backend.VerbDeprovision)
	if !ok || op.Attempt > 0 {
		return nil
	}
	input, err := e.vault.openOp(op.InputSealed, operationAD(op.ID, inputColumn))
	if err != nil {
		return err
	}
	input.Outputs = outputs
	if op.InputSealed, err = e.vault.sealOp(input, operationAD(op.ID, inputColumn)); err != nil {
		return err
	}
	return tx.UpdatePending(op)
}

// announce logs a recorded transition and wakes whoever waits for it.
func (e *Engine) announce(t *transition) {
	log := e.logFor(t.op)
	if !t.op.Live() {
		e.held.drop(t.op.ID)
	}
	for _, op := range t.withdrawn {
		e.held.drop(op.ID)
	}
	switch {
	case t.op.State == gateway.OperationDone && t.followUp != nil:
		e.announceKept(t)
	case t.op.State == gateway.OperationDone:
		log.Info("operation done", "state", t.res.State)
	case t.op.State == gateway.OperationCancelled:
		log.Info("operation cancelled")
	case t.op.State == gateway.OperationFailed && t.op.Verb == string(backend.VerbProvision) && t.res.Accepted:
		log.Error("an accepted order has failed, and its platform cannot be told", "event", "order.accepted_failed",
			"platform", t.res.Platform, "external_id", t.res.ExternalID, "error", t.reason, "kind", t.op.FailureKind)
	case t.op.State == gateway.OperationFailed:
		log.Error("operation failed", "error", t.reason, "kind", t.op.FailureKind)
	case t.op.WaitingFor == waitingForCredentials:
		log.Warn("operation waits for its caller's credentials", "error", t.reason)
	case t.op.Parked():
		log.Error("operation parked", "error", t.reason, "waiting_for", t.op.WaitingFor)
	case t.op.WaitingFor == waitingForBackend:
		log.Error("operation put aside", "error", t.reason)
	default:
		log.Warn("operation will be repeated", "error", t.reason, "after", t.rest)
	}
	if !t.op.Live() || t.op.Parked() {
		e.waiters.tell(t.work)
	}
	verb := backend.Verb(t.op.Verb)
	if t.op.State != gateway.OperationDone || verb == backend.VerbDeprovision || turns(verb) || t.reply != nil || t.promised || t.rotation != nil {
		// Something became due: a repeat, a removal, another call, or what waited
		// behind one.
		e.wakeAll()
	}
}

// longKept is how long a backend may keep data without being asked about it: a
// later purge is more likely a mistake in a unit than a promise.
const longKept = 366 * 24 * time.Hour

// announceKept logs a removal whose data the backend keeps. However late the
// purge is, it is not made earlier: that would break the backend's promise.
func (e *Engine) announceKept(t *transition) {
	log := e.logFor(t.op).With("state", t.res.State, "purge", t.followUp.ID, "purge_after", t.followUp.RunAt)
	if time.Until(t.followUp.RunAt) > longKept {
		log.Warn("operation done, its data is kept for more than a year")
		return
	}
	log.Info("operation done, its data is kept")
}
