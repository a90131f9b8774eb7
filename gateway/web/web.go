package web

import (
	"context"
	"net/http"
	"strings"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/sso"
)

// Engine is what pages ask of the engine. Errors are *gateway.Error.
type Engine interface {
	// Customer returns a resource by our own id as its customer may see it.
	Customer(ctx context.Context, resourceID string) (gateway.Delivery, error)
	// Page tells what the configuration says of the resource.
	Page(r gateway.Resource) (gateway.Page, error)
	// SignOn returns where the vendor wants customers who sign on; "" means
	// our page.
	SignOn(ctx context.Context, resourceID string, s gateway.SignOn) (string, error)
}

// Options is what a Server is made of. Engine and BaseURL are required.
type Options struct {
	Engine  Engine
	BaseURL func() string    // the gateway's public URL, without a slash at its end; asked each time
	Now     func() time.Time // default time.Now
}

// How much memory strangers' repeats of one good sign-on may take at most, and
// how long a code waits for its redirect.
const (
	mostCodes    = 10_000
	mostSessions = 100_000
	mostSpent    = 100_000
	codeLife     = 60 * time.Second
)

// Server answers customers' browsers. It outlives configurations: all it knows
// of one it asks the engine. It is safe for concurrent use.
type Server struct {
	engine   Engine
	baseURL  func() string
	now      func() time.Time
	codes    *sso.Tickets[session]
	sessions *sso.Tickets[session]
	spent    *sso.Spent
	crossing *http.CrossOriginProtection
}

var (
	_ http.Handler     = (*Server)(nil)
	_ platform.Landing = (*Server)(nil)
)

// New makes a Server.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Server{
		engine: o.Engine, baseURL: o.BaseURL, now: o.Now,
		codes:    sso.NewTickets[session](mostCodes, o.Now),
		sessions: sso.NewTickets[session](mostSessions, o.Now),
		spent:    sso.NewSpent(mostSpent, o.Now),
		crossing: http.NewCrossOriginProtection(),
	}
}

// ServeHTTP answers below /r/: "/r/RESOURCE" is a resource's page, "/r/-/…" the
// files that pages need.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	segments := strings.FieldsFunc(r.URL.Path, func(c rune) bool { return c == '/' })
	switch {
	case len(segments) == 2 && segments[1] != "-":
		s.resource(w, r, segments[1])
	case len(segments) == 4 && segments[1] == "-":
		serveAsset(w, r, segments[2], segments[3])
	default:
		s.message(w, r, platform.Profile{}, http.StatusNotFound, "There is nothing at this address.")
	}
}

// methods answers what a path does not take.
func methods(w http.ResponseWriter, allowed string) {
	w.Header().Set("Allow", allowed)
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(http.StatusMethodNotAllowed)
}
