package conformance_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"path"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/clevercloud"
	"github.com/addongw/addongw/gateway/secret"
)

// careless is a provider that takes every order and every removal.
type careless struct {
	before func(*http.Request) // may be nil
	remove int                 // the status of removals; 0: 200

	mu    sync.Mutex
	alive map[string]bool
}

func (c *careless) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if c.before != nil {
		c.before(r)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case r.Method == http.MethodDelete && c.remove != 0:
		w.WriteHeader(c.remove)
	case r.Method == http.MethodDelete:
		delete(c.alive, path.Base(r.URL.Path))
	case strings.TrimSuffix(r.URL.Path, "/") == "/resources":
		id := fmt.Sprint("res-", len(c.alive)+1, "-", time.Now().UnixNano())
		c.alive[id] = true
		_ = json.NewEncoder(w).Encode(map[string]any{"id": id, "config": map[string]string{"ACME_URL": "postgres://canary-config"}})
	}
}

func (c *careless) left() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.alive)
}

func serve(t *testing.T, c *careless) conformance.Provider {
	t.Helper()
	c.alive = map[string]bool{}
	server := httptest.NewServer(c)
	t.Cleanup(server.Close)
	return conformance.Provider{
		BaseURL: server.URL + "/resources", SSOURL: server.URL + "/sso", Username: "acme", Plans: []string{"basic", "premium"},
		Password: secret.New("canary-password-0123456789"), Salt: secret.New("canary-salt-0123456789"),
	}
}

