package main

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// conformanceReport is what "conformance --json" prints.
type conformanceReport struct {
	Type    string
	Passed  bool
	Stopped string
	Checks  []struct {
		ID, Outcome, Why string
		Problems         []string
	}
	Left []struct{ ID, Reason string }
}

// freeAddress is an address that nobody listens on.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	return l.Addr().String()
}

// writeManifest asks a running gateway's files for the manifest.
func writeManifest(t *testing.T, p *process) string {
	t.Helper()
	text, errOut, code := addongw(t, p.dir, quickstartEnv(), "manifest", "clevercloud", "tinyfiles", "--with-secrets", "--test-url", p.URL)
	if code != 0 {
		t.Fatalf("manifest: exit %d: %s", code, errOut)
	}
	file := filepath.Join(tempDir(t), "manifest.json")
	write(t, file, text)
	return file
}

func quickstartEnv() []string {
	return []string{"CLEVER_PASSWORD=" + password, "CLEVER_SSO_SALT=" + ssoSalt}
}

// Everything runs, the infos API included, and every rule holds: must, should
// and may.
func TestOurOwnGatewayIsConformant(t *testing.T) {
	api := freeAddress(t)
	dir := changedExample(t, "quickstart", "platform \"clevercloud\" {\n", fmt.Sprintf("platform \"clevercloud\" {\n    api_url = \"http://%s/v2\"\n", api))
	p := startQuickstart(t, dir)
	manifest := writeManifest(t, p)
	out, errOut, code := addongw(t, dir, nil, "conformance", "clevercloud", "--manifest", manifest, "--plan", "small,large",
		"--strict", "--listen", api, "--json")
	var report conformanceReport
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v: %s%s", err, out, errOut)
	}
	if code != 0 || report.Type != "conformance" || !report.Passed || len(report.Left) > 0 || len(report.Checks) < 90 {
		t.Errorf("exit %d, %d checks, left %+v, %s%s", code, len(report.Checks), report.Left, report.Stopped, errOut)
	}
	for _, c := range report.Checks {
		if c.Outcome != "ok" {
			t.Errorf("%s is %s: %s%q", c.ID, c.Outcome, c.Why, c.Problems)
		}
	}
	if !strings.Contains(errOut, "Clever Cloud's own API is at http://"+api) {
		t.Errorf("nobody says where the stand-in is: %s", errOut)
	}
}

