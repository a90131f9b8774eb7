package lifecycle_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// newRotationRig is a rig with a resource whose credentials its platform has.
func newRotationRig(t *testing.T) (r *rig, id, password string) {
	r = newMoonRig(t)
	d := r.provision("ext-1")
	r.deliver(d)
	id = d.Resource.ID
	r.restedAs(id, "provision:done fetch_owner:done ")
	found, _ := r.world.thing(id)
	return r, id, found.password
}

func (r *rig) rotate(id string, order gateway.RotateOrder) gateway.Resource {
	r.t.Helper()
	found, err := r.engine.Rotate(context.Background(), id, order)
	if err != nil {
		r.t.Fatalf("rotate: %v", err)
	}
	return found
}

// untilPhase waits until a rotation has come to a phase.
func (r *rig) untilPhase(id string, phase gateway.RotationPhase) {
	r.t.Helper()
	eventually(r.t, "the rotation is "+string(phase), func() bool { return r.resource(id).Rotation.Phase == phase })
}

// passwords are those that work.
func (r *rig) passwords(id string) []string {
	found, _ := r.world.thing(id)
	if found.staged == "" {
		return []string{found.password}
	}
	return []string{found.password, found.staged}
}

// phases lists the steps that the backend was asked for.
func (r *rig) phases() (all []string) {
	for _, c := range r.world.callsOf(backend.VerbRotate) {
		all = append(all, string(c.Phase))
	}
	return all
}

func grace(d time.Duration) gateway.RotateOrder { return gateway.RotateOrder{Grace: &d} }

func TestARotationEndsTheOldCredentialsOnceThePlatformHasTheNewOnes(t *testing.T) {
	r, id, old := newRotationRig(t)
	pushed, open := make(chan struct{}, 9), make(chan struct{})
	r.moon.set(func(m *moon) {
		m.before = func(_ context.Context, what string, _ gateway.Resource) error {
			if what == "push" {
				pushed <- struct{}{}
				<-open
			}
			return nil
		}
	})
	got := r.rotate(id, grace(50*time.Millisecond))
	if got.Rotation.Phase != gateway.Staged || got.State != gateway.Active || !got.RotatedAt.IsZero() {
		t.Errorf("after the stage: %+v, rotated at %s", got.Rotation, got.RotatedAt)
	}
	<-pushed
	works := r.passwords(id)
	if len(works) != 2 || works[0] != old || works[1] == old {
		t.Fatalf("%d passwords work", len(works))
	}
	time.Sleep(100 * time.Millisecond) // more than the grace: it begins when the platform has them
	if row := r.resource(id); !row.Rotation.Due.IsZero() || len(r.passwords(id)) != 2 {
		t.Errorf("the old credentials end while the platform has not got the new ones: %+v", row.Rotation)
	}
	close(open)
	r.restedAs(id, "provision:done fetch_owner:done rotate:done push:done push:done rotate:done ")
	row := r.resource(id)
	if row.Rotation != (gateway.Rotation{}) || row.RotatedAt.IsZero() || row.BeforeSealed != nil || row.LastError != "" {
		t.Errorf("at the end: %+v, rotated at %s, %q", row.Rotation, row.RotatedAt, row.LastError)
	}
	if now := r.passwords(id); !slices.Equal(now, works[1:]) {
		t.Errorf("%d passwords work, or another one", len(now))
	}
	for _, url := range append(r.moon.pushed("ext-1"), vars(r.provision("ext-1"))["ACME_DB_URL"]) {
		if !strings.Contains(url, works[1]) {
			t.Error("the platform was told other credentials than those that work")
		}
	}
	for i, c := range r.world.callsOf(backend.VerbRotate) {
		if c.Op.Secrets["password"] != works[1] || c.Op.Outputs.IsNull() || c.Op.OperationID == "" {
			t.Errorf("call %d: %+v", i, c.Op)
		}
	}
	r.rotate(id, grace(0)) // and again
	r.untilPhase(id, gateway.NotRotating)
	if now := r.passwords(id); len(now) != 1 || now[0] == works[1] {
		t.Error("a second rotation changed nothing")
	}
}

