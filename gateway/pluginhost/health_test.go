package pluginhost

import "testing"

// TestABackendThatIsNotWellSaysSoInPlainWords is for the log: without the names of calls,
// classes and protocols.
func TestABackendThatIsNotWellSaysSoInPlainWords(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for mode, want := range map[string]string{"sick": "no server", "health_error": "connection refused"} {
		if got := r.launch(mode).Health(t.Context()); got.OK || got.Detail != want {
			t.Errorf("%s: %+v, want %q", mode, got, want)
		}
	}
}
