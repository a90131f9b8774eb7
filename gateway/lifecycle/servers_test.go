package lifecycle_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

func TestAnOrderedServerIsAnsweredAtOnceAndMadeLater(t *testing.T) {
	r := newRig(t)
	g := newGate()
	r.world.holdAction(g, gateway.ActionCreateServer)
	s := r.rent("box-1")
	if s.State != gateway.Provisioning || s.Doing != gateway.ActionCreateServer || s.ExternalIP != "" {
		t.Fatalf("an order that was just taken is %+v", s)
	}
	call := <-g.reached
	if call.Op.Credential["access-token"] != token || call.Op.ResourceID != s.ID || call.Op.Plan.ID != "s1" {
		t.Errorf("the backend was told %v of %s on %s", call.Op.Credential, call.Op.ResourceID, call.Op.Plan.ID)
	}
	wantRef(t, []lifecycle.Call{call}, "")
	close(g.open)
	r.until(s.ID, gateway.Active)
	got := r.look(s.ID)
	if got.Status != "active" || got.ExternalIP != "192.0.2.15" || got.InternalIP != "10.0.0.15" || got.Ref != "vm-"+s.ShortID || got.Doing != "" {
		t.Errorf("a server that was made is %+v", got)
	}
	if r.resource(s.ID).ConfigRev != 0 {
		t.Error("a server has config vars to deliver")
	}
}

func TestAServerBelongsToItsCaller(t *testing.T) {
	r := newRig(t)
	s := r.rent("box-1")
	r.until(s.ID, gateway.Active)
	ctx, servers, other := context.Background(), r.servers(), caller("somebody else")
	_, err := servers.Server(ctx, other, s.ID)
	wantKind(t, err, gateway.NotFound)
	_, err = servers.Look(ctx, other, s.ID)
	wantKind(t, err, gateway.NotFound)
	wantKind(t, servers.Cancel(ctx, other, s.ID, nil), gateway.NotFound)
	wantKind(t, servers.Act(ctx, other, s.ID, gateway.ServerAct{Action: gateway.ActionReboot}), gateway.NotFound)
	_, err = servers.Key(ctx, caller("me"), s.ID)
	wantKind(t, err, gateway.NotFound)
	elsewhere := r.engine.Servers(gateway.Scope{Platform: platformName, Addon: "other-boxes"})
	_, err = elsewhere.Server(ctx, caller("me"), s.ID)
	wantKind(t, err, gateway.NotFound)
	if got := r.story(s.ID); got != "provision:done " {
		t.Errorf("somebody else did: %s", got)
	}
}

func TestAServerIsRemoved(t *testing.T) {
	r := newRig(t)
	s := r.rent("box-1")
	r.until(s.ID, gateway.Active)
	g := newGate()
	r.world.holdAction(g, gateway.ActionDeleteServer)
	ctx := context.Background()
	for range 2 {
		if err := r.servers().Cancel(ctx, caller("me"), s.ID, map[string]any{"name": "box-1"}); err != nil {
			t.Fatal(err)
		}
	}
	call := <-g.reached
	if got := r.look(s.ID); got.State != gateway.Deprovisioning || call.Op.Credential["access-token"] != token {
		t.Errorf("while it is removed it is %s, told %v", got.State, call.Op.Credential)
	}
	wantRef(t, []lifecycle.Call{call}, "vm-"+s.ShortID)
	close(g.open)
	r.until(s.ID, gateway.Deprovisioned)
	if err := r.servers().Cancel(ctx, caller("me"), s.ID, nil); err != nil {
		t.Errorf("a repeat: %v", err)
	}
	if things, made := r.world.count(); things != 0 || made != 1 || len(r.world.actions(gateway.ActionDeleteServer)) != 1 {
		t.Errorf("%d things are left of %d, removed %d times", things, made, len(r.world.actions(gateway.ActionDeleteServer)))
	}
}

func TestAServerThatIsBeingMadeIsTornDown(t *testing.T) {
	r := newRig(t)
	g := newGate()
	r.world.holdAction(g, gateway.ActionCreateServer)
	s := r.rent("box-1")
	<-g.reached
	if err := r.servers().Cancel(context.Background(), caller("me"), s.ID, map[string]any{}); err != nil {
		t.Fatal(err)
	}
	close(g.open)
	r.until(s.ID, gateway.Deprovisioned)
	wantRef(t, r.world.actions(gateway.ActionDeleteServer), "vm-"+s.ShortID)
	if things, _ := r.world.count(); things != 0 {
		t.Errorf("%d things are left", things)
	}
}

