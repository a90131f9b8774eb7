package vendorapi

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/addongw/addongw/gateway/conformance/standin"
)

// App is an add-on that a customer has ordered.
type App struct {
	ID          string // Clever Cloud's: "addon_…"
	Name        string
	Plan        string // the slug
	Region      string
	OwnerID     string
	OwnerName   string
	OwnerEmail  string
	OwnerEmails []string
	Legacy      bool // listed with heroku_id
}

// Call is a request that the server received.
type Call struct {
	Method, Path string
	Status       int
	Early        bool // it came while an order was handled; see Server
}

// Server is the stand-in. It is safe for concurrent use. Requests are made to
// it below any base path: what counts is how their path ends.
//
// A call for an add-on whose order has no reply yet is answered 404, but not at
// once: reply and call may only have crossed on the wire. It is early, and a
// mistake of the provider, when no reply comes within the time of a crossing:
// above all when the provider waits for the call before it replies.
type Server struct {
	*standin.Counter
	username string
	pageSize int

	mu    sync.Mutex
	apps  map[string]*ordered
	order []string // the ids, as they were ordered
	calls []Call
}

// ordered is an add-on with what the provider has sent for it.
type ordered struct {
	App
	replied chan struct{} // closed by the reply
	pushes  []map[string]string
}

// New makes a Server for the provider with these credentials. A page of its
// listing holds pageSize entries; 0: all.
func New(username, password string, pageSize int) *Server {
	return &Server{Counter: standin.NewCounter(username, password), username: username, pageSize: pageSize, apps: map[string]*ordered{}}
}

// Order notes that the order for app is on its way to the provider.
func (s *Server) Order(app App) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, again := s.apps[app.ID]; !again {
		s.order = append(s.order, app.ID)
		s.apps[app.ID] = &ordered{App: app, replied: make(chan struct{})}
	}
}

// Replied notes that the provider's reply to the order was received.
func (s *Server) Replied(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if app, ok := s.apps[id]; ok && app.unanswered() {
		close(app.replied)
	}
}

// Unanswered reports whether an add-on's order has no reply yet.
func (s *Server) Unanswered(id string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	app, ok := s.apps[id]
	return ok && app.unanswered()
}

func (o *ordered) unanswered() bool {
	select {
	case <-o.replied:
		return false
	default:
		return true
	}
}

// crossing is how long a reply may be on its way when a call that was made
// after it arrives: long, for busy machines.
const crossing = 2 * time.Second

// cross waits for the reply to an order. early tells that none came.
func (s *Server) cross(id string) (crossed, early bool) {
	s.mu.Lock()
	app, known := s.apps[id]
	s.mu.Unlock()
	if !known || !app.unanswered() {
		return false, false
	}
	select {
	case <-app.replied:
		return true, false
	case <-time.After(crossing):
		return true, true
	}
}

// ChangePlan gives an add-on another plan in the listing.
func (s *Server) ChangePlan(id, plan string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if app, ok := s.apps[id]; ok {
		app.Plan = plan
	}
}

// Remove forgets an add-on.
func (s *Server) Remove(id string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.apps, id)
	s.order = slices.DeleteFunc(s.order, func(other string) bool { return other == id })
}

// Pushes returns the config vars that were sent for an add-on, oldest first.
func (s *Server) Pushes(id string) []map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	if app, ok := s.apps[id]; ok {
		return slices.Clone(app.pushes)
	}
	return nil
}

// Calls returns every request so far.
func (s *Server) Calls() []Call {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.calls)
}

// Early counts the calls that came before the reply to their order.
func (s *Server) Early() (n int) {
	for _, call := range s.Calls() {
		if call.Early {
			n++
		}
	}
	return n
}

// ServeHTTP answers one call.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	// Read first: net/http notices that a caller is gone only behind the body.
	body, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	id, _ := target(r)
	crossed, early := s.cross(id)
	refusal := standin.Answer{Status: http.StatusUnauthorized, Body: message("Wrong credentials.")}
	answer := s.Answer(r, refusal, func() standin.Answer {
		if crossed {
			return notFound
		}
		return s.answer(r, body)
	})
	s.mu.Lock()
	s.calls = append(s.calls, Call{Method: r.Method, Path: r.URL.Path, Status: answer.Status, Early: early})
	s.mu.Unlock()
	answer.Write(w)
}

var notFound = standin.Answer{Status: http.StatusNotFound, Body: message("Not found.")}

func (s *Server) answer(r *http.Request, body []byte) standin.Answer {
	id, listing := target(r)
	switch {
	case listing && r.Method == http.MethodGet:
		return s.list(r.URL.Query().Get("offset"))
	case id != "" && r.Method == http.MethodGet:
		return s.show(id)
	case id != "" && r.Method == http.MethodPut:
		return s.push(id, r.Header.Get("Content-Type"), body)
	default:
		return notFound
	}
}

// target finds what a request is about: an add-on, or the listing.
func target(r *http.Request) (id string, listing bool) {
	_, rest, ok := strings.Cut(r.URL.Path, "/vendor/apps")
	if !ok {
		return "", false
	}
	return strings.TrimPrefix(rest, "/"), rest == ""
}

func (s *Server) list(offset string) standin.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	from, _ := strconv.Atoi(offset)
	entries := []map[string]any{}
	for i, id := range s.order {
		app := s.apps[id]
		if i < from || s.pageSize > 0 && len(entries) == s.pageSize || app.unanswered() {
			continue
		}
		name := "addon_id"
		if app.Legacy {
			name = "heroku_id"
		}
		entries = append(entries, map[string]any{
			"provider_id": s.username, name: id, "callback_url": "https://api.example/v2/vendor/apps/" + id,
			"plan": app.Plan, "owner_id": app.OwnerID,
		})
	}
	return standin.Answer{Status: http.StatusOK, Body: entries}
}

func (s *Server) show(id string) standin.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	app, ok := s.apps[id]
	if !ok || app.unanswered() {
		return standin.Answer{Status: http.StatusNotFound, Body: message("No such add-on.")}
	}
	config := map[string]string{}
	if n := len(app.pushes); n > 0 {
		config = app.pushes[n-1]
	}
	return standin.Answer{Status: http.StatusOK, Body: map[string]any{
		"id": id, "name": app.Name, "config": config, "callback_url": "https://api.example/v2/vendor/apps/" + id,
		"owner_email": app.OwnerEmail, "owner_id": app.OwnerID, "owner_name": app.OwnerName,
		"owner_emails": app.OwnerEmails, "region": app.Region, "domains": []string{},
	}}
}

func (s *Server) push(id, contentType string, text []byte) standin.Answer {
	var body struct {
		Config map[string]string `json:"config"`
	}
	err := json.Unmarshal(text, &body)
	if err != nil || body.Config == nil || contentType != "application/json" {
		return standin.Answer{Status: http.StatusBadRequest, Body: message("No config.")}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	app, ok := s.apps[id]
	if !ok || app.unanswered() {
		return standin.Answer{Status: http.StatusNotFound, Body: message("No such add-on.")}
	}
	app.pushes = append(app.pushes, body.Config)
	return standin.Answer{Status: http.StatusOK, Body: map[string]any{"id": id, "configKeys": slices.Sorted(maps.Keys(body.Config))}}
}

func message(text string) map[string]string { return map[string]string{"message": text} }
