package web

import (
	"fmt"
	"html"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

const pagePath = "/r/" + resourceID

func TestACodeOpensThePageOnce(t *testing.T) {
	b := newBrowser(gateway.Active, base)
	address := b.enter(t)
	if !regexp.MustCompile(`^https://addons\.acme\.example/r/` + resourceID + `\?code=[A-Za-z0-9_-]{43}$`).MatchString(address) {
		t.Errorf("the redirect leads to %s", address)
	}
	if w := b.send("GET", address, nil); w.Code != 200 || !strings.Contains(w.Body.String(), "Acme Postgres") {
		t.Fatalf("the page is %d %s", w.Code, w.Body)
	}
	if w := b.send("GET", address, nil); w.Code != 200 {
		t.Errorf("a reload with the cookie is %d", w.Code)
	}
	if w := b.send("GET", pagePath, nil); w.Code != 200 {
		t.Errorf("without the code, with the cookie: %d", w.Code)
	}
	b.cookies = nil
	for target, want := range map[string]string{
		address:                 messageUsed,
		pagePath:                messageEnded,
		pagePath + "?code=":     messageUsed,
		pagePath + "?code=nope": messageUsed,
	} {
		w := b.send("GET", target, nil)
		if w.Code != 403 || !strings.Contains(w.Body.String(), want) || !strings.Contains(w.Body.String(), `<a href="https://console.clever-cloud.com" target="_top">Back to Clever Cloud</a>`) {
			t.Errorf("%s: %d %s", target, w.Code, w.Body)
		}
		if strings.Contains(w.Body.String(), "Acme") || w.Header().Get("Set-Cookie") != "" {
			t.Errorf("%s tells a stranger more than the way back", target)
		}
	}
}

func TestACodeDiesAfterAMinuteAndOpensNoOtherPage(t *testing.T) {
	b := newBrowser(gateway.Active, base)
	late := b.enter(t)
	b.clock.pass(time.Minute)
	if w := b.send("GET", late, nil); w.Code != 403 {
		t.Errorf("after a minute: %d", w.Code)
	}
	other := strings.Replace(b.enter(t), resourceID, "res_other", 1)
	if w := b.send("GET", other, nil); w.Code != 403 || strings.Contains(w.Body.String(), "Clever Cloud") {
		t.Errorf("another resource: %d %s", w.Code, w.Body)
	}
	b.open(t)
	if w := b.send("GET", "/r/res_other", nil); w.Code != 403 {
		t.Errorf("another resource, by the cookie: %d", w.Code)
	}
	// The page of somebody who is signed on uses a code up as well.
	spare := b.enter(t)
	b.send("GET", spare, nil)
	b.cookies = nil
	if w := b.send("GET", spare, nil); w.Code != 403 {
		t.Errorf("the code is good for a second browser: %d", w.Code)
	}
}

func TestTheCookieFitsAFrameOnHTTPSAndAMachineOfOnesOwn(t *testing.T) {
	for baseURL, want := range map[string]string{
		base:                          "; Path=" + pagePath + "; Max-Age=900; HttpOnly; Secure; SameSite=None; Partitioned",
		"https://acme.example/addons": "; Path=/addons" + pagePath + "; Max-Age=900; HttpOnly; Secure; SameSite=None; Partitioned",
		"http://127.0.0.1:8080":       "; Path=" + pagePath + "; Max-Age=900; HttpOnly; SameSite=Lax",
	} {
		b := newBrowser(gateway.Active, baseURL)
		w := b.send("GET", strings.Replace(b.enter(t), "/addons/r/", "/r/", 1), nil) // the proxy's part
		got := w.Header().Get("Set-Cookie")
		if _, attributes, _ := strings.Cut(got, ";"); ";"+attributes != want || !strings.HasPrefix(got, "addongw=") {
			t.Errorf("%s: %s", baseURL, got)
		}
	}
}

func TestSensitiveValuesAreInNoPageUnasked(t *testing.T) {
	b := newBrowser(gateway.Active, base)
	b.keeps = false // as in a frame whose cookies are blocked
	w := b.open(t)
	token := tokenIn(t, w)
	shown := func(w *httptest.ResponseRecorder) (secret, plain bool) {
		text := html.UnescapeString(w.Body.String())
		return strings.Contains(text, secretValue), strings.Contains(text, plainValue+"</code>")
	}
	if secret, plain := shown(w); secret || !plain {
		t.Errorf("at first: secret %t, plain %t", secret, plain)
	}
	w = b.send("POST", pagePath, reveal(token, "ACME_DB_URL"))
	if secret, plain := shown(w); w.Code != 200 || !secret || !plain || strings.Contains(w.Body.String(), hugeValue) {
		t.Errorf("revealed: %d, secret %t, plain %t", w.Code, secret, plain)
	}
	w = b.send("POST", pagePath, url.Values{"token": {token}, "do": {"show"}, "name": {"ACME_DB_URL"}})
	if secret, _ := shown(w); w.Code != 200 || secret {
		t.Errorf("hidden again: %d, secret %t", w.Code, secret)
	}
	w = b.send("POST", pagePath, reveal(token, "ACME_DB_URL"), "Accept", "text/plain")
	if w.Code != 200 || w.Body.String() != secretValue || w.Header().Get("Content-Type") != "text/plain; charset=utf-8" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("for the module: %d %q %v", w.Code, w.Body, w.Header())
	}
	if w = b.send("POST", pagePath, reveal(token, "NOBODYS")); w.Code != 200 || strings.Contains(w.Body.String(), "NOBODYS") {
		t.Errorf("an unknown name: %d", w.Code)
	}
}

