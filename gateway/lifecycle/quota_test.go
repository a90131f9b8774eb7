package lifecycle_test

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// limit makes the catalog answer every order and plan change with quotas.
func (r *rig) limit(quotas ...gateway.QuotaRule) {
	r.catalog.set(func(c *fakeCatalog) { c.quotas = quotas })
}

func (r *rig) judged() (n int) {
	r.catalog.set(func(c *fakeCatalog) { n = c.judged })
	return n
}

// orderMany orders at once and returns how many got their resource; the others
// must have met the quota.
func (r *rig) orderMany(from, to int) int {
	r.t.Helper()
	var made atomic.Int64
	var group sync.WaitGroup
	for i := from; i < to; i++ {
		group.Go(func() {
			_, err := r.scoped().Provision(context.Background(), order(fmt.Sprint("ext-", i)))
			switch {
			case err == nil:
				made.Add(1)
			case gateway.KindOf(err) != gateway.Quota:
				r.t.Errorf("order %d: %v", i, err)
			}
		})
	}
	group.Wait()
	return int(made.Load())
}

func TestOfOrdersThatArriveTogetherExactlyTheQuotaIsMade(t *testing.T) {
	r := newRig(t)
	r.limits.Concurrency, r.scope.Budget = 4, time.Minute // most of them wait in the store
	r.limit(gateway.QuotaRule{Counts: gateway.CountedAll, Max: 50})
	if n := r.orderMany(0, 200); n != 50 {
		t.Errorf("%d orders were taken, want 50", n)
	}
	if things, made := r.world.count(); things != 50 || made != 50 {
		t.Errorf("%d things of %d made are in the world, want 50", things, made)
	}
	rows, err := r.store.Resources(t.Context(), gateway.ResourceFilter{Limit: 1000})
	if err != nil || len(rows) != 50 {
		t.Errorf("%d rows, %v: a refused order left something", len(rows), err)
	}
}

func TestACrashAmongOrdersKeepsTheQuota(t *testing.T) {
	r := newRig(t)
	r.limits.Concurrency = 4
	r.limit(gateway.QuotaRule{Counts: gateway.CountedAll, Max: 50})
	var calls atomic.Int64
	crashed := make(chan struct{})
	r.world.hook(func(context.Context, lifecycle.Call, func(string, []byte)) error {
		if calls.Add(1) == 20 {
			if err := r.store.Close(); err != nil {
				t.Error(err)
			}
			close(crashed)
		}
		return nil
	}, nil)
	var group sync.WaitGroup
	r.scope.Budget = 1 // nobody answers them any more
	for i := range 200 {
		group.Go(func() { _, _ = r.scoped().Provision(context.Background(), order(fmt.Sprint("ext-", i))) })
	}
	<-crashed
	group.Wait()
	r.world.hook(nil, nil)
	r.restart()
	r.scope.Budget = time.Minute
	if n := r.orderMany(0, 200); n != 50 { // every platform repeats its order
		t.Errorf("%d orders have a resource, want 50", n)
	}
	if things, made := r.world.count(); things != 50 || made != 50 {
		t.Errorf("%d things of %d made are in the world, want 50", things, made)
	}
}

func TestWhatIsGoneOrNeverCameAboutFreesItsPlace(t *testing.T) {
	r := newRig(t)
	r.limit(gateway.QuotaRule{Counts: gateway.CountedAll, Max: 1})
	r.world.fail(backend.VerbProvision, backend.Failf(backend.Invalid, "no"))
	_, err := r.scoped().Provision(t.Context(), order("failing"))
	wantKind(t, err, gateway.Refused)
	failed := r.byExternal("failing").ID
	r.until(failed, gateway.Failed)

	r.world.hook(nil, nil)
	first := r.provision("ext-1")
	_, err = r.scoped().Provision(t.Context(), order("failing")) // it begins anew: there is no place now
	wantKind(t, err, gateway.Quota)
	if got := r.resource(failed).State; got != gateway.Failed {
		t.Errorf("the refused repeat left %s", got)
	}

	g := newGate()
	r.world.holdAt(g, backend.VerbDeprovision)
	r.drop(first.Resource.ID)
	<-g.reached
	r.provision("ext-2") // the first is being removed
	close(g.open)
	r.until(first.Resource.ID, gateway.Deprovisioned)
	_, err = r.scoped().Provision(t.Context(), order("ext-3"))
	wantKind(t, err, gateway.Quota)
}

