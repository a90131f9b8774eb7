package clevercloud

import (
	"net/http"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// statuses says how Clever Cloud hears of each kind of error. Its documents
// name 401 only; the rest is ours: 4xx where a repeat cannot help, 503 where
// it will.
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

// failure is the body of every error, and of answers that are a sentence.
type failure struct {
	Message string `json:"message"`
}

func failures(realm string) platform.Failures {
	return platform.Failures{
		Status: statuses,
		Body:   func(_ gateway.Kind, message string) any { return failure{Message: message} },
		Realm:  realm,
	}
}

func (m *mount) signOnFailures(landing platform.Landing) platform.Failures {
	return platform.SignOnFailures(landing, m.Profile(), platform.SignOnStatuses())
}
