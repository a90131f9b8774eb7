package lifecycle_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

const unpaid = "The invoice is open."

func (r *rig) suspend(id string) gateway.Delivery {
	r.t.Helper()
	d, err := r.scoped().Suspend(context.Background(), id, unpaid)
	if err != nil {
		r.t.Fatalf("suspend: %v", err)
	}
	return d
}

func (r *rig) resume(id string) gateway.Delivery {
	r.t.Helper()
	d, err := r.scoped().Resume(context.Background(), id)
	if err != nil {
		r.t.Fatalf("resume: %v", err)
	}
	return d
}

// suspended reports whether the world has locked the customer out.
func (r *rig) suspended(id string) bool {
	found, _ := r.world.thing(id)
	return found.suspended
}

func TestASuspensionIsRecordedTheBackendFollowsAndAResumeUndoesIt(t *testing.T) {
	r := newRig(t)
	first := r.provision("ext-1")
	id := first.Resource.ID
	d := r.suspend(id)
	if d.Resource.State != gateway.Suspended || d.Resource.Reason != unpaid || d.Message != "suspend: free" || !r.suspended(id) {
		t.Errorf("it is %s because %q, message %q; locked out: %t", d.Resource.State, d.Resource.Reason, d.Message, r.suspended(id))
	}
	call := r.world.callsOf(backend.VerbSuspend)[0]
	if call.Reason != unpaid || call.Op.Outputs.IsNull() || call.Op.Secrets["password"] == "" || call.Op.OperationID == "" {
		t.Errorf("the backend was told %q and %+v", call.Reason, call.Op)
	}
	same(t, first, r.provision("ext-1")) // the stored answer
	d = r.resume(id)
	if d.Resource.State != gateway.Active || d.Resource.Reason != "" || d.Message != "resume: free" || r.suspended(id) {
		t.Errorf("it is %s because %q, message %q; locked out: %t", d.Resource.State, d.Resource.Reason, d.Message, r.suspended(id))
	}
	if len(vars(d)) != 1 || d.Resource.ConfigRev != 1 {
		t.Errorf("revision %d of %d config vars", d.Resource.ConfigRev, len(vars(d)))
	}
	if got := r.story(id); got != "provision:done suspend:done resume:done " {
		t.Errorf("operations: %s", got)
	}
}

func TestARepeatedSuspensionIsSuccessWithoutAnOperationAndKeepsTheFirstReason(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	if d := r.resume(id); d.Message != "" {
		t.Errorf("a resume of what was never suspended says %q", d.Message)
	}
	first := r.suspend(id)
	again, err := r.scoped().Suspend(t.Context(), id, "Another reason.")
	if err != nil || again.Resource.Reason != unpaid {
		t.Errorf("the reason is %q, %v", again.Resource.Reason, err)
	}
	same(t, first, again)
	r.resume(id)
	r.resume(id)
	if got := r.story(id); got != "provision:done suspend:done resume:done " {
		t.Errorf("operations: %s", got)
	}
}

func TestASuspensionIsSuccessBeforeTheBackendHasFollowed(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	g := newGate()
	r.world.holdAt(g, backend.VerbSuspend)
	r.scope.Budget = time.Millisecond
	if d := r.suspend(id); d.Resource.State != gateway.Suspended || d.Message != "suspend: free" {
		t.Errorf("it is %s, %q", d.Resource.State, d.Message)
	}
	<-g.reached
	r.suspend(id) // a repeat while the first one runs
	close(g.open)
	r.until(id, gateway.Suspended)
	if got := r.story(id); got != "provision:done suspend:done " || !r.suspended(id) {
		t.Errorf("operations: %s; locked out: %t", got, r.suspended(id))
	}
}

func TestAResumeQueuesBehindASuspensionThatRuns(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	g := newGate()
	r.world.holdAt(g, backend.VerbSuspend)
	r.scope.Budget = time.Millisecond
	r.suspend(id)
	<-g.reached
	r.resume(id)
	r.suspend(id)
	r.resume(id)
	if got := r.story(id); got != "provision:done suspend:running resume:pending suspend:pending resume:pending " {
		t.Errorf("operations: %s", got)
	}
	close(g.open)
	r.restedAs(id, "provision:done suspend:done resume:done suspend:done resume:done ")
	if row := r.resource(id); row.State != gateway.Active || r.suspended(id) {
		t.Errorf("it is %s, locked out: %t", row.State, r.suspended(id))
	}
}

