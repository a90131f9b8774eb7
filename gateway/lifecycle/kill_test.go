package lifecycle_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway/store/sqlite"
	"github.com/addongw/addongw/plugins/backend"
)

// The crash matrix with real processes, which killchild_test.go describes.

// soakEnv is how often each kill is repeated; see make soak.
const soakEnv = "ADDONGW_SOAK"

// repetitions returns the number that soakEnv says, else usual.
func repetitions(t *testing.T, usual int) int {
	t.Helper()
	text := os.Getenv(soakEnv)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s=%q is no number of repetitions", soakEnv, text)
	}
	return n
}

// childBinary is this test binary without the race detector, with which each of the
// many processes takes ten times as long to start. It lies in a folder that "go test"
// removes.
var childBinary = sync.OnceValues(func() (string, error) {
	path := os.Args[0] + ".child"
	if out, err := exec.Command("go", "test", "-c", "-o", path, ".").CombinedOutput(); err != nil {
		return "", fmt.Errorf("build the child: %w\n%s", err, out)
	}
	return path, nil
})

// child starts a gateway process.
func child(t *testing.T, p childPlan) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	binary, err := childBinary()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), binary)
	cmd.Env = append(os.Environ(), childEnv+"="+string(text))
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, bufio.NewScanner(out)
}

// finish reads a process's answers and waits for its end.
func finish(t *testing.T, cmd *exec.Cmd, lines *bufio.Scanner) (answers []answer, err error) {
	t.Helper()
	for lines.Scan() {
		var a answer
		if err := json.Unmarshal(lines.Bytes(), &a); err != nil {
			t.Fatalf("the gateway said %q", lines.Text())
		}
		answers = append(answers, a)
	}
	return answers, cmd.Wait()
}

func killed(err error) bool {
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return false
	}
	status, ok := exit.Sys().(syscall.WaitStatus)
	return ok && status.Signaled() && status.Signal() == syscall.SIGKILL
}

