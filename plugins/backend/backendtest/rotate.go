package backendtest

import (
	"context"
	"fmt"
	"maps"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/plugins/backend"
)

func (b *bench) rotate(phase backend.RotatePhase) verb {
	return func(ctx context.Context, op backend.Op, events backend.Events) (backend.Result, error) {
		return b.remote.(backend.Rotator).Rotate(ctx, backend.RotateRequest{Op: op, Phase: phase}, events)
	}
}

// phaseName is what a phase is called in texts.
func phaseName(phase backend.RotatePhase) string { return "Rotate, " + string(phase) }

// rotation is a resource with two sets of credentials: as its operations have them
// before the stage, and since.
type rotation struct{ old, new backend.Op }

// renewed is a stage of op's resource: the outputs are the current ones, the
// generated values new.
func (b *bench) renewed(op backend.Op) backend.Op {
	op = next(op, backend.Result{State: op.State})
	op.Secrets = maps.Clone(op.Secrets)
	for _, a := range b.outputs.Attributes {
		if a.Generated > 0 {
			op.Secrets[a.Name] = password(a.Generated)
		}
	}
	return op
}

// staged is a rotation of op's resource that waits for its end.
func (b *bench) staged(t *testing.T, op backend.Op) rotation {
	t.Helper()
	stage := b.renewed(op)
	result := b.must(t, "Rotate, stage", b.rotate(backend.RotateStage), stage)
	b.checked(t, "Rotate, stage", result.Outputs)
	return rotation{old: op, new: next(stage, result)}
}

// aborting is what a gateway takes a stage back with, whatever came since.
func (r rotation) aborting() backend.Op {
	op := next(r.new, backend.Result{State: r.new.State})
	op.Outputs, op.Secrets = r.old.Outputs, r.old.Secrets
	return op
}

// ending is the operation that ends the rotation.
func (r rotation) ending(phase backend.RotatePhase) backend.Op {
	if phase == backend.RotateAbort {
		return r.aborting()
	}
	return r.new
}

// want compares what works with what should.
func (b *bench) want(t *testing.T, when string, r rotation, old, new bool) {
	t.Helper()
	if b.Works == nil {
		return
	}
	works := map[string]bool{"old": b.Works(t, r.old), "new": b.Works(t, r.new)}
	if diff := cmp.Diff(map[string]bool{"old": old, "new": new}, works); diff != "" {
		t.Errorf("%s: which credentials work (-want +got):\n%s", when, diff)
	}
}

// wantEnd is want after the last phase.
func (b *bench) wantEnd(t *testing.T, when string, r rotation, phase backend.RotatePhase) {
	t.Helper()
	b.want(t, when, r, phase == backend.RotateAbort, phase == backend.RotateCommit)
}

// provisioned is a new resource.
func (b *bench) provisioned(t *testing.T) backend.Op {
	t.Helper()
	op := b.op(t)
	return next(op, b.must(t, "Provision", b.provision, op))
}

// rotates reports whether the credentials of new resources can be replaced. As
// with suspends, a backend may declare it and always answer UNSUPPORTED.
func (b *bench) rotates(t *testing.T) bool {
	t.Helper()
	if !b.can(backend.CanRotate) {
		return false
	}
	op := b.provisioned(t)
	defer b.remove(t, op)
	stage := b.renewed(op)
	result, staging := b.try(t, "Rotate, stage", b.rotate(backend.RotateStage), stage, &watcher{})
	r := rotation{old: op, new: next(stage, result)}
	_, aborting := b.try(t, "Rotate, abort", b.rotate(backend.RotateAbort), r.aborting(), &watcher{})
	cannot := isClass(staging, backend.Unsupported)
	if cannot != isClass(aborting, backend.Unsupported) {
		t.Fatalf("stage and abort must both be %s, or neither: %v, and %v", backend.Unsupported, staging, aborting)
	}
	if cannot {
		t.Logf("the backend cannot rotate the credentials of this resource: %v", staging)
	}
	return !cannot
}

