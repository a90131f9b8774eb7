package web

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
)

const (
	resourceID  = "res_0123456789abcdefghijklmnop"
	shortID     = "k3v9q2m7t4xa"
	secretValue = "postgres://u:s3cret&<pw>@db.eu.acme.example/acme"
	plainValue  = "db.eu.acme.example"
	hugeValue   = "a-very-long-value-without-any-break-"
)

// fakeEngine has one resource.
type fakeEngine struct {
	recorded bool // a suspension is all that is recorded: the backend did nothing
	mu       sync.Mutex
	state    gateway.State
	page     gateway.Page
	vars     []gateway.ConfigVar
	redirect string
	reason   string
	rotation gateway.Rotation
	err      error // of every call
}

func newEngine(state gateway.State) *fakeEngine {
	e := &fakeEngine{state: state, page: gateway.Page{
		AddonName: "Acme Postgres", Support: "help@acme.example", DocsURL: "https://acme.example/docs", Plan: "Hobby", Region: "Europe (Paris)",
		Platform: "Clever Cloud", Dashboard: "https://console.clever-cloud.com",
		FrameAncestors: []string{"https://console.clever-cloud.com"}, Session: 15 * time.Minute,
	}}
	if state == gateway.Active || state == gateway.Updating || state == gateway.Suspended {
		e.vars = []gateway.ConfigVar{
			{Name: "ACME_DB_URL", Value: secret.New(secretValue), Sensitive: true},
			{Name: "ACME_DB_HOST", Value: secret.New(plainValue)},
			{Name: "ACME_DB_TOKEN", Value: secret.New(strings.Repeat(hugeValue, 8)), Sensitive: true},
		}
	}
	if state == gateway.Suspended {
		e.reason = "The free trial is over."
	}
	return e
}

func (e *fakeEngine) set(change func(*fakeEngine)) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change(e)
}

func (e *fakeEngine) Customer(_ context.Context, id string) (gateway.Delivery, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.err == nil && id != resourceID {
		return gateway.Delivery{}, gateway.Errorf(gateway.NotFound, "There is no such resource.")
	}
	return gateway.Delivery{ConfigVars: e.vars, Resource: gateway.Resource{
		ID: resourceID, ShortID: shortID, State: e.state, Reason: e.reason, Platform: "clevercloud", Addon: "acme-db", Rotation: e.rotation,
		LockedOut: e.state == gateway.Suspended && !e.recorded,
	}}, e.err
}

func (e *fakeEngine) Page(gateway.Resource) (gateway.Page, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.page, nil
}

func (e *fakeEngine) SignOn(context.Context, string, gateway.SignOn) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.redirect, e.err
}

// clock is a time that tests move.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// browser calls a Server as a browser without scripts does, with or without
// cookies.
type browser struct {
	*Server
	engine  *fakeEngine
	clock   *clock
	cookies []*http.Cookie // nil where the browser blocks them
	keeps   bool
}

func newBrowser(state gateway.State, baseURL string) *browser {
	b := &browser{engine: newEngine(state), clock: &clock{now: time.Unix(1_700_000_000, 0)}, keeps: true}
	b.Server = New(Options{Engine: b.engine, BaseURL: func() string { return baseURL }, Now: b.clock.Now})
	return b
}

const base = "https://addons.acme.example"

func (b *browser) send(method, target string, form url.Values, header ...string) *httptest.ResponseRecorder {
	var body io.Reader
	if form != nil {
		body = strings.NewReader(form.Encode())
	}
	r := httptest.NewRequest(method, target, body)
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	}
	for i := 0; i+1 < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	for _, c := range b.cookies {
		r.AddCookie(c)
	}
	w := httptest.NewRecorder()
	b.ServeHTTP(w, r)
	if made := w.Result().Cookies(); b.keeps && len(made) > 0 {
		b.cookies = made
	}
	return w
}

// enter signs on and returns where the redirect leads.
func (b *browser) enter(t *testing.T) string {
	t.Helper()
	w := httptest.NewRecorder()
	if err := b.Enter(w, httptest.NewRequest("POST", "/clevercloud/acme-db/sso", nil), resourceID, gateway.SignOn{}); err != nil {
		t.Fatal(err)
	}
	if w.Code != 302 || w.Header().Get("Referrer-Policy") != "no-referrer" || w.Header().Get("Cache-Control") != "no-store" {
		t.Errorf("the redirect is %d %v", w.Code, w.Header())
	}
	return w.Header().Get("Location")
}

// open signs on and opens the page.
func (b *browser) open(t *testing.T) *httptest.ResponseRecorder {
	t.Helper()
	return b.send("GET", b.enter(t), nil)
}

var tokenPattern = regexp.MustCompile(`name="token" value="([^"]+)"`)

// tokenIn finds the token in a page's first form.
func tokenIn(t *testing.T, w *httptest.ResponseRecorder) string {
	t.Helper()
	found := tokenPattern.FindStringSubmatch(w.Body.String())
	if found == nil {
		t.Fatalf("no form in %d %s", w.Code, w.Body)
	}
	return found[1]
}

func reveal(token, name string) url.Values {
	return url.Values{"token": {token}, "do": {"reveal"}, "name": {name}}
}