// An answer that was being written when the new credentials came may reach the
// platform after the first push. The last push is made when no such answer can be
// under way any more.
func TestThePlatformIsToldAgainBeforeTheOldCredentialsEnd(t *testing.T) {
	r, id, _ := newRotationRig(t)
	var works []int
	r.moon.set(func(m *moon) {
		m.after = func(what string, _ gateway.Resource) error {
			if what == "push" {
				works = append(works, len(r.passwords(id)))
			}
			return nil
		}
	})
	r.rotate(id, grace(10*time.Millisecond))
	r.untilPhase(id, gateway.NotRotating)
	r.until(id, gateway.Active)
	if !slices.Equal(works, []int{2, 2}) {
		t.Errorf("passwords at each push: %v, want two pushes while both work", works)
	}
}

func TestARotationThatWouldLockACustomerOutIsRefused(t *testing.T) {
	r := newRig(t) // the platform has no API
	id := r.provision("ext-1").Resource.ID
	_, err := r.engine.Rotate(t.Context(), id, gateway.RotateOrder{})
	wantKind(t, err, gateway.Conflict)
	if !strings.Contains(err.Error(), "--force") {
		t.Errorf("it says %q", err)
	}
	before := r.passwords(id)
	order := grace(100 * time.Millisecond)
	order.Force = true
	r.rotate(id, order)
	if now := r.passwords(id); len(now) != 2 || now[0] != before[0] {
		t.Errorf("%d passwords work during the grace", len(now))
	}
	r.restedAs(id, "provision:done rotate:done rotate:done ")
	r.untilPhase(id, gateway.NotRotating)
	if now := r.passwords(id); len(now) != 1 || now[0] == before[0] {
		t.Error("the old password works after the grace")
	}
}

func TestARotationIsRefusedWhereItCanNotBe(t *testing.T) {
	r, id, _ := newRotationRig(t)
	refused := func(what, words string) {
		t.Helper()
		_, err := r.engine.Rotate(t.Context(), id, gateway.RotateOrder{Force: true})
		if err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v", what, err)
		}
	}
	r.catalog.set(func(c *fakeCatalog) { c.fixed = true })
	refused("a backend that can't", "can't replace credentials")
	r.catalog.set(func(c *fakeCatalog) { c.fixed = false })
	r.suspend(id)
	refused("a suspended one", "suspended")
	r.resume(id)
	r.rotate(id, grace(time.Hour))
	eventually(t, "the platform has them", func() bool { return !r.resource(id).Rotation.Due.IsZero() })
	refused("one that is being rotated", "under way: both credentials work until 20")
	if _, err := r.scoped().Deprovision(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	r.until(id, gateway.Deprovisioned)
	refused("a removed one", "deprovisioned")
	if _, err := r.engine.UndoRotation(t.Context(), id); gateway.KindOf(err) != gateway.Conflict {
		t.Errorf("undone: %v", err)
	}
	if row := r.resource(id); row.Rotation.Phase != "" || row.BeforeSealed != nil {
		t.Errorf("the tombstone keeps %+v", row.Rotation)
	}
}

