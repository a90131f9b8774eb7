package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
)

const teamFile = `
addon "acme-redis" {
  summary = file("summary.txt")
  backend = backend.postgres.main

  region "eu" {}

  plan "a" {
    params = { connection_limit = 5 }
  }
}
`

// tree writes files below a new directory and returns it.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestDirectoriesAreIncludedInEveryWayOfWriting(t *testing.T) {
	root := tree(t, map[string]string{"team/redis.hcl": teamFile, "team/summary.txt": "Redis", "team/notes/later.hcl": "not read {"})
	if err := os.Symlink(filepath.Join(root, "team"), filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	for name, tc := range map[string]struct{ file, text string }{
		"relative":      {"a.hcl", `include "../team" {}`},
		"absolute":      {"a.hcl", `include "` + filepath.Join(root, "team") + `" {}`},
		"symbolic link": {"a.hcl", `include "../link" {}`},
		"twice":         {"a.hcl", "include \"../team\" {}\n\ninclude \"../link/../team/.\" {}\n\ninclude \"../link\" {}"},
		"JSON":          {"a.hcl.json", `{"include": {"../team": {}}}`},
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(root, strings.ReplaceAll(name, " ", "-"))
			for file, text := range map[string]string{tc.file: tc.text, "base.hcl": read(t, "testdata/base.hcl")} {
				if err := os.MkdirAll(dir, 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			c, files, diags := load(t, dir, config.Options{})
			must(t, c, diags)
			if len(c.Addons) != 1 || c.Addons[0].Summary != "Redis" || len(files.Dirs()) != 2 {
				t.Errorf("add-ons %v, directories %v", c.Addons, files.Dirs())
			}
		})
	}
}

func TestACircleOfDirectoriesIsToldAsAPath(t *testing.T) {
	root := tree(t, map[string]string{
		"main/base.hcl": read(t, "testdata/base.hcl"), "main/a.hcl": `include "../one" {}`,
		"one/one.hcl": `include "../two" {}`, "two/two.hcl": `include "../one" {}`,
	})
	_, _, diags := load(t, filepath.Join(root, "main"), config.Options{})
	for _, d := range diags {
		info, _ := diagnostic.Of(d)
		if info.Code != "AG306" {
			continue
		}
		want := []string{filepath.Join(root, "one") + " → " + filepath.Join(root, "two") + " → " + filepath.Join(root, "one")}
		if diff := cmp.Diff(want, info.Notes); diff != "" || filepath.Base(d.Subject.Filename) != "two.hcl" {
			t.Errorf("in %s (-want +got)\n%s", d.Subject.Filename, diff)
		}
		return
	}
	t.Errorf("not reported:\n%s", describe(diags))
}