func TestFormsAreJudgedByTheirTokenAlone(t *testing.T) {
	b := newBrowser(gateway.Active, base)
	token := tokenIn(t, b.open(t))
	for name, c := range map[string]struct {
		target string
		form   url.Values
		header []string
		want   string
	}{
		"no token, with the cookie":   {pagePath, reveal("", "ACME_DB_URL"), nil, messageEnded},
		"a wrong token":               {pagePath, reveal(strings.Repeat("A", 43), "ACME_DB_URL"), nil, messageEnded},
		"a token twice":               {pagePath, url.Values{"token": {token, token}, "do": {"reveal"}, "name": {"ACME_DB_URL"}}, nil, messageEnded},
		"the token at another's page": {"/r/res_other", reveal(token, "ACME_DB_URL"), nil, messageEnded},
		"in the URL":                  {pagePath + "?token=" + token + "&do=reveal&name=ACME_DB_URL", url.Values{}, nil, messageEnded},
		"from another site":           {pagePath, reveal(token, "ACME_DB_URL"), []string{"Sec-Fetch-Site", "cross-site"}, "This form came from another site."},
		"from another origin":         {pagePath, reveal(token, "ACME_DB_URL"), []string{"Origin", "https://evil.example"}, "This form came from another site."},
		"as JSON":                     {pagePath, reveal(token, "ACME_DB_URL"), []string{"Content-Type", "application/json"}, messageEnded},
	} {
		w := b.send("POST", c.target, c.form, c.header...)
		if w.Code != 403 || !strings.Contains(w.Body.String(), c.want) || strings.Contains(html.UnescapeString(w.Body.String()), secretValue) {
			t.Errorf("%s: %d %s", name, w.Code, w.Body)
		}
	}
	b.cookies = nil
	if w := b.send("POST", pagePath, reveal(token, "ACME_DB_URL"), "Sec-Fetch-Site", "same-origin", "Origin", "null"); w.Code != 200 {
		t.Errorf("the page's own form in a frame: %d", w.Code)
	}
}

func TestASessionEndsWithItsTimeAndWithTheResource(t *testing.T) {
	b := newBrowser(gateway.Active, base)
	token := tokenIn(t, b.open(t))
	b.clock.pass(15*time.Minute - time.Second)
	if w := b.send("GET", pagePath, nil); w.Code != 200 {
		t.Errorf("before its end: %d", w.Code)
	}
	b.clock.pass(time.Second)
	for name, w := range map[string]*httptest.ResponseRecorder{
		"reload": b.send("GET", pagePath, nil), "form": b.send("POST", pagePath, reveal(token, "ACME_DB_URL")),
	} {
		if w.Code != 403 || !strings.Contains(w.Body.String(), messageEnded) {
			t.Errorf("%s after its end: %d", name, w.Code)
		}
	}
	token = tokenIn(t, b.open(t))
	b.engine.set(func(e *fakeEngine) { e.state, e.vars = gateway.Deprovisioned, nil })
	if w := b.send("POST", pagePath, reveal(token, "ACME_DB_URL")); w.Code != 410 || !strings.Contains(w.Body.String(), "This add-on was removed.") {
		t.Errorf("once it is gone: %d %s", w.Code, w.Body)
	}
	if w := b.send("GET", pagePath, nil); w.Code != 403 {
		t.Errorf("the session outlives the resource: %d", w.Code)
	}
}

