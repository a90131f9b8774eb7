package nanobox

import (
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
)

// vendor is a backend that knows its servers itself.
type vendor struct {
	mu       sync.Mutex
	listed   map[string]string // status by ref
	refs     []string          // of the next orders
	received []gateway.ActionCall
}

func (v *vendor) answer(_ context.Context, c gateway.ActionCall) (json.RawMessage, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if c.Action == gateway.ActionVerify {
		return json.RawMessage("{}"), nil
	}
	v.received = append(v.received, c)
	ref, _ := c.Args["ref"].(string)
	if c.Action == gateway.ActionCreateServer {
		ref, v.refs = v.refs[0], v.refs[1:]
		return json.Marshal(map[string]any{"ref": ref})
	}
	status, ok := v.listed[ref]
	if !ok {
		return nil, gateway.Errorf(gateway.NotFound, "There is no such machine.")
	}
	if c.Action == gateway.ActionDeleteServer {
		delete(v.listed, ref)
	}
	return json.RawMessage(`{"status":"` + status + `","external_ip":"192.0.2.1","internal_ip":"10.0.0.1","name":null}`), nil
}

func (v *vendor) list(ref, status string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.listed[ref] = status
}

func (v *vendor) last() gateway.ActionCall {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.received[len(v.received)-1]
}

func vendorRig(t *testing.T, refs ...string) (*rig, *vendor) {
	t.Helper()
	r := newRig(t, common(without("create_key", "get_key", "delete_key")...), "",
		"ssh {\nkey_method = \"object\"\n}\nserver {\nstate = \"backend\"\nvendor_name = upper(resource.name)\nstatus_map = { up = \"active\" }\n}")
	v := &vendor{listed: map[string]string{}, refs: refs}
	r.servers.AnswerWith(v.answer)
	return r, v
}

const vendorOrder = `{"name":"n","ssh_key":"` + keyLine + `"}`

func TestAServerThatOnlyTheBackendKnows(t *testing.T) {
	r, v := vendorRig(t, "eu:i-0.a_B")
	if a := r.want(201, r.call("POST", "/servers", vendorOrder, "Region-Id", "eu")); a.body != `{"id":"eu:i-0.a_B"}` {
		t.Fatalf("the answer is %s", a.body)
	}
	if c := v.last(); c.Size != "std-1" || c.Region != "fra" || c.Args["vendor_name"] != "N" || c.Args["region_id"] != "eu" || c.Args["ref"] != nil || c.Credential["access_token"].Reveal() != token {
		t.Errorf("the backend was told %v", c)
	}
	const path = "/servers/eu:i-0.a_B"
	if a := r.want(201, r.call("GET", path, "")); a.body != `{"id":"eu:i-0.a_B","status":"ordering","name":"n","external_ip":null,"internal_ip":null}` {
		t.Errorf("not listed yet: %s", a.body)
	}
	r.want(404, r.send("GET", path, "", "Auth-Access-Token", "somebody else"))
	r.want(503, r.call("DELETE", path, "")) // a machine that is not listed yet must not be left running
	v.list("eu:i-0.a_B", "up")
	if a := r.want(201, r.call("GET", path, "")); a.body != `{"id":"eu:i-0.a_B","status":"active","name":"n","external_ip":"192.0.2.1","internal_ip":"10.0.0.1"}` {
		t.Errorf("listed: %s", a.body)
	}
	r.empty(r.call("PATCH", path+"/reboot", ""))
	if diff := cmp.Diff(map[string]any{"ref": "eu:i-0.a_B"}, v.last().Args); diff != "" || v.last().Action != "reboot" {
		t.Errorf("reboot (-want +got):\n%s", diff)
	}
	r.empty(r.call("PATCH", path+"/rename", `{"name":"b"}`))
	if diff := cmp.Diff(map[string]any{"ref": "eu:i-0.a_B", "name": "b", "vendor_name": "B", "old_name": nil}, v.last().Args); diff != "" {
		t.Errorf("rename (-want +got):\n%s", diff)
	}
	v.list("eu:i-0.a_B", "off")
	r.want(409, r.call("PATCH", path+"/reboot", ""))
	r.empty(r.call("DELETE", path, ""))
	r.want(404, r.call("GET", path, ""))
	r.empty(r.call("DELETE", path, "")) // the repeat of who did not hear the answer
	r.want(404, r.send("DELETE", path, "", "Auth-Access-Token", "somebody else"))
	r.later(mourning)
	r.want(404, r.call("DELETE", path, ""))
	if orders := r.servers.Orders(); len(orders) != 0 {
		t.Errorf("recorded: %v", orders)
	}
}