func TestAServerThatCannotBeMadeIsCleanedUpAndSaysSo(t *testing.T) {
	r := newRig(t)
	r.world.failAction(gateway.ActionCreateServer, &backend.Failure{Class: backend.Quota, Message: "rack full", Customer: "The rack is full."})
	s := r.rent("box-1")
	r.until(s.ID, gateway.Failed)
	if got := r.look(s.ID); got.Reason != "The rack is full." || got.Doing != "" {
		t.Errorf("it says %q and does %q", got.Reason, got.Doing)
	}
	deletes := r.world.actions(gateway.ActionDeleteServer)
	wantRef(t, deletes, "")
	if args := deletes[0].Args.Cty().AsValueMap(); args["vendor_name"].AsString() != "v-box-1" || args["spec"] != cty.NilVal || deletes[0].Op.Credential["access-token"] != token {
		t.Error("the clean-up was told something else")
	}
	if err := r.servers().Cancel(context.Background(), caller("me"), s.ID, nil); err != nil {
		t.Fatal(err)
	}
	r.until(s.ID, gateway.Deprovisioned)
}

func TestAnAnswerWithoutWhatIsNeededIsAFailureThatIsCleanedUp(t *testing.T) {
	r := newRig(t)
	r.catalog.set(func(c *fakeCatalog) {
		c.judgeOutputs = func(_ gateway.Resource, action string, said json.RawMessage) error {
			if action == gateway.ActionCreateServer && !bytes.Contains(said, []byte("internal_ip")) {
				return errors.New("internal_ip is missing")
			}
			return nil
		}
	})
	r.world.say(gateway.ActionCreateServer, map[string]cty.Value{"ref": cty.StringVal("vm-7")})
	s := r.rent("box-1")
	r.until(s.ID, gateway.Failed)
	wantRef(t, r.world.actions(gateway.ActionDeleteServer), "vm-7")
	if things, _ := r.world.count(); things != 0 {
		t.Errorf("%d things are left", things)
	}
}

func TestAfterARestartWorkWaitsForItsCallersCredentials(t *testing.T) {
	r := newRig(t)
	g := newGate()
	r.world.holdAction(g, gateway.ActionCreateServer)
	s := r.rent("box-1")
	<-g.reached
	r.restart()
	r.world.hook(nil, nil)
	waits := func() bool {
		ops := r.operations(s.ID)
		return len(ops) == 1 && ops[0].WaitingFor == "credentials"
	}
	eventually(t, "it waits for credentials", waits)
	if n := len(r.world.actions(gateway.ActionCreateServer)); n != 1 {
		t.Errorf("the backend was called %d times, without credentials", n)
	}
	if _, err := r.servers().Server(context.Background(), caller("somebody else"), s.ID); err == nil || !waits() {
		t.Error("somebody else's credentials were taken")
	}
	if got := r.look(s.ID); got.State != gateway.Provisioning || got.Doing != gateway.ActionCreateServer {
		t.Errorf("the call that brings them is told %s, %q", got.State, got.Doing)
	}
	r.until(s.ID, gateway.Active)
	if _, made := r.world.count(); made != 1 {
		t.Errorf("made %d times", made)
	}
}

func TestARemovalWhoseCredentialsAreRefusedWaitsForOthers(t *testing.T) {
	r := newRig(t)
	s := r.rent("box-1")
	r.until(s.ID, gateway.Active)
	r.world.failAction(gateway.ActionDeleteServer, backend.Failf(backend.Unauthorized, "token %s expired", token))
	if err := r.servers().Cancel(context.Background(), caller("me"), s.ID, nil); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it waits for credentials", func() bool {
		ops := r.operations(s.ID)
		return ops[len(ops)-1].WaitingFor == "credentials"
	})
	if op := r.operations(s.ID)[1]; bytes.Contains([]byte(op.Error), []byte(token)) {
		t.Errorf("the token is in %q", op.Error)
	}
	r.world.hook(nil, nil)
	r.look(s.ID)
	r.until(s.ID, gateway.Deprovisioned)
}

