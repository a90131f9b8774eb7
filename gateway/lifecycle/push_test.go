package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

func TestWhatNoAnswerDeliveredIsPushedOnce(t *testing.T) {
	r := newPushRig(t, soon)
	g := newGate()
	r.world.holdAt(g, backend.VerbProvision)
	r.scope.Budget = time.Millisecond
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	if r.moon.called("push", "ext-1") > 0 {
		t.Error("a push came before the operation was done")
	}
	close(g.open)
	id := r.byExternal("ext-1").ID
	r.restedAs(id, "provision:done push:done fetch_owner:done ")
	r.scope.Budget = 10 * time.Second
	d := r.provision("ext-1")
	want := []string{vars(d)["ACME_DB_URL"]}
	time.Sleep(2 * soon)
	if diff := cmp.Diff(want, r.moon.pushed("ext-1")); diff != "" {
		t.Errorf("pushed (-want +got):\n%s", diff)
	}
	if got := r.resource(id); !got.Delivered() || got.DeliveredRev != got.ConfigRev {
		t.Errorf("delivered %d of %d", got.DeliveredRev, got.ConfigRev)
	}
}

func TestAPlanChangeThatNoAnswerDeliveredIsPushed(t *testing.T) {
	r := newMoonRig(t)
	d := r.provision("ext-1")
	r.deliver(d)
	r.restedAs(d.Resource.ID, "provision:done fetch_owner:done ")
	changed, err := r.scoped().ChangePlan(t.Context(), d.Resource.ID, "big")
	if err != nil {
		t.Fatal(err)
	}
	r.pushAfter = soon
	r.restart()
	r.restedAs(d.Resource.ID, "provision:done fetch_owner:done change_plan:done push:done ")
	if got := r.moon.pushed("ext-1"); len(got) != 1 || got[0] != vars(changed)["ACME_DB_URL"] {
		t.Errorf("pushed %d times", len(got))
	}
}

func TestAPushRacedByAnAnswerIsFollowedByOneMore(t *testing.T) {
	r := newPushRig(t, soon)
	reached, open := make(chan struct{}, 9), make(chan struct{})
	r.moon.set(func(m *moon) {
		m.before = func(_ context.Context, what string, _ gateway.Resource) error {
			if what == "push" {
				reached <- struct{}{}
				<-open
			}
			return nil
		}
	})
	first := r.provision("ext-1")
	<-reached
	changed, err := r.scoped().ChangePlan(t.Context(), first.Resource.ID, "big")
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(changed)
	eventually(t, "the answer is marked", func() bool { return r.resource(first.Resource.ID).DeliveredRev == 2 })
	close(open)
	r.until(first.Resource.ID, gateway.Active)
	eventually(t, "two pushes", func() bool { return len(r.moon.pushed("ext-1")) == 2 })
	r.until(first.Resource.ID, gateway.Active)
	time.Sleep(2 * soon)
	want := []string{vars(first)["ACME_DB_URL"], vars(changed)["ACME_DB_URL"]}
	if diff := cmp.Diff(want, r.moon.pushed("ext-1")); diff != "" {
		t.Errorf("pushed (-want +got):\n%s", diff)
	}
	if got := r.resource(first.Resource.ID); got.DeliveredRev != got.ConfigRev {
		t.Errorf("delivered %d of %d", got.DeliveredRev, got.ConfigRev)
	}
}

// What was sent once may arrive after the answer that overtook it.
func TestAPushOfUnknownOutcomeIsRepeatedAfterTheResume(t *testing.T) {
	r := newPushRig(t, soon)
	reached, open := make(chan struct{}, 9), make(chan struct{})
	r.moon.set(func(m *moon) {
		m.before = func(_ context.Context, what string, _ gateway.Resource) error {
			if what == "push" {
				reached <- struct{}{}
				<-open
				return gateway.Errorf(gateway.Unavailable, "the answer was lost")
			}
			return nil
		}
	})
	first := r.provision("ext-1")
	id := first.Resource.ID
	<-reached
	changed, err := r.scoped().ChangePlan(t.Context(), id, "big")
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(changed)
	eventually(t, "the answer is marked", func() bool { return r.resource(id).DeliveredRev == 2 })
	r.suspend(id)
	close(open)
	r.until(id, gateway.Suspended)
	r.moon.fail("", nil)
	r.resume(id)
	eventually(t, "it is pushed", func() bool { return len(r.moon.pushed("ext-1")) > 0 })
	r.until(id, gateway.Active)
	if diff := cmp.Diff([]string{vars(changed)["ACME_DB_URL"]}, r.moon.pushed("ext-1")); diff != "" {
		t.Errorf("pushed (-want +got):\n%s", diff)
	}
}

func TestAPushThatAnAnswerOvertookSendsNothing(t *testing.T) {
	r := newPushRig(t, soon)
	open := make(chan struct{})
	r.moon.set(func(m *moon) {
		m.before = func(_ context.Context, _ string, res gateway.Resource) error {
			if res.ExternalID != "ext-last" {
				<-open
			}
			return nil
		}
	})
	for i := range 4 { // as many as the platform has slots
		r.provision(fmt.Sprint("ext-", i))
	}
	eventually(t, "all slots of the platform are taken", func() bool {
		running, err := r.store.Operations(t.Context(), gateway.OperationFilter{State: gateway.OperationRunning})
		return err == nil && len(running) == 4
	})
	d := r.provision("ext-last")
	eventually(t, "its push waits", func() bool { return r.story(d.Resource.ID) == "provision:done push:pending " })
	r.deliver(r.provision("ext-last")) // the platform's repeat
	eventually(t, "the answer is marked", func() bool { return r.resource(d.Resource.ID).Delivered() })
	close(open)
	r.restedAs(d.Resource.ID, "provision:done push:done fetch_owner:done ")
	if n := r.moon.called("push", "ext-last"); n != 0 {
		t.Errorf("%d calls", n)
	}
}

