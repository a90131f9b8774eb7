package lifecycle_test

import (
	"context"
	"sync/atomic"
	"testing"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// lookedAt is a store that calls back once the live operations of a resource
// were read outside of a transaction.
type lookedAt struct {
	lifecycle.Store
	then atomic.Pointer[func([]lifecycle.OperationRecord)]
}

func (s *lookedAt) LiveOperations(ctx context.Context, id string) ([]lifecycle.OperationRecord, error) {
	live, err := s.Store.LiveOperations(ctx, id)
	if then := s.then.Load(); then != nil {
		(*then)(live)
	}
	return live, err
}

func TestARemovalWhileACleanUpEndsIsNotForgotten(t *testing.T) {
	r := newRig(t)
	looked := &lookedAt{}
	r.wrap = func(s lifecycle.Store) lifecycle.Store { looked.Store = s; return looked }
	r.restart()
	g := newGate()
	r.world.hook(func(ctx context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		if call.Verb == backend.VerbDeprovision {
			return g.hold(ctx, call)
		}
		return backend.Failf(backend.Invalid, "no")
	}, nil)
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Refused)
	id := (<-g.reached).Op.ResourceID // the clean-up
	again := make(chan struct{})
	go func() { // the order is repeated, and waits behind
		defer close(again)
		_, err := r.scoped().Provision(context.Background(), order("ext-1"))
		wantGone := err != nil && gateway.KindOf(err) == gateway.Gone
		if !wantGone {
			t.Errorf("the repeat was answered %v", err)
		}
	}()
	eventually(t, "the repeat waits", func() bool { return r.story(id) == "provision:failed deprovision:running provision:pending " })
	var dropped atomic.Bool
	then := func(live []lifecycle.OperationRecord) {
		if len(live) == 2 && !dropped.Swap(true) { // the clean-up is over and sees the repeat
			r.drop(id)
		}
	}
	looked.then.Store(&then)
	close(g.open)
	<-again
	r.until(id, gateway.Deprovisioned)
	if got := r.story(id); got != "provision:failed deprovision:done provision:cancelled " {
		t.Errorf("operations: %s", got)
	}
}

func TestACleanUpHasAttemptsOfItsOwn(t *testing.T) {
	r := newRig(t)
	r.world.fail(backend.VerbProvision, backend.Failf(backend.Internal, "a bug"))
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Internal)
	id := r.byExternal("ext-1").ID
	r.until(id, gateway.Failed)
	cleanUp, err := r.store.OperationRecord(t.Context(), r.operations(id)[1].ID)
	if err != nil || cleanUp.MaxAttempts != 20 {
		t.Errorf("it may be tried %d times, %v", cleanUp.MaxAttempts, err)
	}
}
