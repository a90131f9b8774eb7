package nanobox

import (
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/plugins/backend/expr"
)

const (
	token    = "canary-token-7f3c" // what must never be seen again
	keyLine  = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f ops@example"
	otherKey = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIB8eHRwbGhkYFxYVFBMSERAPDg0MCwoJCAcGBQQDAgEA"
)

// block is a correct provider block; line 1 is where it begins.
const block = `name         = "Acme Cloud"
instructions = "Create a token."
credential "access_token" {
  label = "Access token"
}
default {
  region = "fra"
  plan   = "standard"
  size   = "std-1"
}
region "fra" {
  name = "Frankfurt"
}
region "ams" {
  plans = ["big"]
}
region "old" {
  retired = true
}
plan "standard" {
  name = "Standard"
  spec "std-1" {
    ram            = 2048
    cpu            = 1
    disk           = 40
    transfer       = 2
    dollars_per_hr = 0.009
    dollars_per_mo = 6
  }
  spec "std-0" {
    ram            = 1024
    cpu            = 0.25
    disk           = 20
    transfer       = "unlimited"
    dollars_per_mo = 3
    retired        = true
  }
}
plan "big" {
  spec "big-1" {
    ram            = 65536
    cpu            = 16
    disk           = 900
    transfer       = "unlimited"
    dollars_per_mo = 72
  }
}
`

// every is all actions that there are.
func every() []string {
	return []string{
		gateway.ActionVerify, gateway.ActionCreateServer, gateway.ActionGetServer, gateway.ActionDeleteServer,
		gateway.ActionReboot, gateway.ActionRename, gateway.ActionInstallKey,
		gateway.ActionCreateKey, gateway.ActionGetKey, gateway.ActionDeleteKey, gateway.ActionCatalog,
	}
}

// without is every action but these.
func without(actions ...string) []string {
	var left []string
	for _, a := range every() {
		if !strings.Contains(" "+strings.Join(actions, " ")+" ", " "+a+" ") {
			left = append(left, a)
		}
	}
	return left
}

func common(actions ...string) platform.ProviderCommon {
	return platform.ProviderCommon{
		ID: "acme", BaseURL: "https://gw.example/nanobox/acme", Backend: "shell.servers", Actions: actions, ActionsKnown: true,
		BackendRange: platformtest.Line(900), Block: platformtest.Line(901), Label: platformtest.Line(902),
	}
}

func decodeBlock(t testing.TB, c platform.ProviderCommon, text string) (platform.Provider, hcl.Diagnostics) {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(text), "acme.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	ctx := &hcl.EvalContext{Functions: expr.Functions(expr.Env{
		Dir: ".", Getenv: func(string) (string, bool) { return "", true },
		ReadFile: func(string) ([]byte, error) { return nil, nil },
		Secret:   func(string) (cty.Value, error) { return cty.UnknownVal(cty.String), nil },
	})}
	return Dialect{}.Decode(c, file.Body, ctx)
}

// newTestProvider is a provider with more, or other, settings: pairs of what the
// block has and what stands for it. An old of "" is put in front.
func newTestProvider(t testing.TB, c platform.ProviderCommon, changes ...string) *provider {
	t.Helper()
	p, diags := decodeBlock(t, c, changed(changes...))
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return p.(*provider)
}

func changed(changes ...string) string {
	text := block
	for i := 0; i+1 < len(changes); i += 2 {
		if changes[i] == "" {
			text += changes[i+1] + "\n"
			continue
		}
		text = strings.Replace(text, changes[i], changes[i+1], 1)
	}
	return text
}

// rig is a provider that is served, with the engine's double.
type rig struct {
	t       *testing.T
	url     string
	p       *provider
	servers *platformtest.Servers
	log     *lines
	ahead   *atomic.Int64 // how far the provider's clock is ahead of the machine's
}

// later has time pass.
func (r *rig) later(d time.Duration) { r.ahead.Add(int64(d)) }

// lines is a log that may be written by several requests.
type lines struct {
	mu  sync.Mutex
	all bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.all.String()
}

// logged waits until the log has a text: a request's line follows its answer.
func (r *rig) logged(text string) string {
	r.t.Helper()
	for deadline := time.Now().Add(5 * time.Second); !strings.Contains(r.log.String(), text); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			r.t.Fatalf("the log has no %q:\n%s", text, r.log.String())
		}
	}
	return r.log.String()
}

