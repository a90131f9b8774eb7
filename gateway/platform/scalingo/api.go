package scalingo

import (
	"cmp"
	"log/slog"
	"net/http"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// api is a mount's endpoints, bound to the engine.
type api struct {
	mount     *mount
	lifecycle platform.Lifecycle
}

// provision answers 201 when the resource is there and 202 when it will be
// ("Status 200 OK, 201 Created or 202 Accepted"). An accepted order has no
// config: it is sent on Scalingo's API once it is known.
func (a api) provision(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	var request provisionRequest
	if err := platform.Decode(w, r, &request); err != nil {
		return err
	}
	order, err := a.mount.order(request)
	if err != nil {
		return err
	}
	if request.UUID == "" {
		platform.Note(r.Context(), slog.Bool("without_uuid", true)) // a repeat would make another resource
	}
	delivery, err := platform.Provision(r.Context(), a.lifecycle, order)
	if err != nil {
		return err
	}
	if delivery.Resource.State == gateway.Provisioning {
		message := cmp.Or(delivery.Message, a.mount.common.AddonName+" is being set up.")
		return platform.Encode(w, http.StatusAccepted, acceptedAnswer{ID: delivery.Resource.ProviderID, Message: message})
	}
	answer := provisionAnswer{ID: delivery.Resource.ProviderID, changeAnswer: newChangeAnswer(delivery), LogDrainURL: delivery.LogDrainURL}
	return platform.Deliver(w, r, a.lifecycle, http.StatusCreated, answer, delivery)
}

// changePlan answers 200 whatever the method: PUT knows nothing else, and what
// PATCH may answer besides, 202, leads to a completion that is described
// nowhere.
func (a api) changePlan(w http.ResponseWriter, r *http.Request, params httprouter.Params) error {
	var request changeRequest
	if err := platform.Decode(w, r, &request); err != nil {
		return err
	}
	delivery, err := platform.ChangePlan(r.Context(), a.lifecycle, params.ByName("id"), func(resource gateway.Resource) (string, error) {
		return a.mount.newPlan(resource, request)
	})
	if err != nil {
		return err
	}
	return platform.Deliver(w, r, a.lifecycle, http.StatusOK, newChangeAnswer(delivery), delivery)
}

// deprovision never looks at a body: Scalingo's tester sends "null" with no
// content type. Nothing but 204 without a byte is success there, and so is a
// repeat: the platform may not have read our first answer.
func (a api) deprovision(w http.ResponseWriter, r *http.Request, params httprouter.Params) error {
	if _, err := platform.Deprovision(r.Context(), a.lifecycle, params.ByName("id")); err != nil {
		return err
	}
	return platform.NoContent(w)
}

// whySuspended is what customers read of it. Scalingo gives no reason with the
// call; the boilerplate names these two.
const whySuspended = "Scalingo has suspended it: a payment is missing, or a free trial has ended."

// suspend reads no body: there is none, or "{}".
func (a api) suspend(w http.ResponseWriter, r *http.Request, params httprouter.Params) error {
	delivery, err := a.lifecycle.Suspend(r.Context(), params.ByName("id"), whySuspended)
	return a.moved(w, r, delivery, err)
}

func (a api) resume(w http.ResponseWriter, r *http.Request, params httprouter.Params) error {
	delivery, err := a.lifecycle.Resume(r.Context(), params.ByName("id"))
	return a.moved(w, r, delivery, err)
}

// moved answers what was suspended or resumed: 204 as the boilerplate does, or
// 200 where there is something to say, as Scalingo's own database service does.
func (a api) moved(w http.ResponseWriter, r *http.Request, delivery gateway.Delivery, err error) error {
	if err != nil {
		return err
	}
	platform.Note(r.Context(), slog.String("resource", delivery.Resource.ID))
	if delivery.Message == "" {
		return platform.NoContent(w)
	}
	return platform.Encode(w, http.StatusOK, messageAnswer{Message: delivery.Message})
}
