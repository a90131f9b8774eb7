package lifecycle_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// buy provisions a resource for an application, in a plan, and delivers it
// unless its answer was lost.
func (r *rig) buy(id, app, plan string, lost bool) gateway.Delivery {
	r.t.Helper()
	o := order(id)
	o.App, o.Plan = app, plan
	d, err := r.scoped().Provision(context.Background(), o)
	if err != nil {
		r.t.Fatal(err)
	}
	if lost {
		r.until(d.Resource.ID, gateway.Active)
		return d
	}
	r.deliver(d)
	r.restedAs(d.Resource.ID, "provision:done fetch_owner:done ")
	return d
}

// found lists differences as "unknown_there ext-1 of app-1, GOLD there, free here".
func found(t *testing.T, r gateway.Reconciliation) []string {
	t.Helper()
	texts := []string{}
	for _, d := range r.Differences {
		texts = append(texts, fmt.Sprintf("%s %s of %s, %s there, %s here", d.Unlike, d.ExternalID, d.App, d.PlatformPlan, d.Resource.Plan))
	}
	slices.Sort(texts)
	return texts
}

func listedOf(app string, plans ...string) []gateway.Listed {
	var all []gateway.Listed
	for _, plan := range plans {
		all = append(all, gateway.Listed{App: app, Plan: plan, PlanName: "the " + plan})
	}
	return all
}

func TestReconcileFindsResourcesByTheirApplicationWhereAListingNamesNoMore(t *testing.T) {
	for name, tc := range map[string]struct {
		resources []string // "ext-1 app-1 free", "lost" behind it: its answer never arrived
		ended     string   // the external id of one that is removed
		listed    []gateway.Listed
		want      []string
	}{
		"all agree": {
			resources: []string{"ext-1 app-1 free", "ext-2 app-1 big", "ext-3 app-1 free", "ext-4 app-2 big"},
			listed:    slices.Concat(listedOf("app-2", "big"), listedOf("app-1", "free", "free", "big")),
		},
		"another plan, of two of an application": {
			resources: []string{"ext-1 app-1 free", "ext-2 app-1 big"}, listed: listedOf("app-1", "free", "free"),
			want: []string{"other_plan  of app-1, the free there, big here"},
		},
		"a plan that we do not offer": {
			resources: []string{"ext-1 app-1 free"}, listed: []gateway.Listed{{App: "app-1", PlanName: "gold"}},
			want: []string{"other_plan  of app-1, gold there, free here"},
		},
		"an application that is not listed": {
			resources: []string{"ext-1 app-1 free", "ext-2 app-2 free"}, listed: listedOf("app-2", "free"),
			want: []string{"unknown_there ext-1 of app-1,  there, free here"},
		},
		"an orphan of a repeated order": {
			resources: []string{"ext-1 app-1 free lost", "ext-2 app-1 free"}, listed: listedOf("app-1", "free"),
			want: []string{"unknown_there ext-1 of app-1,  there, free here"},
		},
		"an application that is listed once for two": {
			resources: []string{"ext-1 app-1 free", "ext-2 app-1 free"}, listed: listedOf("app-1", "free"),
		},
		"what was never ordered": {
			resources: []string{"ext-1 app-1 free"}, listed: slices.Concat(listedOf("app-1", "free", "big"), listedOf("app-9", "free")),
			want: []string{"unknown_here  of app-1, the big there,  here", "unknown_here  of app-9, the free there,  here"},
		},
		"what has ended": {
			resources: []string{"ext-1 app-1 free", "ext-2 app-1 free"}, ended: "ext-2", listed: listedOf("app-1", "free", "free"),
			want: []string{"ended_here ext-2 of app-1, the free there, free here"},
		},
		"what has ended, and is not listed": {
			resources: []string{"ext-1 app-1 free", "ext-2 app-1 free"}, ended: "ext-2", listed: listedOf("app-1", "free"),
		},
		"an order that named no application": {
			resources: []string{"ext-1 app-1 free", "ext-2 - free"}, listed: listedOf("app-1", "free"),
		},
		"an empty listing": {
			resources: []string{"ext-1 app-1 free", "ext-2 - free"},
			want:      []string{"unknown_there ext-1 of app-1,  there, free here"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := newMoonRig(t)
			living := 0
			for _, line := range tc.resources {
				var id, app, plan, lost string
				_, _ = fmt.Sscan(line, &id, &app, &plan, &lost)
				if app == "-" {
					app = ""
				}
				d := r.buy(id, app, plan, lost != "")
				if id == tc.ended {
					r.drop(d.Resource.ID)
					r.until(d.Resource.ID, gateway.Deprovisioned)
					living--
				}
				living++
			}
			r.moon.set(func(m *moon) { m.listed, m.byApp = tc.listed, true })
			got, err := r.engine.Reconcile(t.Context(), "", "")
			if err != nil {
				t.Fatal(err)
			}
			if tc.want == nil {
				tc.want = []string{}
			}
			if diff := cmp.Diff(tc.want, found(t, got)); diff != "" {
				t.Errorf("differences (-want +got):\n%s", diff)
			}
			if c := got.Compared; len(c) != 1 || c[0].Living != living || c[0].Listed != len(tc.listed) || c[0].Error != "" {
				t.Errorf("compared %+v, want %d living", c, living)
			}
		})
	}
}

