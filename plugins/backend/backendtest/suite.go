package backendtest

import (
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
	b := newBench(t, s, connect(t, s.Backend))
	t.Run("describes itself consistently", b.testDescription)
	t.Run("accepts its configuration with unknown secrets", b.testValidation)
	b.configure(t)
	t.Run("is healthy", b.testHealth)
	t.Run("a repeated provision has the same outputs", b.testProvision)
	t.Run("a provision that was cut off is finished by its repeat", b.testCutOff)
	t.Run("a repeated deprovision succeeds", b.testDeprovision)
	t.Run("an unknown resource is absent", b.testUnknown)
	t.Run("a half-made resource can be deprovisioned", b.testHalfMade)
	t.Run("a cancelled call returns soon", b.testCancelled)
	if s.ChangeTo != nil {
		t.Run("a repeated plan change has the same outputs", b.testChangePlan)
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
	if b.can(backend.CanChangePlan) != (b.ChangeTo != nil) {
		t.Errorf("capability %s is %v; Subject.ChangeTo must agree", backend.CanChangePlan, b.can(backend.CanChangePlan))
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

	second := b.must(t, "Provision, repeated", b.provision, again(op, first.State))
	b.same(t, "Provision, repeated", outputs, b.checked(t, "Provision, repeated", second.Outputs))

	// A crash may lose every checkpoint and the result.
	third := b.must(t, "Provision, repeated without state", b.provision, again(op, nil))
	b.same(t, "Provision, repeated without state", outputs, b.checked(t, "Provision, repeated without state", third.Outputs))

	if b.can(backend.CanRead) {
		b.read(t, next(op, third), outputs)
	}
}

func (b *bench) read(t *testing.T, op backend.Op, want cty.Value) {
	t.Helper()
	op.OperationID = ""
	found, err := b.remote.Read(t.Context(), backend.ReadRequest{Op: op})
	if err != nil {
		t.Fatalf("Read: %v", err)
	}
	b.same(t, "Read", want, b.checked(t, "Read", found.Outputs))
	if len(found.Drift) > 0 {
		t.Errorf("Read: a new resource differs from its plan: %q", found.Drift)
	}
	b.lookForSecrets(t, "Read", op, found.Drift)
}

func (b *bench) testCutOff(t *testing.T) {
	for at := 1; ; at++ {
		op := b.op(t)
		w := &watcher{cutAt: at}
		result, err := b.try(t, "Provision, cut off", b.provision, op, w)
		if err == nil && w.checkpoints < at {
			b.remove(t, next(op, result))
			if at == 1 {
				t.Log("the backend has no checkpoints")
			}
			return // there are no more
		}
		finished := b.must(t, "Provision, after being cut off", b.provision, again(op, w.state))
		b.checked(t, "Provision, after being cut off", finished.Outputs)
		b.remove(t, next(op, finished))
	}
}

func (b *bench) testDeprovision(t *testing.T) {
	op := b.op(t)
	provisioned := b.must(t, "Provision", b.provision, op)
	gone := next(op, provisioned)
	soft := b.must(t, "Deprovision, soft", b.soft, gone)
	b.must(t, "Deprovision, soft, repeated", b.soft, again(gone, soft.State))
	purged := b.must(t, "Deprovision, purge", b.purge, next(gone, soft))
	b.must(t, "Deprovision, purge, repeated", b.purge, again(next(gone, purged), purged.State))
	b.must(t, "Deprovision, purge, repeated without state", b.purge, again(gone, nil))
	b.mustBeAbsent(t, next(op, provisioned))
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
	b.lookForSecrets(t, "Read of an absent resource", op, []string{err.Error()})
}

// testCancelled calls the Backend itself: the client of a connection would
// return at once whatever the backend does.
func (b *bench) testCancelled(t *testing.T) {
	op := b.op(t)
	defer b.remove(t, op)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	returned := make(chan struct{})
	go func() {
		defer close(returned)
		_, _ = b.Backend.Provision(ctx, backend.ProvisionRequest{Op: op}, &watcher{}) // any answer will do
	}()
	select {
	case <-returned:
	case <-time.After(10 * time.Second):
		t.Fatal("Provision goes on 10 s after its context ended")
	}
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
