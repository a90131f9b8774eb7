package pluginhost

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// hostMode makes the test binary act as a host that is going to be killed.
const hostMode = "PLUGINHOST_TEST_HOST"

// pluginDirEnv names the folder of the test plugins, built once.
const pluginDirEnv = "PLUGINHOST_TEST_PLUGINS"

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if os.Getenv(hostMode) != "" {
		return actAsHost()
	}
	dir, err := os.MkdirTemp("", "pluginhost-test-")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	for name, source := range map[string]string{binaryPrefix + "testing": "./testdata/plugin", "hostile": "./testdata/hostile", "versions": "./testdata/versions"} {
		build := exec.Command("go", "build", "-o", filepath.Join(dir, name), source)
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "build the test plugins: %v\n%s", err, out)
			return 1
		}
	}
	os.Setenv(pluginDirEnv, dir)
	return m.Run()
}

// hurried is a host's timing for tests.
func hurried() timing {
	return timing{minBackoff: 5 * time.Millisecond, cooldown: 300 * time.Millisecond, ping: 20 * time.Millisecond, pingWait: 100 * time.Millisecond}
}

type rig struct {
	t    *testing.T
	host *Host
	logs *syncBuffer
}

// newRig makes a host that finds the test plugin and collects logs.
func newRig(t *testing.T, change ...func(*Options)) *rig {
	t.Helper()
	sockets, err := os.MkdirTemp("/tmp", "ph-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(sockets) })
	logs := &syncBuffer{}
	options := Options{
		Dirs:        []string{os.Getenv(pluginDirEnv)},
		SocketDir:   sockets,
		HostVersion: "0.1.0",
		Logger:      slog.New(slog.NewJSONHandler(logs, &slog.HandlerOptions{Level: slog.LevelDebug})),
		timing:      hurried(),
	}
	for _, f := range change {
		f(&options)
	}
	host, err := New(options)
	if err != nil {
		t.Fatal(err)
	}
	r := &rig{t: t, host: host, logs: logs}
	t.Cleanup(func() {
		if err := host.Close(t.Context()); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return r
}

const canary = "canary/pass word"

func spec() Spec { return Spec{Name: "testing", TLS: true, Backend: "testing.main"} }

// config makes a config block with a secret in it.
func config(mode, dir string) backend.Value {
	return backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"mode":     cty.StringVal(mode),
		"password": cty.StringVal(canary).Mark(backend.Sensitive),
		"dir":      cty.StringVal(dir),
	}))
}

func (r *rig) launch(mode string) *Backend {
	r.t.Helper()
	b, err := r.host.Launch(r.t.Context(), spec(), config(mode, r.t.TempDir()), nil)
	if err != nil {
		r.t.Fatalf("launch: %v", err)
	}
	return b
}

// call makes a provision that asks the plugin to do something.
func call(do string) lifecycle.Call {
	return lifecycle.Call{Verb: backend.VerbProvision, Op: backend.Op{
		OperationID: "op_1",
		ResourceID:  "res_1",
		ShortID:     "abcdefghijkl",
		Attempt:     1,
		Plan:        backend.Plan{ID: "basic", Params: backend.NewValue(cty.ObjectVal(map[string]cty.Value{"do": cty.StringVal(do)}))},
		Secrets:     map[string]string{"password": "generated-secret-1"},
	}}
}

func (r *rig) run(b *Backend, c lifecycle.Call) (backend.Result, error) {
	r.t.Helper()
	ctx, cancel := context.WithTimeout(r.t.Context(), 20*time.Second)
	defer cancel()
	return b.Run(ctx, c, nil)
}

// mustRun provisions and returns the state.
func (r *rig) mustRun(b *Backend, do string) map[string]any {
	r.t.Helper()
	result, err := r.run(b, call(do))
	if err != nil {
		r.t.Fatalf("provision %s: %v", do, err)
	}
	state := map[string]any{}
	if err := json.Unmarshal(result.State, &state); err != nil {
		r.t.Fatal(err)
	}
	return state
}

// await polls until ok.
func await(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(15 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatalf("waited in vain: %s", what)
}

// lives reports whether a process runs. A dead one that nobody collected yet
// does not.
func lives(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}

// syncBuffer is a buffer that log handlers and tests share.
type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
