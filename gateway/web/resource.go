package web

import (
	"io"
	"log/slog"
	"net/http"
	"strings"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/sso"
)

// What a customer reads who is not, or no longer, signed on.
const (
	messageUsed  = "This link was used before, or is more than a minute old. Open the add-on again from your dashboard."
	messageSpent = "This sign-on was used before. Open the add-on again from your dashboard."
	messageGone  = "This add-on was removed."
	messageEnded = "Your sign-on has ended. Open the add-on again from your dashboard."
)

// resource answers for one resource's page.
func (s *Server) resource(w http.ResponseWriter, r *http.Request, id string) {
	platform.Note(r.Context(), slog.String("route", "/r/:resource"))
	switch r.Method {
	case http.MethodGet:
		s.open(w, r, id)
	case http.MethodPost:
		s.act(w, r, id)
	default:
		methods(w, "GET, POST")
	}
}

// known is what there is to say of a resource.
type known struct {
	delivery gateway.Delivery
	page     gateway.Page
}

func (s *Server) know(r *http.Request, id string) (k known, err error) {
	if k.delivery, err = s.engine.Customer(r.Context(), id); err != nil {
		return k, err
	}
	k.page, err = s.engine.Page(k.delivery.Resource)
	return k, err
}

func (k known) profile() platform.Profile {
	return platform.Profile{Name: k.page.Platform, Dashboard: k.page.Dashboard, FrameAncestors: k.page.FrameAncestors}
}

// open answers a GET: after the sign-on's redirect, or at a reload.
func (s *Server) open(w http.ResponseWriter, r *http.Request, id string) {
	token, of, ok := s.admit(r, id)
	if !ok {
		message := messageEnded
		if r.URL.Query().Has("code") {
			message = messageUsed
		}
		s.reopen(w, r, id, message)
		return
	}
	k, err := s.know(r, id)
	if err != nil {
		s.failed(w, r, k, err)
		return
	}
	if of.gone {
		s.message(w, r, k.profile(), http.StatusOK, messageGone)
		return
	}
	if token == "" {
		token, of = s.begin(w, of, k.page.Session)
	}
	s.show(w, r, k, token, of, "")
}

// act answers a form of the page, by the token in it. Its own cookie counts for
// nothing here: another site could make a browser send it.
func (s *Server) act(w http.ResponseWriter, r *http.Request, id string) {
	if err := s.crossing.Check(r); err != nil {
		platform.NoteError(r.Context(), err)
		s.message(w, r, platform.Profile{}, http.StatusForbidden, "This form came from another site.")
		return
	}
	form, err := sso.ReadForm(w, r, "token", "do", "name")
	if err != nil {
		platform.NoteError(r.Context(), err)
	}
	of, ok := s.sessions.Look(form["token"])
	if !ok || of.resource != id {
		s.reopen(w, r, id, messageEnded)
		return
	}
	k, err := s.know(r, id)
	if err != nil {
		s.failed(w, r, k, err)
		return
	}
	if form["do"] == "reveal" {
		s.reveal(w, r, k, form, of)
		return
	}
	s.show(w, r, k, form["token"], of, "")
}

// reveal shows one config var: to the page's module as text, to everybody else
// as the page with that value in it.
func (s *Server) reveal(w http.ResponseWriter, r *http.Request, k known, form sso.Form, of session) {
	for _, v := range k.delivery.ConfigVars {
		if v.Name != form["name"] {
			continue
		}
		platform.Note(r.Context(), slog.String("revealed", v.Name))
		if r.Header.Get("Accept") == "text/plain" {
			headers(w.Header(), k.profile(), "")
			w.Header().Set("Content-Type", "text/plain; charset=utf-8")
			_, _ = io.WriteString(w, v.Value.Reveal()) // a lost connection is the browser's to tell
			return
		}
	}
	s.show(w, r, k, form["token"], of, form["name"])
}

// show writes the page, with the value of one config var revealed.
func (s *Server) show(w http.ResponseWriter, r *http.Request, k known, token string, of session, revealed string) {
	resource := k.delivery.Resource
	platform.Note(r.Context(), slog.String("platform", resource.Platform), slog.String("addon", resource.Addon), slog.String("resource", resource.ID))
	if resource.State == gateway.Deprovisioned {
		s.sessions.Take(token)
		s.message(w, r, k.profile(), http.StatusGone, messageGone)
		return
	}
	v := newView(r, k, token, revealed, s.baseURL())
	if v.State.Changing {
		// Without the module the page reloads itself, and without cookies only a
		// new code lets it. It does not make the sign-on last longer.
		v.Refresh = v.Action + "?code=" + s.newCode(of)
	}
	headers(w.Header(), k.profile(), v.logoOrigin())
	render(w, r, http.StatusOK, "resource.html", v)
}

// reopen answers whoever is not signed on. It tells which platform the resource
// is on, and lets that platform show it: nobody meets an id by guessing, and
// the customer who reloads must find the way back.
func (s *Server) reopen(w http.ResponseWriter, r *http.Request, id, message string) {
	k, err := s.know(r, id)
	if err != nil && gateway.KindOf(err) != gateway.NotFound {
		platform.NoteError(r.Context(), err)
	}
	s.message(w, r, k.profile(), http.StatusForbidden, message)
}

// failed answers a customer who may see the page when there is none to see.
func (s *Server) failed(w http.ResponseWriter, r *http.Request, k known, err error) {
	platform.NoteError(r.Context(), err)
	status := http.StatusInternalServerError
	switch gateway.KindOf(err) {
	case gateway.NotFound:
		status = http.StatusNotFound
	case gateway.Gone:
		status = http.StatusGone
	case gateway.Unavailable, gateway.Busy:
		status = http.StatusServiceUnavailable
	}
	s.message(w, r, k.profile(), status, gateway.Message(err))
}

// message writes a page that is one sentence and the way back.
func (s *Server) message(w http.ResponseWriter, r *http.Request, p platform.Profile, status int, text string) {
	headers(w.Header(), p, "")
	render(w, r, status, "message.html", messageView{
		Root: root(r), Title: titles[status], Text: text, Platform: p.Name, Dashboard: p.Dashboard,
	})
}

// titles are a person's words for the statuses that pages have.
var titles = map[int]string{
	http.StatusForbidden: "Please sign on again", http.StatusNotFound: "Nothing here", http.StatusGone: "Removed",
	http.StatusServiceUnavailable: "Please try again",
}

// headers are the same on every page, save who may show it in a frame.
func headers(h http.Header, p platform.Profile, logo string) {
	ancestors := strings.Join(sources(p.FrameAncestors), " ")
	if ancestors == "" {
		ancestors = "'none'"
	}
	images := "'self' data:"
	if logo != "" {
		images += " " + logo
	}
	h.Set("Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src "+images+
		"; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors "+ancestors)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
}