func TestRepeatsOfAnOrderAreNeitherJudgedNorCounted(t *testing.T) {
	r := newRig(t)
	r.limit(gateway.QuotaRule{Counts: gateway.CountedAll, Max: 1})
	first := r.provision("ext-1")
	before := r.judged()
	r.limit(gateway.QuotaRule{Counts: gateway.CountedAll, Max: 0})
	same(t, first, r.provision("ext-1"))

	g := newGate()
	r.limit()
	r.world.holdAt(g, backend.VerbProvision)
	answers := make(chan error, 2)
	ask := func() {
		_, err := r.scoped().Provision(t.Context(), order("ext-2"))
		answers <- err
	}
	go ask()
	<-g.reached
	r.limit(gateway.QuotaRule{Counts: gateway.CountedAll, Max: 0})
	go ask() // attaches
	close(g.open)
	for range 2 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
	if n := r.judged() - before; n != 1 {
		t.Errorf("judged %d more times, want once: for ext-2", n)
	}
}

func TestEachQuotaCountsItsOwn(t *testing.T) {
	owned := func(id, owner, plan string) gateway.Order {
		o := order(id)
		o.Owner.ID, o.Plan = owner, plan
		return o
	}
	for name, tc := range map[string]struct {
		quota   gateway.QuotaRule
		passes  gateway.Order
		refused gateway.Order
	}{
		"all":   {gateway.QuotaRule{Counts: gateway.CountedAll, Max: 3}, owned("new", "cy", "huge"), owned("no", "dee", "free")},
		"owner": {gateway.QuotaRule{Counts: gateway.CountedPerOwner, Max: 1}, owned("new", "cy", "free"), owned("no", "ann", "huge")},
		"plan":  {gateway.QuotaRule{Counts: gateway.CountedPerPlan, Max: 1}, owned("new", "ann", "huge"), owned("no", "cy", "free")},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			for _, o := range []gateway.Order{owned("1", "ann", "free"), owned("2", "bob", "big")} {
				if _, err := r.scoped().Provision(t.Context(), o); err != nil {
					t.Fatal(err)
				}
			}
			r.limit(tc.quota)
			if _, err := r.scoped().Provision(t.Context(), tc.passes); err != nil {
				t.Errorf("what has a place: %v", err)
			}
			_, err := r.scoped().Provision(t.Context(), tc.refused)
			wantKind(t, err, gateway.Quota)
			if gateway.Message(err) == gateway.Fault(nil).Message {
				t.Errorf("the customer reads %q", gateway.Message(err))
			}
		})
	}
	t.Run("owners that are not told", func(t *testing.T) {
		r := newRig(t)
		r.limit(gateway.QuotaRule{Counts: gateway.CountedPerOwner, Max: 0})
		r.provision("ext-1")
	})
	t.Run("an unknown quota is our fault", func(t *testing.T) {
		r := newRig(t)
		r.limit(gateway.QuotaRule{Counts: "per_moon", Max: 9})
		_, err := r.scoped().Provision(t.Context(), order("ext-1"))
		wantKind(t, err, gateway.Internal)
	})
}

func TestAPlanChangeNeedsAPlaceOnItsNewPlan(t *testing.T) {
	r := newRig(t)
	var ids []string
	for i := range 10 {
		ids = append(ids, r.provision(fmt.Sprint("ext-", i)).Resource.ID)
	}
	r.limit(gateway.QuotaRule{Counts: gateway.CountedPerPlan, Max: 3})
	var changed atomic.Int64
	var group sync.WaitGroup
	for _, id := range ids {
		group.Go(func() {
			_, err := r.scoped().ChangePlan(t.Context(), id, "big")
			if err == nil {
				changed.Add(1)
			} else if gateway.KindOf(err) != gateway.Quota {
				t.Error(err)
			}
		})
	}
	group.Wait()
	if changed.Load() != 3 {
		t.Errorf("%d changes were made, want 3", changed.Load())
	}
	for _, id := range ids {
		if res := r.resource(id); res.State != gateway.Active || res.DesiredPlan != "" {
			t.Errorf("%s is %s, changing to %q", id, res.State, res.DesiredPlan)
		}
	}
	// One that leads to a plan counts there already.
	g := newGate()
	r.world.holdAt(g, backend.VerbChangePlan)
	answered := make(chan error, 1)
	r.limit(gateway.QuotaRule{Counts: gateway.CountedPerPlan, Max: 1})
	go func() {
		_, err := r.scoped().ChangePlan(t.Context(), ids[0], "huge")
		answered <- err
	}()
	<-g.reached
	o := order("late")
	o.Plan = "huge"
	_, err := r.scoped().Provision(t.Context(), o)
	wantKind(t, err, gateway.Quota)
	close(g.open)
	if err := <-answered; err != nil {
		t.Error(err)
	}
}
