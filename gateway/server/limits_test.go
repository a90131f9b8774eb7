package server

import (
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway/platform"
)

func TestMalformedRequestsGetAClear4xx(t *testing.T) {
	s := start(t, Options{Mounts: []Mount{{Prefix: "/echo/a", Mount: echoMount{name: "a"}}}, HeaderBytes: 4096, HeaderTimeout: time.Second, BodyTimeout: time.Second})
	const target = "/echo/a/resources"
	for name, c := range map[string]struct {
		bytes string
		want  int
	}{
		"not HTTP":               {"hello\r\n\r\n", 400},
		"no host":                {"POST " + target + " HTTP/1.1\r\n\r\n", 400},
		"a bad escape":           {request("POST", "/echo/%zz", ""), 400},
		"a huge header":          {request("POST", target, "{}", "X-Filler: "+strings.Repeat("x", 64<<10)), 431},
		"many headers":           {request("POST", target, "{}", strings.TrimSuffix(strings.Repeat("X-Filler: 1234567890\r\n", 4000), "\r\n")), 431},
		"a huge target":          {request("POST", "/"+strings.Repeat("x/", 32<<10), "{}"), 431},
		"a bad length":           {"POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n", 400},
		"two lengths":            {"POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\n{}", 400},
		"length and chunks":      {"POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n", 400},
		"broken chunks":          {"POST " + target + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\nzz\r\n", 400},
		"a promise of 1 TiB":     {"POST " + target + " HTTP/1.1\r\nHost: a\r\nContent-Length: 1099511627776\r\nConnection: close\r\n\r\n", 400},
		"a NUL in a header":      {request("POST", target, "{}", "X-A: \x00"), 400},
		"endless chunks of data": {"POST " + target + " HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + strings.Repeat("8000\r\n"+strings.Repeat("x", 0x8000)+"\r\n", 40), 400},
	} {
		if got := status(t, s.raw(t, c.bytes)); got != c.want {
			t.Errorf("%s gives status %d, want %d", name, got, c.want)
		}
	}
}

func TestABodyThatEndsEarlyIsRefused(t *testing.T) {
	s := start(t, Options{Mounts: []Mount{{Prefix: "/echo/a", Mount: echoMount{name: "a"}}}})
	conn := s.dial(t)
	_, _ = io.WriteString(conn, "POST /echo/a/resources HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{\"plan\":")
	_ = conn.(*net.TCPConn).CloseWrite()
	answer, _ := io.ReadAll(conn)
	if status(t, string(answer)) != 400 || !strings.Contains(string(answer), "ended early") {
		t.Errorf("the answer is %s", answer)
	}
}

func TestSlowClientsAreCutOff(t *testing.T) {
	const short = 100 * time.Millisecond
	mounts := []Mount{{Prefix: "/echo/a", Mount: echoMount{name: "a"}}}
	slowHeader := start(t, Options{Mounts: mounts, HeaderTimeout: short})
	slowBody := start(t, Options{Mounts: mounts, HeaderTimeout: short, BodyTimeout: short})
	idle := start(t, Options{Mounts: mounts, IdleTimeout: short})
	for name, c := range map[string]struct {
		server *running
		bytes  string
	}{
		"says nothing":             {slowHeader, ""},
		"stops in a header":        {slowHeader, "POST /echo/a/resources HTTP/1.1\r\nHost: a\r\nX-A: "},
		"stops in a body":          {slowBody, "POST /echo/a/resources HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"},
		"stops in a DELETE's body": {slowBody, "DELETE /echo/a/resources/1 HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"},
		"stops in a body nowhere":  {slowBody, "POST /nowhere HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n{"},
		"stops after a request":    {idle, "POST /echo/a/resources HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := c.server.dial(t)
			begun := time.Now()
			_, _ = io.WriteString(conn, c.bytes)
			if _, _ = io.ReadAll(conn); time.Since(begun) > 5*time.Second {
				t.Errorf("the connection stayed open for %s", time.Since(begun))
			}
		})
	}
}

// A client that never reads its answer must not hold the server for long.
func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	ended := make(chan error, 1)
	endless := echoMount{routes: []platform.Route{{Method: "GET", Path: "/endless", Handle: func(w http.ResponseWriter, _ *http.Request, _ httprouter.Params) {
		chunk := make([]byte, 1<<20)
		for {
			if _, err := w.Write(chunk); err != nil {
				ended <- err
				return
			}
		}
	}}}}
	s := start(t, Options{Mounts: []Mount{{Prefix: "/x", Mount: endless}}, WriteTimeout: 100 * time.Millisecond})
	conn := s.dial(t)
	_, _ = io.WriteString(conn, request("GET", "/x/endless", ""))
	select {
	case err := <-ended:
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("the write ends with %v", err)
		}
	case <-time.After(10 * time.Second):
		t.Error("the write never ends")
	}
}

// A deadline for the body must end with the body: one that fired while the
// engine works would look like a platform that hung up.
func TestTheBodysDeadlineDoesNotHurryTheAnswer(t *testing.T) {
	m := echoMount{name: "a", budget: time.Minute, release: make(chan struct{}), begun: make(chan struct{}, 1)}
	s := start(t, Options{Mounts: []Mount{{Prefix: "/echo/a", Mount: m}}, HeaderTimeout: 25 * time.Millisecond, BodyTimeout: 25 * time.Millisecond, WriteTimeout: 50 * time.Millisecond})
	answer := make(chan string, 1)
	go func() {
		conn, err := net.Dial("tcp", s.addr)
		if err != nil {
			answer <- err.Error()
			return
		}
		defer func() { _ = conn.Close() }()
		_, _ = io.WriteString(conn, request("PUT", "/echo/a/resources/slow", "{}"))
		all, _ := io.ReadAll(conn)
		answer <- string(all)
	}()
	<-m.begun
	timer := time.NewTimer(200 * time.Millisecond) // longer than both timeouts
	<-timer.C
	close(m.release)
	if got := <-answer; status(t, got) != 200 {
		t.Errorf("the answer is %s", got)
	}
}
