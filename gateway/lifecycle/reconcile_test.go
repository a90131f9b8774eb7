package lifecycle_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
)

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
	r.moon.set(func(m *moon) { m.listed = nil })
	if got, err := r.engine.Reconcile(t.Context(), "", ""); err != nil || len(got.Differences) != 3 || got.Differences[0].Unlike != gateway.UnknownThere {
		t.Errorf("with an empty listing: %+v, %v", got, err)
	}
	_, err = r.engine.Reconcile(t.Context(), "sun", "")
	wantKind(t, err, gateway.NotFound)
	r.moon.fail("list", gateway.Errorf(gateway.Unauthorized, "The password is wrong."))
	if got, err := r.engine.Reconcile(t.Context(), platformName, addonName); err != nil || len(got.Differences) != 0 || !strings.Contains(got.Compared[0].Error, "password") {
		t.Errorf("without a listing: %+v, %v", got, err)
	}
}
