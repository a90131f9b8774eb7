package redis_test

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
	"github.com/addongw/addongw/plugins/redis"
	"github.com/addongw/addongw/plugins/redis/redistest"
	client "github.com/redis/go-redis/v9"
	"github.com/zclconf/go-cty/cty"
)

// TestMain lets this test binary be a plugin that Crash kills, and the runner.
func TestMain(m *testing.M) {
	if idle, err := time.ParseDuration(os.Getenv(idleVariable)); err == nil {
		redis.SetIdle(idle)
	}
	redis.RunIfAsked()
	backendtest.Main(redis.New())
	os.Exit(m.Run())
}

// idleVariable tells a runner that a test starts how long it stays idle.
const idleVariable = "ADDONGW_TEST_RUNNER_IDLE"

// attributes of a config block.
type attributes map[string]cty.Value

func str(s string) cty.Value { return cty.StringVal(s) }

// config is a whole config block, as the gateway decodes it.
func config(given attributes) backend.Value {
	all := map[string]cty.Value{}
	description, err := redis.New().Describe(context.Background(), backend.DescribeRequest{})
	if err != nil {
		panic(err)
	}
	for _, a := range description.Config.Attributes {
		all[a.Name] = cty.NullVal(a.Type)
		if a.Default != cty.NilVal {
			all[a.Name] = a.Default
		}
	}
	for name, v := range given {
		all[name] = v
	}
	return backend.NewValue(cty.ObjectVal(all))
}

// world is what a test works with: a configured backend and what it works on.
type world struct {
	t      *testing.T
	b      *redis.Backend
	config backend.Value
	folder string            // dedicated mode
	server *redistest.Server // shared mode
}

// dedicatedConfig is a config block on a new directory.
func dedicatedConfig(t *testing.T, folder string, extra attributes) backend.Value {
	t.Helper()
	first, last := redistest.Ports(t, 40)
	all := attributes{
		"mode": str("dedicated"), "directory": str(folder), "host": str("127.0.0.1"),
		"port_range": str(fmt.Sprintf("%d-%d", first, last)),
	}
	if user := redistest.User(); user != "" {
		all["user"] = str(user)
	}
	for name, v := range extra {
		all[name] = v
	}
	return config(all)
}

func dedicatedWorld(t *testing.T, extra attributes) *world {
	t.Helper()
	w := &world{t: t, folder: redistest.Directory(t)}
	w.config = dedicatedConfig(t, w.folder, extra)
	w.b = configured(t, w.config)
	return w
}

func sharedConfig(server *redistest.Server, extra attributes) backend.Value {
	all := attributes{"mode": str("shared"), "url": cty.StringVal(server.URL()).Mark(backend.Sensitive)}
	for name, v := range extra {
		all[name] = v
	}
	return config(all)
}

func sharedWorld(t *testing.T, extra attributes) *world {
	t.Helper()
	w := &world{t: t, server: redistest.Start(t)}
	w.config = sharedConfig(w.server, extra)
	w.b = configured(t, w.config)
	return w
}

func configured(t *testing.T, config backend.Value) *redis.Backend {
	t.Helper()
	b := redis.New()
	t.Cleanup(b.Close)
	found := configure(t, b, config)
	if found.HasErrors() {
		t.Fatalf("configure: %+v", found)
	}
	return b
}

func configure(t *testing.T, b *redis.Backend, config backend.Value) backend.Diagnostics {
	t.Helper()
	res, err := b.Configure(t.Context(), backend.ConfigureRequest{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	return res.Diagnostics
}

// newOp is a provision of a new resource.
func newOp(plan backend.Plan) backend.Op {
	id := make([]byte, 16)
	_, _ = rand.Read(id) // never fails
	return backend.Op{
		OperationID: "op_" + rand.Text(),
		ResourceID:  "res_" + strings.ToLower(base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(id)),
		ShortID:     strings.ToLower(rand.Text()[:12]),
		Attempt:     1,
		Addon:       "acme-redis",
		Plan:        plan,
		Region:      backend.Region{ID: "eu"},
		Secrets:     map[string]string{"password": rand.Text() + "abcdef"},
	}
}

func dedicatedPlan(memoryMB, clients int) backend.Plan {
	return backend.Plan{ID: fmt.Sprintf("mb%d", memoryMB), Params: backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"memory_mb": cty.NumberIntVal(int64(memoryMB)), "max_clients": cty.NumberIntVal(int64(clients)), "maxmemory_policy": cty.NullVal(cty.String),
	}))}
}

func sharedPlan(id string) backend.Plan {
	return backend.Plan{ID: id, Params: backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"memory_mb": cty.NullVal(cty.Number), "max_clients": cty.NullVal(cty.Number), "maxmemory_policy": cty.NullVal(cty.String),
	}))}
}

// outputs are the outputs of a resource as a template sees them.
type outputs struct {
	Host     string `json:"host"`
	Port     int    `json:"port"`
	Username string `json:"username"`
	Prefix   string `json:"prefix"`
	UsedMB   int    `json:"used_mb"`
}

