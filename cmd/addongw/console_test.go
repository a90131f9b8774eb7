package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/scaffold"
)

func TestTheConsoleEvaluatesAsAConfigVarIsRendered(t *testing.T) {
	dir := initialized(t, "shell")
	for expression, want := range map[string]string{
		`1 + 1`:                                "2",
		`"${plan.id} in ${region.title}"`:      `"small in Europe"`,
		`floor(plan.params.quota_mb * 0.8)`:    "80",
		`[for p in addon.plans : upper(p)]`:    "[\n  \"SMALL\",\n  \"LARGE\",\n]",
		`region.data`:                          "{\n  host = \"eu.example.com\"\n}",
		`addon.summary == null`:                "false",
		`addon.logo`:                           "null",
		`output.username`:                      "(known after provisioning: string)",
		`"sftp://${output.username}"`:          `(known after provisioning: string, starts with "sftp://")`,
		`output.password`:                      "(sensitive string, known after provisioning)",
		`"x${urlencode(output.password)}"`:     "(sensitive string, known after provisioning)",
		`resource.owner.name`:                  "(known after provisioning: string)",
		`secret("env:ANYTHING")`:               "(sensitive string, read when serving)",
		`{ a = [output.password], "b c" = 1 }`: "{\n  a = [\n    (sensitive string, known after provisioning),\n  ]\n  \"b c\" = 1\n}",
		`:type resource.owner`:                 "object({email=string,id=string,name=string})",
		`:type output.password`:                "sensitive string",
	} {
		out, errOut, code := addongw(t, dir, nil, "console", "--plan", "small", "-e", expression)
		if code != 0 || errOut != "" {
			t.Errorf("%s: exit %d: %s", expression, code, errOut)
		}
		if diff := cmp.Diff(want+"\n", out); diff != "" {
			t.Errorf("%s (-want +got):\n%s", expression, diff)
		}
	}
}

