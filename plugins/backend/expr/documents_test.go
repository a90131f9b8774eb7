package expr

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEveryFunctionIsDocumented(t *testing.T) {
	documents := Documents()
	want := slices.Sorted(maps.Keys(Functions(everything(t.TempDir()))))
	if diff := cmp.Diff(want, slices.Sorted(maps.Keys(documents))); diff != "" {
		t.Errorf("(-functions +documents):\n%s", diff)
	}
	for name, d := range documents {
		if !strings.HasSuffix(d.Text, ".") || !slices.Contains(Groups(), d.Group) {
			t.Errorf("%s: group %q, text %q", name, d.Group, d.Text)
		}
	}
}

func TestTheExampleOfEveryFunctionHasAResult(t *testing.T) {
	for name, d := range Documents() {
		if d.Example == "" {
			continue
		}
		if v, diags := evaluate(t, Env{}, nil, d.Example); diags.HasErrors() || !v.IsWhollyKnown() {
			t.Errorf("%s: %s gives %v", name, d.Example, diags)
		}
	}
}
