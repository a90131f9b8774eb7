package storetest

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

func laneOrder(t *testing.T, f *fixture) {
	r := f.resource(t, "1")
	f.operation(t, r, "first")
	f.operation(t, r, "second")
	third := f.operation(t, r, "third")
	if third.Seq != 3 {
		t.Errorf("the third of a lane has seq %d", third.Seq)
	}
	claimFails := func(id string) {
		t.Helper()
		f.refused(t, lifecycle.ErrLaneBusy, func(tx lifecycle.Tx) error {
			_, err := tx.Claim(id, "node_a", time.Minute)
			return err
		})
	}
	claimFails("op_second")
	first := f.claim(t, "op_first", "node_a")
	claimFails("op_first")
	claimFails("op_second")
	f.settle(t, first, gateway.OperationDone)
	claimFails("op_third")
	second := f.claim(t, "op_second", "node_a")

	live, err := f.LiveOperations(t.Context(), r.ID)
	if err != nil {
		t.Fatal(err)
	}
	if len(live) != 2 || live[0].ID != "op_second" || live[1].ID != "op_third" {
		t.Errorf("live operations: %v", live)
	}
	f.settle(t, second, gateway.OperationFailed)
	f.claim(t, "op_third", "node_a")

	other := f.resource(t, "2")
	f.operation(t, other, "elsewhere")
	f.claim(t, "op_elsewhere", "node_a")
}

func claimNeedsDue(t *testing.T, f *fixture) {
	r := f.resource(t, "1")
	cases := map[string]func(*lifecycle.OperationRecord){
		"later":  func(op *lifecycle.OperationRecord) { op.RunAt = time.Now().Add(time.Hour) },
		"parked": func(op *lifecycle.OperationRecord) { op.RunAt = time.Time{} },
	}
	for name, change := range cases {
		f.operation(t, r, name, change, func(op *lifecycle.OperationRecord) { op.Lane = name }) // a lane of its own
		f.refused(t, lifecycle.ErrLaneBusy, func(tx lifecycle.Tx) error {
			_, err := tx.Claim("op_"+name, "node_a", time.Minute)
			return err
		})
	}
	f.refused(t, lifecycle.ErrLaneBusy, func(tx lifecycle.Tx) error {
		_, err := tx.Claim("op_unknown", "node_a", time.Minute)
		return err
	})
}

func inlineNeedsEmptyLane(t *testing.T, f *fixture) {
	r := f.resource(t, "1")
	inline := newOperation(r, "inline")
	running("node_a")(&inline)
	insert := func(tx lifecycle.Tx) error { return tx.InsertOperation(inline) }
	waiting := f.operation(t, r, "waiting")
	f.refused(t, lifecycle.ErrLaneBusy, insert)
	claimed := f.claim(t, waiting.ID, "node_a")
	f.refused(t, lifecycle.ErrLaneBusy, insert)
	f.settle(t, claimed, gateway.OperationDone)
	f.update(t, insert)
	if got := f.read(t, inline.ID); got.State != gateway.OperationRunning || got.Attempt != 1 || got.Owner != "node_a" || got.Seq != 2 {
		t.Errorf("inserted as %+v", got)
	}
}

func oneClaimWins(t *testing.T, f *fixture) {
	r := f.resource(t, "1")
	f.operation(t, r, "1")
	var wins sync.Map
	var group sync.WaitGroup
	for i := range 20 {
		group.Go(func() {
			err := f.Update(t.Context(), func(tx lifecycle.Tx) error {
				_, err := tx.Claim("op_1", "node_a", time.Minute)
				return err
			})
			if err == nil {
				wins.Store(i, true)
			} else if !errors.Is(err, lifecycle.ErrLaneBusy) {
				t.Errorf("claim: %v", err)
			}
		})
	}
	group.Wait()
	n := 0
	wins.Range(func(any, any) bool { n++; return true })
	if op := f.read(t, "op_1"); n != 1 || op.Attempt != 1 {
		t.Errorf("%d claims won, attempt %d", n, op.Attempt)
	}
}

