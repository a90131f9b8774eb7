package web

import (
	"net/http"
	"net/url"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// session is a customer who signed on, and for which resource.
type session struct {
	resource string
	until    time.Time // zero in the code of a sign-on: the page says how long
	gone     bool      // the resource was removed: there is only that to tell
}

// Enter implements platform.Landing.
func (s *Server) Enter(w http.ResponseWriter, r *http.Request, resourceID string, customer gateway.SignOn) error {
	address, err := s.engine.SignOn(r.Context(), resourceID, customer)
	if err != nil {
		return err
	}
	if customer.Proof != "" && !s.spent.Spend(customer.Proof, customer.ProofUntil) {
		return gateway.Errorf(gateway.Unauthorized, messageSpent)
	}
	if address == "" {
		address = s.address(session{resource: resourceID})
	}
	redirect(w, r, address)
	return nil
}

// Gone implements platform.Landing.
func (s *Server) Gone(w http.ResponseWriter, r *http.Request, resourceID string) error {
	redirect(w, r, s.address(session{resource: resourceID, gone: true}))
	return nil
}

// address is our page of a resource, with a code for whom the platform sent.
func (s *Server) address(of session) string {
	return s.baseURL() + "/r/" + of.resource + "?code=" + s.newCode(of)
}

// redirect answers a sign-on: nothing of it may be kept, and the page it leads
// to must not learn what signed the customer on.
func redirect(w http.ResponseWriter, r *http.Request, address string) {
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("Referrer-Policy", "no-referrer")
	w.Header()["Content-Type"] = nil // with one, even none, http.Redirect writes no body: it would repeat the address
	http.Redirect(w, r, address, http.StatusFound)
}

// Refuse implements platform.Landing.
func (s *Server) Refuse(w http.ResponseWriter, r *http.Request, p platform.Profile, status int, message string) {
	s.message(w, r, p, status, message)
}

// newCode makes a code that does not outlive the session it leads to.
func (s *Server) newCode(of session) string {
	until := s.now().Add(codeLife)
	if !of.until.IsZero() && of.until.Before(until) {
		until = of.until
	}
	return s.codes.Issue(of.resource, of, until)
}

// cookieName is the same for all resources: each one's cookie has its own path.
const cookieName = "addongw"

// admit finds out who asks for a page: by the code of a new sign-on, by the
// cookie of an earlier answer, or by a code that a page handed on. A code in
// the URL is used up either way.
func (s *Server) admit(r *http.Request, id string) (token string, found session, ok bool) {
	entered, fresh := s.codes.Take(r.URL.Query().Get("code"))
	fresh = fresh && entered.resource == id
	if fresh && entered.until.IsZero() {
		return "", entered, true
	}
	for _, c := range r.CookiesNamed(cookieName) {
		if found, ok := s.sessions.Look(c.Value); ok && found.resource == id {
			return c.Value, found, true
		}
	}
	return "", entered, fresh
}

// begin turns a code into a session, which ends when the code's says, or else
// after length.
func (s *Server) begin(w http.ResponseWriter, of session, length time.Duration) (token string, begun session) {
	if of.until.IsZero() {
		of.until = s.now().Add(length)
	}
	token = s.sessions.Issue(of.resource, of, of.until)
	http.SetCookie(w, s.cookie(of, token))
	return token, of
}

// cookie is sent in a platform's frame too, where the browser lets it: that
// takes https. On a developer's machine there is none.
func (s *Server) cookie(of session, token string) *http.Cookie {
	c := &http.Cookie{
		Name: cookieName, Value: token, Path: "/r/" + of.resource,
		MaxAge: max(1, int(of.until.Sub(s.now()).Seconds())), HttpOnly: true, SameSite: http.SameSiteLaxMode,
	}
	if base, err := url.Parse(s.baseURL()); err == nil {
		c.Path = base.Path + c.Path
		if base.Scheme == "https" {
			c.Secure, c.SameSite, c.Partitioned = true, http.SameSiteNoneMode, true
		}
	}
	return c
}
