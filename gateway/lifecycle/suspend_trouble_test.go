package lifecycle_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

func TestABackendThatCannotSuspendLeavesTheRecordedState(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	r.world.hook(func(_ context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		return backend.Failf(backend.Unsupported, "plugin fake cannot %s", call.Verb)
	}, nil)
	r.suspend(id)
	if got := r.resource(id); got.State != gateway.Suspended || got.LastError != "" {
		t.Errorf("it is %s: %s", got.State, got.LastError)
	}
	r.resume(id)
	if got := r.resource(id); got.State != gateway.Active {
		t.Errorf("it is %s", got.State)
	}
	if got := r.story(id); got != "provision:done suspend:done resume:done " {
		t.Errorf("operations: %s", got)
	}
}

// A script resume that was removed, or a plugin that was downgraded.
func TestAResumeThatTheBackendCannotDoAnyMoreNeedsAnOperator(t *testing.T) {
	cannot := func(verb backend.Verb) func(context.Context, lifecycle.Call, func(string, []byte)) error {
		return func(_ context.Context, call lifecycle.Call, _ func(string, []byte)) error {
			if call.Verb == verb {
				return backend.Failf(backend.Unsupported, "plugin fake cannot %s", call.Verb)
			}
			return nil
		}
	}
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	r.suspend(id)
	r.world.hook(cannot(backend.VerbResume), nil)
	if d := r.resume(id); d.Resource.State != gateway.Active {
		t.Errorf("it is %s", d.Resource.State)
	}
	op := r.parked(id, "human")
	if got := r.resource(id).LastError; got != "UNSUPPORTED: plugin fake cannot resume" || !r.suspended(id) {
		t.Errorf("operators read %q; locked out: %t", got, r.suspended(id))
	}
	r.restart()
	if err := r.engine.Retry(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it was tried again", func() bool { return len(r.world.callsOf(backend.VerbResume)) == 2 })
	r.parked(id, "human")
	r.world.hook(nil, nil) // the script is back
	if err := r.engine.Retry(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	r.restedAs(id, "provision:done suspend:done resume:done ")
	if r.suspended(id) {
		t.Error("it is still locked out")
	}
	r.world.hook(cannot(backend.VerbSuspend), nil)
	r.suspend(id)
	r.world.hook(cannot(backend.VerbResume), nil)
	r.resume(id)
	r.restedAs(id, "provision:done suspend:done resume:done suspend:done resume:done ")
}

func TestAResumeThatTheBackendCannotDoNeedsAnOperatorAfterASuspensionOfUnknownOutcome(t *testing.T) {
	for name, parked := range map[string]bool{"parked already": true, "parked while the resume waits": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			id := r.provision("ext-1").Resource.ID
			g := newGate()
			r.world.hook(func(ctx context.Context, call lifecycle.Call, _ func(string, []byte)) error {
				if call.Verb == backend.VerbResume {
					return backend.Failf(backend.Unsupported, "plugin fake cannot resume")
				}
				return g.hold(ctx, call)
			}, func(_ context.Context, call lifecycle.Call) error { return errors.New("the stream broke") })
			r.limits.MaxAttempts = 1
			r.scope.Budget = time.Millisecond
			r.suspend(id)
			<-g.reached
			if parked {
				close(g.open)
				r.parked(id, "human")
			}
			r.resume(id)
			if !parked {
				close(g.open)
			}
			eventually(t, "the resume was tried", func() bool { return len(r.world.callsOf(backend.VerbResume)) > 0 })
			r.parked(id, "human")
			if got := r.story(id); got != "provision:done suspend:cancelled resume:pending " {
				t.Errorf("operations: %s", got)
			}
		})
	}
}

func TestASuspensionIsRepeatedUntilTheBackendHasFollowed(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	var mu sync.Mutex
	tries := 0
	r.world.hook(func(_ context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		mu.Lock()
		defer mu.Unlock()
		if tries++; tries < 3 {
			return backend.Failf(backend.Retryable, "down")
		}
		return nil
	}, nil)
	r.suspend(id)
	if calls := r.world.callsOf(backend.VerbSuspend); len(calls) != 3 || calls[0].Op.OperationID != calls[2].Op.OperationID || !r.suspended(id) {
		t.Errorf("%d calls", len(calls))
	}
}

