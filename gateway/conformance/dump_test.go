package conformance_test

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway/conformance"
)

// dumped sends a request to a provider that answers so, and dumps the call. In
// the path AT stands for the provider's address.
func dumped(t *testing.T, r conformance.Request, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	defer server.Close()
	r.URL = server.URL + r.URL
	p := conformance.Provider{BaseURL: server.URL + "/api", SSOURL: server.URL + "/api/sso"}
	sender := conformance.NewSender(p, 0)
	defer sender.Close()
	call, err := sender.Send(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	var b bytes.Buffer
	if err := call.Dump(&b, ""); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// What an answer hands to a browser lets in whoever reads it, whatever its
// parts are called and however short they are.
func TestNothingThatSignsSomebodyOnIsDumped(t *testing.T) {
	for name, header := range map[string]http.Header{
		"unknown names":         {"Location": {"https://v.example/in?jwt=canary-1&key=canary-2"}},
		"a fragment":            {"Location": {"https://v.example/in#token=canary-1"}},
		"both":                  {"Location": {"/in?a=canary-1#/page?t=canary-2"}},
		"no name":               {"Location": {"/in?canary-1"}},
		"semicolons":            {"Location": {"/in?a=1;code=canary-1"}},
		"escapes of both cases": {"Location": {"/in?code=canary%2b1%2Fcanary"}},
		"a refresh":             {"Refresh": {"0;url=https://v.example/?token=canary-1"}},
		"a quoted refresh":      {"Refresh": {"0; URL='/in?token=canary-1'"}},
		"a cookie":              {"Set-Cookie": {"session=canary-1; Path=/"}, "Location": {"/in"}},
		"markup":                {"Location": {"/in?a=<canary>&b='canary'"}},
		"short":                 {"Location": {"/in?cn1"}},
	} {
		for _, method := range []string{"GET", "POST"} {
			out := dumped(t, conformance.Request{Method: method, URL: "/api/sso"}, func(w http.ResponseWriter, r *http.Request) {
				for name := range header {
					w.Header()[name] = header[name]
				}
				w.Header().Set("X-Repeats", fmt.Sprint(header))
				w.Header().Set("Content-Type", "text/html")
				to := header.Get("Location") + header.Get("Refresh")
				if method == "GET" && header.Get("Location") != "" {
					w.Header().Del("Content-Type")
					http.Redirect(w, r, to, http.StatusFound)
					return
				}
				w.WriteHeader(http.StatusSeeOther)
				_, _ = fmt.Fprintf(w, "<a href=%s>the way in</a>, {\"to\": %q}", to, strings.ReplaceAll(to, "&", `\u0026`))
			})
			if strings.Contains(out, "canary") || strings.Contains(out, "cn1") || !strings.Contains(out, "[redacted]") || !strings.Contains(out, "/in") && name != "a refresh" {
				t.Errorf("%s, %s:\n%s", name, method, out)
			}
		}
	}
}

// The address that a sign-on leads to is not ours: all of its query is hidden
// when it is followed, too.
func TestAnAddressThatAProviderMadeIsDumpedWithoutItsQuery(t *testing.T) {
	out := dumped(t, conformance.Request{Method: "GET", URL: "/in?jwt=canary-1"}, func(w http.ResponseWriter, r *http.Request) {
		_, _ = fmt.Fprintf(w, `{"asked": %q, "welcome": "canary-page"}`, r.URL)
	})
	if strings.Contains(out, "canary") || !strings.Contains(out, "/in?[redacted]\n") {
		t.Error(out)
	}
	out = dumped(t, conformance.Request{Method: "GET", URL: "/api/sso?id=res-1&token=canary-1"}, func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "no such resource", http.StatusForbidden)
	})
	if strings.Contains(out, "canary") || !strings.Contains(out, "/api/sso?id=res-1&token=[redacted]\n") || !strings.Contains(out, "\nno such resource\n") {
		t.Error(out)
	}
}

// What is not exactly JSON cannot be masked by its names.
func TestAnAnswerThatIsNoJSONIsDumpedByItsLength(t *testing.T) {
	const config = `{"id":"res-1","config":{"DB_URL":"canary-1"}}`
	for name, tc := range map[string]struct{ kind, body, want string }{
		"bytes behind it": {"application/json", config + " trailing", "(54 bytes of application/json, not shown)"},
		"cut":             {"application/json", config[:40], "(40 bytes of application/json, not shown)"},
		"too long": {"application/json", `{"config":{"DB_URL":"canary-1","X":"` + strings.Repeat("x", 4<<20) + `"}}`,
			"(4194304 bytes of application/json, not shown)"},
		"a form":  {"application/x-www-form-urlencoded", "config%5BDB_URL%5D=canary-1", "(27 bytes of application/x-www-form-urlencoded, not shown)"},
		"no type": {"", "c", "(1 byte of no type, not shown)"},
		"JSON":    {"text/plain", config, `"DB_URL": "[redacted]"`},
	} {
		for _, path := range []string{"/api", "/api/res-1", "/elsewhere"} {
			out := dumped(t, conformance.Request{Method: "POST", URL: path}, func(w http.ResponseWriter, _ *http.Request) {
				w.Header()["Content-Type"] = []string{tc.kind}
				_, _ = fmt.Fprint(w, tc.body)
			})
			if strings.Contains(out, "canary") || !strings.Contains(out, tc.want) && !(name == "JSON" && path == "/elsewhere") {
				t.Errorf("%s, %s:\n%.600s", name, path, out)
			}
		}
	}
}

// Whoever is signed on sees a page of the provider's, with what it holds.
func TestThePageOfASignOnIsNotDumped(t *testing.T) {
	out := dumped(t, conformance.Request{Method: "GET", URL: "/api/sso?id=res-1"}, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = fmt.Fprint(w, `<input name=csrf value=canary-1>`)
	})
	if strings.Contains(out, "canary") || !strings.Contains(out, "(32 bytes of text/html, not shown)") {
		t.Error(out)
	}
}
