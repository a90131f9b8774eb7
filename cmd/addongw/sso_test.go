package main

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/all"
	"github.com/addongw/addongw/gateway/web/webtest"
)

// quickstartOrdered serves examples/quickstart with a resource in it.
func quickstartOrdered(t *testing.T) (dir string, p *process, id string) {
	t.Helper()
	dir = copyExample(t, "quickstart")
	p = startQuickstart(t, dir)
	return dir, p, call{"POST", p.URL + "/clevercloud/tinyfiles/resources", "tinyfiles", password, order}.must(t, 200).ID
}

var ssoSecrets = []string{"CLEVER_PASSWORD=" + password, "CLEVER_SSO_SALT=" + ssoSalt}

// signingOn runs "addongw sso" until it has said where its page is.
func signingOn(t *testing.T, dir string, args ...string) (address string, ended <-chan int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(binaries(t), "addongw"), append([]string{"sso", "--dir", dir}, args...)...)
	cmd.Dir, cmd.Env = dir, append(bareEnvironment(dir), ssoSecrets...)
	printed := make(chan string, 1)
	cmd.Stdout = writerFunc(func(b []byte) { printed <- strings.TrimSpace(string(b)) })
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	code := make(chan int, 1)
	go func() { _ = cmd.Wait(); code <- cmd.ProcessState.ExitCode() }()
	t.Cleanup(func() { _ = cmd.Process.Signal(syscall.SIGKILL) })
	select {
	case address = <-printed:
	case c := <-code:
		t.Fatalf("it ended with %d", c)
	case <-time.After(30 * time.Second):
		t.Fatal("no address is printed")
	}
	if u, err := url.Parse(address); err != nil || u.Hostname() != "127.0.0.1" || strings.Contains(address, "signature") {
		t.Fatalf("the page is at %s", address)
	}
	return address, code
}

func ends(t *testing.T, ended <-chan int, want int) {
	t.Helper()
	select {
	case code := <-ended:
		if code != want {
			t.Errorf("exit %d, want %d", code, want)
		}
	case <-time.After(20 * time.Second):
		t.Error("it does not end")
	}
}

// TestThePrintedPageSignsABrowserOn opens it, with scripts and without.
func TestThePrintedPageSignsABrowserOn(t *testing.T) {
	dir, p, id := quickstartOrdered(t)
	browser := webtest.Start(t, startInternet(t, p).flags...)
	for _, look := range []webtest.Look{{}, {NoScripts: true}} {
		address, ended := signingOn(t, dir, id[:20], "--email", "bob@example.com")
		tab := browser.Tab(look)
		tab.Open(address)
		if look.NoScripts {
			tab.Click("Sign on")
		}
		tab.AwaitText("TINYFILES_URL")
		if m := tab.Messages(); len(m) > 0 {
			t.Errorf("the console says %q", m)
		}
		ends(t, ended, 0)
	}
	address, ended := signingOn(t, dir, "addon_1", "--age", "11m") // the platform's id
	tab := browser.Tab(webtest.Look{})
	tab.Open(address)
	tab.AwaitText("This link is 11 minutes old")
	ends(t, ended, 0)
}

// TestThePageOfASignOnIsForOneBrowserOnThisMachine asks for it in every wrong
// way before the right one.
func TestThePageOfASignOnIsForOneBrowserOnThisMachine(t *testing.T) {
	dir, _, id := quickstartOrdered(t)
	address, ended := signingOn(t, dir, id)
	ask := func(method, address, host, purpose string) (int, http.Header, string) {
		r, err := http.NewRequestWithContext(t.Context(), method, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if host != "" {
			r.Host = host
		}
		if purpose != "" {
			r.Header.Set("Sec-Purpose", purpose)
		}
		resp, err := (&http.Client{Transport: &http.Transport{DisableKeepAlives: true}}).Do(r)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			t.Fatal(err)
		}
		return resp.StatusCode, resp.Header, string(text)
	}
	for name, tc := range map[string]struct {
		method, address, host, purpose string
		want                           int
	}{
		"a stranger's name": {"GET", address, "attacker.example", "", 403},
		"another path":      {"GET", address + "x", "", "", 404},
		"the root":          {"GET", address[:strings.LastIndexByte(address, '/')+1], "", "", 404},
		"a look":            {"HEAD", address, "", "", 405},
		"a post":            {"POST", address, "", "", 405},
		"ahead of time":     {"GET", address, "", "prefetch;prerender", 405},
	} {
		if status, _, body := ask(tc.method, tc.address, tc.host, tc.purpose); status != tc.want || strings.Contains(body, "signature") {
			t.Errorf("%s: %d, want %d: %s", name, status, tc.want, body)
		}
	}
	status, header, body := ask("GET", address, "", "")
	nonce := regexp.MustCompile(`<script nonce="([^"]{20,})">`).FindStringSubmatch(body)
	if status != 200 || nonce == nil || !strings.Contains(body, `name="signature" value="`) {
		t.Fatalf("%d: %s", status, body)
	}
	for name, want := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer",
		"Content-Security-Policy": "default-src 'none'; img-src data:; script-src 'nonce-" + nonce[1] + "'; base-uri 'none'; frame-ancestors 'none'",
	} {
		if got := header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	ends(t, ended, 0)
}