func TestNoCredentialIsWrittenDown(t *testing.T) {
	r := newRig(t)
	var log lockedBuffer
	r.log = slog.New(slog.NewTextHandler(&log, nil))
	r.restart()
	r.world.failAction(gateway.ActionReboot, backend.Failf(backend.Invalid, "bad token %s", token))
	s := r.rent("box-1")
	r.until(s.ID, gateway.Active)
	if err := r.servers().Act(context.Background(), caller("me"), s.ID, gateway.ServerAct{Action: gateway.ActionReboot}); err != nil {
		t.Fatal(err)
	}
	r.until(s.ID, gateway.Active)
	if err := r.servers().Cancel(context.Background(), caller("me"), s.ID, nil); err != nil {
		t.Fatal(err)
	}
	r.until(s.ID, gateway.Deprovisioned)
	if text := log.String(); containsToken(text) || !strings.Contains(text, "bad token") {
		t.Errorf("the log: %s", strings.ReplaceAll(text, token, "(the token)"))
	}
	files, err := filepath.Glob(filepath.Join(r.dir, "*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no store: %v", err)
	}
	for _, file := range files {
		if text, err := os.ReadFile(file); err != nil || bytes.Contains(text, []byte(token)) {
			t.Errorf("%s holds the token, %v", file, err)
		}
	}
}

func TestChangesOfAServer(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	g := newGate()
	r.world.holdAction(g, gateway.ActionCreateServer)
	s := r.rent("box-1")
	reboot := gateway.ServerAct{Action: gateway.ActionReboot}
	wantKind(t, r.servers().Act(ctx, caller("me"), s.ID, reboot), gateway.Conflict)
	rename := gateway.ServerAct{Action: gateway.ActionRename, Name: "box-2", Args: map[string]any{"name": "box-2", "old_name": "box-1"}}
	if err := r.servers().Act(ctx, caller("me"), s.ID, rename); err != nil {
		t.Fatalf("renaming what is being made: %v", err)
	}
	if got := r.look(s.ID); got.Name != "box-2" || got.Doing != gateway.ActionCreateServer {
		t.Errorf("it is called %q and does %q", got.Name, got.Doing)
	}
	close(g.open)
	r.until(s.ID, gateway.Active)
	made, _ := r.world.thing(s.ID)
	wantRef(t, r.world.actions(gateway.ActionRename), "vm-"+s.ShortID)
	if got := r.look(s.ID); made.name != "box-2" || got.Name != "box-2" || got.Ref != "vm-"+s.ShortID || got.ExternalIP == "" {
		t.Errorf("the backend calls it %q, and it is %+v", made.name, got)
	}

	g = newGate()
	r.world.holdAction(g, gateway.ActionReboot)
	for range 3 {
		if err := r.servers().Act(ctx, caller("me"), s.ID, reboot); err != nil {
			t.Fatal(err)
		}
	}
	<-g.reached
	if got := r.look(s.ID); got.Doing != gateway.ActionReboot || !got.Begun {
		t.Errorf("while it is rebooted it does %q", got.Doing)
	}
	close(g.open)
	r.until(s.ID, gateway.Active)
	if made, _ := r.world.thing(s.ID); made.reboots != 1 {
		t.Errorf("%d reboots for one that was asked for three times", made.reboots)
	}
	if err := r.servers().Cancel(ctx, caller("me"), s.ID, nil); err != nil {
		t.Fatal(err)
	}
	wantKind(t, r.servers().Act(ctx, caller("me"), s.ID, reboot), gateway.Gone)
}

func TestARenameThatFailsGivesTheNameBack(t *testing.T) {
	r := newRig(t)
	s := r.rent("box-1")
	r.until(s.ID, gateway.Active)
	r.world.failAction(gateway.ActionRename, backend.Failf(backend.Invalid, "too long"))
	err := r.servers().Act(context.Background(), caller("me"), s.ID,
		gateway.ServerAct{Action: gateway.ActionRename, Name: "box-2", Args: map[string]any{"name": "box-2", "old_name": "box-1"}})
	if err != nil {
		t.Fatal(err)
	}
	r.until(s.ID, gateway.Active)
	if got := r.look(s.ID); got.Name != "box-1" || r.story(s.ID) != "provision:done invoke:failed " {
		t.Errorf("it is called %q after %s", got.Name, r.story(s.ID))
	}
}

