package pluginhost

import (
	"errors"
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// newAgesRig makes a host that finds plugins of other ages.
func newAgesRig(t *testing.T) *rig {
	t.Helper()
	return newRig(t, func(o *Options) {
		o.Dirs = append(o.Dirs, linked(t, "versions", []string{"older", "boasting", "newer", "future", "state-1", "state-2", "reads-3", "breaks-3", "loses-3"}))
	})
}

func (r *rig) launchAge(name string) *Backend {
	r.t.Helper()
	b, err := r.host.Launch(r.t.Context(), Spec{Name: name, TLS: true, Backend: name + ".main"}, backend.Value{}, nil)
	if err != nil {
		r.t.Fatalf("launch: %v", err)
	}
	return b
}

// works lets a plugin make a resource, look at it and remove it.
func (r *rig) works(b *Backend) {
	r.t.Helper()
	for _, verb := range []backend.Verb{backend.VerbProvision, backend.VerbRead, backend.VerbDeprovision} {
		if _, err := r.run(b, lifecycle.Call{Verb: verb, Op: call("").Op}); err != nil {
			r.t.Errorf("%s: %v", verb, err)
		}
	}
	if health := b.Health(r.t.Context()); !health.OK {
		r.t.Errorf("health: %+v", health)
	}
}

// laterCalls are those that the first plugins did not know.
func laterCalls() map[string]lifecycle.Call {
	op := call("").Op
	return map[string]lifecycle.Call{
		"suspend": {Verb: backend.VerbSuspend, Op: op},
		"resume":  {Verb: backend.VerbResume, Op: op},
		"rotate":  {Verb: backend.VerbRotate, Phase: backend.RotateStage, Op: op},
		"invoke":  {Verb: backend.VerbInvoke, Action: "reboot", Op: op},
	}
}

func TestAnOlderPluginWorksAndIsNotAskedForMore(t *testing.T) {
	t.Parallel()
	r := newAgesRig(t)
	b := r.launchAge("older")
	r.works(b)
	for name, c := range laterCalls() {
		var failure *backend.Failure
		if _, err := r.run(b, c); !errors.As(err, &failure) || failure.Class != backend.Unsupported || strings.Contains(failure.Message, "does not implement") {
			t.Errorf("%s: %v, want %s before anybody was asked", name, err, backend.Unsupported)
		}
	}
	r.works(b)
}

// TestACallThatAPluginClaimsAndLacksIsUnsupported is about what is said on the
// wire.
func TestACallThatAPluginClaimsAndLacksIsUnsupported(t *testing.T) {
	t.Parallel()
	r := newAgesRig(t)
	b := r.launchAge("boasting")
	for name, c := range laterCalls() {
		var failure *backend.Failure
		if _, err := r.run(b, c); !errors.As(err, &failure) || failure.Class != backend.Unsupported || !strings.Contains(failure.Message, "does not implement") {
			t.Errorf("%s: %v, want %s", name, err, backend.Unsupported)
		}
	}
	r.works(b)
}

func TestANewerPluginWorksAsFarAsItIsUnderstood(t *testing.T) {
	t.Parallel()
	r := newAgesRig(t)
	b := r.launchAge("newer")
	r.works(b)
	var failure *backend.Failure
	if _, err := r.run(b, lifecycle.Call{Verb: backend.VerbChangePlan, Op: call("").Op}); !errors.As(err, &failure) || failure.Class != backend.Internal || failure.Message != "of a kind of later" {
		t.Errorf("a class of failure of later: %v, want %s", err, backend.Internal)
	}
	for name, later := range map[string]bool{"newer": true, "older": false} {
		e, err := r.host.Examine(t.Context(), Spec{Name: name, TLS: true})
		if err != nil || e.Protocol != 1 || e.SaysMore != later {
			t.Errorf("%s: %+v, %v", name, e, err)
		}
	}
}

func TestAPluginThatSharesNoProtocolIsRefusedWithARemedy(t *testing.T) {
	t.Parallel()
	r := newAgesRig(t)
	for _, tls := range []bool{true, false} {
		_, err := r.host.Launch(t.Context(), Spec{Name: "future", TLS: tls, Backend: "future.main"}, backend.Value{}, nil)
		var start *StartError
		var handshake *HandshakeError
		if !errors.As(err, &start) || start.Stage != StageHandshake || !errors.As(err, &handshake) || !strings.Contains(err.Error(), "it speaks protocol 2 and no older one; this addongw speaks protocol 1") ||
			!strings.HasPrefix(handshake.Remedy, "upgrade addongw") {
			t.Errorf("TLS %v: %v", tls, err)
		}
	}
}
