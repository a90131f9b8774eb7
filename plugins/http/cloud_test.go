package http

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
)

// cloud is an API of servers, each of which belongs to a caller's token. It knows
// no idempotency keys, and may lose answers.
type cloud struct {
	*httptest.Server
	mu      sync.Mutex
	servers map[string]*machine
	faults  []fault
	made    int
}

type machine struct {
	ID    string `json:"id"`
	Label string `json:"label"`
	Size  string `json:"size"`
	State string `json:"state"`
	Boots int    `json:"boots"`
}

func newCloud(t *testing.T) *cloud {
	c := &cloud{servers: map[string]*machine{}}
	c.Server = httptest.NewUnstartedServer(c)
	c.Server.Config.ErrorLog = quiet()
	c.Start()
	t.Cleanup(c.Close)
	return c
}

func (c *cloud) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	c.mu.Lock()
	var f fault
	if len(c.faults) > 0 {
		f, c.faults = c.faults[0], c.faults[1:]
	}
	c.mu.Unlock()
	handle := func(w http.ResponseWriter, r *http.Request) {
		status, body := c.answer(r, text)
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(body)
	}
	if f != nil {
		f(w, r, handle)
		return
	}
	handle(w, r)
}

func (c *cloud) answer(r *http.Request, text []byte) (int, any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.Header.Get("Authorization") != "Bearer users-token" {
		return 401, map[string]string{"error": "who are you?"}
	}
	var sent machine
	_ = json.Unmarshal(text, &sent)
	path := strings.Split(strings.TrimPrefix(r.URL.Path, "/v2/"), "/")
	switch {
	case len(path) == 1 && r.Method == "POST":
		c.made++
		m := &machine{ID: fmt.Sprint("m", c.made), Label: sent.Label, Size: sent.Size, State: "on"}
		c.servers[m.ID] = m
		return 201, m
	case len(path) == 1:
		list := []*machine{}
		for _, m := range c.servers {
			if m.Label == r.URL.Query().Get("label") {
				list = append(list, m)
			}
		}
		return 200, list
	}
	m := c.servers[path[1]]
	switch {
	case m == nil:
		return 404, map[string]string{"error": "no such server"}
	case r.Method == "DELETE":
		delete(c.servers, m.ID)
		return 200, map[string]string{}
	case len(path) == 3:
		m.Boots = 1
	}
	return 200, m
}

func (c *cloud) things(_ *testing.T, op backend.Op) []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var list []string
	for _, m := range c.servers {
		if m.Label == op.ResourceID {
			list = append(list, fmt.Sprintf("server size=%s boots=%d", m.Size, m.Boots))
		}
	}
	return list
}

// servers are the blocks of a provider of servers. Callers bring their tokens.
func (c *cloud) config() string {
	return "base_url = \"" + c.URL + "/v2\"\nprivate_addresses = true\nsettle = \"50ms\"\nidempotency_header = \"\"\n" + servers
}

const servers = `
action "verify" {
  method  = "GET"
  path    = "/servers"
  query   = { label = "none" }
  headers = { Authorization = "Bearer ${credential.access-token}" }
}
action "create_server" {
  path    = "/servers"
  headers = { Authorization = "Bearer ${credential.access-token}" }
  body    = { label = resource.id, size = args.size }
  outputs = { ref = response.body.id, status = response.body.state }
}
action "reboot" {
  path    = "/servers/${args.ref}/reboot"
  headers = { Authorization = "Bearer ${credential.access-token}" }
}
action "delete_server" {
  method  = "DELETE"
  path    = "/servers/${args.ref}"
  headers = { Authorization = "Bearer ${credential.access-token}" }
}
find {
  path    = "/servers"
  query   = { label = resource.id }
  headers = { Authorization = "Bearer ${credential.access-token}" }
  outputs = length(response.body) == 0 ? null : { ref = response.body[0].id, status = response.body[0].state }
}
action "delete_twin" {
  method  = "DELETE"
  path    = "/servers/${args.ref}"
  headers = { Authorization = "Bearer ${credential.access-token}" }
  find {
    path    = "/servers"
    query   = { label = args.twin }
    headers = { Authorization = "Bearer ${credential.access-token}" }
    outputs = length(response.body) == 0 ? null : { ref = response.body[0].id }
  }
}
`

