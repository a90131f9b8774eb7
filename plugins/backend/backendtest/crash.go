package backendtest

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/backend"
)

// SoakEnv holds how often each step of a crash table is run. The default is
// twice: once the process dies right at the step, once a moment later.
const SoakEnv = "ADDONGW_SOAK"

// Crashing is a backend that is to survive the death of its process.
type Crashing struct {
	// Subject is as for Run, except that Backend is not used: the one that Main
	// serves is, or Program.
	Subject

	// Things lists what there is of a resource wherever the backend puts it: one
	// text for each thing and each of its properties that matter, a customer's
	// data included. They may differ from resource to resource in its ids only.
	Things func(t *testing.T, op backend.Op) []string

	// Use does what a customer does with a new resource, such as storing
	// something in it; nil: nothing.
	Use func(t *testing.T, op backend.Op)
}

// Crash kills a real plugin process with SIGKILL at every step of every verb,
// lets another process repeat the operation, and logs a table of what became of
// it. A step is whatever the backend reports as an event, and the one after the
// last is the answer. TestMain must call [Main], unless there is a Program: that one
// is killed as soon as the event has arrived, and may have come a little further.
func Crash(t *testing.T, c Crashing) {
	b := newBench(t, c.Subject, start(t, c.Subject, fate{}).remote)
	b.configure(t)
	lab := &crashLab{Crashing: c, bench: b, wants: map[string][]string{}, steps: map[string][]string{}}
	lab.observe(t)
	var table crashTable
	for _, v := range lab.verbs() {
		for i, step := range lab.steps[v.kills] {
			row := &crashRow{verb: v.name, step: step}
			for n := range soak(t) {
				f := fate{verb: v.kills, event: i + 1}
				if n > 0 {
					f.delay = 1 + rand.N(10*time.Millisecond)
				}
				lab.run(t, v, f, row)
			}
			table = append(table, row)
		}
	}
	t.Log("what became of killed operations:\n" + table.String())
}

func soak(t *testing.T) int {
	t.Helper()
	text := os.Getenv(SoakEnv)
	if text == "" {
		return 2
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		t.Fatalf("%s is %q, not a number of runs", SoakEnv, text)
	}
	return n
}

// crashLab is where processes are killed. Its bench is the process that is not.
type crashLab struct {
	Crashing
	bench *bench

	// What an undisturbed resource shows, by the name of what the killed
	// process is called with.
	steps map[string][]string
	wants map[string][]string // what there is afterwards
	kept  bool                // a soft deprovision keeps something
}

// observe lets a resource live in peace, and another one change its plan.
func (l *crashLab) observe(t *testing.T) {
	b := l.bench
	if l.Actions != nil {
		l.observeActions(t)
	}
	if b.actionsOnly {
		return
	}
	op := b.op(t)
	l.watch(t, "provision", b.provision, op)
	b.must(t, "Deprovision, to clean up", b.purge, op)
	if l.ChangeTo != nil {
		op = l.changing(t)
		result := l.watch(t, "change_plan", b.changeFrom(l.bench.oldPlan), op)
		b.must(t, "Deprovision, to clean up", b.purge, next(op, result))
	}
	if b.turns = b.suspends(t); b.turns {
		op = l.used(t)
		op = next(op, l.watch(t, "suspend", b.suspend, op))
		op = next(op, l.watch(t, "resume", b.giveBack, op))
		b.must(t, "Deprovision, to clean up", b.purge, op)
	}
	if b.renews = b.rotates(t); b.renews {
		l.observeRotation(t)
	}
	op = l.used(t)
	soft := l.watch(t, "soft", b.soft, op)
	l.kept = !soft.PurgeAfter.IsZero()
	op = next(op, soft)
	if !l.kept {
		op = l.used(t)
	}
	l.watch(t, "purge", b.purge, op)
	if left := l.wants["purge"]; len(left) > 0 {
		t.Fatalf("left behind without any crash: %q", left)
	}
}

// used is a resource that a customer has used.
func (l *crashLab) used(t *testing.T) backend.Op {
	t.Helper()
	op := l.bench.op(t)
	op = next(op, l.bench.must(t, "Provision", l.bench.provision, op))
	if l.Use != nil {
		l.Use(t, op)
	}
	return op
}

// changing is one that gets another plan.
func (l *crashLab) changing(t *testing.T) backend.Op {
	t.Helper()
	op := l.used(t)
	op.Plan = *l.ChangeTo
	return op
}

// suspended is one that its customer cannot use.
func (l *crashLab) suspended(t *testing.T) backend.Op {
	t.Helper()
	op := l.used(t)
	return next(op, l.bench.must(t, "Suspend", l.bench.suspend, op))
}

// retired is one whose time to be kept is over.
func (l *crashLab) retired(t *testing.T) backend.Op {
	t.Helper()
	op := l.used(t)
	if l.kept {
		op = next(op, l.bench.must(t, "Deprovision, soft", l.bench.soft, op))
	}
	return op
}

func (l *crashLab) watch(t *testing.T, verb string, do verb, op backend.Op) backend.Result {
	t.Helper()
	w := &watcher{}
	result, err := l.bench.try(t, verb, do, op, w)
	if err != nil {
		t.Fatalf("%s: %v", verb, err)
	}
	l.steps[verb] = append(w.events, "answer")
	l.wants[verb] = l.things(t, op, result)
	return result
}

