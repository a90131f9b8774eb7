package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
)

func TestTheOwnerIsAskedForOnceTheOrderWasAnswered(t *testing.T) {
	r := newMoonRig(t)
	r.moon.set(func(m *moon) { m.early["ext-1"] = true })
	d := r.provision("ext-1")
	time.Sleep(soon / 2) // nothing may come of it
	if got := r.story(d.Resource.ID); got != "provision:done " {
		t.Errorf("before the answer: %s", got)
	}
	r.moon.set(func(m *moon) { m.early["ext-1"] = false })
	r.deliver(d)
	r.restedAs(d.Resource.ID, "provision:done fetch_owner:done ")
	got := r.resource(d.Resource.ID)
	if got.Name != "my database" || got.Owner.Name != "Zoë" || got.Owner.Email != "zoe@acme.example" || len(got.OwnerEmails) != 2 {
		t.Errorf("it is %q of %+v, %q", got.Name, got.Owner, got.OwnerEmails)
	}
	r.deliver(d) // a repeat of the order
	again := r.provision("ext-1")
	if again.Resource.Owner.Email != "zoe@acme.example" {
		t.Errorf("the repeat tells the owner %+v", again.Resource.Owner)
	}
	r.deliver(again)
	time.Sleep(2 * soon)
	if n := r.moon.called("fetch", "ext-1"); n != 1 || len(r.moon.pushed("ext-1")) != 0 {
		t.Errorf("%d fetches and %d pushes", n, len(r.moon.pushed("ext-1")))
	}
}

func TestASlowPlatformBlocksNothing(t *testing.T) {
	r := newMoonRig(t)
	open := make(chan struct{})
	r.moon.set(func(m *moon) {
		m.before = func(ctx context.Context, _ string, _ gateway.Resource) error {
			select {
			case <-open:
			case <-ctx.Done():
			}
			return nil
		}
	})
	var ids []string
	for i := range 30 { // more than the platform has slots
		d := r.provision(fmt.Sprint("ext-", i))
		r.deliver(d)
		ids = append(ids, d.Resource.ID)
	}
	eventually(t, "all slots of the platform are taken", func() bool {
		running, err := r.store.Operations(t.Context(), gateway.OperationFilter{State: gateway.OperationRunning})
		return err == nil && len(running) == 4
	})
	for _, id := range ids[:15] {
		if _, err := r.scoped().ChangePlan(t.Context(), id, "big"); err != nil {
			t.Fatal(err)
		}
		if _, err := r.scoped().Deprovision(t.Context(), id); err != nil {
			t.Fatal(err)
		}
	}
	for _, id := range ids[:15] {
		eventually(t, id+" is gone", func() bool { return r.resource(id).State == gateway.Deprovisioned })
	}
	close(open)
	for _, id := range ids {
		eventually(t, "nothing is live", func() bool {
			live, err := r.store.LiveOperations(t.Context(), id)
			return err == nil && len(live) == 0
		})
		for _, op := range r.operations(id) {
			if op.Verb == "fetch_owner" && op.State == gateway.OperationDone && r.resource(id).State == gateway.Deprovisioned {
				t.Errorf("%s: the owner of a removed resource was asked for", id)
			}
		}
	}
}

func TestAPlatformThatDoesNotKnowTheResourceYetIsAskedAgain(t *testing.T) {
	r := newMoonRig(t)
	r.moon.fail("fetch", gateway.Errorf(gateway.NotFound, "not yet"))
	d := r.provision("ext-1")
	r.deliver(d)
	eventually(t, "several calls", func() bool { return r.moon.called("fetch", "ext-1") > 3 })
	r.moon.fail("", nil)
	r.restedAs(d.Resource.ID, "provision:done fetch_owner:done ")
	if op := r.operations(d.Resource.ID)[1]; op.Error != "" || op.WaitingFor != "" {
		t.Errorf("it is left with %q, %q", op.Error, op.WaitingFor)
	}
}

