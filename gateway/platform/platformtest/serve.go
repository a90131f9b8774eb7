package platformtest

import (
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/server"
)

// Serve serves a mount behind the real server on a real listener until the test
// ends, and returns the mount's URL.
func Serve(t *testing.T, m platform.Mount, l platform.Lifecycle) string {
	t.Helper()
	return serve(t, m, l, nil)
}

// ServeProvider is Serve for a provider of servers. What requests log goes to
// log, which may be nil.
func ServeProvider(t *testing.T, p platform.Provider, s platform.Servers, log *slog.Logger) string {
	t.Helper()
	return serve(t, mountedProvider{Provider: p, servers: s}, nil, log)
}

// mountedProvider has a provider's routes served as those of a mount are.
type mountedProvider struct {
	platform.Provider
	servers platform.Servers
}

func (m mountedProvider) Manifest(bool) ([]byte, error) { return m.Provider.Manifest() }

func (m mountedProvider) Routes(platform.Lifecycle, platform.Landing) []platform.Route {
	return m.Provider.Routes(m.servers)
}

func (mountedProvider) Profile() platform.Profile { return platform.Profile{} }

func (mountedProvider) API() platform.API { return nil }

func serve(t *testing.T, m platform.Mount, l platform.Lifecycle, log *slog.Logger) string {
	t.Helper()
	prefix := "/" + m.Scope().Platform + "/" + m.Scope().Addon
	s, err := server.New(server.Options{
		Mounts:    []server.Mount{{Prefix: prefix, Mount: m}},
		Lifecycle: func(gateway.Scope) platform.Lifecycle { return l },
		Landing:   &Landing{},
		Logger:    log,
	})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(t.Context(), listener) }()
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return "http://" + listener.Addr().String() + prefix
}

// Send makes one of the platform's calls, and returns the answer without the
// space around its body. An empty body is none.
func Send(t *testing.T, username, method, url, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth(username, Password)
	a := do(t, r)
	return a.status, strings.TrimSpace(a.body)
}

// Router routes as the server does below a mount's prefix. There is no network
// between.
func Router(m platform.Mount, l platform.Lifecycle) http.Handler {
	router := httprouter.New()
	for _, route := range m.Routes(l, nil) {
		router.Handle(route.Method, route.Path, route.Handle)
	}
	return router
}