func (b *bench) testRotations(t *testing.T) {
	t.Run("a repeated rotation has the same outputs, and others follow it", b.testRotate)
	t.Run("a rotation is taken back", b.testAbort)
	t.Run("a rotation that was never staged is taken back", b.testNeverStaged)
	t.Run("half a stage is taken back", b.testHalfStaged)
	t.Run("a stage follows a rotation that was never ended", b.testNeverEnded)
	t.Run("a resource with two sets of credentials can be deprovisioned", b.testStagedGone)
	for _, phase := range []backend.RotatePhase{backend.RotateCommit, backend.RotateAbort} {
		if b.ChangeTo != nil {
			t.Run(fmt.Sprintf("a plan change comes between stage and %s", phase), func(t *testing.T) { b.testStagedChange(t, phase) })
		}
		if b.turns {
			t.Run(fmt.Sprintf("a suspend and a resume come between stage and %s", phase), func(t *testing.T) { b.testStagedSuspend(t, phase) })
			t.Run(fmt.Sprintf("a suspended resource can %s", phase), func(t *testing.T) { b.testSuspendedEnd(t, phase) })
		}
	}
}

// testRotate goes through two rotations, so that whatever the first one left aside
// is used again.
func (b *bench) testRotate(t *testing.T) {
	op := b.provisioned(t)
	defer func() { b.remove(t, op) }()
	var past []rotation
	for range 2 {
		stage := b.renewed(op)
		first := b.must(t, "Rotate, stage", b.rotate(backend.RotateStage), stage)
		outputs := b.checked(t, "Rotate, stage", first.Outputs)
		b.measured(t, "Rotate, stage", outputs)
		r := rotation{old: op, new: next(stage, first)}
		b.want(t, "after the stage", r, true, true)
		second := b.must(t, "Rotate, stage, repeated", b.rotate(backend.RotateStage), again(stage, first.State))
		b.same(t, "Rotate, stage, repeated", outputs, b.checked(t, "Rotate, stage, repeated", second.Outputs))
		third := b.must(t, "Rotate, stage, repeated without state", b.rotate(backend.RotateStage), again(stage, nil))
		b.same(t, "Rotate, stage, repeated without state", outputs, b.checked(t, "Rotate, stage, repeated without state", third.Outputs))
		r.new = next(stage, third)
		b.want(t, "after repeated stages", r, true, true)
		if b.can(backend.CanRead) {
			b.read(t, r.new, outputs)
		}
		op = b.repeated(t, "Rotate, commit", b.rotate(backend.RotateCommit), r.new)
		past = append(past, r)
		for _, r := range past {
			b.want(t, "after the commit", rotation{old: r.old, new: op}, false, true)
		}
		if b.can(backend.CanRead) {
			b.read(t, op, outputs)
		}
	}
}

func (b *bench) testAbort(t *testing.T) {
	op := b.op(t)
	made := b.must(t, "Provision", b.provision, op)
	outputs := b.checked(t, "Provision", made.Outputs)
	op = next(op, made)
	defer func() { b.remove(t, op) }()
	for range 2 {
		r := b.staged(t, op)
		op = b.repeated(t, "Rotate, abort", b.rotate(backend.RotateAbort), r.aborting())
		b.want(t, "after the abort", r, true, false)
		if b.can(backend.CanRead) {
			b.read(t, op, outputs)
		}
	}
	r := b.staged(t, op)
	b.want(t, "after a stage that follows an abort", r, true, true)
	op = next(r.new, b.must(t, "Rotate, commit, after an abort", b.rotate(backend.RotateCommit), r.new))
	b.want(t, "after the commit", r, false, true)
}

func (b *bench) testNeverStaged(t *testing.T) {
	op := b.op(t)
	made := b.must(t, "Provision", b.provision, op)
	outputs := b.checked(t, "Provision", made.Outputs)
	op = next(op, made)
	defer func() { b.remove(t, op) }()
	r := rotation{old: op, new: b.renewed(op)}
	op = b.repeated(t, "Rotate, abort, of what was never staged", b.rotate(backend.RotateAbort), r.aborting())
	b.want(t, "after an abort of what was never staged", r, true, false)
	if b.can(backend.CanRead) {
		b.read(t, op, outputs)
	}
}

