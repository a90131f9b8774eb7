package platform

import (
	"log/slog"
	"net/http"

	"github.com/addongw/addongw/gateway"
)

// SignOnStatuses says how a customer's browser hears of each kind of error,
// where a platform's documents name no statuses. Whatever a sign-on lacks is 403
// and tells no more; a resource that was removed is 410. Every call makes a new
// map, in which a dialect may change what its platform wants otherwise.
func SignOnStatuses() map[gateway.Kind]int {
	return map[gateway.Kind]int{
		gateway.Invalid:      http.StatusForbidden,
		gateway.Refused:      http.StatusForbidden,
		gateway.Unauthorized: http.StatusForbidden,
		gateway.NotFound:     http.StatusForbidden,
		gateway.Gone:         http.StatusGone,
		gateway.Conflict:     http.StatusServiceUnavailable,
		gateway.Busy:         http.StatusServiceUnavailable,
		gateway.Quota:        http.StatusServiceUnavailable,
		gateway.Unsupported:  http.StatusInternalServerError,
		gateway.Unavailable:  http.StatusServiceUnavailable,
		gateway.Internal:     http.StatusInternalServerError,
	}
}

// SignOnFailures answer a person whose sign-on fails, with landing's page for
// them.
func SignOnFailures(landing Landing, p Profile, statuses map[gateway.Kind]int) Failures {
	return Failures{
		Status: statuses,
		Page: func(w http.ResponseWriter, r *http.Request, status int, message string) {
			landing.Refuse(w, r, p, status, message)
		},
	}
}

// Enter lets a customer in whose sign-on a dialect has checked: to the resource
// with this provider id, if it is there. One that was removed is gateway.Gone.
func Enter(w http.ResponseWriter, r *http.Request, lifecycle Lifecycle, landing Landing, id string, customer gateway.SignOn) error {
	resource, err := lifecycle.Resource(r.Context(), id)
	if err != nil {
		return err
	}
	Note(r.Context(), slog.String("resource", resource.ID), slog.Bool("email_verified", customer.EmailVerified))
	if resource.State == gateway.Deprovisioning || resource.State == gateway.Deprovisioned {
		return gateway.Errorf(gateway.Gone, "This add-on was removed.")
	}
	return landing.Enter(w, r, resource.ID, customer)
}
