package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// quickstartManifest serves examples/quickstart, and returns its directory with
// the manifest of Clever Cloud in it.
func quickstartManifest(t *testing.T) string {
	t.Helper()
	dir := copyExample(t, "quickstart")
	p := startQuickstart(t, dir)
	secrets := []string{"CLEVER_PASSWORD=" + password, "CLEVER_SSO_SALT=" + ssoSalt}
	out, errOut, code := addongw(t, dir, secrets, "manifest", "clevercloud", "--with-secrets", "--test-url", p.URL, "--dir", dir)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	write(t, filepath.Join(dir, "manifest.json"), out)
	return dir
}

// vendor is somebody who tries a provider from a directory.
type vendor struct {
	t   *testing.T
	dir string
	env []string
}

// simulate runs one command and returns what it shows.
func (v vendor) simulate(want int, args ...string) (out, errOut string) {
	v.t.Helper()
	out, errOut, code := addongw(v.t, v.dir, append([]string{"LANG=C.UTF-8"}, v.env...), append([]string{"simulate", "clevercloud"}, args...)...)
	if code != want {
		v.t.Fatalf("%v: exit %d, want %d:\n%s%s", args, code, want, out, errOut)
	}
	for what, secret := range map[string]string{"password": password, "salt": ssoSalt} {
		if strings.Contains(out+errOut, secret) {
			v.t.Errorf("%v shows the %s", args, what)
		}
	}
	return out, errOut
}

func (v vendor) list() string {
	v.t.Helper()
	out, _ := v.simulate(0, "list")
	return resourceID.ReplaceAllString(out, "ID")
}

// TestOneCallAfterAnotherPlaysALife is a vendor's first hour with a provider:
// no id is typed.
func TestOneCallAfterAnotherPlaysALife(t *testing.T) {
	v := vendor{t: t, dir: quickstartManifest(t)}
	out, _ := v.simulate(0, "provision", "--plan", "small")
	for _, want := range []string{
		"> POST /clevercloud/tinyfiles/resources HTTP/1.1\n> Host: 127.0.0.1:", "> Authorization: Basic ***\n", `>   "plan": "small",` + "\n",
		"< HTTP/1.1 200 OK\n", "< Content-Type: application/json\n", `"TINYFILES_QUOTA_MB": "100"`, "sftp://", "\n→ OK\n",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("provision lacks %q:\n%s", want, out)
		}
	}
	id := resourceID.FindString(out)
	if out, _ := v.simulate(0, "list"); out != "- "+id+" → small\n" {
		t.Errorf("list: %s", out)
	}
	if out, _ := v.simulate(0, "change_plan", "--plan", "large"); !strings.Contains(out, "> PUT /clevercloud/tinyfiles/resources/"+id) || !strings.Contains(out, "10240") {
		t.Errorf("change_plan: %s", out)
	}
	if got := v.list(); got != "- ID → large\n" {
		t.Errorf("list: %s", got)
	}
	v.simulate(0, "deprovision", "-q")
	if out, errOut := v.simulate(0, "list"); out != "" || !strings.Contains(errOut, "Nothing is remembered of http://127.0.0.1:") {
		t.Errorf("list: %s%s", out, errOut)
	}
	if _, errOut := v.simulate(exitUsage, "deprovision"); !strings.Contains(errOut, "addongw simulate clevercloud deprovision ID") {
		t.Errorf("nothing to deprovision: %s", errOut)
	}
	if _, errOut := v.simulate(exitFailed, "change_plan", id, "--plan", "small", "-q"); errOut != "" {
		t.Errorf("to one that is gone: %s", errOut)
	}
}

