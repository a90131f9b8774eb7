package lifecycle_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// The crash matrix, in one process: the store is taken away at each instant,
// which is all that a dead process leaves. kill_test.go does it with real ones.

// instant is a place in an operation's life where the gateway dies.
type instant struct {
	name string
	// arm makes the rig crash at the instant, once, when a call of verb gets there.
	arm   func(r *rig, verb backend.Verb, crash func())
	calls int // of the backend, over both lives
}

func instants() []instant {
	once := func(r *rig, verb backend.Verb, crash func(), late bool) {
		var first sync.Once
		hit := func(call lifecycle.Call) {
			if call.Verb == verb {
				first.Do(crash)
			}
		}
		if late {
			r.world.hook(nil, func(_ context.Context, call lifecycle.Call) error { hit(call); return nil })
			return
		}
		r.world.hook(func(_ context.Context, call lifecycle.Call, _ func(string, []byte)) error { hit(call); return nil }, nil)
	}
	return []instant{
		{name: "after the intent, before the backend acts", calls: 2,
			arm: func(r *rig, verb backend.Verb, crash func()) { once(r, verb, crash, false) }},
		{name: "after the backend acted, before its result is recorded", calls: 2,
			arm: func(r *rig, verb backend.Verb, crash func()) { once(r, verb, crash, true) }},
	}
}

func TestNothingIsLostOrDoubledInACrash(t *testing.T) {
	for _, at := range instants() {
		for _, verb := range []backend.Verb{backend.VerbProvision, backend.VerbChangePlan, backend.VerbDeprovision} {
			t.Run(at.name+", "+string(verb), func(t *testing.T) {
				r := newRig(t)
				var first gateway.Delivery
				if verb != backend.VerbProvision {
					first = r.provision("ext-1")
				}
				dead := make(chan struct{})
				at.arm(r, verb, func() {
					if err := r.store.Close(); err != nil {
						t.Error(err)
					}
					close(dead)
				})
				r.scope.Budget = 1 // nobody is there to answer any more
				r.request(verb, first.Resource.ID)
				<-dead
				r.restart()
				r.scope.Budget = 10 * time.Second

				id := r.byExternal("ext-1").ID
				want := map[backend.Verb]gateway.State{backend.VerbDeprovision: gateway.Deprovisioned}[verb]
				if want == "" {
					want = gateway.Active
				}
				r.until(id, want)
				if err := r.request(verb, id); err != nil {
					t.Errorf("the platform's repeat: %v", err)
				}
				calls := r.world.callsOf(verb)
				if len(calls) != at.calls || calls[0].Op.OperationID != calls[1].Op.OperationID {
					t.Errorf("%d calls, want %d of one operation", len(calls), at.calls)
				}
				if _, made := r.world.count(); made != 1 {
					t.Errorf("%d things were made", made)
				}
				if verb == backend.VerbDeprovision {
					return
				}
				made, _ := r.world.thing(id)
				if d := r.provisionOn(made.plan); !strings.Contains(vars(d)["ACME_DB_URL"], made.password) {
					t.Error("the answer has another password than the world")
				}
			})
		}
	}
}

// request asks for what verb does to the resource.
func (r *rig) request(verb backend.Verb, id string) (err error) {
	switch verb {
	case backend.VerbProvision:
		_, err = r.scoped().Provision(context.Background(), order("ext-1"))
	case backend.VerbChangePlan:
		_, err = r.scoped().ChangePlan(context.Background(), id, "big")
	default:
		_, err = r.scoped().Deprovision(context.Background(), id)
	}
	return err
}

// provisionOn repeats the order with the plan that the resource has now.
func (r *rig) provisionOn(plan string) gateway.Delivery {
	r.t.Helper()
	o := order("ext-1")
	o.Plan = plan
	d, err := r.scoped().Provision(context.Background(), o)
	if err != nil {
		r.t.Fatal(err)
	}
	return d
}

