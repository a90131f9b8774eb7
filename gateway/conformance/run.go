package conformance

import (
	"bytes"
	"cmp"
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"time"
)

// Options say how a run is made. The zero value runs everything.
type Options struct {
	Only    []string      // groups and ids of checks; empty: all
	Keep    bool          // leave what was made
	Timeout time.Duration // for one answer; 0: DefaultTimeout
	StandIn StandIn       // that the provider can reach; nil: none
	Wait    time.Duration // for a server that was ordered until it can be used; 0: DefaultWait

	// Progress is called before each check with its number and their count;
	// nil: not.
	Progress func(h Head, number, of int)

	// Waiting is called with what the run is waiting for, such as "srv_1 to become
	// active", when that has lasted for RemindAfter (0: 20 s), and then every
	// RemindEvery (0: 30 s); nil: not.
	Waiting                  func(what string)
	RemindAfter, RemindEvery time.Duration
}

// DefaultWait is how long a server may take until it can be used.
const DefaultWait = 10 * time.Minute

// Run checks a provider that ReadManifest has read, with the problems that it
// found. Cancelling ctx ends the run early; what it made is removed all the
// same. The error is about Options, and nothing was sent then.
func Run(ctx context.Context, p Tested, provider Provider, problems []Problem, o Options) (*Report, error) {
	checks, err := listChecks(p, provider, problems)
	if err != nil {
		return nil, err
	}
	wanted, err := choose(checks, o.Only)
	if err != nil {
		return nil, err
	}
	r := &run{
		options: o, provider: provider, sender: NewSender(provider, o.Timeout),
		checks: checks, done: map[string]*Result{}, shared: map[string]any{},
	}
	collections := []Collection{{Thing: "resource"}}
	switch p := p.(type) {
	case Platform:
		r.client = p.Client(provider)
	case ServerPlatform:
		r.servers, collections = p, p.Collections()
	}
	r.ledger = newLedger(provider, collections)
	defer r.sender.Close()
	started := time.Now()
	report := &Report{Platform: p.Name(), Title: p.Title(), BaseURL: provider.BaseURL, SSOURL: provider.SSOURL}
	r.all(ctx, wanted, unsendable(provider, problems), report)
	report.Hint = r.hint(report)
	report.Left = r.cleanUp(ctx)
	report.Took = time.Since(started)
	return report, nil
}

// unsendable says why nothing can be sent; empty: it can.
func unsendable(p Provider, problems []Problem) string {
	for _, problem := range problems {
		if problem.Fatal {
			return "Nothing was sent: " + problem.Text + "."
		}
	}
	if p.BaseURL == "" {
		return "Nothing was sent: there is no address."
	}
	return ""
}

// run is a run in progress.
type run struct {
	options  Options
	provider Provider
	client   Client         // nil: no add-ons are sold
	servers  ServerPlatform // nil: none are rented
	sender   *Sender
	checks   []check
	done     map[string]*Result // by id
	number   int                // of checks begun
	shared   map[string]any     // of Session.Shared

	mu          sync.Mutex
	calls       []Call
	answered    bool   // at least once
	unreachable string // why nobody has ever answered; empty: somebody has, or was not asked
	nameless    bool   // it is because the name of base_url is not known
	ledger      *ledger
}

// all runs the wanted checks in their order, those that look back at the end.
func (r *run) all(ctx context.Context, wanted []check, unsendable string, report *Report) {
	for _, last := range []bool{false, true} {
		for _, c := range wanted {
			if c.last != last || unsendable != "" && c.Group != Manifest {
				continue
			}
			r.one(ctx, c, len(wanted))
		}
	}
	for _, c := range wanted {
		if result := r.done[c.ID]; result != nil {
			report.Results = append(report.Results, *result)
		}
	}
	report.Stopped = unsendable
	switch {
	case ctx.Err() != nil:
		report.Stopped, report.Interrupted = "The run was interrupted.", true
	case r.unreachable != "":
		report.Stopped = r.unreachable
	}
}

// one runs a check after what it needs. Nothing is run twice, and nothing once
// the run has stopped.
func (r *run) one(ctx context.Context, c check, of int) *Result {
	if result, again := r.done[c.ID]; again {
		return result
	}
	r.done[c.ID] = nil // a circle of needs ends here
	for _, name := range c.needs {
		needed, ok := findCheck(r.checks, name)
		if !ok {
			continue
		}
		result := r.one(ctx, needed, of)
		if result != nil && (result.Outcome.Broken() || result.Outcome == Blocked) {
			return r.finish(c, newResult(c.Head, Finding{Blocked: because(*result)}))
		}
	}
	if ctx.Err() != nil || r.stopped() {
		return nil
	}
	if r.number++; r.options.Progress != nil {
		r.options.Progress(c.Head, min(r.number, of), of)
	}
	s := &Session{
		Provider: r.provider, Client: r.client, StandIn: r.options.StandIn,
		Patience: r.sender.client.Timeout, Wait: cmp.Or(r.options.Wait, DefaultWait), run: r,
	}
	started := time.Now()
	finding := c.run(ctx, s)
	r.tidy(ctx)
	if ctx.Err() != nil || r.stopped() {
		return nil // what was found may only be the interruption
	}
	result := newResult(c.Head, finding)
	result.Took, result.Calls = time.Since(started), s.calls
	return r.finish(c, result)
}

func because(needed Result) string {
	if needed.Outcome == Blocked {
		return needed.Why // what is at the bottom of it
	}
	return needed.ID + " does not hold"
}

// hint sees that it may be the tester who is wrong: about the address, or about
// plan or region.
func (r *run) hint(report *Report) string {
	if u, err := url.Parse(r.provider.BaseURL); err == nil && r.nameless && bytes.Contains(r.provider.Manifest, []byte(u.Host)) {
		return "The address is the manifest's. To test the provider where it is now, add --url, such as --url http://127.0.0.1:8080" + u.Path
	}
	for _, result := range report.Results {
		if result.Group != Provision || result.Outcome != Failed || r.ledger.count > 0 || report.Stopped != "" {
			continue
		}
		at := "of the plan " + r.provider.FirstPlan()
		if r.provider.Region != "" {
			at += " in the region " + r.provider.Region
		}
		return fmt.Sprintf("No order succeeded. All were %s: does the provider call them so? Its answers: --only %s --verbose", at, result.ID)
	}
	return ""
}

func (r *run) finish(c check, result Result) *Result {
	r.done[c.ID] = &result
	return &result
}

func (r *run) stopped() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.unreachable != ""
}

// note keeps a call. When not even the first request gets an answer, no other
// is worth sending.
func (r *run) note(call Call) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.calls = append(r.calls, call)
	r.ledger.note(call)
	switch {
	case call.Err == nil:
		r.answered = true
	case !r.answered:
		at := r.provider.BaseURL
		if call.asked == signOns {
			at, _, _ = strings.Cut(r.provider.SSOURL, "?")
		}
		r.nameless = at == r.provider.BaseURL && nameless(call.Err)
		r.unreachable = fmt.Sprintf("Nobody answers at %s: %s.", at, why(call.Err))
	}
}
