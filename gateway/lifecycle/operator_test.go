package lifecycle_test

import (
	"context"
	"testing"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

func TestAnOperatorSuspendsAndResumes(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	id := r.provision("ext-1").Resource.ID
	for range 2 {
		got, err := r.engine.SuspendByHand(ctx, id, "The invoice is open.")
		if err != nil || got.State != gateway.Suspended || got.Reason != "The invoice is open." {
			t.Fatalf("it is %s, %q, %v", got.State, got.Reason, err)
		}
	}
	if made, _ := r.world.thing(id); !made.suspended {
		t.Error("the backend has not followed")
	}
	for range 2 {
		if got, err := r.engine.ResumeByHand(ctx, id); err != nil || got.State != gateway.Active || got.Reason != "" {
			t.Fatalf("it is %s, %q, %v", got.State, got.Reason, err)
		}
	}
	if made, _ := r.world.thing(id); made.suspended {
		t.Error("the backend has not followed")
	}
	if n := len(r.world.callsOf(backend.VerbSuspend)) + len(r.world.callsOf(backend.VerbResume)); n != 2 {
		t.Errorf("the backend was called %d times", n)
	}
	_, err := r.engine.SuspendByHand(ctx, "res_nobody", "")
	wantKind(t, err, gateway.NotFound)
	if _, err := r.scoped().Deprovision(ctx, id); err != nil {
		t.Fatal(err)
	}
	_, err = r.engine.SuspendByHand(ctx, id, "")
	wantKind(t, err, gateway.Gone)
}

func TestAServerIsNotSuspended(t *testing.T) {
	r := newRig(t)
	s := r.rent("box-1")
	r.until(s.ID, gateway.Active)
	_, err := r.engine.SuspendByHand(context.Background(), s.ID, "")
	wantKind(t, err, gateway.Conflict)
	_, err = r.engine.ResumeByHand(context.Background(), s.ID)
	wantKind(t, err, gateway.Conflict)
}
