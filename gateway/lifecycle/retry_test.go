package lifecycle_test

import (
	"context"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

func TestARetryTellsTheBackendWhatTheFilesSayToday(t *testing.T) {
	r := newRig(t)
	r.limits.MaxAttempts = 1
	r.catalog.set(func(c *fakeCatalog) { c.setting = "wrong" })
	r.world.hook(nil, func(_ context.Context, call lifecycle.Call) error {
		if call.Verb == backend.VerbDeprovision && call.Op.Config.Cty().GetAttr("setting").AsString() == "wrong" {
			return backend.Failf(backend.Internal, "the setting is wrong")
		}
		return nil
	})
	id := r.provision("ext-1").Resource.ID
	if _, err := r.scoped().Deprovision(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	op := r.parked(id, "human")
	if err := r.engine.Retry(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it was tried again", func() bool { return len(r.world.callsOf(backend.VerbDeprovision)) == 2 })
	op = r.parked(id, "human")
	r.catalog.set(func(c *fakeCatalog) { c.setting = "right" }) // an operator mends the file
	if err := r.engine.Retry(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	r.until(id, gateway.Deprovisioned)
	calls := r.world.callsOf(backend.VerbDeprovision)
	first, last := calls[0].Op, calls[len(calls)-1].Op
	if last.OperationID != first.OperationID || !last.Outputs.Cty().RawEquals(first.Outputs.Cty()) || last.Secrets["password"] != first.Secrets["password"] {
		t.Error("more has changed than the setting")
	}
}

func TestWhatHasNoSettingsTodayIsRetriedWithItsOwn(t *testing.T) {
	r := newRig(t)
	r.limits.MaxAttempts = 1
	r.world.hook(nil, func(_ context.Context, call lifecycle.Call) error {
		if call.Verb == backend.VerbDeprovision {
			return backend.Failf(backend.Internal, "out of order")
		}
		return nil
	})
	id := r.provision("ext-1").Resource.ID
	if _, err := r.scoped().Deprovision(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	op := r.parked(id, "human")
	r.world.hook(nil, nil)
	r.catalog.set(func(c *fakeCatalog) { c.opErr = gateway.Errorf(gateway.Conflict, "There is no such plan.") })
	if err := r.engine.Retry(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	r.until(id, gateway.Deprovisioned)
}

func TestWhatWaitsForItsNextAttemptIsTriedNow(t *testing.T) {
	r := newRig(t)
	r.limits.MinBackoff, r.limits.MaxBackoff, r.scope.Budget = time.Hour, time.Hour, time.Nanosecond
	r.world.hook(nil, func(_ context.Context, call lifecycle.Call) error {
		if call.Op.Attempt == 1 {
			return backend.Failf(backend.Retryable, "not now")
		}
		return nil
	})
	_, err := r.scoped().Provision(t.Context(), order("ext-1"))
	wantKind(t, err, gateway.Unavailable)
	id := r.byExternal("ext-1").ID
	eventually(t, "the first attempt is over", func() bool {
		op := r.operations(id)[0]
		return op.State == gateway.OperationPending && op.Attempt == 1 && op.RunAt.After(time.Now())
	})
	op := r.operations(id)[0]
	if err := r.engine.Retry(t.Context(), op.ID); err != nil {
		t.Fatal(err)
	}
	r.until(id, gateway.Active)
	if got := r.operations(id)[0]; got.Attempt != 2 || got.State != gateway.OperationDone {
		t.Errorf("%+v", got)
	}
	wantKind(t, r.engine.Retry(t.Context(), op.ID), gateway.Conflict)
}
