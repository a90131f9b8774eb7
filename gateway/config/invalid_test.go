package config_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
)

// expectation finds "# ERROR AG302" and "# WARNING AG217" in a fixture; one
// line may have several.
var expectation = regexp.MustCompile(`\b(ERROR|WARNING) (AG\d{3})\b`)

// section begins a further file inside a fixture: "#-- other.hcl --".
var section = regexp.MustCompile(`(?m)^#-- (\S+) --\n`)

// TestEveryMistakeIsReportedOnItsLine reads each fixture together with
// testdata/base.hcl and compares what is reported, line by line, with what the
// fixture's own comments say: nothing may be missing, nothing may be added.
func TestEveryMistakeIsReportedOnItsLine(t *testing.T) {
	fixtures, err := filepath.Glob("testdata/invalid/*.hcl")
	if err != nil {
		t.Fatal(err)
	}
	if len(fixtures) < 120 {
		t.Fatalf("only %d fixtures", len(fixtures))
	}
	for _, path := range fixtures {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".hcl"), func(t *testing.T) {
			t.Parallel()
			dir, files := unpack(t, path)
			_, _, diags := load(t, dir, config.Options{})
			want, got := expected(files), reported(t, dir, diags)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s\n%s", diff, describe(diags))
			}
			if len(want) == 0 {
				t.Error("the fixture expects nothing")
			}
		})
	}
}

// unpack writes a fixture and the base to a directory of their own. A fixture
// that begins with "# alone" gets no base.
func unpack(t *testing.T, path string) (dir string, files map[string]string) {
	t.Helper()
	text := read(t, path)
	files = map[string]string{}
	if !strings.HasPrefix(text, "# alone") {
		files["base.hcl"] = read(t, "testdata/base.hcl")
	}
	name, start := "fixture.hcl", 0
	for _, at := range section.FindAllStringSubmatchIndex(text, -1) {
		files[name] = text[start:at[0]]
		name, start = text[at[2]:at[3]], at[1]
	}
	files[name] = text[start:]
	dir = t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir, files
}

func read(t *testing.T, path string) string {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// load reads a directory as validate does, with the fakes.
func load(t *testing.T, dir string, o config.Options) (*config.Config, *config.Files, hcl.Diagnostics) {
	t.Helper()
	o.Dir = dir
	o.Version = "0.1.0"
	if o.Dialects == nil {
		o.Dialects = []platform.Dialect{fakeDialect{name: "clevercloud"}, fakeDialect{name: "needycloud"}}
	}
	if o.Providers == nil {
		o.Providers = fakeProviders()
	}
	if o.Plugins == nil {
		o.Plugins = answering(&fakePlugins{t: t})
	}
	return config.Load(t.Context(), o)
}

func expected(files map[string]string) []string {
	var list []string
	for name, text := range files {
		for i, line := range strings.Split(text, "\n") {
			for _, m := range expectation.FindAllStringSubmatch(line, -1) {
				list = append(list, fmt.Sprintf("%s:%d %s %s", name, i+1, m[1], m[2]))
			}
		}
	}
	return sortedOnce(list)
}

func reported(t *testing.T, dir string, diags hcl.Diagnostics) []string {
	t.Helper()
	var list []string
	for _, d := range diags {
		info, ok := diagnostic.Of(d)
		if !ok || info.Code == "" {
			t.Errorf("no code: %v", d)
		}
		word := "ERROR"
		if d.Severity == hcl.DiagWarning {
			word = "WARNING"
		}
		where := "nowhere:0"
		if d.Subject != nil {
			name, err := filepath.Rel(dir, d.Subject.Filename)
			if err != nil {
				name = d.Subject.Filename
			}
			where = fmt.Sprintf("%s:%d", name, d.Subject.Start.Line)
		}
		list = append(list, fmt.Sprintf("%s %s %s", where, word, info.Code))
	}
	return sortedOnce(list)
}

func sortedOnce(list []string) []string {
	set := map[string]bool{}
	for _, s := range list {
		set[s] = true
	}
	return slices.Sorted(maps.Keys(set))
}

func describe(diags hcl.Diagnostics) string {
	var text strings.Builder
	for _, d := range diags {
		info, _ := diagnostic.Of(d)
		fmt.Fprintf(&text, "%s: %s · %s (%s)\n", info.Code, d.Summary, info.Hint, d.Subject)
	}
	return text.String()
}
