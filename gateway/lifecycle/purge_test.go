package lifecycle_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// keepFor makes the backend keep the data of what is removed.
func (r *rig) keepFor(d time.Duration) time.Time {
	due := time.Now().Add(d).Truncate(time.Millisecond)
	r.world.mu.Lock()
	defer r.world.mu.Unlock()
	r.world.keep = due
	return due
}

// untilKept waits until a resource is deprovisioned and only its purge is live.
func (r *rig) untilKept(id string) gateway.Operation {
	r.t.Helper()
	eventually(r.t, id+" waits for its purge", func() bool {
		return r.resource(id).State == gateway.Deprovisioned && strings.HasSuffix(r.story(id), "deprovision:done deprovision:pending ")
	})
	ops := r.operations(id)
	return ops[len(ops)-1]
}

// hasten makes a purge due, as the passing of time would.
func (r *rig) hasten(op gateway.Operation) {
	r.t.Helper()
	rec, err := r.store.OperationRecord(context.Background(), op.ID)
	if err != nil {
		r.t.Fatal(err)
	}
	err = r.store.Update(context.Background(), func(tx lifecycle.Tx) error {
		rec.RunAt = tx.Now()
		return tx.UpdatePending(rec)
	})
	if err != nil {
		r.t.Fatal(err)
	}
}

// forgotten fails unless nothing secret is left of a resource.
func (r *rig) forgotten(id string) {
	r.t.Helper()
	got := r.resource(id)
	if got.OutputsSealed != nil || got.SecretsSealed != nil || got.StateSealed != nil || got.FirstConfigSealed != nil || got.LogTokenSealed != nil {
		r.t.Error("the tombstone keeps secrets")
	}
	if _, err := r.store.LastInput(context.Background(), id); err == nil {
		r.t.Error("an operation keeps its input")
	}
}

func TestDataThatIsKeptIsPurgedWhenItIsDue(t *testing.T) {
	r := newRig(t)
	due := r.keepFor(time.Hour)
	id := r.provision("ext-1").Resource.ID
	r.world.state = []byte(`{"kept":true}`)
	first := r.drop(id)
	purge := r.untilKept(id)
	if purge.Mode != "purge" || r.operations(id)[1].Mode != "soft" || !purge.RunAt.Equal(due) {
		t.Errorf("the purge has mode %q and is due %v, want %v", purge.Mode, purge.RunAt, due)
	}
	kept, _ := r.world.thing(id)
	if !kept.locked {
		t.Error("the thing is not locked")
	}
	res := r.resource(id)
	if res.DeletedAt.IsZero() || res.SecretsSealed == nil || res.OutputsSealed == nil || res.StateSealed == nil {
		t.Errorf("deleted at %v, secrets %t, outputs %t, state %t", res.DeletedAt, res.SecretsSealed != nil, res.OutputsSealed != nil, res.StateSealed != nil)
	}
	if res.LogTokenSealed != nil || res.FirstConfigSealed != nil {
		t.Error("it keeps what no purge needs")
	}
	d, err := r.engine.Customer(t.Context(), id)
	if err != nil || len(d.ConfigVars) != 0 || d.Resource.State != gateway.Deprovisioned {
		t.Errorf("its customer sees %s with %d config vars, %v", d.Resource.State, len(d.ConfigVars), err)
	}
	same(t, first, r.drop(id)) // a repeat is success

	r.restart()
	if n := len(r.world.callsOf(backend.VerbDeprovision)); n != 1 {
		t.Fatalf("%d calls before the purge is due, want 1", n)
	}
	deleted := r.resource(id).DeletedAt
	r.hasten(purge)
	r.until(id, gateway.Deprovisioned)
	r.forgotten(id)
	soft, last := r.world.callsOf(backend.VerbDeprovision)[0], r.world.callsOf(backend.VerbDeprovision)[1]
	if last.Mode != backend.ModePurge || last.Op.OperationID == soft.Op.OperationID || string(last.Op.State) != `{"kept":true}` ||
		last.Op.Secrets["password"] != soft.Op.Secrets["password"] || last.Op.Outputs.IsNull() || last.Op.Plan.ID != "free" {
		t.Errorf("the purge was told mode %s, state %s, plan %s", last.Mode, last.Op.State, last.Op.Plan.ID)
	}
	if things, _ := r.world.count(); things != 0 {
		t.Errorf("%d things are left", things)
	}
	if got := r.resource(id).DeletedAt; !got.Equal(deleted) {
		t.Errorf("the purge moved the time of the removal from %v to %v", deleted, got)
	}
	same(t, first, r.drop(id))
}

