package nanobox

import (
	"net/http"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// statuses says how the platform hears of each kind of error. The document
// fixes none but "non 2xx"; what is gone is as unknown as what never was.
var statuses = map[gateway.Kind]int{
	gateway.Invalid:      http.StatusBadRequest,
	gateway.Refused:      http.StatusUnprocessableEntity,
	gateway.Unauthorized: http.StatusUnauthorized,
	gateway.NotFound:     http.StatusNotFound,
	gateway.Gone:         http.StatusNotFound,
	gateway.Conflict:     http.StatusConflict,
	gateway.Busy:         http.StatusServiceUnavailable,
	gateway.Quota:        http.StatusConflict,
	gateway.Unsupported:  http.StatusNotImplemented,
	gateway.Unavailable:  http.StatusBadGateway,
	gateway.Internal:     http.StatusInternalServerError,
}

// failure is the body of every error: a list even of one sentence.
type failure struct {
	Errors []string `json:"errors"`
}

// failures names no realm: a browser that asked for a password would ask in
// vain.
func failures() platform.Failures {
	return platform.Failures{
		Status:   statuses,
		Body:     func(_ gateway.Kind, message string) any { return failure{Errors: []string{message}} },
		TooLarge: http.StatusRequestEntityTooLarge,
	}
}

func noServer() error { return gateway.Errorf(gateway.NotFound, "There is no such server.") }

func noKey() error { return gateway.Errorf(gateway.NotFound, "There is no such key.") }

// nonsense is a backend's answer that cannot be used.
func nonsense(cause error) error {
	return &gateway.Error{Kind: gateway.Unavailable, Message: "The provider's system gave an answer that could not be used.", Cause: cause}
}

// switchedOff is for routes that the platform does not call, by what /meta says.
// They answer all the same, so that a mistake shows as what it is.
func switchedOff(message string) error { return gateway.Errorf(gateway.Unsupported, "%s", message) }
