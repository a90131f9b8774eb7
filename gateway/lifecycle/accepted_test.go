package lifecycle_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// newAcceptingRig is a rig on a platform that takes a promise for an answer,
// with a backend that makes nothing before the gate is open.
func newAcceptingRig(t testing.TB) (*rig, *gate) {
	r := newMoonRig(t)
	r.scope.Accepts, r.scope.Budget = true, 20*time.Millisecond
	g := newGate()
	r.world.holdAt(g, backend.VerbProvision)
	return r, g
}

func TestAnOrderIsAcceptedAndCompletedWhenTheResourceIsThere(t *testing.T) {
	r, g := newAcceptingRig(t)
	d := r.provision("ext-1")
	id := d.Resource.ID
	if d.Resource.State != gateway.Provisioning || !d.Resource.Accepted || len(d.ConfigVars) != 0 || d.Message != "" {
		t.Errorf("the answer is %+v", d)
	}
	r.deliver(d)
	for range 2 { // repeats while it is being made
		same(t, d, r.provision("ext-1"))
	}
	if got := r.story(id); got != "provision:running " {
		t.Errorf("operations: %s", got)
	}
	close(g.open)
	r.restedAs(id, "provision:done complete:done fetch_owner:done ")
	there := r.provision("ext-1")
	if diff := cmp.Diff([]string{vars(there)["ACME_DB_URL"]}, r.moon.completed("ext-1")); diff != "" {
		t.Errorf("completed with (-want +got):\n%s", diff)
	}
	row := r.resource(id)
	if row.DeliveredRev != row.ConfigRev || row.State != gateway.Active || !row.Accepted || len(r.moon.pushed("ext-1")) != 0 {
		t.Errorf("delivered %d of %d, %s, pushed %d times", row.DeliveredRev, row.ConfigRev, row.State, len(r.moon.pushed("ext-1")))
	}
}

func TestAQuickOrderIsNoPromise(t *testing.T) {
	r := newMoonRig(t)
	r.scope.Accepts = true
	d := r.provision("ext-1")
	r.deliver(d)
	r.restedAs(d.Resource.ID, "provision:done fetch_owner:done ")
	if d.Resource.Accepted || len(vars(d)) != 1 {
		t.Errorf("the answer is %+v", d.Resource)
	}
}

func TestABudgetOfNothingAcceptsWhatIsRecorded(t *testing.T) {
	r, g := newAcceptingRig(t)
	r.scope.Budget = 1
	d := r.provision("ext-1")
	if row := r.resource(d.Resource.ID); !row.Accepted || row.State != gateway.Provisioning {
		t.Errorf("recorded %+v", row.Resource)
	}
	close(g.open)
	r.restedAs(d.Resource.ID, "provision:done complete:done fetch_owner:done ")
}

func TestAPlatformThatDoesNotAcceptIsToldToRepeat(t *testing.T) {
	r, g := newAcceptingRig(t)
	r.scope.Accepts = false
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	close(g.open)
	id := r.byExternal("ext-1").ID
	r.until(id, gateway.Active)
	if got := r.story(id); got != "provision:done " || r.resource(id).Accepted {
		t.Errorf("operations: %s", got)
	}
}

