package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

func rotationIsKept(t *testing.T, f *fixture) {
	want := f.resource(t, "1", func(r *lifecycle.ResourceRecord) { r.State = gateway.Active })
	f.resource(t, "2")
	changed := want
	changed.Rotation = gateway.Rotation{Phase: gateway.Staged, Rev: 4, Grace: 90 * time.Millisecond, Due: time.UnixMilli(70), Sure: true, Forced: true}
	changed.RotatedAt, changed.BeforeSealed, changed.Plan = time.UnixMilli(80), []byte{9}, "not written"
	f.update(t, func(tx lifecycle.Tx) error { return tx.SetRotation(changed) })
	want.Rotation, want.RotatedAt, want.BeforeSealed = changed.Rotation, changed.RotatedAt, changed.BeforeSealed
	is := func(what string) {
		t.Helper()
		got, err := f.ResourceRecord(t.Context(), want.ID)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", what, diff)
		}
	}
	is("with a rotation")
	stale := want
	stale.Rotation, stale.BeforeSealed, stale.RotatedAt, stale.Plan = gateway.Rotation{}, nil, time.Time{}, "big"
	f.update(t, func(tx lifecycle.Tx) error { return tx.UpdateResource(stale) })
	want.Plan, want.Version = "big", 2
	is("after an update by somebody who knew of no rotation")
	if other, err := f.ResourceRecord(t.Context(), "res_2"); err != nil || other.Rotation != (gateway.Rotation{}) || !other.RotatedAt.IsZero() {
		t.Errorf("another resource has %+v, %v", other.Rotation, err)
	}
	if sealed, err := f.HasSealedRows(t.Context()); err != nil || !sealed {
		t.Errorf("what the credentials were is not counted as sealed: %v", err)
	}
}

func graceBeginsWithTheDelivery(t *testing.T, f *fixture) {
	rotating := func(name string, phase gateway.RotationPhase) string {
		r := f.resource(t, name, func(r *lifecycle.ResourceRecord) { r.State, r.ConfigRev, r.DeliveredRev = gateway.Active, 5, 3 })
		r.Rotation = gateway.Rotation{Phase: phase, Rev: 5, Grace: time.Hour}
		f.update(t, func(tx lifecycle.Tx) error { return tx.SetRotation(r) })
		return r.ID
	}
	due := func(id string, rev int64) time.Duration {
		t.Helper()
		f.update(t, func(tx lifecycle.Tx) error { return tx.MarkDelivered(id, rev) })
		got, err := f.ResourceRecord(t.Context(), id)
		if err != nil {
			t.Fatal(err)
		}
		if got.Rotation.Due.IsZero() {
			return 0
		}
		return time.Until(got.Rotation.Due).Round(time.Minute)
	}
	for _, phase := range []gateway.RotationPhase{gateway.Staged, gateway.Reverting} {
		id := rotating(string(phase), phase)
		if got := due(id, 4); got != 0 {
			t.Errorf("%s: an older revision makes it due in %s", phase, got)
		}
		if got := due(id, 5); got != time.Hour {
			t.Errorf("%s: due in %s", phase, got)
		}
		f.update(t, func(tx lifecycle.Tx) error {
			r, err := tx.ResourceRecord(id)
			if err != nil {
				return err
			}
			r.Rotation.Due = time.Time{} // the step is being taken
			return tx.SetRotation(r)
		})
		if got := due(id, 6); got != 0 {
			t.Errorf("%s: a later delivery makes it due again, in %s", phase, got)
		}
	}
	sure := f.resource(t, "sure", func(r *lifecycle.ResourceRecord) { r.State, r.ConfigRev, r.DeliveredRev = gateway.Active, 5, 3 })
	sure.Rotation = gateway.Rotation{Phase: gateway.Staged, Rev: 5, Grace: time.Hour, Sure: true}
	f.update(t, func(tx lifecycle.Tx) error { return errors.Join(tx.SetRotation(sure), tx.MarkDelivered(sure.ID, 5)) })
	if got, err := f.ResourceRecord(t.Context(), sure.ID); err != nil || got.Rotation.Due.IsZero() || time.Until(got.Rotation.Due) > time.Second {
		t.Errorf("what was confirmed after the grace is due at %s, %v", got.Rotation.Due, err)
	}
	if got := due(rotating("staging", gateway.Staging), 6); got != 0 {
		t.Errorf("what is being staged is due in %s", got)
	}
}

