package main

import (
	"crypto/sha512"
	"encoding/hex"
	"fmt"
	"html"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway/conformance/all"
	"github.com/addongw/addongw/gateway/web/webtest"
)

// signOnForm is what Clever Cloud's console posts, made from the document's
// formula.
func signOnForm(id string, at time.Time) url.Values {
	const user, email = "user_1", "canary.ann@example.com"
	timestamp := strconv.FormatInt(at.UnixMilli(), 10)
	sum := sha512.Sum512([]byte(id + ":" + user + ":" + email + "::" + ssoSalt + ":" + timestamp))
	return url.Values{
		"id": {id}, "timestamp": {timestamp}, "nav-data": {""}, "email": {email}, "user_id": {user}, "signature": {hex.EncodeToString(sum[:])},
	}
}

// internet is a fake Clever Cloud console and a vendor's reverse proxy, both on
// TLS and under their real names for a browser that resolves them as flags say.
type internet struct {
	flags []string
	form  url.Values // what the console's next page posts
}

const (
	consoleName = "console.clever-cloud.com"
	vendorName  = "addons.example.com" // of examples/quickstart
)

func startInternet(t *testing.T, p *process) *internet {
	t.Helper()
	gateway, err := url.Parse(p.URL)
	if err != nil {
		t.Fatal(err)
	}
	n := &internet{}
	proxy := &httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) { r.SetURL(gateway) }}
	server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Host != consoleName {
			proxy.ServeHTTP(w, r)
			return
		}
		var fields strings.Builder
		for name, values := range n.form {
			fmt.Fprintf(&fields, `<input type="hidden" name="%s" value="%s">`, name, html.EscapeString(values[0]))
		}
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Console</title><link rel="icon" href="data:,">
<form method="post" action="https://%s/clevercloud/tinyfiles/sso" target="addon">%s<button>Open</button></form>
<iframe name="addon" title="Add-on" width="900" height="700"></iframe>`, vendorName, fields.String())
	}))
	t.Cleanup(server.Close)
	at := strings.TrimPrefix(server.URL, "https://")
	n.flags = []string{
		"host-resolver-rules", "MAP " + consoleName + ":443 " + at + ",MAP " + vendorName + ":443 " + at,
		"ignore-certificate-errors", "true",
	}
	return n
}

// TestACustomerSignsOnFromTheConsole is the whole way: an order, the console's
// form in a real browser, the redirect, the page in the console's frame.
func TestACustomerSignsOnFromTheConsole(t *testing.T) {
	p := startQuickstart(t, copyExample(t, "quickstart"))
	resources := p.URL + "/clevercloud/tinyfiles/resources"
	made := call{"POST", resources, "tinyfiles", password, order}.must(t, 200)
	n := startInternet(t, p)
	n.form = signOnForm(made.ID, time.Now())
	tab := webtest.Start(t, n.flags...).Tab(webtest.Look{})
	tab.Open("https://" + consoleName + "/")
	tab.Click("Open")
	frame := tab.Frame("https://" + vendorName + "/r/" + made.ID + "?code=")
	frame.AwaitText("Ready")
	tab.Screenshot("console")
	for name, value := range made.Config {
		if slices.Contains(webtest.Eval[[]string](frame, `[...document.querySelectorAll("form[data-reveal]")].map((f) => f.dataset.reveal)`), name) {
			frame.Click("Reveal " + name)
		}
		frame.AwaitText(value)
	}
	// The cookie of a frame is kept for this console alone, so a reload finds it.
	_ = webtest.Eval[bool](frame, "document.body.remove(), location.reload(), true")
	frame.AwaitText("Ready")
	if m := append(tab.Messages(), frame.Messages()...); len(m) > 0 {
		t.Errorf("the console says %q", m)
	}

	call{"DELETE", resources + "/" + made.ID, "tinyfiles", password, ""}.must(t, 200)
	n.form = signOnForm(made.ID, time.Now())
	tab.Open("https://" + consoleName + "/")
	tab.Click("Open")
	tab.Frame("https://" + vendorName + "/clevercloud/tinyfiles/sso").AwaitText("This add-on was removed.")
	n.form = signOnForm(made.ID, time.Now().Add(-11*time.Minute))
	tab.Open("https://" + consoleName + "/")
	tab.Click("Open")
	tab.Frame("https://" + vendorName + "/clevercloud/tinyfiles/sso").AwaitText("This link is 11 minutes old; open the add-on again from your dashboard.")
}

// TestASignOnLeavesNothingSecretInTheLog follows one without a browser.
func TestASignOnLeavesNothingSecretInTheLog(t *testing.T) {
	p := startQuickstart(t, copyExample(t, "quickstart"))
	made := call{"POST", p.URL + "/clevercloud/tinyfiles/resources", "tinyfiles", password, order}.must(t, 200)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	form := signOnForm(made.ID, time.Now())
	entered, err := client.PostForm(p.URL+"/clevercloud/tinyfiles/sso", form)
	if err != nil {
		t.Fatal(err)
	}
	_ = entered.Body.Close()
	address, err := entered.Location()
	if err != nil || entered.StatusCode != 302 || address.Host != vendorName {
		t.Fatalf("status %d, to %v, %v", entered.StatusCode, address, err)
	}
	page := call{method: "GET", url: p.URL + address.RequestURI()}.must(t, 200)
	token := regexp.MustCompile(`name="token" value="([^"]+)"`).FindStringSubmatch(page.Body)
	if token == nil {
		t.Fatalf("the page has no form: %s", page.Body)
	}
	forged := signOnForm(made.ID, time.Now())
	forged.Set("email", "canary.bob@example.com")
	refused, err := client.PostForm(p.URL+"/clevercloud/tinyfiles/sso", forged)
	if err != nil || refused.StatusCode != 403 {
		t.Fatalf("a forged form: %v, %v", refused, err)
	}
	_ = refused.Body.Close()
	revealed, err := client.PostForm(p.URL+"/r/"+made.ID, url.Values{"token": {token[1]}, "do": {"reveal"}, "name": {"TINYFILES_URL"}})
	if err != nil || revealed.StatusCode != 200 {
		t.Fatalf("reveal: %v, %v", revealed, err)
	}
	_ = revealed.Body.Close()
	if p.Stop() != 0 || strings.Count(p.Log(), `"event":"request.done"`) != 5 {
		t.Errorf("the log is %s", p.Log())
	}
	for what, secret := range map[string]string{
		"the code": address.Query().Get("code"), "the token": token[1], "the signature": form.Get("signature"),
		"the e-mail": "canary", "the cookie": entered.Header.Get("Set-Cookie") + page.Header.Get("Set-Cookie")[8:40],
		"a value": made.Config["TINYFILES_URL"], "the salt": ssoSalt,
	} {
		if secret == "" || strings.Contains(p.Log(), secret) {
			t.Errorf("the log shows %s", what)
		}
	}
	for _, fact := range []string{`"route":"/r/:resource"`, `"route":"/clevercloud/tinyfiles/sso"`, `"resource":"` + made.ID, `"revealed":"TINYFILES_URL"`, "the digest does not fit"} {
		if !strings.Contains(p.Log(), fact) {
			t.Errorf("the log lacks %s:\n%s", fact, p.Log())
		}
	}
}