func finishIsFenced(t *testing.T, f *fixture) {
	r := f.resource(t, "1")
	op := f.operation(t, r, "1", running("node_a"))
	done := op
	done.State = gateway.OperationDone
	for name, change := range map[string]func(*lifecycle.OperationRecord){
		"another owner":      func(op *lifecycle.OperationRecord) { op.Owner = "node_b" },
		"an earlier attempt": func(op *lifecycle.OperationRecord) { op.Attempt = 0 },
		"a later attempt":    func(op *lifecycle.OperationRecord) { op.Attempt = 2 },
		"an unknown id":      func(op *lifecycle.OperationRecord) { op.ID = "op_2" },
	} {
		t.Run(name, func(t *testing.T) {
			stale := done
			change(&stale)
			f.refused(t, lifecycle.ErrFenced, func(tx lifecycle.Tx) error {
				// What else the transaction did is undone with it.
				if err := tx.MarkDelivered(r.ID, 9); err != nil {
					return err
				}
				return tx.Settle(stale)
			})
		})
	}
	if res, err := f.ResourceRecord(t.Context(), r.ID); err != nil || res.DeliveredRev != 0 {
		t.Errorf("a refused finish left traces: %d, %v", res.DeliveredRev, err)
	}
	if got := f.read(t, op.ID); got.State != gateway.OperationRunning {
		t.Fatalf("the operation is %s after refused finishes", got.State)
	}
	f.settle(t, done, gateway.OperationDone)
	f.refused(t, lifecycle.ErrFenced, func(tx lifecycle.Tx) error { return tx.Settle(done) })
}

func finishSeesCancel(t *testing.T, f *fixture) {
	r := f.resource(t, "1")
	op := f.operation(t, r, "1", running("node_a"))
	f.update(t, func(tx lifecycle.Tx) error { return tx.RequestCancel(op.ID) })
	f.refused(t, lifecycle.ErrStale, func(tx lifecycle.Tx) error { return tx.Settle(op) })
	op.CancelRequested = true
	f.settle(t, op, gateway.OperationCancelled)
	if got := f.read(t, op.ID); !got.CancelRequested || got.State != gateway.OperationCancelled {
		t.Errorf("settled as %+v", got)
	}
	f.refused(t, lifecycle.ErrStale, func(tx lifecycle.Tx) error { return tx.RequestCancel(op.ID) })
}

func checkpointIsFenced(t *testing.T, f *fixture) {
	r := f.resource(t, "1")
	op := f.operation(t, r, "1", running("node_a"))
	keep := func(f lifecycle.Fence, step string, state []byte) func(lifecycle.Tx) error {
		return func(tx lifecycle.Tx) error { return tx.Checkpoint(f, step, state) }
	}
	f.update(t, keep(op.Fence(), "one", []byte{1}))
	f.update(t, keep(op.Fence(), "two", nil))
	stale := op.Fence()
	stale.Attempt++
	f.refused(t, lifecycle.ErrFenced, keep(stale, "three", []byte{3}))
	if got := f.read(t, op.ID); got.Step != "two" || string(got.StateSealed) != "\x01" {
		t.Errorf("step %q with state %v, want two with [1]", got.Step, got.StateSealed)
	}
	f.settle(t, op, gateway.OperationPending)
	f.refused(t, lifecycle.ErrFenced, keep(op.Fence(), "late", nil))
	if got := f.read(t, op.ID); string(got.StateSealed) != "\x01" {
		t.Error("settling lost the checkpoint's state")
	}
}

