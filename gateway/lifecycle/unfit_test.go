package lifecycle_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// TestAnOperationWithAnUnfitBackendWaitsForAnother is about a plugin that must not
// be told of the resource, such as one that is older than the resource's state.
func TestAnOperationWithAnUnfitBackendWaitsForAnother(t *testing.T) {
	r := newRig(t)
	r.limits.MaxAttempts = 2
	id := r.provision("ext-1").Resource.ID
	r.world.fail(backend.VerbDeprovision, fmt.Errorf("a later version has worked on it: %w", lifecycle.ErrUnfit))
	r.drop(id)
	for range 4 {
		op := r.waitForBackend(id)
		if !op.RunAt.IsZero() || !strings.Contains(op.Error, "a later version has worked on it") || r.resource(id).LastError != op.Error {
			t.Fatalf("it is due at %v, error %q, last error %q", op.RunAt, op.Error, r.resource(id).LastError)
		}
		r.restart() // perhaps with another plugin, but it is the same
		eventually(t, "it is attempted again", func() bool { return r.operations(id)[1].Attempt > op.Attempt })
	}
	r.waitForBackend(id)
	if things, _ := r.world.count(); things != 1 {
		t.Fatalf("%d things, want the one that nobody may touch", things)
	}
	r.world.hook(nil, nil)
	r.restart()
	r.until(id, gateway.Deprovisioned)
	if things, _ := r.world.count(); things != 0 || r.resource(id).LastError != "" {
		t.Errorf("%d things, last error %q", things, r.resource(id).LastError)
	}
}
