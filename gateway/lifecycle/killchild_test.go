package lifecycle_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/gateway/store/sqlite"
	"github.com/addongw/addongw/plugins/backend"
)

// This test binary, built once more, is a gateway that is killed with SIGKILL, again
// and again, on one store and one world of files. See kill_test.go.

// childEnv makes the test binary a gateway; its value is a childPlan.
const childEnv = "ADDONGW_LIFECYCLE_TEST_CHILD"

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(childEnv); ok {
		runChild(text)
		return
	}
	os.Exit(m.Run())
}

// story is what a platform does with an order.
type story string

const (
	ordering     story = "order"
	changing     story = "order, change the plan"
	removing     story = "order, remove; the backend keeps the data until it is purged"
	cancelling   story = "order, remove while it is being made"
	compensating story = "order what the backend makes and then refuses"
	suspending   story = "order, suspend"
	resuming     story = "order, suspend, resume"
	rotating     story = "order, rotate the credentials"
	undoing      story = "order, rotate the credentials, undo that"
	accepting    story = "order on a platform that accepts, and is told when the resource is there"
)

// Verbs of the engine that backends do not have.
const (
	verbComplete backend.Verb = "complete"
	verbAccept   backend.Verb = "accept" // no operation: the mark on the resource
)

// childPlan is what a gateway process has to do.
type childPlan struct {
	Dir     string
	Story   story
	KillAt  string // the instant at which it kills itself; empty: never
	Verb    backend.Verb
	Mode    backend.DeprovisionMode // of Verb
	Orders  []string                // external ids, ordered by Clients at once
	Clients int

	reached, dropped chan struct{} // cancelling, accepting: the backend has acted; the removal is recorded
	accepted         chan struct{} // accepting: the order is answered
	engine           *lifecycle.Engine
}

// The instants of the crash matrix, for one operation.
const (
	beforeIntent = "before the intent is committed"
	beforeCall   = "after the intent, before the backend acts"
	insideCall   = "inside the call, after the backend acted"
	beforeResult = "the backend answered, nothing is committed"
	afterResult  = "the result is committed, nobody knows"
)

