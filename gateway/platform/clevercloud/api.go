package clevercloud

import (
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

// provision answers 200: the documents print no status, and every sample of
// the vendor answers 200. There is no asynchronous form.
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
	answer := provisionAnswer{ID: delivery.Resource.ProviderID, changeAnswer: newChangeAnswer(delivery)}
	return platform.Deliver(w, r, a.lifecycle, http.StatusOK, answer, delivery)
}

// changePlan is served in both generations: the section is gone from the
// current document, but the vendor's own SDK still routes PUT.
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

// deprovision never looks at a body: DELETE has none (Add-on API,
// De-provisioning). A repeat is 200 too, because the platform may not have
// read our first answer.
func (a api) deprovision(w http.ResponseWriter, r *http.Request, params httprouter.Params) error {
	delivery, err := platform.Deprovision(r.Context(), a.lifecycle, params.ByName("id"))
	if err != nil {
		return err
	}
	return platform.Encode(w, http.StatusOK, failure{Message: delivery.Message})
}

// refuseMigration answers a call that one live provider saw and no document
// describes. Its field names go to the log, so that the day it comes we learn
// what it looks like; its values never do.
func (a api) refuseMigration(w http.ResponseWriter, r *http.Request, _ httprouter.Params) error {
	if names, err := platform.Names(w, r); err == nil {
		platform.Note(r.Context(), slog.Any("fields", shorten(names)))
	}
	return platform.Encode(w, http.StatusNotImplemented, failure{Message: "This add-on cannot be migrated."})
}

// shorten keeps a list of names fit for a log line.
func shorten(names []string) []string {
	const most, longest = 32, 64
	kept := make([]string, 0, min(len(names), most))
	for _, name := range names[:min(len(names), most)] {
		kept = append(kept, name[:min(len(name), longest)])
	}
	return kept
}

// newPlan judges a plan change of r.
func (m *mount) newPlan(r gateway.Resource, request changeRequest) (string, error) {
	id, err := platformID(request.AddonID, request.HerokuID)
	if err != nil {
		return "", err
	}
	if err := platform.CheckSameID(r, id); err != nil {
		return "", err
	}
	// One legacy line calls the field a name, but Provisioning insists on the slug.
	return m.common.OrderedPlan(request.Plan)
}
