package conformance

import (
	"time"

	"github.com/addongw/addongw/spec"
)

// Outcome is what became of a check.
type Outcome string

// The outcomes. A rule that was broken is failed, warned or noted by its level.
const (
	OK      Outcome = "ok"
	Failed  Outcome = "failed"  // a must
	Warned  Outcome = "warned"  // a should
	Noted   Outcome = "noted"   // a may
	Blocked Outcome = "blocked" // another failure leaves it without meaning
	Skipped Outcome = "skipped" // it does not apply
)

// Outcomes returns all outcomes.
func Outcomes() []Outcome { return []Outcome{OK, Failed, Warned, Noted, Blocked, Skipped} }

// Broken reports whether the rule was seen to be broken.
func (o Outcome) Broken() bool { return o == Failed || o == Warned || o == Noted }

// Result is a check with what became of it.
type Result struct {
	Head
	Outcome  Outcome
	Problems []string // what was answered, and what is expected
	Why      string   // of blocked and skipped
	Took     time.Duration
	Calls    []Call
}

func newResult(h Head, f Finding) Result {
	r := Result{Head: h, Outcome: OK, Problems: f.Problems}
	switch {
	case f.Blocked != "":
		r.Outcome, r.Why = Blocked, f.Blocked
	case f.Skipped != "":
		r.Outcome, r.Why = Skipped, f.Skipped
	case len(f.Problems) > 0:
		r.Outcome = map[spec.Level]Outcome{spec.Must: Failed, spec.Should: Warned, spec.May: Noted}[h.Level]
	}
	return r
}

// Left is a resource that the run made and that is still there.
type Left struct {
	ID     string // the provider's; empty where none was told
	Reason string // why it is there
}

// Report is a whole run.
type Report struct {
	Platform string // its name
	Title    string
	BaseURL  string
	SSOURL   string
	Results  []Result // in the order of groups and ids
	Left     []Left
	Took     time.Duration

	// Hint is a guess at what the rest has in common; mostly empty.
	Hint string

	// Stopped says why checks are missing: nothing can be sent, nobody answers,
	// or somebody interrupted.
	Stopped     string
	Interrupted bool
}

// Count returns how many checks came out so.
func (r *Report) Count(o Outcome) (n int) {
	for _, result := range r.Results {
		if result.Outcome == o {
			n++
		}
	}
	return n
}

// Passed reports whether every must held, and with strict every should. A run
// that stopped has not passed.
func (r *Report) Passed(strict bool) bool {
	return r.Stopped == "" && r.Count(Failed) == 0 && (!strict || r.Count(Warned) == 0)
}
