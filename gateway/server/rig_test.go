package server

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// echoMount answers every order with its own name; what else it does depends
// on the resource's id.
type echoMount struct {
	name    string
	budget  time.Duration
	release chan struct{} // closed to let "/resources/slow" go on; may be nil
	begun   chan struct{} // receives when "/resources/slow" has begun
	routes  []platform.Route
}

func (m echoMount) Scope() gateway.Scope {
	return gateway.Scope{Platform: "echo", Addon: m.name, Budget: m.budget}
}

func (m echoMount) Manifest(bool) ([]byte, error) { return nil, errors.New("echo has no manifest") }

func (m echoMount) failures() platform.Failures {
	return platform.Failures{
		Status: map[gateway.Kind]int{gateway.Invalid: 400, gateway.Internal: 500},
		Body:   func(_ gateway.Kind, message string) any { return map[string]string{"of": m.name, "message": message} },
	}
}

func (m echoMount) NotFound() http.Handler { return m.failures().NotFound() }

func (m echoMount) MethodNotAllowed() http.Handler { return m.failures().MethodNotAllowed() }

func (m echoMount) Profile() platform.Profile { return platform.Profile{Name: "Echo"} }

func (m echoMount) API() platform.API { return nil }

func (m echoMount) Routes(platform.Lifecycle, platform.Landing) []platform.Route {
	if m.routes != nil {
		return m.routes
	}
	handle := m.failures().Handle
	return []platform.Route{
		{Method: "POST", Path: "/resources", Handle: handle(m.order)},
		{Method: "PUT", Path: "/resources/:id", Handle: handle(m.show)},
		{Method: "DELETE", Path: "/resources/:id", Handle: handle(m.show)},
		{Method: "POST", Path: "/panics", Handle: func(http.ResponseWriter, *http.Request, httprouter.Params) { panic("secret-in-panic") }},
		{Method: "POST", Path: "/aborts", Handle: func(http.ResponseWriter, *http.Request, httprouter.Params) { panic(http.ErrAbortHandler) }},
	}
}

func (m echoMount) order(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	var body struct {
		Plan string `json:"plan"`
	}
	if err := platform.Decode(w, r, &body); err != nil {
		return err
	}
	return platform.Encode(w, 200, map[string]string{"of": m.name, "plan": body.Plan})
}

func (m echoMount) show(w http.ResponseWriter, r *http.Request, params httprouter.Params) error {
	id := params.ByName("id")
	if id == "slow" {
		_, _ = io.ReadAll(r.Body)
		m.begun <- struct{}{}
		select {
		case <-m.release:
		case <-r.Context().Done():
			return r.Context().Err()
		}
	}
	return platform.Encode(w, 200, map[string]string{"of": m.name, "id": id})
}

// syncBuffer is a log that several goroutines write.
type syncBuffer struct {
	mu   sync.Mutex
	text strings.Builder
}

func (b *syncBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *syncBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// running is a server on a real listener.
type running struct {
	*Server
	addr string
	log  *syncBuffer
	stop context.CancelFunc
	end  chan error
}

func start(t *testing.T, o Options) *running {
	t.Helper()
	log := &syncBuffer{}
	o.Logger = slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	o.Lifecycle = func(gateway.Scope) platform.Lifecycle { return nil }
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	run := &running{Server: s, addr: listener.Addr().String(), log: log, stop: stop, end: make(chan error, 1)}
	go func() { run.end <- s.Serve(ctx, listener); close(run.end) }()
	t.Cleanup(func() { stop(); <-run.end })
	return run
}

// raw sends bytes and returns everything that comes back until the server
// closes the connection.
func (s *running) raw(t *testing.T, request string) string {
	t.Helper()
	conn := s.dial(t)
	_, _ = io.WriteString(conn, request) // the server may answer and close before the end
	answer, _ := io.ReadAll(conn)        // a reset after the answer is fine
	return string(answer)
}

func (s *running) dial(t *testing.T) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", s.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(20 * time.Second))
	return conn
}

// request is a well-formed request that asks for the connection to be closed.
func request(method, target, body string, header ...string) string {
	lines := append([]string{method + " " + target + " HTTP/1.1", "Host: addons.example", "Connection: close",
		fmt.Sprintf("Content-Length: %d", len(body))}, header...)
	return strings.Join(lines, "\r\n") + "\r\n\r\n" + body
}

func status(t *testing.T, answer string) int {
	t.Helper()
	r, err := http.ReadResponse(bufio.NewReader(strings.NewReader(answer)), nil)
	if err != nil {
		t.Fatalf("%v in %q", err, answer)
	}
	return r.StatusCode
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%s did not come", what)
		}
	}
}
