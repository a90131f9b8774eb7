package scaffold_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	ctyyaml "github.com/zclconf/go-cty-yaml"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/scaffold"
)

func files(t *testing.T, o scaffold.Options) map[string]scaffold.File {
	t.Helper()
	if o.Platforms == nil {
		o.Platforms = scaffold.Platforms()
	}
	list, err := scaffold.Files(o)
	if err != nil {
		t.Fatal(err)
	}
	byPath := map[string]scaffold.File{}
	for _, f := range list {
		byPath[f.Path] = f
	}
	return byPath
}

func TestWhatIsWrittenIsFormattedWhateverTheIdIs(t *testing.T) {
	for _, template := range scaffold.Templates() {
		for _, id := range []string{"abc", "acme-db", "a_very-long-id-of-forty-characters-a-b-c"} {
			for path, f := range files(t, scaffold.Options{Template: template, Addon: id, Revision: "v1.2.3"}) {
				if strings.Contains(string(f.Text), "{{") || !bytes.HasSuffix(f.Text, []byte("\n")) || bytes.HasSuffix(f.Text, []byte("\n\n")) {
					t.Errorf("%s: %s is not filled in to its end:\n%s", template, path, f.Text)
				}
				if filepath.Ext(path) != ".hcl" {
					continue
				}
				formatted, diags := config.Format(path, f.Text)
				if diags.HasErrors() {
					t.Fatal(diags)
				}
				if diff := cmp.Diff(string(formatted), string(f.Text)); diff != "" {
					t.Errorf("%s, %s, %s is not formatted (-formatted +written):\n%s", template, id, path, diff)
				}
			}
		}
	}
}

func TestSecretsAreFreshAndLongEnoughAndInOneFileOnly(t *testing.T) {
	value := regexp.MustCompile(`(?m)^\w+_(?:password|sso_salt) = "([A-Za-z0-9]{40})"$`)
	seen := map[string]bool{}
	for range 2 {
		made := files(t, scaffold.Options{Template: "shell", Addon: "acme-db"})
		found := value.FindAllStringSubmatch(string(made[scaffold.Vars].Text), -1)
		if len(found) != 2*len(scaffold.Platforms()) {
			t.Fatalf("%d secrets in %s", len(found), scaffold.Vars)
		}
		for _, m := range found {
			if seen[m[1]] {
				t.Error("a secret stands twice")
			}
			seen[m[1]] = true
			for path, f := range made {
				if path != scaffold.Vars && bytes.Contains(f.Text, []byte(m[1])) {
					t.Errorf("%s holds a secret", path)
				}
			}
		}
		if mode := made[scaffold.Vars].Mode; mode != 0o600 {
			t.Errorf("%s has mode %o", scaffold.Vars, mode)
		}
	}
}

func TestGitIsToldToLeaveTheSecretsAlone(t *testing.T) {
	text := string(files(t, scaffold.Options{Template: "blank", Addon: "acme-db"})[".gitignore"].Text)
	if !slices.Contains(strings.Split(text, "\n"), "*.vars.hcl") {
		t.Errorf(".gitignore:\n%s", text)
	}
}

// TestTheExamplesForCIAreWhatIsWritten keeps one text in two places.
func TestTheExamplesForCIAreWhatIsWritten(t *testing.T) {
	made := files(t, scaffold.Options{Template: "blank", Addon: "acme-db", Revision: "main"})
	for example, path := range map[string]string{
		"github-actions.yml": ".github/workflows/addongw.yml", "pre-commit-config.yaml": ".pre-commit-config.yaml",
	} {
		text, err := os.ReadFile(filepath.Join("../../examples/ci", example))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(made[path].Text), string(text)); diff != "" {
			t.Errorf("examples/ci/%s (-init +example):\n%s", example, diff)
		}
		if _, err := ctyyaml.ImpliedType(text); err != nil {
			t.Errorf("%s is no YAML: %v", example, err)
		}
	}
}

func TestUnknownNamesAreRefused(t *testing.T) {
	for _, o := range []scaffold.Options{{Template: "nope", Platforms: scaffold.Platforms()}, {Template: "blank", Platforms: []string{"nope"}}} {
		if _, err := scaffold.Files(o); err == nil {
			t.Errorf("%+v: no error", o)
		}
	}
}

func listing(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.Walk(dir, func(path string, info os.FileInfo, err error) error {
		if err == nil && !info.IsDir() {
			names = append(names, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func three() []scaffold.File {
	return []scaffold.File{
		{Path: "addongw.hcl", Mode: 0o644, Text: []byte("new")}, {Path: scaffold.Vars, Mode: 0o600, Text: []byte("new")},
		{Path: "scripts/read", Mode: 0o755, Text: []byte("new")},
	}
}

func put(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestAConflictWritesNothing(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, scaffold.Vars), "old")
	before := listing(t, dir)
	_, err := scaffold.Write(dir, three(), false)
	var conflict *scaffold.ConflictError
	if !errors.As(err, &conflict) || !cmp.Equal(conflict.Paths, []string{scaffold.Vars}) {
		t.Errorf("error %v", err)
	}
	if diff := cmp.Diff(before, listing(t, dir)); diff != "" {
		t.Error(diff)
	}
}

func TestForceOverwritesAllButSecrets(t *testing.T) {
	dir := t.TempDir()
	put(t, filepath.Join(dir, scaffold.Vars), "old")
	put(t, filepath.Join(dir, "addongw.hcl"), "old")
	written, err := scaffold.Write(dir, three(), true)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []struct {
		text string
		kept bool
		mode os.FileMode
	}{{"new", false, 0o644}, {"old", true, 0o644}, {"new", false, 0o755}} {
		path := filepath.Join(dir, written[i].Path)
		text, err := os.ReadFile(path)
		info, err2 := os.Stat(path)
		if err != nil || err2 != nil || string(text) != want.text || written[i].Kept != want.kept || info.Mode() != want.mode {
			t.Errorf("%s: %q, kept %t, %v, %v", path, text, written[i].Kept, err, err2)
		}
	}
}

func TestAFailureHalfwayLeavesNothing(t *testing.T) {
	for name, prepare := range map[string]func(dir string) error{
		"a file where a folder must be": func(dir string) error { return os.WriteFile(filepath.Join(dir, "scripts"), nil, 0o644) },
		"a folder where a file must be": func(dir string) error { return os.MkdirAll(filepath.Join(dir, "scripts/read"), 0o755) },
		"a link that leads nowhere":     func(dir string) error { return os.Symlink("nowhere", filepath.Join(dir, "scripts")) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := prepare(dir); err != nil {
				t.Fatal(err)
			}
			before := listing(t, dir)
			if _, err := scaffold.Write(dir, three(), true); err == nil {
				t.Fatal("no error")
			}
			if diff := cmp.Diff(before, listing(t, dir)); diff != "" {
				t.Error(diff)
			}
		})
	}
}