func rotationsAreListed(t *testing.T, f *fixture) {
	add := func(name string, state gateway.State, due time.Time) {
		r := f.resource(t, name, func(r *lifecycle.ResourceRecord) { r.State = state })
		r.Rotation = gateway.Rotation{Phase: gateway.Staged, Due: due}
		f.update(t, func(tx lifecycle.Tx) error { return tx.SetRotation(r) })
	}
	add("late", gateway.Active, time.UnixMilli(20))
	add("later", gateway.Active, time.UnixMilli(10))
	add("future", gateway.Active, time.Now().Add(time.Hour))
	add("suspended", gateway.Suspended, time.UnixMilli(5))
	add("waiting", gateway.Active, time.Time{})
	list := func(limit int) (ids string) {
		t.Helper()
		found, err := f.RotationsDue(t.Context(), limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range found {
			ids += r.ID + " "
		}
		return ids
	}
	if got := list(10); got != "res_later res_late " {
		t.Errorf("due: %q", got)
	}
	if got := list(1); got != "res_later " {
		t.Errorf("the first: %q", got)
	}
}

func oldCredentialsAreListed(t *testing.T, f *fixture) {
	rule := gateway.RotationRule{Addon: "acme-db", Plan: "free", Every: time.Hour}
	add := func(name string, created, rotated time.Time, change ...func(*lifecycle.ResourceRecord)) {
		r := f.resource(t, name, append(change, func(r *lifecycle.ResourceRecord) {
			r.CreatedAt = created
			if r.State == gateway.Provisioning {
				r.State = gateway.Active
			}
		})...)
		r.RotatedAt = rotated
		f.update(t, func(tx lifecycle.Tx) error { return tx.SetRotation(r) })
	}
	old, young := time.Now().Add(-2*time.Hour), time.Now().Add(-time.Minute)
	add("1", old, time.Time{})
	add("2", young, time.Time{})
	add("3", old, young)
	add("4", old, old)
	add("5", old, time.Time{}, func(r *lifecycle.ResourceRecord) { r.Plan = "big" })
	add("6", old, time.Time{}, func(r *lifecycle.ResourceRecord) { r.Addon = "other" })
	add("7", old, time.Time{}, func(r *lifecycle.ResourceRecord) { r.State = gateway.Suspended })
	add("8", old, time.Time{}, func(r *lifecycle.ResourceRecord) { r.Kind = gateway.KindServer })
	add("9", old, time.Time{}, func(r *lifecycle.ResourceRecord) { r.Rotation.Phase = gateway.Staged })
	tried := func(r string, verb backend.Verb, ago time.Duration) {
		row, err := f.ResourceRecord(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		f.operation(t, row, "op_"+r, func(op *lifecycle.OperationRecord) {
			op.Verb, op.State, op.CreatedAt = string(verb), gateway.OperationFailed, time.Now().Add(-ago)
		})
	}
	add("a", old, time.Time{})
	tried("res_a", backend.VerbRotate, time.Minute)
	tried("res_4", backend.VerbRotate, 90*time.Minute)
	tried("res_1", backend.VerbChangePlan, time.Minute)
	list := func(after string, limit int) (ids string) {
		t.Helper()
		found, err := f.Unrotated(t.Context(), rule, time.Hour, after, limit)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range found {
			ids += r.ID + " "
		}
		return ids
	}
	for want, got := range map[string]string{"res_1 res_4 ": list("", 10), "res_1 ": list("", 1), "res_4 ": list("res_1", 10)} {
		if got != want {
			t.Errorf("listed %q, want %q", got, want)
		}
	}
}
