package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
)

// FuzzLoad looks for files that make the loader panic, or that it refuses
// without saying where. Every fixture is a seed; like them, most texts need the
// gateway and the backend of the base beside them to be read to the end.
func FuzzLoad(f *testing.F) {
	base, err := os.ReadFile("testdata/base.hcl")
	if err != nil {
		f.Fatal(err)
	}
	for _, pattern := range []string{"testdata/invalid/*.hcl", "testdata/valid/*/*.hcl"} {
		paths, err := filepath.Glob(pattern)
		if err != nil {
			f.Fatal(err)
		}
		for _, path := range paths {
			text, err := os.ReadFile(path)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(string(text))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, "addongw.hcl"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "base.hcl"), base, 0o600); err != nil {
			t.Fatal(err)
		}
		c, _, diags := config.Load(t.Context(), config.Options{
			Dir: dir, Plugins: answering(&fakePlugins{t: t}), Dialects: []platform.Dialect{fakeDialect{name: "clevercloud"}},
		})
		if (c == nil) != diags.HasErrors() {
			t.Errorf("a configuration (%t) or errors, never both or none: %s", c != nil, describe(diags))
		}
		for _, d := range diags {
			if info, ok := diagnostic.Of(d); !ok || info.Code == "" {
				t.Errorf("no code: %v", d)
			}
		}
	})
}
