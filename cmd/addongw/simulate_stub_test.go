package main

import (
	"bytes"
	"context"
	"fmt"
	"html"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// provider is somebody else's provider, with the answers of a test.
type provider struct {
	t        *testing.T
	manifest string
	url      string
	state    string
	calls    atomic.Int64
}

func newProvider(t *testing.T, answer http.HandlerFunc) *provider {
	t.Helper()
	p := &provider{t: t, state: filepath.Join(t.TempDir(), "state")}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.calls.Add(1)
		if user, pass, _ := r.BasicAuth(); r.URL.Path != "/sso" && (user != "acme-db" || pass != password) {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		answer(w, r)
	}))
	t.Cleanup(server.Close)
	p.url = server.URL
	p.manifest = filepath.Join(t.TempDir(), "acme.json")
	write(t, p.manifest, fmt.Sprintf(`{"id": "acme-db", "name": "Acme", "api": {"config_vars": ["ACME_DB_URL"], "regions": ["eu"],
		"password": %q, "sso_salt": %q, "production": {"base_url": "%[3]s/resources", "sso_url": "%[3]s/sso"}}}`, password, ssoSalt, server.URL))
	return p
}

// answerMade answers an order as a provider should, with this id.
func answerMade(w http.ResponseWriter, id string) {
	w.Header().Set("Content-Type", "application/json")
	fmt.Fprintf(w, `{"id": %q, "config": {}}`, id)
}

// refusing answers 422 with this body.
func refusing(body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusUnprocessableEntity)
		fmt.Fprint(w, body)
	}
}

// hold never answers. A server notices that a client has gone once it has read
// the body.
func hold(_ http.ResponseWriter, r *http.Request) {
	_, _ = io.Copy(io.Discard, r.Body)
	<-r.Context().Done()
}

// inProcess runs a command without starting a process.
func inProcess(t *testing.T, env map[string]string, args ...string) (out, errOut string, code int) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	getenv := func(name string) (string, bool) { value, ok := env[name]; return value, ok }
	code = run(t.Context(), args, &streams{in: strings.NewReader(""), out: &stdout, err: &stderr, getenv: getenv})
	return stdout.String(), stderr.String(), code
}

func (p *provider) simulate(args ...string) (out, errOut string, code int) {
	p.t.Helper()
	args = append([]string{"simulate", "clevercloud"}, append(args, "--manifest", p.manifest, "--state", p.state)...)
	return inProcess(p.t, map[string]string{"LANG": "C.UTF-8"}, args...)
}

func TestWhatAPlatformWouldNotTakeFails(t *testing.T) {
	for name, tc := range map[string]struct {
		answer http.HandlerFunc
		want   string
	}{
		"no id":   {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `{"config": {}}`) }, `→ FAILED the answer has no "id"`},
		"no JSON": {func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, `made`) }, `→ FAILED the answer has no "id"`},
		"broken":  {func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(500) }, "→ FAILED status is 500; Clever Cloud takes 2xx"},
		"redirected": {func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "/elsewhere", http.StatusTemporaryRedirect)
		}, "→ FAILED status is 307; Clever Cloud takes 2xx"},
		"a sentence":      {refusing(`{"message": "Sold out,\n try \u001b[31mlater."}`), `→ FAILED status is 422; Clever Cloud takes 2xx: "Sold out, try [31mlater."`},
		"an error":        {refusing(`{"message": 7, "error": "No \"gold\" here."}`), `→ FAILED status is 422; Clever Cloud takes 2xx: 'No "gold" here.'`},
		"no text":         {refusing(`{"error": {"message": "nested"}}`), "→ FAILED status is 422; Clever Cloud takes 2xx"},
		"made of nothing": {refusing(`{"message": "\u0000 \u202e"}`), "→ FAILED status is 422; Clever Cloud takes 2xx"},
		"a long one": {
			refusing(`{"message": "` + strings.Repeat("é", 199) + password + `"}`),
			`→ FAILED status is 422; Clever Cloud takes 2xx: "` + strings.Repeat("é", 199) + `…"`,
		},
		"our password": {
			refusing(`{"message": "` + strings.Repeat("é", 185) + password + `"}`),
			`→ FAILED status is 422; Clever Cloud takes 2xx: "` + strings.Repeat("é", 185) + `[redacted]"`,
		},
		"hung up": {func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, "→ FAILED the connection was closed without an answer"},
		"silent":  {hold, "→ FAILED no answer in time"},
	} {
		t.Run(name, func(t *testing.T) {
			p := newProvider(t, tc.answer)
			out, errOut, code := p.simulate("provision", "--plan", "small", "--timeout", "300ms")
			if code != exitFailed || !strings.HasSuffix(out, "\n"+tc.want+"\n") || p.calls.Load() != 1 {
				t.Errorf("exit %d after %d calls: %s%s", code, p.calls.Load(), out, errOut)
			}
			unknown := name == "hung up" || name == "silent"
			if again := strings.Contains(errOut, "the same order again: --id addon_"); again != unknown {
				t.Errorf("how to ask again: %q", errOut)
			}
		})
	}
}

