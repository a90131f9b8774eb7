package xervo

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
)

// location looks at where a sign-on leads.
func location(ctx context.Context, s *conformance.Session) conformance.Finding {
	id, unable := resource(ctx, s)
	if unable != nil {
		return *unable
	}
	to, unable := signOn(ctx, s, id)
	if unable != nil {
		return *unable
	}
	return found(misleading(to))
}

// landing goes where a sign-on leads.
func landing(ctx context.Context, s *conformance.Session) conformance.Finding {
	id, unable := resource(ctx, s)
	if unable != nil {
		return *unable
	}
	return arrive(ctx, s, id)
}

// lateLanding does so for what was removed.
func lateLanding(ctx context.Context, s *conformance.Session) conformance.Finding {
	id, unable := resource(ctx, s)
	if unable != nil {
		return *unable
	}
	call, err := s.Send(ctx, s.Client.Deprovision(id))
	if unable := refused("its removal", call, err, 2); unable != nil {
		return *unable
	}
	return arrive(ctx, s, id)
}

// resource makes one to sign on to.
func resource(ctx context.Context, s *conformance.Session) (id string, unable *conformance.Finding) {
	switch {
	case s.Provider.SSOURL == "":
		return "", &conformance.Finding{Skipped: "there is no address for sign-ons"}
	case s.Provider.Salt.Empty():
		return "", &conformance.Finding{Skipped: "there is no salt for sign-ons"}
	}
	call, err := s.Send(ctx, s.Client.Provision(conformance.Order{}))
	if unable := refused("an order", call, err, 2); unable != nil {
		return "", unable
	}
	var body struct {
		ID json.RawMessage `json:"id"`
	}
	if json.Unmarshal(call.Answer.Body, &body) != nil || len(body.ID) == 0 {
		return "", &conformance.Finding{Blocked: "an order: the answer has no id"}
	}
	return strings.Trim(string(body.ID), `"`), nil
}

// signOn returns where a good sign-on leads. It is sent as JSON, which the
// document prints: a provider that takes no forms has a check of its own.
func signOn(ctx context.Context, s *conformance.Session, id string) (to string, unable *conformance.Finding) {
	proof := s.Client.SignOn(id, conformance.Person{}, time.Now())
	proof.Encoding = conformance.JSON
	call, err := s.Send(ctx, proof.Request())
	if unable := refused("a sign-on", call, err, 3); unable != nil {
		return "", unable
	}
	return call.Answer.Header.Get("Location"), nil
}

// refused is a Finding unless the answer's status is of the class that is
// wanted.
func refused(what string, call conformance.Call, err error, class int) *conformance.Finding {
	switch {
	case err != nil:
		return &conformance.Finding{Blocked: what + ": " + err.Error()}
	case call.Answer.Status/100 != class:
		return &conformance.Finding{Blocked: fmt.Sprintf("%s: status is %d", what, call.Answer.Status)}
	default:
		return nil
	}
}

// found is a Finding of one problem; empty: of none.
func found(problem string) conformance.Finding {
	if problem == "" {
		return conformance.Finding{}
	}
	return conformance.Finding{Problems: []string{problem}}
}

// misleading says what keeps dia from following a Location. It quotes nothing:
// what stands there may let somebody in.
func misleading(location string) string {
	u, err := url.Parse(location)
	switch {
	case err != nil:
		return "the Location is no address"
	case strings.HasPrefix(location, "http://"), strings.HasPrefix(location, "https://"):
		if u.Host == "" {
			return "the Location names no host"
		}
		return ""
	case strings.HasPrefix(location, "//"), !strings.HasPrefix(location, "/"):
		return "the Location begins neither with http:// or https:// nor with one slash"
	case strings.Contains(location, "http"):
		return "the Location is a path that has http in it, which dia takes for a whole address"
	default:
		return ""
	}
}

// mostRedirects is how many dia follows.
const mostRedirects = 10

// arrive signs on and follows redirects to their end, without a cookie.
func arrive(ctx context.Context, s *conformance.Session, id string) conformance.Finding {
	to, unable := signOn(ctx, s, id)
	if unable != nil {
		return *unable
	}
	if problem := misleading(to); problem != "" {
		return found(problem)
	}
	at, err := url.Parse(s.Provider.SSOURL)
	for hops := 0; err == nil; hops++ {
		if at, err = at.Parse(to); err != nil {
			break
		}
		at.Fragment = "" // it is for the browser
		call, failure := s.Send(ctx, conformance.Request{Method: http.MethodGet, URL: at.String()})
		to = call.Answer.Header.Get("Location")
		switch {
		case failure != nil:
			return found(fmt.Sprintf("the page where it leads: %v. Where this is addongw: base_url must be reachable from here, and with addongw dev it is", failure))
		case call.Answer.Status/100 != 3 || to == "":
			return ended(call.Answer.Status)
		case hops == mostRedirects:
			return found(fmt.Sprintf("it leads to more than %d redirects", mostRedirects))
		}
	}
	return found("it leads to a Location that is no address")
}

// ended judges the page at the end of all redirects.
func ended(status int) conformance.Finding {
	if status == http.StatusOK {
		return conformance.Finding{}
	}
	return found(fmt.Sprintf("without cookies the page where it leads is answered with %d, not 200", status))
}