func takeOver(t *testing.T, f *fixture) {
	join := func(id string) int {
		t.Helper()
		n, err := f.Join(t.Context(), lifecycle.Node{ID: id, Version: "1"})
		if err != nil {
			t.Fatal(err)
		}
		return n
	}
	if n := join("node_a"); n != 0 {
		t.Errorf("an empty store gave back %d operations", n)
	}
	left := f.operation(t, f.resource(t, "1"), "left", running("node_a"))
	f.operation(t, f.resource(t, "2"), "waiting", func(op *lifecycle.OperationRecord) { op.RunAt = time.Time{}; op.WaitingFor = "human" })
	if n := join("node_b"); n != 1 {
		t.Errorf("%d operations given back, want 1", n)
	}
	got := f.read(t, left.ID)
	if got.State != gateway.OperationPending || got.RunAt.IsZero() || got.Attempt != 1 {
		t.Errorf("given back as %s, due %v, attempt %d", got.State, got.RunAt, got.Attempt)
	}
	f.refused(t, lifecycle.ErrFenced, func(tx lifecycle.Tx) error { return tx.Settle(left) })
	again := f.claim(t, left.ID, "node_b")
	if again.Attempt != 2 || again.Owner != "node_b" {
		t.Errorf("claimed as attempt %d of %s", again.Attempt, again.Owner)
	}
	if n := join("node_b"); n != 0 {
		t.Errorf("a node lost %d of its own operations by joining again", n)
	}
}

func whatWaitsIsResumed(t *testing.T, f *fixture) {
	parked := func(name, what string) lifecycle.OperationRecord {
		f.operation(t, f.resource(t, name), name)
		op := f.claim(t, "op_"+name, "node_a")
		op.State, op.WaitingFor, op.Error = gateway.OperationPending, what, "why"
		f.update(t, func(tx lifecycle.Tx) error { return tx.Settle(op) })
		return op
	}
	parked("1", "backend")
	parked("2", "human")
	f.update(t, func(tx lifecycle.Tx) error { return tx.ResumeWaiting("backend") })
	if op := f.read(t, "op_1"); op.WaitingFor != "" || op.RunAt.IsZero() || op.Error != "why" || op.Attempt != 1 {
		t.Errorf("it is %+v, want due", op)
	}
	if op := f.read(t, "op_2"); op.WaitingFor != "human" || !op.RunAt.IsZero() {
		t.Errorf("it is %+v, want parked", op)
	}
	f.claim(t, "op_1", "node_a")
}

func dueIsFiltered(t *testing.T, f *fixture) {
	make := func(id string, change ...func(*lifecycle.OperationRecord)) {
		f.operation(t, f.resource(t, id), id, change...)
	}
	at := func(ms int64) func(*lifecycle.OperationRecord) {
		return func(op *lifecycle.OperationRecord) { op.RunAt = time.UnixMilli(ms) }
	}
	make("b", at(20))
	make("a", at(10))
	make("c", at(30), func(op *lifecycle.OperationRecord) { op.Backend = "redis.main" })
	make("drop", func(op *lifecycle.OperationRecord) { op.Verb = string(backend.VerbDeprovision) })
	make("running", running("node_a"))
	make("later", func(op *lifecycle.OperationRecord) { op.RunAt = time.Now().Add(time.Hour) })
	make("parked", func(op *lifecycle.OperationRecord) { op.RunAt = time.Time{} })
	look := func(q lifecycle.DueQuery) (ids string, next time.Duration) {
		t.Helper()
		list, err := f.Due(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, op := range list.Operations {
			ids += op.ID + "@" + op.Backend + " "
		}
		return ids, list.Next
	}
	orders := []backend.Verb{backend.VerbProvision, backend.VerbChangePlan}
	got, next := look(lifecycle.DueQuery{Verbs: orders, Limit: 10})
	if want := "op_a@postgres.main op_b@postgres.main op_c@redis.main "; got != want {
		t.Errorf("due: %q, want %q", got, want)
	}
	if next < 59*time.Minute || next > time.Hour {
		t.Errorf("the next is due in %v, want an hour", next)
	}
	if got, _ := look(lifecycle.DueQuery{Verbs: orders, Limit: 1}); got != "op_a@postgres.main " {
		t.Errorf("the longest due: %q", got)
	}
	if got, _ := look(lifecycle.DueQuery{Verbs: orders, ExcludeBackends: []string{"postgres.main", "x"}, Limit: 10}); got != "op_c@redis.main " {
		t.Errorf("without postgres.main: %q", got)
	}
	if got, next := look(lifecycle.DueQuery{Verbs: []backend.Verb{backend.VerbDeprovision}, Limit: 10}); got != "op_drop@postgres.main " || next != 0 {
		t.Errorf("removals: %q, next in %v", got, next)
	}
}
