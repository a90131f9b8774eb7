package platform

import (
	"context"
	"net/http"

	"github.com/addongw/addongw/gateway"
)

// Deliver answers with body, which carries d's config, and records the
// delivery once the answer is on its way. A caller that hung up beforehand has
// received nothing: its repeat will. An error after the answer was written is
// for the log alone.
func Deliver(w http.ResponseWriter, r *http.Request, lifecycle Lifecycle, status int, body any, d gateway.Delivery) error {
	gone := r.Context().Err()
	if err := Encode(w, status, body); err != nil {
		return err
	}
	if gone != nil {
		return nil
	}
	return lifecycle.Delivered(context.WithoutCancel(r.Context()), d)
}