func serve(t *testing.T, p *provider) *rig {
	t.Helper()
	r := &rig{t: t, p: p, servers: platformtest.NewServers(), log: &lines{}, ahead: new(atomic.Int64)}
	log := slog.New(slog.NewJSONHandler(r.log, nil))
	r.servers.LogTo(log)
	p.now = func() time.Time { return time.Now().Add(time.Duration(r.ahead.Load())) }
	r.url = platformtest.ServeProvider(t, p, r.servers, log)
	return r
}

// serveBeside serves a provider once more, with another engine.
func serveBeside(t *testing.T, p *provider, s platform.Servers) string {
	t.Helper()
	return platformtest.ServeProvider(t, p, s, slog.New(slog.DiscardHandler))
}

func newRig(t *testing.T, c platform.ProviderCommon, changes ...string) *rig {
	t.Helper()
	return serve(t, newTestProvider(t, c, changes...))
}

// answer is what came back.
type answer struct {
	status int
	body   string
	header http.Header
}

// member is a member of an object that was answered; nil where there is none.
func (a answer) member(t *testing.T, name string) any {
	t.Helper()
	var all map[string]any
	if err := json.Unmarshal([]byte(a.body), &all); err != nil {
		t.Fatalf("%q is no object: %v", a.body, err)
	}
	return all[name]
}

// call sends a request with the right credentials and looks at every error's
// form.
func (r *rig) call(method, path, body string, header ...string) answer {
	r.t.Helper()
	return r.send(method, path, body, append([]string{"Auth-Access-Token", token}, header...)...)
}

func (r *rig) send(method, path, body string, header ...string) answer {
	r.t.Helper()
	request, err := http.NewRequestWithContext(r.t.Context(), method, r.url+path, strings.NewReader(body))
	if err != nil {
		r.t.Fatal(err)
	}
	if body == "" {
		request.Body = http.NoBody
		request.ContentLength = 0
	}
	for i := 0; i+1 < len(header); i += 2 {
		request.Header[header[i]] = append(request.Header[header[i]], header[i+1])
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	response, err := client.Do(request)
	if err != nil {
		r.t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		r.t.Fatal(err)
	}
	a := answer{status: response.StatusCode, body: strings.TrimSpace(string(text)), header: response.Header}
	if a.status > 299 {
		checkError(r.t, method+" "+path, a)
	}
	return a
}

// checkError demands an error body: a list of sentences.
func checkError(t *testing.T, what string, a answer) {
	t.Helper()
	var body map[string][]string
	if err := json.Unmarshal([]byte(a.body), &body); err != nil || len(body) != 1 || len(body["errors"]) == 0 || body["errors"][0] == "" {
		t.Errorf("%s: %d is no error body: %q", what, a.status, a.body)
	}
	if got := a.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("%s: an error is %s", what, got)
	}
}

// want demands a status, and of success without a body that there is none.
func (r *rig) want(status int, a answer) answer {
	r.t.Helper()
	if a.status != status {
		r.t.Errorf("status %d, want %d: %s", a.status, status, a.body)
	}
	return a
}

// empty demands 200, "Content-Length: 0" and not a byte.
func (r *rig) empty(a answer) {
	r.t.Helper()
	if a.status != 200 || a.body != "" || a.header.Get("Content-Length") != "0" {
		r.t.Errorf("status %d, Content-Length %q, body %q", a.status, a.header.Get("Content-Length"), a.body)
	}
}

// ordered orders a server and returns its id.
func (r *rig) ordered() string {
	r.t.Helper()
	a := r.want(201, r.call("POST", "/servers", `{"name":"nanobox.io-shop.1.1","ssh_key":"`+r.registered()+`"}`))
	id, _ := a.member(r.t, "id").(string)
	return id
}

// registered registers a key, where that is how servers are reached.
func (r *rig) registered() string {
	r.t.Helper()
	if r.p.passwordMode() || r.p.objectMode() {
		return keyLine
	}
	id, _ := r.want(201, r.call("POST", "/keys", `{"name":"account-42","key":"`+keyLine+`"}`)).member(r.t, "id").(string)
	return id
}

// counted is how often an action was asked for.
func (r *rig) counted(action string) int {
	n := 0
	for _, c := range r.servers.Asked() {
		if c.Action == action {
			n++
		}
	}
	return n
}

// diagnosed puts what hcl itself says into our words, as the loader does.
func diagnosed(t *testing.T, diags hcl.Diagnostics, text string) hcl.Diagnostics {
	t.Helper()
	file, _ := hclsyntax.ParseConfig([]byte(text), "acme.hcl", hcl.InitialPos)
	return diagnostic.FromHCL(diags, map[string]*hcl.File{"acme.hcl": file})
}
