package storetest

import (
	"errors"
	"fmt"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

func livingIsCounted(t *testing.T, f *fixture) {
	n := 0
	make := func(change func(*lifecycle.ResourceRecord)) {
		n++
		f.resource(t, fmt.Sprint(n), change)
	}
	for _, state := range gateway.States() {
		make(func(r *lifecycle.ResourceRecord) { r.State, r.Owner.ID = state, "ann" })
	}
	make(func(r *lifecycle.ResourceRecord) { r.Platform, r.Owner.ID = "mars", "ann" })
	make(func(r *lifecycle.ResourceRecord) { r.Plan, r.Owner.ID = "big", "bob" })
	make(func(r *lifecycle.ResourceRecord) { r.DesiredPlan, r.State = "big", gateway.Updating })
	make(func(r *lifecycle.ResourceRecord) { r.Addon, r.Plan, r.Owner.ID = "acme-cache", "big", "ann" })
	for name, tc := range map[string]struct {
		which      lifecycle.Living
		most, want int
	}{
		"an add-on":                     {lifecycle.Living{Addon: "acme-db"}, 100, 7},
		"as far as asked":               {lifecycle.Living{Addon: "acme-db"}, 4, 4},
		"an owner on one platform":      {lifecycle.Living{Addon: "acme-db", Platform: "moon", Owner: "ann"}, 100, 4},
		"an owner, as far as asked":     {lifecycle.Living{Addon: "acme-db", Platform: "moon", Owner: "ann"}, 1, 1},
		"a plan":                        {lifecycle.Living{Addon: "acme-db", Plan: "free"}, 100, 6},
		"a plan that one is changed to": {lifecycle.Living{Addon: "acme-db", Plan: "big"}, 100, 2},
		"a plan, as far as asked":       {lifecycle.Living{Addon: "acme-db", Plan: "big"}, 1, 1},
		"what nobody has":               {lifecycle.Living{Addon: "acme-queue"}, 100, 0},
	} {
		t.Run(name, func(t *testing.T) {
			f.update(t, func(tx lifecycle.Tx) error {
				got, err := tx.CountLiving(tc.which, tc.most)
				if err == nil && got != tc.want {
					t.Errorf("counted %d, want %d", got, tc.want)
				}
				return err
			})
		})
	}
}

// countsAreExact lets many transactions write, count, and undo what is one too
// many: the way the engine keeps quotas.
func countsAreExact(t *testing.T, f *fixture) {
	const orders, places = 120, 17
	errFull := errors.New("full")
	var group sync.WaitGroup
	for i := range orders {
		group.Go(func() {
			err := f.Update(t.Context(), func(tx lifecycle.Tx) error {
				if err := tx.InsertResource(newResource(fmt.Sprint(i))); err != nil {
					return err
				}
				n, err := tx.CountLiving(lifecycle.Living{Addon: "acme-db"}, places+1)
				if err == nil && n > places {
					err = errFull
				}
				return err
			})
			if err != nil && !errors.Is(err, errFull) {
				t.Error(err)
			}
		})
	}
	group.Wait()
	found, err := f.Resources(t.Context(), gateway.ResourceFilter{Limit: 1000})
	if err != nil || len(found) != places {
		t.Errorf("%d resources were written, want %d (%v)", len(found), places, err)
	}
}

func inUseIsGrouped(t *testing.T, f *fixture) {
	in := func(name string, state gateway.State, change ...func(*lifecycle.ResourceRecord)) lifecycle.ResourceRecord {
		return f.resource(t, name, append(change, func(r *lifecycle.ResourceRecord) { r.State = state })...)
	}
	drop := func(r lifecycle.ResourceRecord, change ...func(*lifecycle.OperationRecord)) {
		f.operation(t, r, r.ID, append(change, func(op *lifecycle.OperationRecord) { op.Verb = string(backend.VerbDeprovision) })...)
	}
	in("1", gateway.Active)
	in("2", gateway.Provisioning)
	in("3", gateway.Failed)
	in("4", gateway.Deprovisioned)
	drop(in("5", gateway.Deprovisioned)) // waits for its purge
	drop(in("6", gateway.Deprovisioning))
	f.operation(t, in("7", gateway.Active), "7", running("node_a"))
	in("8", gateway.Updating, func(r *lifecycle.ResourceRecord) { r.DesiredPlan = "big" })
	in("9", gateway.Active, func(r *lifecycle.ResourceRecord) { r.Platform = "mars" })
	in("10", gateway.Active, func(r *lifecycle.ResourceRecord) { r.Region = "us" })
	in("11", gateway.Active, func(r *lifecycle.ResourceRecord) { r.Addon = "acme-cache" })
	// An order repeated on another backend waits behind the clean-up on the first.
	drop(in("12", gateway.Provisioning, func(r *lifecycle.ResourceRecord) { r.Backend = "postgres.new" }))
	want := []gateway.InUse{
		{Platform: "moon", Addon: "acme-cache", Plan: "free", Region: "eu", Backend: "postgres.main", Count: 1},
		{Platform: "moon", Addon: "acme-db", Plan: "big", Region: "eu", Backend: "postgres.main", Count: 1},
		{Platform: "mars", Addon: "acme-db", Plan: "free", Region: "eu", Backend: "postgres.main", Count: 1},
		{Platform: "moon", Addon: "acme-db", Plan: "free", Region: "eu", Backend: "postgres.main", Count: 7},
		{Platform: "moon", Addon: "acme-db", Plan: "free", Region: "eu", Backend: "postgres.new", Count: 1},
		{Platform: "moon", Addon: "acme-db", Plan: "free", Region: "us", Backend: "postgres.main", Count: 1},
	}
	got, err := f.InUse(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("in use (-want +got):\n%s", diff)
	}
}

// rename renames and must change so many names of resources.
func (f *fixture) rename(t *testing.T, want int, all ...gateway.Rename) {
	t.Helper()
	f.update(t, func(tx lifecycle.Tx) error {
		n, err := tx.Rename(all)
		if err == nil && n != want {
			t.Errorf("%d names were changed, want %d", n, want)
		}
		return err
	})
}

// names lists what the resources are called: "addon/plan/desired@backend".
func (f *fixture) names(t *testing.T) map[string]string {
	t.Helper()
	found, err := f.Resources(t.Context(), gateway.ResourceFilter{})
	if err != nil {
		t.Fatal(err)
	}
	names := map[string]string{}
	for _, r := range found {
		names[r.ID] = r.Addon + "/" + r.Plan + "/" + r.DesiredPlan + "@" + r.Backend
	}
	return names
}

func renames(t *testing.T, f *fixture) {
	on := func(plan string) func(*lifecycle.ResourceRecord) {
		return func(r *lifecycle.ResourceRecord) { r.Plan = plan }
	}
	a := f.resource(t, "a", on("a"))
	f.operation(t, a, "a", func(op *lifecycle.OperationRecord) { op.Plan = "a" })
	f.resource(t, "b", on("b"), func(r *lifecycle.ResourceRecord) { r.DesiredPlan = "a" })
	f.resource(t, "dead", on("a"), func(r *lifecycle.ResourceRecord) { r.State = gateway.Deprovisioned })
	f.resource(t, "other", on("a"), func(r *lifecycle.ResourceRecord) { r.Addon = "acme-cache" })
	over := f.operation(t, a, "over", func(op *lifecycle.OperationRecord) { op.Plan, op.Lane = "a", "x" }, running("node_a"))
	f.settle(t, over, gateway.OperationDone)

	all := []gateway.Rename{
		{What: gateway.RenamedPlan, Addon: "acme-sql", From: "a", To: "b"},
		{What: gateway.RenamedPlan, Addon: "acme-sql", From: "b", To: "c"},
		{What: gateway.RenamedBackend, From: "postgres.main", To: "postgres.big"},
		{What: gateway.RenamedAddon, From: "acme-db", To: "acme-sql"},
	}
	want := map[string]string{
		"res_a": "acme-sql/b/@postgres.big", "res_b": "acme-sql/c/b@postgres.big", "res_dead": "acme-sql/b/@postgres.big",
		"res_other": "acme-cache/a/@postgres.big",
	}
	f.rename(t, 3+4+4, all...) // add-ons, plans that they have or change to, backends
	for _, when := range []string{"once", "again", "after a restart"} {
		if diff := cmp.Diff(want, f.names(t)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", when, diff)
		}
		f.rename(t, 0, all...)
		f.reopen(t)
	}
	if op := f.read(t, "op_a"); op.Plan != "b" || op.Backend != "postgres.big" {
		t.Errorf("a pending operation leads to %s on %s", op.Plan, op.Backend)
	}
	if op := f.read(t, "op_over"); op.Plan != "a" || op.Backend != "postgres.main" {
		t.Errorf("an operation that is over became %s on %s", op.Plan, op.Backend)
	}

	// What comes late under a name that only renames know is renamed too.
	f.resource(t, "late", on("a"), func(r *lifecycle.ResourceRecord) { r.Addon = "acme-sql" })
	f.rename(t, 1+1, all...)
	// Without its rename, and with it anew, an old name is new again.
	f.rename(t, 0)
	f.rename(t, 4, all[1], all[0]) // b→c: all that are on b or changed to it; a→b: none
	if got := f.names(t)["res_a"]; got != "acme-sql/c/@postgres.big" {
		t.Errorf("a rename that was taken back and given again left %s", got)
	}
}

func renameIsFenced(t *testing.T, f *fixture) {
	r := f.resource(t, "1")
	op := f.operation(t, r, "1", running("node_a"))
	f.rename(t, 1, gateway.Rename{What: gateway.RenamedPlan, Addon: r.Addon, From: "free", To: "hobby"})
	f.refused(t, lifecycle.ErrStale, func(tx lifecycle.Tx) error {
		done := op
		done.State = gateway.OperationDone
		if err := tx.Settle(done); err != nil {
			return err
		}
		return tx.UpdateResource(r)
	})
	f.settle(t, op, gateway.OperationDone) // its owner and attempt still hold
	if got := f.read(t, op.ID); got.Plan != "hobby" {
		t.Errorf("the operation leads to %s", got.Plan)
	}
	if got := f.names(t)["res_1"]; got != "acme-db/hobby/@postgres.main" {
		t.Errorf("the resource is %s", got)
	}
}

func renameOntoTaken(t *testing.T, f *fixture) {
	f.resource(t, "1", func(r *lifecycle.ResourceRecord) { r.ExternalID = "same" })
	f.resource(t, "2", func(r *lifecycle.ResourceRecord) { r.ExternalID, r.Addon = "same", "acme-sql" })
	f.resource(t, "3")
	before := f.names(t)
	all := []gateway.Rename{
		{What: gateway.RenamedBackend, From: "postgres.main", To: "postgres.big"},
		{What: gateway.RenamedAddon, From: "acme-db", To: "acme-sql"},
	}
	f.refused(t, lifecycle.ErrTaken, func(tx lifecycle.Tx) error {
		_, err := tx.Rename(all)
		return err
	})
	if diff := cmp.Diff(before, f.names(t)); diff != "" {
		t.Errorf("a refused rename (-before +after):\n%s", diff)
	}
}
