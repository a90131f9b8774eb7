package caller

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/gateway/secret"
)

// hidden stands where an answer or a call has what nobody else may read.
const hidden = "postgres-password-in-a-config-var"

// answer is what a platform's API says to every call.
type answer struct {
	status int // 0: 200
	header map[string]string
	body   string
	cut    bool // the connection ends before the answer does
}

func (a answer) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	if a.status != 0 {
		w.WriteHeader(a.status)
	}
	_, _ = io.WriteString(w, a.body)
	if a.cut {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
}

func calling(t *testing.T, api http.Handler) Caller {
	t.Helper()
	server := httptest.NewServer(api)
	t.Cleanup(server.Close)
	return New("Acme Cloud", server.URL+"/v2/", "acme-db", secret.New(platformtest.Password))
}

// told is what answers are read into.
type told struct {
	Name   string   `json:"name"`
	Emails []string `json:"emails"`
}

// calls are all the ways to call an API.
func calls(ctx context.Context, c Caller) map[string]func() error {
	return map[string]func() error{
		"read an object": func() error { return c.Read(ctx, "/apps/1", 1<<20, &told{}) },
		"read a list":    func() error { return c.Read(ctx, "/apps", 1<<20, &[]told{}) },
		"send a body":    func() error { return c.Send(ctx, "PUT", "/apps/1", map[string]string{"secret": hidden}) },
		"send nothing":   func() error { return c.Send(ctx, "POST", "/apps/1/provision", nil) },
	}
}

// checkSafe wants no secret in an error, and nothing of the credentials in
// base64 either.
func checkSafe(t *testing.T, what string, err error, want gateway.Kind) {
	t.Helper()
	platformtest.CheckSafe(t, what, err, want, platformtest.Password, hidden, "YWNtZS1kYj")
}

func TestEveryStatusHasAKind(t *testing.T) {
	for status, want := range map[int]gateway.Kind{
		401: gateway.Unauthorized, 403: gateway.Unauthorized, 407: gateway.Unauthorized, 404: gateway.NotFound, 410: gateway.NotFound,
		400: gateway.Refused, 402: gateway.Refused, 409: gateway.Refused, 418: gateway.Refused, 422: gateway.Refused,
		408: gateway.Unavailable, 425: gateway.Unavailable, 429: gateway.Unavailable,
		301: gateway.Unavailable, 304: gateway.Unavailable,
		500: gateway.Unavailable, 501: gateway.Unavailable, 502: gateway.Unavailable, 503: gateway.Unavailable, 599: gateway.Unavailable,
	} {
		api := answer{status: status, header: map[string]string{"Retry-After": "7"}}
		if status != http.StatusNotModified { // which has no body
			api.body = `{"message": "` + hidden + `"}`
		}
		for name, call := range calls(t.Context(), calling(t, api)) {
			err := call()
			checkSafe(t, fmt.Sprint(name, ", ", status), err, want)
			var e *gateway.Error
			if status >= 400 && (!errors.As(err, &e) || e.RetryAfter != 7*time.Second) {
				t.Errorf("%s, %d: the Retry-After is lost: %v", name, status, err)
			}
			if !strings.Contains(gateway.Message(err), "Acme Cloud") {
				t.Errorf("%s, %d: whose API is it? %s", name, status, gateway.Message(err))
			}
		}
	}
}

func TestAnswersThatAreNoneAreSafeErrors(t *testing.T) {
	for what, api := range map[string]answer{
		"a web page":         {header: map[string]string{"Content-Type": "text/html; charset=utf-8"}, body: "<h1>" + hidden},
		"half a document":    {header: map[string]string{"Content-Length": "1000"}, body: `{"name": "` + hidden, cut: true},
		"half of JSON":       {body: `{"name": "` + hidden},
		"nothing":            {},
		"null":               {body: " null\n"},
		"a text":             {body: `"` + hidden + `"`},
		"a number":           {body: "12345678"},
		"wrong types":        {body: `{"name": ["` + hidden + `"]}`},
		"wrong types inside": {body: `{"emails": [12345678, "a"]}`},
		"a list of those":    {body: `[{"emails": [12345678, "a"]}]`},
		"too much":           {body: `{"name": "` + strings.Repeat("x", 1<<20) + `"}`},
	} {
		c := calling(t, api)
		for _, name := range []string{"read an object", "read a list"} {
			err := calls(t.Context(), c)[name]()
			checkSafe(t, name+", "+what, err, gateway.Unavailable)
			if strings.Contains(fmt.Sprint(err), "12345678") {
				t.Errorf("%s, %s: the error quotes a value: %v", name, what, err)
			}
			if strings.Contains(gateway.Message(err), "more than 1 MiB") != (what == "too much") {
				t.Errorf("%s, %s: %v", name, what, err)
			}
		}
	}
}