func TestWhatIsBeingMadeOrRemovedDiffersInNothing(t *testing.T) {
	r, g := newAcceptingRig(t)
	o := order("ext-1")
	o.App = "app-1"
	if _, err := r.scoped().Provision(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	for _, listed := range [][]gateway.Listed{listedOf("app-1", "free"), listedOf("app-1", "big"), listedOf("app-2", "free")} {
		r.moon.set(func(m *moon) { m.listed, m.byApp = listed, true })
		got, err := r.engine.Reconcile(t.Context(), "", "")
		for _, d := range got.Differences {
			if d.App == "app-1" {
				t.Errorf("while it is made, with %v: %v", listed, found(t, got))
			}
		}
		if err != nil {
			t.Error(err)
		}
	}
	close(g.open)
	id := r.byExternal("ext-1").ID
	r.restedAs(id, "provision:done complete:done fetch_owner:done ")
	removal := newGate()
	r.world.holdAt(removal, backend.VerbDeprovision)
	r.drop(id)
	<-removal.reached
	r.moon.set(func(m *moon) { m.listed = listedOf("app-1", "free") })
	if got, err := r.engine.Reconcile(t.Context(), "", ""); err != nil || len(got.Differences) != 0 {
		t.Errorf("while it is removed: %v, %v", found(t, got), err)
	}
	close(removal.open)
	r.until(id, gateway.Deprovisioned)
}

func TestWhatIsOrderedWhileAListingIsReadIsNotJudged(t *testing.T) {
	r := newMoonRig(t)
	r.buy("ext-1", "app-1", "free", false)
	r.moon.set(func(m *moon) {
		m.listed, m.byApp = listedOf("app-1", "free"), true
		m.before = func(_ context.Context, what string, _ gateway.Resource) error {
			if what == "list" {
				begun := time.Now() // rows tell whole milliseconds
				eventually(t, "the clock has moved on", func() bool { return time.Since(begun) > 2*time.Millisecond })
				r.buy("ext-2", "app-2", "free", true)
			}
			return nil
		}
	})
	if got, err := r.engine.Reconcile(t.Context(), "", ""); err != nil || len(got.Differences) != 0 || got.Compared[0].Living != 2 {
		t.Errorf("%+v, %v", got, err)
	}
}

func TestAnOrderThatIsPromisedAtOnceIsNotWaitedFor(t *testing.T) {
	r := newMoonRig(t)
	r.scope.Accepts, r.scope.AtOnce, r.scope.Budget = true, true, time.Minute
	d := r.provision("ext-1")
	if !d.Resource.Accepted || d.Resource.State != gateway.Provisioning || len(d.ConfigVars) != 0 {
		t.Errorf("the answer is %+v", d)
	}
	r.restedAs(d.Resource.ID, "provision:done complete:done fetch_owner:done ")
	if changed, err := r.scoped().ChangePlan(t.Context(), d.Resource.ProviderID, "big"); err != nil || changed.Resource.Plan != "big" {
		t.Errorf("a plan change is not waited for: %+v, %v", changed.Resource, err)
	}
	r = newMoonRig(t)
	r.scope.AtOnce = true // means nothing where the platform takes no promise
	if d := r.provision("ext-2"); d.Resource.State != gateway.Active {
		t.Errorf("the answer is %+v", d)
	}
}
