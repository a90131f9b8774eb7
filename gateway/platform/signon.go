package platform

import (
	"log/slog"
	"net/http"

	"github.com/addongw/addongw/gateway"
)

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
