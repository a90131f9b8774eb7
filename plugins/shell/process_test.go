package shell

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
)

func itoa(n int) string { return strconv.Itoa(n) }

func sorted(names []string) []string { return slices.Sorted(slices.Values(names)) }

// commandOutput is what a program prints, whatever its exit code.
func commandOutput(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, _ := exec.Command(name, args...).Output()
	return strings.TrimSpace(string(out))
}

// pids reads process ids that scripts wrote into a file, one a line.
func pids(t *testing.T, path string, want int) []int {
	t.Helper()
	var found []int
	eventually(t, fmt.Sprintf("%d processes in %s", want, path), func() bool {
		text, _ := os.ReadFile(path)
		found = nil
		for _, field := range strings.Fields(string(text)) {
			n, err := strconv.Atoi(field)
			if err != nil {
				t.Fatalf("%q is no process id", field)
			}
			found = append(found, n)
		}
		return len(found) >= want
	})
	return found
}

func TestHangingScriptIsStoppedWithItsChildren(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		// The grandchild holds standard output, so that reading it would never end.
		"by SIGTERM": `(echo $$ >>"$OUT"; exec sleep 300) & sleep 300 & echo $! >>"$OUT"; wait`,
		"by SIGKILL": `trap "" TERM; sleep 300 & echo $! >>"$OUT"; echo $$ >>"$OUT"; while :; do sleep 300; done`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := configured(t, map[string]string{"provision": text}, nil)
			out := filepath.Join(t.TempDir(), "out")
			op := withEnv(someOp(t), map[string]cty.Value{"OUT": cty.StringVal(out)})
			op.Deadline = time.Now().Add(time.Second)
			_, _, err := provision(t.Context(), b, op)
			if late := time.Since(op.Deadline); late > 3*time.Second {
				t.Errorf("it returned %v after the deadline", late)
			}
			wantFailure(t, err, backend.Retryable, "its time was up")
			for _, pid := range pids(t, out, 2) {
				eventually(t, "a child is dead", func() bool { return !lives(t, pid) })
			}
		})
	}
}

func TestScriptMayCleanUpWhenItIsStopped(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"provision": `trap 'echo cleaned >"$OUT"; exit 0' TERM; : >"$BEGUN"; while :; do sleep 0.05; done`}, nil)
	out, begun := filepath.Join(t.TempDir(), "out"), filepath.Join(t.TempDir(), "begun")
	op := withEnv(someOp(t), map[string]cty.Value{"OUT": cty.StringVal(out), "BEGUN": cty.StringVal(begun)})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for ctx.Err() == nil {
			if _, err := os.Stat(begun); err == nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	_, _, err := provision(ctx, b, op)
	wantFailure(t, err, backend.Retryable)
	if got := readFile(t, out); got != "cleaned\n" {
		t.Errorf("got %q", got)
	}
}

func TestChildrenLeftBehindAreKilledAndTheAnswerCounts(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"provision": `sleep 300 & echo $! >"$OUT"; echo '{"status":"done"}'`}, nil)
	out := filepath.Join(t.TempDir(), "out")
	begun := time.Now()
	mustProvision(t, b, withEnv(someOp(t), map[string]cty.Value{"OUT": cty.StringVal(out)}))
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %v", took)
	}
	for _, pid := range pids(t, out, 1) {
		eventually(t, "the child is dead", func() bool { return !lives(t, pid) })
	}
}

func TestLateWordsOfAChildAreHeard(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"provision": `(sleep 0.05; echo '{"status":"done"}') &`}, nil)
	mustProvision(t, b, someOp(t))
}

func TestDaemonInASessionOfItsOwnSurvives(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("setsid"); err != nil {
		unavailable(t, "this machine has no setsid")
	}
	b := configured(t, map[string]string{"provision": `setsid sleep 300 >/dev/null 2>&1 </dev/null & echo $! >"$OUT"; sleep 0.1; echo '{"status":"done"}'`}, nil)
	out := filepath.Join(t.TempDir(), "out")
	mustProvision(t, b, withEnv(someOp(t), map[string]cty.Value{"OUT": cty.StringVal(out)}))
	pid := pids(t, out, 1)[0]
	defer func() { _ = syscall.Kill(pid, syscall.SIGKILL) }()
	if !lives(t, pid) {
		t.Error("the service died with the call")
	}
}

func TestEndlessOutputIsStoppedEarly(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"obedient":  `yes`,
		"obstinate": `trap "" PIPE TERM; yes; while :; do sleep 1; done`,
		"finished":  `head -c 2000000 /dev/zero`,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := configured(t, map[string]string{"provision": text}, nil)
			begun := time.Now()
			_, _, err := provision(t.Context(), b, someOp(t))
			wantFailure(t, err, backend.Internal, "printed more than 1048576 bytes")
			if took := time.Since(begun); took > 8*time.Second {
				t.Errorf("it took %v", took)
			}
		})
	}
}

func TestAnswerOfTheLargestSizeIsTaken(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"provision": `
printf '{"status":"done","message":"'
head -c 1048500 /dev/zero | tr '\0' x
printf '"}'`}, nil)
	mustProvision(t, b, someOp(t))
}

func TestUnreadInputIsNoError(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"provision": `exec <&-; echo '{"status":"done"}'`}, nil)
	op := someOp(t)
	op.Secrets = map[string]string{"long": strings.Repeat("x", 300_000)}
	mustProvision(t, b, op)
}

// TestMain lets the test binary be the plugin that TestScriptsDieWithThePlugin
// kills.
func TestMain(m *testing.M) {
	backendtest.Main(New())
	dir := os.Getenv("ADDONGW_TEST_PLUGIN_DIR")
	if dir == "" {
		os.Exit(m.Run())
	}
	b := New()
	config := attributes{"directory": cty.StringVal(dir)}
	resp, err := b.Configure(context.Background(), backend.ConfigureRequest{Config: config.value()})
	if err != nil || resp.Diagnostics.HasErrors() {
		fmt.Fprintln(os.Stderr, err, resp.Diagnostics)
		os.Exit(1)
	}
	op := backend.Op{OperationID: "op_1", ResourceID: "res_1", Deadline: time.Now().Add(time.Minute)}
	op = withEnv(op, map[string]cty.Value{"OUT": cty.StringVal(filepath.Join(dir, "out"))})
	_, _, err = provision(context.Background(), b, op)
	fmt.Fprintln(os.Stderr, "it should have been killed:", err)
	os.Exit(1)
}

func TestScriptsDieWithThePlugin(t *testing.T) {
	t.Parallel()
	dir := scriptDir(t, scriptsWith(map[string]string{
		"provision": `trap "" TERM HUP; echo $$ >>"$OUT"; (trap "" TERM HUP; while :; do sleep 300; done) & echo $! >>"$OUT"; ps -o pgid= -p $$ >>"$OUT"; wait`,
	}))
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), "ADDONGW_TEST_PLUGIN_DIR="+dir)
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	processes := pids(t, filepath.Join(dir, "out"), 3)
	for _, pid := range processes {
		if !lives(t, pid) {
			t.Fatal("a process died before the plugin")
		}
	}
	// As at the end of a script's time, which must not end the guard.
	if err := syscall.Kill(-processes[2], syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Process.Kill(); err != nil { // not even a chance to clean up
		t.Fatal(err)
	}
	_ = cmd.Wait()
	for _, pid := range processes {
		eventually(t, "script, child and guard are dead", func() bool { return !lives(t, pid) })
	}
}
