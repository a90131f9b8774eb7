package lifecycle_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// refuseAbove makes plan changes depend on what a resource uses now.
func (r *rig) refuseAbove(limit int64) {
	r.catalog.set(func(c *fakeCatalog) {
		c.rule = func(_ gateway.Resource, _ string, outputs func(bool) (backend.Value, error)) error {
			fresh, err := outputs(true)
			if err != nil {
				return err
			}
			used, _ := fresh.Cty().GetAttr("storage_mb").AsBigFloat().Int64()
			if used > limit {
				return gateway.Errorf(gateway.Unsupported, "The data does not fit.")
			}
			return nil
		}
	})
}

func TestARuleIsJudgedByWhatTheBackendReadsNow(t *testing.T) {
	r := newRig(t)
	r.world.state = []byte(`{"made":true}`)
	id := r.provision("ext-1").Resource.ID
	before := r.resource(id)
	r.refuseAbove(100)
	r.world.used = 101
	_, err := r.scoped().ChangePlan(t.Context(), id, "big")
	wantKind(t, err, gateway.Unsupported)
	if got := r.resource(id); got.Version != before.Version || r.story(id) != "provision:done " {
		t.Errorf("the read wrote something: version %d, operations %s", got.Version, r.story(id))
	}
	r.world.used = 100
	if _, err := r.scoped().ChangePlan(t.Context(), id, "big"); err != nil {
		t.Fatal(err)
	}
	call := r.world.callsOf(backend.VerbRead)[0]
	if call.Op.OperationID != "" || call.Op.ResourceID != id || call.Op.ShortID != before.ShortID || call.Op.Addon != addonName || call.Op.Plan.ID != "free" ||
		string(call.Op.State) != `{"made":true}` || call.Op.Secrets["password"] == "" || call.Op.Deadline.IsZero() {
		t.Errorf("the read was told %+v", call.Op)
	}
}

func TestFreshOutputsKeepTheGeneratedOnes(t *testing.T) {
	r := newRig(t)
	id := r.provision("ext-1").Resource.ID
	made, _ := r.world.thing(id)
	r.world.used = 7
	var fresh, recorded backend.Value
	r.catalog.set(func(c *fakeCatalog) {
		c.rule = func(_ gateway.Resource, _ string, outputs func(bool) (backend.Value, error)) (err error) {
			if fresh, err = outputs(true); err == nil {
				recorded, err = outputs(false)
			}
			return err
		}
	})
	if _, err := r.scoped().ChangePlan(t.Context(), id, "big"); err != nil {
		t.Fatal(err)
	}
	password, marks := fresh.Cty().GetAttr("password").Unmark()
	if _, sensitive := marks[backend.Sensitive]; !sensitive || password.AsString() != made.password {
		t.Error("the generated output is lost or not sensitive any more")
	}
	if !fresh.Cty().GetAttr("storage_mb").RawEquals(cty.NumberIntVal(7)) {
		t.Error("what was read is not there")
	}
	if recorded.Cty().Type().HasAttribute("storage_mb") {
		t.Error("what was read was recorded")
	}
}

func TestAReadThatFailsOrIsLateMakesTheChangeUnavailable(t *testing.T) {
	for name, answer := range map[string]func(ctx context.Context) error{
		"retryable": func(context.Context) error { return backend.Failf(backend.Retryable, "locked") },
		"not found": func(context.Context) error { return backend.Failf(backend.NotFound, "no such database") },
		"unknown":   func(context.Context) error { return errors.New("the stream broke") },
		"late":      func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.limits.Timeouts = map[backend.Verb]time.Duration{backend.VerbRead: 30 * time.Millisecond}
			var log bytes.Buffer
			r.log = slog.New(slog.NewTextHandler(&log, nil))
			r.restart()
			id := r.provision("ext-1").Resource.ID
			r.refuseAbove(100)
			r.world.hook(func(ctx context.Context, call lifecycle.Call, _ func(string, []byte)) error {
				if call.Verb == backend.VerbRead {
					return answer(ctx)
				}
				return nil
			}, nil)
			_, err := r.scoped().ChangePlan(t.Context(), id, "big")
			wantKind(t, err, gateway.Unavailable)
			if errorsContain(gateway.Message(err), "database") || gateway.Message(err) == "" {
				t.Errorf("the customer reads %q", gateway.Message(err))
			}
			if got := r.story(id); got != "provision:done " {
				t.Errorf("operations: %s", got)
			}
			r.crash()
			if !strings.Contains(log.String(), "outputs not read") {
				t.Error("the log says nothing")
			}
			r.start()
		})
	}
}

func TestAReadTakesASlotAndGivesItBack(t *testing.T) {
	r := newRig(t)
	r.limits.Concurrency = 1
	r.limits.Timeouts = map[backend.Verb]time.Duration{backend.VerbRead: 30 * time.Millisecond}
	id := r.provision("ext-1").Resource.ID
	r.refuseAbove(100)
	g := newGate()
	r.world.holdAt(g, backend.VerbProvision)
	answered := make(chan error, 1)
	go func() {
		_, err := r.scoped().Provision(t.Context(), order("ext-2"))
		answered <- err
	}()
	<-g.reached
	_, err := r.scoped().ChangePlan(t.Context(), id, "big")
	wantKind(t, err, gateway.Unavailable)
	if n := len(r.world.callsOf(backend.VerbRead)); n != 0 {
		t.Errorf("%d reads beside a backend that takes one call at a time", n)
	}
	close(g.open)
	if err := <-answered; err != nil {
		t.Error(err)
	}
	r.limits.Timeouts = nil
	for _, plan := range []string{"big", "huge"} {
		if _, err := r.scoped().ChangePlan(t.Context(), id, plan); err != nil {
			t.Error(err)
		}
	}
}