func TestAPurgeThatIsOverdueIsMadeAtOnce(t *testing.T) {
	r := newRig(t)
	r.keepFor(-48 * time.Hour)
	id := r.provision("ext-1").Resource.ID
	r.drop(id)
	r.until(id, gateway.Deprovisioned)
	r.forgotten(id)
	if got := r.story(id); got != "provision:done deprovision:done deprovision:done " {
		t.Errorf("operations: %s", got)
	}
}

func TestAVeryLatePurgeIsSaidAndNotMadeEarlier(t *testing.T) {
	r := newRig(t)
	var log bytes.Buffer
	r.log = slog.New(slog.NewTextHandler(&log, nil))
	r.restart()
	due := r.keepFor(3 * 365 * 24 * time.Hour)
	id := r.provision("ext-1").Resource.ID
	r.drop(id)
	if op := r.untilKept(id); !op.RunAt.Equal(due) {
		t.Errorf("the purge is due %v, want %v", op.RunAt, due)
	}
	r.crash()
	if !strings.Contains(log.String(), "kept for more than a year") {
		t.Error("the log says nothing")
	}
	r.start()
}

func TestWhatNoCustomerGotIsPurgedAtOnce(t *testing.T) {
	purgedAtOnce := func(t *testing.T, r *rig) {
		t.Helper()
		calls := r.world.callsOf(backend.VerbDeprovision)
		if len(calls) != 1 || calls[0].Mode != backend.ModePurge {
			t.Errorf("%d removals, the first with mode %q", len(calls), calls[0].Mode)
		}
		if things, _ := r.world.count(); things != 0 {
			t.Errorf("%d things are left", things)
		}
	}
	t.Run("a failed provision", func(t *testing.T) {
		r := newRig(t)
		r.keepFor(time.Hour)
		r.world.hook(nil, func(_ context.Context, call lifecycle.Call) error {
			if call.Verb == backend.VerbProvision {
				return backend.Failf(backend.Invalid, "no")
			}
			return nil
		})
		_, err := r.scoped().Provision(t.Context(), order("ext-1"))
		wantKind(t, err, gateway.Refused)
		id := r.byExternal("ext-1").ID
		r.until(id, gateway.Failed)
		purgedAtOnce(t, r)
		r.drop(id) // of what failed
		r.until(id, gateway.Deprovisioned)
	})
	t.Run("a cancelled provision", func(t *testing.T) {
		r := newRig(t)
		r.keepFor(time.Hour)
		g := newGate()
		r.world.holdAt(g, backend.VerbProvision)
		answered := make(chan error, 1)
		go func() {
			_, err := r.scoped().Provision(t.Context(), order("ext-1"))
			answered <- err
		}()
		id := (<-g.reached).Op.ResourceID
		r.drop(id)
		close(g.open)
		wantKind(t, <-answered, gateway.Gone)
		r.until(id, gateway.Deprovisioned)
		purgedAtOnce(t, r)
	})
}

func TestARemovalDuringAPlanChangeKeepsData(t *testing.T) {
	r := newRig(t)
	r.keepFor(time.Hour)
	id := r.provision("ext-1").Resource.ID
	g := newGate()
	r.world.holdAt(g, backend.VerbChangePlan)
	answered := make(chan error, 1)
	go func() {
		_, err := r.scoped().ChangePlan(t.Context(), id, "big")
		answered <- err
	}()
	<-g.reached
	r.drop(id)
	close(g.open)
	wantKind(t, <-answered, gateway.Gone)
	r.untilKept(id)
}

