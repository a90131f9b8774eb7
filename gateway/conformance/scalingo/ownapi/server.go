package ownapi

import (
	"io"
	"maps"
	"net/http"
	"slices"
	"sync"

	"github.com/addongw/addongw/gateway/conformance/standin"
)

// Addon is an add-on that a customer has ordered, and whose order the provider
// has answered.
type Addon struct {
	ID      string // the provider's, from its answer
	UUID    string // Scalingo's own, from the order; may be empty
	App     string // the id of the customer's app
	Plan    string // its name
	Pending bool   // the order was answered 202
}

// App is a customer's app.
type App struct {
	ID, Name, OwnerEmail string
}

// Call is a request that the server received.
type Call struct {
	Method, Path string // with the query
	Status       int
}

// Server is the stand-in. It is safe for concurrent use. Requests are made to
// it below any base path: what counts is how their path goes on from
// "/v1/provider".
type Server struct {
	*standin.Counter
	pageSize int

	mu       sync.Mutex
	byUUID   bool
	byAnyID  bool
	declared []string // nil: every name
	apps     map[string]*app
	addons   []*Addon // as they were ordered
	calls    []Call
}

// app is an App with what the provider has sent for it.
type app struct {
	App
	config   map[string]string
	restarts int
}

// New makes a Server for the provider with these credentials. A page of its
// listing holds at most pageSize entries; 0: as many as are asked for.
func New(username, password string, pageSize int) *Server {
	return &Server{Counter: standin.NewCounter(username, password), pageSize: pageSize, apps: map[string]*app{}}
}

// Declare makes variables of any other name be refused.
func (s *Server) Declare(names ...string) *Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.declared = append([]string{}, names...)
	return s
}

// ByUUID makes add-ons be known by Scalingo's id instead of the provider's:
// which one it is no document says.
func (s *Server) ByUUID() *Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byUUID = true
	return s
}

// ByAnyID makes add-ons be known by both ids.
func (s *Server) ByAnyID() *Server {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.byAnyID = true
	return s
}

// Own notes a customer's app.
func (s *Server) Own(a App) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.app(a.ID).App = a
}

// Add notes that the provider's answer to an order was read.
func (s *Server) Add(a Addon) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.app(a.App)
	s.addons = append(s.addons, &a)
}

// app finds an app, or makes one. The lock is held.
func (s *Server) app(id string) *app {
	if s.apps[id] == nil {
		s.apps[id] = &app{App: App{ID: id}, config: map[string]string{}}
	}
	return s.apps[id]
}

// ChangePlan gives an add-on another plan in the listing.
func (s *Server) ChangePlan(id, plan string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, a := range s.addons {
		if a.ID == id {
			a.Plan = plan
		}
	}
}

// Remove forgets an add-on.
func (s *Server) Remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.addons = slices.DeleteFunc(s.addons, func(a *Addon) bool { return a.ID == id })
}

// Pending reports whether an add-on is known whose end was not told yet.
func (s *Server) Pending(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.ContainsFunc(s.addons, func(a *Addon) bool { return a.ID == id && a.Pending })
}

// Config returns the variables of an app, and how often it was restarted.
func (s *Server) Config(appID string) (config map[string]string, restarts int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	found, ok := s.apps[appID]
	if !ok {
		return nil, 0
	}
	return maps.Clone(found.config), found.restarts
}

// Calls returns every request so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Read first: net/http notices that a caller is gone only behind the body.
	body, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	answer := s.Answer(r, refusal(http.StatusUnauthorized, "unauthorized"), func() standin.Answer { return s.answer(r, body) })
	s.mu.Lock()
	s.calls = append(s.calls, Call{Method: r.Method, Path: r.URL.RequestURI(), Status: answer.Status})
	s.mu.Unlock()
	answer.Write(w)
}
