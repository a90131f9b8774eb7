package scalingo

import (
	"cmp"
	"fmt"
	"maps"
	"net/http"
	"strconv"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
)

// client makes requests as Scalingo's tester does, save that orders have the
// uuid of the boilerplate and that removals have no body; what else clients of
// Scalingo send is in exchange files.
type client struct{ provider conformance.Provider }

// NewID draws an id as Scalingo's own add-ons have them.
func (client) NewID() string {
	random := conformance.Random(16)
	return fmt.Sprintf("ad-%x-%x-%x-%x-%x", random[:4], random[4:6], random[6:8], random[8:10], random[10:])
}

// usualApp is the app of orders that name none.
const usualApp = "5343eccd646aa30e3e000003"

// order is a body: the document's fields in its order, and the uuid.
type order struct {
	Plan    string            `json:"plan"`
	AppID   string            `json:"app_id"`
	Options map[string]string `json:"options"` // null where there are none
	UUID    string            `json:"uuid"`
}

// Provision has no region: Scalingo sends none.
func (c client) Provision(o conformance.Order) conformance.Request {
	plan := cmp.Or(o.Plan, c.provider.FirstPlan())
	return c.write(http.MethodPost, c.provider.BaseURL, order{
		Plan: plan, AppID: cmp.Or(o.App, usualApp), Options: c.options(plan, o.Options), UUID: cmp.Or(o.ID, c.NewID()),
	})
}

// options are those that the manifest gives the plan, and the customer's.
func (c client) options(plan string, chosen map[string]string) map[string]string {
	options := maps.Clone(c.provider.PlanOptions[plan])
	if options == nil {
		return chosen
	}
	maps.Copy(options, chosen)
	return options
}

// ChangePlan is a PUT, as in the documents.
func (c client) ChangePlan(id string, o conformance.Order) conformance.Request {
	plan := cmp.Or(o.Plan, c.provider.FirstPlan())
	return c.write(http.MethodPut, c.provider.Resource(id), struct {
		Plan    string            `json:"plan"`
		Options map[string]string `json:"options"`
	}{plan, c.options(plan, o.Options)})
}

func (c client) write(method, address string, body any) conformance.Request {
	r := conformance.NewRequest(method, address, body)
	r.Header.Set("Accept", "application/json")
	return r
}

// Deprovision has no body.
func (c client) Deprovision(id string) conformance.Request {
	return conformance.NewRequest(http.MethodDelete, c.provider.Resource(id), nil)
}

// Suspend is what Scalingo sends when a payment fails. The boilerplate says
// that it has no body.
func (c client) Suspend(id string) (conformance.Request, bool) {
	return conformance.NewRequest(http.MethodPost, c.provider.Resource(id)+"/suspend", nil), true
}

// Resume is what Scalingo sends when it is paid.
func (c client) Resume(id string) (conformance.Request, bool) {
	return conformance.NewRequest(http.MethodPost, c.provider.Resource(id)+"/resume", nil), true
}

// SignOn is a link. It is for a resource: nothing in it says who the customer
// is.
func (c client) SignOn(id string, _ conformance.Person, at time.Time) conformance.SignOn {
	timestamp := strconv.FormatInt(at.Unix(), 10)
	return conformance.SignOn{
		Method: http.MethodGet, URL: c.provider.SSOURL, Encoding: conformance.Query,
		Fields: []conformance.Field{
			{Name: "id", Value: id}, {Name: "timestamp", Value: timestamp}, {Name: "token", Value: c.provider.Token(id, timestamp)},
		},
	}
}
