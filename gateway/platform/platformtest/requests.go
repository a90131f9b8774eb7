package platformtest

import (
	"encoding/base64"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway"
)

// credentials tries every route with every way to be a stranger.
func (s Subject) credentials(t *testing.T) {
	failing := &Failing{Fail: func() error { return gateway.Errorf(gateway.Internal, canary) }}
	url := s.serve(t, failing)
	for _, route := range s.Mount.Routes(failing, nil) {
		if slices.Contains(s.Public, route.Path) {
			continue
		}
		for name, header := range s.strangers() {
			a := s.send(t, url, Call{Method: route.Method, Path: route.Path, Body: s.bodyFor(route.Method)}, header)
			what := route.Method + " " + route.Path + " with " + name
			if a.status != s.Statuses[gateway.Unauthorized] {
				t.Errorf("%s gives status %d", what, a.status)
			}
			if !strings.HasPrefix(a.header.Get("WWW-Authenticate"), "Basic realm=") {
				t.Errorf("%s: WWW-Authenticate is %q", what, a.header.Get("WWW-Authenticate"))
			}
			a.checkError(t, what)
		}
	}
	if failing.Calls() != 0 {
		t.Errorf("the engine was asked %d times on behalf of strangers", failing.Calls())
	}
}

func (s Subject) bodyFor(method string) string {
	if method == http.MethodDelete {
		return ""
	}
	return s.Provision.Body
}

// strangers are requests that must not get in.
func (s Subject) strangers() map[string]http.Header {
	right := s.basic().Get("Authorization")
	only := func(value string) http.Header { return http.Header{"Authorization": {value}} }
	return map[string]http.Header{
		"no credentials":                {},
		"an empty header":               only(""),
		"the scheme alone":              only("Basic"),
		"something else than base64":    only("Basic %%%"),
		"no colon":                      only("Basic " + base64.StdEncoding.EncodeToString([]byte(s.Username+s.Password))),
		"another scheme":                only("Bearer " + strings.TrimPrefix(right, "Basic ")),
		"both halves empty":             basicHeader("", ""),
		"an empty password":             basicHeader(s.Username, ""),
		"an empty user name":            basicHeader("", s.Password),
		"a wrong password":              basicHeader(s.Username, "wrong"),
		"a wrong user name":             basicHeader("wrong", s.Password),
		"the beginning of the password": basicHeader(s.Username, s.Password[:len(s.Password)-1]),
		"more than the password":        basicHeader(s.Username, s.Password+"x"),
		"more than the user name":       basicHeader(s.Username+"x", s.Password),
		"the halves swapped":            basicHeader(s.Password, s.Username),
		"the user name in capitals":     basicHeader(strings.ToUpper(s.Username), s.Password),
		"the salt for a password":       basicHeader(s.Username, s.Salt),
	}
}

// bad are bodies that no platform sends in good faith.
func bad() map[string]string {
	return map[string]string{
		"nothing":                    "",
		"spaces":                     "  \n",
		"half an object":             `{"plan": "` + canary,
		"a list":                     `["` + canary + `"]`,
		"null":                       "null",
		"text":                       `"` + canary + `"`,
		"a number":                   "12",
		"no JSON":                    "plan=" + canary,
		"two objects":                `{"plan": "` + canary + `"}{}`,
		"more behind the object":     `{"plan": "` + canary + `"} ` + canary,
		"a name twice":               `{"plan": "` + canary + `", "plan": "b"}`,
		"a name twice, once escaped": `{"plan": "` + canary + `", "pl\u0061n": "b"}`,
		"bytes that are no UTF-8":    "{\"plan\": \"\xff\xfe" + canary + "\"}",
		"a byte order mark":          "\ufeff{}",
		"a number for the plan":      `{"plan": 12345, "options": {}}`,
		"a list for the plan":        `{"plan": ["` + canary + `"]}`,
		"an object for the plan":     `{"plan": {"` + canary + `": 1}}`,
		"a NUL in a value":           `{"plan": "basic\u0000"}`,
		"far too much":               `{"plan": "` + strings.Repeat(canary, 200_000) + `"}`,
		"very deep":                  strings.Repeat(`{"a":`, 50_000) + "1" + strings.Repeat("}", 50_000),
	}
}

func (s Subject) badBodies(t *testing.T) {
	failing := &Failing{Fail: func() error { return gateway.Errorf(gateway.Internal, "The engine was asked.") }}
	url := s.serve(t, failing)
	for name, body := range bad() {
		for _, call := range []Call{s.Provision, s.ChangePlan} {
			call.Body = body
			header := s.basic()
			header.Set("Content-Type", "application/json")
			a := s.send(t, url, call, header)
			if a.status < 400 || a.status > 499 {
				t.Errorf("%s with %s gives status %d", call.Method, name, a.status)
			}
		}
	}
	for name, header := range map[string][2]string{
		"a form":             {"Content-Type", "application/x-www-form-urlencoded"},
		"plain text":         {"Content-Type", "text/plain"},
		"form data":          {"Content-Type", "multipart/form-data; boundary=x"},
		"no media type":      {"Content-Type", ";;"},
		"something squeezed": {"Content-Encoding", "gzip"},
	} {
		for _, call := range []Call{s.Provision, s.ChangePlan} {
			h := s.basic()
			h.Set(header[0], header[1])
			if a := s.send(t, url, call, h); a.status < 400 || a.status > 499 {
				t.Errorf("%s as %s gives status %d", call.Method, name, a.status)
			}
		}
	}
	if failing.Calls() != 0 {
		t.Errorf("the engine was asked %d times for requests that cannot be read", failing.Calls())
	}
}

func (s Subject) badBodiesAreNotQuoted(t *testing.T) {
	url := s.serve(t, NewMemory(s.Mount.Scope()))
	for name, body := range bad() {
		call := s.Provision
		call.Body = body
		header := s.basic()
		header.Set("Content-Type", "application/json")
		a := s.send(t, url, call, header)
		a.checkError(t, name)
		if strings.Contains(a.body, "12345") {
			t.Errorf("%s: the answer quotes a value: %s", name, a.body)
		}
	}
}

func (s Subject) addresses(t *testing.T) {
	url := s.serve(t, &Failing{Fail: func() error { return gateway.Errorf(gateway.Internal, canary) }})
	a := s.send(t, url, Call{Method: http.MethodGet, Path: "/no/such/thing"}, s.basic())
	if a.status != http.StatusNotFound {
		t.Errorf("an unknown address gives status %d", a.status)
	}
	a.checkError(t, "an unknown address")
	a = s.send(t, url, Call{Method: "BREW", Path: s.Provision.Path}, s.basic())
	if a.status != http.StatusMethodNotAllowed || !strings.Contains(a.header.Get("Allow"), s.Provision.Method) {
		t.Errorf("an unknown method gives status %d, Allow %q", a.status, a.header.Get("Allow"))
	}
	a.checkError(t, "an unknown method")
}
