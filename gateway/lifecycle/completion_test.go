package lifecycle_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
)

func TestACompletionIsRepeatedLikeAPush(t *testing.T) {
	r, g := newAcceptingRig(t)
	r.pushAfter = soon
	r.restart()
	r.moon.fail("complete", gateway.Errorf(gateway.NotFound, "not yet"))
	id := r.provision("ext-1").Resource.ID
	close(g.open)
	eventually(t, "several calls", func() bool { return r.moon.called("complete", "ext-1") > 3 })
	r.moon.fail("complete", gateway.Errorf(gateway.Unauthorized, "The password is wrong."))
	r.parked(id, "platform")
	time.Sleep(3 * soon) // what a completion will deliver is not pushed
	if n := r.moon.called("push", "ext-1"); n != 0 {
		t.Errorf("%d pushes", n)
	}
	r.moon.fail("", nil)
	r.engine.Activate(r.catalog, r, r.platforms())
	r.restedAs(id, "provision:done complete:done fetch_owner:done ")
}

// The platform has heard it already, and refuses to hear it again.
func TestACompletionWhoseAnswerWasLostIsDoneWhenItsRepeatIsRefused(t *testing.T) {
	r, g := newAcceptingRig(t)
	r.moon.set(func(m *moon) {
		m.after = func(what string, _ gateway.Resource) error {
			switch {
			case what != "complete":
				return nil
			case len(m.completed("ext-1")) == 1:
				return gateway.Errorf(gateway.Unavailable, "the answer was lost")
			}
			return gateway.Errorf(gateway.Conflict, "it is there already")
		}
	})
	id := r.provision("ext-1").Resource.ID
	close(g.open)
	r.restedAs(id, "provision:done complete:done fetch_owner:done ")
	if row := r.resource(id); row.DeliveredRev != row.ConfigRev {
		t.Errorf("delivered %d of %d", row.DeliveredRev, row.ConfigRev)
	}
}

func TestACompletionThatNeedsAnOperatorKeepsNothingFromBeingDelivered(t *testing.T) {
	for kind, taken := range map[gateway.Kind]bool{gateway.Conflict: true, gateway.Refused: false} {
		t.Run(string(kind), func(t *testing.T) {
			r, g := newAcceptingRig(t)
			r.pushAfter = soon
			r.restart()
			r.moon.fail("complete", gateway.Errorf(kind, "no"))
			id := r.provision("ext-1").Resource.ID
			close(g.open)
			stuck := func() bool {
				return slices.ContainsFunc(r.operations(id), func(op gateway.Operation) bool { return op.Verb == "complete" && op.WaitingFor == "human" })
			}
			eventually(t, "it needs an operator", stuck)
			if row := r.resource(id); taken && row.DeliveredRev != row.ConfigRev {
				t.Errorf("delivered %d of %d", row.DeliveredRev, row.ConfigRev)
			}
			r.scope.Budget = 10 * time.Second
			changed, err := r.scoped().ChangePlan(t.Context(), id, "big") // nobody receives its answer
			if err != nil {
				t.Fatal(err)
			}
			eventually(t, "it is pushed", func() bool { return slices.Contains(r.moon.pushed("ext-1"), vars(changed)["ACME_DB_URL"]) })
			if !stuck() {
				t.Errorf("operations: %s", r.story(id))
			}
		})
	}
}

func TestACompletionWithoutAnAPIWaitsForIt(t *testing.T) {
	r, g := newAcceptingRig(t)
	r.moon.set(func(m *moon) { m.gone = true })
	id := r.provision("ext-1").Resource.ID
	close(g.open)
	r.parked(id, "platform")
	r.moon.set(func(m *moon) { m.gone = false })
	r.engine.Activate(r.catalog, r, r.platforms())
	r.restedAs(id, "provision:done complete:done fetch_owner:done ")
}

func TestASuspendedResourceIsCompletedAllTheSame(t *testing.T) {
	r, g := newAcceptingRig(t)
	r.moon.fail("complete", gateway.Errorf(gateway.Unavailable, "down"))
	id := r.provision("ext-1").Resource.ID
	close(g.open)
	eventually(t, "a completion is tried", func() bool { return r.moon.called("complete", "ext-1") > 0 })
	r.suspend(id)
	r.moon.fail("", nil)
	r.restedAs(id, "provision:done complete:done suspend:done fetch_owner:done ")
}

// Whichever comes last: the answer to the plan change, or our completion with
// the config vars before it.
func TestACompletionRacedByAPlanChangeIsFollowedByAPush(t *testing.T) {
	r, g := newAcceptingRig(t)
	reached, open := make(chan struct{}, 1), make(chan struct{})
	r.moon.set(func(m *moon) {
		m.before = func(_ context.Context, what string, _ gateway.Resource) error {
			if what == "complete" {
				reached <- struct{}{}
				<-open
			}
			return nil
		}
	})
	id := r.provision("ext-1").Resource.ID
	close(g.open)
	<-reached
	r.scope.Budget = time.Minute
	changed, err := r.scoped().ChangePlan(t.Context(), id, "big")
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(changed)
	close(open)
	eventually(t, "a push", func() bool { return len(r.moon.pushed("ext-1")) == 1 })
	r.until(id, gateway.Active)
	if got := r.moon.pushed("ext-1"); got[0] != vars(changed)["ACME_DB_URL"] || got[0] == r.moon.completed("ext-1")[0] {
		t.Error("the newest config vars were not pushed")
	}
}

func TestACompletionRacedByAPlanChangeIsFollowedByAPushAfterTheResume(t *testing.T) {
	r, g := newAcceptingRig(t)
	r.pushAfter = soon
	r.restart()
	reached, open := make(chan struct{}, 1), make(chan struct{})
	r.moon.set(func(m *moon) {
		m.before = func(_ context.Context, what string, _ gateway.Resource) error {
			if what == "complete" {
				reached <- struct{}{}
				<-open
			}
			return nil
		}
	})
	id := r.provision("ext-1").Resource.ID
	close(g.open)
	<-reached
	r.scope.Budget = 10 * time.Second
	changed, err := r.scoped().ChangePlan(t.Context(), id, "big")
	if err != nil {
		t.Fatal(err)
	}
	r.deliver(changed)
	eventually(t, "the answer is marked", func() bool { return r.resource(id).DeliveredRev == 2 })
	r.suspend(id)
	close(open)
	r.until(id, gateway.Suspended)
	if row := r.resource(id); row.DeliveredRev >= row.ConfigRev {
		t.Errorf("delivered %d of %d", row.DeliveredRev, row.ConfigRev)
	}
	r.resume(id)
	eventually(t, "it is pushed", func() bool { return len(r.moon.pushed("ext-1")) > 0 })
	r.until(id, gateway.Active)
	if diff := cmp.Diff([]string{vars(changed)["ACME_DB_URL"]}, r.moon.pushed("ext-1")); diff != "" {
		t.Errorf("pushed (-want +got):\n%s", diff)
	}
}
