package lifecycle_test

import (
	"bytes"
	"context"
	"maps"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

// providerName is who rents servers in the tests.
const providerName = "acme-boxes"

// token is the credential that callers send; no other text of the tests holds it.
const token = "tok-0f3c77aa9d"

// invoke carries out an action, once for each operation.
func (w *world) invoke(call lifecycle.Call) backend.Result {
	id := call.Op.ResourceID
	said := maps.Clone(w.said[call.Action])
	server, there := w.things[id]
	switch call.Action {
	case gateway.ActionCreateServer, gateway.ActionCreateKey:
		if !there {
			w.made[id]++
			w.things[id] = thing{plan: call.Op.Plan.ID, name: call.Args.Cty().GetAttr("name").AsString(), done: map[string]bool{}}
		}
		if said == nil {
			said = map[string]cty.Value{
				"ref": cty.StringVal("vm-" + call.Op.ShortID), "status": cty.StringVal("active"),
				"external_ip": cty.StringVal("192.0.2.15"), "internal_ip": cty.StringVal("10.0.0.15"),
			}
		}
	case gateway.ActionDeleteServer, gateway.ActionDeleteKey:
		delete(w.things, id)
	case gateway.ActionReboot:
		if there && !server.done[call.Op.OperationID] {
			server.done[call.Op.OperationID] = true
			server.reboots++
			w.things[id] = server
		}
	case gateway.ActionRename:
		server.name = call.Args.Cty().GetAttr("name").AsString()
		w.things[id] = server
	}
	return backend.Result{Outputs: backend.NewValue(cty.ObjectVal(said)), State: w.state}
}

// say makes an action answer something else.
func (w *world) say(action string, said map[string]cty.Value) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.said == nil {
		w.said = map[string]map[string]cty.Value{}
	}
	w.said[action] = said
}

// actions returns the calls of an action.
func (w *world) actions(name string) (calls []lifecycle.Call) {
	for _, c := range w.callsOf(backend.VerbInvoke) {
		if c.Action == name {
			calls = append(calls, c)
		}
	}
	return calls
}

// failAction makes every call of an action end with err, before it acts.
func (w *world) failAction(action string, err error) {
	w.hook(func(_ context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		if call.Action == action {
			return err
		}
		return nil
	}, nil)
}

// holdAction makes the calls of an action wait at g before they act.
func (w *world) holdAction(g *gate, action string) {
	w.hook(func(ctx context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		if call.Action == action {
			return g.hold(ctx, call)
		}
		return nil
	}, nil)
}

func (r *rig) servers() *lifecycle.Servers {
	return r.engine.Servers(gateway.Scope{Platform: platformName, Addon: providerName, Budget: r.scope.Budget})
}

func caller(identity string) gateway.Caller {
	return gateway.Caller{Identity: identity, Needed: true, Credential: map[string]gateway.Secret{"access-token": secret.New(token)}}
}

func serverOrder(name string) gateway.ServerOrder {
	return gateway.ServerOrder{
		Name: name, Region: "fra", Size: "s1", Plan: "standard",
		Args: map[string]any{"name": name, "vendor_name": "v-" + name, "spec": map[string]any{"ram": 1024}},
	}
}

// rent orders a server, which must be recorded.
func (r *rig) rent(name string) gateway.Server {
	r.t.Helper()
	s, err := r.servers().Order(context.Background(), caller("me"), serverOrder(name))
	if err != nil {
		r.t.Fatalf("order %s: %v", name, err)
	}
	return s
}

// look returns a server as its caller sees it.
func (r *rig) look(id string) gateway.Server {
	r.t.Helper()
	s, err := r.servers().Server(context.Background(), caller("me"), id)
	if err != nil {
		r.t.Fatal(err)
	}
	return s
}

func wantRef(t testing.TB, calls []lifecycle.Call, ref string) {
	t.Helper()
	if len(calls) == 0 {
		t.Fatal("the action was not called")
	}
	for _, c := range calls {
		got := c.Args.Cty().GetAttr("ref")
		if got.IsNull() && ref != "" || !got.IsNull() && got.AsString() != ref {
			t.Errorf("%s was called with another ref than %q", c.Action, ref)
		}
	}
}

func containsToken(text string) bool { return strings.Contains(text, token) }

// lockedBuffer is a buffer that a log may write to from anywhere.
type lockedBuffer struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.all.String()
}
