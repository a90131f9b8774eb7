package xervo

import (
	"cmp"
	"encoding/binary"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
)

// client makes requests as the document prints them; what dia calls otherwise
// is in exchange files.
type client struct{ provider conformance.Provider }

// NewID draws an id as the samples show them: the add-on's, and digits.
func (c client) NewID() string {
	return fmt.Sprintf("%s%020d", cmp.Or(c.provider.Name, c.provider.Username), binary.BigEndian.Uint64(conformance.Random(8)))
}

// Provision has no app: Xervo knows the add-on only.
func (c client) Provision(o conformance.Order) conformance.Request {
	id := cmp.Or(o.ID, c.NewID())
	return conformance.NewRequest(http.MethodPost, c.provider.BaseURL, order{
		XervoID: id, Email: "user@example.com",
		Plan: cmp.Or(o.Plan, c.provider.FirstPlan()), Region: cmp.Or(o.Region, c.provider.Region),
		CallbackURL: "https://api.xervo.io/vendor/apps/" + url.PathEscape(id), Options: o.ChosenOptions(),
	})
}

// order is a body in the order of the document's sample.
type order struct {
	XervoID     string            `json:"xervo_id"`
	Email       string            `json:"email"`
	Plan        string            `json:"plan"`
	Region      string            `json:"region"`
	CallbackURL string            `json:"callback_url"`
	Options     map[string]string `json:"options"`
}

// ChangePlan is a PUT.
func (c client) ChangePlan(id string, o conformance.Order) conformance.Request {
	return conformance.NewRequest(http.MethodPut, c.provider.Resource(id), struct {
		XervoID string `json:"xervo_id,omitempty"`
		Plan    string `json:"plan"`
	}{o.ID, cmp.Or(o.Plan, c.provider.FirstPlan())})
}

// Deprovision has no body.
func (c client) Deprovision(id string) conformance.Request {
	return conformance.NewRequest(http.MethodDelete, c.provider.Resource(id), nil)
}

// Suspend is false: Xervo removes what is not paid for.
func (client) Suspend(string) (conformance.Request, bool) { return conformance.Request{}, false }

// Resume is false, as Suspend is.
func (client) Resume(string) (conformance.Request, bool) { return conformance.Request{}, false }

// SignOn is a form. The document prints JSON, but a page on Xervo could not
// have posted that on a customer's behalf. Nothing says who the customer is
// save the email, which the token does not cover.
func (c client) SignOn(id string, who conformance.Person, at time.Time) conformance.SignOn {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	return conformance.SignOn{
		Method: http.MethodPost, URL: c.provider.SSOURL, Encoding: conformance.Form,
		Fields: []conformance.Field{
			{Name: "nav-data", Value: ""}, {Name: "email", Value: cmp.Or(who.Email, "username@example.com")},
			{Name: "timestamp", Value: timestamp}, {Name: "id", Value: id}, {Name: "token", Value: c.provider.Token(id, timestamp)},
		},
	}
}