// testHalfStaged ends a stage at each of its events. A whole one before it tells
// what the outputs would have been.
func (b *bench) testHalfStaged(t *testing.T) {
	whole := b.staged(t, b.provisioned(t))
	op := next(whole.old, b.must(t, "Rotate, abort", b.rotate(backend.RotateAbort), whole.aborting()))
	defer func() { b.remove(t, op) }()
	for at := 1; ; at++ {
		stage := b.renewed(op)
		w := &watcher{}
		w.heard = func() { // with w locked
			if len(w.events) == at {
				w.cut()
			}
		}
		_, _ = b.try(t, "Rotate, stage, cut off", b.rotate(backend.RotateStage), stage, w) // either way: an answer is lost
		r := rotation{old: op, new: next(stage, backend.Result{Outputs: whole.new.Outputs, State: w.lastState(stage)})}
		op = next(op, b.must(t, "Rotate, abort, after half a stage", b.rotate(backend.RotateAbort), r.aborting()))
		b.want(t, "after an abort of half a stage", r, true, false)
		if len(w.events) < at {
			return // it has no more
		}
	}
}

// testNeverEnded is about a rotation whose commit or abort keeps failing, in whose
// place an operator begins another one. What the customer uses is what the outputs
// say.
func (b *bench) testNeverEnded(t *testing.T) {
	for _, phase := range []backend.RotatePhase{backend.RotateCommit, backend.RotateAbort} {
		first := b.staged(t, b.provisioned(t))
		op := first.ending(phase)
		second := b.staged(t, op)
		b.want(t, "after the second stage", second, true, true)
		op = next(second.new, b.must(t, "Rotate, commit", b.rotate(backend.RotateCommit), second.new))
		for _, r := range []rotation{{old: first.old, new: op}, {old: first.new, new: op}} {
			b.want(t, "after the commit", r, false, true)
		}
		b.remove(t, op)
	}
}

func (b *bench) testStagedGone(t *testing.T) {
	for _, soft := range []bool{true, false} {
		r := b.staged(t, b.provisioned(t))
		op := r.new
		if soft {
			op = next(op, b.must(t, "Deprovision, soft, while staged", b.soft, op))
			b.want(t, "after a soft deprovision", r, false, false)
		}
		b.must(t, "Deprovision, purge, while staged", b.purge, op)
		b.want(t, "after a purge", r, false, false)
		b.mustBeAbsent(t, op)
	}
}

func (b *bench) testStagedChange(t *testing.T, phase backend.RotatePhase) {
	r := b.staged(t, b.provisioned(t))
	r.new.Plan = *b.ChangeTo
	result := b.must(t, "ChangePlan, while staged", b.changeFrom(b.oldPlan), r.new)
	outputs := b.checked(t, "ChangePlan, while staged", result.Outputs)
	r.new = next(r.new, result)
	b.want(t, "after a plan change", r, true, true)
	op := b.finish(t, r, phase)
	defer b.remove(t, op)
	if b.can(backend.CanRead) && phase == backend.RotateCommit {
		b.read(t, op, outputs)
	}
}

func (b *bench) testStagedSuspend(t *testing.T, phase backend.RotatePhase) {
	r := b.staged(t, b.provisioned(t))
	r.new = next(r.new, b.must(t, "Suspend, while staged", b.suspend, r.new))
	b.want(t, "while suspended", r, false, false)
	r.new = next(r.new, b.must(t, "Resume, while staged", b.giveBack, r.new))
	b.want(t, "after the resume", r, true, true)
	op := b.finish(t, r, phase)
	op = next(op, b.must(t, "Suspend, after a rotation", b.suspend, op))
	b.want(t, "while suspended after a rotation", r, false, false)
	op = next(op, b.must(t, "Resume, after a rotation", b.giveBack, op))
	b.wantEnd(t, "after a resume that follows a rotation", r, phase)
	b.remove(t, op)
}

// testSuspendedEnd is about a customer who is suspended when the time comes to end
// the old credentials.
func (b *bench) testSuspendedEnd(t *testing.T, phase backend.RotatePhase) {
	r := b.staged(t, b.provisioned(t))
	r.new = next(r.new, b.must(t, "Suspend, while staged", b.suspend, r.new))
	what := phaseName(phase) + ", while suspended"
	op := b.repeated(t, what, b.rotate(phase), r.ending(phase))
	b.want(t, "after "+what, r, false, false)
	op = next(op, b.must(t, "Resume, after a rotation", b.giveBack, op))
	b.wantEnd(t, "after the resume", r, phase)
	b.remove(t, op)
}