func TestASimulatedSignOnShowsWhereItLeadsAndNoProof(t *testing.T) {
	v := vendor{t: t, dir: quickstartManifest(t)}
	v.simulate(0, "provision", "--plan", "small")
	out, _ := v.simulate(0, "sso", "--email", "bob@example.com")
	for _, want := range []string{"> POST /clevercloud/tinyfiles/sso HTTP/1.1", "bob%40example.com", "&signature=[redacted]", "< HTTP/1.1 302 Found", "?[redacted]", "→ OK"} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q:\n%s", want, out)
		}
	}
	for name, args := range map[string][]string{
		"old": {"--age", "20m"}, "ahead": {"--future", "20m"}, "forged": {"--set", "email=eve@example.com"}, "unsigned": {"--omit", "signature"},
	} {
		if out, _ := v.simulate(exitFailed, append([]string{"sso", "-q"}, args...)...); out != "→ FAILED status is 403; Clever Cloud takes 3xx\n" {
			t.Errorf("%s: %s", name, out)
		}
	}
}

func TestABentOrderIsRefusedAndNotRemembered(t *testing.T) {
	v := vendor{t: t, dir: quickstartManifest(t)}
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"--plan", "gold"}, `422; Clever Cloud takes 2xx: "This plan is not offered."`},
		{[]string{"--plan", "small", "--omit", "addon_id"}, `400; Clever Cloud takes 2xx: '"addon_id" is missing.'`},
		{[]string{"--plan", "small", "--set", "plan=7"}, `400; Clever Cloud takes 2xx: '"plan" must be text, not a number.'`},
		{[]string{"--plan", "small", "--region", "MARS"}, `422; Clever Cloud takes 2xx: "This region is not offered."`},
		{[]string{"--plan", "small", "--set", "options=[]"}, `400; Clever Cloud takes 2xx: '"options" must be an object, not a list.'`},
	} {
		out, _ := v.simulate(exitFailed, append([]string{"provision", "-q"}, tc.args...)...)
		if out != "→ FAILED status is "+tc.want+"\n" {
			t.Errorf("%v: %s", tc.args, out)
		}
	}
	if got := v.list(); got != "" {
		t.Errorf("remembered: %s", got)
	}
}

func TestTheSameOrderTwiceMakesOneResource(t *testing.T) {
	v := vendor{t: t, dir: quickstartManifest(t)}
	out, _ := v.simulate(0, "provision", "--plan", "small", "--repeat", "3")
	if !strings.Contains(out, "* sent 3 times: all answers are equal\n") || strings.Count(out, "> POST") != 1 {
		t.Errorf("repeated: %s", out)
	}
	v.simulate(0, "provision", "addon_mine", "--plan", "small")
	v.simulate(0, "provision", "--id", "addon_mine", "--plan", "small")
	if got := v.list(); got != "- ID → small\n- ID → small\n" {
		t.Errorf("list: %s", got)
	}
	if _, errOut := v.simulate(exitUsage, "sso"); !strings.Contains(errOut, "2 resources are remembered: res_") {
		t.Errorf("which one: %s", errOut)
	}
}

// TestThePrintedCurlLineMakesTheCall pastes it into a shell that knows the
// password.
func TestThePrintedCurlLineMakesTheCall(t *testing.T) {
	v := vendor{t: t, dir: quickstartManifest(t)}
	line, _ := v.simulate(0, "provision", "--plan", "small", "--set", `owner_name=Ann's "shop" $HOME`, "--curl")
	if got := v.list(); got != "" {
		t.Fatalf("--curl has sent something: %s", got)
	}
	cmd := exec.Command("sh", "-c", line)
	cmd.Env = append(bareEnvironment(v.dir), "ADDONGW_PASSWORD="+password)
	out, err := cmd.CombinedOutput()
	if err != nil || resourceID.FindString(string(out)) == "" {
		t.Fatalf("%s: %v: %s", line, err, out)
	}
	shown, _, _ := addongw(t, v.dir, nil, "resources", "show", resourceID.FindString(string(out)), "--dir", v.dir)
	if !strings.Contains(shown, `Ann's "shop" $HOME`) {
		t.Errorf("the shell has changed the order: %s", shown)
	}
}

