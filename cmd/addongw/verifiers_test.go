package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// verifiers are the programs in examples/sso-redirect/verify: what runs each,
// without the Go program, which is built first.
var verifiers = map[string][]string{
	"go":     nil,
	"python": {"python3", "python/verify.py"},
	"node":   {"node", "node/verify.mjs"},
}

// page is the origin that tokens of examples/sso-redirect are for.
const page = "https://app.example.com"

// verifier is a vendor's page as a process of its own.
type verifier struct {
	t   *testing.T
	URL string // of the page, with the path

	mu  sync.Mutex
	log bytes.Buffer
}

// verifierCommand makes the command of a verifier. A language that the machine
// lacks skips the test, but not in CI.
func verifierCommand(t *testing.T, language string) *exec.Cmd {
	t.Helper()
	dir := filepath.Join(root(t), "examples/sso-redirect/verify")
	args := verifiers[language]
	if args == nil {
		binary := filepath.Join(tempDir(t), "verify")
		build := exec.Command("go", "build", "-o", binary, "./examples/sso-redirect/verify/go")
		build.Dir = root(t)
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("build the verifier: %v\n%s", err, out)
		}
		args = []string{binary}
	}
	if _, err := exec.LookPath(args[0]); err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is missing: run make setup", args[0])
		}
		t.Skipf("%s is missing (make setup installs it)", args[0])
	}
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "LISTEN=127.0.0.1:0", "SSO_AUDIENCE="+page)
	return cmd
}

func startVerifier(t *testing.T, language string, env ...string) *verifier {
	t.Helper()
	v, cmd := &verifier{t: t}, verifierCommand(t, language)
	cmd.Env = append(cmd.Env, env...)
	cmd.Stderr = writerFunc(func(b []byte) { v.mu.Lock(); v.log.Write(b); v.mu.Unlock() })
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() })
	dead := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
	line, err := bufio.NewReader(out).ReadString('\n')
	dead.Stop()
	address, ok := strings.CutPrefix(strings.TrimSpace(line), "listening on ")
	if err != nil || !ok {
		t.Fatalf("the verifier in %s does not listen: %q, %v\n%s", language, line, err, v.Log())
	}
	v.URL = address
	return v
}

// Log is what the verifier wrote to standard error so far.
func (v *verifier) Log() string {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.log.String()
}

// came is what a verifier answers.
type came struct {
	Resource, Addon, Plan, Region, Platform string
	PlatformID                              string `json:"platform_id"`
	UserID                                  string `json:"user_id"`
	Email                                   string
	EmailVerified                           bool `json:"email_verified"`
}

// open asks for the page as a browser does that was sent there.
func (v *verifier) open(query string) (status int, who came) {
	v.t.Helper()
	resp, err := http.Get(v.URL + "?" + query)
	if err != nil {
		v.t.Error(err)
		return 0, who
	}
	defer func() { _ = resp.Body.Close() }()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		v.t.Error(err)
	}
	if resp.Header.Get("Cache-Control") != "no-store" || resp.Header.Get("Referrer-Policy") != "no-referrer" {
		v.t.Errorf("status %d with the headers %v", resp.StatusCode, resp.Header)
	}
	if resp.StatusCode == 200 {
		if err := json.Unmarshal(body, &who); err != nil {
			v.t.Errorf("the page answers %s: %v", body, err)
		}
	} else if string(body) != "This link does not work. Open the add-on from your dashboard.\n" {
		v.t.Errorf("the page answers %d %q", resp.StatusCode, body)
	}
	return resp.StatusCode, who
}

// refuses checks that a token is refused, and why.
func (v *verifier) refuses(name, query, reason string) {
	v.t.Helper()
	before := v.Log()
	status, _ := v.open(query)
	want := "refused: " + reason + "\n"
	await(v.t, "the reason in the log", 10*time.Second, func() bool { return strings.HasSuffix(v.Log()[len(before):], "\n") || status == 200 })
	if said := v.Log()[len(before):]; status != 403 || !strings.HasSuffix(said, want) {
		v.t.Errorf("%s: status %d, the log says %q, want %q", name, status, said, want)
	}
}

func query(token string) string { return url.Values{"token": {token}}.Encode() }

// inEveryLanguage runs a test with each verifier.
func inEveryLanguage(t *testing.T, run func(t *testing.T, language string)) {
	for language := range verifiers {
		t.Run(language, func(t *testing.T) { run(t, language) })
	}
}

func TestAVerifierDoesNotStartWithoutWhatItNeeds(t *testing.T) {
	inEveryLanguage(t, func(t *testing.T, language string) {
		for want, env := range map[string][]string{
			"SSO_TOKEN_SECRET must have 32":        {"SSO_TOKEN_SECRET=short"},
			"SSO_TOKEN_SECRET_BEFORE must have 32": {"SSO_TOKEN_SECRET=" + tokenSecret, "SSO_TOKEN_SECRET_BEFORE=short"},
			"SSO_AUDIENCE must be":                 {"SSO_TOKEN_SECRET=" + tokenSecret, "SSO_AUDIENCE="},
		} {
			cmd := verifierCommand(t, language)
			cmd.Env = append(cmd.Env, env...)
			dead := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
			out, err := cmd.CombinedOutput()
			dead.Stop()
			if err == nil || cmd.ProcessState.ExitCode() != 1 || !strings.Contains(string(out), want) || strings.Contains(string(out), tokenSecret) {
				t.Errorf("%s: %v\n%s", want, err, out)
			}
		}
	})
}