func (c *cloud) subject(t *testing.T) backendtest.Subject {
	object := func(members map[string]cty.Value) backend.Value { return value(members) }
	ref := object(map[string]cty.Value{"ref": cty.NullVal(cty.String)})
	return backendtest.Subject{
		Backend: New(),
		Config:  backend.NewValue(decoded(t, c.config())),
		Op: func(*testing.T) backend.Op {
			return backend.Op{Plan: backend.Plan{ID: "s1"}, Credential: map[string]string{"access-token": "users-token"}}
		},
		Actions: &backendtest.Actions{
			Create: backendtest.Action{Name: "create_server", Args: object(map[string]cty.Value{"size": cty.StringVal("s1")})},
			Change: []backendtest.Action{{Name: "reboot", Args: ref}},
			Delete: backendtest.Action{Name: "delete_server", Args: ref},
		},
		Timeout: 20 * time.Second,
	}
}

func TestActionsKeepTheContract(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	backendtest.Run(t, c.subject(t))
	if n := len(c.servers); n != 0 {
		t.Errorf("%d servers are left", n)
	}
}

func TestActionsSurviveAKilledPlugin(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	backendtest.Crash(t, backendtest.Crashing{Subject: c.subject(t), Things: c.things})
	if n := len(c.servers); n != 0 {
		t.Errorf("%d servers are left", n)
	}
}

func (c *cloud) invoke(t *testing.T, h *hosted, op backend.Op, action string, args map[string]cty.Value) (backend.Result, *recorder, error) {
	t.Helper()
	r := &recorder{}
	result, err := h.Invoke(t.Context(), backend.InvokeRequest{Op: op, Action: action, Args: value(args)}, r)
	return result, r, err
}

func TestActionsAreDoneWithTheCallersCredentials(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	h := configured(t, c.config())
	op := someOp(t)
	for _, credential := range []map[string]string{nil, {}, {"access-token": "wrong-token"}} {
		op.Credential = credential
		_, _, err := c.invoke(t, h, op, "verify", nil)
		f := wantFailure(t, err, backend.Unauthorized)
		if strings.Contains(f.Error(), "wrong-token") {
			t.Errorf("the token is repeated: %v", f)
		}
	}
	op.Credential = map[string]string{"access-token": "users-token"}
	if _, _, err := c.invoke(t, h, op, "verify", nil); err != nil {
		t.Error(err)
	}
	_, _, err := c.invoke(t, h, op, "rename", nil)
	wantFailure(t, err, backend.Unsupported, "no block action.rename")
	_, _, err = c.invoke(t, h, op, "reboot", map[string]cty.Value{"ref": cty.StringVal("m9")})
	wantFailure(t, err, backend.NotFound)
	_, _, err = c.invoke(t, h, op, "reboot", map[string]cty.Value{"ref": cty.StringVal("../servers")})
	wantFailure(t, err, backend.Invalid, "slash")
}

// The API knows no idempotency keys: what was made is found by its label.
func TestAServerWhoseOrderWasNotAnsweredIsFound(t *testing.T) {
	t.Parallel()
	c := newCloud(t)
	h := configured(t, c.config())
	op := someOp(t)
	op.Credential = map[string]string{"access-token": "users-token"}
	c.faults = []fault{lost}
	_, r, err := c.invoke(t, h, op, "create_server", map[string]cty.Value{"size": cty.StringVal("s1")})
	wantUnknown(t, err)
	result, _, err := c.invoke(t, h, r.again(op), "create_server", map[string]cty.Value{"size": cty.StringVal("s1")})
	c.mu.Lock()
	made := c.made
	c.mu.Unlock()
	if err != nil || output(t, result.Outputs, "ref") != "m1" || made != 1 {
		t.Errorf("%v: server %s, %d made", err, output(t, result.Outputs, "ref"), made)
	}
	gone := following(op, backend.Result{State: r.lastState()})
	if _, _, err := c.invoke(t, h, gone, "delete_server", map[string]cty.Value{"ref": cty.NullVal(cty.String)}); err != nil || len(c.servers) != 0 {
		t.Errorf("%v: %d servers are left", err, len(c.servers))
	}
	_, _, err = c.invoke(t, h, gone, "delete_server", map[string]cty.Value{"ref": cty.NullVal(cty.String)})
	wantFailure(t, err, backend.NotFound)

	// An action may have its own way to find.
	c.servers["m7"] = &machine{ID: "m7", Label: "twin"}
	if _, _, err := c.invoke(t, h, op, "delete_twin", map[string]cty.Value{"ref": cty.NullVal(cty.String), "twin": cty.StringVal("twin")}); err != nil || len(c.servers) != 0 {
		t.Errorf("%v: %d servers are left", err, len(c.servers))
	}
}
