package server

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway/platform"
)

func TestHealth(t *testing.T) {
	var notReady error
	s := start(t, Options{Ready: func() error { return notReady }})
	for _, c := range []struct {
		method, path string
		ready        error
		want         int
	}{
		{"GET", "/-/live", errors.New("store is read-only"), 200},
		{"GET", "/-/ready", nil, 200},
		{"HEAD", "/-/ready", nil, 200},
		{"GET", "/-/ready", errors.New("store is read-only"), 503},
		{"POST", "/-/ready", nil, 405},
		{"GET", "/-/", nil, 404},
	} {
		notReady = c.ready
		answer := s.raw(t, request(c.method, c.path, ""))
		_, body, _ := strings.Cut(answer, "\r\n\r\n")
		if got := status(t, answer); got != c.want || c.want != 404 && body != "" {
			t.Errorf("%s %s: status %d, want %d; body %q", c.method, c.path, got, c.want, body)
		}
	}
}

func TestSwapUnderLoadLosesNoRequest(t *testing.T) {
	sets := [][]Mount{
		{{Prefix: "/echo/a", Mount: echoMount{name: "a"}}},
		{{Prefix: "/echo/a", Mount: echoMount{name: "b"}}, {Prefix: "/echo/new", Mount: echoMount{name: "new"}}},
	}
	s := start(t, Options{Mounts: sets[0]})
	stop := make(chan struct{})
	var clients sync.WaitGroup
	for range 8 {
		clients.Go(func() {
			client := &http.Client{Transport: &http.Transport{}}
			defer client.CloseIdleConnections()
			for {
				select {
				case <-stop:
					return
				default:
				}
				response, err := client.Post("http://"+s.addr+"/echo/a/resources", "application/json", strings.NewReader(`{"plan":"x"}`))
				if err != nil {
					t.Errorf("post: %v", err)
					return
				}
				body, err := io.ReadAll(response.Body)
				_ = response.Body.Close()
				text := strings.TrimSpace(string(body))
				if err != nil || text != `{"of":"a","plan":"x"}` && text != `{"of":"b","plan":"x"}` {
					t.Errorf("the answer is %q, %v", text, err)
					return
				}
			}
		})
	}
	for i := range 500 {
		if err := s.Swap(sets[i%2]); err != nil {
			t.Fatal(err)
		}
	}
	close(stop)
	clients.Wait()
}

func TestMountsThatCannotBeServedAreRefusedAndTheOldOnesStay(t *testing.T) {
	s := start(t, Options{Mounts: []Mount{{Prefix: "/echo/a", Mount: echoMount{name: "a"}}}})
	nothing := func(http.ResponseWriter, *http.Request, httprouter.Params) {}
	clash := echoMount{routes: []platform.Route{
		{Method: "GET", Path: "/:a/x", Handle: nothing}, {Method: "GET", Path: "/:b/y", Handle: nothing},
	}}
	for name, mounts := range map[string][]Mount{
		"the same prefix twice":   {{Prefix: "/x", Mount: echoMount{}}, {Prefix: "/x", Mount: echoMount{}}},
		"one prefix, two ways":    {{Prefix: "/x", Mount: echoMount{}}, {Prefix: "/%78/", Mount: echoMount{}}},
		"the root":                {{Prefix: "/", Mount: echoMount{}}},
		"nothing":                 {{Prefix: "", Mount: echoMount{}}},
		"the gateway's own":       {{Prefix: "/-/live", Mount: echoMount{}}},
		"the customers' pages":    {{Prefix: "/r/echo", Mount: echoMount{}}},
		"a URL":                   {{Prefix: "https://x/y", Mount: echoMount{}}},
		"routes that clash":       {{Prefix: "/x", Mount: clash}},
		"a route without a slash": {{Prefix: "/x", Mount: echoMount{routes: []platform.Route{{Method: "GET", Path: "x", Handle: nothing}}}}},
	} {
		if err := s.Swap(mounts); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	if got := status(t, s.raw(t, request("DELETE", "/echo/a/resources/1", ""))); got != 200 {
		t.Errorf("the old mount answers %d", got)
	}
}

func TestDrainLetsRunningRequestsEndAndTurnsNewOnesAway(t *testing.T) {
	m := echoMount{name: "a", budget: time.Minute, release: make(chan struct{}), begun: make(chan struct{}, 1)}
	s := start(t, Options{Mounts: []Mount{{Prefix: "/echo/a", Mount: m}}, DrainDelay: 300 * time.Millisecond})
	answer := make(chan string, 1)
	go func() { answer <- s.raw(t, request("PUT", "/echo/a/resources/slow", "{}")) }()
	<-m.begun
	s.stop()
	eventually(t, "503 while draining", func() bool {
		return status(t, s.raw(t, request("GET", "/-/ready", ""))) == 503
	})
	eventually(t, "a closed listener", func() bool {
		conn, err := net.Dial("tcp", s.addr)
		if err == nil {
			_ = conn.Close()
		}
		return err != nil
	})
	close(m.release)
	if got := <-answer; status(t, got) != 200 {
		t.Errorf("the running request answers %s", got)
	}
	if err := <-s.end; err != nil {
		t.Errorf("the drain ends with %v", err)
	}
}

func TestDrainGivesUpAfterItsTime(t *testing.T) {
	m := echoMount{name: "a", release: make(chan struct{}), begun: make(chan struct{}, 1)}
	s := start(t, Options{Mounts: []Mount{{Prefix: "/echo/a", Mount: m}}, DrainTimeout: 50 * time.Millisecond})
	conn := s.dial(t)
	_, _ = io.WriteString(conn, request("PUT", "/echo/a/resources/slow", "{}"))
	<-m.begun
	s.stop()
	if err := <-s.end; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("the drain ends with %v", err)
	}
	begun := time.Now()
	if _, _ = io.ReadAll(conn); time.Since(begun) > 5*time.Second {
		t.Errorf("the connection stayed open for %s", time.Since(begun))
	}
}

func TestServeReportsAListenerThatFails(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = listener.Close()
	if err := s.Serve(t.Context(), listener); err == nil || !strings.Contains(err.Error(), "serve ") {
		t.Errorf("the error is %v", err)
	}
}