// What needs an operator must not keep a customer who has paid from the service.
func TestAResumeReplacesASuspensionThatNeedsAnOperator(t *testing.T) {
	for name, parked := range map[string]bool{"parked already": true, "parked while the resume waits": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			id := r.provision("ext-1").Resource.ID
			g := newGate()
			r.world.hook(func(ctx context.Context, call lifecycle.Call, _ func(string, []byte)) error {
				if call.Verb != backend.VerbSuspend {
					return nil
				}
				if err := g.hold(ctx, call); err != nil {
					return err
				}
				return backend.Failf(backend.Conflict, "no")
			}, nil)
			r.scope.Budget = time.Millisecond
			r.suspend(id)
			<-g.reached
			if parked {
				close(g.open)
				if r.parked(id, "human"); r.resource(id).LastError != "CONFLICT: no" {
					t.Errorf("operators read %q", r.resource(id).LastError)
				}
			}
			r.resume(id)
			if !parked {
				close(g.open)
			}
			r.restedAs(id, "provision:done suspend:cancelled resume:done ")
			if got := r.resource(id); got.State != gateway.Active || got.LastError != "" {
				t.Errorf("it is %s: %s", got.State, got.LastError)
			}
		})
	}
}

// A job of the backend's that goes on behind a resume would lock out who has
// paid.
func TestAResumeWaitsForASuspensionThatIsStillAtWork(t *testing.T) {
	for name, passing := range map[string]error{
		"pending":           &backend.Failure{Class: backend.Retryable, Message: "job 42 is at work", RetryAfter: time.Millisecond},
		"down":              backend.Failf(backend.Retryable, "down"),
		"outcome not known": errors.New("the stream broke"),
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			id := r.provision("ext-1").Resource.ID
			r.limits.MaxAttempts = 1000
			var over atomic.Bool
			r.world.hook(func(_ context.Context, call lifecycle.Call, checkpoint func(string, []byte)) error {
				if call.Verb != backend.VerbSuspend || over.Load() {
					return nil
				}
				checkpoint("at work", []byte(`{"job":"42"}`))
				return passing
			}, nil)
			r.scope.Budget = time.Millisecond
			r.suspend(id)
			eventually(t, "it was tried", func() bool { return len(r.world.callsOf(backend.VerbSuspend)) > 0 })
			r.resume(id)
			tried := len(r.world.callsOf(backend.VerbSuspend))
			eventually(t, "it is tried again", func() bool { return len(r.world.callsOf(backend.VerbSuspend)) > tried+1 })
			if n := len(r.world.callsOf(backend.VerbResume)); n != 0 {
				t.Fatalf("%d resumes overtook it", n)
			}
			over.Store(true)
			r.restedAs(id, "provision:done suspend:done resume:done ")
			if r.suspended(id) || r.resource(id).State != gateway.Active {
				t.Errorf("it is %s, locked out: %t", r.resource(id).State, r.suspended(id))
			}
		})
	}
}

func TestAResumeReplacesASuspensionWhoseAttemptsAreSpent(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	g := newGate()
	r.world.hook(func(ctx context.Context, call lifecycle.Call, checkpoint func(string, []byte)) error {
		if call.Verb != backend.VerbSuspend {
			return nil
		}
		checkpoint("half", []byte(`{"locked":["a"]}`))
		if err := g.hold(ctx, call); err != nil {
			return err
		}
		return backend.Failf(backend.Retryable, "down")
	}, nil)
	r.limits.MaxAttempts = 2
	r.scope.Budget = time.Millisecond
	r.suspend(id)
	<-g.reached
	r.resume(id)
	close(g.open)
	r.restedAs(id, "provision:done suspend:cancelled resume:done ")
	if n := len(r.world.callsOf(backend.VerbSuspend)); n != 2 {
		t.Errorf("%d attempts", n)
	}
	if got := string(r.world.callsOf(backend.VerbResume)[0].Op.State); got != `{"locked":["a"]}` {
		t.Errorf("the resume was told the state %q", got)
	}
}

func TestWhatReplacesATurnThatNeedsAnOperatorIsToldHowFarItCame(t *testing.T) {
	for _, parked := range []backend.Verb{backend.VerbSuspend, backend.VerbResume} {
		t.Run(string(parked), func(t *testing.T) {
			r := newRig(t)
			id := r.provision("ext-1").Resource.ID
			r.world.hook(func(_ context.Context, call lifecycle.Call, checkpoint func(string, []byte)) error {
				if call.Verb != parked {
					return nil
				}
				checkpoint("half", []byte(`{"locked":["a"]}`))
				return backend.Failf(backend.Conflict, "no")
			}, nil)
			r.scope.Budget = time.Second
			r.suspend(id)
			opposite, turn, calls := backend.VerbResume, r.resume, 0
			if parked == backend.VerbResume {
				opposite, turn, calls = backend.VerbSuspend, r.suspend, 1
				r.resume(id)
			}
			r.parked(id, "human")
			turn(id)
			eventually(t, "the opposite is told", func() bool { return len(r.world.callsOf(opposite)) > calls })
			if got := string(r.world.callsOf(opposite)[calls].Op.State); got != `{"locked":["a"]}` {
				t.Errorf("the %s was told the state %q", opposite, got)
			}
		})
	}
}

