package caller

import (
	"net/http"

	"github.com/addongw/addongw/gateway"
)

// statuses says what answers mean for us, as formats that take the platform's
// title. Statuses that are not here are gateway.Unavailable from 500 on and
// below 400, else gateway.Refused.
var statuses = map[int]answerMeaning{
	http.StatusUnauthorized:       {gateway.Unauthorized, "%s's API refuses the add-on's id and password: they must be those of the manifest that was uploaded there."},
	http.StatusForbidden:          {gateway.Unauthorized, "%s's API does not let this add-on's id and password do that."},
	http.StatusProxyAuthRequired:  {gateway.Unauthorized, "The proxy on the way to %s's API wants credentials."},
	http.StatusNotFound:           {gateway.NotFound, "%s's API does not know this add-on (yet)."},
	http.StatusGone:               {gateway.NotFound, "%s's API does not know this add-on any more."},
	http.StatusRequestTimeout:     {gateway.Unavailable, "%s's API ran out of time."},
	http.StatusTooEarly:           {gateway.Unavailable, "%s's API asks for a repeat."},
	http.StatusTooManyRequests:    {gateway.Unavailable, "%s's API has had too many calls."},
	http.StatusServiceUnavailable: {gateway.Unavailable, "%s's API is not available."},
}

type answerMeaning struct {
	kind    gateway.Kind
	message string
}