func TestASimulatedCallIsJSONForPrograms(t *testing.T) {
	v := vendor{t: t, dir: quickstartManifest(t)}
	out, _ := v.simulate(0, "provision", "addon_1", "--plan", "small", "--json")
	var got struct {
		FormatVersion string `json:"format_version"`
		Type, Verb    string
		Request       struct {
			Method  string
			Headers map[string][]string
			Body    struct{ Plan string }
		}
		Answer struct {
			Status int
			Body   struct {
				ID     string
				Config map[string]string
			}
		}
		Verdict struct{ OK bool }
	}
	if err := json.Unmarshal([]byte(out), &got); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if got.Type != "simulate" || got.Verb != "provision" || got.Request.Method != "POST" || got.Request.Body.Plan != "small" || got.Answer.Status != 200 ||
		got.Answer.Body.Config["TINYFILES_QUOTA_MB"] != "100" || !got.Verdict.OK || got.Request.Headers["Authorization"] != nil {
		t.Errorf("%s", out)
	}
	out, _ = v.simulate(0, "list", "--json")
	var listed struct{ Resources []made }
	if err := json.Unmarshal([]byte(out), &listed); err != nil || len(listed.Resources) != 1 {
		t.Fatalf("%v: %s", err, out)
	}
	r := listed.Resources[0]
	if want := (made{"clevercloud", r.BaseURL, got.Answer.Body.ID, "addon_1", "small", "", r.MadeAt, ""}); r != want {
		t.Errorf("(-want +got):\n%s", cmp.Diff(want, r))
	}
	out, _ = v.simulate(exitFailed, "provision", "--plan", "gold", "--json")
	if !strings.Contains(out, `"reason": "status is 422; Clever Cloud takes 2xx: \"This plan is not offered.\""`) {
		t.Errorf("%s", out)
	}
}

func TestWhatIsRememberedHoldsNoSecretAndIsTheOwnersAlone(t *testing.T) {
	v := vendor{t: t, dir: quickstartManifest(t)}
	out, _ := v.simulate(0, "provision", "--plan", "small")
	v.simulate(0, "sso")
	for name, want := range map[string]os.FileMode{"": 0o700, "simulate.json": 0o600} {
		info, err := os.Stat(filepath.Join(v.dir, ".addongw", name))
		if err != nil || info.Mode().Perm() != want {
			t.Errorf(".addongw/%s: %v, %v", name, info, err)
		}
	}
	text, err := os.ReadFile(filepath.Join(v.dir, ".addongw", "simulate.json"))
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{password, ssoSalt, "sftp", "signature"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("%q is remembered, after %s", secret, out)
		}
	}
	if ignore, err := os.ReadFile(filepath.Join(v.dir, ".addongw", ".gitignore")); err != nil || string(ignore) != "*\n" {
		t.Errorf("git sees it: %q, %v", ignore, err)
	}
}

func TestRememberedIdsAreCompleted(t *testing.T) {
	v := vendor{t: t, dir: quickstartManifest(t)}
	out, _ := v.simulate(0, "provision", "--plan", "small", "--json")
	id := resourceID.FindString(out)
	for _, tc := range []struct{ words, want []string }{
		{[]string{""}, conformancePlatforms()},
		{[]string{"clevercloud", ""}, simulateVerbs()},
		{[]string{"clevercloud", "provision", ""}, []string{}},
	} {
		list, _ := completed(t, v.dir, append([]string{"simulate"}, tc.words...)...)
		if diff := cmp.Diff(tc.want, list); diff != "" {
			t.Errorf("%v (-want +got):\n%s", tc.words, diff)
		}
	}
	list, directive := completed(t, v.dir, "simulate", "clevercloud", "sso", "")
	if len(list) != 1 || !strings.HasPrefix(list[0], id+"\tsmall, http://") || directive != noFiles {
		t.Errorf("%q, %s", list, directive)
	}
}
