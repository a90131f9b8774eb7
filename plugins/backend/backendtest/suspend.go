package backendtest

import (
	"context"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
)

func (b *bench) suspend(ctx context.Context, op backend.Op, events backend.Events) (backend.Result, error) {
	return b.remote.(backend.Suspender).Suspend(ctx, backend.SuspendRequest{Op: op, Reason: "The invoice is open."}, events)
}

func (b *bench) giveBack(ctx context.Context, op backend.Op, events backend.Events) (backend.Result, error) {
	return b.remote.(backend.Suspender).Resume(ctx, backend.ResumeRequest{Op: op}, events)
}

// suspends reports whether new resources can be suspended. A backend may declare
// that it can and answer UNSUPPORTED nonetheless: always, and for both calls.
func (b *bench) suspends(t *testing.T) bool {
	t.Helper()
	if !b.can(backend.CanSuspend) {
		return false
	}
	op := b.provisioned(t)
	defer b.remove(t, op)
	_, suspending := b.try(t, "Suspend", b.suspend, op, &watcher{})
	_, resuming := b.try(t, "Resume", b.giveBack, op, &watcher{})
	cannot := isClass(suspending, backend.Unsupported)
	if cannot != isClass(resuming, backend.Unsupported) {
		t.Fatalf("Suspend and Resume must both be %s, or neither: %v, and %v", backend.Unsupported, suspending, resuming)
	}
	if cannot {
		t.Logf("the backend cannot suspend this resource: %v", suspending)
	}
	return !cannot
}

// repeated makes a call three times: as the gateway repeats it, and as after a
// crash that lost every checkpoint. It returns the next operation.
func (b *bench) repeated(t *testing.T, what string, do verb, op backend.Op) backend.Op {
	t.Helper()
	first := b.must(t, what, do, op)
	b.must(t, what+", repeated", do, again(op, first.State))
	last := b.must(t, what+", repeated without state", do, again(op, nil))
	for _, result := range []backend.Result{first, last} {
		if !result.Outputs.IsNull() || !result.PurgeAfter.IsZero() {
			t.Errorf("%s returns outputs or PurgeAfter; they are not recorded", what)
		}
	}
	return next(op, last)
}

// testSuspend goes both ways twice: what was resumed can be suspended again.
func (b *bench) testSuspend(t *testing.T) {
	op := b.op(t)
	made := b.must(t, "Provision", b.provision, op)
	outputs := b.checked(t, "Provision", made.Outputs)
	op = next(op, made)
	defer func() { b.remove(t, op) }()
	for range 2 {
		op = b.repeated(t, "Suspend", b.suspend, op)
		op = b.repeated(t, "Resume", b.giveBack, op)
	}
	if b.can(backend.CanRead) {
		b.read(t, op, outputs)
	}
}

func (b *bench) testResume(t *testing.T) {
	op := b.op(t)
	made := b.must(t, "Provision", b.provision, op)
	outputs := b.checked(t, "Provision", made.Outputs)
	op = b.repeated(t, "Resume", b.giveBack, next(op, made))
	defer b.remove(t, op)
	if b.can(backend.CanRead) {
		b.read(t, op, outputs)
	}
}

// testSuspendedGone lets a customer leave, and a gateway clean up, whatever was
// suspended before.
func (b *bench) testSuspendedGone(t *testing.T) {
	for _, soft := range []bool{true, false} {
		op := b.provisioned(t)
		op = next(op, b.must(t, "Suspend", b.suspend, op))
		if soft {
			op = next(op, b.must(t, "Deprovision, soft, while suspended", b.soft, op))
		}
		b.must(t, "Deprovision, purge, while suspended", b.purge, op)
		b.mustBeAbsent(t, op)
	}
}
