package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestGitHubGetsAnAnnotationForEachMistake(t *testing.T) {
	dir := brokenExample(t)
	out, errOut, code := addongw(t, dir, nil, "validate", ".", "--format", "github")
	if code != exitFailed || errOut != "" || strings.Count(out, "\n") != 4 || strings.Count(out, "::error file=broken.hcl,line=") != 4 {
		t.Errorf("exit %d, stderr %q\n%s", code, errOut, out)
	}
	if !strings.Contains(out, `line=31,endLine=31,col=41,endColumn=48,title=AG302::"output" has no value named "usrname"%0Adid you mean "username"?`) {
		t.Errorf("the misspelt output:\n%s", out)
	}
	out, errOut, code = addongw(t, dir, nil, "validate", filepath.Join(root(t), "examples/quickstart"), "--format", "github")
	if code != 0 || out+errOut != "" {
		t.Errorf("without mistakes: exit %d, %q", code, out+errOut)
	}
}

// sarifLog is what code scanning reads of a log.
type sarifLog struct {
	Version string
	Runs    []struct {
		Tool struct {
			Driver struct{ Rules []struct{ ID string } }
		}
		Results []struct{ RuleID, Level string }
	}
}

func readSARIF(t *testing.T, text string) sarifLog {
	t.Helper()
	var log sarifLog
	if err := json.Unmarshal([]byte(text), &log); err != nil || log.Version != "2.1.0" || len(log.Runs) != 1 {
		t.Fatalf("%v: %s", err, text)
	}
	return log
}

func TestSARIFHasTheMistakesAndTheirRules(t *testing.T) {
	dir := brokenExample(t)
	out, errOut, code := addongw(t, dir, nil, "validate", ".", "--format", "sarif")
	log := readSARIF(t, out)
	if code != exitFailed || errOut != "" || len(log.Runs[0].Results) != 4 || len(log.Runs[0].Tool.Driver.Rules) != 4 {
		t.Errorf("exit %d, stderr %q, %+v", code, errOut, log)
	}
	out, _, code = addongw(t, dir, nil, "validate", filepath.Join(root(t), "examples/quickstart"), "--format", "sarif")
	if log := readSARIF(t, out); code != 0 || len(log.Runs[0].Results) != 0 {
		t.Errorf("without mistakes: exit %d, %+v", code, log)
	}
}

// TestAnnotationsHideCredentials has them in the open, beside mistakes.
func TestAnnotationsHideCredentials(t *testing.T) {
	const canary = "c4n4ry-of-a-password"
	dir := copyExample(t, "quickstart")
	file := filepath.Join(dir, "addongw.hcl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for name, written := range map[string]string{"too short": `"` + canary + `"`, "single quotes": "'" + canary + "'", "not closed": `"` + canary} {
		broken := strings.ReplaceAll(string(text), `secret("env:CLEVER_PASSWORD")`, written)
		if err := os.WriteFile(file, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		for _, args := range [][]string{{"validate", "."}, {"fmt", "--check", "."}} {
			for _, format := range []string{"text", "json", "github", "sarif"} {
				out, errOut, code := addongw(t, dir, nil, append(args, "--format", format)...)
				if strings.Contains(out+errOut, canary) {
					t.Errorf("%s: %s --format %s shows it:\n%s", name, args[0], format, out+errOut)
				}
				if code == 0 && (args[0] == "validate" || name != "too short") {
					t.Errorf("%s: %s finds nothing", name, args[0])
				}
			}
		}
	}
}

func TestAnnotationsAreForDiagnosticsOnly(t *testing.T) {
	dir := t.TempDir()
	for _, args := range [][]string{{"version"}, {"schema"}, {"explain"}, {"keys", "generate"}, {"manifest", "clevercloud", "tinyfiles"}, {"resources", "list"}, {"fmt", "."}} {
		for _, format := range []string{"github", "sarif"} {
			out, errOut, code := addongw(t, dir, nil, append(args, "--format", format)...)
			if code != exitUsage || out != "" || !strings.Contains(errOut, `"`+format+`"`) {
				t.Errorf("%v --format %s: exit %d, %q, %q", args, format, code, out, errOut)
			}
		}
	}
	if _, errOut, code := addongw(t, dir, nil, "validate", "--format", "xml"); code != exitUsage || !strings.Contains(errOut, "Formats: text, json, github, sarif.") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}
