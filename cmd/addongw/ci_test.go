package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	ctyyaml "github.com/zclconf/go-cty-yaml"
	"github.com/zclconf/go-cty/cty"
)

// readYAML reads a file of the project's or of init's.
func readYAML(t *testing.T, path string) cty.Value {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	kind, err := ctyyaml.ImpliedType(text)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	v, err := ctyyaml.Unmarshal(text, kind)
	if err != nil {
		t.Fatalf("%s: %v", path, err)
	}
	return v
}

func field(v cty.Value, name string) string {
	if !v.Type().HasAttribute(name) {
		return ""
	}
	if v = v.GetAttr(name); v.Type() == cty.Bool {
		return map[bool]string{true: "true", false: "false"}[v.True()]
	}
	return v.AsString()
}

// sh runs a line as CI and git hooks do, and returns its exit code.
func sh(t *testing.T, dir, line string) (output string, code int) {
	t.Helper()
	cmd := exec.Command("sh", "-c", line)
	cmd.Dir = dir
	cmd.Env = []string{"PATH=" + binaries(t) + ":" + os.Getenv("PATH"), "HOME=" + dir, "GIT_CONFIG_NOSYSTEM=1"}
	out, err := cmd.CombinedOutput()
	if cmd.ProcessState == nil {
		t.Fatalf("%s: %v", line, err)
	}
	return string(out), cmd.ProcessState.ExitCode()
}

// TestTheWorkflowThatInitWritesPasses runs its commands on what git would hand
// to GitHub, and again with a mistake.
func TestTheWorkflowThatInitWritesPasses(t *testing.T) {
	dir := initialized(t, "shell")
	if out, code := sh(t, dir, "git init -q && git add -A && git ls-files"); code != 0 || strings.Contains(out, "vars.hcl") {
		t.Fatalf("exit %d: %s", code, out)
	}
	checkout := filepath.Join(tempDir(t), "checkout")
	if out, code := sh(t, dir, "git -c user.name=a -c user.email=a@example.com commit -qm all && git clone -q . "+checkout); code != 0 {
		t.Fatalf("exit %d: %s", code, out)
	}
	var lines []string
	for it := readYAML(t, filepath.Join(checkout, ".github/workflows/addongw.yml")).GetAttr("jobs").GetAttr("check").GetAttr("steps").ElementIterator(); it.Next(); {
		_, step := it.Element()
		if line := field(step, "run"); line != "" && !strings.HasPrefix(line, "go install ") {
			// How GitHub wants diagnostics is proven where that format is made.
			lines = append(lines, strings.TrimSuffix(line, " --format github"))
		}
	}
	if diff := cmp.Diff([]string{"addongw fmt --check", "addongw validate"}, lines); diff != "" {
		t.Fatal(diff)
	}
	for _, line := range lines {
		if out, code := sh(t, checkout, line); code != 0 {
			t.Errorf("%s: exit %d: %s", line, code, out)
		}
	}
	write(t, filepath.Join(checkout, "slip.hcl"), "locals { x = nope }\n\n\n\n")
	for i, want := range []int{2, 1} {
		if out, code := sh(t, checkout, lines[i]); code != want {
			t.Errorf("%s: exit %d, want %d: %s", lines[i], code, want, out)
		}
	}
}

// TestTheCommandThatInstallsFindsEveryProgram: the patterns must match those
// that make build makes.
func TestTheCommandThatInstallsFindsEveryProgram(t *testing.T) {
	for _, example := range []string{"github-actions.yml", "gitlab-ci.yml"} {
		text, err := os.ReadFile(filepath.Join(root(t), "examples/ci", example))
		if err != nil {
			t.Fatal(err)
		}
		line := regexp.MustCompile(`go install (.*)`).FindStringSubmatch(string(text))
		if line == nil {
			t.Fatalf("%s installs nothing", example)
		}
		patterns := strings.ReplaceAll(strings.ReplaceAll(line[1], "github.com/addongw/addongw", "."), "@main", "")
		out, err := exec.Command("sh", "-c", "cd "+root(t)+" && go list -f '{{if eq .Name \"main\"}}{{.ImportPath}}{{end}}' "+patterns).Output()
		if err != nil {
			t.Fatal(err)
		}
		for _, program := range []string{"cmd/addongw", "plugins/postgres/addongw-plugin-postgres", "plugins/redis/addongw-plugin-redis", "plugins/shell/addongw-plugin-shell"} {
			if !slices.Contains(strings.Fields(string(out)), "github.com/addongw/addongw/"+program) {
				t.Errorf("%s does not install %s: %s", example, program, out)
			}
		}
	}
}

// TestThePreCommitHooksCatchWhatTheyShould does what pre-commit does: it gives
// an entry the staged files that match, and calls a changed file a failure.
func TestThePreCommitHooksCatchWhatTheyShould(t *testing.T) {
	hooks := map[string]cty.Value{}
	for it := readYAML(t, filepath.Join(root(t), ".pre-commit-hooks.yaml")).ElementIterator(); it.Next(); {
		_, hook := it.Element()
		hooks[field(hook, "id")] = hook
		if field(hook, "language") != "golang" || field(hook, "name") == "" {
			t.Errorf("%#v", hook)
		}
	}
	for it := readYAML(t, filepath.Join(root(t), "examples/ci/pre-commit-config.yaml")).GetAttr("repos").ElementIterator(); it.Next(); {
		_, repo := it.Element()
		for used := repo.GetAttr("hooks").ElementIterator(); used.Next(); {
			_, hook := used.Element()
			if _, ok := hooks[field(hook, "id")]; !ok {
				t.Errorf("the example names the hook %s, which does not exist", field(hook, "id"))
			}
		}
	}
	dir := initialized(t, "shell")
	run := func(id string) (string, int) {
		t.Helper()
		out, code := sh(t, dir, "git add -A && git diff --cached --name-only")
		if code != 0 {
			t.Fatalf("exit %d: %s", code, out)
		}
		hook, line := hooks[id], field(hooks[id], "entry")
		if field(hook, "pass_filenames") != "false" {
			for _, name := range strings.Fields(out) {
				if regexp.MustCompile(field(hook, "files")).MatchString(name) {
					line += " " + name
				}
			}
		}
		out, code = sh(t, dir, line)
		if changed, _ := sh(t, dir, "git diff --name-only"); changed != "" && code == 0 {
			code = -1
		}
		return out, code
	}
	if out, code := sh(t, dir, "git init -q"); code != 0 {
		t.Fatalf("exit %d: %s", code, out)
	}
	for _, id := range []string{"addongw-fmt", "addongw-validate"} {
		if out, code := run(id); code != 0 {
			t.Errorf("%s: exit %d: %s", id, code, out)
		}
	}
	write(t, filepath.Join(dir, "slip.hcl"), "locals { x   = nope }\n")
	if out, code := run("addongw-fmt"); code != -1 || out != "slip.hcl\n" {
		t.Errorf("addongw-fmt: exit %d: %s", code, out)
	}
	if out, code := run("addongw-validate"); code != 1 || !strings.Contains(out, "slip.hcl:1") {
		t.Errorf("addongw-validate: exit %d: %s", code, out)
	}
}