func TestAnOrderBesideKeptDataIsJudgedByTheDeadID(t *testing.T) {
	r := newRig(t)
	r.keepFor(time.Hour)
	old := r.provision("ext-1").Resource.ID
	r.drop(old)
	purge := r.untilKept(old)
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Gone)
	r.scope.DeadID = gateway.DeadIDReuse
	d := r.provision("ext-1")
	if d.Resource.ID == old || d.Resource.State != gateway.Active {
		t.Errorf("%s is %s, the old one was %s", d.Resource.ID, d.Resource.State, old)
	}
	r.hasten(purge)
	r.until(old, gateway.Deprovisioned)
	if _, left := r.world.thing(old); left {
		t.Error("the old thing is left")
	}
	if made, there := r.world.thing(d.Resource.ID); !there || made.locked {
		t.Error("the purge of the old one touched the new one")
	}
	same(t, d, r.provision("ext-1"))
}

func TestAPurgeIsNeverGivenUp(t *testing.T) {
	r := newRig(t)
	r.limits.MaxAttempts = 3
	r.keepFor(-time.Hour)
	id := r.provision("ext-1").Resource.ID
	r.world.hook(func(_ context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		if call.Mode == backend.ModePurge {
			return errors.New("the stream broke")
		}
		return nil
	}, nil)
	r.drop(id)
	eventually(t, "the purge is parked", func() bool {
		ops := r.operations(id)
		return len(ops) == 3 && ops[2].WaitingFor == "human"
	})
	if res := r.resource(id); res.State != gateway.Deprovisioned || res.LastError == "" || res.SecretsSealed == nil {
		t.Errorf("it is %s, last error %q", res.State, res.LastError)
	}
	r.world.hook(nil, nil)
	if err := r.engine.Retry(t.Context(), r.operations(id)[2].ID); err != nil {
		t.Fatal(err)
	}
	r.until(id, gateway.Deprovisioned)
	r.forgotten(id)
	if got := r.resource(id).LastError; got != "" {
		t.Errorf("the last error is still %q", got)
	}
}

func TestACrashAroundARemovalThatKeepsDataLosesNothing(t *testing.T) {
	for name, late := range map[string]bool{"before the backend acts": false, "after the backend acted": true} {
		for _, mode := range []backend.DeprovisionMode{backend.ModeSoft, backend.ModePurge} {
			t.Run(name+", "+string(mode), func(t *testing.T) {
				r := newRig(t)
				r.keepFor(-time.Hour)
				id := r.provision("ext-1").Resource.ID
				dead := make(chan struct{})
				var once atomic.Bool
				hit := func(call lifecycle.Call) {
					if call.Mode == mode && once.CompareAndSwap(false, true) {
						if err := r.store.Close(); err != nil {
							t.Error(err)
						}
						close(dead)
					}
				}
				if late {
					r.world.hook(nil, func(_ context.Context, call lifecycle.Call) error { hit(call); return nil })
				} else {
					r.world.hook(func(_ context.Context, call lifecycle.Call, _ func(string, []byte)) error { hit(call); return nil }, nil)
				}
				r.drop(id)
				<-dead
				r.restart()
				r.drop(id)
				r.until(id, gateway.Deprovisioned)
				r.forgotten(id)
				if got := r.story(id); got != "provision:done deprovision:done deprovision:done " {
					t.Errorf("operations: %s", got)
				}
				calls := map[backend.DeprovisionMode]int{}
				for _, c := range r.world.callsOf(backend.VerbDeprovision) {
					calls[c.Mode]++
				}
				if calls[mode] != 2 || calls[backend.ModeSoft]+calls[backend.ModePurge] != 3 {
					t.Errorf("calls: %v, want two with %s", calls, mode)
				}
			})
		}
	}
}