func TestACallerThatHungUpWasPromisedNothing(t *testing.T) {
	r, g := newAcceptingRig(t)
	r.scope.Budget = time.Minute
	ctx, hangUp := context.WithCancel(t.Context())
	go func() {
		<-g.reached
		hangUp()
	}()
	_, err := r.scoped().Provision(ctx, order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	close(g.open)
	id := r.byExternal("ext-1").ID
	r.until(id, gateway.Active)
	if got := r.story(id); got != "provision:done " {
		t.Errorf("operations: %s", got)
	}
}

func TestAnOrderWhoseBackendIsAwayIsAccepted(t *testing.T) {
	r, g := newAcceptingRig(t)
	close(g.open)
	r.absent = true
	r.restart()
	d := r.provision("ext-1")
	if !d.Resource.Accepted {
		t.Error("it is not accepted")
	}
	r.parked(d.Resource.ID, "backend")
	r.engine.Activate(r.catalog, r, r.platforms())
	r.restedAs(d.Resource.ID, "provision:done complete:done fetch_owner:done ")
}

func TestAParkedOrderIsAccepted(t *testing.T) {
	r := newMoonRig(t)
	r.scope.Accepts, r.limits.MaxAttempts = true, 1
	broken := true
	r.catalog.set(func(c *fakeCatalog) {
		c.render = func(res gateway.Resource, verb backend.Verb, outputs backend.Value) (gateway.Rendered, error) {
			if broken {
				return gateway.Rendered{}, context.DeadlineExceeded
			}
			return renderURL(res, verb, outputs)
		}
	})
	for range 2 {
		if d := r.provision("ext-1"); !d.Resource.Accepted || d.Resource.State != gateway.Provisioning {
			t.Errorf("the answer is %+v", d.Resource)
		}
	}
	id := r.byExternal("ext-1").ID
	op := r.parked(id, "human")
	r.catalog.set(func(*fakeCatalog) { broken = false })
	if err := r.engine.Retry(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	r.restedAs(id, "provision:done complete:done fetch_owner:done ")
}

func TestAnAcceptedOrderIsCompletedAlthoughARepeatWasAnswered(t *testing.T) {
	r, g := newAcceptingRig(t)
	id := r.provision("ext-1").Resource.ID
	open := make(chan struct{})
	r.moon.set(func(m *moon) {
		m.before = func(_ context.Context, what string, _ gateway.Resource) error {
			if what == "complete" {
				<-open
			}
			return nil
		}
	})
	r.scope.Budget = time.Minute
	var group sync.WaitGroup
	group.Go(func() { r.deliver(r.provision("ext-1")) })
	close(g.open)
	group.Wait()
	eventually(t, "the answer is marked", func() bool { return r.resource(id).Delivered() })
	close(open)
	r.restedAs(id, "provision:done complete:done fetch_owner:done ")
	if n := r.moon.called("complete", "ext-1"); n != 1 {
		t.Errorf("%d completions", n)
	}
}

func TestARemovalOfAnAcceptedOrderCompletesNothing(t *testing.T) {
	r, g := newAcceptingRig(t)
	id := r.provision("ext-1").Resource.ID
	if _, err := r.scoped().Deprovision(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	close(g.open)
	r.restedAs(id, "provision:cancelled deprovision:done ")
	if n := r.moon.called("complete", "ext-1"); n != 0 {
		t.Errorf("%d completions", n)
	}
}

func TestAnOrderThatIsRemovedMeanwhileIsNotAccepted(t *testing.T) {
	r, g := newAcceptingRig(t)
	r.scope.Budget = time.Second // the removal comes within it
	go func() {
		id := (<-g.reached).Op.ResourceID
		if _, err := r.scoped().Deprovision(context.Background(), id); err != nil {
			t.Error(err)
		}
	}()
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	id := r.byExternal("ext-1").ID
	close(g.open)
	r.restedAs(id, "provision:cancelled deprovision:done ")
	if r.resource(id).Accepted {
		t.Error("it was accepted")
	}
}

func TestAnAcceptedOrderThatFailsIsLoggedAndMayBeRepeated(t *testing.T) {
	r, g := newAcceptingRig(t)
	var log syncBuffer
	r.log = slog.New(slog.NewTextHandler(&log, nil))
	r.restart()
	failing := true
	r.world.hook(func(ctx context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		if call.Verb != backend.VerbProvision || !failing {
			return nil
		}
		if err := g.hold(ctx, call); err != nil {
			return err
		}
		return backend.Failf(backend.Quota, "full")
	}, nil)
	id := r.provision("ext-1").Resource.ID
	close(g.open)
	r.until(id, gateway.Failed)
	for _, want := range []string{"event=order.accepted_failed", "external_id=ext-1", "resource=" + id, "platform=moon", "QUOTA: full"} {
		if !strings.Contains(log.String(), want) {
			t.Errorf("the log does not tell %s:\n%s", want, log.String())
		}
	}
	if !r.resource(id).Accepted || r.moon.called("complete", "ext-1") != 0 {
		t.Error("the promise is forgotten, or was kept with nothing")
	}
	r.world.hook(nil, nil)
	r.scope.Budget = time.Minute
	if d := r.provision("ext-1"); d.Resource.ID != id || len(vars(d)) != 1 {
		t.Errorf("the repeat: %+v", d.Resource)
	}
	r.restedAs(id, "provision:failed deprovision:done provision:done complete:done fetch_owner:done ")
}

// syncBuffer is a log that may be read while it is written.
type syncBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

func TestManyOrdersAroundTheirBudgetAreEachToldTheTruth(t *testing.T) {
	r := newMoonRig(t)
	r.scope.Accepts, r.scope.Budget = true, 3*time.Millisecond
	r.world.hook(func(_ context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		if call.Verb == backend.VerbProvision {
			time.Sleep(2 * time.Millisecond) // about the budget, with what is around it
		}
		return nil
	}, nil)
	var group sync.WaitGroup
	var mu sync.Mutex
	promised := map[string]bool{}
	for i := range 100 {
		group.Go(func() {
			id := "ext-" + string(rune('a'+i%26)) + string(rune('a'+i/26))
			d, err := r.scoped().Provision(context.Background(), order(id))
			if err != nil {
				t.Errorf("%s: %v", id, err)
				return
			}
			if d.Resource.State != gateway.Provisioning {
				if len(vars(d)) != 1 {
					t.Errorf("%s is %s without config vars", id, d.Resource.State)
				}
				return
			}
			mu.Lock()
			defer mu.Unlock()
			promised[id] = true
		})
	}
	group.Wait()
	for id := range promised {
		eventually(t, id+" is completed", func() bool { return len(r.moon.completed(id)) == 1 })
	}
	t.Logf("%d of 100 were promised", len(promised))
	r.moon.mu.Lock()
	defer r.moon.mu.Unlock()
	if len(r.moon.ready) != len(promised) {
		t.Errorf("%d completed, %d promised", len(r.moon.ready), len(promised))
	}
}