func TestARetryAfterIsKept(t *testing.T) {
	r := newMoonRig(t)
	r.moon.fail("fetch", &gateway.Error{Kind: gateway.Unavailable, Message: "busy", RetryAfter: time.Hour})
	d := r.provision("ext-1")
	r.deliver(d)
	eventually(t, "it rests for an hour", func() bool {
		ops := r.operations(d.Resource.ID)
		return len(ops) == 2 && ops[1].State == gateway.OperationPending && time.Until(ops[1].RunAt) > 59*time.Minute
	})
}

// parked waits until the last operation waits for what.
func (r *rig) parked(id, what string) gateway.Operation {
	r.t.Helper()
	var last gateway.Operation
	eventually(r.t, "it waits for "+what, func() bool {
		ops := r.operations(id)
		last = ops[len(ops)-1]
		return last.State == gateway.OperationPending && last.WaitingFor == what
	})
	return last
}

func TestRefusedCredentialsWaitForTheNextConfiguration(t *testing.T) {
	r := newPushRig(t, soon)
	r.moon.fail("push", gateway.Errorf(gateway.Unauthorized, "The password is wrong."))
	id := r.provision("ext-1").Resource.ID
	if op := r.parked(id, "platform"); op.Attempt != 1 || !strings.Contains(op.Error, "The password is wrong.") {
		t.Errorf("after %d attempts: %s", op.Attempt, op.Error)
	}
	if r.resource(id).LastError != "" {
		t.Error("the resource itself is said to have failed")
	}
	r.moon.fail("", nil)
	r.engine.Activate(r.catalog, r, r.platforms())
	r.restedAs(id, "provision:done push:done fetch_owner:done ")
}

func TestAnOwnerThatCannotBeAskedForKeepsNoPushWaiting(t *testing.T) {
	r := newMoonRig(t)
	r.moon.fail("fetch", gateway.Errorf(gateway.Internal, "The answer is no JSON."))
	d := r.provision("ext-1")
	r.deliver(d)
	r.parked(d.Resource.ID, "human")
	if _, err := r.engine.Push(t.Context(), d.Resource.ID); err != nil {
		t.Fatal(err)
	}
	r.restedAs(d.Resource.ID, "provision:done fetch_owner:pending push:done ")
}

func TestAPushWithoutAnAPIWaitsForIt(t *testing.T) {
	r := newPushRig(t, soon)
	r.moon.fail("push", gateway.Errorf(gateway.Unavailable, "down"))
	id := r.provision("ext-1").Resource.ID
	eventually(t, "a call", func() bool { return r.moon.called("push", "ext-1") > 0 })
	r.moon.set(func(m *moon) { m.gone = true })
	before := r.parked(id, "platform")
	if !strings.Contains(before.Error, platformName) {
		t.Errorf("it does not say which: %s", before.Error)
	}
	r.moon.set(func(m *moon) { m.gone, m.before = false, nil })
	if err := r.engine.Retry(t.Context(), before.ID); err != nil {
		t.Fatal(err)
	}
	r.restedAs(id, "provision:done push:done fetch_owner:done ")
}

