package backendtest

import (
	"context"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/backend"
)

// interruptible is a life-cycle call that is interrupted and then repeated.
type interruptible struct {
	name   string
	ready  func(t *testing.T) backend.Op // makes a resource that is ready for it
	call   func(b *bench) verb
	action bool // of a resource that actions make and remove
}

func (b *bench) verbs() []interruptible {
	kept := func(t *testing.T) backend.Op {
		op := b.provisioned(t)
		return next(op, b.must(t, "Deprovision, soft", b.soft, op))
	}
	changing := func(t *testing.T) backend.Op {
		op := b.provisioned(t)
		op.Plan = *b.ChangeTo
		return op
	}
	list := []interruptible{
		{name: "Provision", ready: b.op, call: func(b *bench) verb { return b.provision }},
		{name: "Deprovision, soft", ready: b.provisioned, call: func(b *bench) verb { return b.soft }},
		{name: "Deprovision, purge", ready: kept, call: func(b *bench) verb { return b.purge }},
	}
	if b.ChangeTo != nil {
		list = append(list, interruptible{name: "ChangePlan", ready: changing, call: func(b *bench) verb { return b.changeFrom(b.oldPlan) }})
	}
	if b.turns {
		suspended := func(t *testing.T) backend.Op {
			op := b.provisioned(t)
			return next(op, b.must(t, "Suspend", b.suspend, op))
		}
		list = append(list,
			interruptible{name: "Suspend", ready: b.provisioned, call: func(b *bench) verb { return b.suspend }},
			interruptible{name: "Resume", ready: suspended, call: func(b *bench) verb { return b.giveBack }})
	}
	if b.renews {
		list = append(list, b.rotationCalls()...)
	}
	return list
}

// testCutOff cuts the call off at each of its checkpoints.
func (b *bench) testCutOff(t *testing.T, v interruptible) {
	for at := 1; ; at++ {
		op := v.ready(t)
		w := &watcher{cutAt: at}
		result, err := b.try(t, v.name+", cut off", v.call(b), op, w)
		if err == nil && w.checkpoints < at {
			b.clean(t, v, next(op, result))
			if at == 1 {
				t.Log("the backend has no checkpoints")
			}
			return // there are no more
		}
		b.resume(t, v, again(op, w.lastState(op)))
	}
}

// resume repeats a call that was interrupted, and removes what it made.
func (b *bench) resume(t *testing.T, v interruptible, op backend.Op) {
	t.Helper()
	finished := b.must(t, v.name+", after being cut off", v.call(b), op)
	if v.name == "Provision" || v.name == "ChangePlan" || v.name == "Rotate, stage" {
		b.checked(t, v.name+", after being cut off", finished.Outputs)
	}
	if v.name == "Deprovision, soft" && finished.PurgeAfter.IsZero() == b.keeps {
		t.Errorf("%s, after being cut off: PurgeAfter is %v, unlike that of an undisturbed call", v.name, finished.PurgeAfter)
	}
	gone := next(op, finished)
	b.clean(t, v, gone)
	if !v.action {
		b.mustBeAbsent(t, gone)
	}
}

// clean removes what an interrupted call was about.
func (b *bench) clean(t *testing.T, v interruptible, op backend.Op) {
	t.Helper()
	if v.action {
		b.must(t, b.Actions.Delete.Name+", to clean up", b.unmake, op)
		return
	}
	b.remove(t, op)
}

// patience is how long a call may go on after its context has ended.
const patience = 10 * time.Second

// testEnds calls the Backend itself: the client of a connection would return
// at once whatever the backend does.
func (b *bench) testEnds(t *testing.T, v interruptible) {
	direct := *b
	direct.remote = b.Backend
	for how, interrupt := range map[string]func(w *watcher) (context.Context, context.CancelFunc){
		"was cancelled": func(*watcher) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			cancel()
			return ctx, cancel
		},
		"was over": func(*watcher) (context.Context, context.CancelFunc) {
			return context.WithDeadline(t.Context(), time.Now().Add(-time.Second))
		},
		"is cancelled on the way": func(w *watcher) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(t.Context())
			w.heard = cancel
			return ctx, cancel
		},
	} {
		op := v.ready(t)
		w := &watcher{}
		ctx, cancel := interrupt(w)
		if deadline, ok := ctx.Deadline(); ok {
			op.Deadline = deadline
		}
		returned := make(chan struct{})
		go func() {
			defer close(returned)
			_, _ = v.call(&direct)(ctx, op, w) // any answer will do
		}()
		select {
		case <-returned:
		case <-time.After(patience):
			t.Fatalf("%s goes on %v after its context %s", v.name, patience, how)
		}
		cancel()
		op.Deadline = time.Now().Add(b.Timeout)
		b.resume(t, v, again(op, w.lastState(op)))
	}
}