func TestOfAnAnswerToWhatWasSentOnlyTheStatusCounts(t *testing.T) {
	page := answer{header: map[string]string{"Content-Type": "text/html"}, body: hidden}
	for body, api := range map[string]answer{"text": {body: "OK"}, "half of JSON": {body: "{"}, "nothing": {status: 204}, "a web page": page} {
		for _, name := range []string{"send a body", "send nothing"} {
			err := calls(t.Context(), calling(t, api))[name]()
			if body == "a web page" { // somebody stands in between
				checkSafe(t, name+", "+body, err, gateway.Unavailable)
			} else if err != nil {
				t.Errorf("%s, %s: %v", name, body, err)
			}
		}
	}
}

func TestACallCarriesCredentialsAndJSON(t *testing.T) {
	type seen struct{ Call, Username, Password, Accept, ContentType, Body string }
	var got seen
	c := calling(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		username, password, _ := r.BasicAuth()
		got = seen{r.Method + " " + r.URL.Path, username, password, r.Header.Get("Accept"), r.Header.Get("Content-Type"), string(body)}
		_, _ = io.WriteString(w, `{"name": "shop", "unknown": 1}`)
	}))
	for name, want := range map[string]seen{
		"read an object": {"GET /v2/apps/1", "acme-db", platformtest.Password, "application/json", "", ""},
		"send a body":    {"PUT /v2/apps/1", "acme-db", platformtest.Password, "application/json", "application/json", `{"secret":"` + hidden + `"}`},
		"send nothing":   {"POST /v2/apps/1/provision", "acme-db", platformtest.Password, "application/json", "", ""},
	} {
		if err := calls(t.Context(), c)[name](); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	var into told
	if err := c.Read(t.Context(), "/apps/1", 1<<20, &into); err != nil || into.Name != "shop" {
		t.Errorf("%+v, %v", into, err)
	}
}

func TestCredentialsGoToTheBaseAndNowhereElse(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("a call went elsewhere") }))
	t.Cleanup(elsewhere.Close)
	for _, status := range []int{301, 302, 303, 307, 308} {
		c := calling(t, answer{status: status, header: map[string]string{"Location": elsewhere.URL + "/v2/apps/1"}})
		for name, call := range calls(t.Context(), c) {
			checkSafe(t, fmt.Sprint(name, ", ", status), call(), gateway.Unavailable)
		}
	}
}

func TestNobodyAnswering(t *testing.T) {
	server := httptest.NewServer(http.NotFoundHandler())
	server.Close()
	for name, call := range calls(t.Context(), New("Acme Cloud", server.URL, "acme-db", secret.New(platformtest.Password))) {
		err := call()
		checkSafe(t, name, err, gateway.Unavailable)
		if strings.Contains(err.Error(), server.URL) {
			t.Errorf("%s: the log has no use for the address: %v", name, err)
		}
	}
	c := calling(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then does the server see that the caller is gone
		<-r.Context().Done()
	}))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	for name, call := range calls(ctx, c) {
		checkSafe(t, name+", slowly", call(), gateway.Unavailable)
	}
}

func TestAnIdOfOthersStaysOnePartOfAnAddress(t *testing.T) {
	for id, want := range map[string]string{"ad-1": "/apps/ad-1", "a/../b?c": "/apps/a%2F..%2Fb%3Fc", "...": "/apps/...", "é %": "/apps/%C3%A9%20%25"} {
		if got, err := Below("/apps", id); err != nil || got != want {
			t.Errorf("%q: %q, %v", id, got, err)
		}
	}
	for _, id := range []string{"", ".", ".."} {
		_, err := Below("/apps", id)
		checkSafe(t, "the id "+id, err, gateway.Refused)
	}
}

func TestRetryAfterIsReadInBothForms(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "0": 0, "12": 12 * time.Second, "-3": 0, "soon": 0, "99999999999999999": longestRest, "999999": longestRest,
		"Fri, 02 Jan 2026 03:05:05 GMT": time.Minute, "Fri, 02 Jan 2026 03:03:05 GMT": 0, "Sat, 03 Jan 2026 03:03:05 GMT": longestRest,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}
