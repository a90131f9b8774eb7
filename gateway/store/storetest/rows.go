package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
)

func resourceRoundTrip(t *testing.T, f *fixture) {
	want := lifecycle.ResourceRecord{
		Resource: gateway.Resource{
			ID: "res_1", ShortID: "short1", ProviderID: "prov-1", Kind: gateway.KindAddon,
			Platform: "moon", Addon: "acme-db", ExternalID: "ext-1",
			Plan: "free", DesiredPlan: "big", Region: "eu", Backend: "postgres.main",
			Name: "my \"db\"", App: "app-1", Options: map[string]string{"a": "ü", "": ""},
			Owner: gateway.Owner{ID: "o", Name: "n", Email: "e@x"}, OwnerEmails: []string{"e@x", "f@x"}, UserID: "u",
			CallbackURL: "https://moon/cb", LogDrainURL: "syslog://x",
			State: gateway.Suspended, Reason: "not paid", LockedOut: true, Accepted: true, LastError: "oops", ConfigRev: 7, DeliveredRev: 6,
			Rotation:  gateway.Rotation{Phase: gateway.Reverting, Rev: 7, Grace: time.Minute, Due: time.UnixMilli(4), Sure: true, Forced: true},
			RotatedAt: time.UnixMilli(5),
			CreatedAt: time.UnixMilli(1), UpdatedAt: time.UnixMilli(2), DeletedAt: time.UnixMilli(3),
		},
		Version: 1, OutputsSealed: []byte{0, 1}, SecretsSealed: []byte{2}, StateSealed: []byte{3},
		DeliverySealed: []byte{4}, FirstConfigSealed: []byte{5}, LogTokenSealed: []byte{6}, BeforeSealed: []byte{7},
	}
	f.update(t, func(tx lifecycle.Tx) error { return tx.InsertResource(want) })
	got, err := f.ResourceRecord(t.Context(), "res_1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("inserted (-want +got):\n%s", diff)
	}

	want.Plan, want.DesiredPlan, want.Backend, want.State = "big", "", "postgres.other", gateway.Active
	want.Reason, want.Accepted, want.LockedOut = "", false, false
	want.LastError, want.ConfigRev, want.UpdatedAt, want.DeletedAt = "", 8, time.UnixMilli(4), time.Time{}
	want.OutputsSealed, want.SecretsSealed, want.StateSealed = []byte{10}, nil, []byte{30}
	want.DeliverySealed, want.FirstConfigSealed, want.LogTokenSealed = []byte{40}, nil, nil
	f.update(t, func(tx lifecycle.Tx) error { return tx.UpdateResource(want) })
	want.Version = 2
	f.update(t, func(tx lifecycle.Tx) error {
		var err error
		got, err = tx.ResourceRecord("res_1")
		return err
	})
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("updated (-want +got):\n%s", diff)
	}
	if _, err := f.ResourceRecord(t.Context(), "res_2"); !errors.Is(err, lifecycle.ErrNotFound) {
		t.Errorf("an unknown id: %v, want ErrNotFound", err)
	}
}

func operationRoundTrip(t *testing.T, f *fixture) {
	r := f.resource(t, "1")
	got := f.operation(t, r, "1", func(op *lifecycle.OperationRecord) {
		op.InputSealed, op.OldPlanSealed, op.Mode = []byte{1}, []byte{2}, "soft"
		op.Action, op.ArgsSealed, op.Credentialed = "reboot", []byte{8}, true
	})
	want := newOperation(r, "1")
	want.Mode, want.Action, want.ArgsSealed, want.Credentialed = "soft", "reboot", []byte{8}, true
	want.Seq, want.InputSealed, want.OldPlanSealed = 1, []byte{1}, []byte{2}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("inserted (-want +got):\n%s", diff)
	}

	got = f.claim(t, "op_1", "node_a")
	want.State, want.Owner, want.Attempt, want.RunAt = gateway.OperationRunning, "node_a", 1, time.Time{}
	want.LeaseUntil = got.LeaseUntil
	if got.LeaseUntil.IsZero() {
		t.Error("a claimed operation has no lease")
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claimed (-want +got):\n%s", diff)
	}

	want.State, want.RunAt, want.WaitingFor, want.MaxAttempts = gateway.OperationPending, time.UnixMilli(77), "human", 40
	want.Acted, want.Error, want.FailureKind, want.FailureMessage = true, "why", gateway.Quota, "full"
	want.FinishedAt = time.UnixMilli(99)
	f.update(t, func(tx lifecycle.Tx) error { return tx.Settle(want) })
	want.LeaseUntil = time.Time{}
	if diff := cmp.Diff(want, f.read(t, "op_1")); diff != "" {
		t.Errorf("settled (-want +got):\n%s", diff)
	}

	want.State, want.RunAt, want.WaitingFor, want.MaxAttempts = gateway.OperationCancelled, time.Time{}, "", 60
	want.CancelRequested, want.FinishedAt, want.InputSealed = true, time.UnixMilli(100), []byte{3}
	pending := want
	f.update(t, func(tx lifecycle.Tx) error { return tx.UpdatePending(pending) })
	if diff := cmp.Diff(want, f.read(t, "op_1")); diff != "" {
		t.Errorf("updated (-want +got):\n%s", diff)
	}
	f.refused(t, lifecycle.ErrStale, func(tx lifecycle.Tx) error { return tx.UpdatePending(pending) })
}