func run(t *testing.T, ctx context.Context, p conformance.Provider, o conformance.Options) *conformance.Report {
	t.Helper()
	report, err := conformance.Run(ctx, clevercloud.Platform{}, p, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	return report
}

func TestEverythingThatWasMadeIsRemoved(t *testing.T) {
	c := &careless{}
	report := run(t, t.Context(), serve(t, c), conformance.Options{})
	if c.left() != 0 || len(report.Left) != 0 || report.Stopped != "" || report.Passed(false) {
		t.Errorf("%d resources are left, the report says %+v, stopped %q, passed %t", c.left(), report.Left, report.Stopped, report.Passed(false))
	}
}

// An order that is on its way when somebody interrupts makes a resource, too.
func TestAnInterruptedRunCleansUp(t *testing.T) {
	ctx, interrupt := context.WithCancel(t.Context())
	var orders atomic.Int64
	c := &careless{before: func(r *http.Request) {
		if r.Method == http.MethodPost && r.URL.Path == "/resources" && orders.Add(1) == 5 {
			interrupt()
		}
	}}
	report := run(t, ctx, serve(t, c), conformance.Options{})
	if !report.Interrupted || report.Passed(false) || orders.Load() != 5 {
		t.Errorf("interrupted: %t, passed: %t, %d orders", report.Interrupted, report.Passed(false), orders.Load())
	}
	if c.left() != 0 || len(report.Left) != 0 {
		t.Errorf("%d resources are left, the report says %+v", c.left(), report.Left)
	}
}

// Without a manifest an answer with any name would be in order: that is no
// finding.
func TestNamesThatNobodyKnowsAreNotJudged(t *testing.T) {
	p := serve(t, &careless{})
	only := conformance.Options{Only: []string{"CC-V2"}}
	if r := run(t, t.Context(), p, only).Results[0]; r.Outcome != conformance.Skipped || !strings.Contains(r.Why, "--manifest") {
		t.Errorf("without names it is %s: %s", r.Outcome, r.Why)
	}
	p.ConfigVars, p.ConfigVarsSet = []string{"ACME_URL"}, true
	if r := run(t, t.Context(), p, only).Results[0]; r.Outcome != conformance.OK {
		t.Errorf("with the names it is %s: %s%q", r.Outcome, r.Why, r.Problems)
	}
}

func TestWhatCannotBeRemovedIsListedWithItsReason(t *testing.T) {
	c := &careless{remove: 500}
	report := run(t, t.Context(), serve(t, c), conformance.Options{Only: []string{"provision-current", "CC-P3"}})
	if len(report.Left) != 2 || report.Left[0].Reason != "its removal was answered with 500" || len(report.Results) != 2 {
		t.Errorf("the report says %+v", report.Left)
	}
	kept := &careless{}
	report = run(t, t.Context(), serve(t, kept), conformance.Options{Only: []string{"CC-P1"}, Keep: true})
	if kept.left() != 1 || len(report.Left) != 1 || report.Left[0].Reason != "kept" {
		t.Errorf("%d resources are kept, the report says %+v", kept.left(), report.Left)
	}
}

func TestAnOrderWithoutAnAnswerMayHaveMadeAResource(t *testing.T) {
	var requests atomic.Int64
	c := &careless{before: func(r *http.Request) {
		if requests.Add(1) > 1 && r.Method == http.MethodPost {
			panic(http.ErrAbortHandler)
		}
	}}
	report := run(t, t.Context(), serve(t, c), conformance.Options{Only: []string{"CC-P1", "CC-P3", "CC-P14"}})
	if len(report.Left) != 1 || report.Left[0].ID != "" || report.Left[0].Reason != "an order had no answer and may have made a resource (2 times)" {
		t.Errorf("the report says %+v", report.Left)
	}
	if report.Results[1].Outcome != conformance.Failed || report.Stopped != "" {
		t.Errorf("the check is %s, stopped: %q", report.Results[1].Outcome, report.Stopped)
	}
}

// A server that refuses a long body may hang up before all of it was sent: that
// order made nothing.
func TestAnOversizedOrderThatMetAClosedConnectionIsNotListed(t *testing.T) {
	var hungUp atomic.Int64
	c := &careless{before: func(r *http.Request) {
		if r.ContentLength > 256<<10 {
			hungUp.Add(1)
			panic(http.ErrAbortHandler)
		}
	}}
	report := run(t, t.Context(), serve(t, c), conformance.Options{Only: []string{"provision"}})
	if hungUp.Load() == 0 || len(report.Left) != 0 || c.left() != 0 {
		t.Errorf("%d hung up, the report says %+v", hungUp.Load(), report.Left)
	}
}

func TestWhoeverWasAskedFirstIsNamedWhereNobodyAnswers(t *testing.T) {
	p := serve(t, &careless{})
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	p.SSOURL = closed.URL + "/sso?of=acme"
	report := run(t, t.Context(), p, conformance.Options{Only: []string{"CC-S14"}})
	if want := "Nobody answers at " + closed.URL + "/sso: connection refused."; report.Stopped != want {
		t.Errorf("stopped: %q, want %q", report.Stopped, want)
	}
}

// One closed port of many is found by its address; what stands behind it may
// sign somebody on.
func TestARefusedConnectionOfASignOnNamesTheAddress(t *testing.T) {
	p := serve(t, &careless{})
	closed := httptest.NewServer(http.NotFoundHandler())
	closed.Close()
	p.SSOURL = closed.URL + "/sso"
	report := run(t, t.Context(), p, conformance.Options{Only: []string{"CC-S1"}})
	var b strings.Builder
	if err := report.WriteText(&b, conformance.TextOptions{Verbose: true, Width: 500}); err != nil {
		t.Fatal(err)
	}
	if want := "nobody answers at " + closed.URL + ": connection refused\n"; strings.Count(b.String(), want) != 2 {
		t.Errorf("not twice %q:\n%s", want, b.String())
	}
}

func TestNobodyIsAskedTwiceWhereNobodyAnswers(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	p := conformance.Provider{BaseURL: server.URL + "/resources", Username: "acme", Plans: []string{"basic"}, Manifest: []byte("{}")}
	server.Close()
	report := run(t, t.Context(), p, conformance.Options{})
	if !strings.Contains(report.Stopped, "Nobody answers at "+p.BaseURL+": connection refused") || report.Passed(false) {
		t.Errorf("stopped: %q", report.Stopped)
	}
	for _, result := range report.Results {
		if result.Group != conformance.Manifest {
			t.Errorf("%s is %s", result.ID, result.Outcome)
		}
	}
}

func TestAChosenCheckIsJudgedByWhatItNeeds(t *testing.T) {
	report := run(t, t.Context(), serve(t, &careless{}), conformance.Options{Only: []string{"CC-S4"}})
	if len(report.Results) != 1 || report.Results[0].Outcome != conformance.Blocked || report.Results[0].Why != "CC-S1 does not hold" {
		t.Errorf("the results are %+v", report.Results)
	}
	p := serve(t, &careless{})
	_, err := conformance.Run(t.Context(), clevercloud.Platform{}, p, nil, conformance.Options{Only: []string{"sso", "CC-Z1"}})
	if unknown, ok := errors.AsType[*conformance.UnknownCheckError](err); !ok || unknown.Name != "CC-Z1" || !slices.Contains(unknown.Groups, "plan_change") || !slices.Contains(unknown.IDs, "CC-S1") {
		t.Errorf("an unknown name gives %v", err)
	}
	for _, only := range []string{"plan-change", "plan_change", "cc-l1", "plan-change-legacy"} {
		if report := run(t, t.Context(), p, conformance.Options{Only: []string{only}}); len(report.Results) == 0 {
			t.Errorf("--only %s runs nothing", only)
		}
	}
}

func TestAProviderThatIsTooSlowIsTold(t *testing.T) {
	release := make(chan struct{})
	var requests atomic.Int64
	c := &careless{before: func(r *http.Request) {
		if requests.Add(1) > 1 && r.Method == http.MethodPost {
			<-release
		}
	}}
	p := serve(t, c)
	t.Cleanup(func() { close(release) }) // before the server waits for its requests
	report := run(t, t.Context(), p, conformance.Options{Only: []string{"CC-P1", "CC-P3"}, Timeout: 50 * time.Millisecond})
	if got := report.Results[1].Problems; len(got) != 1 || got[0] != "an order: no answer in time" {
		t.Errorf("the problems are %q", got)
	}
}

// Who hangs up on a body that is too long has refused it, and its answer is
// lost by chance.
func TestAConnectionClosedOnALongBodyIsNobodysFault(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.ContentLength < 1<<20 {
			http.NotFound(w, r)
			return
		}
		conn, _, err := http.NewResponseController(w).Hijack()
		if err != nil {
			t.Error(err)
			return
		}
		_ = conn.(*net.TCPConn).SetLinger(0) // the kernel says so at once
		_ = conn.Close()
	}))
	t.Cleanup(server.Close)
	p := conformance.Provider{BaseURL: server.URL + "/resources", Username: "acme", Plans: []string{"basic"}}
	report := run(t, t.Context(), p, conformance.Options{Only: []string{"CC-P14", "CC-P28"}})
	if got := report.Results[1]; got.Outcome != conformance.Blocked || !strings.Contains(got.Why, "may be a refusal") {
		t.Errorf("the check is %s: %s%q", got.Outcome, got.Why, got.Problems)
	}
}

func TestWhereNoOrderSucceedsThePlanMayBeWrong(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	t.Cleanup(server.Close)
	p := conformance.Provider{BaseURL: server.URL + "/resources", Username: "acme", Plans: []string{"smal"}, Region: "EU"}
	report := run(t, t.Context(), p, conformance.Options{Only: []string{"provision"}})
	if want := "No order succeeded. All were of the plan smal in the region EU: does the provider call them so? Its answers: --only CC-P1 --verbose"; report.Hint != want {
		t.Errorf("the hint is %q", report.Hint)
	}
	if got := report.Results[0].Problems; len(got) != 1 || got[0] != "an order: status is 404, not 2xx" {
		t.Errorf("the problems are %q", got)
	}
	if report := run(t, t.Context(), serve(t, &careless{}), conformance.Options{Only: []string{"provision"}}); report.Hint != "" {
		t.Errorf("where orders succeed the hint is %q", report.Hint)
	}
}
