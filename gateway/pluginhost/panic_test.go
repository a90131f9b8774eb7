package pluginhost

import (
	"errors"
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
)

// TestAPanicBeforeTheFirstCallSaysWhatAndWhere is what the plugin's author needs: the
// value and the line, and nothing that the library prints. The secret in the value is
// masked.
func TestAPanicBeforeTheFirstCallSaysWhatAndWhere(t *testing.T) {
	t.Parallel()
	for mode, words := range map[string]string{"panic_configure": "panic in Configure at ", "goroutine_panic": "panic: out of cheese"} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			_, err := newRig(t).host.Launch(t.Context(), spec(), config(mode, ""), nil)
			var start *StartError
			if !errors.As(err, &start) {
				t.Fatalf("launch: %v", err)
			}
			for _, part := range []string{words, "out of cheese for [redacted]", "testdata/plugin/main.go:"} {
				if strings.Count(err.Error(), part) != 1 {
					t.Errorf("the error does not say %q once: %v", part, err)
				}
			}
			for _, noise := range []string{"mTLS", "plugin address", "rpc error", canary} {
				if strings.Contains(err.Error(), noise) {
					t.Errorf("the error holds %q: %v", noise, err)
				}
			}
		})
	}
}

func TestAPanicInACheckSaysWhatAndWhere(t *testing.T) {
	t.Parallel()
	plugin, err := newRig(t).host.Open(t.Context(), Spec{Name: "testing", TLS: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = plugin.ValidateConfig(t.Context(), backend.ValidateConfigRequest{Config: config("panic_validate", "")})
	if err == nil || !strings.HasPrefix(err.Error(), "plugin testing: panic in ValidateConfig at /") || !strings.Contains(err.Error(), "testdata/plugin/main.go:") || !strings.HasSuffix(err.Error(), ": out of cheese") {
		t.Errorf("it is %v", err)
	}
}

// TestProblemsOfADescriptionAreToldApart has two in one line.
func TestProblemsOfADescriptionAreToldApart(t *testing.T) {
	t.Parallel()
	r := newHostileRig(t, []string{"two-wrong"})
	_, err := r.host.Open(t.Context(), Spec{Name: "two-wrong", TLS: true})
	want := `its description: action "Go": want `
	if err == nil || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), `; action "Now": want `) {
		t.Errorf("open: %v", err)
	}
}
