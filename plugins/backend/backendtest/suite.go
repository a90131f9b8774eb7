package backendtest

import (
	"bytes"
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// Run checks that s keeps the contract. Each check is a subtest named by what it
// demands; they run one after the other.
func Run(t *testing.T, s Subject) {
	b := newBench(t, s, s.open(t))
	t.Run("describes itself consistently", b.testDescription)
	t.Run("accepts its configuration with unknown secrets", b.testValidation)
	b.configure(t)
	t.Run("is healthy", b.testHealth)
	if len(s.OldStates) > 0 {
		t.Run("states of earlier versions are upgraded", b.testOldStates)
	}
	if s.Actions != nil {
		b.testActions(t)
	}
	if b.actionsOnly {
		return
	}
	t.Run("a repeated provision has the same outputs", b.testProvision)
	t.Run("a repeated soft deprovision keeps its promise", b.testSoft)
	t.Run("a deprovision without a soft one before it leaves nothing", b.testPurge)
	t.Run("an unknown resource is absent", b.testUnknown)
	t.Run("a half-made resource can be deprovisioned", b.testHalfMade)
	if s.ChangeTo != nil {
		t.Run("a repeated plan change has the same outputs", b.testChangePlan)
	}
	if b.turns = b.suspends(t); b.turns {
		t.Run("a suspended resource is resumed with the same outputs", b.testSuspend)
		t.Run("a resource that was never suspended can be resumed", b.testResume)
		t.Run("a suspended resource can be deprovisioned", b.testSuspendedGone)
	}
	if b.renews = b.rotates(t); b.renews {
		b.testRotations(t)
	}
	b.testInterruptions(t, b.verbs())
}

func (b *bench) testInterruptions(t *testing.T, list []interruptible) {
	for _, v := range list {
		t.Run("a call of "+v.name+" that was cut off is finished by its repeat", func(t *testing.T) { b.testCutOff(t, v) })
		t.Run("a call of "+v.name+" ends soon after its context", func(t *testing.T) { b.testEnds(t, v) })
	}
}

// cmpCty lets cmp compare what holds cty values and types.
func cmpCty() cmp.Options {
	return cmp.Options{
		cmp.Comparer(func(a, b cty.Type) bool { return a == b || a != cty.NilType && b != cty.NilType && a.Equals(b) }),
		cmp.Comparer(func(a, b cty.Value) bool { return a == b || a != cty.NilVal && b != cty.NilVal && a.RawEquals(b) }),
	}
}

func (b *bench) testDescription(t *testing.T) {
	if err := b.description.Check(); err != nil {
		t.Errorf("Describe: %v", err)
	}
	second, err := b.remote.Describe(t.Context(), backend.DescribeRequest{HostVersion: "9.9.9"})
	if err != nil {
		t.Fatalf("Describe: %v", err)
	}
	if diff := cmp.Diff(b.description, second, cmpCty()); diff != "" {
		t.Errorf("a second Describe differs (-first +second):\n%s", diff)
	}
	if !b.actionsOnly && b.can(backend.CanChangePlan) != (b.ChangeTo != nil) {
		t.Errorf("capability %s is %v; Subject.ChangeTo must agree", backend.CanChangePlan, b.can(backend.CanChangePlan))
	}
	if b.Program != "" {
		return // what else it can do shows when it is called
	}
	if _, able := b.Backend.(backend.Suspender); able != b.can(backend.CanSuspend) {
		t.Fatalf("capability %s is %v; that the backend is a Suspender must agree", backend.CanSuspend, b.can(backend.CanSuspend))
	}
	if _, able := b.Backend.(backend.Rotator); able != b.can(backend.CanRotate) {
		t.Fatalf("capability %s is %v; that the backend is a Rotator must agree", backend.CanRotate, b.can(backend.CanRotate))
	}
	if _, able := b.Backend.(backend.StateUpgrader); able != b.can(backend.CanUpgradeState) {
		t.Fatalf("capability %s is %v; that the backend is a StateUpgrader must agree", backend.CanUpgradeState, b.can(backend.CanUpgradeState))
	}
}

func (b *bench) testValidation(t *testing.T) {
	// Paths of secrets stay, their values go.
	unknown, err := cty.Transform(unmarkedConfig(b), func(path cty.Path, v cty.Value) (cty.Value, error) {
		if b.secretAt(path) {
			return cty.UnknownVal(v.Type()).Mark(backend.Sensitive), nil
		}
		return v, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for what, config := range map[string]backend.Value{"whole": b.Config, "without secrets": backend.NewValue(unknown)} {
		resp, err := b.remote.ValidateConfig(t.Context(), backend.ValidateConfigRequest{Config: config})
		if err != nil {
			t.Fatalf("ValidateConfig, %s: %v", what, err)
		}
		if resp.Diagnostics.HasErrors() {
			t.Errorf("ValidateConfig, %s: %+v", what, resp.Diagnostics)
		}
		if err := resp.Check(); err != nil {
			t.Errorf("ValidateConfig, %s: %v", what, err)
		}
		plan := b.Op(t).Plan
		planResp, err := b.remote.ValidatePlan(t.Context(), backend.ValidatePlanRequest{Config: config, Plan: plan})
		if err != nil || planResp.Diagnostics.HasErrors() {
			t.Errorf("ValidatePlan, %s: %v %+v", what, err, planResp.Diagnostics)
		}
	}
}

func unmarkedConfig(b *bench) cty.Value {
	v, _ := b.Config.Cty().UnmarkDeep()
	return v
}

// secretAt reports whether the config block's value at path is marked.
func (b *bench) secretAt(path cty.Path) bool {
	_, marks := b.Config.Cty().UnmarkDeepWithPaths()
	for _, m := range marks {
		if _, marked := m.Marks[backend.Sensitive]; marked && m.Path.Equals(path) {
			return true
		}
	}
	return false
}

// testOldStates looks for states that are the same at every repeat, because the
// gateway asks again where no call has returned a newer one.
func (b *bench) testOldStates(t *testing.T) {
	upgrader, ok := b.remote.(backend.StateUpgrader)
	if !ok || !b.can(backend.CanUpgradeState) {
		t.Fatalf("there are Subject.OldStates, and no capability %s", backend.CanUpgradeState)
	}
	for _, old := range b.OldStates {
		first, err := upgrader.UpgradeState(t.Context(), old)
		if err != nil || len(first.State) == 0 {
			t.Errorf("UpgradeState of %s, version %d: %q %v", old.State, old.Version, first.State, err)
			continue
		}
		if again, err := upgrader.UpgradeState(t.Context(), old); err != nil || !bytes.Equal(first.State, again.State) {
			t.Errorf("UpgradeState of %s, version %d, repeated: %s and then %s, %v", old.State, old.Version, first.State, again.State, err)
		}
	}
}

func (b *bench) testHealth(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	health, err := b.remote.Health(ctx, backend.HealthRequest{})
	if err != nil || !health.OK {
		t.Errorf("Health: %+v %v", health, err)
	}
}

func (b *bench) testProvision(t *testing.T) {
	op := b.op(t)
	defer b.remove(t, op)
	first := b.must(t, "Provision", b.provision, op)
	outputs := b.checked(t, "Provision", first.Outputs)
	b.measured(t, "Provision", outputs)

	second := b.must(t, "Provision, repeated", b.provision, again(op, first.State))
	b.same(t, "Provision, repeated", outputs, b.checked(t, "Provision, repeated", second.Outputs))

	// A crash may lose every checkpoint and the result.
	third := b.must(t, "Provision, repeated without state", b.provision, again(op, nil))
	b.same(t, "Provision, repeated without state", outputs, b.checked(t, "Provision, repeated without state", third.Outputs))

	if b.can(backend.CanRead) {
		b.read(t, next(op, third), outputs)
	}
}

// readTime is how long the gateway waits for measured outputs.
const readTime = 2 * time.Second

func (b *bench) read(t *testing.T, op backend.Op, want cty.Value) {
	t.Helper()
	op.OperationID = ""
	ctx, cancel := context.WithTimeout(t.Context(), readTime)
	defer cancel()
	for range 2 { // the second time it has not been changed by the first
		found, err := b.remote.Read(ctx, backend.ReadRequest{Op: op})
		if err != nil {
			t.Fatalf("Read, within %v: %v", readTime, err)
		}
		outputs := b.checked(t, "Read", found.Outputs)
		b.same(t, "Read", want, outputs)
		b.measured(t, "Read", outputs)
		if len(found.Drift) > 0 {
			t.Errorf("Read: a new resource differs from its plan: %q", found.Drift)
		}
		for _, sentence := range found.Drift {
			b.lookForSecrets(t, "Read", op, []said{{"ReadResponse.Drift", sentence}})
		}
	}
}

// measured fails the test when an output that rules depend on has no value.
func (b *bench) measured(t *testing.T, what string, outputs cty.Value) {
	t.Helper()
	bare, _ := outputs.UnmarkDeep()
	for _, a := range b.outputs.Attributes {
		if a.Measured && bare.GetAttr(a.Name).IsNull() {
			t.Errorf("%s: measured output %s is null", what, a.Name)
		}
	}
}

// testSoft also checks that a repeat of the removal itself is harmless.
func (b *bench) testSoft(t *testing.T) {
	op := b.op(t)
	gone := next(op, b.must(t, "Provision", b.provision, op))
	soft := b.must(t, "Deprovision, soft", b.soft, gone)
	b.keeps = !soft.PurgeAfter.IsZero()
	second := b.must(t, "Deprovision, soft, repeated", b.soft, again(gone, soft.State))
	third := b.must(t, "Deprovision, soft, repeated without state", b.soft, again(gone, nil))
	for _, repeat := range []backend.Result{second, third} {
		if !repeat.PurgeAfter.Equal(soft.PurgeAfter) {
			t.Errorf("Deprovision, soft, repeated: PurgeAfter is %v and was %v", repeat.PurgeAfter, soft.PurgeAfter)
		}
	}
	b.mustBeAbsent(t, gone) // for everybody but the purge

	kept := next(gone, soft)
	purged := b.must(t, "Deprovision, purge", b.purge, kept)
	if !purged.PurgeAfter.IsZero() {
		t.Errorf("Deprovision, purge: PurgeAfter is %v; nothing may be left", purged.PurgeAfter)
	}
	b.must(t, "Deprovision, purge, repeated", b.purge, again(kept, purged.State))
	b.must(t, "Deprovision, purge, repeated without state", b.purge, again(kept, nil))
	b.mustBeAbsent(t, gone)
}

func (b *bench) testPurge(t *testing.T) {
	op := b.op(t)
	gone := next(op, b.must(t, "Provision", b.provision, op))
	purged := b.must(t, "Deprovision, purge", b.purge, gone)
	b.must(t, "Deprovision, purge, repeated", b.purge, again(gone, purged.State))
	b.must(t, "Deprovision, purge, repeated without state", b.purge, again(gone, nil))
	b.mustBeAbsent(t, gone)
}

func (b *bench) testUnknown(t *testing.T) {
	op := b.op(t)
	b.mustBeAbsent(t, op)
	b.must(t, "Deprovision of an unknown resource, soft", b.soft, op)
	b.must(t, "Deprovision of an unknown resource, purge", b.purge, op)
}

// testHalfMade is what the engine does after a provision that failed for good.
func (b *bench) testHalfMade(t *testing.T) {
	op := b.op(t)
	w := &watcher{cutAt: 1}
	_, _ = b.try(t, "Provision, cut off", b.provision, op, w) // either way
	clean := next(op, backend.Result{State: w.state})
	b.must(t, "Deprovision of a half-made resource", b.purge, clean)
	b.mustBeAbsent(t, clean)
}

func (b *bench) mustBeAbsent(t *testing.T, op backend.Op) {
	t.Helper()
	if !b.can(backend.CanRead) {
		return
	}
	op.OperationID = ""
	_, err := b.remote.Read(t.Context(), backend.ReadRequest{Op: op})
	if !isClass(err, backend.NotFound) {
		t.Fatalf("Read of an absent resource: %v, want %s", err, backend.NotFound)
	}
	b.lookForSecrets(t, "Read of an absent resource", op, []said{{"the error", err.Error()}})
}

func (b *bench) testChangePlan(t *testing.T) {
	op := b.op(t)
	provisioned := b.must(t, "Provision", b.provision, op)
	change := next(op, provisioned)
	change.Plan = *b.ChangeTo
	defer b.remove(t, change)
	do := b.changeFrom(op.Plan)
	first := b.must(t, "ChangePlan", do, change)
	outputs := b.checked(t, "ChangePlan", first.Outputs)
	second := b.must(t, "ChangePlan, repeated", do, again(change, first.State))
	b.same(t, "ChangePlan, repeated", outputs, b.checked(t, "ChangePlan, repeated", second.Outputs))
	if b.can(backend.CanRead) {
		b.read(t, next(change, second), outputs)
	}
}

// remove cleans up, whatever there is.
func (b *bench) remove(t *testing.T, op backend.Op) {
	t.Helper()
	b.must(t, "Deprovision, to clean up", b.purge, op)
}
