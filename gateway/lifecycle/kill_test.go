package lifecycle_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/gateway/store/sqlite"
	"github.com/addongw/addongw/plugins/backend"
)

// The crash matrix with real processes: this test binary runs itself as a
// gateway that is killed with SIGKILL, again and again, on one store and one
// world of files.

// childEnv makes the test binary a gateway; its value is a childPlan.
const childEnv = "ADDONGW_LIFECYCLE_TEST_CHILD"

func TestMain(m *testing.M) {
	if text, ok := os.LookupEnv(childEnv); ok {
		runChild(text)
		return
	}
	os.Exit(m.Run())
}

// childPlan is what a gateway process has to do.
type childPlan struct {
	Dir     string
	KillAt  string // the instant at which it kills itself; empty: never
	Verb    backend.Verb
	Orders  []string // external ids, ordered by Clients at once
	Clients int
}

// The instants of the crash matrix.
const (
	beforeIntent   = "before the intent is committed"
	beforeCall     = "after the intent, before the backend acts"
	insideCall     = "inside the backend call, after it acted"
	beforeResult   = "the backend answered, its result is not committed"
	beforeResponse = "the result is committed, the response is not sent"
)

// dieAt ends the process the hard way when it has come to the instant.
func (p childPlan) dieAt(instant string, verb backend.Verb) {
	if p.KillAt == instant && p.Verb == verb {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
}

// runChild is the gateway process. For each order it prints a line of JSON.
func runChild(text string) {
	var p childPlan
	if err := json.Unmarshal([]byte(text), &p); err != nil {
		panic(err)
	}
	ctx := context.Background()
	store, err := sqlite.Open(ctx, filepath.Join(p.Dir, "store", "addongw.db"))
	if err != nil {
		panic(err)
	}
	sealer, err := secret.OpenSealer(ctx, []secret.Key{{ID: "test", Value: secret.New(testKey)}}, store)
	if err != nil {
		panic(err)
	}
	e, err := lifecycle.New(lifecycle.Options{Store: store, Sealer: sealer, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err != nil {
		panic(err)
	}
	e.Activate(&dyingCatalog{plan: p}, dyingBackends{p}, nil)
	if err := e.Start(ctx); err != nil {
		panic(err)
	}
	p.work(e.For(gateway.Scope{Platform: platformName, Addon: addonName, Budget: 10 * time.Second}), store)
	os.Exit(0) // without a word to the engine: ending is a kind of crash too
}

// work runs the plan's orders, Clients at once.
func (p childPlan) work(s *lifecycle.Scoped, store *sqlite.Store) {
	orders := make(chan string)
	var group sync.WaitGroup
	var printing sync.Mutex
	for range max(1, p.Clients) {
		group.Go(func() {
			for id := range orders {
				a, err := p.do(s, store, id)
				if err != nil {
					a = answer{ExternalID: id, Error: err.Error()}
				}
				line, _ := json.Marshal(a)
				printing.Lock()
				fmt.Println(string(line))
				printing.Unlock()
			}
		})
	}
	for _, id := range p.Orders {
		orders <- id
	}
	close(orders)
	group.Wait()
}

// answer is what a platform was told about one order.
type answer struct {
	ExternalID, ResourceID, URL, Error string
}

// do provisions, and then does what the plan's verb says.
func (p childPlan) do(s *lifecycle.Scoped, store *sqlite.Store, id string) (answer, error) {
	ctx := context.Background()
	o := gateway.Order{ExternalID: id, Plan: "free", Region: "eu"}
	d, err := s.Provision(ctx, o)
	if err == nil && p.Verb == backend.VerbChangePlan {
		d, err = s.ChangePlan(ctx, d.Resource.ID, "big")
	}
	if err == nil && p.Verb == backend.VerbDeprovision {
		_, err = s.Deprovision(ctx, d.Resource.ID)
	}
	// Plan and life of the resource may have moved on before the kill.
	kind := gateway.KindOf(err)
	if err != nil && (p.Verb == backend.VerbProvision || kind != gateway.Conflict && kind != gateway.Gone) {
		return answer{}, err
	}
	if p.Verb == backend.VerbDeprovision {
		if err := untilGone(ctx, store, id); err != nil {
			return answer{}, err
		}
	}
	p.dieAt(beforeResponse, p.Verb)
	return answer{ExternalID: id, ResourceID: d.Resource.ID, URL: vars(d)["ACME_DB_URL"]}, nil
}

// untilGone waits until an order's resource is removed.
func untilGone(ctx context.Context, store *sqlite.Store, id string) error {
	for range 5000 {
		r, err := store.ResourceByExternalID(ctx, platformName, addonName, id)
		if err != nil || r.State == gateway.Deprovisioned {
			return err
		}
		time.Sleep(time.Millisecond)
	}
	return errors.New("it was never removed")
}

// dyingCatalog is fakeCatalog with instants in it.
type dyingCatalog struct {
	fakeCatalog
	plan childPlan
}

func (c *dyingCatalog) Op(r gateway.Resource, outputs, first backend.Value) (backend.Op, error) {
	verb := backend.VerbProvision
	if !first.IsNull() {
		if verb = backend.VerbDeprovision; r.Plan == "big" {
			verb = backend.VerbChangePlan
		}
	}
	c.plan.dieAt(beforeIntent, verb)
	return c.fakeCatalog.Op(r, outputs, first)
}

func (c *dyingCatalog) Render(r gateway.Resource, verb backend.Verb, outputs backend.Value) ([]gateway.ConfigVar, string, error) {
	// Of a deprovision it is called before the intent, of others after the
	// backend answered.
	if verb != backend.VerbDeprovision {
		c.plan.dieAt(beforeResult, verb)
	}
	return c.fakeCatalog.Render(r, verb, outputs)
}

type dyingBackends struct{ plan childPlan }

func (b dyingBackends) Backend(name string) (lifecycle.Backend, lifecycle.Limits, bool) {
	return fileWorld(b), lifecycle.Limits{}, name == backendName
}

// fileWorld makes a folder for each resource, which outlives the processes.
type fileWorld struct{ plan childPlan }

func (w fileWorld) Run(_ context.Context, call lifecycle.Call, _ func(string, []byte)) (backend.Result, error) {
	w.plan.dieAt(beforeCall, call.Verb)
	if err := w.act(call); err != nil {
		return backend.Result{}, err
	}
	w.plan.dieAt(insideCall, call.Verb)
	if call.Verb == backend.VerbDeprovision {
		return backend.Result{}, nil
	}
	return backend.Result{Outputs: backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"host": cty.StringVal("host"), "plan": cty.StringVal(call.Op.Plan.ID),
	}))}, nil
}

