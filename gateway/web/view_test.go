package web

import (
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// TestEveryTemplateRendersInEveryState also with everything that may be absent
// absent: html/template finds its mistakes when it runs.
func TestEveryTemplateRendersInEveryState(t *testing.T) {
	for _, state := range append(gateway.States(), "later") {
		for _, sparse := range []bool{false, true} {
			b := newBrowser(state, base)
			if sparse {
				b.engine.page, b.engine.vars = gateway.Page{AddonName: "A", Session: b.engine.page.Session}, nil
			} else {
				b.engine.page.Logo = "https://acme.example/logo.png"
			}
			w := b.open(t)
			text := w.Body.String()
			if !strings.HasSuffix(text, "</html>\n") || strings.Contains(text, "ZgotmplZ") {
				t.Errorf("%s, sparse %t: %d %s", state, sparse, w.Code, text)
			}
			if state == gateway.Deprovisioned {
				if w.Code != 410 {
					t.Errorf("%s: %d", state, w.Code)
				}
				continue
			}
			word := stateOf(state).Word
			if w.Code != 200 || word == "" || !strings.Contains(text, ">"+word+"<") || strings.Contains(text, shortID) != (state == gateway.Failed) {
				t.Errorf("%s, sparse %t: %d %s", state, sparse, w.Code, text)
			}
		}
	}
	for status := range titles {
		w := httptest.NewRecorder()
		newBrowser(gateway.Active, base).message(w, httptest.NewRequest("GET", "/", nil), platform.Profile{}, status, "<b>")
		if w.Code != status || !strings.Contains(w.Body.String(), "&lt;b&gt;") || !strings.Contains(w.Body.String(), "<h1>"+titles[status]) {
			t.Errorf("%d: %s", status, w.Body)
		}
	}
}

func TestASuspendedResourceSaysWhyAndKeepsItsConfigVars(t *testing.T) {
	b := newBrowser(gateway.Suspended, base)
	text := b.open(t).Body.String()
	for _, want := range []string{">Suspended<", "<p>The free trial is over.</p>", "It cannot be used at the moment. Nothing of it is lost", "Reveal ACME_DB_URL", plainValue} {
		if !strings.Contains(text, want) {
			t.Errorf("the page lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "data-changing") || strings.Contains(text, "s3cret") {
		t.Errorf("it waits for a change, or shows a secret:\n%s", text)
	}
	b.engine.set(func(e *fakeEngine) { e.recorded = true })
	if text := b.open(t).Body.String(); strings.Contains(text, "cannot be used") || !strings.Contains(text, "Nothing of it is lost.") {
		t.Errorf("where the backend can't lock anybody out:\n%s", text)
	}
	b.engine.set(func(e *fakeEngine) { e.reason = "" })
	if text := b.open(t).Body.String(); strings.Contains(text, "<p></p>") || !strings.Contains(text, ">Suspended<") {
		t.Errorf("without a reason:\n%s", text)
	}
}

func TestAPageTellsOfReplacedCredentialsWhileBothWork(t *testing.T) {
	due := time.Date(2026, 11, 21, 12, 31, 0, 0, time.FixedZone("", 3600))
	for name, c := range map[string]struct {
		state    gateway.State
		rotation gateway.Rotation
		want     string
	}{
		"none":      {gateway.Active, gateway.Rotation{}, ""},
		"staging":   {gateway.Active, gateway.Rotation{Phase: gateway.Staging}, ""},
		"staged":    {gateway.Active, gateway.Rotation{Phase: gateway.Staged}, "Those from before work for a while yet."},
		"delivered": {gateway.Updating, gateway.Rotation{Phase: gateway.Staged, Due: due}, "Those from before work until 21 November 2026, 11:31 UTC."},
		"reverting": {gateway.Active, gateway.Rotation{Phase: gateway.Reverting, Due: due}, "Those from before work until 21 November 2026, 11:31 UTC."},
		"sure":      {gateway.Active, gateway.Rotation{Phase: gateway.Staged, Sure: true}, "Those from before end now."},
		"suspended": {gateway.Suspended, gateway.Rotation{Phase: gateway.Staged, Due: due}, ""},
	} {
		b := newBrowser(c.state, base)
		b.engine.set(func(e *fakeEngine) { e.rotation = c.rotation })
		text := b.open(t).Body.String()
		if strings.Contains(text, "were replaced") != (c.want != "") || !strings.Contains(text, c.want) {
			t.Errorf("%s: the page is to say %q:\n%s", name, c.want, text)
		}
	}
}

func TestWhatAnOperatorWroteBecomesALinkOnlyWhereItIsOne(t *testing.T) {
	for text, want := range map[string]link{
		"":                             {},
		"https://acme.example/help":    {"https://acme.example/help", "Support", true},
		"help@acme.example":            {"mailto:help@acme.example", "help@acme.example", false},
		"call +33 1 23 45":             {"", "call +33 1 23 45", false},
		"javascript:alert(1)@x":        {"", "javascript:alert(1)@x", false},
		"write to help@acme.example":   {"", "write to help@acme.example", false},
		"help@acme.example?subject=hi": {"", "help@acme.example?subject=hi", false},
	} {
		if got := supportLink(text); got != want {
			t.Errorf("%q: %+v, want %+v", text, got, want)
		}
	}
	for _, c := range []struct{ logo, base, want string }{
		{"https://a.example/x.png", base, "https://a.example/x.png"},
		{"http://a.example/x.png", base, ""},
		{"http://a.example/x.png", "http://127.0.0.1:8080", "http://a.example/x.png"},
		{"data:image/png;base64,AAAA", base, ""},
		{"https://a;b/x.png", base, ""},
		{"/logo.png", base, ""},
		{"", base, ""},
	} {
		if got := usableLogo(c.logo, c.base); got != c.want {
			t.Errorf("%s at %s: %q", c.logo, c.base, got)
		}
	}
}

func TestRelativeAddressesLeadToTheTop(t *testing.T) {
	for path, want := range map[string]string{
		"/r/res_1": "../", "/r/res_1/": "../../", "/clevercloud/acme/sso": "../../", "/sso": "./", "/": "./", "//r//x": "../../../",
	} {
		if got := root(httptest.NewRequest("GET", "http://x"+path, nil)); got != want {
			t.Errorf("%s: %s, want %s", path, got, want)
		}
	}
}
