package server

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

func TestRequestsReachTheMountWithTheLongestPrefix(t *testing.T) {
	s := start(t, Options{Mounts: []Mount{
		{Prefix: "/echo/a", Mount: echoMount{name: "a"}},
		{Prefix: "/echo/a/deep", Mount: echoMount{name: "deep"}},
		{Prefix: "/echo/with%20space/", Mount: echoMount{name: "space"}},
	}})
	for target, want := range map[string]string{
		"/echo/a/resources/1":                         `{"id":"1","of":"a"}`,
		"/echo/a/deep/resources/1":                    `{"id":"1","of":"deep"}`,
		"/echo/a/deeper":                              `404 {"message":"There is nothing at this address.","of":"a"}`,
		"/echo/ab/resources/1":                        `404 {"message":"There is nothing at this address."}`,
		"/echo/with%20space/resources/1":              `{"id":"1","of":"space"}`,
		"/echo/%61/resources/1":                       `{"id":"1","of":"a"}`,
		"/echo/a/res%6Furces/1":                       `{"id":"1","of":"a"}`,
		"/echo/a/resources/":                          `405 {"message":"This address does not take this method.","of":"a"}`,
		"/echo/a/resources/x%2Fy":                     `{"id":"x/y","of":"a"}`,
		"/echo/a/resources/x%252Fy":                   `{"id":"x%2Fy","of":"a"}`,
		"/echo/a/resources/x+y":                       `{"id":"x+y","of":"a"}`,
		"/echo/a/resources/%2e%2e":                    `{"id":"..","of":"a"}`,
		"/echo/a/resources/..":                        `{"id":"..","of":"a"}`,
		"/echo/a/resources/a:b;c=d":                   `{"id":"a:b;c=d","of":"a"}`,
		"/echo/a/resources/%C3%A9":                    `{"id":"é","of":"a"}`,
		"//echo///a//resources//1":                    `{"id":"1","of":"a"}`,
		"/echo/a/resources/1/":                        `{"id":"1","of":"a"}`,
		"/echo/a/resources/1?plan=x":                  `{"id":"1","of":"a"}`,
		"http://elsewhere.example/echo/a/resources/1": `{"id":"1","of":"a"}`,
		"/":                     `404 {"message":"There is nothing at this address."}`,
		"/echo/a/resources/1/2": `404 {"message":"There is nothing at this address.","of":"a"}`,
		"/echo/a":               `404 {"message":"There is nothing at this address.","of":"a"}`,
		"/-/other":              `404 {"message":"There is nothing at this address."}`,
	} {
		answer := s.raw(t, request("DELETE", target, ""))
		head, body, _ := strings.Cut(answer, "\r\n\r\n")
		got := strings.TrimSpace(body)
		if code := status(t, answer); code != 200 {
			got = fmt.Sprint(code, " ", got)
		}
		if got != want {
			t.Errorf("%s answers %s, want %s", target, got, want)
		}
		if strings.Contains(head, "Location:") {
			t.Errorf("%s is redirected", target)
		}
	}
}

func TestTheGatewaysOwnPagesAreBesideTheMounts(t *testing.T) {
	named := func(name string) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.WriteString(w, name+" "+r.URL.Path) })
	}
	s := start(t, Options{Mounts: []Mount{{Prefix: "/rest", Mount: echoMount{name: "rest"}}}, Pages: named("pages"), Development: named("dev")})
	none := start(t, Options{})
	for target, want := range map[string]string{
		"/r/res_1?code=x": "pages /r/res_1", "/r": "pages /r", "//r//res_1": "pages //r//res_1", "/-/dev/": "dev /-/dev/", "/-/dev": "dev /-/dev",
		"/rest/resources/1": `{"id":"1","of":"rest"}`, "/-/devil": `{"message":"There is nothing at this address."}`, "/-/live": "",
	} {
		if _, body, _ := strings.Cut(s.raw(t, request("DELETE", target, "")), "\r\n\r\n"); strings.TrimSpace(body) != want {
			t.Errorf("%s answers %q, want %q", target, body, want)
		}
	}
	for _, target := range []string{"/r/res_1", "/-/dev/"} {
		if answer := none.raw(t, request("GET", target, "")); status(t, answer) != 404 {
			t.Errorf("without pages %s answers %s", target, answer)
		}
	}
}

func TestAMethodThatAnAddressDoesNotTakeIsToldWhichItTakes(t *testing.T) {
	s := start(t, Options{Mounts: []Mount{{Prefix: "/echo/a", Mount: echoMount{name: "a"}}}})
	for _, method := range []string{"GET", "OPTIONS", "PATCH", "BREW"} {
		answer := s.raw(t, request(method, "/echo/a/resources/1", ""))
		if status(t, answer) != 405 || !strings.Contains(answer, "\r\nAllow: DELETE, PUT\r\n") {
			t.Errorf("%s answers %s", method, answer)
		}
	}
}