func TestAnswersThatDifferAreShown(t *testing.T) {
	var n atomic.Int64
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) { answerMade(w, "db-"+strconv.FormatInt(n.Add(1), 10)) })
	out, errOut, code := p.simulate("provision", "--plan", "small", "--repeat", "3")
	if code != 0 || !strings.Contains(out, "* sent 3 times: answer 2 is not as the first\n") || !strings.Contains(out, `"id": "db-2"`) || strings.Contains(out, "db-3") {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
	if out, _, _ := p.simulate("list"); out != "- db-1 → small\n- db-2 → small\n- db-3 → small\n" {
		t.Errorf("list: %s", out)
	}
	if _, errOut, code := p.simulate("provision", "--plan", "small", "--repeat", "1001"); code != exitUsage || !strings.Contains(errOut, "1 to 1000") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

// TestTwoCommandsAtOnceBothRemember is what goes wrong where each writes what
// it has read before.
func TestTwoCommandsAtOnceBothRemember(t *testing.T) {
	var n atomic.Int64
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) { answerMade(w, fmt.Sprintf("db-%02d", n.Add(1))) })
	var group sync.WaitGroup
	for range 20 {
		group.Go(func() {
			if out, errOut, code := p.simulate("provision", "--plan", "small", "-q"); code != 0 {
				t.Errorf("exit %d: %s%s", code, out, errOut)
			}
		})
	}
	group.Wait()
	if out, _, _ := p.simulate("list"); strings.Count(out, "→ small\n") != 20 {
		t.Errorf("remembered:\n%s", out)
	}
}

func TestAProviderWithoutAManifestIsCalledByFlags(t *testing.T) {
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/sso" {
			http.Redirect(w, r, "/dashboard", http.StatusFound)
			return
		}
		answerMade(w, "db-1")
	})
	at := []string{"--url", p.url + "/resources/", "--username", "acme-db", "--state", p.state}
	env := map[string]string{"ADDONGW_PASSWORD": password, "ADDONGW_SSO_SALT": ssoSalt, "LANG": "C.UTF-8"}
	call := func(env map[string]string, args ...string) (out, errOut string, code int) {
		return inProcess(t, env, append(append([]string{"simulate", "clevercloud"}, args...), at...)...)
	}
	if out, errOut, code := call(env, "provision", "--plan", "small", "--region", "EU", "-q"); code != 0 || out != "→ OK\n" {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
	if out, errOut, code := call(env, "sso", "-q", "--sso-url", p.url+"/sso"); code != 0 || out != "→ OK\n" {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}
	for name, tc := range map[string]struct {
		env  map[string]string
		args []string
		want string
	}{
		"no password": {nil, []string{"list"}, "ADDONGW_PASSWORD"},
		"no sso_url":  {env, []string{"sso"}, "--sso-url"},
		"no salt":     {map[string]string{"ADDONGW_PASSWORD": password}, []string{"sso", "--sso-url", p.url + "/sso"}, "ADDONGW_SSO_SALT"},
		"no plan":     {env, []string{"provision"}, "--plan"},
		"no address":  {env, []string{"sso", "--sso-url", "sso"}, "--sso-url is no address"},
	} {
		if out, errOut, code := call(tc.env, tc.args...); code != exitUsage || !strings.Contains(errOut, tc.want) {
			t.Errorf("%s: exit %d: %s%s", name, code, out, errOut)
		}
	}
}