func TestSigningOnAgainBeginsASessionAnew(t *testing.T) {
	b := newBrowser(gateway.Active, base)
	b.open(t)
	b.clock.pass(15*time.Minute - time.Second)
	token := tokenIn(t, b.open(t))
	b.clock.pass(2 * time.Second)
	if w := b.send("GET", pagePath, nil); w.Code != 200 {
		t.Errorf("a moment after the second sign-on: %d", w.Code)
	}
	if w := b.send("POST", pagePath, reveal(token, "ACME_DB_URL")); w.Code != 200 {
		t.Errorf("a form of the second page: %d", w.Code)
	}
}

var refreshPattern = regexp.MustCompile(`<noscript><meta http-equiv="refresh" content="5; url=(\.\./r/[^"]+)"></noscript>`)

func TestAPageThatWaitsReloadsItselfWithoutCookiesAndNotForEver(t *testing.T) {
	b := newBrowser(gateway.Provisioning, base)
	b.keeps = false
	w := b.open(t)
	for range 3 {
		found := refreshPattern.FindStringSubmatch(w.Body.String())
		if w.Code != 200 || found == nil {
			t.Fatalf("it does not reload: %d %s", w.Code, w.Body)
		}
		b.clock.pass(5 * time.Second)
		w = b.send("GET", strings.TrimPrefix(html.UnescapeString(found[1]), ".."), nil)
	}
	last := refreshPattern.FindStringSubmatch(w.Body.String())
	b.clock.pass(50 * time.Second)
	// Codes handed on do not make the sign-on last longer.
	for range 30 {
		w = b.send("GET", strings.TrimPrefix(last[1], ".."), nil)
		if w.Code == 403 {
			break
		}
		last = refreshPattern.FindStringSubmatch(w.Body.String())
		b.clock.pass(50 * time.Second)
	}
	if w.Code != 403 {
		t.Error("the sign-on lasts for ever")
	}
	b.engine.set(func(e *fakeEngine) { e.state = gateway.Active })
	if w := b.open(t); refreshPattern.MatchString(w.Body.String()) {
		t.Error("a page that is ready reloads itself")
	}
}

func TestTheVendorsOwnPageComesFirst(t *testing.T) {
	b := newBrowser(gateway.Active, base)
	b.engine.redirect = "https://login.acme.example/in?jwt=x"
	if got := b.enter(t); got != b.engine.redirect {
		t.Errorf("the redirect leads to %s", got)
	}
	b.engine.err = gateway.Errorf(gateway.Unavailable, "Please try again.")
	w := httptest.NewRecorder()
	err := b.Enter(w, httptest.NewRequest("POST", "/sso", nil), resourceID, gateway.SignOn{})
	if gateway.KindOf(err) != gateway.Unavailable || len(w.Header()) != 0 || w.Body.Len() != 0 {
		t.Errorf("an error of the engine: %v, written %v", err, w.Header())
	}
}

// Whatever writes bodies down, a proxy or a tester, must not learn the way in.
func TestTheRedirectOfASignOnHasNoBody(t *testing.T) {
	b := newBrowser(gateway.Active, base)
	b.engine.redirect = "https://login.acme.example/in?jwt=canary"
	for _, method := range []string{"GET", "POST"} {
		w := httptest.NewRecorder()
		if err := b.Enter(w, httptest.NewRequest(method, "/sso", nil), resourceID, gateway.SignOn{}); err != nil {
			t.Fatal(err)
		}
		if w.Code != 302 || w.Header().Get("Location") != b.engine.redirect || w.Body.Len() != 0 {
			t.Errorf("%s: %d with a body of %d bytes", method, w.Code, w.Body.Len())
		}
	}
}

