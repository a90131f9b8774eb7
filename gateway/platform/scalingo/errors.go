package scalingo

import (
	"net/http"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// statuses says how Scalingo hears of each kind of error. Its documents name
// none for providers; 422 for what is well-formed and refused is what its own
// API answers, and its boilerplate. The rest is ours: 4xx where a repeat cannot
// help, 503 where it will.
var statuses = map[gateway.Kind]int{
	gateway.Invalid:      http.StatusBadRequest,
	gateway.Refused:      http.StatusUnprocessableEntity,
	gateway.Unauthorized: http.StatusUnauthorized,
	gateway.NotFound:     http.StatusNotFound,
	gateway.Gone:         http.StatusGone,
	gateway.Conflict:     http.StatusConflict,
	gateway.Busy:         http.StatusServiceUnavailable,
	gateway.Quota:        http.StatusUnprocessableEntity,
	gateway.Unsupported:  http.StatusUnprocessableEntity,
	gateway.Unavailable:  http.StatusServiceUnavailable,
	gateway.Internal:     http.StatusInternalServerError,
}

// failure is the body of every error, the sentence under both names that a
// reader may look for: Scalingo's own API has "error", and what the documents
// show to customers is "message".
type failure struct {
	Error   string `json:"error"`
	Message string `json:"message"`
}

func failures(realm string) platform.Failures {
	return platform.Failures{
		Status: statuses,
		Body:   func(_ gateway.Kind, message string) any { return failure{Error: message, Message: message} },
		Realm:  realm,
	}
}

// signOnFailures answer a customer's browser: with our page, or where the
// operator would rather have a link lead that is refused. What went wrong on our
// side, and what was removed, has its page in any case.
func (m *mount) signOnFailures(landing platform.Landing) platform.Failures {
	failures := platform.SignOnFailures(landing, m.Profile(), platform.SignOnStatuses())
	page := failures.Page
	failures.Page = func(w http.ResponseWriter, r *http.Request, status int, message string) {
		if status != http.StatusForbidden || m.own.failureRedirect == "" {
			page(w, r, status, message)
			return
		}
		w.Header().Set("Cache-Control", "no-store")
		w.Header().Set("Referrer-Policy", "no-referrer")
		http.Redirect(w, r, m.own.failureRedirect, http.StatusFound)
	}
	return failures
}