func TestAServerThatIsNeverListedIsNotThereForGood(t *testing.T) {
	r, _ := vendorRig(t, "m-1")
	r.want(201, r.call("POST", "/servers", vendorOrder))
	r.later(settling)
	r.want(404, r.call("GET", "/servers/m-1", ""))
	r.want(404, r.call("DELETE", "/servers/m-1", ""))
}

func TestIdsThatNoBackendCouldHaveToldAreNotAskedFor(t *testing.T) {
	r, v := vendorRig(t)
	for _, id := range []string{"a%20b", "a%2Fb", "%00", strings.Repeat("x", 129), "%2e%2e", "..", "ü"} {
		r.want(404, r.call("GET", "/servers/"+id, ""))
		r.want(404, r.call("DELETE", "/servers/"+id, ""))
		r.want(404, r.call("PATCH", "/servers/"+id+"/reboot", ""))
	}
	if len(v.received) != 0 {
		t.Errorf("the backend was asked: %v", v.received)
	}
}

func TestAnswersThatCannotBeUsedAreTheBackendsFault(t *testing.T) {
	r, _ := vendorRig(t, "a/b", "", "..", strings.Repeat("x", 129))
	for range 4 {
		r.want(502, r.call("POST", "/servers", vendorOrder))
	}
	r.servers.AnswerWith(func(_ context.Context, c gateway.ActionCall) (json.RawMessage, error) {
		if c.Action == gateway.ActionCreateServer {
			return nil, gateway.Errorf(gateway.NotFound, "There is no such image.")
		}
		return json.RawMessage("{}"), nil
	})
	r.want(422, r.call("POST", "/servers", vendorOrder))
	r.servers.AnswerWith(func(context.Context, gateway.ActionCall) (json.RawMessage, error) { return nil, nil })
	r.empty(r.call("POST", "/verify", ""))
	r.want(502, r.call("POST", "/servers", vendorOrder))
	r.want(502, r.call("POST", "/servers", vendorOrder))
}

// TestWhoHangsUpCutsNothingOff has a customer go while the backend works.
func TestWhoHangsUpCutsNothingOff(t *testing.T) {
	for action, c := range map[string]struct {
		method, path, body string
		cutOff             bool
	}{
		"create_server": {"POST", "/servers", vendorOrder, false},
		"delete_server": {"DELETE", "/servers/m-1", "", false},
		"rename":        {"PATCH", "/servers/m-1/rename", `{"name":"b"}`, false},
		"get_server":    {"GET", "/servers/m-1", "", true},
	} {
		t.Run(action, func(t *testing.T) {
			t.Parallel()
			r, _ := vendorRig(t)
			started, ended := make(chan struct{}), make(chan error, 1)
			r.servers.AnswerWith(func(ctx context.Context, q gateway.ActionCall) (json.RawMessage, error) {
				if q.Action != action {
					return json.RawMessage("{}"), nil
				}
				if deadline, ok := ctx.Deadline(); !ok || time.Until(deadline) > budget {
					t.Error("it may take for ever")
				}
				close(started)
				select {
				case <-ctx.Done():
				case <-time.After(300 * time.Millisecond):
				}
				ended <- ctx.Err()
				return json.RawMessage(`{"ref":"m-1"}`), nil
			})
			ctx, cancel := context.WithCancel(t.Context())
			request, err := http.NewRequestWithContext(ctx, c.method, r.url+c.path, strings.NewReader(c.body))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("Auth-Access-Token", token)
			go func() { <-started; cancel() }()
			if response, err := http.DefaultClient.Do(request); err == nil {
				_ = response.Body.Close()
				t.Error("the caller got an answer")
			}
			if err := <-ended; (err != nil) != c.cutOff {
				t.Errorf("the call ended with %v", err)
			}
			if action == "create_server" {
				r.logged(`"ref":"m-1"`)
			}
		})
	}
}

// TestAMachineIsNeverLostForWhatElseIsSaidOfIt: its ref is all that finds it.
func TestAMachineIsNeverLostForWhatElseIsSaidOfIt(t *testing.T) {
	for _, answer := range []string{`{"ref":"m-1","external_ip":"pending"}`, `{"ref":"m-1","status":7}`, `{"password":{},"ref":"m-1"}`} {
		r, _ := vendorRig(t)
		r.servers.AnswerWith(func(_ context.Context, q gateway.ActionCall) (json.RawMessage, error) {
			if q.Action == gateway.ActionCreateServer {
				return json.RawMessage(answer), nil
			}
			return json.RawMessage("{}"), nil
		})
		if a := r.want(201, r.call("POST", "/servers", vendorOrder)); a.body != `{"id":"m-1"}` {
			t.Errorf("%s: %s", answer, a.body)
		}
		r.logged("create_server made m-1")
	}
}