func TestWrongWordsOfSimulateAreExplained(t *testing.T) {
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) { answerMade(w, "db-1") })
	for line, want := range map[string]string{
		"update --plan small":                         "Did you mean change_plan?",
		"frobnicate":                                  "There is: provision, change_plan,",
		"suspend db-1":                                "Clever Cloud has no call to suspend",
		"provision":                                   "manifests for Clever Cloud name no plans",
		"change_plan db-1":                            "nobody says to which plan to change",
		"sso db-1 --plan small":                       "--plan says nothing to sso",
		"provision --plan small --age 5m":             "--age says nothing to provision",
		"sso db-1 --id db-2":                          "two ids",
		"sso db-1 --age 1m --future 1m":               "contradict",
		"list db-1":                                   "list takes no id",
		"provision --plan small --omit nothing":       "the request has no such member",
		"provision --plan small --set plan.name=gold": "what holds name is no object",
		"provision --plan small --set plan":           "Write --set NAME=VALUE.",
		"provision --plan small --option a":           "Write --option NAME=VALUE.",
	} {
		if out, errOut, code := p.simulate(strings.Fields(line)...); code != exitUsage || !strings.Contains(errOut, want) {
			t.Errorf("%s: exit %d: %s%s", line, code, out, errOut)
		}
	}
	if n := p.calls.Load(); n > 0 {
		t.Errorf("%d requests were sent", n)
	}
	_, errOut, code := inProcess(t, nil, "simulate", "nimbus", "list")
	if code != exitUsage || !strings.Contains(errOut, "clevercloud") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

func TestNobodyIsCalledByAManifestWithErrors(t *testing.T) {
	dir := t.TempDir()
	manifest := filepath.Join(dir, "manifest.json")
	write(t, manifest, `{"id": "acme-db", "api": {"config_vars": [], "regions": [], "sso_salt": "x", "production": {"base_url": "http://127.0.0.1:1", "sso_url": "http://127.0.0.1:1"}}}`)
	_, errOut, code := inProcess(t, nil, "simulate", "clevercloud", "provision", "--manifest", manifest)
	for _, want := range []string{"Errors in the manifest:\n", "  -> api.password can't be blank\n", "  -> api.regions should have at least one region\n"} {
		if code != exitFailed || !strings.Contains(errOut, want) {
			t.Errorf("exit %d, no %q: %s", code, want, errOut)
		}
	}
	out, _, code := inProcess(t, nil, "simulate", "clevercloud", "provision", "--manifest", manifest, "--json")
	if code != exitFailed || !strings.Contains(out, `"api.password can't be blank"`) {
		t.Errorf("exit %d: %s", code, out)
	}
}

func TestAResourceThatIsGoneIsForgotten(t *testing.T) {
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == "DELETE" {
			w.WriteHeader(http.StatusNotFound)
			return
		}
		answerMade(w, "db-1")
	})
	p.simulate("provision", "--plan", "small")
	if _, errOut, code := p.simulate("deprovision", "-q"); code != exitFailed || !strings.Contains(errOut, "it is forgotten here, too") {
		t.Errorf("exit %d: %s", code, errOut)
	}
	if out, _, _ := p.simulate("list"); out != "" {
		t.Errorf("list: %s", out)
	}
}