func TestAPlanChangeWaitsForAResumeThatRuns(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	r.suspend(id)
	g := newGate()
	r.world.holdAt(g, backend.VerbResume)
	impatient := r.scope
	impatient.Budget = time.Millisecond
	if _, err := r.engine.For(impatient).Resume(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	<-g.reached
	_, err := r.engine.For(impatient).ChangePlan(t.Context(), id, "big")
	var told *gateway.Error
	if !errors.As(err, &told) || told.Kind != gateway.Unavailable || told.RetryAfter == 0 {
		t.Errorf("with a small budget: %v", err)
	}
	if got := r.story(id); got != "provision:done suspend:done resume:running " {
		t.Errorf("operations: %s", got)
	}
	var group sync.WaitGroup
	group.Go(func() {
		if d, err := r.scoped().ChangePlan(context.Background(), id, "big"); err != nil || d.Resource.Plan != "big" {
			t.Errorf("plan %s, %v", d.Resource.Plan, err)
		}
	})
	close(g.open)
	group.Wait()
	if found, _ := r.world.thing(id); found.suspended || found.plan != "big" {
		t.Errorf("the world has %+v", found)
	}
}

func TestASuspensionWaitsForWhatIsBeingMadeOrChanged(t *testing.T) {
	for _, verb := range []backend.Verb{backend.VerbProvision, backend.VerbChangePlan} {
		t.Run(string(verb), func(t *testing.T) {
			r := newRig(t)
			g := newGate()
			r.world.holdAt(g, verb)
			var group sync.WaitGroup
			group.Go(func() {
				d, err := r.scoped().Provision(context.Background(), order("ext-1"))
				if err == nil && verb == backend.VerbChangePlan {
					_, err = r.scoped().ChangePlan(context.Background(), d.Resource.ID, "big")
				}
				if err != nil {
					t.Error(err)
				}
			})
			id := (<-g.reached).Op.ResourceID
			impatient := r.scope
			impatient.Budget = time.Millisecond
			_, err := r.engine.For(impatient).Suspend(t.Context(), id, unpaid)
			var told *gateway.Error
			if !errors.As(err, &told) || told.Kind != gateway.Unavailable || told.RetryAfter == 0 {
				t.Errorf("with a small budget: %v", err)
			}
			if _, err := r.engine.For(impatient).Resume(t.Context(), id); err != nil {
				t.Errorf("a resume of what is not suspended: %v", err)
			}
			group.Go(func() { r.suspend(id) })
			close(g.open)
			group.Wait()
			if row := r.resource(id); row.State != gateway.Suspended || !r.suspended(id) {
				t.Errorf("it is %s, locked out: %t", row.State, r.suspended(id))
			}
		})
	}
}

func TestWhatIsNotThereCannotBeSuspended(t *testing.T) {
	r := newRig(t)
	_, err := r.scoped().Suspend(t.Context(), "res_unknown", unpaid)
	wantKind(t, err, gateway.NotFound)
	id := r.provision("ext-1").Resource.ID
	if _, err := r.scoped().Deprovision(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	r.until(id, gateway.Deprovisioned)
	_, err = r.scoped().Suspend(t.Context(), id, unpaid)
	wantKind(t, err, gateway.Gone)
	_, err = r.scoped().Resume(t.Context(), id)
	wantKind(t, err, gateway.Gone)

	r.world.fail(backend.VerbProvision, backend.Failf(backend.Invalid, "no"))
	_, err = r.scoped().Provision(t.Context(), order("ext-2"))
	wantKind(t, err, gateway.Refused)
	failed := r.byExternal("ext-2").ID
	_, err = r.scoped().Suspend(t.Context(), failed, unpaid) // behind the clean-up
	wantKind(t, err, gateway.Conflict)
	_, err = r.scoped().Resume(t.Context(), failed)
	wantKind(t, err, gateway.Conflict)
}

func TestAPlanChangeOfASuspendedResourceIsRefused(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	r.suspend(id)
	_, err := r.scoped().ChangePlan(t.Context(), id, "big")
	wantKind(t, err, gateway.Refused)
	if got := gateway.Message(err); got != "The service is suspended; its plan can be changed once it is resumed." {
		t.Errorf("the customer reads %q", got)
	}
	if d, err := r.scoped().ChangePlan(t.Context(), id, "free"); err != nil || d.Resource.Plan != "free" || d.Resource.State != gateway.Suspended {
		t.Errorf("the plan that it has: %s, %v", d.Resource.Plan, err)
	}
	if got := r.story(id); got != "provision:done suspend:done " {
		t.Errorf("operations: %s", got)
	}
}

func TestASuspendedResourceIsRemovedSoftly(t *testing.T) {
	for name, held := range map[string]bool{"at rest": false, "while the backend is at it": true} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.world.keep = time.Now().Add(time.Hour)
			id := r.provision("ext-1").Resource.ID
			g := newGate()
			if held {
				r.world.holdAt(g, backend.VerbSuspend)
				r.scope.Budget = time.Millisecond
			}
			r.suspend(id)
			if held {
				<-g.reached
				r.resume(id)
			}
			if _, err := r.scoped().Deprovision(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			close(g.open)
			eventually(t, "it is gone", func() bool { return r.resource(id).State == gateway.Deprovisioned })
			found, kept := r.world.thing(id)
			if !kept || !found.locked || r.resource(id).Reason != "" {
				t.Errorf("kept: %t, %+v", kept, found)
			}
			want := "provision:done suspend:done deprovision:done deprovision:pending "
			if held {
				want = "provision:done suspend:cancelled resume:cancelled deprovision:done deprovision:pending "
			}
			if got := r.story(id); got != want {
				t.Errorf("operations: %s", got)
			}
			call := r.world.callsOf(backend.VerbDeprovision)[0]
			if call.Op.Outputs.IsNull() {
				t.Error("the removal was told no outputs")
			}
		})
	}
}
