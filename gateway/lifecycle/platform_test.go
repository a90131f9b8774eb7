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
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
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

func TestAnAnswerWhoseMarkIsLostInACrashIsPushed(t *testing.T) {
	r := newMoonRig(t)
	d := r.provision("ext-1")
	r.pushAfter = soon
	r.restart() // the platform has its answer; the mark was not written
	r.restedAs(d.Resource.ID, "provision:done push:done fetch_owner:done ")
}

func TestAnOperatorsPushRendersAnew(t *testing.T) {
	r := newMoonRig(t)
	d := r.provision("ext-1")
	r.deliver(d)
	id := d.Resource.ID
	r.restedAs(id, "provision:done fetch_owner:done ")
	r.catalog.set(func(c *fakeCatalog) {
		c.render = func(gateway.Resource, backend.Verb, backend.Value) ([]gateway.ConfigVar, string, error) {
			return []gateway.ConfigVar{{Name: "ACME_DB_URL", Value: secret.New("new-value")}}, "another message", nil
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
		c.render = func(gateway.Resource, backend.Verb, backend.Value) ([]gateway.ConfigVar, string, error) {
			return nil, "", errors.New("the template is wrong")
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

func TestReconcileComparesBothWaysAndChangesNothing(t *testing.T) {
	r := newMoonRig(t)
	same, lost, other, ended := r.provision("ext-same"), r.provision("ext-lost"), r.provision("ext-plan"), r.provision("ext-ended")
	for _, d := range []gateway.Delivery{same, lost, other, ended} {
		r.deliver(d)
		r.restedAs(d.Resource.ID, "provision:done fetch_owner:done ")
	}
	if _, err := r.scoped().Deprovision(t.Context(), ended.Resource.ID); err != nil {
		t.Fatal(err)
	}
	r.until(ended.Resource.ID, gateway.Deprovisioned)
	r.moon.set(func(m *moon) {
		m.listed = []gateway.Listed{
			{ExternalID: "ext-same", Plan: "free", PlanName: "FREE"}, {ExternalID: "ext-plan", Plan: "big", PlanName: "BIG"},
			{ExternalID: "ext-ended", Plan: "free", PlanName: "FREE"}, {ExternalID: "ext-orphan", PlanName: "gold"},
		}
	})
	got, err := r.engine.Reconcile(t.Context(), "", "")
	if err != nil {
		t.Fatal(err)
	}
	if c := got.Compared; len(c) != 1 || c[0] != (gateway.Compared{Platform: platformName, Addon: addonName, Listed: 4, Living: 3}) {
		t.Errorf("compared %+v", c)
	}
	seen := map[string]string{}
	for _, d := range got.Differences {
		seen[string(d.Unlike)] += d.ExternalID + " " + d.PlatformPlan + " " + d.Resource.ID
	}
	want := map[string]string{
		"unknown_here": "ext-orphan gold ", "ended_here": "ext-ended FREE " + ended.Resource.ID,
		"unknown_there": "ext-lost  " + lost.Resource.ID, "other_plan": "ext-plan BIG " + other.Resource.ID,
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("differences (-want +got):\n%s", diff)
	}
	if r.resource(lost.Resource.ID).State != gateway.Active {
		t.Error("reconcile changed something")
	}
	_, err = r.engine.Reconcile(t.Context(), "sun", "")
	wantKind(t, err, gateway.NotFound)
	r.moon.fail("list", gateway.Errorf(gateway.Unauthorized, "The password is wrong."))
	if got, err := r.engine.Reconcile(t.Context(), platformName, addonName); err != nil || len(got.Differences) != 0 || !strings.Contains(got.Compared[0].Error, "password") {
		t.Errorf("without a listing: %+v, %v", got, err)
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