func TestEveryAnswerHasItsHeaders(t *testing.T) {
	const policy = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:%s; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "
	b := newBrowser(gateway.Active, base)
	page := b.open(t)
	b.cookies = nil
	stranger := b.send("GET", "/r/res_other", nil)
	b.engine.page.Logo, b.engine.page.FrameAncestors = "https://cdn.acme.example:8443/logo.png", nil
	logo := b.open(t)
	b.engine.page.Logo, b.engine.page.FrameAncestors = "https://a;b.example/x.png", []string{"https://a.example; script-src *", "*", "https://*.b.example:*"}
	odd := b.open(t)
	refused := httptest.NewRecorder()
	b.Refuse(refused, httptest.NewRequest("POST", "/clevercloud/acme-db/sso", nil), platform.Profile{FrameAncestors: []string{"https://console.example"}}, 403, "No.")
	for name, c := range map[string]struct {
		answer    *httptest.ResponseRecorder
		images    string
		ancestors string
	}{
		"the page":     {page, "", "https://console.clever-cloud.com"},
		"a stranger's": {stranger, "", "'none'"},
		"with a logo":  {logo, " https://cdn.acme.example:8443", "'none'"},
		"odd settings": {odd, "", "https://*.b.example:*"},
		"a refusal":    {refused, "", "https://console.example"},
	} {
		want := map[string]string{
			"Content-Security-Policy": strings.Replace(policy, "%s", c.images, 1) + c.ancestors,
			"Cache-Control":           "no-store", "Referrer-Policy": "no-referrer", "X-Content-Type-Options": "nosniff",
			"Content-Type": "text/html; charset=utf-8", "X-Frame-Options": "",
		}
		got := map[string]string{}
		for header := range want {
			got[header] = c.answer.Header().Get(header)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestARefusalNamesThePlatformAndTheWayBack(t *testing.T) {
	w := httptest.NewRecorder()
	newBrowser(gateway.Active, base).Refuse(w, httptest.NewRequest("POST", "/clevercloud/acme-db/sso", nil),
		platform.Profile{Name: "Clever Cloud", Dashboard: "https://console.clever-cloud.com"}, 403, "This link is 11 minutes old; open the add-on again from your dashboard.")
	text := w.Body.String()
	for _, want := range []string{"This link is 11 minutes old; open", `href="https://console.clever-cloud.com"`, "Back to Clever Cloud", `href="../../r/-/` + assetsHash + `/page.css"`} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is missing in %d %s", want, w.Code, text)
		}
	}
}

func TestAnErrorOfTheEngineIsASentence(t *testing.T) {
	for kind, status := range map[gateway.Kind]int{
		gateway.NotFound: 404, gateway.Gone: 410, gateway.Unavailable: 503, gateway.Busy: 503, gateway.Internal: 500,
	} {
		b := newBrowser(gateway.Active, base)
		address := b.enter(t)
		token := tokenIn(t, b.open(t))
		b.cookies = nil
		b.engine.err = gateway.Errorf(kind, "A sentence for the customer.")
		for name, w := range map[string]*httptest.ResponseRecorder{
			"page": b.send("GET", address, nil), "form": b.send("POST", pagePath, reveal(token, "ACME_DB_URL")),
		} {
			if w.Code != status || !strings.Contains(w.Body.String(), "A sentence for the customer.") {
				t.Errorf("%s, %s: %d %s", kind, name, w.Code, w.Body)
			}
		}
	}
}

func TestFilesMayBeKeptAndOtherAddressesAreNothing(t *testing.T) {
	b := newBrowser(gateway.Active, base)
	for target, want := range map[string]string{
		"/r/-/" + assetsHash + "/page.css":  "200 text/css; charset=utf-8",
		"/r/-/" + assetsHash + "/page.js":   "200 text/javascript; charset=utf-8",
		"//r/-/" + assetsHash + "/page.js/": "200 text/javascript; charset=utf-8",
		"/r/-/old/page.js":                  "404 ",
		"/r/-/" + assetsHash + "/doc.go":    "404 ",
		"/r/-":                              "404 text/html; charset=utf-8",
		"/r":                                "404 text/html; charset=utf-8",
		"/r/a/b":                            "404 text/html; charset=utf-8",
	} {
		w := b.send("GET", target, nil)
		if httpLine(w) != strings.TrimSpace(want) {
			t.Errorf("%s: %s, want %s", target, httpLine(w), want)
		}
		if keeps := w.Header().Get("Cache-Control") == "public, max-age=31536000, immutable"; keeps != (w.Code == 200) {
			t.Errorf("%s: Cache-Control is %q", target, w.Header().Get("Cache-Control"))
		}
	}
	for target, allow := range map[string]string{pagePath: "GET, POST", "/r/-/" + assetsHash + "/page.css": "GET, HEAD"} {
		if w := b.send("DELETE", target, nil); w.Code != 405 || w.Header().Get("Allow") != allow {
			t.Errorf("DELETE %s: %d, Allow %q", target, w.Code, w.Header().Get("Allow"))
		}
	}
}

func httpLine(w *httptest.ResponseRecorder) string {
	return strings.TrimSpace(fmt.Sprint(w.Code, " ", w.Header().Get("Content-Type")))
}