func (o outputs) addr() string { return fmt.Sprintf("%s:%d", o.Host, o.Port) }

func decode(t *testing.T, v backend.Value) outputs {
	t.Helper()
	var out outputs
	if err := v.Decode(&out); err != nil {
		t.Fatal(err)
	}
	return out
}

// provision makes a resource and returns what the next operation is told.
func (w *world) provision(op backend.Op) (backend.Op, outputs) {
	w.t.Helper()
	result, err := w.b.Provision(w.t.Context(), backend.ProvisionRequest{Op: op}, &recorder{})
	if err != nil {
		w.t.Fatal(err)
	}
	op.Outputs = result.Outputs
	return op, decode(w.t, result.Outputs)
}

func (w *world) purge(op backend.Op) {
	w.t.Helper()
	if _, err := w.b.Deprovision(w.t.Context(), backend.DeprovisionRequest{Op: op, Mode: backend.ModePurge}, &recorder{}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) soft(op backend.Op) backend.Result {
	w.t.Helper()
	result, err := w.b.Deprovision(w.t.Context(), backend.DeprovisionRequest{Op: op, Mode: backend.ModeSoft}, &recorder{})
	if err != nil {
		w.t.Fatal(err)
	}
	return result
}

func (w *world) suspend(op backend.Op) {
	w.t.Helper()
	if _, err := w.b.Suspend(w.t.Context(), backend.SuspendRequest{Op: op}, &recorder{}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) resume(op backend.Op) {
	w.t.Helper()
	if _, err := w.b.Resume(w.t.Context(), backend.ResumeRequest{Op: op}, &recorder{}); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) changePlan(op backend.Op) (outputs, error) {
	w.t.Helper()
	result, err := w.b.ChangePlan(w.t.Context(), backend.ChangePlanRequest{Op: op}, &recorder{})
	if err != nil {
		return outputs{}, err
	}
	return decode(w.t, result.Outputs), nil
}

func (w *world) read(op backend.Op) (outputs, []string) {
	w.t.Helper()
	found, err := w.b.Read(w.t.Context(), backend.ReadRequest{Op: op})
	if err != nil {
		w.t.Fatal(err)
	}
	return decode(w.t, found.Outputs), found.Drift
}

// customer is what a customer connects with.
func (w *world) customer(op backend.Op) *client.Client {
	w.t.Helper()
	out := decode(w.t, op.Outputs)
	c := redistest.Client(out.addr(), out.Username, op.Secrets["password"])
	w.t.Cleanup(func() { _ = c.Close() })
	return c
}

// works reports whether a resource's credentials let their owner in.
func works(t *testing.T, op backend.Op) bool {
	t.Helper()
	out := decode(t, op.Outputs)
	c := redistest.Client(out.addr(), out.Username, op.Secrets["password"])
	defer func() { _ = c.Close() }()
	return c.Ping(t.Context()).Err() == nil
}

// folderOf is the folder of a dedicated server.
func (w *world) folderOf(op backend.Op) string { return filepath.Join(w.folder, op.ShortID) }

// recorder is a backend.Events that remembers, and calls at before each step.
type recorder struct {
	mu   sync.Mutex
	said []string
	at   func(step int)
	step int
}

func (r *recorder) Checkpoint(step string, state json.RawMessage) { r.add(step + string(state)) }
func (r *recorder) Log(_ slog.Level, message string)              { r.add(message) }

func (r *recorder) Progress(message string, _ int) {
	r.add(message)
	if r.at != nil {
		r.at(r.step)
	}
	r.step++
}

func (r *recorder) add(text string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.said = append(r.said, text)
}

func (r *recorder) text() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.said, "\n")
}

// wantClass fails unless err is a failure of the class.
func wantClass(t *testing.T, err error, class backend.Class) *backend.Failure {
	t.Helper()
	failure, ok := errors.AsType[*backend.Failure](err)
	if !ok || failure.Class != class {
		t.Fatalf("got %v, want a failure of class %s", err, class)
	}
	return failure
}

// await polls until done says so.
func await(t *testing.T, what string, done func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !done() {
		if time.Now().After(deadline) {
			t.Fatal("waited in vain: " + what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// wantError fails unless err begins with the word.
func wantError(t *testing.T, what string, err error, word string) {
	t.Helper()
	if err == nil || !strings.HasPrefix(err.Error(), word) {
		t.Errorf("%s: %v, want %s", what, err, word)
	}
}

// ok fails the test at an error.
func ok(t *testing.T, what string, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
}

// portOf is the port in the record of a dedicated server.
func portOf(t *testing.T, folder string) int {
	t.Helper()
	var record struct{ Port int }
	text, err := os.ReadFile(filepath.Join(folder, "instance.json"))
	if err == nil {
		err = json.Unmarshal(text, &record)
	}
	if err != nil {
		t.Fatal(err)
	}
	return record.Port
}

// newBackend is one that is not configured yet.
func newBackend(t *testing.T) *redis.Backend {
	t.Helper()
	b := redis.New()
	t.Cleanup(b.Close)
	return b
}
