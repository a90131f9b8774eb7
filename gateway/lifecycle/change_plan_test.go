package lifecycle_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

func TestAPlanChangeKeepsTheGeneratedSecrets(t *testing.T) {
	r := newRig(t)
	before := r.provision("ext-1").Resource
	was, _ := r.world.thing(before.ID)
	r.catalog.set(func(c *fakeCatalog) { c.extra = []gateway.Generated{{Name: "token", Length: 20}} })
	d, err := r.scoped().ChangePlan(t.Context(), before.ID, "big")
	if err != nil {
		t.Fatal(err)
	}
	if d.Resource.Plan != "big" || d.Resource.DesiredPlan != "" || d.Resource.State != gateway.Active || d.Resource.ConfigRev != 2 {
		t.Errorf("the resource is %+v", d.Resource)
	}
	is, _ := r.world.thing(before.ID)
	if is.plan != "big" || is.password != was.password {
		t.Errorf("the world has plan %s, same password: %t", is.plan, is.password == was.password)
	}
	if d.Message != "change_plan: big" || len(vars(d)) != 1 {
		t.Errorf("message %q", d.Message)
	}
	call := r.world.callsOf(backend.VerbChangePlan)[0]
	if call.OldPlan.ID != "free" || call.Op.Plan.ID != "big" || len(call.Op.Secrets["token"]) != 20 {
		t.Errorf("told %s to %s, with a token of %d", call.OldPlan.ID, call.Op.Plan.ID, len(call.Op.Secrets["token"]))
	}
	if got := call.Op.Config.Cty().GetAttr("made_for").AsString(); got != "free" {
		t.Errorf("a force_new attribute became %q", got)
	}
	if !call.Op.Outputs.Cty().GetAttr("password").HasMark(backend.Sensitive) {
		t.Error("the generated output lost its mark")
	}
}

func TestTheSamePlanAgainIsSuccessWithoutAnOperation(t *testing.T) {
	r := newRig(t)
	d := r.provision("ext-1")
	again, err := r.scoped().ChangePlan(t.Context(), d.Resource.ID, "free")
	if err != nil || vars(again)["ACME_DB_URL"] != vars(d)["ACME_DB_URL"] {
		t.Errorf("another answer, %v", err)
	}
	if got := r.story(d.Resource.ID); got != "provision:done " {
		t.Errorf("operations: %s", got)
	}
}

func TestAPlanThatIsNotOfferedIsRefusedBeforeAnything(t *testing.T) {
	r := newRig(t)
	d := r.provision("ext-1")
	_, err := r.scoped().ChangePlan(t.Context(), d.Resource.ID, "gold")
	wantKind(t, err, gateway.Refused)
	if got := r.story(d.Resource.ID); got != "provision:done " {
		t.Errorf("operations: %s", got)
	}
}

func TestARefusedPlanChangeLeavesTheOldPlan(t *testing.T) {
	for class, kind := range map[backend.Class]gateway.Kind{
		backend.Unsupported: gateway.Unsupported, backend.Invalid: gateway.Refused,
		backend.Quota: gateway.Quota, backend.Conflict: gateway.Internal, backend.NotFound: gateway.Refused,
	} {
		t.Run(string(class), func(t *testing.T) {
			r := newRig(t)
			before := r.provision("ext-1")
			r.world.fail(backend.VerbChangePlan, backend.Failf(class, "no, says the server"))
			_, err := r.scoped().ChangePlan(t.Context(), before.Resource.ID, "big")
			wantKind(t, err, kind)
			if gateway.Message(err) == "" || errorsContain(gateway.Message(err), "says the server") {
				t.Errorf("the customer reads %q", gateway.Message(err))
			}
			got := r.resource(before.Resource.ID)
			if got.State != gateway.Active || got.Plan != "free" || got.DesiredPlan != "" || got.LastError != string(class)+": no, says the server" {
				t.Errorf("%s on %s to %q, last error %q", got.State, got.Plan, got.DesiredPlan, got.LastError)
			}
			same(t, before, r.provision("ext-1"))

			r.world.hook(nil, nil)
			if d, err := r.scoped().ChangePlan(t.Context(), before.Resource.ID, "big"); err != nil || d.Resource.Plan != "big" || d.Resource.LastError != "" {
				t.Errorf("the repeat: %s, %v", d.Resource.Plan, err)
			}
		})
	}
}