func TestAnAnswerThatWasNotSentIsGivenAgain(t *testing.T) {
	r := newRig(t)
	first := r.provision("ext-1")
	r.restart()
	same(t, first, r.provision("ext-1"))
	if n := len(r.world.callsOf(backend.VerbProvision)); n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

func TestACrashDuringTheCleanUpGoesOnCleaningUp(t *testing.T) {
	r := newRig(t)
	g := newGate()
	id := r.failBehindGate(g)
	r.restart()
	<-g.reached
	close(g.open)
	r.until(id, gateway.Failed)
	if things, _ := r.world.count(); things != 0 {
		t.Errorf("%d things are left", things)
	}
}

func TestACrashBetweenTheRequestToCancelAndItsEndStillRemoves(t *testing.T) {
	r := newRig(t)
	g := newGate()
	r.world.holdAt(g, backend.VerbProvision)
	r.scope.Budget = 1
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	id := (<-g.reached).Op.ResourceID
	r.drop(id)
	r.restart()
	r.until(id, gateway.Deprovisioned)
	if got := r.story(id); got != "provision:cancelled deprovision:done " {
		t.Errorf("operations: %s", got)
	}
	if n := len(r.world.callsOf(backend.VerbProvision)); n != 1 {
		t.Errorf("%d provision calls: a cancelled one was repeated", n)
	}
}

func TestStopWaitsForRunningCallsAndRefusesNewOnes(t *testing.T) {
	r := newRig(t)
	g := newGate()
	r.world.holdAt(g, backend.VerbProvision)
	answered := make(chan error, 1)
	go func() {
		_, err := r.scoped().Provision(t.Context(), order("ext-1"))
		answered <- err
	}()
	<-g.reached
	stopped := make(chan error, 1)
	go func() { stopped <- r.engine.Stop(t.Context()) }()
	eventually(t, "new orders are refused", func() bool { return r.engine.Ready() != nil })
	_, err := r.scoped().Provision(t.Context(), order("ext-2"))
	wantKind(t, err, gateway.Unavailable)
	select {
	case err := <-stopped:
		t.Fatalf("Stop did not wait: %v", err)
	default:
	}
	close(g.open)
	if err := <-answered; err != nil {
		t.Errorf("the running order: %v", err)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Stop: %v", err)
	}
}

func TestACallThatStopInterruptsIsRepeatedAfterTheStart(t *testing.T) {
	r := newRig(t)
	r.limits.MaxAttempts = 1 // an interruption is nobody's attempt
	g := newGate()
	r.world.holdAt(g, backend.VerbProvision)
	r.scope.Budget = 1
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	id := (<-g.reached).Op.ResourceID
	now, cancel := context.WithCancel(t.Context())
	cancel()
	if err := r.engine.Stop(now); err != nil {
		t.Fatalf("Stop: %v", err)
	}
	if got := r.story(id); got != "provision:pending " {
		t.Errorf("operations: %s", got)
	}
	close(g.open)
	r.restart()
	r.until(id, gateway.Active)
}

func TestWhatWaitsAtStopStaysInTheStore(t *testing.T) {
	r := newRig(t)
	r.limits.Concurrency = 1
	g := newGate()
	r.world.holdAt(g, backend.VerbProvision)
	answers := make(chan error, 2)
	for _, id := range []string{"ext-1", "ext-2"} {
		go func() {
			_, err := r.scoped().Provision(t.Context(), order(id))
			answers <- err
		}()
	}
	<-g.reached
	eventually(t, "both orders are recorded", func() bool {
		ops, err := r.store.Operations(t.Context(), gateway.OperationFilter{})
		return err == nil && len(ops) == 2
	})
	stopped := make(chan error, 1)
	go func() { stopped <- r.engine.Stop(t.Context()) }()
	eventually(t, "the engine stops", func() bool { return r.engine.Ready() != nil })
	close(g.open)
	if err := <-stopped; err != nil {
		t.Fatal(err)
	}
	if n := len(r.world.callsOf(backend.VerbProvision)); n != 1 {
		t.Errorf("%d calls before the stop, want 1", n)
	}
	r.restart()
	for _, id := range []string{"ext-1", "ext-2"} {
		r.until(r.byExternal(id).ID, gateway.Active)
	}
}

func TestAConfigurationIsKeptByTheRequestThatBeganWithIt(t *testing.T) {
	r := newRig(t)
	g := newGate()
	r.world.holdAt(g, backend.VerbProvision)
	answered := make(chan gateway.Delivery, 1)
	go func() {
		d, err := r.scoped().Provision(t.Context(), order("ext-1"))
		if err != nil {
			t.Error(err)
		}
		answered <- d
	}()
	<-g.reached
	r.engine.Activate(&fakeCatalog{render: func(gateway.Resource, backend.Verb, backend.Value) (gateway.Rendered, error) {
		return gateway.Rendered{Message: "of the new configuration"}, nil
	}}, r, nil)
	close(g.open)
	if d := <-answered; d.Message != "provision: free" {
		t.Errorf("the message is %q", d.Message)
	}
	if d := r.provision("ext-2"); d.Message != "of the new configuration" {
		t.Errorf("the next order got %q", d.Message)
	}
}

func TestALateResultOfAnOperationThatWasTakenOverIsDiscarded(t *testing.T) {
	r := newRig(t)
	r.limits.Concurrency = 1 // so that the engine itself cannot claim it again
	g := newGate()
	r.world.holdAt(g, backend.VerbProvision)
	r.scope.Budget = 1
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	call := <-g.reached
	if _, err := r.store.Join(t.Context(), lifecycle.Node{ID: "node_other"}); err != nil {
		t.Fatal(err)
	}
	err = r.store.Update(t.Context(), func(tx lifecycle.Tx) error {
		_, err := tx.Claim(call.Op.OperationID, "node_other", time.Minute)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	close(g.open)
	if err := r.engine.Stop(t.Context()); err != nil {
		t.Fatal(err)
	}
	op, err := r.store.OperationRecord(t.Context(), call.Op.OperationID)
	if err != nil || op.State != gateway.OperationRunning || op.Owner != "node_other" || op.Attempt != 2 {
		t.Errorf("the operation is %s, attempt %d of %s, %v", op.State, op.Attempt, op.Owner, err)
	}
	if res := r.resource(call.Op.ResourceID); res.State != gateway.Provisioning || res.OutputsSealed != nil {
		t.Errorf("the late result was recorded: %s", res.State)
	}
}

// countingStore counts transactions, and fails those that it is told to.
type countingStore struct {
	lifecycle.Store
	updates atomic.Int64
	broken  atomic.Bool
}

func (s *countingStore) Update(ctx context.Context, fn func(lifecycle.Tx) error) error {
	s.updates.Add(1)
	if s.broken.Load() {
		return errors.New("the disk is full")
	}
	return s.Store.Update(ctx, fn)
}

func (s *countingStore) LastInput(ctx context.Context, resourceID string) (lifecycle.OperationRecord, error) {
	if s.broken.Load() {
		return lifecycle.OperationRecord{}, errors.New("the disk does not answer")
	}
	return s.Store.LastInput(ctx, resourceID)
}

// onCountingStore starts an engine of its own on the rig's store.
func (r *rig) onCountingStore() *countingStore {
	r.t.Helper()
	if err := r.engine.Stop(context.Background()); err != nil {
		r.t.Fatal(err)
	}
	s := &countingStore{Store: r.store}
	var err error
	r.engine, err = lifecycle.New(lifecycle.Options{Store: s, Sealer: plainSealer{}, Log: r.log, PollInterval: 50 * time.Millisecond})
	if err != nil {
		r.t.Fatal(err)
	}
	r.engine.Activate(r.catalog, r, nil)
	if err := r.engine.Start(context.Background()); err != nil {
		r.t.Fatal(err)
	}
	s.updates.Store(0) // what the start took
	return s
}

func TestAnUndisturbedOrderTakesTwoTransactions(t *testing.T) {
	r := newRig(t)
	s := r.onCountingStore()
	id := r.provision("ext-1").Resource.ID
	if n := s.updates.Swap(0); n != 2 {
		t.Errorf("an order took %d transactions", n)
	}
	if _, err := r.scoped().ChangePlan(t.Context(), id, "big"); err != nil {
		t.Fatal(err)
	}
	if n := s.updates.Swap(0); n != 2 {
		t.Errorf("a plan change took %d transactions", n)
	}
}

func TestAResultThatCannotBeWrittenIsWrittenLater(t *testing.T) {
	r := newRig(t)
	s := r.onCountingStore()
	r.world.hook(nil, func(context.Context, lifecycle.Call) error { s.broken.Store(true); return nil })
	r.scope.Budget = 100 * time.Millisecond
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	r.world.hook(nil, nil)
	s.broken.Store(false)
	r.scope.Budget = 10 * time.Second
	if d := r.provision("ext-1"); d.Resource.State != gateway.Active {
		t.Errorf("state %s", d.Resource.State)
	}
	if n := len(r.world.callsOf(backend.VerbProvision)); n != 1 {
		t.Errorf("%d calls, want 1: the answer was forgotten", n)
	}
}

func TestAnOrderThatCannotBeRecordedTouchesNothing(t *testing.T) {
	r := newRig(t)
	r.limits.Concurrency = 1
	s := r.onCountingStore()
	s.broken.Store(true)
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	s.broken.Store(false)
	if n := len(r.world.callsOf(backend.VerbProvision)); n != 0 {
		t.Errorf("%d backend calls without an intent", n)
	}
	r.provision("ext-1") // the slot was given back
}