func worldOf(t *testing.T, dir string) (things []string, calls map[string]int) {
	t.Helper()
	entries, err := os.ReadDir(filepath.Join(dir, "world"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for _, e := range entries {
		things = append(things, e.Name())
	}
	text, err := os.ReadFile(filepath.Join(dir, "calls"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	calls = map[string]int{}
	for _, c := range strings.Fields(string(text)) {
		calls[c]++
	}
	return things, calls
}

// victim is an operation that the gateway is killed at.
type victim struct {
	name  string
	story story
	verb  backend.Verb
	mode  backend.DeprovisionMode
	not   []string // instants that it does not have
}

func victims() []victim {
	return []victim{
		{"provision", ordering, backend.VerbProvision, "", nil},
		{"change_plan", changing, backend.VerbChangePlan, "", nil},
		{"deprovision, soft", removing, backend.VerbDeprovision, backend.ModeSoft, nil},
		{"its purge", removing, backend.VerbDeprovision, backend.ModePurge, nil},
		// Until the backend has acted, nobody has cancelled it.
		{"cancelled provision", cancelling, backend.VerbProvision, "", []string{beforeIntent, beforeCall}},
		{"its removal", cancelling, backend.VerbDeprovision, backend.ModePurge, nil},
		{"failing provision", compensating, backend.VerbProvision, "", nil},
		{"its clean-up", compensating, backend.VerbDeprovision, backend.ModePurge, nil},
		{"suspend", suspending, backend.VerbSuspend, "", nil},
		{"resume", resuming, backend.VerbResume, "", nil},
		{"rotation, stage", rotating, backend.VerbRotate, "stage", nil},
		{"rotation, commit", rotating, backend.VerbRotate, "commit", nil},
		{"undone rotation, abort", undoing, backend.VerbRotate, "abort", nil},
		// The order is answered while the backend is at it.
		{"accepted provision", accepting, backend.VerbProvision, "", nil},
		{"its mark", accepting, verbAccept, "", []string{beforeCall, insideCall, beforeResult}},
		{"its completion", accepting, verbComplete, "", nil},
		{"server", renting, backend.VerbProvision, "", nil},
		{"its reboot", rebooting, backend.VerbInvoke, "", nil},
		{"the server's removal", givingBack, backend.VerbDeprovision, backend.ModePurge, nil},
		{"failing server", spoiling, backend.VerbProvision, "", nil},
		{"its last clean-up", spoiling, backend.VerbDeprovision, backend.ModePurge, nil},
	}
}

// row is one line of the table: what came of all kills of one victim at one
// instant.
type row struct {
	runs, lost, doubled, left int
	resume                    []time.Duration // from the start of the next process to the result
}

func TestAKilledGatewayLosesAndDoublesNothing(t *testing.T) {
	instants := []string{beforeIntent, beforeCall, insideCall, beforeResult, afterResult}
	runs := repetitions(t, 2)
	table := map[string]*row{}
	var mu sync.Mutex
	t.Run("kill", func(t *testing.T) {
		for _, v := range victims() {
			for _, at := range instants {
				if slices.Contains(v.not, at) {
					continue
				}
				t.Run(v.name+", "+at, func(t *testing.T) {
					t.Parallel()
					r := &row{}
					for range runs {
						r.kill(t, v, at)
					}
					mu.Lock()
					defer mu.Unlock()
					table[v.name+at] = r
				})
			}
		}
	})
	var text strings.Builder
	var resume []time.Duration
	fmt.Fprintf(&text, "%-20s %-42s %5s %5s %8s %9s  %s\n", "operation", "killed", "runs", "lost", "doubled", "left-over", "resumed p50/p99 ms")
	for _, v := range victims() {
		for _, at := range instants {
			if r := table[v.name+at]; r != nil {
				fmt.Fprintf(&text, "%-20s %-42s %5d %5d %8d %9d  %d/%d\n", v.name, at, r.runs, r.lost, r.doubled, r.left,
					percentile(r.resume, 50).Milliseconds(), percentile(r.resume, 99).Milliseconds())
				resume = append(resume, r.resume...)
			}
		}
	}
	fmt.Fprintf(&text, "all %d kills resumed in %d/%d ms, the start of the process included\n", len(resume),
		percentile(resume, 50).Milliseconds(), percentile(resume, 99).Milliseconds())
	t.Logf("crash table\n%s", text.String())
}

func percentile(all []time.Duration, p int) time.Duration {
	if len(all) == 0 {
		return 0
	}
	all = slices.Sorted(slices.Values(all))
	return all[(len(all)*p+99)/100-1]
}

// kill lets a gateway die at an instant and another one go on.
func (r *row) kill(t *testing.T, v victim, at string) {
	t.Helper()
	p := childPlan{Dir: t.TempDir(), Story: v.story, KillAt: at, Verb: v.verb, Mode: v.mode, Orders: []string{"ext-1"}}
	cmd, lines := child(t, p)
	if answers, err := finish(t, cmd, lines); !killed(err) {
		t.Fatalf("the gateway was not killed: %v, %v", answers, err)
	}
	r.runs++
	p.KillAt = ""
	begin := time.Now()
	cmd, lines = child(t, p)
	answers, err := finish(t, cmd, lines)
	if err != nil || len(answers) != 1 || answers[0].Error != "" {
		r.lost++
		t.Errorf("after the restart: %v, %v", answers, err)
		return
	}
	r.resume = append(r.resume, time.Since(begin))
	r.judge(t, p, at, answers[0])
}

// judge compares what is there with what one order should have come to.
func (r *row) judge(t *testing.T, p childPlan, at string, a answer) {
	t.Helper()
	things, calls := worldOf(t, p.Dir)
	want := map[string]int{beforeIntent: 1, beforeCall: 1, insideCall: 2, beforeResult: 2, afterResult: 1}[at]
	if p.Story == cancelling && p.Verb == backend.VerbProvision {
		want = 1 // what is not wanted any more is not repeated
	}
	if n := calls[string(p.Verb)+string(p.Mode)]; n != want && p.Verb != verbAccept {
		t.Errorf("%d calls, want %d", n, want)
	}
	// A first making that the kill interrupted before its folder was there
	// would be noted twice; the instants never fall there.
	if calls["made"] != 1 || calls["changed-password"] != 0 {
		r.doubled++
		t.Errorf("made %d times, with another password %d times", calls["made"], calls["changed-password"])
	}
	if p.Story == accepting {
		r.completed(t, p, a, calls)
	}
	if p.Story == rebooting && calls["rebooted"] != 1 {
		r.doubled++
		t.Errorf("rebooted %d times", calls["rebooted"])
	}
	lives := !slices.Contains([]story{removing, cancelling, compensating, givingBack, spoiling}, p.Story)
	switch {
	case !lives && len(things) > 0:
		r.left++
		t.Errorf("left: %v", things)
	case lives && len(things) != 1:
		r.lost++
		t.Errorf("the world has %v", things)
	case lives:
		password, err := os.ReadFile(filepath.Join(p.Dir, "world", things[0], "password"))
		if err != nil || a.ResourceID != things[0] || !strings.Contains(a.URL, string(password)) {
			r.lost++
			t.Errorf("answered for %s; the world has %s, %v", a.ResourceID, things[0], err)
		}
		if _, err := os.Stat(filepath.Join(p.Dir, "world", things[0], "suspended")); (err == nil) != (p.Story == suspending) {
			r.lost++
			t.Errorf("suspended: %v", err)
		}
		if _, err := os.Stat(filepath.Join(p.Dir, "world", things[0], "staged")); err == nil {
			r.left++
			t.Error("two passwords work")
		}
	case p.Story != compensating && p.Story != spoiling:
		r.forgotten(t, p.Dir, a)
	}
}

// completed compares what a platform was promised with what it was told.
func (r *row) completed(t *testing.T, p childPlan, a answer, calls map[string]int) {
	t.Helper()
	told, err := os.ReadFile(filepath.Join(p.Dir, "completed"))
	if err != nil || string(told) != a.URL {
		r.lost++
		t.Errorf("the platform was not told of what it was promised: %v", err)
	}
	if calls[string(verbComplete)] != 1 && p.Verb != verbComplete || calls["push"] > 0 {
		r.doubled++
		t.Errorf("the platform was called %v", calls)
	}
}

// forgotten looks for secrets of what is removed.
func (r *row) forgotten(t *testing.T, dir string, a answer) {
	t.Helper()
	store, err := sqlite.Open(t.Context(), filepath.Join(dir, "store", "addongw.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	rec, err := store.ResourceRecord(t.Context(), a.ResourceID)
	if err != nil {
		t.Fatal(err)
	}
	_, inputErr := store.LastInput(t.Context(), rec.ID)
	if rec.SecretsSealed != nil || rec.OutputsSealed != nil || rec.StateSealed != nil || inputErr == nil {
		r.left++
		t.Error("the tombstone keeps secrets")
	}
}

func TestRandomKillsUnderLoadLoseAndDoubleNothing(t *testing.T) {
	dir := t.TempDir()
	var orders []string
	for i := range 800 {
		orders = append(orders, fmt.Sprint("ext-", i))
	}
	told := map[string]answer{}
	rounds := repetitions(t, 6)
	if testing.Short() {
		rounds = 3
	}
	kills := 0
	for range rounds {
		// Each life repeats all orders, as platforms do that got no answer.
		cmd, lines := child(t, childPlan{Dir: dir, Story: ordering, Orders: orders, Clients: 16})
		timer := time.AfterFunc(time.Duration(60+rand.IntN(200))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		answers, err := finish(t, cmd, lines)
		timer.Stop()
		if killed(err) {
			kills++
		} else if err != nil {
			t.Fatal(err)
		}
		compare(t, told, answers)
	}
	cmd, lines := child(t, childPlan{Dir: dir, Story: ordering, Orders: orders, Clients: 16})
	answers, err := finish(t, cmd, lines)
	if err != nil {
		t.Fatal(err)
	}
	compare(t, told, answers)
	if len(told) != len(orders) {
		t.Errorf("%d orders answered, want %d", len(told), len(orders))
	}
	things, calls := worldOf(t, dir)
	if len(things) != len(orders) {
		t.Errorf("%d things in the world, want %d", len(things), len(orders))
	}
	if calls["changed-password"] > 0 || len(calls) > 2 {
		t.Errorf("the world noted %v", calls)
	}
	t.Logf("%d kills, %d resources, %d repeated calls", kills, len(things), calls["provision"]-len(things))
	if kills == 0 {
		t.Error("nothing was killed")
	}
}

// compare adds answers to what platforms were told, which must never change.
func compare(t *testing.T, told map[string]answer, answers []answer) {
	t.Helper()
	for _, a := range answers {
		if a.Error != "" {
			t.Errorf("order %s: %s", a.ExternalID, a.Error)
			continue
		}
		if before, ok := told[a.ExternalID]; ok && before != a {
			t.Errorf("order %s got another answer than before", a.ExternalID)
		}
		told[a.ExternalID] = a
	}
}