// TestDevSignsOnWithAButton opens the page of development mode as its screen
// says.
func TestDevSignsOnWithAButton(t *testing.T) {
	browser := webtest.Start(t)
	for _, platform := range all.Platforms() {
		t.Run(platform.Name(), func(t *testing.T) {
			_, screen := startDev(t, quickstartOn(t, platform.Name()))
			tab := browser.Tab(webtest.Look{})
			tab.Open(devAddress(t, screen))
			tab.AwaitText("There is no resource.")
			if out := paste(t, printedCommands(screen)["provision"]); resourceID.FindString(out) == "" {
				t.Fatalf("the order answers %s", out)
			}
			tab.Open(devAddress(t, screen))
			tab.Click(webtest.Eval[string](tab, `document.querySelector("button").textContent`))
			tab.AwaitText("TINYFILES_URL")
			if m := tab.Messages(); len(m) > 0 {
				t.Errorf("the console says %q", m)
			}
		})
	}
}

// devAddress is the page that the screen of "addongw dev" names.
func devAddress(t *testing.T, screen string) string {
	t.Helper()
	address := regexp.MustCompile(`http://127\.0\.0\.1:\d+/-/dev/`).FindString(screen)
	if address == "" {
		t.Fatalf("the screen names no page:\n%s", screen)
	}
	return address
}

func TestThePageOfDevIsForThisMachineAndForDevelopment(t *testing.T) {
	_, screen := startDev(t, copyExample(t, "quickstart"))
	address := devAddress(t, screen)
	rebound, err := http.NewRequest("GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	rebound.Host = "attacker.example"
	refused, err := http.DefaultClient.Do(rebound)
	if err != nil || refused.StatusCode != 403 {
		t.Errorf("under a stranger's name: %v, %v", refused, err)
	}
	_ = refused.Body.Close()
	served := startQuickstart(t, copyExample(t, "quickstart"))
	if a, err := (call{method: "GET", url: served.URL + devPath}).do(); err != nil || a.Status != 404 {
		t.Errorf("serve has the page of dev: %d, %v", a.Status, err)
	}
}

func TestThePageOfDevFollowsAnEdit(t *testing.T) {
	dir := copyExample(t, "quickstart")
	p, screen := startDev(t, dir)
	paste(t, regexp.MustCompile(`(?m)^  (ANSWER=.*)$`).FindStringSubmatch(screen)[1])
	file := filepath.Join(dir, "addongw.hcl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	moved := strings.Replace(string(text), `platform "clevercloud" {`, "platform \"clevercloud\" {\n    sso_path = \"/open\"", 1)
	if err := os.WriteFile(file, []byte(moved), 0o644); err != nil {
		t.Fatal(err)
	}
	await(t, "the edit in effect", 20*time.Second, func() bool { return strings.Contains(p.Log(), "configuration reloaded") })
	page := call{method: "GET", url: p.URL + devPath}.must(t, 200)
	if !strings.Contains(page.Body, `action="`+p.URL+`/clevercloud/tinyfiles/open"`) {
		t.Errorf("the page leads elsewhere:\n%s", page.Body)
	}
}
