package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// login is the file without which a customer of a shell add-on cannot log in.
type login struct {
	t    *testing.T
	path string
}

func (l login) is(there bool, after string) {
	l.t.Helper()
	if _, err := os.Stat(l.path); (err == nil) != there {
		l.t.Errorf("after %s: %s there is %t, want %t", after, filepath.Base(l.path), err == nil, there)
	}
}

// TestASuspendedCustomersLoginStopsWorkingAndComesBack has Scalingo suspend what
// the scripts of the quickstart and those of "addongw init" made.
func TestASuspendedCustomersLoginStopsWorkingAndComesBack(t *testing.T) {
	for name, dir := range map[string]func() string{
		"quickstart": func() string { return quickstartOn(t, "scalingo") },
		"init":       func() string { return initialized(t, "shell", "--platform", "scalingo") },
	} {
		t.Run(name, func(t *testing.T) { playSuspension(t, dir()) })
	}
}

func playSuspension(t *testing.T, dir string) {
	p := start(t, dir, []string{"serve", dir, "--listen", "127.0.0.1:0"}, ssoSecrets...)
	manifest, errOut, code := addongw(t, dir, ssoSecrets, "manifest", "scalingo", "--with-secrets", "--test-url", p.URL, "--dir", dir)
	if code != 0 {
		t.Fatalf("manifest: exit %d: %s", code, errOut)
	}
	write(t, filepath.Join(dir, "manifest.json"), manifest)
	simulate := func(command string) string {
		t.Helper()
		out, errOut, code := addongw(t, dir, nil, append([]string{"simulate", "scalingo"}, strings.Fields(command)...)...)
		if code != 0 {
			t.Fatalf("%s: exit %d: %s%s", command, code, out, errOut)
		}
		return out
	}
	id := resourceID.FindString(simulate("provision"))
	folder := filepath.Join(dir, "data", id)
	login := login{t, filepath.Join(folder, "credentials")}
	before, err := os.ReadFile(login.path)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		command string
		there   bool
	}{{"suspend", false}, {"suspend", false}, {"resume", true}, {"resume", true}, {"suspend", false}, {"resume", true}} {
		simulate(step.command)
		login.is(step.there, step.command)
	}
	after, err := os.ReadFile(login.path)
	if err != nil || string(after) != string(before) {
		t.Errorf("the login that came back is another one, %v", err)
	}
	simulate("suspend")
	simulate("deprovision")
	await(t, "the suspended customer's folder gone", 10*time.Second, func() bool {
		_, err := os.Stat(folder)
		return os.IsNotExist(err)
	})
}

// TestAnOperatorSuspendsOnAPlatformThatKnowsNoSuchThing locks out a customer of
// Clever Cloud, who reads why, and lets them in again.
func TestAnOperatorSuspendsOnAPlatformThatKnowsNoSuchThing(t *testing.T) {
	dir := copyExample(t, "quickstart")
	p := startQuickstart(t, dir)
	made := call{method: "POST", url: p.URL + "/clevercloud/tinyfiles/resources", user: "tinyfiles", password: password, body: `{"addon_id":"addon_1","plan":"small","region":"EU"}`}.must(t, 200)
	login := login{t, filepath.Join(dir, "data", made.ID, "credentials")}
	turn := func(want string, args ...string) {
		t.Helper()
		out, errOut, code := addongw(t, dir, nil, append(append([]string{"resources"}, args...), "--admin", "unix:"+dir+"/admin.sock")...)
		if code != 0 || out != made.ID+" is "+want+"\n" {
			t.Errorf("%v: exit %d: %s%s", args, code, out, errOut)
		}
	}
	const reason = "The invoice of October is open."
	for range 2 {
		turn("suspended: "+reason, "suspend", "addon_1", "--reason", reason)
		login.is(false, "suspend")
	}
	out, _, _ := addongw(t, dir, nil, "resources", "show", "addon_1", "--admin", "unix:"+dir+"/admin.sock")
	if !strings.Contains(out, "suspended") || !strings.Contains(out, reason) {
		t.Errorf("the operator sees %s", out)
	}
	p.Kill()
	startQuickstart(t, dir)
	login.is(false, "kill -9")
	for range 2 {
		turn("active", "resume", made.ID)
		login.is(true, "resume")
	}
	if _, errOut, code := addongw(t, dir, nil, "resources", "suspend", "nobody", "--admin", "unix:"+dir+"/admin.sock"); code == 0 || !strings.Contains(errOut, "nobody") {
		t.Errorf("an unknown one: exit %d: %s", code, errOut)
	}
}