func TestAnAnswerWhoseMarkIsLostInACrashIsPushed(t *testing.T) {
	r := newMoonRig(t)
	d := r.provision("ext-1")
	r.pushAfter = soon
	r.restart() // the platform has its answer; the mark was not written
	r.restedAs(d.Resource.ID, "provision:done push:done fetch_owner:done ")
}

// The crash matrix for calls to a platform: what is left of a dead process.
func TestAPushSurvivesACrash(t *testing.T) {
	for name, late := range map[string]bool{"before the platform acts": false, "after it acted": true} {
		t.Run(name, func(t *testing.T) {
			r := newPushRig(t, soon)
			dead := make(chan struct{})
			var first sync.Once
			crash := func(what string) {
				if what == "push" {
					first.Do(func() {
						if err := r.store.Close(); err != nil {
							t.Error(err)
						}
						close(dead)
					})
				}
			}
			r.moon.set(func(m *moon) {
				if late {
					m.after = func(what string, _ gateway.Resource) error { crash(what); return nil }
				} else {
					m.before = func(_ context.Context, what string, _ gateway.Resource) error { crash(what); return nil }
				}
			})
			d := r.provision("ext-1")
			<-dead
			r.restart()
			r.restedAs(d.Resource.ID, "provision:done push:done fetch_owner:done ")
			for _, got := range r.moon.pushed("ext-1") {
				if got != vars(d)["ACME_DB_URL"] {
					t.Error("another config was pushed")
				}
			}
			if n := r.moon.called("push", "ext-1"); n != 2 {
				t.Errorf("%d calls, want 2", n)
			}
		})
	}
}

func TestAnOperatorsPushRendersAnew(t *testing.T) {
	r := newMoonRig(t)
	d := r.provision("ext-1")
	r.deliver(d)
	id := d.Resource.ID
	r.restedAs(id, "provision:done fetch_owner:done ")
	r.catalog.set(func(c *fakeCatalog) {
		c.render = func(gateway.Resource, backend.Verb, backend.Value) (gateway.Rendered, error) {
			return gateway.Rendered{ConfigVars: []gateway.ConfigVar{{Name: "ACME_DB_URL", Value: secret.New("new-value")}}, Message: "another message"}, nil
		}
	})
	opID, err := r.engine.Push(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	r.restedAs(id, "provision:done fetch_owner:done push:done ")
	if ops := r.operations(id); ops[2].ID != opID {
		t.Error("Push returned another operation")
	}
	if got := r.moon.pushed("ext-1"); len(got) != 1 || got[0] != "new-value" {
		t.Errorf("pushed %d times", len(got))
	}
	if again := r.provision("ext-1"); vars(again)["ACME_DB_URL"] != "new-value" || again.Message != d.Message {
		t.Error("a repeat of the order is answered differently from the push")
	}
}

func TestOperatorsPushesAreOne(t *testing.T) {
	r := newMoonRig(t)
	d := r.provision("ext-1")
	r.deliver(d)
	id := d.Resource.ID
	r.restedAs(id, "provision:done fetch_owner:done ")
	reached, open := make(chan struct{}, 9), make(chan struct{})
	r.moon.set(func(m *moon) {
		m.before = func(context.Context, string, gateway.Resource) error {
			reached <- struct{}{}
			<-open
			return nil
		}
	})
	if _, err := r.engine.Push(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	<-reached
	waiting := map[string]bool{}
	for range 20 {
		opID, err := r.engine.Push(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		waiting[opID] = true
	}
	close(open)
	r.restedAs(id, "provision:done fetch_owner:done push:done push:done ")
	if n := r.moon.called("push", "ext-1"); len(waiting) != 1 || n != 2 {
		t.Errorf("%d operations, %d calls: 20 pushes behind a running one are one", len(waiting), n)
	}
}

func TestAPushThatCannotBeIsRefused(t *testing.T) {
	r := newMoonRig(t)
	d := r.provision("ext-1")
	_, err := r.engine.Push(t.Context(), "res_unknown")
	wantKind(t, err, gateway.NotFound)
	r.catalog.set(func(c *fakeCatalog) {
		c.render = func(gateway.Resource, backend.Verb, backend.Value) (gateway.Rendered, error) {
			return gateway.Rendered{}, errors.New("the template is wrong")
		}
	})
	_, err = r.engine.Push(t.Context(), d.Resource.ID)
	wantKind(t, err, gateway.Conflict)
	r.catalog.set(func(c *fakeCatalog) { c.render = nil })
	r.moon.set(func(m *moon) { m.gone = true })
	_, err = r.engine.Push(t.Context(), d.Resource.ID)
	wantKind(t, err, gateway.Conflict)
	r.moon.set(func(m *moon) { m.gone = false })
	if _, err := r.scoped().Deprovision(t.Context(), d.Resource.ID); err != nil {
		t.Fatal(err)
	}
	_, err = r.engine.Push(t.Context(), d.Resource.ID)
	wantKind(t, err, gateway.Conflict)
}