// dieAt ends the process the hard way when the planned operation has come to
// the planned instant.
func (p childPlan) dieAt(instant string, verb backend.Verb, mode backend.DeprovisionMode) {
	if p.KillAt == instant && p.Verb == verb && p.Mode == mode {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// dieAtMark does so when an order is accepted: once the backend, which is at it
// meanwhile, has acted.
func (p childPlan) dieAtMark(instant string) {
	if p.KillAt == instant && p.Verb == verbAccept {
		<-p.reached
		p.dieAt(instant, verbAccept, "")
	}
}

// dyingStore is a store with instants in it.
type dyingStore struct {
	*sqlite.Store
	plan childPlan
}

func (s dyingStore) Update(ctx context.Context, fn func(lifecycle.Tx) error) error {
	var settled *lifecycle.OperationRecord
	var marked bool
	err := s.Store.Update(ctx, func(tx lifecycle.Tx) error {
		settled, marked = nil, false
		return fn(dyingTx{Tx: tx, plan: s.plan, settled: &settled, marked: &marked})
	})
	if err == nil && marked {
		s.plan.dieAtMark(afterResult)
	}
	if err == nil && settled != nil {
		s.plan.dieAt(afterResult, backend.Verb(settled.Verb), backend.DeprovisionMode(settled.Mode))
	}
	return err
}

type dyingTx struct {
	lifecycle.Tx
	plan    childPlan
	settled **lifecycle.OperationRecord
	marked  *bool
}

func (t dyingTx) UpdateResource(r lifecycle.ResourceRecord) error {
	err := t.Tx.UpdateResource(r)
	if err == nil && r.Accepted && r.State == gateway.Provisioning {
		t.plan.dieAtMark(beforeIntent)
		*t.marked = true
	}
	return err
}

func (t dyingTx) InsertOperation(op lifecycle.OperationRecord) error {
	err := t.Tx.InsertOperation(op)
	t.plan.dieAt(beforeIntent, backend.Verb(op.Verb), backend.DeprovisionMode(op.Mode))
	return err
}

func (t dyingTx) Settle(op lifecycle.OperationRecord) error {
	err := t.Tx.Settle(op)
	if err == nil && !op.Live() {
		t.plan.dieAt(beforeResult, backend.Verb(op.Verb), backend.DeprovisionMode(op.Mode))
		*t.settled = &op
	}
	return err
}

// runChild is the gateway process. For each order it prints a line of JSON.
func runChild(text string) {
	var p childPlan
	must(json.Unmarshal([]byte(text), &p))
	p.reached, p.dropped, p.accepted = make(chan struct{}, 10), make(chan struct{}), make(chan struct{})
	ctx := context.Background()
	store, err := sqlite.Open(ctx, filepath.Join(p.Dir, "store", "addongw.db"))
	must(err)
	sealer, err := secret.OpenSealer(ctx, []secret.Key{{ID: "test", Value: secret.New(testKey)}}, store)
	must(err)
	e, err := lifecycle.New(lifecycle.Options{
		Store: dyingStore{store, p}, Sealer: sealer, Log: slog.New(slog.NewTextHandler(io.Discard, nil)), PollInterval: 50 * time.Millisecond,
		PlatformLimits: lifecycle.Limits{MinBackoff: time.Millisecond},
	})
	must(err)
	scope := gateway.Scope{Platform: platformName, Addon: addonName, Budget: time.Minute, DeadID: gateway.DeadIDGone}
	var platforms lifecycle.Platforms
	if p.Story == accepting {
		scope.Accepts, scope.Budget, platforms = true, time.Millisecond, dyingMoon{p}
	}
	p.engine = e
	e.Activate(&fakeCatalog{}, dyingBackends{p}, platforms)
	must(e.Start(ctx))
	if p.Story.ofServers() {
		scope.Addon = providerName
		p.print(p.rent(e.Servers(scope), store))
	} else {
		p.work(e.For(scope), store)
	}
	if p.KillAt != "" {
		time.Sleep(10 * time.Second) // what was seen in the store is committed; the kill is still to come
	}
	os.Exit(0) // without a word to the engine: ending is a kind of crash too
}

func must(err error) {
	if err != nil {
		panic(err)
	}
}

// work runs the plan's orders, Clients at once.
func (p childPlan) work(s *lifecycle.Scoped, store *sqlite.Store) {
	orders := make(chan string)
	var group sync.WaitGroup
	var printing sync.Mutex
	for range max(1, p.Clients) {
		group.Go(func() {
			for id := range orders {
				a, err := p.do(s, store, id)
				a.ExternalID = id
				printing.Lock()
				p.print(a, err)
				printing.Unlock()
			}
		})
	}
	for _, id := range p.Orders {
		orders <- id
	}
	close(orders)
	group.Wait()
}

func (p childPlan) print(a answer, err error) {
	if err != nil {
		a = answer{ExternalID: a.ExternalID, Error: err.Error()}
	}
	line, _ := json.Marshal(a)
	fmt.Println(string(line))
}

// answer is what a platform was told about one order.
type answer struct {
	ExternalID, ResourceID, URL, Error string
}

// do plays the story, or goes on where the last process died.
func (p childPlan) do(s *lifecycle.Scoped, store *sqlite.Store, id string) (answer, error) {
	ctx := context.Background()
	known, err := store.ResourceByExternalID(ctx, platformName, addonName, id)
	repeat := err == nil
	if repeat && p.Story == compensating {
		return answer{ExternalID: id, ResourceID: known.ID}, untilOver(ctx, store, id, gateway.Failed)
	}
	switch p.Story {
	case cancelling:
		return p.cancel(ctx, s, store, id)
	case accepting:
		return p.accept(ctx, s, store, id)
	}
	d, err := s.Provision(ctx, gateway.Order{ExternalID: id, Plan: "free", Region: "eu"})
	if kind := gateway.KindOf(err); err != nil {
		switch {
		case p.Story == compensating && kind == gateway.Refused:
			return answer{ExternalID: id}, untilOver(ctx, store, id, gateway.Failed)
		case repeat && (kind == gateway.Conflict && p.Story == changing || kind == gateway.Gone && p.Story == removing):
			d.Resource = known.Resource // it has moved on before the kill
		default:
			return answer{}, err
		}
	}
	switch p.Story {
	case changing:
		d, err = s.ChangePlan(ctx, d.Resource.ID, "big")
	case removing:
		if _, err = s.Deprovision(ctx, d.Resource.ID); err == nil {
			err = untilOver(ctx, store, id, gateway.Deprovisioned)
		}
	case rotating, undoing:
		if err = p.rotate(ctx, store, id); err == nil {
			d, err = s.Provision(ctx, gateway.Order{ExternalID: id, Plan: "free", Region: "eu"})
		}
	case suspending:
		err = p.turn(ctx, s, store, d.Resource, gateway.Suspended)
	case resuming:
		if !repeat {
			err = p.turn(ctx, s, store, d.Resource, gateway.Suspended)
		}
		if err == nil {
			err = p.turn(ctx, s, store, d.Resource, gateway.Active)
		}
	}
	return answer{ExternalID: id, ResourceID: d.Resource.ID, URL: vars(d)["ACME_DB_URL"]}, err
}

// turn suspends or resumes, and waits until the backend has followed.
func (p childPlan) turn(ctx context.Context, s *lifecycle.Scoped, store *sqlite.Store, r gateway.Resource, to gateway.State) error {
	var err error
	if to == gateway.Suspended {
		_, err = s.Suspend(ctx, r.ID, "not paid")
	} else {
		_, err = s.Resume(ctx, r.ID)
	}
	if err != nil {
		return err
	}
	return untilOver(ctx, store, r.ExternalID, to)
}

// rotate replaces the credentials, or goes on where the last process died. It
// returns once one password works again.
func (p childPlan) rotate(ctx context.Context, store *sqlite.Store, id string) error {
	r, err := store.ResourceByExternalID(ctx, platformName, addonName, id)
	if err != nil {
		return err
	}
	grace := time.Duration(0)
	if p.Story == undoing {
		grace = time.Hour
	}
	undone := r.ConfigRev > 2 // one for the order, one for the stage
	if r.Rotation.Phase == gateway.NotRotating && r.RotatedAt.IsZero() && !undone {
		if _, err = p.engine.Rotate(ctx, r.ID, gateway.RotateOrder{Force: true, Grace: &grace}); err != nil {
			return err
		}
	}
	if p.Story == undoing && !undone {
		if _, err := p.engine.UndoRotation(ctx, r.ID); err != nil {
			return err
		}
		p.hurry(ctx, store, r.ID)
	}
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if r, err = store.ResourceByExternalID(ctx, platformName, addonName, id); err != nil || r.Rotation.Phase == gateway.NotRotating {
			return err
		}
	}
	return fmt.Errorf("the rotation is still %s", r.Rotation.Phase)
}

// hurry lets the grace of a rotation be over.
func (p childPlan) hurry(ctx context.Context, store *sqlite.Store, id string) {
	must(store.Update(ctx, func(tx lifecycle.Tx) error {
		row, err := tx.ResourceRecord(id)
		if err != nil {
			return err
		}
		row.Rotation.Due = tx.Now()
		return tx.SetRotation(row)
	}))
}

// cancel orders, and removes while the backend is at it.
func (p childPlan) cancel(ctx context.Context, s *lifecycle.Scoped, store *sqlite.Store, id string) (answer, error) {
	known, err := store.ResourceByExternalID(ctx, platformName, addonName, id)
	if err != nil {
		go func() { _, _ = s.Provision(ctx, gateway.Order{ExternalID: id, Plan: "free", Region: "eu"}) }()
		<-p.reached
		if known, err = store.ResourceByExternalID(ctx, platformName, addonName, id); err != nil {
			return answer{}, err
		}
	}
	if _, err := s.Deprovision(ctx, known.ID); err != nil {
		return answer{}, err
	}
	close(p.dropped)
	return answer{ExternalID: id, ResourceID: known.ID}, untilOver(ctx, store, id, gateway.Deprovisioned)
}

// accept orders, unless the order was accepted: then its platform does not
// repeat it. At the end it asks for what the platform should have been told.
func (p childPlan) accept(ctx context.Context, s *lifecycle.Scoped, store *sqlite.Store, id string) (answer, error) {
	order := gateway.Order{ExternalID: id, Plan: "free", Region: "eu"}
	if known, err := store.ResourceByExternalID(ctx, platformName, addonName, id); err != nil || !known.Accepted {
		if _, err := s.Provision(ctx, order); err != nil {
			return answer{}, err
		}
	}
	close(p.accepted)
	if err := untilOver(ctx, store, id, gateway.Active); err != nil {
		return answer{}, err
	}
	d, err := s.Provision(ctx, order)
	return answer{ExternalID: id, ResourceID: d.Resource.ID, URL: vars(d)["ACME_DB_URL"]}, err
}

// untilOver waits until an order's resource is in a state and at rest.
func untilOver(ctx context.Context, store *sqlite.Store, id string, state gateway.State) error {
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		r, err := store.ResourceByExternalID(ctx, platformName, addonName, id)
		if err != nil {
			return err
		}
		live, err := store.LiveOperations(ctx, r.ID)
		if err != nil {
			return err
		}
		if r.State == state && len(live) == 0 {
			return nil
		}
	}
	return fmt.Errorf("it never became %s", state)
}