func TestNewCredentialsThatCanNotBeMadeAreUnmade(t *testing.T) {
	for name, c := range map[string]struct {
		failure error
		phases  []string
	}{
		"refused":     {backend.Failf(backend.Conflict, "the role exists"), []string{"stage", "abort"}},
		"unsupported": {backend.Failf(backend.Unsupported, "there is no script"), []string{"stage"}},
		"a bug":       {backend.Failf(backend.Internal, "nil"), []string{"stage", "stage", "stage", "stage", "stage", "abort"}},
	} {
		t.Run(name, func(t *testing.T) {
			r, id, old := newRotationRig(t)
			first := r.provision("ext-1")
			r.world.hook(nil, func(_ context.Context, call lifecycle.Call) error {
				if call.Phase == backend.RotateStage {
					return c.failure
				}
				return nil
			})
			_, err := r.engine.Rotate(t.Context(), id, gateway.RotateOrder{})
			wantKind(t, err, gateway.Conflict)
			if !strings.Contains(err.Error(), c.failure.(*backend.Failure).Message) {
				t.Errorf("it says %q", err)
			}
			r.untilPhase(id, gateway.NotRotating)
			r.until(id, gateway.Active)
			if diff := cmp.Diff(c.phases, r.phases()); diff != "" {
				t.Errorf("phases (-want +got):\n%s", diff)
			}
			if found, _ := r.world.thing(id); found.password != old || c.phases[len(c.phases)-1] == "abort" && found.staged != "" {
				t.Error("the old password does not work alone")
			}
			same(t, first, r.provision("ext-1"))
			if row := r.resource(id); !row.RotatedAt.IsZero() || len(r.moon.pushed("ext-1")) > 0 {
				t.Errorf("rotated at %s, pushed %d times", row.RotatedAt, len(r.moon.pushed("ext-1")))
			}
		})
	}
}

func TestWhatCanNotBeRenderedIsUnmade(t *testing.T) {
	r, id, old := newRotationRig(t)
	r.catalog.set(func(c *fakeCatalog) {
		c.render = func(res gateway.Resource, verb backend.Verb, outputs backend.Value) (gateway.Rendered, error) {
			return gateway.Rendered{}, errors.New("the template fails")
		}
	})
	_, err := r.engine.Rotate(t.Context(), id, gateway.RotateOrder{})
	wantKind(t, err, gateway.Conflict)
	r.untilPhase(id, gateway.NotRotating)
	if now := r.passwords(id); !slices.Equal(now, []string{old}) {
		t.Error("the old password does not work alone")
	}
}

func TestARotationIsUndoneWhileBothCredentialsWork(t *testing.T) {
	r, id, old := newRotationRig(t)
	r.moon.fail("push", gateway.Errorf(gateway.Refused, "The platform says no."))
	r.rotate(id, grace(10*time.Millisecond))
	eventually(t, "the push is parked", func() bool {
		ops := r.operations(id)
		return ops[len(ops)-1].WaitingFor == "human"
	})
	if row := r.resource(id); row.Rotation.Phase != gateway.Staged || !row.Rotation.Due.IsZero() {
		t.Errorf("with a platform that has nothing: %+v", row.Rotation)
	}
	r.moon.fail("", nil)
	got, err := r.engine.UndoRotation(t.Context(), id)
	if err != nil || got.Rotation.Phase != gateway.Reverting {
		t.Fatalf("undone: %+v, %v", got.Rotation, err)
	}
	_, err = r.engine.UndoRotation(t.Context(), id)
	wantKind(t, err, gateway.Conflict)
	r.untilPhase(id, gateway.NotRotating)
	r.until(id, gateway.Active)
	if now := r.passwords(id); !slices.Equal(now, []string{old}) {
		t.Error("the old password does not work alone")
	}
	if !strings.Contains(vars(r.provision("ext-1"))["ACME_DB_URL"], old) {
		t.Error("the platform is told other credentials")
	}
	pushed := r.moon.pushed("ext-1")
	if len(pushed) != 2 || !strings.Contains(pushed[0], old) || pushed[0] != pushed[1] {
		t.Errorf("pushed %d times, or other credentials", len(pushed))
	}
	if diff := cmp.Diff([]string{"stage", "abort"}, r.phases()); diff != "" {
		t.Errorf("phases (-want +got):\n%s", diff)
	}
	if row := r.resource(id); !row.RotatedAt.IsZero() || row.BeforeSealed != nil {
		t.Errorf("rotated at %s", row.RotatedAt)
	}
	_, err = r.engine.UndoRotation(t.Context(), id)
	wantKind(t, err, gateway.Conflict)
}

