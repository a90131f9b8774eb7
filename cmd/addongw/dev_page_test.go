package main

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"
)

// TestAnOperatorTriesAPageOutOnOneMachine follows the README of
// examples/sso-redirect: dev, an order, the button, the page. The page listens
// on a port of its own choice; that it is asked there is all that differs.
func TestAnOperatorTriesAPageOutOnOneMachine(t *testing.T) {
	const here = "http://127.0.0.1:9000"
	dir := copyExample(t, "sso-redirect")
	p := start(t, dir, []string{"dev", dir, "--port", "0", "--var", "page=" + here}, "TMPDIR="+dir, "SSO_TOKEN_SECRET="+tokenSecret)
	await(t, "the whole screen", 10*time.Second, func() bool { return strings.Contains(p.Out(), "Ctrl-C ends it") })
	paste(t, regexp.MustCompile(`(?m)^  (ANSWER=.*)$`).FindStringSubmatch(p.Out())[1])
	address, form := button(t, call{method: "GET", url: p.URL + devPath}.must(t, 200).Body)
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	press := func() *http.Response {
		t.Helper()
		resp, err := client.PostForm(address, form)
		if err != nil {
			t.Fatal(err)
		}
		_ = resp.Body.Close()
		return resp
	}
	resp := press()
	sent, err := resp.Location()
	if err != nil || !strings.HasPrefix(sent.String(), here+"/partner-login?token=") {
		t.Fatalf("status %d, sent elsewhere, %v", resp.StatusCode, err)
	}
	v := startVerifier(t, "go", "SSO_TOKEN_SECRET="+tokenSecret, "SSO_AUDIENCE="+here)
	if status, who := v.open(sent.RawQuery); status != 200 || who.Addon != "acme-notes" || !who.EmailVerified {
		t.Errorf("status %d, who came is %+v\n%s", status, who, v.Log())
	}
	if again := press(); again.StatusCode != 403 {
		t.Errorf("the button works a second time: %d", again.StatusCode)
	}
}

// TestDevsPageShowsTheNewestOfWhatLives: what is gone can't be opened.
func TestDevsPageShowsTheNewestOfWhatLives(t *testing.T) {
	p, screen := startDev(t, quickstartOn(t, "clevercloud"))
	commands := printedCommands(screen)
	page := func() string { return call{method: "GET", url: p.URL + devPath}.must(t, 200).Body }
	shown := func() []string { return regexp.MustCompile(`Open ([a-z2-7]+)`).FindAllString(page(), -1) }
	if text := page(); !strings.Contains(text, "There is no resource.") || !strings.Contains(text, "are in the terminal") {
		t.Errorf("%s", text)
	}
	first := resourceID.FindString(paste(t, commands["provision"]))
	old := shown()
	paste(t, strings.Replace(commands["provision"], `"addon_id":"addon_`, `"addon_id":"addon_2`, 1))
	if both := shown(); len(old) != 1 || len(both) != 2 || both[1] != old[0] {
		t.Errorf("first %v, then %v", old, both)
	}
	paste(t, "ID="+first+"; "+commands["deprovision"])
	await(t, "the removed one is off the page", 10*time.Second, func() bool {
		left := shown()
		return len(left) == 1 && left[0] != old[0]
	})
}

// button reads the first form of dev's page.
func button(t *testing.T, text string) (address string, fields url.Values) {
	t.Helper()
	action := regexp.MustCompile(`action="([^"]+)"`).FindStringSubmatch(text)
	if action == nil {
		t.Fatalf("there is no button:\n%s", text)
	}
	fields = url.Values{}
	for _, f := range regexp.MustCompile(`name="([^"]+)" value="([^"]*)"`).FindAllStringSubmatch(text, -1) {
		if name := html.UnescapeString(f[1]); !fields.Has(name) {
			fields.Set(name, html.UnescapeString(f[2]))
		}
	}
	return html.UnescapeString(action[1]), fields
}

// TestDevIsTestedByTheCommandThatItPrints: the manifest that it names has the
// credentials that dev made up.
func TestDevIsTestedByTheCommandThatItPrints(t *testing.T) {
	dir := copyExample(t, "quickstart")
	p, screen := startDev(t, dir)
	command := regexp.MustCompile(`(?m)^  (curl .* conformance .*)$`).FindStringSubmatch(screen)
	if command == nil {
		t.Fatalf("no command:\n%s", screen)
	}
	out := paste(t, command[1]+" --only manifest,provision,deprovision")
	if !strings.Contains(out, "Clever Cloud  "+p.URL) || strings.Contains(out, "failed") || strings.Contains(out, "(should)") || !strings.Contains(out, " passed in ") {
		t.Errorf("%s", out)
	}
	call{method: "GET", url: p.URL + devManifests + "clevercloud/nothing.json"}.must(t, 404)
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, p.URL+devManifests+"clevercloud/tinyfiles.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Host = "gateway.attacker.example" // a name that leads here
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if resp.StatusCode != http.StatusForbidden {
		t.Errorf("the manifest is answered to a stranger's page: %d", resp.StatusCode)
	}
}