func TestACallThatPanicsLeavesTheResourceAlone(t *testing.T) {
	r := newPushRig(t, soon)
	r.moon.set(func(m *moon) {
		m.before = func(context.Context, string, gateway.Resource) error { panic("a bug") }
	})
	id := r.provision("ext-1").Resource.ID
	op := r.parked(id, "human")
	if got := r.resource(id); got.LastError != "" || got.State != gateway.Active {
		t.Errorf("it is %s: %q", got.State, got.LastError)
	}
	r.moon.fail("", nil)
	if err := r.engine.Retry(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	r.restedAs(id, "provision:done push:done fetch_owner:done ")
}

func TestARefusedPushIsParkedWithoutItsSecrets(t *testing.T) {
	r := newPushRig(t, soon)
	var secretText string
	r.moon.set(func(m *moon) {
		m.after = func(what string, res gateway.Resource) error {
			if what == "push" {
				secretText = m.pushed(res.ExternalID)[0]
				return gateway.Errorf(gateway.Refused, "I do not like %s", secretText)
			}
			return nil
		}
	})
	id := r.provision("ext-1").Resource.ID
	op := r.parked(id, "human")
	if strings.Contains(op.Error, secretText) || !strings.Contains(op.Error, "[redacted]") {
		t.Errorf("the error is %q", op.Error)
	}
	time.Sleep(2 * soon)
	if n := r.moon.called("push", "ext-1"); n != 1 {
		t.Errorf("%d pushes", n)
	}
	r.moon.set(func(m *moon) { m.after = nil })
	if err := r.engine.Retry(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	r.restedAs(id, "provision:done push:done fetch_owner:done ")
}

func TestARemovedResourceIsNotToldAbout(t *testing.T) {
	for name, trouble := range map[string]error{"a call that fails": errors.New("down"), "a call that succeeds": nil} {
		t.Run(name, func(t *testing.T) {
			r := newPushRig(t, soon)
			reached, open := make(chan struct{}, 1), make(chan struct{})
			r.moon.set(func(m *moon) {
				m.before = func(context.Context, string, gateway.Resource) error {
					reached <- struct{}{}
					<-open
					return trouble
				}
			})
			id := r.provision("ext-1").Resource.ID
			<-reached
			if _, err := r.scoped().Deprovision(t.Context(), id); err != nil {
				t.Fatal(err)
			}
			eventually(t, "it is gone while the call goes on", func() bool { return r.resource(id).State == gateway.Deprovisioned })
			close(open)
			r.restedAs(id, "provision:done push:cancelled deprovision:done ")
		})
	}
}

func TestNoPlatformIsCalledWhileAnOrderIsHandled(t *testing.T) {
	r := newMoonRig(t)
	var group sync.WaitGroup
	for i := range 50 {
		group.Go(func() {
			id := fmt.Sprint("ext-", i)
			r.moon.set(func(m *moon) { m.early[id] = true })
			d, err := r.scoped().Provision(context.Background(), order(id))
			if err != nil {
				t.Error(err)
				return
			}
			r.moon.set(func(m *moon) { m.early[id] = false })
			r.deliver(d)
		})
	}
	group.Wait()
	for i := range 50 {
		id := r.byExternal(fmt.Sprint("ext-", i)).ID
		r.restedAs(id, "provision:done fetch_owner:done ")
	}
}

func TestWhatAPlatformTellsWinsWhereItCanBe(t *testing.T) {
	ordered := gateway.Owner{ID: "orga_1", Name: "Ann", Email: ""}
	cases := map[string]struct {
		told, want gateway.Particulars
	}{
		"nothing": {gateway.Particulars{}, gateway.Particulars{Owner: ordered}},
		"a name only": {
			gateway.Particulars{Name: " db\x00 \xff", Owner: gateway.Owner{Name: strings.Repeat("é", 300)}},
			gateway.Particulars{Name: "db ?", Owner: gateway.Owner{ID: "orga_1", Name: strings.Repeat("é", 255)}},
		},
		"texts that are no addresses": {
			gateway.Particulars{Owner: gateway.Owner{ID: "orga_2", Email: "Ann <ann@x.example>"}, Emails: []string{"ann", "", "a@x.example", "a@x.example", "a@x.example\r\nBcc: b@x.example"}},
			gateway.Particulars{Owner: gateway.Owner{ID: "orga_2", Name: "Ann"}, Emails: []string{"a@x.example"}},
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			r := newMoonRig(t)
			r.moon.set(func(m *moon) { m.told = tc.told })
			o := order("ext-1")
			o.Owner = ordered
			d, err := r.scoped().Provision(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			r.deliver(d)
			r.restedAs(d.Resource.ID, "provision:done fetch_owner:done ")
			row := r.resource(d.Resource.ID)
			if diff := cmp.Diff(tc.want, gateway.Particulars{Name: row.Name, Owner: row.Owner, Emails: row.OwnerEmails}); diff != "" {
				t.Errorf("recorded (-want +got):\n%s", diff)
			}
		})
	}
}
