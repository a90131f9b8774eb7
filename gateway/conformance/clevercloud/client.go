package clevercloud

import (
	"cmp"
	"crypto/sha512"
	"encoding/hex"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
)

// client makes requests of the current generation (Marketplace APIs & Tools).
type client struct{ provider conformance.Provider }

// NewID draws an id as the samples show them.
func (client) NewID() string { return "addon_" + hex.EncodeToString(conformance.Random(8)) }

// Provision names the region in capitals, as Clever Cloud does.
func (c client) Provision(o conformance.Order) conformance.Request {
	id := cmp.Or(o.ID, c.NewID())
	return conformance.NewRequest(http.MethodPost, c.provider.BaseURL, order{
		AddonID: id, OwnerID: "orga_3d5c0f0e", OwnerName: "My Company", UserID: "user_81a2c7d4",
		Plan: cmp.Or(o.Plan, c.provider.FirstPlan()), Region: cmp.Or(o.Region, c.provider.Region),
		CallbackURL: "https://api.clever-cloud.com/v2/vendor/apps/" + url.PathEscape(id), Options: o.ChosenOptions(),
	})
}

// order is a body in the order of the document's sample.
type order struct {
	AddonID     string            `json:"addon_id"`
	OwnerID     string            `json:"owner_id"`
	OwnerName   string            `json:"owner_name"`
	UserID      string            `json:"user_id"`
	Plan        string            `json:"plan"`
	Region      string            `json:"region"`
	CallbackURL string            `json:"callback_url"`
	Options     map[string]string `json:"options"`
}

// ChangePlan is a PUT in both generations.
func (c client) ChangePlan(id string, o conformance.Order) conformance.Request {
	return conformance.NewRequest(http.MethodPut, c.provider.Resource(id), struct {
		AddonID string `json:"addon_id,omitempty"`
		Plan    string `json:"plan"`
	}{o.ID, cmp.Or(o.Plan, c.provider.FirstPlan())})
}

// Deprovision has no body.
func (c client) Deprovision(id string) conformance.Request {
	return conformance.NewRequest(http.MethodDelete, c.provider.Resource(id), nil)
}

// Suspend is false: Clever Cloud removes what is not paid for.
func (client) Suspend(string) (conformance.Request, bool) { return conformance.Request{}, false }

// Resume is false, as Suspend is.
func (client) Resume(string) (conformance.Request, bool) { return conformance.Request{}, false }

// SignOn is the form that the console posts, with the signature of 2025.
func (c client) SignOn(id string, who conformance.Person, at time.Time) conformance.SignOn {
	user, email, timestamp := cmp.Or(who.ID, "user_81a2c7d4"), cmp.Or(who.Email, "ann@example.com"), strconv.FormatInt(at.UnixMilli(), 10)
	sum := sha512.Sum512([]byte(strings.Join([]string{id, user, email, "", c.provider.Salt.Reveal(), timestamp}, ":")))
	return conformance.SignOn{
		Method: http.MethodPost, URL: c.provider.SSOURL, Encoding: conformance.Form,
		Fields: []conformance.Field{
			{Name: "id", Value: id}, {Name: "timestamp", Value: timestamp}, {Name: "nav-data", Value: ""},
			{Name: "email", Value: email}, {Name: "user_id", Value: user}, {Name: "signature", Value: hex.EncodeToString(sum[:])},
		},
	}
}
