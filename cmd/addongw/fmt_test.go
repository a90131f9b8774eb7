package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const (
	uglyText   = "locals {\n    a=1\n  other = 2\n}\n"
	prettyText = "locals {\n  a     = 1\n  other = 2\n}\n"
)

// uglyDir has ugly files: at its top, in a folder, and in a hidden folder.
func uglyDir(t *testing.T) string {
	t.Helper()
	dir := tempDir(t)
	for name, text := range map[string]string{"ugly.hcl": uglyText, "pretty.hcl": prettyText, "below/ugly.hcl": uglyText, ".hidden/ugly.hcl": uglyText, "other.txt": uglyText} {
		file := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func contentOf(t *testing.T, parts ...string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// TestTheDiffOfFmtIsAPatch shows what would change, changes nothing, and has
// what "git apply" needs.
func TestTheDiffOfFmtIsAPatch(t *testing.T) {
	dir := uglyDir(t)
	out, errOut, code := addongw(t, dir, nil, "fmt", "--diff")
	if code != 0 || errOut != "" || contentOf(t, dir, "ugly.hcl") != uglyText {
		t.Errorf("exit %d, stderr %q", code, errOut)
	}
	if want := "--- ugly.hcl\n+++ ugly.hcl\n@@ -1,4 +1,4 @@\n locals {\n-    a=1\n+  a     = 1\n   other = 2\n }\n"; !strings.HasSuffix(out, want) || strings.Contains(out, "pretty") {
		t.Errorf("the diff is\n%s", out)
	}
	apply := exec.Command("git", "apply", "-p0")
	apply.Dir, apply.Stdin = dir, strings.NewReader(out)
	if said, err := apply.CombinedOutput(); err != nil || contentOf(t, dir, "ugly.hcl") != prettyText {
		t.Errorf("git apply: %v\n%s", err, said)
	}
}

func TestCheckAndDiffTogetherShowAndTell(t *testing.T) {
	dir := uglyDir(t)
	out, _, code := addongw(t, dir, nil, "fmt", "--check", "--diff")
	if code != exitDifference || !strings.Contains(out, "\n+  a     = 1\n") || contentOf(t, dir, "ugly.hcl") != uglyText {
		t.Errorf("exit %d\n%s", code, out)
	}
	out, _, code = addongw(t, dir, nil, "fmt", "--check", "--diff", "--json")
	var report struct {
		Changed []string
		Diff    string
	}
	if err := json.Unmarshal([]byte(out), &report); err != nil || code != exitDifference || len(report.Changed) != 1 || !strings.Contains(report.Diff, "@@") {
		t.Errorf("exit %d, %v: %s", code, err, out)
	}
	if out, _, code := addongw(t, dir, nil, "fmt", "--check", "--diff", "pretty.hcl"); code != 0 || out != "" {
		t.Errorf("a formatted file: exit %d\n%s", code, out)
	}
}

func TestRecursiveLooksBelowDirectoriesThatAreNotHidden(t *testing.T) {
	dir := uglyDir(t)
	if out, _, _ := addongw(t, dir, nil, "fmt", "--check"); out != "ugly.hcl\n" {
		t.Errorf("without --recursive: %q", out)
	}
	out, _, code := addongw(t, dir, nil, "fmt", "--recursive")
	if code != 0 || out != "below/ugly.hcl\nugly.hcl\n" || contentOf(t, dir, "below/ugly.hcl") != prettyText || contentOf(t, dir, ".hidden/ugly.hcl") != uglyText {
		t.Errorf("exit %d, %q", code, out)
	}
}

func TestAnUnformattedFileIsAnnotatedWhereItBegins(t *testing.T) {
	dir := uglyDir(t)
	out, _, code := addongw(t, dir, nil, "fmt", "--check", "--format", "github")
	if want := "::warning file=ugly.hcl,line=2,endLine=2,col=1,endColumn=1,title=AG110::This file is not formatted%0Arun addongw fmt\n"; code != exitDifference || out != want {
		t.Errorf("exit %d, %q", code, out)
	}
	out, _, code = addongw(t, dir, nil, "fmt", "--check", "--format", "sarif")
	if log := readSARIF(t, out); code != exitDifference || len(log.Runs[0].Results) != 1 || log.Runs[0].Results[0].RuleID != "AG110" {
		t.Errorf("exit %d, %+v", code, log)
	}
}

func TestFmtReadsStandardInput(t *testing.T) {
	for name, tc := range map[string]struct {
		args []string
		in   string
		out  string
		code int
	}{
		"ugly":            {nil, uglyText, prettyText, 0},
		"pretty":          {nil, prettyText, prettyText, 0},
		"check of ugly":   {[]string{"--check"}, uglyText, "<stdin>\n", exitDifference},
		"check of pretty": {[]string{"--check"}, prettyText, "", 0},
		"broken":          {nil, "locals {\n", "", exitFailed},
		"as JSON":         {[]string{"--json"}, uglyText, "", exitUsage},
	} {
		t.Run(name, func(t *testing.T) {
			cmd := exec.Command(filepath.Join(binaries(t), "addongw"), append([]string{"fmt", "-"}, tc.args...)...)
			cmd.Stdin = strings.NewReader(tc.in)
			out, _ := cmd.Output() // the exit code says it
			if code := cmd.ProcessState.ExitCode(); code != tc.code || tc.code != exitUsage && string(out) != tc.out {
				t.Errorf("exit %d\n%s", code, out)
			}
		})
	}
}