// act ensures the thing. It notes every call, and a password that is not the
// first one's.
func (w fileWorld) act(call lifecycle.Call) error {
	thing := filepath.Join(w.plan.Dir, "world", call.Op.ResourceID)
	if err := note(filepath.Join(w.plan.Dir, "calls"), string(call.Verb)); err != nil {
		return err
	}
	if call.Verb == backend.VerbDeprovision {
		return os.RemoveAll(thing)
	}
	if err := os.MkdirAll(thing, 0o700); err != nil {
		return err
	}
	password := filepath.Join(thing, "password")
	first, err := os.ReadFile(password)
	if errors.Is(err, fs.ErrNotExist) {
		return replace(password, call.Op.Secrets["password"])
	}
	if err == nil && string(first) != call.Op.Secrets["password"] {
		return note(filepath.Join(w.plan.Dir, "calls"), "CHANGED PASSWORD")
	}
	return err
}

// replace writes a file so that a kill leaves all of it or nothing.
func replace(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}

func note(path, line string) error {
	f, err := os.OpenFile(path, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.WriteString(line + "\n")
	return errors.Join(err, f.Close())
}

// child starts a gateway process.
func child(t *testing.T, p childPlan) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	text, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
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

func worldOf(t *testing.T, dir string) (things []string, calls []string) {
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
	return things, strings.Fields(string(text))
}

func TestAKilledGatewayLosesAndDoublesNothing(t *testing.T) {
	instants := []struct {
		at                                 string
		provision, changePlan, deprovision int // calls noted over both lives; -1: the instant does not exist
	}{
		{beforeIntent, 1, 1, 1},
		{beforeCall, 1, 1, 1}, // the first call died before it noted anything
		{insideCall, 2, 2, 2},
		{beforeResult, 2, 2, -1},
		{beforeResponse, 1, 1, 1},
	}
	for _, in := range instants {
		for verb, want := range map[backend.Verb]int{
			backend.VerbProvision: in.provision, backend.VerbChangePlan: in.changePlan, backend.VerbDeprovision: in.deprovision,
		} {
			if want < 0 {
				continue
			}
			t.Run(in.at+", "+string(verb), func(t *testing.T) {
				t.Parallel()
				dir := t.TempDir()
				p := childPlan{Dir: dir, KillAt: in.at, Verb: verb, Orders: []string{"ext-1"}}
				cmd, lines := child(t, p)
				if _, err := finish(t, cmd, lines); !killed(err) {
					t.Fatalf("the gateway was not killed: %v", err)
				}
				p.KillAt = ""
				cmd, lines = child(t, p)
				answers, err := finish(t, cmd, lines)
				if err != nil || len(answers) != 1 || answers[0].Error != "" {
					t.Fatalf("after the restart: %v, %v", answers, err)
				}
				checkWorld(t, dir, verb, want, answers[0])
			})
		}
	}
}

// checkWorld compares what is there with what one order should have made.
func checkWorld(t *testing.T, dir string, verb backend.Verb, wantCalls int, a answer) {
	t.Helper()
	things, calls := worldOf(t, dir)
	n := 0
	for _, c := range calls {
		switch c {
		case string(verb):
			n++
		case string(backend.VerbProvision), string(backend.VerbChangePlan), string(backend.VerbDeprovision):
		default:
			t.Errorf("the world noted %q", c)
		}
	}
	if n != wantCalls {
		t.Errorf("%d calls of %s, want %d", n, verb, wantCalls)
	}
	if verb == backend.VerbDeprovision {
		if len(things) != 0 {
			t.Errorf("left: %v", things)
		}
		return
	}
	if len(things) != 1 {
		t.Fatalf("the world has %v", things)
	}
	password, err := os.ReadFile(filepath.Join(dir, "world", things[0], "password"))
	if err != nil {
		t.Fatal(err)
	}
	if verb == backend.VerbProvision && (a.ResourceID != things[0] || !strings.Contains(a.URL, string(password))) {
		t.Errorf("answered for %s; the world has %s", a.ResourceID, things[0])
	}
}

func TestRandomKillsUnderLoadLoseAndDoubleNothing(t *testing.T) {
	dir := t.TempDir()
	var orders []string
	for i := range 800 {
		orders = append(orders, fmt.Sprint("ext-", i))
	}
	told := map[string]answer{}
	rounds := 6
	if testing.Short() {
		rounds = 3
	}
	kills := 0
	for range rounds {
		// Each life repeats all orders, as platforms do that got no answer.
		cmd, lines := child(t, childPlan{Dir: dir, Verb: backend.VerbProvision, Orders: orders, Clients: 16})
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
	cmd, lines := child(t, childPlan{Dir: dir, Verb: backend.VerbProvision, Orders: orders, Clients: 16})
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
	for _, c := range calls {
		if c != string(backend.VerbProvision) {
			t.Errorf("the world noted %q", c)
		}
	}
	t.Logf("%d kills, %d resources, %d repeated calls", kills, len(things), len(calls)-len(things))
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
