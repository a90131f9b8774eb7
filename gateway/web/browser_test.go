package web

import (
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/chromedp/kb"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/web/webtest"
)

// site is the pages on a real listener, at http://127.0.0.1, with an entry that
// signs everybody on; and a platform's console at http://localhost, which is
// another site, with a form that posts into a frame.
type site struct {
	engine  *fakeEngine
	clock   *clock
	url     string // of the pages
	console string
}

func startSite(t *testing.T, state gateway.State) *site {
	t.Helper()
	s := &site{engine: newEngine(state), clock: &clock{now: time.Now()}}
	mux := http.NewServeMux()
	pages := httptest.NewServer(mux)
	t.Cleanup(pages.Close)
	s.url = pages.URL
	server := New(Options{Engine: s.engine, BaseURL: func() string { return pages.URL }, Now: s.clock.Now})
	mux.Handle("/r/", server)
	mux.HandleFunc("POST /sso", func(w http.ResponseWriter, r *http.Request) {
		if err := server.Enter(w, r, resourceID, gateway.SignOn{}); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("GET /logo.svg", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "image/svg+xml")
		fmt.Fprint(w, `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 8 8"><circle cx="4" cy="4" r="4" fill="#0a7"/></svg>`)
	})
	console := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprintf(w, `<!doctype html><html lang="en"><title>Console</title><link rel="icon" href="data:,">
<form method="post" action="%s/sso" target="addon"><button>Open</button></form>
<form method="post" action="%s/sso"><button>Open here</button></form>
<iframe name="addon" title="Add-on" width="900" height="700"></iframe>`, pages.URL, pages.URL)
	}))
	t.Cleanup(console.Close)
	_, port, err := net.SplitHostPort(strings.TrimPrefix(console.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	s.console = "http://localhost:" + port
	s.engine.page.FrameAncestors = []string{s.console}
	s.engine.page.Dashboard = s.console
	s.engine.page.Logo = pages.URL + "/logo.svg"
	return s
}

// signOn opens the page in the tab itself.
func (s *site) signOn(tab *webtest.Tab) {
	tab.Open(s.console)
	tab.Click("Open here")
	tab.AwaitText("Acme Postgres")
}

// silent fails for anything on the console.
func silent(t *testing.T, tab *webtest.Tab, what string) {
	t.Helper()
	for _, message := range tab.Messages() {
		t.Errorf("%s: the console says %s", what, message)
	}
}

var looks = []webtest.Look{{}, {Dark: true}, {Narrow: true}, {Dark: true, Narrow: true}}

func TestEveryStateIsAccessibleInEveryLook(t *testing.T) {
	b := webtest.Start(t)
	for _, state := range append(gateway.States(), "later") {
		s := startSite(t, state)
		tab := b.Tab(webtest.Look{})
		tab.Open(s.console)
		tab.Click("Open here")
		switch state {
		case gateway.Deprovisioned:
			tab.AwaitText("This add-on was removed.")
		case gateway.Active:
			tab.AwaitText("Ready")
			tab.Click("Reveal ACME_DB_TOKEN")
			tab.AwaitText(hugeValue)
		default:
			tab.AwaitText(stateOf(state).Word)
		}
		for i, look := range looks {
			tab.Look(look)
			accessible(t, tab, fmt.Sprintf("%s %+v", state, look))
			tab.Screenshot(fmt.Sprintf("%s-%d", state, i))
		}
		// The browser itself says on the console that a page's status is 410.
		if m := tab.Messages(); state == gateway.Deprovisioned && len(m) == 1 && strings.Contains(m[0], "410") {
			continue
		}
		silent(t, tab, string(state))
	}
}

// accessible fails for what axe-core finds, and for what it does not look at: a
// page that scrolls sideways, and targets that a finger misses.
func accessible(t *testing.T, tab *webtest.Tab, what string) {
	t.Helper()
	for _, violation := range tab.Axe() {
		t.Errorf("%s: %s", what, violation)
	}
	if webtest.Eval[bool](tab, "document.documentElement.scrollWidth > document.documentElement.clientWidth") {
		t.Errorf("%s: the page scrolls sideways", what)
	}
	if small := webtest.Eval[[]string](tab, `[...document.querySelectorAll("button:not([hidden]), footer a")].filter((e) => e.getBoundingClientRect().height < 44).map((e) => e.textContent)`); len(small) > 0 {
		t.Errorf("%s: targets lower than 44 px: %q", what, small)
	}
}

func TestValuesAreRevealedHiddenAndCopied(t *testing.T) {
	s := startSite(t, gateway.Active)
	tab := webtest.Start(t).Tab(webtest.Look{})
	s.signOn(tab)
	tab.AwaitTrue(`document.querySelector("header img").naturalWidth > 0`)
	if strings.Contains(webtest.Eval[string](tab, "document.documentElement.outerHTML"), "s3cret") {
		t.Error("a secret is in the page before anybody asked")
	}
	tab.Click("Reveal ACME_DB_URL")
	tab.AwaitText(secretValue)
	if at := webtest.Eval[string](tab, "location.pathname"); at != pagePath {
		t.Errorf("the page went to %s", at)
	}
	if live := webtest.Eval[bool](tab, `[...document.querySelectorAll('[aria-live=polite] code')].some((c) => c.textContent.includes("s3cret"))`); !live {
		t.Error("the value is in no live region")
	}
	tab.Click("Copy ACME_DB_URL")
	tab.AwaitText("Copied ACME_DB_URL.")
	tab.Click("Hide ACME_DB_URL")
	webtest.Await(t, "the value hidden", func() bool { return !strings.Contains(tab.Text(), "s3cret") })
	if strings.Contains(webtest.Eval[string](tab, "document.documentElement.outerHTML"), "s3cret") {
		t.Error("the hidden value stays in the page")
	}
	tab.Press("Reveal ACME_DB_URL", kb.Enter)
	tab.AwaitText(secretValue)
	if focus := webtest.Eval[string](tab, "document.activeElement.textContent.trim()"); focus != "Hide ACME_DB_URL" {
		t.Errorf("the focus went to %q", focus)
	}
	tab.Press("Copy ACME_DB_HOST", " ")
	tab.AwaitText("Copied ACME_DB_HOST.")
	accessible(t, tab, "after all that")
	silent(t, tab, "after all that")
}

// TestThePageWorksInAFrameWithoutCookies is how customers see it: the console
// is another site, and on plain http the browser keeps no cookie for a frame
// of it.
func TestThePageWorksInAFrameWithoutCookies(t *testing.T) {
	s := startSite(t, gateway.Provisioning)
	tab := webtest.Start(t).Tab(webtest.Look{})
	tab.Open(s.console)
	tab.Click("Open")
	frame := tab.Frame(s.url + "/r/")
	frame.AwaitText("Being created")
	active := newEngine(gateway.Active)
	s.engine.set(func(e *fakeEngine) { e.state, e.vars = gateway.Active, active.vars })
	frame.AwaitText("Ready")
	frame.AwaitText("State: Ready.")
	frame.Click("Reveal ACME_DB_URL")
	frame.AwaitText(secretValue)
	frame.Click("Copy ACME_DB_URL")
	webtest.Await(t, "word of the copy", func() bool {
		text := frame.Text()
		return strings.Contains(text, "Copied ACME_DB_URL.") || strings.Contains(text, "Selected ACME_DB_URL")
	})
	accessible(t, frame, "in a frame")
	tab.Screenshot("frame")
	silent(t, tab, "the console")
	silent(t, frame, "the frame")

	_ = webtest.Eval[bool](frame, "location.reload(), true")
	frame.AwaitText(messageUsed)
	frame.AwaitText("Back to Clever Cloud")
}

func TestAStrangersPageMayNotShowIt(t *testing.T) {
	s := startSite(t, gateway.Active)
	s.engine.set(func(e *fakeEngine) { e.page.FrameAncestors = []string{"https://console.clever-cloud.com"} })
	tab := webtest.Start(t).Tab(webtest.Look{})
	tab.Open(s.console)
	tab.Click("Open")
	webtest.Await(t, "the browser's refusal", func() bool {
		return strings.Contains(strings.Join(tab.Messages(), "\n"), "frame-ancestors")
	})
}

func TestEverythingWorksWithoutScripts(t *testing.T) {
	s := startSite(t, gateway.Provisioning)
	tab := webtest.Start(t).Tab(webtest.Look{NoScripts: true})
	s.signOn(tab)
	tab.Click("Look again")
	tab.AwaitTrue(`location.search === "" && document.readyState === "complete"`) // the form's answer
	tab.AwaitText("Being created")
	active := newEngine(gateway.Active)
	s.engine.set(func(e *fakeEngine) { e.state, e.vars = gateway.Active, active.vars })
	tab.AwaitText("Ready") // the page reloads itself
	if strings.Contains(tab.Text(), "Copy") {
		t.Error("there are buttons that need scripts")
	}
	tab.Click("Reveal ACME_DB_URL")
	tab.AwaitText(secretValue)
	tab.Click("Reveal ACME_DB_TOKEN")
	tab.AwaitText(hugeValue)
	if strings.Contains(tab.Text(), "s3cret") {
		t.Error("a value stays when another one is asked for")
	}
	tab.Press("Hide ACME_DB_TOKEN", kb.Enter)
	webtest.Await(t, "the value hidden", func() bool { return !strings.Contains(tab.Text(), hugeValue) })
	silent(t, tab, "without scripts")
}

func TestASessionThatEndedSaysSo(t *testing.T) {
	s := startSite(t, gateway.Active)
	tab := webtest.Start(t).Tab(webtest.Look{})
	s.signOn(tab)
	s.clock.pass(15 * time.Minute)
	tab.Click("Reveal ACME_DB_URL")
	tab.AwaitText(messageEnded)
	accessible(t, tab, "an ended sign-on")
}
