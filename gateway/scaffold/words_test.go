package scaffold

import (
	"io/fs"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/config"
)

// platformTemplates are the marketplaces that there are texts for, also those
// that are not offered yet.
func platformTemplates(t *testing.T) []string {
	t.Helper()
	entries, err := fs.ReadDir(templates(), "platforms")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestEveryPlatformThatIsOfferedHasTexts(t *testing.T) {
	for _, name := range Platforms() {
		if !slices.Contains(platformTemplates(t), name) {
			t.Errorf("there are no texts for %s", name)
		}
	}
	if !slices.IsSorted(Platforms()) {
		t.Errorf("the platforms are %v", Platforms())
	}
}

// TestAllPlatformsTogetherAreFormatted: any of them may stand beside any other.
func TestAllPlatformsTogetherAreFormatted(t *testing.T) {
	for _, template := range Templates() {
		for _, id := range []string{"abc", "acme-db"} {
			w, err := newWords(Options{Addon: id, Platforms: platformTemplates(t)})
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range []string{"addongw.hcl", Vars} {
				text, err := w.fill(template + "/" + name)
				if err != nil {
					t.Fatal(err)
				}
				formatted, diags := config.Format(name, text)
				if diags.HasErrors() {
					t.Fatal(diags)
				}
				if diff := cmp.Diff(string(formatted), string(text)); diff != "" {
					t.Errorf("%s, %s, %s is not formatted (-formatted +written):\n%s", template, id, name, diff)
				}
			}
		}
	}
}

func TestXervoGetsAnIdWithoutDashes(t *testing.T) {
	for id, want := range map[string]string{"acme-db": `id       = "acme_db"`, "abc": ""} {
		w, err := newWords(Options{Addon: id, Platforms: []string{"xervo"}})
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(w.Platforms, "  id ") != (want != "") || !strings.Contains(w.Platforms, want) {
			t.Errorf("%s:\n%s", id, w.Platforms)
		}
	}
}
