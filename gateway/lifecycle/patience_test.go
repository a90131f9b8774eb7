package lifecycle_test

import (
	"context"
	stdsql "database/sql"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// losable is a Backends that may lose its backend at any moment.
type losable struct {
	*rig
	lost atomic.Bool
}

func (l *losable) Backend(name string) (lifecycle.Backend, lifecycle.Limits, bool) {
	b, limits, ok := l.rig.Backend(name)
	return b, limits, ok && !l.lost.Load()
}

// waitForBackend waits until the newest operation of a resource says that it
// waits for its backend.
func (r *rig) waitForBackend(id string) gateway.Operation {
	r.t.Helper()
	var op gateway.Operation
	eventually(r.t, "the operation waits for its backend", func() bool {
		ops := r.operations(id)
		op = ops[len(ops)-1]
		return op.State == gateway.OperationPending && op.WaitingFor == "backend"
	})
	return op
}

func TestAnOperationWithoutItsBackendWaitsWithoutSpendingAttempts(t *testing.T) {
	r := newRig(t)
	r.limits.MaxAttempts = 2
	id := r.provision("ext-1").Resource.ID
	r.absent = true
	r.restart()
	r.drop(id)
	for range 5 {
		op := r.waitForBackend(id)
		if !op.RunAt.IsZero() || op.Attempt == 0 || !strings.Contains(op.Error, "no backend "+backendName) || r.resource(id).LastError != op.Error {
			t.Fatalf("it is due at %v, error %q, last error %q", op.RunAt, op.Error, r.resource(id).LastError)
		}
		r.engine.Activate(r.catalog, noBackends{}, nil) // it is looked for again, in vain
		eventually(t, "it is attempted again", func() bool { return r.operations(id)[1].Attempt > op.Attempt })
		r.waitForBackend(id)
		r.restart()
	}
	r.engine.Activate(r.catalog, r, nil)
	r.until(id, gateway.Deprovisioned)
	if n := len(r.world.callsOf(backend.VerbDeprovision)); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
	if r.resource(id).LastError != "" {
		t.Errorf("the last error is still %q", r.resource(id).LastError)
	}
}

func TestABackendThatGoesAwayWhileAnOrderIsWrittenIsNobodysFailure(t *testing.T) {
	r := newRig(t)
	r.limits.MaxAttempts = 1
	backends := &losable{rig: r}
	r.engine.Activate(r.catalog, backends, nil)
	r.catalog.set(func(c *fakeCatalog) { c.onOp = func() { backends.lost.Store(true) } })
	r.scope.Budget = 20 * time.Millisecond
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	id := r.byExternal("ext-1").ID
	r.waitForBackend(id)
	r.catalog.set(func(c *fakeCatalog) { c.onOp = nil })
	r.scope.Budget = 10 * time.Second
	r.engine.Activate(r.catalog, r, nil)
	if d := r.provision("ext-1"); d.Resource.ID != id || r.story(id) != "provision:done " {
		t.Errorf("%s, operations %s", d.Resource.ID, r.story(id))
	}
}

func TestWorkThatIsStillBeingDoneIsWaitedForBeyondTheAttempts(t *testing.T) {
	r := newRig(t)
	r.limits.MaxAttempts, r.limits.MaxBackoff = 3, time.Millisecond
	r.world.hook(func(_ context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		switch {
		case call.Op.Attempt <= 30:
			return &backend.Failure{Class: backend.Retryable, Message: "still pending", RetryAfter: time.Millisecond}
		case call.Op.Attempt <= 34: // four of five: the patience before must not have used them up
			return backend.Failf(backend.Internal, "a bug")
		}
		return nil
	}, nil)
	r.limits.MaxAttempts = 6
	if d := r.provision("ext-1"); d.Resource.State != gateway.Active {
		t.Errorf("state %s", d.Resource.State)
	}
	if n := len(r.world.callsOf(backend.VerbProvision)); n != 35 {
		t.Errorf("%d calls, want 35", n)
	}
}

func TestWorkThatIsNeverDoneIsGivenUpInTheEnd(t *testing.T) {
	r := newRig(t)
	r.limits.MaxAttempts = 3
	g := newGate()
	r.world.hook(func(ctx context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		if call.Verb != backend.VerbProvision {
			return nil
		}
		_ = g.hold(ctx, call)
		return &backend.Failure{Class: backend.Retryable, Message: "still pending", RetryAfter: time.Millisecond}
	}, nil)
	answer := make(chan error, 1)
	go func() {
		_, err := r.scoped().Provision(context.Background(), order("ext-1"))
		answer <- err
	}()
	id := (<-g.reached).Op.ResourceID
	r.exec(`UPDATE operations SET created_at = created_at - 3600001`)
	close(g.open)
	wantKind(t, <-answer, gateway.Unavailable)
	r.until(id, gateway.Failed)
	if n := len(r.world.callsOf(backend.VerbProvision)); n != 4 {
		t.Errorf("%d calls, want 4: only the first was made in time", n)
	}
}

// exec changes the store's rows behind its back.
func (r *rig) exec(statement string) {
	r.t.Helper()
	db, err := stdsql.Open("sqlite", filepath.Join(r.dir, "addongw.db")+"?_pragma=busy_timeout(5000)")
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if _, err := db.Exec(statement); err != nil {
		r.t.Fatal(err)
	}
}

func TestAnOperatorsRetryGivesABugItsFullNumberOfAttemptsAgain(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	r.world.fail(backend.VerbDeprovision, backend.Failf(backend.Internal, "a bug"))
	r.drop(id)
	for want := 5; want <= 10; want += 5 {
		var op gateway.Operation
		eventually(t, "the removal is parked", func() bool {
			op = r.operations(id)[1]
			return op.WaitingFor == "human"
		})
		if op.Attempt != want {
			t.Errorf("parked after %d attempts, want %d", op.Attempt, want)
		}
		if err := r.engine.Retry(t.Context(), op.ID); err != nil {
			t.Fatal(err)
		}
	}
}

// Without its input nobody knows what a clean-up would remove.
func TestAnOperationWhoseInputCannotBeReadIsParkedAndCallsNothing(t *testing.T) {
	r := newRig(t)
	r.engine.Activate(r.catalog, noBackends{}, nil)
	r.scope.Budget = time.Millisecond
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	id := r.byExternal("ext-1").ID
	r.waitForBackend(id)
	r.exec(`UPDATE operations SET input_enc = x'00'`)
	r.engine.Activate(r.catalog, r, nil)
	eventually(t, "the operation is parked", func() bool { return r.operations(id)[0].WaitingFor == "human" })
	if n := len(r.world.callsOf(backend.VerbProvision)) + len(r.world.callsOf(backend.VerbDeprovision)); n != 0 || r.story(id) != "provision:pending " {
		t.Errorf("%d calls, operations %s", n, r.story(id))
	}
}

func TestARemovalKnowsTheCheckpointOfWhatItCancelled(t *testing.T) {
	r := newRig(t)
	r.world.hook(func(_ context.Context, call lifecycle.Call, checkpoint func(string, []byte)) error {
		if call.Verb != backend.VerbProvision {
			return nil
		}
		checkpoint("server ordered", []byte(`{"server":7}`))
		return &backend.Failure{Class: backend.Retryable, Message: "later", RetryAfter: time.Hour}
	}, nil)
	r.scope.Budget = 1
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	id := r.byExternal("ext-1").ID
	eventually(t, "the order rests", func() bool { return r.operations(id)[0].State == gateway.OperationPending })
	r.drop(id)
	r.until(id, gateway.Deprovisioned)
	if got := r.world.callsOf(backend.VerbDeprovision)[0].Op.State; string(got) != `{"server":7}` {
		t.Errorf("the removal was told the state %q", got)
	}
}

func TestAPanicInTheConfigurationLeavesTheGatewayRunning(t *testing.T) {
	r := newRig(t)
	r.limits.MaxAttempts = 2
	r.catalog.set(func(c *fakeCatalog) {
		c.render = func(gateway.Resource, backend.Verb, backend.Value) (gateway.Rendered, error) {
			panic("value is marked")
		}
	})
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	row := r.byExternal("ext-1")
	if row.OutputsSealed == nil || !strings.Contains(row.LastError, "value is marked") {
		t.Errorf("outputs kept: %t, last error %q", row.OutputsSealed != nil, row.LastError)
	}
	r.drop(row.ID)
	r.until(row.ID, gateway.Deprovisioned)
}

// returning loses its backend for one call, during which the next
// configuration has it again and everything that waits is resumed.
type returning struct {
	*rig
	asked atomic.Int64
	back  func()
}

func (b *returning) Backend(name string) (lifecycle.Backend, lifecycle.Limits, bool) {
	w, limits, ok := b.rig.Backend(name)
	if b.asked.Add(1) != 2 { // once for a slot, then for the call
		return w, limits, ok
	}
	b.back()
	return nil, limits, false
}

func TestABackendThatComesBackWhileItsOperationIsPutAsideIsSeen(t *testing.T) {
	r := newRig(t)
	first, second := r.provision("ext-1").Resource.ID, r.provision("ext-2").Resource.ID
	r.engine.Activate(r.catalog, noBackends{}, nil)
	r.drop(first)
	r.waitForBackend(first)
	r.engine.Activate(r.catalog, &returning{rig: r, back: func() {
		r.drop(second)
		r.exec(`UPDATE operations SET waiting_for = 'backend', run_at = NULL WHERE state = 'pending'`)
		r.engine.Activate(r.catalog, r, nil)
		r.until(second, gateway.Deprovisioned) // so the waiting ones were resumed
	}}, nil)
	r.until(first, gateway.Deprovisioned)
}

// keyed is a backend with a sensitive output of its own making, which it
// quotes when it fails.
type keyed struct{ *rig }

const madeByTheBackend = "key-of-the-backend"

func (b keyed) Backend(name string) (lifecycle.Backend, lifecycle.Limits, bool) {
	_, limits, ok := b.rig.Backend(name)
	return b, limits, ok
}

func (b keyed) Run(ctx context.Context, call lifecycle.Call, checkpoint func(string, []byte)) (backend.Result, error) {
	if call.Verb != backend.VerbProvision {
		return backend.Result{}, backend.Failf(backend.Conflict, "401 for %s", madeByTheBackend)
	}
	result, err := b.world.Run(ctx, call, checkpoint)
	outputs := result.Outputs.Cty().AsValueMap()
	outputs["keys"] = cty.ListVal([]cty.Value{cty.StringVal(madeByTheBackend)}).Mark(backend.Sensitive)
	result.Outputs = backend.NewValue(cty.ObjectVal(outputs))
	return result, err
}

func TestAnErrorThatQuotesASensitiveOutputIsStoredWithoutIt(t *testing.T) {
	r := newRig(t)
	r.engine.Activate(r.catalog, keyed{r}, nil)
	id := r.provision("ext-1").Resource.ID
	_, err := r.scoped().ChangePlan(t.Context(), id, "big")
	wantKind(t, err, gateway.Internal)
	if got := r.resource(id).LastError; got != "CONFLICT: 401 for [redacted]" {
		t.Errorf("last error %q", got)
	}
}