func TestAnAnswerCannotMoveTheCursor(t *testing.T) {
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) { fmt.Fprint(w, "\x1b[2Jgone\r\n\x07") })
	if out, _, _ := p.simulate("provision", "--plan", "small"); strings.ContainsAny(out, "\x1b\x07\r") || !strings.Contains(out, "[2Jgone") {
		t.Errorf("%q", out)
	}
}

func TestCookiesOfASignOnAreNotShown(t *testing.T) {
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) {
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "cookie-secret"})
		http.Redirect(w, r, "/in?id="+r.FormValue("id")+"&ticket=ticket-secret#fragment-secret", http.StatusFound)
	})
	for _, format := range []string{"text", "json"} {
		out, _, code := p.simulate("sso", "db-1", "--format", format)
		if code != 0 || !strings.Contains(out, "/in?[redacted]") || !strings.Contains(out, "id=db-1") || strings.Contains(out, "-secret") {
			t.Errorf("exit %d: %s", code, out)
		}
	}
}

// Only the provider knows which part of the address lets somebody in. It may
// write it as it likes, and repeat it.
func TestAllOfTheQueryThatASignOnLeadsToIsHidden(t *testing.T) {
	for name, end := range map[string]string{
		"escapes of both cases": "?code=secret%2bb%2Fc", "short": "?k=sec", "no name": "?secret", "semicolons": "?a=1;code=secret",
		"a fragment": "#/page?t=secret", "not UTF-8": "?code=sec\xff\xfe",
	} {
		for _, header := range []string{"Location", "Refresh"} {
			p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) {
				to := map[string]string{"Location": "/in" + end, "Refresh": "0; url='/in" + end + "'"}[header]
				w.Header().Set(header, to)
				w.Header().Set("Content-Type", "application/x-www-form-urlencoded")
				w.WriteHeader(http.StatusFound)
				fmt.Fprintf(w, "%s <a href=\"%s\">", to, html.EscapeString("/in"+end+"&x=1"))
			})
			for _, format := range []string{"text", "json"} {
				out, _, code := p.simulate("sso", "db-1", "--format", format)
				if code != 0 || strings.Contains(out, "sec\ufffd") || strings.Contains(out, "=sec") || strings.Contains(out, "secret") || strings.Count(out, end[:1]+"[redacted]") != 3 || !strings.Contains(out, "id=db-1") {
					t.Errorf("%s, %s: exit %d: %s", name, header, code, out)
				}
			}
		}
	}
}

func TestWhatIsRememberedWronglyIsAnErrorWithARemedy(t *testing.T) {
	p := newProvider(t, func(w http.ResponseWriter, _ *http.Request) { answerMade(w, "db-1") })
	if err := os.MkdirAll(p.state, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(p.state, "simulate.json"), "{")
	if _, errOut, code := p.simulate("list"); code != exitFailed || !strings.Contains(errOut, "Remove it to forget what was made") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

// TestCtrlCEndsAWaitingCall sends the signal while the provider holds the
// request.
func TestCtrlCEndsAWaitingCall(t *testing.T) {
	held := make(chan struct{})
	p := newProvider(t, func(w http.ResponseWriter, r *http.Request) { close(held); hold(w, r) })
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(binaries(t), "addongw"), "simulate", "clevercloud", "provision", "--plan", "small", "--manifest", p.manifest, "--state", p.state)
	cmd.Env = bareEnvironment(p.state)
	var errOut bytes.Buffer
	cmd.Stderr = &errOut
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	<-held
	_ = cmd.Process.Signal(syscall.SIGINT)
	_ = cmd.Wait() // the exit code says it
	if code := cmd.ProcessState.ExitCode(); code != exitInterrupted || !strings.Contains(errOut.String(), "--id addon_") {
		t.Errorf("exit %d: %s", code, errOut.String())
	}
}
