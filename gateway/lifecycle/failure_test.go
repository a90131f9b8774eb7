package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

func errorsContain(text, part string) bool { return strings.Contains(text, part) }

func TestAPassingTroubleIsRepeatedWithTheSameInput(t *testing.T) {
	for name, trouble := range map[string]error{
		"retryable":       backend.Failf(backend.Retryable, "locked"),
		"internal":        backend.Failf(backend.Internal, "a bug"),
		"unknown outcome": errors.New("the stream broke"),
		"out of time":     context.DeadlineExceeded,
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			// It acts and then says it did not: the worst kind of trouble.
			r.world.hook(nil, func(_ context.Context, call lifecycle.Call) error {
				if call.Op.Attempt < 4 {
					return trouble
				}
				return nil
			})
			d := r.provision("ext-1")
			calls := r.world.callsOf(backend.VerbProvision)
			if len(calls) != 4 {
				t.Fatalf("%d calls, want 4", len(calls))
			}
			for i, c := range calls {
				if c.Op.Attempt != i+1 || c.Op.OperationID != calls[0].Op.OperationID || c.Op.Secrets["password"] != calls[0].Op.Secrets["password"] ||
					!c.Op.Config.Cty().RawEquals(calls[0].Op.Config.Cty()) || c.Op.Deadline.IsZero() {
					t.Errorf("call %d differs: attempt %d of %s", i, c.Op.Attempt, c.Op.OperationID)
				}
			}
			if _, made := r.world.count(); made != 1 || len(vars(d)) != 1 {
				t.Errorf("%d made", made)
			}
		})
	}
}

func TestACheckpointReachesTheNextAttempt(t *testing.T) {
	r := newRig(t)
	r.world.state = []byte(`{"final":1}`)
	r.world.hook(func(_ context.Context, call lifecycle.Call, checkpoint func(string, []byte)) error {
		if call.Op.Attempt == 1 && call.Verb == backend.VerbProvision {
			checkpoint("database made", []byte(`{"step":1}`))
			checkpoint("role made", nil)
			return errors.New("the stream broke")
		}
		return nil
	}, nil)
	id := r.provision("ext-1").Resource.ID
	calls := r.world.callsOf(backend.VerbProvision)
	if calls[0].Op.State != nil || string(calls[1].Op.State) != `{"step":1}` {
		t.Errorf("states %s, %s", calls[0].Op.State, calls[1].Op.State)
	}
	if step := r.operations(id)[0].Step; step != "role made" {
		t.Errorf("step %q", step)
	}
	if _, err := r.scoped().ChangePlan(t.Context(), id, "big"); err != nil {
		t.Fatal(err)
	}
	if got := r.world.callsOf(backend.VerbChangePlan)[0].Op.State; string(got) != `{"final":1}` {
		t.Errorf("the next operation got the state %s", got)
	}
}

func TestAFailedProvisionCleansUpAfterItself(t *testing.T) {
	cases := map[backend.Class]gateway.Kind{
		backend.Invalid: gateway.Refused, backend.Quota: gateway.Quota, backend.Conflict: gateway.Internal,
		backend.Unsupported: gateway.Unsupported, backend.NotFound: gateway.Refused,
		backend.Internal: gateway.Internal, backend.Retryable: gateway.Unavailable,
	}
	for _, class := range backend.Classes() {
		if class == backend.Unauthorized {
			continue // TestAnAddonsBackendRefusesNobodysCredentials
		}
		t.Run(string(class), func(t *testing.T) {
			r := newRig(t)
			r.limits.MaxAttempts = 7
			r.world.hook(func(_ context.Context, _ lifecycle.Call, checkpoint func(string, []byte)) error {
				checkpoint("half", []byte(`{"half":1}`))
				return nil
			}, func(_ context.Context, call lifecycle.Call) error {
				if call.Verb == backend.VerbProvision {
					return backend.Failf(class, "the server said no")
				}
				return nil
			})
			_, err := r.scoped().Provision(t.Context(), order("ext-1"))
			wantKind(t, err, cases[class])
			if errorsContain(gateway.Message(err), "server said") {
				t.Errorf("the customer reads %q", gateway.Message(err))
			}
			id := r.byExternal("ext-1").ID
			r.until(id, gateway.Failed)
			if got := r.story(id); got != "provision:failed deprovision:done " {
				t.Errorf("operations: %s", got)
			}
			if things, made := r.world.count(); things != 0 || made != 1 {
				t.Errorf("%d of %d things are left", things, made)
			}
			cleanUp := r.world.callsOf(backend.VerbDeprovision)[0]
			if string(cleanUp.Op.State) != `{"half":1}` || cleanUp.Op.Secrets["password"] == "" || cleanUp.Op.Plan.ID != "free" {
				t.Errorf("the clean-up was told state %s", cleanUp.Op.State)
			}
			if got := r.resource(id).LastError; got != string(class)+": the server said no" {
				t.Errorf("last error %q", got)
			}
			want := map[backend.Class]int{backend.Retryable: 7, backend.Internal: 5}[class]
			if n := len(r.world.callsOf(backend.VerbProvision)); n != max(1, want) {
				t.Errorf("%d attempts, want %d", n, max(1, want))
			}
		})
	}
}