func externalIDIsUnique(t *testing.T, f *fixture) {
	first := f.resource(t, "1")
	second := newResource("2")
	second.ExternalID = first.ExternalID
	f.refused(t, lifecycle.ErrTaken, func(tx lifecycle.Tx) error { return tx.InsertResource(second) })

	elsewhere := newResource("3")
	elsewhere.ExternalID, elsewhere.Platform = first.ExternalID, "mars"
	other := newResource("4")
	other.ExternalID, other.Addon = first.ExternalID, "acme-cache"
	f.update(t, func(tx lifecycle.Tx) error {
		return errors.Join(tx.InsertResource(elsewhere), tx.InsertResource(other))
	})

	first.State = gateway.Deprovisioned
	f.update(t, func(tx lifecycle.Tx) error { return tx.UpdateResource(first) })
	f.update(t, func(tx lifecycle.Tx) error { return tx.InsertResource(second) })
}

func livingHidesTombstones(t *testing.T, f *fixture) {
	dead := func(r *lifecycle.ResourceRecord) { r.ExternalID, r.State = "same", gateway.Deprovisioned }
	f.resource(t, "1", dead)
	f.resource(t, "3", dead)
	f.resource(t, "2", dead)
	find := func() string {
		r, err := f.ResourceByExternalID(t.Context(), "moon", "acme-db", "same")
		if err != nil {
			t.Fatal(err)
		}
		return r.ID
	}
	if got := find(); got != "res_3" {
		t.Errorf("among tombstones %s was found, want the youngest, res_3", got)
	}
	f.resource(t, "0", func(r *lifecycle.ResourceRecord) { r.ExternalID = "same" })
	if got := find(); got != "res_0" {
		t.Errorf("%s was found, want the living res_0", got)
	}
	for name, scope := range map[string][2]string{"platform": {"mars", "acme-db"}, "add-on": {"moon", "acme-cache"}} {
		if _, err := f.ResourceByExternalID(t.Context(), scope[0], scope[1], "same"); !errors.Is(err, lifecycle.ErrNotFound) {
			t.Errorf("on another %s: %v, want ErrNotFound", name, err)
		}
	}
}

func providerIDIsScoped(t *testing.T, f *fixture) {
	f.resource(t, "1", func(r *lifecycle.ResourceRecord) { r.State = gateway.Deprovisioned })
	if r, err := f.ResourceByProviderID(t.Context(), "moon", "acme-db", "prov-1"); err != nil || r.ID != "res_1" {
		t.Errorf("found %q, %v", r.ID, err)
	}
	for name, scope := range map[string][3]string{
		"platform": {"mars", "acme-db", "prov-1"}, "add-on": {"moon", "acme-cache", "prov-1"}, "id": {"moon", "acme-db", "res_1"},
	} {
		if _, err := f.ResourceByProviderID(t.Context(), scope[0], scope[1], scope[2]); !errors.Is(err, lifecycle.ErrNotFound) {
			t.Errorf("another %s: %v, want ErrNotFound", name, err)
		}
	}
}

func shortIDIsUnique(t *testing.T, f *fixture) {
	first := f.resource(t, "1")
	second := newResource("2")
	second.ShortID = first.ShortID
	f.refused(t, lifecycle.ErrShortIDTaken, func(tx lifecycle.Tx) error { return tx.InsertResource(second) })
}

func staleUpdateIsRefused(t *testing.T, f *fixture) {
	r := f.resource(t, "1")
	f.update(t, func(tx lifecycle.Tx) error { return tx.UpdateResource(r) })
	f.refused(t, lifecycle.ErrStale, func(tx lifecycle.Tx) error { return tx.UpdateResource(r) })
}

func deliveryMarksRise(t *testing.T, f *fixture) {
	r := f.resource(t, "1")
	for _, step := range []struct{ mark, want int64 }{{2, 2}, {1, 2}, {3, 3}} {
		f.update(t, func(tx lifecycle.Tx) error { return tx.MarkDelivered(r.ID, step.mark) })
		got, err := f.ResourceRecord(t.Context(), r.ID)
		if err != nil {
			t.Fatal(err)
		}
		if got.DeliveredRev != step.want || got.Version != 1 {
			t.Errorf("after mark %d: rev %d of version %d, want %d of 1", step.mark, got.DeliveredRev, got.Version, step.want)
		}
	}
	f.update(t, func(tx lifecycle.Tx) error { return tx.MarkDelivered("res_unknown", 1) })
}

func inputsAreForgotten(t *testing.T, f *fixture) {
	r := f.resource(t, "1")
	with := func(op *lifecycle.OperationRecord) { op.InputSealed, op.OldPlanSealed = []byte{1}, []byte{2} }
	f.operation(t, r, "1", with)
	f.operation(t, r, "2", with)
	if last, err := f.LastInput(t.Context(), r.ID); err != nil || last.ID != "op_2" {
		t.Errorf("the last input is of %q, %v; want op_2", last.ID, err)
	}
	f.update(t, func(tx lifecycle.Tx) error { return tx.ForgetInputs(r.ID) })
	if op := f.read(t, "op_1"); op.InputSealed != nil || op.OldPlanSealed != nil {
		t.Error("inputs are still there")
	}
	if _, err := f.LastInput(t.Context(), r.ID); !errors.Is(err, lifecycle.ErrNotFound) {
		t.Errorf("the last input: %v, want ErrNotFound", err)
	}
}

func survivesReopening(t *testing.T, f *fixture) {
	r := f.resource(t, "1")
	op := f.operation(t, r, "1", running("node_a"))
	f.reopen(t)
	if got, err := f.ResourceRecord(t.Context(), r.ID); err != nil || got.ID != r.ID {
		t.Errorf("resource: %q, %v", got.ID, err)
	}
	if diff := cmp.Diff(op, f.read(t, op.ID)); diff != "" {
		t.Errorf("operation (-before +after):\n%s", diff)
	}
}
