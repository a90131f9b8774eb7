package platformtest

import (
	"context"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// Landing is a platform.Landing that remembers who came, and answers as the
// pages do.
type Landing struct {
	Entered  string // the resource, by our own id
	Customer gateway.SignOn
	TooLate  string // the resource that was gone
	Refused  string // by which platform, and why
}

var _ platform.Landing = (*Landing)(nil)

// Enter implements platform.Landing.
func (l *Landing) Enter(w http.ResponseWriter, r *http.Request, resourceID string, s gateway.SignOn) error {
	l.Entered, l.Customer = resourceID, s
	lead(w, r, resourceID)
	return nil
}

// Gone implements platform.Landing.
func (l *Landing) Gone(w http.ResponseWriter, r *http.Request, resourceID string) error {
	l.TooLate = resourceID
	lead(w, r, resourceID)
	return nil
}

func lead(w http.ResponseWriter, r *http.Request, resourceID string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	http.Redirect(w, r, "https://addons.acme.example/r/"+resourceID, http.StatusFound)
}

// Refuse implements platform.Landing.
func (l *Landing) Refuse(w http.ResponseWriter, _ *http.Request, p platform.Profile, status int, message string) {
	l.Refused = p.Name + ": " + message
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, message)
}

// Everything is an engine that has any resource, in one state, and counts how
// often it was asked. Our id of a resource is "our-" and the platform's.
type Everything struct {
	platform.Lifecycle
	State   gateway.State
	Deleted time.Time
	Err     error
	Asked   int
}

// Resource implements platform.Lifecycle.
func (e *Everything) Resource(_ context.Context, id string) (gateway.Resource, error) {
	e.Asked++
	return gateway.Resource{ID: "our-" + id, ProviderID: id, State: e.State, DeletedAt: e.Deleted}, e.Err
}

// Visit is one sign-on: what the browser got, who entered where, and what the
// log was told.
type Visit struct {
	*httptest.ResponseRecorder
	*Landing
	Noted error
}

// SignOn has a browser make the request of a sign-on.
func SignOn(m platform.Mount, engine platform.Lifecycle, r *http.Request) Visit {
	v, notes := Visit{ResponseRecorder: httptest.NewRecorder(), Landing: &Landing{}}, &platform.Notes{}
	for _, route := range m.Routes(engine, v.Landing) {
		if route.Path == r.URL.Path && route.Method == r.Method {
			route.Handle(v.ResponseRecorder, r.WithContext(platform.WithNotes(r.Context(), notes)), nil)
		}
	}
	_, v.Noted = notes.Taken()
	return v
}

// Refusal is how a sign-on is refused: with this status and page, and a note
// for the log that says why.
type Refusal struct {
	Status      int
	Page, Noted string
}

// Check judges a visit of the customer ann@example.com to res_1, neither of
// which the log may have.
func (want Refusal) Check(t *testing.T, what string, got Visit) {
	t.Helper()
	if got.Code != want.Status || got.Refused != want.Page || got.Noted == nil || !strings.Contains(got.Noted.Error(), want.Noted) {
		t.Errorf("%s: %d %q, noted %v", what, got.Code, got.Refused, got.Noted)
	}
	if got.Entered != "" || got.TooLate != "" {
		t.Errorf("%s: refused and let in, to %q%q", what, got.Entered, got.TooLate)
	}
	if got.Noted != nil && (strings.Contains(got.Noted.Error(), "example.com") || strings.Contains(got.Noted.Error(), "res_1")) {
		t.Errorf("%s: the log quotes the request: %v", what, got.Noted)
	}
}
