package platform

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
)

// longestID bounds a platform's own ids; the ones in the documents have about
// 40 characters.
const longestID = 255

// CheckExternalID refuses a platform's id that is too long or no plain text. An
// empty one is fine: whether one is needed is the dialect's to say.
func CheckExternalID(id string) error { return checkID("add-on", id) }

// CheckAppID is CheckExternalID for the platform's id of a customer's
// application.
func CheckAppID(id string) error { return checkID("app", id) }

func checkID(of, id string) error {
	switch {
	case utf8.RuneCountInString(id) > longestID:
		return gateway.Errorf(gateway.Invalid, "The %s id is longer than %d characters.", of, longestID)
	case strings.ContainsFunc(id, unicode.IsControl):
		return gateway.Errorf(gateway.Invalid, "The %s id holds a control character.", of)
	}
	return nil
}

// NamedID is the platform's id as one field of a request has it.
type NamedID struct{ Field, ID string }

// ExternalID returns the platform's id under whichever name it came, for
// platforms that changed theirs; "" when there is none. Two different ones are
// refused: taking either could answer with somebody else's resource.
func ExternalID(fields ...NamedID) (string, error) {
	var first NamedID
	for _, f := range fields {
		switch {
		case f.ID == "" || f.ID == first.ID:
		case first.ID == "":
			first = f
		default:
			return "", gateway.Errorf(gateway.Invalid, "%q and %q differ.", first.Field, f.Field)
		}
	}
	return first.ID, CheckExternalID(first.ID)
}

// CheckSameID refuses a request about r that names another of the platform's ids.
// One that names none is fine.
func CheckSameID(r gateway.Resource, id string) error {
	if id != "" && id != r.ExternalID {
		return gateway.Errorf(gateway.Invalid, "The add-on id in the body is not the one of this resource.")
	}
	return nil
}

// OptionTexts are an order's options. null among the values is refused: they
// are text, and other types were refused when the body was decoded.
func OptionTexts(options map[string]*string) (map[string]string, error) {
	texts := make(map[string]string, len(options))
	for name, value := range options {
		if value == nil {
			return nil, gateway.Errorf(gateway.Invalid, `"options" must hold text only, not null.`)
		}
		texts[name] = *value
	}
	return texts, nil
}

// OrderedPlan finds our plan by the name that an order has for it.
func (c Common) OrderedPlan(slug string) (string, error) {
	if slug == "" {
		return "", gateway.Errorf(gateway.Invalid, `"plan" is missing.`)
	}
	plan, ok := c.PlanBySlug(slug)
	if !ok {
		return "", gateway.Errorf(gateway.Refused, "This plan is not offered.")
	}
	return plan.ID, nil
}

// ConfigMap is config vars as platforms send and take them: complete, every
// value text, never nil.
func ConfigMap(vars []gateway.ConfigVar) map[string]string {
	config := make(map[string]string, len(vars))
	for _, v := range vars {
		config[v.Name] = v.Value.Reveal()
	}
	return config
}

// LogToken keeps the token that a platform sends for its log collector; nil
// where it sends none.
func LogToken(text string) gateway.Secret {
	if text == "" {
		return nil
	}
	return secret.New(text)
}
