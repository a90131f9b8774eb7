package lifecycle_test

import (
	"fmt"
	"testing"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// drop deprovisions and must succeed at once.
// Where a customer's logs go holds a password.
func TestALogDrainGoesWithItsResource(t *testing.T) {
	r := newRig(t)
	r.catalog.set(func(c *fakeCatalog) {
		c.render = func(res gateway.Resource, verb backend.Verb, outputs backend.Value) (gateway.Rendered, error) {
			rendered, err := renderURL(res, verb, outputs)
			rendered.LogDrainURL = "https://user:password@logs.example"
			return rendered, err
		}
	})
	g := newGate()
	r.world.holdAt(g, backend.VerbDeprovision)
	d := r.provision("ext-1")
	if d.LogDrainURL == "" {
		t.Error("there is no log drain")
	}
	for range 2 { // and a repeat
		if d := r.drop(d.Resource.ID); d.LogDrainURL != "" || len(d.ConfigVars) != 0 {
			t.Errorf("a removal is answered with the log drain %q and %d config vars", d.LogDrainURL, len(d.ConfigVars))
		}
	}
	close(g.open)
	r.until(d.Resource.ID, gateway.Deprovisioned)
	if d, err := r.engine.Customer(t.Context(), d.Resource.ID); err != nil || d.LogDrainURL != "" || len(d.ConfigVars) != 0 {
		t.Errorf("the tombstone has the log drain %q and %d config vars, %v", d.LogDrainURL, len(d.ConfigVars), err)
	}
}

func (r *rig) drop(id string) gateway.Delivery {
	r.t.Helper()
	d, err := r.scoped().Deprovision(r.t.Context(), id)
	if err != nil {
		r.t.Fatalf("deprovision %s: %v", id, err)
	}
	return d
}

func TestARemovalAnswersAtOnceAndLeavesNoSecret(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	g := newGate()
	r.world.holdAt(g, backend.VerbDeprovision)
	first := r.drop(id)
	if first.Resource.State != gateway.Deprovisioning || first.Message != "deprovision: free" || len(first.ConfigVars) != 0 {
		t.Errorf("answered %s, %q, %d config vars", first.Resource.State, first.Message, len(first.ConfigVars))
	}
	call := <-g.reached
	if call.Mode != backend.ModeSoft || call.Op.Outputs.IsNull() || call.Op.Secrets["password"] == "" {
		t.Errorf("told mode %q, outputs %t", call.Mode, !call.Op.Outputs.IsNull())
	}
	same(t, first, r.drop(id))
	close(g.open)
	r.until(id, gateway.Deprovisioned)
	same(t, first, r.drop(id))
	if things, _ := r.world.count(); things != 0 {
		t.Errorf("%d things are left", things)
	}
	got := r.resource(id)
	if got.DeletedAt.IsZero() || got.OutputsSealed != nil || got.SecretsSealed != nil || got.StateSealed != nil || got.FirstConfigSealed != nil || got.LogTokenSealed != nil {
		t.Errorf("the tombstone keeps secrets, deleted at %v", got.DeletedAt)
	}
	if _, err := r.store.LastInput(t.Context(), id); err == nil {
		t.Error("an operation keeps its input")
	}
	if res, err := r.scoped().Resource(t.Context(), id); err != nil || res.State != gateway.Deprovisioned {
		t.Errorf("read back as %s, %v", res.State, err)
	}
	if n := len(r.world.callsOf(backend.VerbDeprovision)); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

func TestARemovalDuringAProvisionGetsWhatItMade(t *testing.T) {
	r := newRig(t)
	r.world.state = []byte(`{"made":true}`)
	g := newGate()
	r.world.holdAt(g, backend.VerbProvision)
	answered := make(chan error, 1)
	go func() {
		_, err := r.scoped().Provision(t.Context(), order("ext-1"))
		answered <- err
	}()
	id := (<-g.reached).Op.ResourceID
	if d := r.drop(id); d.Resource.State != gateway.Deprovisioning {
		t.Errorf("answered %s", d.Resource.State)
	}
	if n := len(r.world.callsOf(backend.VerbDeprovision)); n != 0 {
		t.Fatal("the removal did not wait for the running call")
	}
	close(g.open)
	wantKind(t, <-answered, gateway.Gone)
	r.until(id, gateway.Deprovisioned)
	if got := r.story(id); got != "provision:cancelled deprovision:done " {
		t.Errorf("operations: %s", got)
	}
	call := r.world.callsOf(backend.VerbDeprovision)[0]
	if call.Op.Outputs.IsNull() || string(call.Op.State) != `{"made":true}` {
		t.Errorf("the removal was told outputs: %t, state %s", !call.Op.Outputs.IsNull(), call.Op.State)
	}
	if things, made := r.world.count(); things != 0 || made != 1 {
		t.Errorf("%d things of %d are left", things, made)
	}
}

func TestARemovalCancelsWhatWaits(t *testing.T) {
	r := newRig(t)
	r.limits.Concurrency = 1
	g := newGate()
	r.world.holdAt(g, backend.VerbProvision)
	answers := make(chan error, 2)
	ask := func(id string) {
		_, err := r.scoped().Provision(t.Context(), order(id))
		answers <- err
	}
	go ask("ext-1")
	<-g.reached
	go ask("ext-2")
	eventually(t, "the second order is recorded", func() bool {
		_, err := r.store.ResourceByExternalID(t.Context(), platformName, addonName, "ext-2")
		return err == nil
	})
	second := r.byExternal("ext-2").ID
	r.drop(second)
	wantKind(t, <-answers, gateway.Gone)
	r.until(second, gateway.Deprovisioned) // although the only slot for orders is taken
	if got := r.story(second); got != "provision:cancelled deprovision:done " {
		t.Errorf("operations: %s", got)
	}
	close(g.open)
	if err := <-answers; err != nil {
		t.Errorf("the first order: %v", err)
	}
}

func TestARemovalDuringAPlanChangeComesAfterIt(t *testing.T) {
	r := newRig(t)
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
	r.until(id, gateway.Deprovisioned)
	if got := r.story(id); got != "provision:done change_plan:cancelled deprovision:done " {
		t.Errorf("operations: %s", got)
	}
}

func TestRemovalsNeverTakeTheSlotsOfOrders(t *testing.T) {
	r := newRig(t)
	r.limits.Concurrency = 2
	g := newGate()
	var ids []string
	for i := range 4 {
		ids = append(ids, r.provision(fmt.Sprint("ext-", i)).Resource.ID)
	}
	r.world.holdAt(g, backend.VerbDeprovision)
	for _, id := range ids {
		r.drop(id)
	}
	<-g.reached
	for i := range 3 {
		r.provision(fmt.Sprint("new-", i))
	}
	close(g.open)
	for _, id := range ids {
		r.until(id, gateway.Deprovisioned)
	}
}

func TestAFailedRemovalIsRepeatedThenParked(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	r.limits.MaxAttempts = 3
	r.world.fail(backend.VerbDeprovision, backend.Failf(backend.Retryable, "the server is down"))
	r.drop(id)
	eventually(t, "the removal is parked", func() bool { return r.operations(id)[1].WaitingFor == "human" })
	op := r.operations(id)[1]
	if op.Attempt != 3 || !op.RunAt.IsZero() || op.State != gateway.OperationPending {
		t.Errorf("parked as %+v", op)
	}
	if got := r.resource(id); got.State != gateway.Deprovisioning || got.LastError != "RETRYABLE: the server is down" {
		t.Errorf("%s, last error %q", got.State, got.LastError)
	}
	r.world.hook(nil, nil)
	if err := r.engine.Retry(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	r.until(id, gateway.Deprovisioned)
}

func TestARemovalThatIsRefusedIsParkedAtOnce(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	r.world.fail(backend.VerbDeprovision, backend.Failf(backend.Conflict, "not ours"))
	r.drop(id)
	eventually(t, "the removal is parked", func() bool { return r.operations(id)[1].WaitingFor == "human" })
	if n := len(r.world.callsOf(backend.VerbDeprovision)); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

func TestWhatIsGoneAlreadyIsRemoved(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	r.world.fail(backend.VerbDeprovision, backend.Failf(backend.NotFound, "no such database"))
	r.drop(id)
	r.until(id, gateway.Deprovisioned)
}

func TestACustomerCanLeaveWhateverBecameOfTheConfiguration(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	r.catalog.set(func(c *fakeCatalog) {
		c.opErr = gateway.Errorf(gateway.Refused, "this plan is not offered any more")
		c.render = func(gateway.Resource, backend.Verb, backend.Value) (gateway.Rendered, error) {
			return gateway.Rendered{}, gateway.Errorf(gateway.Internal, "no such template")
		}
	})
	r.drop(id)
	r.until(id, gateway.Deprovisioned)
	call := r.world.callsOf(backend.VerbDeprovision)[0]
	if call.Op.Plan.ID != "free" || call.Op.Outputs.IsNull() || call.Op.OperationID == r.world.callsOf(backend.VerbProvision)[0].Op.OperationID {
		t.Errorf("told plan %q, outputs %t", call.Op.Plan.ID, !call.Op.Outputs.IsNull())
	}
}

// A store that cannot be read for a moment is no final word to a platform.
func TestARemovalWhoseEarlierInputCannotBeReadIsToBeRepeated(t *testing.T) {
	r := newRig(t)
	s := r.onCountingStore()
	id := r.provision("ext-1").Resource.ID
	r.catalog.set(func(c *fakeCatalog) { c.opErr = gateway.Errorf(gateway.Refused, "this plan is not offered any more") })
	s.broken.Store(true)
	_, err := r.scoped().Deprovision(t.Context(), id)
	wantKind(t, err, gateway.Unavailable)
	s.broken.Store(false)
	r.drop(id)
	r.until(id, gateway.Deprovisioned)
}

func TestAnUnknownResourceCannotBeRemoved(t *testing.T) {
	r := newRig(t)
	_, err := r.scoped().Deprovision(t.Context(), "res_unknown")
	wantKind(t, err, gateway.NotFound)
}

var _ lifecycle.Backend = (*world)(nil)
