package xervo

import (
	"cmp"
	"strings"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// provisionRequest is the body of POST {base_url} (Provision). The platform's
// id is modulus_id in dia, which is older than the platform's present name.
type provisionRequest struct {
	XervoID     string             `json:"xervo_id"`
	ModulusID   string             `json:"modulus_id"`
	HerokuID    string             `json:"heroku_id"`
	Email       string             `json:"email"`
	Plan        string             `json:"plan"`
	Region      string             `json:"region"`
	CallbackURL string             `json:"callback_url"`
	Options     map[string]*string `json:"options"` // a null value is a pointer to nothing
}

// changeRequest is the body of PUT {base_url}/{id} (Plan change).
type changeRequest struct {
	XervoID   string `json:"xervo_id"`
	ModulusID string `json:"modulus_id"`
	HerokuID  string `json:"heroku_id"`
	Plan      string `json:"plan"`
}

// changeAnswer carries the config, complete, and a sentence, which dia fails an
// answer without.
type changeAnswer struct {
	Config  map[string]string `json:"config"`
	Message string            `json:"message"`
}

// provisionAnswer is a changeAnswer with our id, which is text in the
// document's sample.
type provisionAnswer struct {
	ID string `json:"id"`
	changeAnswer
}

// What customers read where the operator's own message is empty.
const (
	messageReady   = "The add-on is ready."
	messageRemoved = "The add-on is removed."
)

func newChangeAnswer(d gateway.Delivery) changeAnswer {
	return changeAnswer{Config: platform.ConfigMap(d.ConfigVars), Message: sentence(d.Message, messageReady)}
}

func sentence(message, instead string) string {
	if strings.TrimSpace(message) == "" {
		return instead
	}
	return message
}

// order judges a request and turns it into our words. The callback URL is kept
// and never called: what is there, nobody documents.
func (m *mount) order(r provisionRequest) (gateway.Order, error) {
	id, err := platformID(r.XervoID, r.ModulusID, r.HerokuID)
	if err != nil {
		return gateway.Order{}, err
	}
	if id == "" {
		return gateway.Order{}, gateway.Errorf(gateway.Invalid, `"xervo_id" is missing.`)
	}
	plan, err := m.common.OrderedPlan(r.Plan)
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
		Region:      m.region(r.Region),
		Options:     options,
		Owner:       gateway.Owner{Email: r.Email},
		CallbackURL: r.CallbackURL,
	}, nil
}

func platformID(xervo, modulus, heroku string) (string, error) {
	return platform.ExternalID(
		platform.NamedID{Field: "xervo_id", ID: xervo},
		platform.NamedID{Field: "modulus_id", ID: modulus},
		platform.NamedID{Field: "heroku_id", ID: heroku},
	)
}

// region finds our region. The document's orders name a cloud too
// ("amazon-web-services::us-east-1"), dia's do not. Manifests list no regions,
// so one that we do not know is no mistake of the customer's: the default
// region serves it.
func (m *mount) region(name string) string {
	place := name
	if at := strings.LastIndex(name, "::"); at >= 0 {
		place = name[at+len("::"):]
	}
	return cmp.Or(m.regions[name], m.regions[place], m.common.DefaultRegion)
}