// A change behind the resume would keep the resource from being suspended again.
func TestNoPlanChangeQueuesBehindATurnThatNeedsAnOperator(t *testing.T) {
	for name, parked := range map[string]bool{"parked already": true, "parked while the change waits": false} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			id := r.provision("ext-1").Resource.ID
			r.suspend(id)
			g := newGate()
			r.world.hook(func(ctx context.Context, call lifecycle.Call, _ func(string, []byte)) error {
				if call.Verb != backend.VerbResume {
					return nil
				}
				if err := g.hold(ctx, call); err != nil {
					return err
				}
				return backend.Failf(backend.Conflict, "no")
			}, nil)
			impatient := r.scope
			impatient.Budget = time.Millisecond
			if _, err := r.engine.For(impatient).Resume(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			<-g.reached
			if parked {
				close(g.open)
				r.parked(id, "human")
			}
			var group sync.WaitGroup
			group.Go(func() {
				_, err := r.scoped().ChangePlan(context.Background(), id, "big")
				var told *gateway.Error
				if !errors.As(err, &told) || told.Kind != gateway.Unavailable || told.Message == "" {
					t.Errorf("the change was answered %v", err)
				}
			})
			if !parked {
				close(g.open)
			}
			group.Wait()
			if d := r.suspend(id); d.Resource.State != gateway.Suspended {
				t.Errorf("it is %s", d.Resource.State)
			}
			r.restedAs(id, "provision:done suspend:done resume:cancelled suspend:done ")
		})
	}
}

func TestASuspensionUsesAnEarlierInputWhenTheConfigurationLostTheResource(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	r.catalog.set(func(c *fakeCatalog) {
		c.opErr = errors.New("the plan is gone")
		c.render = func(gateway.Resource, backend.Verb, backend.Value) (gateway.Rendered, error) {
			return gateway.Rendered{}, errors.New("the plan is gone")
		}
	})
	if d := r.suspend(id); d.Message != "" || !r.suspended(id) {
		t.Errorf("message %q, locked out: %t", d.Message, r.suspended(id))
	}
	if call := r.world.callsOf(backend.VerbSuspend)[0]; call.Op.Plan.ID != "free" || call.Op.Outputs.IsNull() {
		t.Errorf("the backend was told %+v", call.Op)
	}
}

func TestASuspendedResourceIsPushedToOnlyAfterItsResume(t *testing.T) {
	r := newPushRig(t, soon)
	r.moon.fail("push", gateway.Errorf(gateway.Unavailable, "down"))
	id := r.provision("ext-1").Resource.ID
	eventually(t, "a push is tried", func() bool { return r.moon.called("push", "ext-1") > 0 })
	r.suspend(id)
	r.moon.fail("", nil)
	r.restedAs(id, "provision:done push:done suspend:done ")
	time.Sleep(3 * soon) // nothing may come of it
	if n := len(r.moon.pushed("ext-1")); n != 0 || r.resource(id).Delivered() {
		t.Fatalf("%d pushes of a suspended resource", n)
	}
	if _, err := r.engine.Push(t.Context(), id); gateway.KindOf(err) != gateway.Conflict {
		t.Errorf("an operator's push: %v", err)
	}
	r.resume(id)
	r.restedAs(id, "provision:done push:done suspend:done resume:done push:done fetch_owner:done ")
	if n := len(r.moon.pushed("ext-1")); n != 1 {
		t.Errorf("%d pushes", n)
	}
}

func TestTheOwnerOfASuspendedResourceIsStillAskedFor(t *testing.T) {
	r := newMoonRig(t)
	d := r.provision("ext-1")
	r.suspend(d.Resource.ID)
	r.deliver(d)
	r.restedAs(d.Resource.ID, "provision:done suspend:done fetch_owner:done ")
	if got := r.resource(d.Resource.ID).Owner.Email; got != "zoe@acme.example" {
		t.Errorf("the owner is %q", got)
	}
}
