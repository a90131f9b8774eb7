package lifecycle_test

import (
	"context"
	stdsql "database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

func renameTo(name, from string) gateway.ServerAct {
	return gateway.ServerAct{Action: gateway.ActionRename, Name: name, Args: map[string]any{"name": name, "old_name": from}}
}

// TestWhatWaitsToChangeAServerThatFailedIsWithdrawn: its clean-up comes first.
func TestWhatWaitsToChangeAServerThatFailedIsWithdrawn(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	made, cleaned := newGate(), newGate()
	r.world.hook(func(ctx context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		switch call.Action {
		case gateway.ActionCreateServer:
			if err := made.hold(ctx, call); err != nil {
				return err
			}
			return backend.Failf(backend.Quota, "no")
		case gateway.ActionDeleteServer:
			return cleaned.hold(ctx, call)
		}
		return nil
	}, nil)
	s := r.rent("box-1")
	<-made.reached
	if err := r.servers().Act(ctx, caller("me"), s.ID, renameTo("b", "box-1")); err != nil {
		t.Fatal(err)
	}
	close(made.open)
	<-cleaned.reached
	wantKind(t, r.servers().Act(ctx, caller("me"), s.ID, renameTo("c", "b")), gateway.Conflict)
	close(cleaned.open)
	r.until(s.ID, gateway.Failed)
	if n := len(r.world.actions(gateway.ActionRename)); n > 0 {
		t.Errorf("a server that could not be made was renamed %d times: %s", n, r.story(s.ID))
	}
	eventually(t, "no credentials are held", func() bool { return lifecycle.HeldCredentials(r.engine) == 0 })
}

// TestOfWhatFailedNothingIsRemovedTwice: what the first clean-up knew of a foreign
// machine is forgotten by the time that the customer cancels.
func TestOfWhatFailedNothingIsRemovedTwice(t *testing.T) {
	r := newRig(t)
	r.world.hook(func(_ context.Context, call lifecycle.Call, checkpoint func(string, []byte)) error {
		if call.Action == gateway.ActionCreateServer {
			checkpoint("looked", []byte(`{"foreign":true}`))
			return backend.Failf(backend.Conflict, "it is not ours")
		}
		return nil
	}, nil)
	s := r.rent("box-1")
	r.until(s.ID, gateway.Failed)
	if err := r.servers().Cancel(context.Background(), caller("me"), s.ID, map[string]any{"name": "box-1"}); err != nil {
		t.Fatal(err)
	}
	if got := r.resource(s.ID); got.State != gateway.Deprovisioned || got.DeletedAt.IsZero() {
		t.Errorf("it is %s", got.State)
	}
	calls := r.world.actions(gateway.ActionDeleteServer)
	if len(calls) != 1 || string(calls[0].Op.State) != `{"foreign":true}` {
		t.Errorf("%d removals, the first with the state %s", len(calls), calls[0].Op.State)
	}
}

func TestWhatAnActionKeepsReachesTheNext(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	s := r.rent("box-1")
	r.until(s.ID, gateway.Active)
	r.world.mu.Lock()
	r.world.state = []byte(`{"after":"reboot"}`)
	r.world.mu.Unlock()
	if err := r.servers().Act(ctx, caller("me"), s.ID, gateway.ServerAct{Action: gateway.ActionReboot}); err != nil {
		t.Fatal(err)
	}
	r.until(s.ID, gateway.Active)
	r.world.hook(func(_ context.Context, call lifecycle.Call, checkpoint func(string, []byte)) error {
		if call.Action != gateway.ActionRename {
			return nil
		}
		if string(call.Op.State) != `{"after":"reboot"}` {
			t.Errorf("rename is told the state %s", call.Op.State)
		}
		checkpoint("half", []byte(`{"half":"renamed"}`))
		return backend.Failf(backend.Invalid, "no")
	}, nil)
	if err := r.servers().Act(ctx, caller("me"), s.ID, renameTo("b", "box-1")); err != nil {
		t.Fatal(err)
	}
	r.until(s.ID, gateway.Active)
	if err := r.servers().Cancel(ctx, caller("me"), s.ID, nil); err != nil {
		t.Fatal(err)
	}
	r.until(s.ID, gateway.Deprovisioned)
	if got := string(r.world.actions(gateway.ActionDeleteServer)[0].Op.State); got != `{"half":"renamed"}` {
		t.Errorf("delete_server is told the state %s", got)
	}
}

func TestChangesDoNotPileUp(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	g := newGate()
	r.world.holdAction(g, gateway.ActionCreateServer)
	s := r.rent("box-1")
	<-g.reached
	for i := range 50 {
		if err := r.servers().Act(ctx, caller("me"), s.ID, renameTo(fmt.Sprint("n", i), r.look(s.ID).Name)); err != nil {
			t.Fatal(err)
		}
	}
	refused := 0
	for i := range 50 {
		install := gateway.ServerAct{Action: gateway.ActionInstallKey, Args: map[string]any{"name": fmt.Sprint("key-", i)}}
		if err := r.servers().Act(ctx, caller("me"), s.ID, install); gateway.KindOf(err) == gateway.Busy && err != nil {
			refused++
		}
	}
	if live, err := r.store.LiveOperations(ctx, s.ID); err != nil || len(live) != 16 || refused != 36 {
		t.Errorf("%d operations wait, %d were refused, %v", len(live), refused, err)
	}
	close(g.open)
	r.until(s.ID, gateway.Active)
	renames := r.world.actions(gateway.ActionRename)
	if len(renames) != 1 || r.look(s.ID).Name != "n49" {
		t.Fatalf("%d renames, it is called %q", len(renames), r.look(s.ID).Name)
	}
	if args := renames[0].Args.Cty().AsValueMap(); args["name"].AsString() != "n49" || args["old_name"].AsString() != "box-1" {
		t.Errorf("the backend was told %v", args)
	}
}

// TestAChangeThatNobodyCanReadEnds is an operation whose arguments are damaged.
func TestAChangeThatNobodyCanReadEnds(t *testing.T) {
	r := newRig(t)
	g := newGate()
	r.world.holdAction(g, gateway.ActionCreateServer)
	s := r.rent("box-1")
	<-g.reached
	if err := r.servers().Act(context.Background(), caller("me"), s.ID, renameTo("b", "box-1")); err != nil {
		t.Fatal(err)
	}
	db, err := stdsql.Open("sqlite", filepath.Join(r.dir, "addongw.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.Exec(`UPDATE operations SET args_enc = x'00' WHERE action = 'rename'`); err != nil {
		t.Fatal(err)
	}
	close(g.open)
	r.until(s.ID, gateway.Active)
	if got := r.story(s.ID); !strings.Contains(got, "invoke:failed") {
		t.Errorf("the story is %s", got)
	}
}

func TestWhatIsInConflictAtAProviderIsTheCallers(t *testing.T) {
	r := newRig(t)
	r.world.failAction(gateway.ActionCreateKey, backend.Failf(backend.Conflict, "taken"))
	_, err := r.servers().AddKey(context.Background(), caller("me"), theirs())
	wantKind(t, err, gateway.Conflict)
	_, err = r.servers().Ask(context.Background(), gateway.ActionCall{Action: gateway.ActionCreateKey})
	wantKind(t, err, gateway.Conflict)
}