func TestMistakesInTheConsoleAreDiagnostics(t *testing.T) {
	dir := initialized(t, "shell")
	for expression, parts := range map[string][]string{
		`"${output.usrname}"`:  {"AG302", "expression:1:11", "       ^^^^^^^ ", `did you mean "username"?`, "backend.shell.main offers"},
		`upcase("x")`:          {"AG307", `did you mean "upper"?`},
		`request.region`:       {"AG303", "resource.region"},
		`"x`:                   {"AG101", "closing quote"},
		`1 +`:                  {`nothing follows the "+"`},
		`nope`:                 {"AG301", "available: addon"},
		`secret(plan.id)`:      {"AG312"},
		`:typ 1`:               {`did you mean ":type"?`},
		`try(output.nope, 1)\`: {"error["},
	} {
		out, errOut, code := addongw(t, dir, nil, "console", "--plan", "small", "-e", expression)
		if code != 1 || out != "" {
			t.Errorf("%s: exit %d: %s", expression, code, out)
		}
		for _, part := range parts {
			if !strings.Contains(errOut, part) {
				t.Errorf("%s: the output lacks %q:\n%s", expression, part, errOut)
			}
		}
	}
}

// TestTheConsoleShowsNoSecret tries what would show one where the console did
// not care.
func TestTheConsoleShowsNoSecret(t *testing.T) {
	dir := initialized(t, "shell")
	const canary = "canary-5f0e9b1c7d3a8e6f4b2c0d9e8f7a6b5c"
	file := filepath.Join(dir, scaffold.Vars)
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, valueOf.ReplaceAll(text, []byte(`clevercloud_password = "`+canary+`"`)), 0o600); err != nil {
		t.Fatal(err)
	}
	const leak = "locals { leak = nonsensitive(var.clevercloud_password) }\n"
	if err := os.WriteFile(filepath.Join(dir, "leak.hcl"), []byte(leak), 0o644); err != nil {
		t.Fatal(err)
	}
	args := []string{"console"}
	for _, e := range []string{
		"var", "var.clevercloud_password", "platform", "platform.password", "nonsensitive(var.clevercloud_password)",
		"nonsensitive(platform.password)", "substr(nonsensitive(platform.password), 0, 20)", "split(\"-\", platform.password)",
		"{ (platform.password) = 1 }", "[{ (substr(platform.password, 0, 20)) = 1 }]", ":type { a = { (substr(platform.password, 0, 20)) = 1 } }", "{ for x in [platform.password] : x => 1 }", "tonumber(platform.password)", "platform.password + 1",
		"jsonencode(platform)", "[platform.password][5]", "regex(\"x(\", platform.password)", "local.leak", "local.leak + 1", "upper(local.leak) == 1",
		"\"" + canary, "keys(zipmap([platform.password], [1]))", ":scope", ":type platform", "reverse(platform.password)", "canary." + canary,
	} {
		args = append(args, "-e", e)
	}
	for _, format := range []string{"text", "json"} {
		out, errOut, _ := addongw(t, dir, nil, append(args, "--format", format)...)
		all := out + errOut
		if len(all) < 2000 {
			t.Errorf("only %d bytes were searched:\n%s", len(all), all)
		}
		for _, part := range []string{canary, canary[:20]} {
			if at := strings.Index(all, part); at >= 0 {
				t.Errorf("%s: a secret is shown: …%s", format, all[max(0, at-300):at])
			}
		}
	}
}

func TestTheConsoleSaysWhichOfSeveralItTook(t *testing.T) {
	dir := initialized(t, "shell")
	_, errOut, _ := addongw(t, dir, nil, "console", "-e", "1")
	if errOut != "Taken: plan small. Flags choose others.\n" {
		t.Errorf("%q", errOut)
	}
	for flag, says := range map[string]string{
		"--plan=huge": "large, small", "--addon=nope": "acme-db", "--region=us": "eu", "--platform=heroku": "clevercloud",
	} {
		_, errOut, code := addongw(t, dir, nil, "console", flag, "-e", "1")
		if code != 1 || !strings.Contains(errOut, says) {
			t.Errorf("%s: exit %d: %s", flag, code, errOut)
		}
	}
}

func TestTheConsoleReadsLinesFromAPipe(t *testing.T) {
	dir := initialized(t, "shell")
	cmd := exec.Command(filepath.Join(binaries(t), "addongw"), "console", "--json", "--plan", "large")
	cmd.Dir = dir
	cmd.Stdin = strings.NewReader("plan.params\n\n# a comment\noutput.username\nnope\n:quit\n1\n")
	out, err := cmd.Output()
	if cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("%v, want exit code 1 for the mistake", err)
	}
	var result struct {
		Type    string
		Scope   map[string]string
		Results []struct {
			Expression, Type, Text string
			Known, Sensitive       bool
			Value                  any
			Diagnostics            []struct{ Code string }
		}
	}
	if err := json.Unmarshal(out, &result); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if diff := cmp.Diff(map[string]string{"addon": "acme-db", "plan": "large", "region": "eu", "platform": "clevercloud"}, result.Scope); diff != "" {
		t.Error(diff)
	}
	if len(result.Results) != 3 {
		t.Fatalf("%d results: %s", len(result.Results), out)
	}
	known, unknown, wrong := result.Results[0], result.Results[1], result.Results[2]
	if diff := cmp.Diff(map[string]any{"quota_mb": 10240.0}, known.Value); diff != "" || !known.Known || known.Type != "object({quota_mb=number})" {
		t.Errorf("%+v %s", known, diff)
	}
	if unknown.Known || unknown.Value != nil || unknown.Type != "string" {
		t.Errorf("%+v", unknown)
	}
	if len(wrong.Diagnostics) != 1 || wrong.Diagnostics[0].Code != "AG301" {
		t.Errorf("%+v", wrong)
	}
}

// TestTheConsoleWorksWhereServersAreRented: there are no config vars, and what is
// known when files are read can be looked at.
func TestTheConsoleWorksWhereServersAreRented(t *testing.T) {
	dir := copyExample(t, "nanobox-host")
	more := "variable \"size\" {\n  type    = string\n  default = \"b1\"\n}\n\nlocals {\n  big = \"${var.size}-big\"\n}\n"
	if err := os.WriteFile(filepath.Join(dir, "more.hcl"), []byte(more), 0o644); err != nil {
		t.Fatal(err)
	}
	for expression, want := range map[string]string{`local.big`: `"b1-big"`, `slug("A B", 63)`: `"a-b"`, `secret("env:TINYHOST_TOKEN")`: "(sensitive string, read when serving)"} {
		out, errOut, code := addongw(t, dir, nil, "console", "-e", expression)
		if code != 0 || errOut != "" || out != want+"\n" {
			t.Errorf("%s: exit %d: %s%s", expression, code, out, errOut)
		}
	}
	if out, _, code := addongw(t, dir, nil, "console", "-e", ":scope"); code != 0 || !strings.Contains(out, "local.big  \"b1-big\"") {
		t.Errorf(":scope: exit %d: %s", code, out)
	}
	for expression, part := range map[string]string{`resource.name`: `"resource" is not known yet when the files are read`, `nope`: "available: local, var"} {
		_, errOut, code := addongw(t, dir, nil, "console", "-e", expression)
		if code != 1 || !strings.Contains(errOut, part) {
			t.Errorf("%s: exit %d: %s", expression, code, errOut)
		}
	}
	if _, errOut, code := addongw(t, dir, nil, "console", "--plan", "standard", "-e", "1"); code != exitUsage || !strings.Contains(errOut, "only providers") {
		t.Errorf("--plan: exit %d: %s", code, errOut)
	}
}