func TestWhileAPlanChangeRunsOnlyTheSameChangeIsWaitedFor(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	g := newGate()
	r.world.holdAt(g, backend.VerbChangePlan)
	var group sync.WaitGroup
	for range 5 {
		group.Go(func() {
			if d, err := r.scoped().ChangePlan(t.Context(), id, "big"); err != nil || d.Resource.Plan != "big" {
				t.Errorf("plan %s, %v", d.Resource.Plan, err)
			}
		})
	}
	<-g.reached
	_, err := r.scoped().ChangePlan(t.Context(), id, "huge")
	wantKind(t, err, gateway.Busy)
	_, err = r.scoped().ChangePlan(t.Context(), id, "free")
	wantKind(t, err, gateway.Busy)
	if d, err := r.scoped().Provision(t.Context(), order("ext-1")); err != nil || len(vars(d)) != 1 {
		t.Errorf("a repeated order during the change: %v", err)
	}
	close(g.open)
	group.Wait()
	if got := r.story(id); got != "provision:done change_plan:done " {
		t.Errorf("operations: %s", got)
	}
}

func TestAPlanChangeIsBusyWhileTheResourceIsBeingMade(t *testing.T) {
	r := newRig(t)
	g := newGate()
	r.world.holdAt(g, backend.VerbProvision)
	r.scope.Budget = 1
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	id := (<-g.reached).Op.ResourceID
	_, err = r.scoped().ChangePlan(t.Context(), id, "big")
	wantKind(t, err, gateway.Busy)
	close(g.open)
	r.until(id, gateway.Active)
}

func TestAPlanChangeWithAnUnknownOutcomeIsNeverAFailure(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	r.limits.MaxAttempts = 3
	r.world.hook(nil, func(_ context.Context, call lifecycle.Call) error {
		if call.Verb == backend.VerbChangePlan {
			return errors.New("the stream broke")
		}
		return nil
	})
	_, err := r.scoped().ChangePlan(t.Context(), id, "big")
	wantKind(t, err, gateway.Unavailable)
	op := r.operations(id)[1]
	if op.State != gateway.OperationPending || op.WaitingFor != "human" || !op.RunAt.IsZero() || op.Attempt != 3 {
		t.Fatalf("the operation is %+v, want parked", op)
	}
	if got := r.resource(id); got.State != gateway.Updating || got.DesiredPlan != "big" || got.Plan != "free" {
		t.Errorf("the resource is %s from %s to %s", got.State, got.Plan, got.DesiredPlan)
	}
	_, err = r.scoped().ChangePlan(t.Context(), id, "big")
	wantKind(t, err, gateway.Unavailable)

	r.world.hook(nil, nil)
	if err := r.engine.Retry(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	r.until(id, gateway.Active)
	if got := r.resource(id); got.Plan != "big" || got.LastError != "" {
		t.Errorf("after the retry: plan %s, last error %q", got.Plan, got.LastError)
	}
	wantKind(t, r.engine.Retry(t.Context(), op.ID), gateway.Conflict)
	wantKind(t, r.engine.Retry(t.Context(), "op_unknown"), gateway.NotFound)
}

func TestThePlanOfWhatIsGoneCannotBeChanged(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	if _, err := r.scoped().Deprovision(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	_, err := r.scoped().ChangePlan(t.Context(), id, "big")
	wantKind(t, err, gateway.Gone)
	r.until(id, gateway.Deprovisioned)
	_, err = r.scoped().ChangePlan(t.Context(), id, "big")
	wantKind(t, err, gateway.Gone)
}