func TestASignOnPageIsUsedOnce(t *testing.T) {
	page := &signOnPage{sign: func() (conformance.SignOn, error) { return conformance.SignOn{URL: "http://a.example"}, nil }}
	address := page.prepare("127.0.0.1:1")
	for _, want := range []int{http.StatusOK, http.StatusGone} {
		answer := httptest.NewRecorder()
		if page.ServeHTTP(answer, httptest.NewRequest("GET", address, nil)); answer.Code != want {
			t.Errorf("%d, want %d: %s", answer.Code, want, answer.Body)
		}
	}
}

// TestABrowserIsLedToALink is for platforms with links: the way in stands in no
// list of processes.
func TestABrowserIsLedToALink(t *testing.T) {
	signOn := conformance.SignOn{Method: "GET", URL: "http://a.example/sso", Encoding: conformance.Query, Fields: []conformance.Field{{Name: "token", Value: "x"}}}
	page := &signOnPage{link: true, sign: func() (conformance.SignOn, error) { return signOn, nil }}
	answer := httptest.NewRecorder()
	page.ServeHTTP(answer, httptest.NewRequest("GET", page.prepare("127.0.0.1:1"), nil))
	if to := answer.Header().Get("Location"); answer.Code != http.StatusSeeOther || to != "http://a.example/sso?token=x" {
		t.Errorf("%d to %q", answer.Code, to)
	}
}

func TestALinkIsPrintedWhereItIsAskedFor(t *testing.T) {
	dir, p, id := quickstartOrdered(t)
	out, errOut, code := addongw(t, dir, ssoSecrets, "sso", id, "--method", "get", "--json", "--dir", dir)
	var got struct{ Type, Resource, Platform, Method, URL string }
	if err := json.Unmarshal([]byte(out), &got); err != nil || code != 0 {
		t.Fatalf("exit %d, %v: %s%s", code, err, out, errOut)
	}
	link, err := url.Parse(got.URL)
	if err != nil || got.Type != "sso" || got.Resource != id || got.Platform != "clevercloud" || got.Method != "get" || link.Query().Get("signature") == "" {
		t.Fatalf("%v: %s", err, out)
	}
	call{method: "GET", url: p.URL + link.RequestURI()}.must(t, 405) // Clever Cloud has no links
}

func TestSigningOnSaysWhyItCannot(t *testing.T) {
	dir, _, id := quickstartOrdered(t)
	other := initialized(t, "shell")
	for name, tc := range map[string]struct {
		args []string
		code int
		want string
	}{
		"nobody comes":       {[]string{id, "--dir", dir, "--expire", "50ms"}, exitFailed, "nobody opened the page within 50ms"},
		"no such resource":   {[]string{"res_zzz", "--dir", dir}, exitFailed, "res_zzz"},
		"on another":         {[]string{id, "--dir", dir, "--platform", "xervo"}, exitFailed, "is on clevercloud, not on xervo"},
		"no gateway":         {[]string{id, "--dir", other}, exitUnreachable, "no gateway answers"},
		"another's files":    {[]string{id, "--dir", other, "--admin", "unix:" + dir + "/admin.sock"}, exitFailed, "these files do not sell tinyfiles on clevercloud"},
		"an unknown method":  {[]string{id, "--dir", dir, "--method", "put"}, exitUsage, "auto, get, post"},
		"no time":            {[]string{id, "--dir", dir, "--expire", "0s"}, exitUsage, "--expire leaves no time"},
		"without the secret": {[]string{id, "--dir", dir}, exitFailed, "CLEVER_SSO_SALT"},
	} {
		env := ssoSecrets
		if name == "without the secret" {
			env = nil
		}
		if out, errOut, code := addongw(t, dir, env, append([]string{"sso"}, tc.args...)...); code != tc.code || !strings.Contains(errOut, tc.want) {
			t.Errorf("%s: exit %d, want %d: %s%s", name, code, tc.code, out, errOut)
		}
	}
}

// TestALinkSignsOnWhereThePlatformHasLinks opens what is printed for each such
// platform.
func TestALinkSignsOnWhereThePlatformHasLinks(t *testing.T) {
	for _, platform := range all.Platforms() {
		if platform.Client(conformance.Provider{}).SignOn("1", conformance.Person{}, time.Now()).Encoding != conformance.Query {
			continue
		}
		dir := quickstartOn(t, platform.Name())
		p := served(t, dir, platform.Name())
		made, errOut, code := addongw(t, dir, nil, "simulate", platform.Name(), "provision", "--plan", "free")
		if code != 0 {
			t.Fatalf("exit %d: %s%s", code, made, errOut)
		}
		for age, want := range map[string]int{"0s": http.StatusFound, "48h": http.StatusForbidden} {
			out, errOut, code := addongw(t, dir, ssoSecrets, "sso", resourceID.FindString(made), "--age", age, "--dir", dir)
			link, err := url.Parse(strings.TrimSpace(out))
			if code != 0 || err != nil || link.Host != vendorName {
				t.Fatalf("exit %d, %v: %s%s", code, err, out, errOut)
			}
			client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
			resp, err := client.Get(p.URL + link.RequestURI())
			if err != nil {
				t.Fatal(err)
			}
			if _ = resp.Body.Close(); resp.StatusCode != want {
				t.Errorf("%s, a proof %s old: %d, want %d", platform.Name(), age, resp.StatusCode, want)
			}
		}
	}
}