func TestAResourceIsChangedAndSuspendedWhileBothCredentialsWork(t *testing.T) {
	r, id, old := newRotationRig(t)
	r.rotate(id, grace(time.Hour))
	fresh := r.passwords(id)[1]
	changed, err := r.scoped().ChangePlan(t.Context(), id, "big")
	if err != nil || !strings.Contains(vars(changed)["ACME_DB_URL"], fresh) {
		t.Fatalf("the plan change is answered without the new credentials, %v", err)
	}
	r.suspend(id)
	if err := r.store.Update(t.Context(), setDue(r, id)); err != nil {
		t.Fatal(err)
	}
	time.Sleep(150 * time.Millisecond) // three looks
	if diff := cmp.Diff([]string{"stage"}, r.phases()); diff != "" {
		t.Errorf("phases while it is suspended (-want +got):\n%s", diff)
	}
	if _, err := r.engine.UndoRotation(t.Context(), id); gateway.KindOf(err) != gateway.Conflict {
		t.Errorf("undone while it is suspended: %v", err)
	}
	r.resume(id)
	r.untilPhase(id, gateway.NotRotating)
	if now := r.passwords(id); !slices.Equal(now, []string{fresh}) || fresh == old {
		t.Error("the new password does not work alone")
	}
	if row := r.resource(id); row.Plan != "big" {
		t.Errorf("the plan is %s", row.Plan)
	}
}