// things is Things after an operation, without the ids, and whether a customer can
// come in with the credentials from before it and with those that it leaves.
func (l *crashLab) things(t *testing.T, op backend.Op, result backend.Result) []string {
	t.Helper()
	ids := strings.NewReplacer(op.ResourceID, "RESOURCE", op.ShortID, "SHORT")
	var list []string
	for _, thing := range l.Things(t, op) {
		list = append(list, ids.Replace(thing))
	}
	slices.Sort(list)
	if len(list) == 0 || l.Works == nil {
		return list
	}
	if !op.Outputs.IsNull() {
		list = append(list, fmt.Sprintf("the credentials from before work: %v", l.Works(t, l.bench.current(op))))
	}
	if after := next(op, result); !after.Outputs.IsNull() {
		list = append(list, fmt.Sprintf("the credentials work: %v", l.Works(t, after)))
	}
	return list
}

// crashVerb is an operation that is killed and then repeated.
type crashVerb struct {
	name   string
	kills  string                                       // what the killed process is called with
	ready  func(t *testing.T) backend.Op                // makes a resource that is ready for it
	call   func(b *bench) verb                          // the killed call
	resume func(b *bench) verb                          // what is called next
	again  func(op backend.Op, state []byte) backend.Op // with what
	wants  []string                                     // what there is afterwards
	purge  func(b *bench) verb                          // what removes all of it; nil: a purge
}

func (l *crashLab) verbs() []crashVerb {
	provision := func(b *bench) verb { return b.provision }
	change := func(b *bench) verb { return b.changeFrom(l.bench.oldPlan) }
	soft := func(b *bench) verb { return b.soft }
	purge := func(b *bench) verb { return b.purge }
	actions := l.actionVerbs()
	if l.bench.actionsOnly {
		return actions
	}
	verbs := []crashVerb{
		{"provision", "provision", l.bench.op, provision, provision, again, l.wants["provision"], nil},
		{"provision, given up", "provision", l.bench.op, provision, purge, cleanUp, nil, nil},
		{"deprovision soft", "soft", l.used, soft, soft, again, l.wants["soft"], nil},
		{"deprovision purge", "purge", l.retired, purge, purge, again, nil, nil},
	}
	if l.ChangeTo != nil {
		verbs = slices.Insert(verbs, 2, crashVerb{"change_plan", "change_plan", l.changing, change, change, again, l.wants["change_plan"], nil})
	}
	if l.bench.turns {
		suspend := func(b *bench) verb { return b.suspend }
		resume := func(b *bench) verb { return b.giveBack }
		verbs = append(verbs,
			crashVerb{"suspend", "suspend", l.used, suspend, suspend, again, l.wants["suspend"], nil},
			crashVerb{"resume", "resume", l.suspended, resume, resume, again, l.wants["resume"], nil})
	}
	if l.bench.renews {
		verbs = append(verbs, l.rotationVerbs()...)
	}
	return append(verbs, actions...)
}

// cleanUp is what the gateway does after a failure for good.
func cleanUp(op backend.Op, state []byte) backend.Op {
	return next(op, backend.Result{State: state})
}

// run kills one operation, resumes it and counts what is wrong then.
func (l *crashLab) run(t *testing.T, v crashVerb, f fate, row *crashRow) {
	t.Helper()
	op := v.ready(t)
	w := &watcher{}
	l.kill(t, v, f, op, w)
	if l.Works != nil && strings.HasPrefix(v.kills, rotating) && !l.Works(t, l.bench.current(op)) {
		t.Errorf("%s, killed %v after %q: the customer is locked out", v.name, f.delay, row.step)
	}
	op = v.again(op, w.lastState(op))
	begun := time.Now()
	result := l.bench.must(t, v.name+", resumed before "+row.step, v.resume(l.bench), op)
	row.runs++
	row.resumes = append(row.resumes, time.Since(begun))

	there := l.things(t, op, result)
	lost, doubled := missing(v.wants, there), missing(there, v.wants)
	if v.kills == "soft" && result.PurgeAfter.IsZero() == l.kept {
		lost = append(lost, "the purge date")
	}
	purge := verb(l.bench.purge)
	if v.purge != nil {
		purge = v.purge(l.bench)
	}
	l.bench.must(t, "the removal, to clean up", purge, next(op, result))
	left := l.things(t, op, backend.Result{})
	if len(lost)+len(doubled)+len(left) > 0 {
		t.Errorf("%s, killed %v after %q: lost %q, doubled %q, left over %q", v.name, f.delay, row.step, lost, doubled, left)
	}
	row.lost, row.doubled, row.left = row.lost+len(lost), row.doubled+len(doubled), row.left+len(left)
}

// kill makes the call on a process that dies of it.
func (l *crashLab) kill(t *testing.T, v crashVerb, f fate, op backend.Op, w *watcher) {
	t.Helper()
	victim := start(t, l.Subject, f)
	doomed := l.bench.reached(victim.remote)
	doomed.configure(t)
	if l.Program != "" {
		w.heard = f.killer(victim)
	}
	_, err := doomed.try(t, v.name, v.call(doomed), op, w)
	victim.end()
	if failure := (*backend.Failure)(nil); errors.As(err, &failure) {
		t.Fatalf("%s, killed: the answer is %v", v.name, err)
	}
	if err == nil && f.delay == 0 && l.Program == "" {
		t.Fatalf("%s came to its end although its process was killed", v.name)
	}
}

// killer kills a process that does not know its fate. It is called at every event
// but the last, the answer, after which the process is ended anyway.
func (f fate) killer(victim *process) func() {
	n := 0
	return func() {
		if n++; n == f.event {
			time.AfterFunc(f.delay, victim.kill)
		}
	}
}

// missing are the members of want that are not in got, each as often as it is
// missing.
func missing(want, got []string) []string {
	rest := slices.Clone(got)
	var list []string
	for _, text := range want {
		if i := slices.Index(rest, text); i >= 0 {
			rest = slices.Delete(rest, i, i+1)
		} else {
			list = append(list, text)
		}
	}
	return list
}