// finish is the last phase.
func (b *bench) finish(t *testing.T, r rotation, phase backend.RotatePhase) backend.Op {
	t.Helper()
	op := r.ending(phase)
	op = next(op, b.must(t, phaseName(phase), b.rotate(phase), op))
	b.wantEnd(t, "after "+phaseName(phase), r, phase)
	return op
}

// rotationCalls are the phases that are interrupted.
func (b *bench) rotationCalls() []interruptible {
	call := func(phase backend.RotatePhase) func(*bench) verb {
		return func(b *bench) verb { return b.rotate(phase) }
	}
	ending := func(phase backend.RotatePhase) func(*testing.T) backend.Op {
		return func(t *testing.T) backend.Op { return b.staged(t, b.provisioned(t)).ending(phase) }
	}
	return []interruptible{
		{name: "Rotate, stage", ready: func(t *testing.T) backend.Op { return b.renewed(b.provisioned(t)) }, call: call(backend.RotateStage)},
		{name: "Rotate, commit", ready: ending(backend.RotateCommit), call: call(backend.RotateCommit)},
		{name: "Rotate, abort", ready: ending(backend.RotateAbort), call: call(backend.RotateAbort)},
	}
}

// current is op with the generated values that its outputs hold: those of a stage
// are the new ones.
func (b *bench) current(op backend.Op) backend.Op {
	bare, _ := op.Outputs.Cty().UnmarkDeep()
	op.Secrets = maps.Clone(op.Secrets)
	for _, a := range b.outputs.Attributes {
		if a.Generated > 0 && bare.Type().HasAttribute(a.Name) {
			op.Secrets[a.Name] = bare.GetAttr(a.Name).AsString()
		}
	}
	return op
}

// observeRotation lets credentials be replaced in peace, and a stage be taken back.
func (l *crashLab) observeRotation(t *testing.T) {
	b := l.bench
	stage := b.renewed(l.used(t))
	op := next(stage, l.watch(t, killedPhase(backend.RotateStage), b.rotate(backend.RotateStage), stage))
	op = next(op, l.watch(t, killedPhase(backend.RotateCommit), b.rotate(backend.RotateCommit), op))
	b.must(t, "Deprovision, to clean up", b.purge, op)
	op = b.staged(t, l.used(t)).aborting()
	op = next(op, l.watch(t, killedPhase(backend.RotateAbort), b.rotate(backend.RotateAbort), op))
	b.must(t, "Deprovision, to clean up", b.purge, op)
}

// rotationVerbs are the phases that are killed.
func (l *crashLab) rotationVerbs() []crashVerb {
	b := l.bench
	stage, commit, abort := killedPhase(backend.RotateStage), killedPhase(backend.RotateCommit), killedPhase(backend.RotateAbort)
	call := func(phase backend.RotatePhase) func(*bench) verb {
		return func(b *bench) verb { return b.rotate(phase) }
	}
	staging := func(t *testing.T) backend.Op { return b.renewed(l.used(t)) }
	committing := func(t *testing.T) backend.Op { return b.staged(t, l.used(t)).new }
	aborting := func(t *testing.T) backend.Op { return b.staged(t, l.used(t)).aborting() }
	takeBack := func(op backend.Op, state []byte) backend.Op { return cleanUp(b.current(op), state) }
	return []crashVerb{
		{"rotate, stage", stage, staging, call(backend.RotateStage), call(backend.RotateStage), again, l.wants[stage], nil},
		{"rotate, stage, given up", stage, staging, call(backend.RotateStage), call(backend.RotateAbort), takeBack, l.wants[abort], nil},
		{"rotate, commit", commit, committing, call(backend.RotateCommit), call(backend.RotateCommit), again, l.wants[commit], nil},
		{"rotate, abort", abort, aborting, call(backend.RotateAbort), call(backend.RotateAbort), again, l.wants[abort], nil},
	}
}