func TestARepeatAfterAFailureStartsAnewOnTheSameRow(t *testing.T) {
	r := newRig(t)
	r.world.fail(backend.VerbProvision, backend.Failf(backend.Quota, "full"))
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Quota)
	id := r.byExternal("ext-1").ID
	r.until(id, gateway.Failed)
	r.world.hook(nil, nil)
	d := r.provision("ext-1")
	if d.Resource.ID != id || d.Resource.State != gateway.Active || d.Resource.LastError != "" {
		t.Errorf("%s is %s, last error %q", d.Resource.ID, d.Resource.State, d.Resource.LastError)
	}
	if got := r.story(id); got != "provision:failed deprovision:done provision:done " {
		t.Errorf("operations: %s", got)
	}
}

// failBehindGate fails the first provision and holds its clean-up.
func (r *rig) failBehindGate(g *gate) (resourceID string) {
	r.t.Helper()
	var failed atomic.Bool
	r.world.hook(func(ctx context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		if call.Verb == backend.VerbDeprovision {
			return g.hold(ctx, call)
		}
		if failed.CompareAndSwap(false, true) {
			return backend.Failf(backend.Invalid, "no")
		}
		return nil
	}, nil)
	_, err := r.scoped().Provision(context.Background(), order("ext-1"))
	wantKind(r.t, err, gateway.Refused)
	return (<-g.reached).Op.ResourceID
}

func TestARepeatQueuesBehindTheCleanUp(t *testing.T) {
	r := newRig(t)
	g := newGate()
	id := r.failBehindGate(g)
	answers := make(chan error, 3)
	for range 3 {
		go func() {
			d, err := r.scoped().Provision(t.Context(), order("ext-1"))
			if err == nil && d.Resource.ID != id {
				err = errors.New("another resource")
			}
			answers <- err
		}()
	}
	eventually(t, "the repeat waits", func() bool { return strings.HasSuffix(r.story(id), "provision:pending ") })
	if n := len(r.world.callsOf(backend.VerbProvision)); n != 1 {
		t.Errorf("%d provisions before the clean-up was done", n)
	}
	close(g.open)
	for range 3 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
	if got := r.story(id); got != "provision:failed deprovision:done provision:done " {
		t.Errorf("operations: %s", got)
	}
	if things, _ := r.world.count(); things != 1 {
		t.Errorf("%d things", things)
	}
}

func TestARemovalDuringTheCleanUpBecomesTheRemoval(t *testing.T) {
	r := newRig(t)
	g := newGate()
	id := r.failBehindGate(g)
	r.drop(id)
	close(g.open)
	r.until(id, gateway.Deprovisioned)
	if got := r.story(id); got != "provision:failed deprovision:done " {
		t.Errorf("operations: %s", got)
	}
}

func TestARepeatBehindAParkedCleanUpIsToldToWait(t *testing.T) {
	r := newRig(t)
	r.world.hook(func(_ context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		return backend.Failf(backend.Conflict, "the name is not ours")
	}, nil)
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Internal)
	id := r.byExternal("ext-1").ID
	eventually(t, "the clean-up is parked", func() bool { return r.operations(id)[1].WaitingFor == "human" })
	_, err = r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	if got := r.story(id); got != "provision:failed deprovision:pending " {
		t.Errorf("operations: %s", got)
	}
}

func TestTheCustomersSentenceOfABackendIsPassedOn(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	r.world.fail(backend.VerbChangePlan, &backend.Failure{
		Class: backend.Unsupported, Message: "90 GB > 10 GB", Customer: "Your data is larger than this plan allows (configured-secret).",
	})
	_, err := r.scoped().ChangePlan(t.Context(), id, "big")
	wantKind(t, err, gateway.Unsupported)
	if got := gateway.Message(err); got != "Your data is larger than this plan allows ([redacted])." {
		t.Errorf("the customer reads %q", got)
	}
}