// TestASignOnArrivesAtTheVendorsPage is the whole way with examples/sso-redirect:
// an order, the console's form, the redirect, the page. The page's own reverse
// proxy is left out: what it would pass on is asked of the page itself.
func TestASignOnArrivesAtTheVendorsPage(t *testing.T) {
	dir := copyExample(t, "sso-redirect")
	p := start(t, dir, []string{"serve", dir, "--listen", "127.0.0.1:0"},
		"CLEVER_PASSWORD="+password, "CLEVER_SSO_SALT="+ssoSalt, "SSO_TOKEN_SECRET="+tokenSecret)
	mount := p.URL + "/clevercloud/acme-notes"
	made := call{"POST", mount + "/resources", "acme-notes", password, `{"addon_id":"addon_1","plan":"team","region":"eu"}`}.must(t, 200)
	if !strings.HasPrefix(made.Config["ACME_NOTES_URL"], page+"/api/") || len(made.Config["ACME_NOTES_KEY"]) != 32 {
		t.Errorf("the config vars are %v", made.Config)
	}
	signOns := 0
	inEveryLanguage(t, func(t *testing.T, language string) {
		v := startVerifier(t, language, "SSO_TOKEN_SECRET="+tokenSecret)
		signOns++
		address := sentTo(t, mount, signOnForm(made.ID, time.Now().Add(time.Duration(signOns)*time.Second)))
		status, who := v.open(address.RawQuery)
		want := came{made.ID, "acme-notes", "team", "eu", "clevercloud", "addon_1", "user_1", "canary.ann@example.com", true}
		if status != 200 || who != want {
			t.Errorf("status %d, who came is %+v, want %+v\n%s", status, who, want, v.Log())
		}
		v.refuses("a second time", address.RawQuery, "it was used before")
		if strings.Contains(v.Log(), "canary") || strings.Contains(v.Log(), address.Query().Get("token")) {
			t.Errorf("the page's log is %s", v.Log())
		}
	})
	call{"DELETE", mount + "/resources/" + made.ID, "acme-notes", password, ""}.must(t, 200)
}

// sentTo posts a sign-on and returns where the gateway sends the customer.
func sentTo(t *testing.T, mount string, form url.Values) *url.URL {
	t.Helper()
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.PostForm(mount+"/sso", form)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	address, err := resp.Location()
	if err != nil || resp.StatusCode != 302 || !strings.HasPrefix(address.String(), page+"/partner-login?token=") {
		t.Fatalf("status %d, sent elsewhere than to the page, %v", resp.StatusCode, err)
	}
	return address
}

// TestASecretIsReplacedWithoutLosingACustomer does what the example's README
// says: the page learns the new secret first, then the gateway.
func TestASecretIsReplacedWithoutLosingACustomer(t *testing.T) {
	const newSecret = "the-other-token-secret-that-is-long-enough"
	dir := changedExample(t, "sso-redirect", `secret("env:SSO_TOKEN_SECRET")`, `secret("run:token")`, "gateway {", "secrets \"file\" \"run\" {\n  directory = \"run\"\n}\n\ngateway {")
	file := filepath.Join(dir, "run", "token")
	put := func(secret string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(file), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(tokenSecret)
	p := start(t, dir, []string{"serve", dir, "--listen", "127.0.0.1:0", "--admin", "unix:" + dir + "/admin.sock"}, "CLEVER_PASSWORD="+password, "CLEVER_SSO_SALT="+ssoSalt)
	mount := p.URL + "/clevercloud/acme-notes"
	made := call{"POST", mount + "/resources", "acme-notes", password, `{"addon_id":"addon_1","plan":"team","region":"eu"}`}.must(t, 200)
	before := sentTo(t, mount, signOnForm(made.ID, time.Now()))
	put(newSecret)
	if _, errOut, code := addongw(t, dir, p.cmd.Env, "reload", dir, "--admin", "unix:"+dir+"/admin.sock"); code != 0 {
		t.Fatalf("reload: exit %d\n%s", code, errOut)
	}
	after := sentTo(t, mount, signOnForm(made.ID, time.Now().Add(time.Second)))
	both := startVerifier(t, "go", "SSO_TOKEN_SECRET="+newSecret, "SSO_TOKEN_SECRET_BEFORE="+tokenSecret)
	for name, address := range map[string]*url.URL{"from before": before, "from after": after} {
		if status, _ := both.open(address.RawQuery); status != 200 {
			t.Errorf("a token %s: status %d\n%s", name, status, both.Log())
		}
	}
	one := startVerifier(t, "go", "SSO_TOKEN_SECRET="+newSecret)
	one.refuses("the secret from before, taken away", before.RawQuery, "the signature does not fit")
	if status, _ := one.open(after.RawQuery); status != 200 {
		t.Errorf("the new secret alone: status %d", status)
	}
}
