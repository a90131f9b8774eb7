package clevercloud

import (
	"strings"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// provisionRequest is the body of POST {base_url} in both generations (Add-on
// API, Provisioning). The current document has no logplex_token any more.
type provisionRequest struct {
	AddonID      string             `json:"addon_id"`
	HerokuID     string             `json:"heroku_id"`
	OwnerID      string             `json:"owner_id"`
	OwnerName    string             `json:"owner_name"`
	UserID       string             `json:"user_id"`
	Plan         string             `json:"plan"`
	Region       string             `json:"region"`
	CallbackURL  string             `json:"callback_url"`
	LogplexToken string             `json:"logplex_token"`
	Options      map[string]*string `json:"options"` // a null value is a pointer to nothing
}

// changeRequest is the body of PUT {base_url}/{id} (Add-on API, Plan change).
type changeRequest struct {
	AddonID  string `json:"addon_id"`
	HerokuID string `json:"heroku_id"`
	Plan     string `json:"plan"`
}

// changeAnswer carries the config and a sentence for the dashboard. Config is
// always complete; every value is text.
type changeAnswer struct {
	Config  map[string]string `json:"config"`
	Message string            `json:"message,omitempty"`
}

// provisionAnswer is a changeAnswer with our id, which "MUST be a String"
// (Add-on API, Provisioning).
type provisionAnswer struct {
	ID string `json:"id"`
	changeAnswer
}

func newChangeAnswer(d gateway.Delivery) changeAnswer {
	return changeAnswer{Config: platform.ConfigMap(d.ConfigVars), Message: d.Message}
}

// order judges a request and turns it into our words. The callback URL is kept
// and never called here: it does not answer before our reply (Add-on infos
// API).
func (m *mount) order(r provisionRequest) (gateway.Order, error) {
	id, err := platformID(r.AddonID, r.HerokuID)
	if err != nil {
		return gateway.Order{}, err
	}
	if id == "" {
		return gateway.Order{}, gateway.Errorf(gateway.Invalid, `"addon_id" is missing.`)
	}
	plan, err := m.common.OrderedPlan(r.Plan)
	if err != nil {
		return gateway.Order{}, err
	}
	region, err := m.region(r.Region)
	if err != nil {
		return gateway.Order{}, err
	}
	options, err := platform.OptionTexts(r.Options)
	if err != nil {
		return gateway.Order{}, err
	}
	return gateway.Order{
		ExternalID:  id,
		Plan:        plan,
		Region:      region,
		Options:     options,
		Owner:       gateway.Owner{ID: r.OwnerID, Name: r.OwnerName},
		UserID:      r.UserID,
		CallbackURL: r.CallbackURL,
		LogToken:    platform.LogToken(r.LogplexToken),
	}, nil
}

// platformID is the same id in both generations.
func platformID(addonID, herokuID string) (string, error) {
	return platform.ExternalID(platform.NamedID{Field: "addon_id", ID: addonID}, platform.NamedID{Field: "heroku_id", ID: herokuID})
}

// region finds our region: requests say "EU" where manifest and infos API say
// "eu".
func (m *mount) region(name string) (string, error) {
	id, ok := m.regions[strings.ToLower(name)]
	if !ok {
		return "", gateway.Errorf(gateway.Refused, "This region is not offered.")
	}
	return id, nil
}
