package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
)

func particulars(t *testing.T, f *fixture) {
	want := f.resource(t, "1", func(r *lifecycle.ResourceRecord) {
		r.OutputsSealed, r.Owner, r.ConfigRev = []byte{1}, gateway.Owner{ID: "o", Name: "n"}, 3
	})
	f.resource(t, "2")
	p := gateway.Particulars{Name: "my db", Owner: gateway.Owner{ID: "p", Name: "m", Email: "e@x"}, Emails: []string{"e@x", "f@x"}}
	f.update(t, func(tx lifecycle.Tx) error { return tx.SetParticulars(want.ID, p) })
	want.Name, want.Owner, want.OwnerEmails = p.Name, p.Owner, p.Emails
	got, err := f.ResourceRecord(t.Context(), want.ID)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("with particulars (-want +got):\n%s", diff)
	}
	want.State = gateway.Active
	f.update(t, func(tx lifecycle.Tx) error { return tx.UpdateResource(want) }) // the version is still the one
	f.update(t, func(tx lifecycle.Tx) error { return tx.SetParticulars(want.ID, gateway.Particulars{}) })
	if got, err = f.ResourceRecord(t.Context(), want.ID); err != nil || got.OwnerEmails != nil || got.Owner != (gateway.Owner{}) {
		t.Errorf("emptied: %+v, %q, %v", got.Owner, got.OwnerEmails, err)
	}
	if other, err := f.ResourceRecord(t.Context(), "res_2"); err != nil || other.Name != "" {
		t.Errorf("another resource is called %q, %v", other.Name, err)
	}
}

func listUndelivered(t *testing.T, f *fixture) {
	add := func(name string, state gateway.State, config, delivered int64, updated time.Time) lifecycle.ResourceRecord {
		return f.resource(t, name, func(r *lifecycle.ResourceRecord) {
			r.State, r.ConfigRev, r.DeliveredRev, r.UpdatedAt = state, config, delivered, updated
		})
	}
	long := time.UnixMilli(1000)
	add("1", gateway.Active, 1, 0, long)
	add("2", gateway.Active, 1, 1, long)
	add("3", gateway.Updating, 1, 0, long)
	add("4", gateway.Active, 2, 1, long)
	add("5", gateway.Active, 1, 0, time.Now().Add(time.Minute))
	for id, state := range map[string]gateway.OperationState{"6": gateway.OperationPending, "7": gateway.OperationCancelled} {
		r := add(id, gateway.Active, 1, 0, long)
		f.operation(t, r, id, func(op *lifecycle.OperationRecord) { op.Verb, op.State = "push", state })
	}
	r := add("8", gateway.Active, 1, 0, long)
	f.operation(t, r, "8", func(op *lifecycle.OperationRecord) { op.Verb = "fetch_owner" })
	add("81", gateway.Suspended, 1, 0, long)
	r = add("82", gateway.Active, 1, 0, long)
	f.operation(t, r, "82", func(op *lifecycle.OperationRecord) { op.Verb = "complete" })
	r = add("83", gateway.Active, 1, 0, long)
	f.operation(t, r, "83", func(op *lifecycle.OperationRecord) { op.Verb, op.State = "complete", gateway.OperationDone })
	park := func(id, verb, waitingFor string) {
		op := f.operation(t, add(id, gateway.Active, 1, 0, long), id, func(op *lifecycle.OperationRecord) { op.Verb = verb })
		op.WaitingFor, op.RunAt = waitingFor, time.Time{}
		f.update(t, func(tx lifecycle.Tx) error { return tx.UpdatePending(op) })
	}
	park("84", "complete", "human")
	park("85", "complete", "platform")
	park("86", "push", "human")
	list := func(since time.Duration, after string, limit int) (ids string) {
		t.Helper()
		found, err := f.Undelivered(t.Context(), since, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range found {
			ids += r.ID + " "
		}
		return ids
	}
	for want, got := range map[string]string{
		"res_1 res_4 res_7 res_8 res_83 res_84 ": list(time.Second, "", 10),
		"res_4 res_7 ":                           list(time.Second, "res_1", 2),
		"":                                       list(time.Second, "res_84", 10),
	} {
		if got != want {
			t.Errorf("listed %q, want %q", got, want)
		}
	}
	f.update(t, func(tx lifecycle.Tx) error { return tx.MarkDelivered("res_4", 2) })
	if got := list(0, "res_1", 1); got != "res_7 " {
		t.Errorf("listed %q after a delivery", got)
	}
	if got := list(-2*time.Minute, "res_4", 1); got != "res_5 " {
		t.Errorf("listed %q", got)
	}
}
