package lifecycle_test

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// renamed is a rig whose configuration has other names than the one that its
// resources were made with.
type renamed struct{ *rig }

const (
	newAddon   = "acme-sql"
	newBackend = "fake.big"
)

func allRenames() []gateway.Rename {
	return []gateway.Rename{
		{What: gateway.RenamedAddon, From: addonName, To: newAddon},
		{What: gateway.RenamedPlan, Addon: newAddon, From: "free", To: "huge"},
		{What: gateway.RenamedPlan, Addon: newAddon, From: "big", To: "free"},
		{What: gateway.RenamedBackend, From: backendName, To: newBackend},
	}
}

func (r renamed) Backend(name string) (lifecycle.Backend, lifecycle.Limits, bool) {
	return r.world, r.limits, name == newBackend
}

// rename renames, then activates a configuration that knows the new names.
func (r *rig) rename(want int) {
	r.t.Helper()
	n, err := r.engine.Rename(r.t.Context(), allRenames())
	if err != nil || n != want {
		r.t.Fatalf("%d names were changed, %v; want %d", n, err, want)
	}
	r.engine.Activate(r.catalog, renamed{r}, nil)
	r.scope.Addon = newAddon
}

func TestWhatRunsDuringARenameEndsUnderTheNewNames(t *testing.T) {
	for name, tc := range map[string]struct {
		verb  backend.Verb
		fails bool
		plan  string
		state gateway.State
	}{
		"provision":            {backend.VerbProvision, false, "huge", gateway.Active},
		"a failing provision":  {backend.VerbProvision, true, "huge", gateway.Failed},
		"plan change":          {backend.VerbChangePlan, false, "free", gateway.Active},
		"a refused change":     {backend.VerbChangePlan, true, "huge", gateway.Active},
		"deprovision and keep": {backend.VerbDeprovision, false, "huge", gateway.Deprovisioned},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			g := newGate()
			answered := make(chan error, 1)
			var id string
			if tc.verb != backend.VerbProvision {
				id = r.provision("ext-1").Resource.ID
			}
			r.keepFor(-time.Hour)
			r.world.hook(func(ctx context.Context, call lifecycle.Call, _ func(string, []byte)) error {
				if call.Verb != tc.verb {
					return nil
				}
				_ = g.hold(ctx, call)
				if tc.fails {
					return backend.Failf(backend.Unsupported, "no")
				}
				return nil
			}, nil)
			go func() { answered <- r.request(tc.verb, id) }()
			id = (<-g.reached).Op.ResourceID
			names := 3
			if tc.verb == backend.VerbChangePlan {
				names = 4 // the desired plan too
			}
			r.rename(names)
			close(g.open)
			if err := <-answered; (err != nil) != tc.fails {
				t.Errorf("the request: %v", err)
			}
			r.until(id, tc.state)
			got := r.resource(id)
			if got.Addon != newAddon || got.Plan != tc.plan || got.DesiredPlan != "" || got.Backend != newBackend {
				t.Errorf("it is %s on %s to %q by %s", got.Addon, got.Plan, got.DesiredPlan, got.Backend)
			}
			live, err := r.store.InUse(t.Context())
			if tc.state != gateway.Active {
				if err != nil || len(live) != 0 {
					t.Errorf("in use: %v, %v", live, err)
				}
				return
			}
			want := []gateway.InUse{{Platform: platformName, Addon: newAddon, Plan: tc.plan, Region: "eu", Backend: newBackend, Count: 1}}
			if diff := cmp.Diff(want, live); diff != "" || err != nil {
				t.Errorf("in use (-want +got):\n%s %v", diff, err)
			}
		})
	}
}

func TestWhatWaitsDuringARenameEndsUnderTheNewNames(t *testing.T) {
	r := newRig(t)
	r.keepFor(time.Hour)
	kept := r.provision("kept").Resource.ID
	r.drop(kept)
	purge := r.untilKept(kept)
	r.limits.Concurrency = 1
	g := newGate()
	r.world.holdAt(g, backend.VerbProvision)
	r.scope.Budget = 1
	for _, id := range []string{"ext-1", "ext-2"} {
		_, err := r.scoped().Provision(t.Context(), order(id))
		wantKind(t, err, gateway.Unavailable)
	}
	<-g.reached
	waiting := r.byExternal("ext-2").ID
	r.rename(9)
	close(g.open)
	r.until(waiting, gateway.Active)
	if got := r.resource(waiting); got.Plan != "huge" || got.Backend != newBackend || got.Addon != newAddon {
		t.Errorf("what waited is %s on %s by %s", got.Addon, got.Plan, got.Backend)
	}
	r.hasten(purge)
	r.engine.Activate(r.catalog, renamed{r}, nil)
	r.until(kept, gateway.Deprovisioned)
	r.forgotten(kept)
	if n, err := r.engine.Rename(t.Context(), allRenames()); n != 0 || err != nil {
		t.Errorf("the same renames again changed %d, %v", n, err)
	}
}

func TestARenameOntoATakenIDIsAConflictForTheOperator(t *testing.T) {
	r := newRig(t)
	r.provision("ext-1")
	row := r.byExternal("ext-1")
	row.ID, row.ShortID, row.ProviderID, row.Addon = "res_other", "other", "res_other", newAddon
	if err := r.store.Update(t.Context(), func(tx lifecycle.Tx) error { return tx.InsertResource(row) }); err != nil {
		t.Fatal(err)
	}
	_, err := r.engine.Rename(t.Context(), allRenames())
	wantKind(t, err, gateway.Conflict)
	if got := r.resource("res_other"); got.Backend != backendName {
		t.Errorf("a refused rename changed the backend to %s", got.Backend)
	}
}

func TestInUseSaysWhatStillNeedsTheConfiguration(t *testing.T) {
	r := newRig(t)
	r.keepFor(time.Hour)
	r.provision("ext-1")
	kept := r.provision("ext-2").Resource.ID
	r.drop(kept)
	purge := r.untilKept(kept)
	count := func() (n int) {
		live, err := r.engine.InUse(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range live {
			n += u.Count
		}
		return n
	}
	if n := count(); n != 2 {
		t.Errorf("%d in use before the purge, want 2", n)
	}
	r.hasten(purge)
	r.engine.Activate(r.catalog, r, nil)
	r.until(kept, gateway.Deprovisioned)
	if n := count(); n != 1 {
		t.Errorf("%d in use after the purge, want 1", n)
	}
}
