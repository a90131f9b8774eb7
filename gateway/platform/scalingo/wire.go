package scalingo

import (
	"bytes"
	"crypto/rand"
	"encoding/base32"
	"encoding/json"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// provisionRequest is the body of POST {base_url} (Addon provisioning). The
// uuid, the platform's own id of the add-on, is in no document and in the
// boilerplate and the newer clients; app_id is missing from the boilerplate.
type provisionRequest struct {
	UUID    string                     `json:"uuid"`
	AppID   string                     `json:"app_id"`
	Plan    string                     `json:"plan"`
	Options map[string]json.RawMessage `json:"options"`
}

// changeRequest is the body of PUT and PATCH {base_url}/{id} (Plan
// modification).
type changeRequest struct {
	Plan    string                     `json:"plan"`
	Options map[string]json.RawMessage `json:"options"`
}

// changeAnswer carries the config and a sentence for the customer. Config is
// always complete; every value is text.
type changeAnswer struct {
	Message string            `json:"message,omitempty"`
	Config  map[string]string `json:"config"`
}

// provisionAnswer is a changeAnswer with our id, and with where the logs go.
type provisionAnswer struct {
	ID string `json:"id"`
	changeAnswer
	LogDrainURL string `json:"log_drain_url,omitempty"`
}

// acceptedAnswer is a provisionAnswer of a resource that is not there yet.
type acceptedAnswer struct {
	ID      string `json:"id"`
	Message string `json:"message"`
}

// messageAnswer is a sentence for the customer.
type messageAnswer struct {
	Message string `json:"message"`
}

func newChangeAnswer(d gateway.Delivery) changeAnswer {
	return changeAnswer{Config: platform.ConfigMap(d.ConfigVars), Message: d.Message}
}

// order judges a request and turns it into our words. No request names a
// region.
func (m *mount) order(r provisionRequest) (gateway.Order, error) {
	id, err := externalID(r)
	if err != nil {
		return gateway.Order{}, err
	}
	plan, err := m.common.OrderedPlan(r.Plan)
	if err != nil {
		return gateway.Order{}, missingPlan(r.Plan, err)
	}
	options, err := m.options(r.Options)
	if err != nil {
		return gateway.Order{}, err
	}
	return gateway.Order{ExternalID: id, Plan: plan, Region: m.common.DefaultRegion, App: r.AppID, Options: options}, nil
}

// drawn begins the external id of an order that came without one.
const drawn = "drawn-"

// externalID is the platform's id of the add-on. One app may have several of
// one add-on, so app_id can't stand for it: without a uuid every order is a new
// one.
func externalID(r provisionRequest) (string, error) {
	if err := platform.CheckAppID(r.AppID); err != nil {
		return "", err
	}
	if r.UUID != "" {
		return r.UUID, platform.CheckExternalID(r.UUID)
	}
	if r.AppID == "" {
		return "", gateway.Errorf(gateway.Refused, `"app_id" is missing.`)
	}
	var random [20]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the process instead
	return drawn + strings.ToLower(base32.StdEncoding.EncodeToString(random[:])), nil
}

// missingPlan makes an absent plan what the boilerplate makes of it: 422.
func missingPlan(slug string, err error) error {
	if slug == "" {
		return gateway.Errorf(gateway.Refused, "%s", gateway.Message(err))
	}
	return err
}

// newPlan judges a plan change of r.
func (m *mount) newPlan(r gateway.Resource, request changeRequest) (string, error) {
	plan, err := m.common.OrderedPlan(request.Plan)
	if err != nil {
		return "", missingPlan(request.Plan, err)
	}
	options, err := m.options(request.Options)
	if err != nil {
		return "", err
	}
	for name, value := range options {
		if has, ok := r.Options[name]; !ok || has != value {
			return "", gateway.Errorf(gateway.Refused, "Options cannot be changed together with the plan.")
		}
	}
	return plan, nil
}

// options are those that an option block declares. Scalingo copies a plan's own
// into every request, from the manifest that it was given last: what nobody
// declares comes from there, perhaps from one that the files have left behind,
// and is no choice of the customer's that could be missed.
func (m *mount) options(sent map[string]json.RawMessage) (map[string]string, error) {
	chosen := make(map[string]string, len(sent))
	for name, raw := range sent {
		text, present, err := optionText(raw)
		if err != nil {
			return nil, err
		}
		if present && slices.Contains(m.common.OptionNames, name) {
			chosen[name] = text
		}
	}
	return chosen, nil
}

// optionText turns a scalar into text: manifests hold text only, and newer
// clients send numbers. null is as good as absent.
func optionText(raw json.RawMessage) (text string, present bool, err error) {
	raw = bytes.TrimSpace(raw)
	switch {
	case len(raw) == 0 || string(raw) == "null":
		return "", false, nil
	case raw[0] == '{' || raw[0] == '[':
		return "", false, gateway.Errorf(gateway.Invalid, `"options" must hold text, numbers, true or false only.`)
	case raw[0] == '"':
		err := json.Unmarshal(raw, &text)
		return text, err == nil, err
	default: // a number, or true or false, as it was sent
		return string(raw), true, nil
	}
}