func TestErrorTextsAreStoredWithoutSecrets(t *testing.T) {
	r := newRig(t)
	var password atomic.Value
	r.world.hook(func(_ context.Context, call lifecycle.Call, checkpoint func(string, []byte)) error {
		if call.Verb == backend.VerbProvision {
			password.Store(call.Op.Secrets["password"])
			checkpoint("ALTER ROLE PASSWORD '"+call.Op.Secrets["password"]+"'", nil)
			return backend.Failf(backend.Invalid, "ALTER ROLE PASSWORD '%s' with configured-secret:\n%s", call.Op.Secrets["password"], strings.Repeat("é", 3000))
		}
		return nil
	}, nil)
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Refused)
	id := r.byExternal("ext-1").ID
	for what, text := range map[string]string{
		"error": err.Error(), "operation": r.operations(id)[0].Error, "step": r.operations(id)[0].Step, "resource": r.resource(id).LastError,
	} {
		if strings.Contains(text, password.Load().(string)) || strings.Contains(text, "configured-secret") {
			t.Errorf("the %s holds a secret", what)
		}
		if !strings.Contains(text, "ALTER ROLE PASSWORD '[redacted]'") || strings.Contains(text, "\n") || len(text) > 2100 {
			t.Errorf("the %s is no fit text of %d bytes", what, len(text))
		}
	}
}

func TestOutputsSurviveARenderingThatFails(t *testing.T) {
	r := newRig(t)
	r.limits.MaxAttempts = 3
	broken := func(gateway.Resource, backend.Verb, backend.Value) (gateway.Rendered, error) {
		return gateway.Rendered{}, errors.New("no attribute ip")
	}
	r.catalog.set(func(c *fakeCatalog) { c.render = broken })
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	row := r.byExternal("ext-1")
	if row.State != gateway.Provisioning || row.OutputsSealed == nil || !strings.Contains(row.LastError, "no attribute ip") {
		t.Errorf("%s, outputs kept: %t, last error %q", row.State, row.OutputsSealed != nil, row.LastError)
	}
	op := r.operations(row.ID)[0]
	if op.WaitingFor != "human" || op.Attempt != 3 {
		t.Errorf("the operation is %+v, want parked", op)
	}
	if n := len(r.world.callsOf(backend.VerbProvision)); n != 1 {
		t.Errorf("%d backend calls, want 1: only the rendering is repeated", n)
	}
	r.catalog.set(func(c *fakeCatalog) { c.render = nil })
	if err := r.engine.Retry(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	r.until(row.ID, gateway.Active)
	d := r.provision("ext-1")
	made, _ := r.world.thing(row.ID)
	if !strings.Contains(vars(d)["ACME_DB_URL"], made.password) {
		t.Error("the rendered URL has another password")
	}
	if n := len(r.world.callsOf(backend.VerbProvision)); n != 1 {
		t.Errorf("%d backend calls, want 1", n)
	}
}

func TestAPanicIsAnUnknownOutcome(t *testing.T) {
	r := newRig(t)
	r.world.hook(nil, func(_ context.Context, call lifecycle.Call) error {
		if call.Op.Attempt == 1 {
			panic("oops")
		}
		return nil
	})
	r.provision("ext-1")
	if things, made := r.world.count(); things != 1 || made != 1 {
		t.Errorf("%d of %d things", things, made)
	}
}

func TestABackendThatAsksForPatienceIsGivenIt(t *testing.T) {
	r := newRig(t)
	r.scope.Budget = 1
	r.world.fail(backend.VerbProvision, &backend.Failure{Class: backend.Retryable, Message: "later", RetryAfter: 1 << 40})
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	id := r.byExternal("ext-1").ID
	eventually(t, "the operation rests", func() bool { return r.operations(id)[0].State == gateway.OperationPending })
	op := r.operations(id)[0]
	if rest := op.RunAt.Sub(op.CreatedAt); rest < 1<<39 {
		t.Errorf("it rests for %v", rest)
	}
}

func TestEveryClassHasAnAnswer(t *testing.T) {
	// The classes are walked in TestAFailedProvisionCleansUpAfterItself; an
	// unknown one must not leave the customer without a sentence.
	r := newRig(t)
	r.limits.MaxAttempts = 1
	r.world.fail(backend.VerbProvision, backend.Failf("NEWER", "from a newer plugin"))
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Internal)
	if gateway.Message(err) == "" {
		t.Error("no sentence for the customer")
	}
}

func TestAnOperationThatKeepsKillingTheGatewayIsGivenUp(t *testing.T) {
	r := newRig(t)
	r.limits.MaxAttempts = 3
	g := newGate()
	r.world.holdAt(g, backend.VerbProvision)
	r.scope.Budget = 1
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	id := (<-g.reached).Op.ResourceID
	for i := range 2 {
		r.restart()
		if call := <-g.reached; call.Op.Attempt != i+2 {
			t.Fatalf("attempt %d, want %d", call.Op.Attempt, i+2)
		}
	}
	r.restart()
	r.until(id, gateway.Failed)
	if n := len(r.world.callsOf(backend.VerbProvision)); n != 3 {
		t.Errorf("%d calls, want 3", n)
	}
	if got := r.story(id); got != "provision:failed deprovision:done " {
		t.Errorf("operations: %s", got)
	}
	if !strings.Contains(r.operations(id)[0].Error, fmt.Sprint(3)) {
		t.Errorf("the error is %q", r.operations(id)[0].Error)
	}
}
