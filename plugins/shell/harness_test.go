package shell

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
	"syscall"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// scriptDir makes a directory that every user may enter, with one executable
// per entry. Texts without a first line become shell scripts.
func scriptDir(t *testing.T, texts map[string]string) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "addongw-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	chmod(t, dir, 0o755)
	for name, text := range texts {
		writeScript(t, filepath.Join(dir, name), text)
	}
	return dir
}

func writeScript(t *testing.T, path, text string) {
	t.Helper()
	if !strings.HasPrefix(text, "#!") {
		text = "#!/bin/sh\n" + text
	}
	// A fork while the file is open for writing would make it "busy".
	syscall.ForkLock.RLock()
	err := os.WriteFile(path, []byte(text), 0o600)
	syscall.ForkLock.RUnlock()
	if err != nil {
		t.Fatal(err)
	}
	chmod(t, path, 0o755)
}

func chmod(t *testing.T, path string, mode os.FileMode) {
	t.Helper()
	if err := os.Chmod(path, mode); err != nil {
		t.Fatal(err)
	}
}

// scriptsWith completes the scripts that every directory must have.
func scriptsWith(texts map[string]string) map[string]string {
	all := map[string]string{"provision": `echo '{"status":"done"}'`, "deprovision": `echo '{"status":"done"}'`}
	for name, text := range texts {
		all[name] = text
	}
	return all
}

// attributes is a config block in the making.
type attributes map[string]cty.Value

func (a attributes) value() backend.Value { return backend.NewValue(cty.ObjectVal(a)) }

// outputBlocks gives each block every attribute, as the gateway does.
func outputBlocks(blocks map[string]attributes) cty.Value {
	all := map[string]cty.Value{}
	for name, block := range blocks {
		full := attributes{
			"type": cty.StringVal(`"string"`), "description": cty.NullVal(cty.String), "sensitive": cty.NullVal(cty.Bool),
			"measured": cty.NullVal(cty.Bool), "generated": cty.NullVal(cty.Number),
		}
		for k, v := range block {
			full[k] = v
		}
		all[name] = cty.ObjectVal(full)
	}
	return cty.MapVal(all)
}

// configured makes a Backend for the scripts; more holds further attributes.
func configured(t *testing.T, texts map[string]string, more attributes) *Backend {
	t.Helper()
	return configuredIn(t, scriptDir(t, scriptsWith(texts)), more)
}

func configuredIn(t *testing.T, dir string, more attributes) *Backend {
	t.Helper()
	config := attributes{"directory": cty.StringVal(dir), "env": cty.NullVal(cty.Map(cty.String))}
	for k, v := range more {
		config[k] = v
	}
	b := New()
	b.patience = patience{grace: 500 * time.Millisecond, straggle: 200 * time.Millisecond}
	b.logger = slog.New(slog.DiscardHandler)
	resp, err := b.Configure(t.Context(), backend.ConfigureRequest{Config: config.value()})
	if err != nil || len(resp.Diagnostics) > 0 {
		t.Fatalf("configure: %v %v", err, resp.Diagnostics)
	}
	return b
}

func someOp(t *testing.T) backend.Op {
	return backend.Op{
		OperationID: "op_1", ResourceID: "res_" + strings.ToLower(strings.NewReplacer("/", "_").Replace(t.Name())),
		ShortID: "abcdefgh2345", Attempt: 1, Deadline: time.Now().Add(20 * time.Second), Addon: "tinyfiles",
		Plan: backend.Plan{ID: "small"}, Region: backend.Region{ID: "eu"},
	}
}

func withEnv(op backend.Op, env map[string]cty.Value) backend.Op {
	op.Config = attributes{"env": cty.MapVal(env)}.value()
	return op
}

// recorder is the Events of a test.
type recorder struct {
	mu          sync.Mutex
	checkpoints []json.RawMessage
	progress    []string
	lines       []string
}

func (r *recorder) Checkpoint(_ string, state json.RawMessage) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.checkpoints = append(r.checkpoints, bytes.Clone(state))
}

func (r *recorder) Progress(message string, _ int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.progress = append(r.progress, message)
}

func (r *recorder) Log(_ slog.Level, message string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lines = append(r.lines, message)
}

// log is everything logged so far.
func (r *recorder) log() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return strings.Join(r.lines, "\n")
}

func provision(ctx context.Context, b *Backend, op backend.Op) (backend.Result, *recorder, error) {
	r := &recorder{}
	result, err := b.Provision(ctx, backend.ProvisionRequest{Op: op}, r)
	return result, r, err
}

func mustProvision(t *testing.T, b *Backend, op backend.Op) (backend.Result, *recorder) {
	t.Helper()
	result, r, err := provision(t.Context(), b, op)
	if err != nil {
		t.Fatalf("provision: %v", err)
	}
	return result, r
}

func wantFailure(t *testing.T, err error, class backend.Class, words ...string) *backend.Failure {
	t.Helper()
	var f *backend.Failure
	if !errors.As(err, &f) {
		t.Fatalf("got %v, want a failure %s", err, class)
	}
	if f.Class != class {
		t.Errorf("got %v, want class %s", f, class)
	}
	for _, w := range words {
		if !strings.Contains(f.Message, w) {
			t.Errorf("message %q lacks %q", f.Message, w)
		}
	}
	return f
}

// unavailable skips a test, except where everything must be there.
func unavailable(t *testing.T, reason string) {
	t.Helper()
	if os.Getenv("CI") == "true" {
		t.Fatal(reason)
	}
	t.Skip(reason)
}

// eventually waits until ok.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(10 * time.Second); !ok(); {
		if time.Now().After(end) {
			t.Fatalf("in vain: %s", what)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

func readFile(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// lives reports whether a process exists and is no zombie.
func lives(t *testing.T, pid int) bool {
	t.Helper()
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	state := commandOutput(t, "ps", "-o", "state=", "-p", itoa(pid))
	return state != "" && !strings.HasPrefix(state, "Z")
}
