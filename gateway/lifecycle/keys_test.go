package lifecycle_test

import (
	"context"
	"encoding/json"
	"errors"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

var ours = gateway.KeyOrder{Name: "account-42", PublicKey: "ssh-ed25519 AAAA ops@example"}

// theirs is a key that the backend keeps.
func theirs() gateway.KeyOrder {
	order := ours
	order.Args = map[string]any{"name": order.Name, "public_key": order.PublicKey}
	return order
}

func TestAKeyOfTheGatewaysOwn(t *testing.T) {
	r := newRig(t)
	ctx, servers := context.Background(), r.servers()
	key, err := servers.AddKey(ctx, caller("me"), ours)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := servers.AddKey(ctx, caller("me"), ours); err != nil || again.ID != key.ID {
		t.Errorf("a repeat is %s, not %s: %v", again.ID, key.ID, err)
	}
	other := ours
	other.PublicKey = "ssh-ed25519 BBBB"
	if second, err := servers.AddKey(ctx, caller("me"), other); err != nil || second.ID == key.ID {
		t.Errorf("another text of the name: %v", err)
	}
	if foreign, err := servers.AddKey(ctx, caller("you"), ours); err != nil || foreign.ID == key.ID {
		t.Errorf("another caller's: %v", err)
	}
	got, err := servers.Key(ctx, caller("me"), key.ID)
	if err != nil || got.Name != ours.Name || got.PublicKey != ours.PublicKey || got.State != gateway.Active {
		t.Errorf("the key is %+v, %v", got, err)
	}
	_, err = servers.Key(ctx, caller("you"), key.ID)
	wantKind(t, err, gateway.NotFound)
	wantKind(t, servers.RemoveKey(ctx, caller("you"), key.ID, nil), gateway.NotFound)
	for range 2 {
		if err := servers.RemoveKey(ctx, caller("me"), key.ID, nil); err != nil {
			t.Fatal(err)
		}
	}
	if got, err := servers.Key(ctx, caller("me"), key.ID); err != nil || got.State != gateway.Deprovisioned {
		t.Errorf("a removed key is %s, %v", got.State, err)
	}
	if again, err := servers.AddKey(ctx, caller("me"), ours); err != nil || again.ID == key.ID {
		t.Errorf("a removed key came back: %v", err)
	}
	if n := len(r.world.callsOf(backend.VerbInvoke)); n != 0 {
		t.Errorf("the backend was called %d times", n)
	}
}

func TestAKeyOfTheBackends(t *testing.T) {
	r := newRig(t)
	ctx, servers := context.Background(), r.servers()
	r.world.say(gateway.ActionCreateKey, map[string]cty.Value{"ref": cty.StringVal("fp:11")})
	key, err := servers.AddKey(ctx, caller("me"), theirs())
	if err != nil || key.Ref != "fp:11" || key.State != gateway.Active {
		t.Fatalf("the key is %+v, %v", key, err)
	}
	if again, err := servers.AddKey(ctx, caller("me"), theirs()); err != nil || again.ID != key.ID || again.Ref != key.Ref {
		t.Errorf("a repeat: %+v, %v", again, err)
	}
	if err := servers.RemoveKey(ctx, caller("me"), key.ID, map[string]any{"name": key.Name}); err != nil {
		t.Fatal(err)
	}
	r.until(key.ID, gateway.Deprovisioned)
	wantRef(t, r.world.actions(gateway.ActionDeleteKey), "fp:11")
	if things, made := r.world.count(); things != 0 || made != 1 {
		t.Errorf("%d of %d are left", things, made)
	}
}

func TestAKeyThatFailedIsTriedAnew(t *testing.T) {
	r := newRig(t)
	ctx, servers := context.Background(), r.servers()
	r.world.failAction(gateway.ActionCreateKey, backend.Failf(backend.Invalid, "no such kind of key"))
	_, err := servers.AddKey(ctx, caller("me"), theirs())
	wantKind(t, err, gateway.Refused)
	r.world.hook(nil, nil)
	key, err := servers.AddKey(ctx, caller("me"), theirs())
	if err != nil || key.State != gateway.Active {
		t.Fatalf("%+v, %v", key, err)
	}
	if things, _ := r.world.count(); things != 1 {
		t.Errorf("%d keys", things)
	}
}

func TestAKeyWhoseBackendIsSlowIsFoundByTheRepeat(t *testing.T) {
	r := newRig(t)
	r.scope.Budget = 50 * time.Millisecond
	g := newGate()
	r.world.holdAction(g, gateway.ActionCreateKey)
	_, err := r.servers().AddKey(context.Background(), caller("me"), theirs())
	wantKind(t, err, gateway.Unavailable)
	close(g.open)
	r.scope.Budget = 10 * time.Second
	key, err := r.servers().AddKey(context.Background(), caller("me"), theirs())
	if err != nil || key.State != gateway.Active {
		t.Fatalf("%+v, %v", key, err)
	}
	if _, made := r.world.count(); made != 1 {
		t.Errorf("made %d times", made)
	}
}

func TestTheBackendIsLookedAtAndItsWordIsKept(t *testing.T) {
	r := newRig(t)
	r.world.say(gateway.ActionCreateServer, map[string]cty.Value{"ref": cty.StringVal("vm-7"), "status": cty.StringVal("new")})
	s := r.rent("box-1")
	r.until(s.ID, gateway.Active)
	r.world.say(gateway.ActionGetServer, map[string]cty.Value{
		"status": cty.StringVal("active"), "internal_ip": cty.StringVal("10.0.0.7"), "external_ip": cty.NullVal(cty.String), "password": cty.StringVal("pw-77"),
	})
	ctx := context.Background()
	look := func() gateway.Server {
		t.Helper()
		got, err := r.servers().Look(ctx, caller("me"), s.ID)
		if err != nil {
			t.Fatal(err)
		}
		return got
	}
	got := look()
	if got.Status != "active" || got.InternalIP != "10.0.0.7" || got.ExternalIP != "" || got.Ref != "vm-7" || got.Password == nil || got.Password.Reveal() != "pw-77" || got.LookedAt.IsZero() {
		t.Errorf("after a look it is %+v", got)
	}
	look()
	calls := r.world.actions(gateway.ActionGetServer)
	wantRef(t, calls, "vm-7")
	if len(calls) != 1 || calls[0].Op.Credential["access-token"] != token || calls[0].Op.OperationID != "" {
		t.Errorf("asked %d times", len(calls))
	}
	r.restart()
	r.world.failAction(gateway.ActionGetServer, errors.New("broken pipe"))
	if got := look(); got.Status != "active" || got.InternalIP != "10.0.0.7" || got.Missing {
		t.Errorf("while the backend does not answer it is %+v", got)
	}
	asked := len(r.world.actions(gateway.ActionGetServer))
	if look(); len(r.world.actions(gateway.ActionGetServer)) != asked {
		t.Error("a backend that does not answer is asked again at once")
	}
	r.restart()
	r.world.failAction(gateway.ActionGetServer, backend.Failf(backend.NotFound, "gone"))
	if got := look(); !got.Missing || got.State != gateway.Active {
		t.Errorf("a server that the backend does not know is %+v", got)
	}
}

func TestAskTellsWhatTheBackendSays(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	ask := func() (json.RawMessage, error) {
		return r.servers().Ask(ctx, gateway.ActionCall{Action: gateway.ActionVerify, Credential: caller("me").Credential, Timeout: time.Second})
	}
	r.world.say(gateway.ActionVerify, map[string]cty.Value{"account": cty.StringVal("a-1")})
	if said, err := ask(); err != nil || string(said) != `{"account":"a-1"}` {
		t.Errorf("%s, %v", said, err)
	}
	for class, kind := range map[backend.Class]gateway.Kind{
		backend.Unauthorized: gateway.Unauthorized, backend.NotFound: gateway.NotFound, backend.Invalid: gateway.Refused,
		backend.Quota: gateway.Quota, backend.Unsupported: gateway.Unsupported, backend.Retryable: gateway.Unavailable, backend.Internal: gateway.Internal,
	} {
		r.world.failAction(gateway.ActionVerify, backend.Failf(class, "because of %s", token))
		_, err := ask()
		wantKind(t, err, kind)
		if err != nil && containsToken(err.Error()) {
			t.Errorf("%s: the token is in the error", class)
		}
	}
	g := newGate()
	r.world.holdAction(g, gateway.ActionVerify)
	_, err := ask()
	wantKind(t, err, gateway.Unavailable)
	r.world.hook(nil, nil)
	r.world.say(gateway.ActionVerify, map[string]cty.Value{})
	if said, err := ask(); err != nil || string(said) != "{}" {
		t.Errorf("%s, %v", said, err)
	}
}

func TestWorkDoesNotKeepQuestionsWaiting(t *testing.T) {
	r := newRig(t)
	r.limits.Concurrency = 1
	r.restart()
	g := newGate()
	r.world.holdAction(g, gateway.ActionCreateServer)
	r.rent("box-1")
	<-g.reached
	if _, err := r.servers().Ask(context.Background(), gateway.ActionCall{Action: gateway.ActionVerify, Timeout: time.Second}); err != nil {
		t.Errorf("while a server is being made: %v", err)
	}
	close(g.open)
}

func TestFingerprintsLastAndTellApart(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	print := func(parts ...string) string {
		t.Helper()
		text, err := r.servers().Fingerprint(ctx, parts...)
		if err != nil {
			t.Fatal(err)
		}
		return text
	}
	first := print("acme", token)
	if containsToken(first) || first == print("acme"+token) || first == print("acme", token, "") {
		t.Error("fingerprints do not tell apart")
	}
	r.restart()
	if print("acme", token) != first {
		t.Error("a restart changed a fingerprint")
	}
	other := newRig(t)
	if elsewhere, err := other.servers().Fingerprint(ctx, "acme", token); err != nil || elsewhere == first {
		t.Errorf("another store has the same fingerprint: %v", err)
	}
}

func TestDocumentsAreKept(t *testing.T) {
	r := newRig(t)
	ctx := context.Background()
	_, err := r.servers().Kept(ctx, "catalog")
	wantKind(t, err, gateway.NotFound)
	for _, text := range []string{`[1]`, `[2]`} {
		if err := r.servers().Keep(ctx, "catalog", json.RawMessage(text)); err != nil {
			t.Fatal(err)
		}
	}
	r.restart()
	got, err := r.servers().Kept(ctx, "catalog")
	if err != nil || string(got.Body) != `[2]` || time.Since(got.At) > time.Minute {
		t.Errorf("kept %s at %s, %v", got.Body, got.At, err)
	}
	elsewhere := r.engine.Servers(gateway.Scope{Platform: platformName, Addon: "other"})
	_, err = elsewhere.Kept(ctx, "catalog")
	wantKind(t, err, gateway.NotFound)
}