func TestUndoingKeepsWhatElseHasChanged(t *testing.T) {
	r, id, old := newRotationRig(t)
	r.rotate(id, grace(time.Hour))
	if _, err := r.scoped().ChangePlan(t.Context(), id, "big"); err != nil {
		t.Fatal(err)
	}
	if _, err := r.engine.UndoRotation(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if url := r.url(id); !strings.Contains(url, old) || !strings.HasSuffix(url, "/big") {
		t.Errorf("another URL than the old password on the new plan")
	}
}

func TestOldCredentialsThatCanNotBeEndedAreTriedLaterAndKeepNobodyWaiting(t *testing.T) {
	r, id, _ := newRotationRig(t)
	r.world.hook(func(_ context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		if call.Phase == backend.RotateCommit {
			return backend.Failf(backend.Invalid, "no")
		}
		return nil
	}, nil)
	r.rotate(id, grace(0))
	eventually(t, "the commit has failed", func() bool { return strings.HasSuffix(r.story(id), "rotate:failed ") })
	row := r.resource(id)
	if rest := time.Until(row.Rotation.Due); row.Rotation.Phase != gateway.Staged || rest < 50*time.Minute || row.LastError == "" {
		t.Errorf("after it: %+v, %q", row.Rotation, row.LastError)
	}
	if _, err := r.scoped().ChangePlan(t.Context(), id, "big"); err != nil {
		t.Errorf("a plan change: %v", err)
	}
	r.world.hook(nil, nil)
	if err := r.store.Update(t.Context(), setDue(r, id)); err != nil {
		t.Fatal(err)
	}
	r.untilPhase(id, gateway.NotRotating)
	if row := r.resource(id); row.LastError != "" || len(r.passwords(id)) != 1 {
		t.Errorf("at the end: %q", row.LastError)
	}
}

func TestCredentialsAreRotatedWhenTheyAreOld(t *testing.T) {
	r, id, old := newRotationRig(t)
	other := r.provision("ext-2").Resource.ID
	if _, err := r.scoped().ChangePlan(t.Context(), other, "big"); err != nil {
		t.Fatal(err)
	}
	r.catalog.set(func(c *fakeCatalog) {
		c.rotation = []gateway.RotationRule{{Addon: addonName, Plan: "free", Every: time.Millisecond}, {Addon: addonName, Plan: "huge", Every: time.Millisecond}}
	})
	eventually(t, "it is rotated", func() bool { return !r.resource(id).RotatedAt.IsZero() })
	if now := r.passwords(id); len(now) != 1 || now[0] == old {
		t.Error("the old password works")
	}
	if row := r.resource(other); row.Rotation.Phase != "" || !row.RotatedAt.IsZero() {
		t.Errorf("another plan's: %+v", row.Rotation)
	}
}

// The crash matrix of a rotation within one process: what is left in the store goes
// on. Kills of real processes are in kill_test.go.
func TestARotationSurvivesARestartInEachPhase(t *testing.T) {
	r, id, old := newRotationRig(t)
	r.restart()
	r.moon.fail("push", gateway.Errorf(gateway.Unavailable, "down"))
	r.rotate(id, grace(20*time.Millisecond))
	r.restart()
	if row := r.resource(id); row.Rotation.Phase != gateway.Staged {
		t.Errorf("after the first restart: %+v", row.Rotation)
	}
	r.moon.fail("", nil)
	eventually(t, "the platform has them", func() bool { return len(r.moon.pushed("ext-1")) > 0 })
	r.restart()
	r.untilPhase(id, gateway.NotRotating)
	if now := r.passwords(id); len(now) != 1 || now[0] == old {
		t.Error("the old password works")
	}
}

// setDue makes the next step of a rotation due now.
func setDue(r *rig, id string) func(lifecycle.Tx) error {
	return func(tx lifecycle.Tx) error {
		row, err := tx.ResourceRecord(id)
		if err != nil {
			return err
		}
		row.Rotation.Due, row.Rotation.Sure = tx.Now(), true
		return tx.SetRotation(row)
	}
}

// url is what a push would send.
func (r *rig) url(id string) string {
	r.t.Helper()
	d, err := r.scoped().Suspend(context.Background(), id, "") // any call that answers with the config vars
	if err != nil {
		r.t.Fatal(err)
	}
	return vars(d)["ACME_DB_URL"]
}

// Whatever a commit that failed has done to the old credentials, nobody knows.
func TestOldCredentialsThatMayHaveEndedAreNotGivenOutAgain(t *testing.T) {
	r, id, _ := newRotationRig(t)
	r.world.hook(nil, func(_ context.Context, call lifecycle.Call) error {
		if call.Phase == backend.RotateCommit { // it has ended them, and says otherwise
			return backend.Failf(backend.Invalid, "a session does not end")
		}
		return nil
	})
	r.rotate(id, grace(0))
	eventually(t, "the commit has failed", func() bool { return strings.HasSuffix(r.story(id), "rotate:failed ") })
	fresh := r.passwords(id)
	_, err := r.engine.UndoRotation(t.Context(), id)
	wantKind(t, err, gateway.Conflict)
	if url := vars(r.provision("ext-1"))["ACME_DB_URL"]; !strings.Contains(url, fresh[0]) {
		t.Error("the platform is given credentials that have ended")
	}
	if row := r.resource(id); row.BeforeSealed != nil {
		t.Error("what has ended is kept")
	}
	_, err = r.engine.Rotate(t.Context(), id, grace(0))
	wantKind(t, err, gateway.Conflict)
	if !strings.Contains(err.Error(), "--force") {
		t.Errorf("it says %q", err)
	}
	r.world.hook(nil, nil)
	order := grace(0)
	order.Force = true
	r.rotate(id, order) // begins anew
	r.untilPhase(id, gateway.NotRotating)
	if now := r.passwords(id); len(now) != 1 || now[0] == fresh[0] || !strings.Contains(vars(r.provision("ext-1"))["ACME_DB_URL"], now[0]) {
		t.Error("a forced rotation does not help")
	}
}

func TestARotationThatCanBeEndedGivesWayToNoOther(t *testing.T) {
	r, id, _ := newRotationRig(t)
	r.rotate(id, grace(time.Hour))
	eventually(t, "the platform has them", func() bool { return !r.resource(id).Rotation.Due.IsZero() })
	_, err := r.engine.Rotate(t.Context(), id, gateway.RotateOrder{Force: true})
	wantKind(t, err, gateway.Conflict)
}

// A platform that has new credentials and cannot be told of the old ones would lock
// its customer out.
func TestARotationIsNotUndoneWhereThePlatformCanNotBeTold(t *testing.T) {
	for name, lost := range map[string]error{"it has them": nil, "it has them and the answer was lost": gateway.Errorf(gateway.Unavailable, "lost")} {
		t.Run(name, func(t *testing.T) {
			r, id, _ := newRotationRig(t)
			r.moon.set(func(m *moon) { m.after = func(string, gateway.Resource) error { return lost } })
			r.rotate(id, grace(time.Hour))
			eventually(t, "the platform has them", func() bool {
				return len(r.moon.pushed("ext-1")) > 0 && (lost != nil || !r.resource(id).Rotation.Due.IsZero())
			})
			r.moon.set(func(m *moon) { m.gone = true })
			_, err := r.engine.UndoRotation(t.Context(), id)
			wantKind(t, err, gateway.Conflict)
			if row := r.resource(id); row.Rotation.Phase != gateway.Staged || len(r.passwords(id)) != 2 {
				t.Errorf("it is %s", row.Rotation.Phase)
			}
			r.moon.set(func(m *moon) { m.gone = false })
			if _, err := r.engine.UndoRotation(t.Context(), id); err != nil {
				t.Error(err)
			}
		})
	}
}

// A reload may take the platform away while the backend is at it. That is nobody's
// --force.
func TestAPlatformThatGoesMeanwhileIsWaitedFor(t *testing.T) {
	for _, at := range []backend.RotatePhase{backend.RotateStage, backend.RotateCommit} {
		t.Run("before "+string(at), func(t *testing.T) {
			r, id, _ := newRotationRig(t)
			leave := func() { r.moon.set(func(m *moon) { m.gone = true }) }
			if at == backend.RotateStage {
				r.world.hook(func(context.Context, lifecycle.Call, func(string, []byte)) error { leave(); return nil }, nil)
				r.rotate(id, grace(0))
			} else {
				r.rotate(id, grace(time.Hour))
				eventually(t, "the platform has them", func() bool { return !r.resource(id).Rotation.Due.IsZero() })
				leave()
				hurry(r, id)
			}
			time.Sleep(200 * time.Millisecond) // some looks
			if len(r.passwords(id)) != 2 {
				t.Error("the old credentials ended, and the platform was not told")
			}
			r.moon.set(func(m *moon) { m.gone = false })
			r.engine.Activate(r.catalog, r, r.moon)
			r.untilPhase(id, gateway.NotRotating)
			now, pushed := r.passwords(id), r.moon.pushed("ext-1")
			if len(now) != 1 || len(pushed) == 0 || !strings.Contains(pushed[len(pushed)-1], now[0]) {
				t.Error("the platform does not have the one password that works")
			}
		})
	}
}

func TestAForcedRotationOfWhichThePlatformKnowsNothingIsUndone(t *testing.T) {
	r := newRig(t) // the platform has no API
	d := r.provision("ext-1")
	id := d.Resource.ID
	r.deliver(d)
	old := r.passwords(id)
	order := grace(time.Hour)
	order.Force = true
	r.rotate(id, order)
	if _, err := r.engine.UndoRotation(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := r.store.Update(t.Context(), setDue(r, id)); err != nil {
		t.Fatal(err)
	}
	r.untilPhase(id, gateway.NotRotating)
	if now := r.passwords(id); !slices.Equal(now, old) {
		t.Error("the old password does not work alone")
	}
}

// An operator has told the customer, or the password has leaked and must end.
func TestARotationGoesOnWithoutAPlatformThatDoesNotAnswer(t *testing.T) {
	r, id, old := newRotationRig(t)
	r.moon.fail("push", gateway.Errorf(gateway.Unavailable, "moon does not answer"))
	r.rotate(id, grace(time.Hour))
	if _, err := r.engine.Rotate(t.Context(), id, grace(0)); gateway.KindOf(err) != gateway.Conflict || !strings.Contains(err.Error(), "--force goes on without it") {
		t.Errorf("it says %v", err)
	}
	if now := r.passwords(id); len(now) != 2 {
		t.Errorf("%d passwords work", len(now))
	}
	on := grace(time.Millisecond)
	on.Force = true
	r.rotate(id, on)
	r.untilPhase(id, gateway.NotRotating)
	if now := r.passwords(id); len(now) != 1 || now[0] == old {
		t.Error("the old password has not ended")
	}

	old = r.passwords(id)[0]
	r.rotate(id, grace(time.Hour))
	if _, err := r.engine.UndoRotation(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	r.rotate(id, on)
	r.untilPhase(id, gateway.NotRotating)
	if now := r.passwords(id); !slices.Equal(now, []string{old}) {
		t.Error("the old password does not work alone")
	}
}

// Applications use the new credentials by then: they need as long for the way back.
func TestUndoingALateRotationLeavesTheGraceToTheNewCredentials(t *testing.T) {
	r, id, _ := newRotationRig(t)
	r.rotate(id, grace(time.Hour))
	eventually(t, "the platform has them", func() bool { return !r.resource(id).Rotation.Due.IsZero() })
	r.moon.fail("push", gateway.Errorf(gateway.Refused, "The platform says no."))
	hurry(r, id)
	eventually(t, "it is to be confirmed", func() bool { return r.resource(id).Rotation.Sure })
	r.moon.fail("", nil)
	if _, err := r.engine.UndoRotation(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the platform has the old ones", func() bool { return !r.resource(id).Rotation.Due.IsZero() })
	if rest := time.Until(r.resource(id).Rotation.Due); rest < 50*time.Minute || len(r.passwords(id)) != 2 {
		t.Errorf("the new credentials end in %s", rest)
	}
}

// However many credentials are old, and however slowly new ones are made, what is
// under way goes on.
func TestRotationsGoOnWhileOldCredentialsAreReplaced(t *testing.T) {
	r, id, _ := newRotationRig(t)
	if _, err := r.scoped().ChangePlan(t.Context(), id, "big"); err != nil {
		t.Fatal(err)
	}
	r.rotate(id, grace(time.Hour))
	r.provision("ext-2")
	reached, open := make(chan struct{}, 1), make(chan struct{})
	defer close(open)
	r.world.hook(func(ctx context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		if call.Phase == backend.RotateStage {
			reached <- struct{}{}
			select {
			case <-open:
			case <-ctx.Done():
			}
		}
		return nil
	}, nil)
	r.catalog.set(func(c *fakeCatalog) {
		c.rotation = []gateway.RotationRule{{Addon: addonName, Plan: "free", Every: time.Millisecond}}
	})
	<-reached
	hurry(r, id)
	r.untilPhase(id, gateway.NotRotating)
}

func TestARuleThatIsTakenBackRotatesNothingMore(t *testing.T) {
	r, _, _ := newRotationRig(t)
	r.provision("ext-2")
	r.world.hook(func(context.Context, lifecycle.Call, func(string, []byte)) error {
		r.catalog.set(func(c *fakeCatalog) { c.rotation = nil })
		return nil
	}, nil)
	r.catalog.set(func(c *fakeCatalog) {
		c.rotation = []gateway.RotationRule{{Addon: addonName, Plan: "free", Every: time.Millisecond}}
	})
	eventually(t, "one is rotated", func() bool { return len(r.phases()) > 0 })
	time.Sleep(200 * time.Millisecond) // time enough for another
	if phases := r.phases(); slices.Contains(phases[1:], "stage") {
		t.Errorf("the backend was asked for %v", phases)
	}
}

func TestRotationsThatCanNotGoOnKeepNoOthersWaiting(t *testing.T) {
	r, id, _ := newRotationRig(t)
	r.rotate(id, grace(time.Hour))
	eventually(t, "the platform has them", func() bool { return !r.resource(id).Rotation.Due.IsZero() })
	broken := r.resource(id)
	broken.Rotation.Due, broken.Rotation.Sure, broken.LogTokenSealed = time.UnixMilli(1), true, []byte("no token")
	for i := range 200 {
		broken.ID, broken.ShortID, broken.ProviderID = fmt.Sprint("res_broken", i), fmt.Sprint("broken", i), fmt.Sprint("broken", i)
		broken.ExternalID = broken.ID
		if err := r.store.Update(t.Context(), func(tx lifecycle.Tx) error { return tx.InsertResource(broken) }); err != nil {
			t.Fatal(err)
		}
	}
	hurry(r, id)
	r.untilPhase(id, gateway.NotRotating)
}

func TestWhatAnOperatorHasUndoneIsNotRotatedAtOnceByItsRule(t *testing.T) {
	r, id, _ := newRotationRig(t)
	r.rotate(id, grace(time.Hour))
	if _, err := r.engine.UndoRotation(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	if err := r.store.Update(t.Context(), setDue(r, id)); err != nil {
		t.Fatal(err)
	}
	r.untilPhase(id, gateway.NotRotating)
	other := r.provision("ext-2").Resource.ID
	r.catalog.set(func(c *fakeCatalog) {
		c.rotation = []gateway.RotationRule{{Addon: addonName, Plan: "free", Every: time.Millisecond}}
	})
	eventually(t, "another is rotated", func() bool { return r.resource(other).Rotation.Phase != gateway.NotRotating })
	if row := r.resource(id); row.Rotation.Phase != gateway.NotRotating {
		t.Errorf("it is %s again", row.Rotation.Phase)
	}
}

func TestTwoRotationsAskedForAtOnceAreOne(t *testing.T) {
	r, id, _ := newRotationRig(t)
	errs := make(chan error)
	for range 8 {
		go func() {
			_, err := r.engine.Rotate(context.Background(), id, grace(time.Hour))
			errs <- err
		}()
	}
	begun := 0
	for range 8 {
		switch err := <-errs; {
		case err == nil:
			begun++
		case gateway.KindOf(err) != gateway.Conflict:
			t.Error(err)
		}
	}
	if stages := r.phases(); begun != 1 || len(stages) != 1 {
		t.Errorf("%d were begun, the backend was asked for %v", begun, stages)
	}
}

// hurry makes the next step of a rotation due now.
func hurry(r *rig, id string) {
	r.t.Helper()
	if err := r.store.Update(context.Background(), func(tx lifecycle.Tx) error {
		row, err := tx.ResourceRecord(id)
		if err != nil {
			return err
		}
		row.Rotation.Due = tx.Now()
		return tx.SetRotation(row)
	}); err != nil {
		r.t.Fatal(err)
	}
}

// A customer may be suspended at any moment, also before the new credentials are
// there: their platform is told after the resume.
func TestAStageThatEndsWhileSuspendedIsPushedAfterTheResume(t *testing.T) {
	r := newPushRig(t, soon)
	d := r.provision("ext-1")
	r.deliver(d)
	id := d.Resource.ID
	r.restedAs(id, "provision:done fetch_owner:done ")
	reached, open := make(chan struct{}, 1), make(chan struct{})
	r.world.hook(func(_ context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		if call.Phase == backend.RotateStage {
			reached <- struct{}{}
			<-open
		}
		return nil
	}, nil)
	rotating := make(chan error)
	go func() {
		_, err := r.engine.Rotate(context.Background(), id, grace(0))
		rotating <- err
	}()
	<-reached
	suspending := make(chan error)
	go func() {
		_, err := r.scoped().Suspend(context.Background(), id, "not paid")
		suspending <- err
	}()
	eventually(t, "it is suspended", func() bool { return r.resource(id).State == gateway.Suspended })
	close(open)
	if err := errors.Join(<-rotating, <-suspending); err != nil {
		t.Fatal(err)
	}
	r.until(id, gateway.Suspended)
	time.Sleep(2 * soon)
	if row := r.resource(id); row.Rotation.Phase != gateway.Staged || len(r.moon.pushed("ext-1")) > 0 || len(r.passwords(id)) != 2 {
		t.Errorf("while suspended: %+v, pushed %d times", row.Rotation, len(r.moon.pushed("ext-1")))
	}
	r.resume(id)
	r.untilPhase(id, gateway.NotRotating)
	now := r.passwords(id)
	if pushed := r.moon.pushed("ext-1"); len(now) != 1 || !strings.Contains(pushed[len(pushed)-1], now[0]) {
		t.Error("the platform does not have the one password that works")
	}
}