// TestScriptsThatSuspendSurviveRepeatsInAnyOrder calls the scripts themselves:
// the gateway repeats a call only after a crash.
func TestScriptsThatSuspendSurviveRepeatsInAnyOrder(t *testing.T) {
	for name, tc := range map[string]struct{ dir, login string }{
		"quickstart":   {copyExample(t, "quickstart"), "data/res_a/credentials"},
		"init":         {initialized(t, "shell"), "data/res_a/credentials"},
		"sso-redirect": {copyExample(t, "sso-redirect"), "data/abcdefgh2345"},
	} {
		t.Run(name, func(t *testing.T) {
			s := scripts{t, tc.dir}
			login := login{t, filepath.Join(tc.dir, tc.login)}
			s.run(66, "suspend")
			s.run(66, "resume")
			for _, step := range strings.Fields("provision:in suspend:out suspend:out provision:out read:out resume:in resume:in provision:in suspend:out") {
				verb, then, _ := strings.Cut(step, ":")
				s.run(0, verb)
				login.is(then == "in", verb)
			}
			s.run(0, "deprovision")
			s.run(0, "deprovision")
			if left, err := filepath.Glob(login.path + "*"); err != nil || len(left) > 0 {
				t.Errorf("deprovisioned while suspended: left %v, %v", left, err)
			}
			s.run(66, "read")
		})
	}
}

// scripts are those of a configuration directory, called as the plugin does.
type scripts struct {
	t   *testing.T
	dir string
}

func (s scripts) run(want int, verb string) {
	s.t.Helper()
	cmd := exec.Command(filepath.Join(s.dir, "scripts", verb), verb)
	cmd.Env = append(bareEnvironment(s.dir), "ADDONGW_VERB="+verb, "ADDONGW_RESOURCE_ID=res_a", "ADDONGW_SHORT_ID=abcdefgh2345", "QUOTA_MB=100")
	cmd.Stdin = strings.NewReader(`{"version":"addongw-shell/1","secrets":{"key":"abc","password":"abc"}}` + "\n")
	out, err := cmd.Output()
	if code := cmd.ProcessState.ExitCode(); code != want {
		s.t.Fatalf("%s: exit %d, want %d: %v: %s", verb, code, want, err, out)
	}
	if want == 0 && !strings.Contains(string(out), `"status": "done"`) {
		s.t.Errorf("%s answers %q", verb, out)
	}
}

func TestAnOperatorIsToldWhetherASuspensionIsOnlyRecorded(t *testing.T) {
	m := newMarket(t, "tinyfiles", "TINYFILES_URL", nil, nil)
	dir := m.onClever(t, "quickstart")
	p := start(t, dir, []string{"serve", dir, "--listen", "127.0.0.1:0", "--admin", "unix:" + dir + "/admin.sock"},
		"CLEVER_PASSWORD="+password+"-CLEVER", "CLEVER_SSO_SALT="+ssoSalt)
	m.buy(t, p.URL, "small", 1)
	operator := func(args ...string) string {
		t.Helper()
		out, errOut, code := addongw(t, dir, nil, append(append([]string{"resources"}, args...), "--admin", "unix:"+dir+"/admin.sock")...)
		if code != 0 {
			t.Fatalf("%v: exit %d: %s%s", args, code, out, errOut)
		}
		return out
	}
	id := m.customers[0].resource
	if said := operator("suspend", id, "--reason", "Not paid."); said != id+" is suspended: Not paid.\n" {
		t.Errorf("with a script: %s", said)
	}
	if said := operator("show", id); !regexp.MustCompile(`locked out +yes`).MatchString(said) {
		t.Errorf("shown: %s", said)
	}
	operator("resume", id)
	for _, script := range []string{"suspend", "resume"} {
		if err := os.Remove(filepath.Join(dir, "scripts", script)); err != nil {
			t.Fatal(err)
		}
	}
	if said := operator("suspend", id); !strings.Contains(said, "It is only recorded: shell.files can't lock the customer out.") {
		t.Errorf("without a script: %s", said)
	}
	if said := operator("show", id); !regexp.MustCompile(`locked out +no`).MatchString(said) {
		t.Errorf("shown: %s", said)
	}
}
