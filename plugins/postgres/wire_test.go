package postgres_test

import (
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
)

// wire forwards TCP connections and can cut them all at once, without any
// farewell, as the death of our process does.
type wire struct {
	listener net.Listener

	mu    sync.Mutex
	to    string
	conns []net.Conn
}

func newWire(t *testing.T, adminURL string) (*wire, string) {
	t.Helper()
	u, err := url.Parse(adminURL)
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{listener: listener, to: u.Host}
	go w.serve()
	t.Cleanup(func() {
		_ = listener.Close()
		w.cut()
	})
	u.Host = listener.Addr().String()
	return w, u.String()
}

func (w *wire) serve() {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", w.leadTo(""))
		if err != nil {
			_ = client.Close()
			continue
		}
		w.mu.Lock()
		w.conns = append(w.conns, client, server)
		w.mu.Unlock()
		go pipe(client, server)
		go pipe(server, client)
	}
}

// leadTo changes where new connections go, unless the address is empty, and
// returns where they went.
func (w *wire) leadTo(address string) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	before := w.to
	if address != "" {
		w.to = address
	}
	return before
}

func pipe(from, to net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
}

func (w *wire) cut() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, conn := range w.conns {
		_ = conn.Close()
	}
	w.conns = nil
}
