package xervo

import (
	"fmt"
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

// provision answers exactly 200: "Successful attempts must return 200 status
// code" (API Endpoints), and dia fails 201.
func (a api) provision(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	var request provisionRequest
	if err := platform.Decode(w, r, &request); err != nil {
		return err
	}
	order, err := a.mount.order(request)
	if err != nil {
		return err
	}
	delivery, err := platform.Provision(r.Context(), a.lifecycle, order)
	if err != nil {
		return err
	}
	return a.deliver(w, r, provisionAnswer{ID: delivery.Resource.ProviderID, changeAnswer: newChangeAnswer(delivery)}, delivery)
}

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
	return a.deliver(w, r, newChangeAnswer(delivery), delivery)
}

// deprovision answers exactly 200: "Note that the expected response is a 200"
// (Deprovision). A repeat is 200 too, because the platform may not have read
// our first answer.
func (a api) deprovision(w http.ResponseWriter, r *http.Request, params httprouter.Params) error {
	delivery, err := platform.Deprovision(r.Context(), a.lifecycle, params.ByName("id"))
	if err != nil {
		return err
	}
	return platform.Encode(w, http.StatusOK, failure{Message: sentence(delivery.Message, messageRemoved)})
}

// deliver answers with a config that is complete, or asks for a repeat.
func (a api) deliver(w http.ResponseWriter, r *http.Request, body any, d gateway.Delivery) error {
	if err := a.mount.complete(d); err != nil {
		return err
	}
	return platform.Deliver(w, r, a.lifecycle, http.StatusOK, body, d)
}

// complete finds a config var that the manifest lists and the delivery has no
// text for. Files are checked for that, but a backend's output can still turn
// out empty. Xervo would take the resource for broken, and there is no later
// push that could mend it; a repeat delivers what the files make of it then.
func (m *mount) complete(d gateway.Delivery) error {
	there := make(map[string]bool, len(d.ConfigVars))
	for _, v := range d.ConfigVars {
		there[v.Name] = v.Value.Reveal() != ""
	}
	for _, v := range m.common.ConfigVars {
		if !there[v.Name] {
			return &gateway.Error{
				Kind: gateway.Unavailable, Message: "The add-on is not complete yet. Please try again later.",
				Cause: fmt.Errorf("%s has no text; Xervo takes that for missing", v.Name),
			}
		}
	}
	return nil
}

// newPlan judges a plan change of r.
func (m *mount) newPlan(r gateway.Resource, request changeRequest) (string, error) {
	id, err := platformID(request.XervoID, request.ModulusID, request.HerokuID)
	if err != nil {
		return "", err
	}
	if err := platform.CheckSameID(r, id); err != nil {
		return "", err
	}
	return m.common.OrderedPlan(request.Plan)
}