func TestAnOrderIsNotDoubledWithinTheWindow(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	again := serverOrder("box-1")
	again.Dedupe = time.Minute
	ids := make(chan string, 8)
	var group sync.WaitGroup
	for range cap(ids) {
		group.Go(func() {
			s, err := r.servers().Order(ctx, caller("me"), again)
			if err != nil {
				t.Error(err)
			}
			ids <- s.ID
		})
	}
	group.Wait()
	close(ids)
	first := <-ids
	for id := range ids {
		if id != first {
			t.Errorf("a repeat is %s, the first is %s", id, first)
		}
	}
	r.until(first, gateway.Active)
	for what, change := range map[string]func(*gateway.ServerOrder, *gateway.Caller){
		"another name":   func(o *gateway.ServerOrder, _ *gateway.Caller) { o.Name = "box-2" },
		"another region": func(o *gateway.ServerOrder, _ *gateway.Caller) { o.Region = "ams" },
		"another size":   func(o *gateway.ServerOrder, _ *gateway.Caller) { o.Size = "s2" },
		"another caller": func(_ *gateway.ServerOrder, c *gateway.Caller) { c.Identity = "you" },
		"no window":      func(o *gateway.ServerOrder, _ *gateway.Caller) { o.Dedupe = 0 },
		"long ago":       func(o *gateway.ServerOrder, _ *gateway.Caller) { o.Dedupe = time.Nanosecond },
	} {
		order, who := again, caller("me")
		change(&order, &who)
		if s, err := r.servers().Order(ctx, who, order); err != nil || s.ID == first {
			t.Errorf("%s: %v, %s", what, err, s.ID)
		}
	}
	if err := r.servers().Cancel(ctx, caller("me"), first, nil); err != nil {
		t.Fatal(err)
	}
	r.until(first, gateway.Deprovisioned)
}

func TestAnOrderLikeOneThatFailedIsANewOne(t *testing.T) {
	r := newRig(t)
	r.world.failAction(gateway.ActionCreateServer, backend.Failf(backend.Invalid, "no"))
	order := serverOrder("box-1")
	order.Dedupe = time.Hour
	g := newGate()
	first, err := r.servers().Order(context.Background(), caller("me"), order)
	if err != nil {
		t.Fatal(err)
	}
	r.world.hook(func(ctx context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		switch call.Action {
		case gateway.ActionDeleteServer:
			return g.hold(ctx, call)
		case gateway.ActionCreateServer:
			return backend.Failf(backend.Invalid, "no")
		}
		return nil
	}, nil)
	eventually(t, "the provision has failed", func() bool { return r.operations(first.ID)[0].State == gateway.OperationFailed })
	second, err := r.servers().Order(context.Background(), caller("me"), order)
	if err != nil || second.ID == first.ID {
		t.Errorf("while the clean-up runs: %v, the same: %v", err, second.ID == first.ID)
	}
	close(g.open)
	r.until(first.ID, gateway.Failed)
	r.until(second.ID, gateway.Failed)
}

func TestAsManyServersAsThereIsRoomFor(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	var group sync.WaitGroup
	var mu sync.Mutex
	var made []string
	for range 10 {
		group.Go(func() {
			order := serverOrder("box")
			order.Capacity = 3
			s, err := r.servers().Order(ctx, caller("me"), order)
			mu.Lock()
			defer mu.Unlock()
			if err == nil {
				made = append(made, s.ID)
			} else if gateway.KindOf(err) != gateway.Quota {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if len(made) != 3 {
		t.Fatalf("%d servers where there is room for 3", len(made))
	}
	if _, err := r.servers().AddKey(ctx, caller("me"), gateway.KeyOrder{Name: "k", PublicKey: "ssh-ed25519 AAAA"}); err != nil {
		t.Fatal(err) // keys take no room
	}
	r.until(made[0], gateway.Active)
	g := newGate()
	r.world.holdAction(g, gateway.ActionDeleteServer)
	if err := r.servers().Cancel(ctx, caller("me"), made[0], nil); err != nil {
		t.Fatal(err)
	}
	<-g.reached
	order := serverOrder("box")
	order.Capacity = 3
	_, err := r.servers().Order(ctx, caller("me"), order)
	wantKind(t, err, gateway.Quota) // it is still there
	if regions, err := r.servers().Regions(ctx); err != nil || len(regions) != 1 || regions[0] != "fra" {
		t.Errorf("servers are in %q, %v", regions, err)
	}
	close(g.open)
	r.until(made[0], gateway.Deprovisioned)
	if _, err := r.servers().Order(ctx, caller("me"), order); err != nil {
		t.Error(err)
	}
}