func TestOneLinePerRequestAndNothingSecretInIt(t *testing.T) {
	s := start(t, Options{Mounts: []Mount{{Prefix: "/echo/a", Mount: echoMount{name: "a"}}}})
	s.raw(t, request("DELETE", "/echo/a/resources/path-secret?token=query-secret", "body-secret",
		"Authorization: Basic YmFzaWMtc2VjcmV0", "X-Request-Id: abc-123", "Cookie: cookie-secret"))
	eventually(t, "the log line", func() bool { return strings.Contains(s.log.String(), "\n") })
	text := s.log.String()
	for _, secret := range []string{"path-secret", "query-secret", "body-secret", "YmFzaWMtc2VjcmV0", "cookie-secret"} {
		if strings.Contains(text, secret) {
			t.Errorf("the log holds %s: %s", secret, text)
		}
	}
	if strings.Count(text, "\n") != 1 {
		t.Fatalf("the log has not one line: %s", text)
	}
	var got map[string]any
	if err := json.Unmarshal([]byte(text), &got); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]any{
		"msg": "request done", "event": "request.done", "request_id": "abc-123", "method": "DELETE", "platform": "echo",
		"addon": "a", "route": "/echo/a/resources/:id", "status": 200.0, "level": "INFO",
	} {
		if got[name] != want {
			t.Errorf("%s is %v, want %v", name, got[name], want)
		}
	}
	if _, ok := got["duration_ms"].(float64); !ok {
		t.Errorf("duration_ms is %v", got["duration_ms"])
	}
}

func TestRequestIDsAreKeptWhenHarmlessAndMadeOtherwise(t *testing.T) {
	s := start(t, Options{})
	for sent, kept := range map[string]bool{
		"abc-DEF_1.2": true, strings.Repeat("a", 128): true,
		"": false, "a b": false, "a\"b": false, strings.Repeat("a", 129): false, "ä": false,
	} {
		r, err := http.ReadResponse(bufio.NewReader(strings.NewReader(s.raw(t, request("GET", "/", "", "X-Request-Id: "+sent)))), nil)
		if err != nil {
			t.Fatal(err)
		}
		got := r.Header.Get("X-Request-Id")
		if (got == sent) != kept || got == "" {
			t.Errorf("%q is answered with %q", sent, got)
		}
	}
}

// A platform that does not wait for its answer is no error of ours.
func TestACallerThatHangsUpIsOneInfoLine(t *testing.T) {
	m := echoMount{name: "a", budget: time.Minute, release: make(chan struct{}), begun: make(chan struct{}, 1)}
	s := start(t, Options{Mounts: []Mount{{Prefix: "/echo/a", Mount: m}}})
	conn := s.dial(t)
	_, _ = io.WriteString(conn, request("PUT", "/echo/a/resources/slow", "{}"))
	<-m.begun
	_ = conn.Close()
	eventually(t, "the log line", func() bool { return strings.Contains(s.log.String(), "\n") })
	text := s.log.String()
	if strings.Count(text, "\n") != 1 || !strings.Contains(text, `"level":"INFO"`) || !strings.Contains(text, `"status":499`) ||
		strings.Contains(text, `"error"`) || strings.Contains(text, "canceled") {
		t.Errorf("the log says %s", text)
	}
}

func TestAPanicIsAnInternalErrorAndTheServerGoesOn(t *testing.T) {
	s := start(t, Options{Mounts: []Mount{{Prefix: "/echo/a", Mount: echoMount{name: "a"}}}})
	answer := s.raw(t, request("POST", "/echo/a/panics", "{}"))
	if status(t, answer) != 500 || strings.Contains(answer, "secret-in-panic") || !strings.Contains(answer, `{"message":`) {
		t.Errorf("a panic answers %s", answer)
	}
	if answer := s.raw(t, request("POST", "/echo/a/aborts", "{}")); answer != "" {
		t.Errorf("an aborted request answers %s", answer)
	}
	if got := status(t, s.raw(t, request("DELETE", "/echo/a/resources/1", ""))); got != 200 {
		t.Errorf("afterwards the status is %d", got)
	}
	if !strings.Contains(s.log.String(), "secret-in-panic") || !strings.Contains(s.log.String(), `"level":"ERROR"`) {
		t.Errorf("the log does not tell of the panic: %s", s.log.String())
	}
}

// FuzzCanonicalPath: the form is stable, and never has an empty segment.
func FuzzCanonicalPath(f *testing.F) {
	for _, seed := range []string{"/", "//", "/a/b", "/a%2Fb/", "/%zz", "/a/../b", "*", "", "/é", "/%C3%A9", "/a;b=c"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		once := canonicalPath(u.EscapedPath())
		if twice := canonicalPath(once); twice != once {
			t.Errorf("%q becomes %q, then %q", path, once, twice)
		}
		if strings.Contains(once, "//") || strings.HasSuffix(once, "/") {
			t.Errorf("%q becomes %q", path, once)
		}
	})
}