func TestAWrongManifestIsRefusedWithEverythingThatIsWrong(t *testing.T) {
	file := filepath.Join(tempDir(t), "manifest.json")
	write(t, file, `{"id": "acme", "api": {"config_vars": ["ACME_URL", "DATABASE"], "regions": [], "password": "", "sso_salt": "(set with --with-secrets)",
		"production": {"base_url": "http://acme.example/", "sso_url": 5}}}`)
	out, errOut, code := addongw(t, filepath.Dir(file), []string{"LC_ALL=C.UTF-8"}, "conformance", "clevercloud", "--manifest", file)
	for _, want := range []string{
		"api.password can't be blank", "api.config_vars has DATABASE, which should be ACME_ followed by", "api.regions should have at least one region",
		"api.production.sso_url must be text, not a number", "api.production.base_url begins with http:", "base_url ends with a slash",
		"api.sso_salt is not in this file", "ADDONGW_SSO_SALT", "Nothing was sent: api.password can't be blank.", "✗ CC-M5", "(should)",
	} {
		if !strings.Contains(strings.Join(strings.Fields(out), " "), want) {
			t.Errorf("%q is missing", want)
		}
	}
	if code != exitFailed || errOut != "" {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
}

func TestConformanceSaysWhatItNeedsToKnow(t *testing.T) {
	dir := tempDir(t)
	write(t, filepath.Join(dir, "m.json"), goodManifest("http://127.0.0.1:1"))
	for _, tc := range []struct {
		args []string
		want string
	}{
		{[]string{"nowhere"}, `there is no platform "nowhere"`},
		{[]string{"clevercloud"}, "--manifest FILE, or its base_url with --url URL"},
		{[]string{"clevercloud", "--manifest", "m.json"}, "Clever Cloud's manifest names no plans, and an order needs one\n  = Name their slugs, as orders carry them: --plan FIRST,SECOND."},
		{[]string{"clevercloud", "--url", "ftp://x"}, "--url is no address"},
		{[]string{"clevercloud", "--url", "http://127.0.0.1:1/resources"}, "Name it with --username"},
		{[]string{"clevercloud", "--url", "http://127.0.0.1:1/resources", "--username", "acme"}, "ADDONGW_PASSWORD"},
		{[]string{"clevercloud", "--manifest", "m.json", "--plan", "a", "--only", "everything"}, `there is no check or group "everything"`},
		{[]string{"clevercloud", "--manifest", "m.json", "--plan", "a", "--only", "provison"}, "Did you mean provision? Groups: manifest, auth, provision,"},
		{[]string{"clevercloud", "--manifest", "m.json", "--plan", "a", "--format", "github"}, `addongw conformance has no format "github"`},
	} {
		out, errOut, code := addongw(t, dir, nil, append([]string{"conformance"}, tc.args...)...)
		if code != exitUsage || out != "" || !strings.Contains(errOut, tc.want) {
			t.Errorf("%v: exit %d: %s%s", tc.args, code, out, errOut)
		}
	}
	out, errOut, code := addongw(t, dir, []string{"ADDONGW_PASSWORD=" + password}, "conformance", "scalingo", "--url", "http://127.0.0.1:1/resources", "--username", "acme")
	if code != exitUsage || !strings.Contains(errOut, "without a manifest nobody says which plans there are") {
		t.Errorf("without plans: exit %d: %s%s", code, out, errOut)
	}
	out, errOut, code = addongw(t, dir, nil, "conformance", "clevercloud", "--manifest", "m.json", "--plan", "a,b")
	if code != exitFailed || !strings.Contains(out, "Nobody answers at http://127.0.0.1:1/resources: connection refused.") {
		t.Errorf("where nobody answers: exit %d: %s%s", code, out, errOut)
	}
}

func goodManifest(url string) string {
	return fmt.Sprintf(`{"id": "acme", "api": {"config_vars": ["ACME_URL"], "regions": ["eu"], "password": %q, "sso_salt": %q,
		"production": {"base_url": "https://acme.example/resources", "sso_url": "https://acme.example/sso"},
		"test": {"base_url": %q, "sso_url": %q}}}`, password, ssoSalt, url+"/resources", url+"/sso")
}

// interrupted is a provider that interrupts the tester while it handles the
// third order.
type interrupted struct {
	tester        func() // interrupts it
	orders, alive atomic.Int64
}

func (p *interrupted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/resources":
		n := p.orders.Add(1)
		if n == 3 {
			p.tester()
		}
		if n >= 3 { // nobody outside sees when a signal has arrived
			<-time.After(50 * time.Millisecond)
		}
		p.alive.Add(1)
		_, _ = fmt.Fprintf(w, `{"id": "res-%d"}`, n)
	case r.Method == http.MethodDelete && strings.HasPrefix(r.URL.Path, "/resources/res-"):
		p.alive.Add(-1)
	}
}

func TestCtrlCEndsARunAndCleansUp(t *testing.T) {
	cmd := exec.Command(filepath.Join(binaries(t), "addongw"), "conformance", "clevercloud", "--manifest", "-", "--plan", "a,b", "--only", "provision")
	cmd.Dir, cmd.Env = tempDir(t), bareEnvironment("/tmp")
	provider := &interrupted{tester: func() { _ = cmd.Process.Signal(syscall.SIGINT) }}
	server := httptest.NewServer(provider)
	t.Cleanup(server.Close)
	cmd.Stdin = strings.NewReader(goodManifest(server.URL))
	out, _ := cmd.Output() // the exit code is looked at below
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(string(out), "The run was interrupted.") {
		t.Errorf("exit %d: %s", code, out)
	}
	if provider.alive.Load() != 0 || provider.orders.Load() < 3 {
		t.Errorf("%d of %d resources are left", provider.alive.Load(), provider.orders.Load())
	}
}

func TestAProviderIsCheckedByItsAddressAlone(t *testing.T) {
	p := startQuickstart(t, copyExample(t, "quickstart"))
	env := []string{"ADDONGW_PASSWORD=" + password, "ADDONGW_SSO_SALT=" + ssoSalt}
	base := p.URL + "/clevercloud/tinyfiles"
	out, errOut, code := addongw(t, p.dir, env, "conformance", "clevercloud", "--url", base+"/resources/", "--sso-url", base+"/sso",
		"--username", "tinyfiles", "--plan", "small", "--only", "auth,config,CC-S1,CC-S4", "--verbose")
	if code != 0 || !strings.Contains(out, "11 passed, 2 skipped") {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
	for _, text := range []string{password, ssoSalt, "sftp://"} {
		if strings.Contains(out+errOut, text) {
			t.Errorf("the report holds %.4s…", text)
		}
	}
	out, errOut, code = addongw(t, p.dir, env, "conformance", "clevercloud", "--url", base+"/nowhere", "--username", "tinyfiles", "--plan", "small", "--format", "junit")
	if code != exitFailed || !strings.Contains(out, `<testcase name="CC-P1 `) || !strings.Contains(out, "<failure message=") {
		t.Errorf("at a wrong address: exit %d: %.400s%s", code, out, errOut)
	}
}
