package scalingo

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"strings"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/caller"
)

// ownAPI is Scalingo's own API as far as a provider may call it (App Addon API),
// bound to one add-on's credentials. "You need to use HTTP basic auth with the
// user and password defined in your addon manifest": no token is exchanged.
type ownAPI struct {
	caller caller.Caller
	common platform.Common
	idIs   string // idOfResource or idOfPlatform
}

var _ platform.API = (*ownAPI)(nil)

// realAPI is where the API of Scalingo's main region is.
const realAPI = "https://api.osc-fr1.scalingo.com"

// newOwnAPI makes the API of a mount; nil in development, where credentials are
// made up, unless the operator names an API of his own.
func newOwnAPI(c platform.Common, own settings, username string) *ownAPI {
	if c.Development && c.APIURL == "" {
		return nil
	}
	return &ownAPI{caller: caller.New(title, cmp.Or(c.APIURL, realAPI), username, c.Password), common: c, idIs: own.apiID}
}

// The paths below the API's host.
const (
	appsPath   = "/v1/provider/apps"
	addonsPath = "/v1/provider/addons"
)

// Particulars asks for the app and its owner. The answer's "config" is not
// read. An order that named no app leaves nothing to ask for.
func (o *ownAPI) Particulars(ctx context.Context, r gateway.Resource) (gateway.Particulars, error) {
	if r.App == "" {
		return gateway.Particulars{}, nil
	}
	path, err := caller.Below(appsPath, r.App)
	if err != nil {
		return gateway.Particulars{}, err
	}
	var told struct {
		App struct {
			Name       string `json:"name"`
			OwnerEmail string `json:"owner_email"`
		} `json:"app"`
	}
	if err := o.caller.Read(ctx, path, oneApp, &told); err != nil {
		return gateway.Particulars{}, err
	}
	p := gateway.Particulars{Name: told.App.Name, Owner: gateway.Owner{Email: told.App.OwnerEmail}}
	if told.App.OwnerEmail != "" {
		p.Emails = []string{told.App.OwnerEmail}
	}
	return p, nil
}

// Push is the documented call where the app is known; Scalingo restarts the app
// then. It modifies the variables that are named, so all are.
func (o *ownAPI) Push(ctx context.Context, r gateway.Resource, vars []gateway.ConfigVar) error {
	if r.App == "" {
		return o.sendConfig(ctx, r, vars)
	}
	path, err := caller.Below(appsPath, r.App)
	if err != nil {
		return err
	}
	return o.caller.Send(ctx, http.MethodPatch, path, configOf(vars))
}

// Complete ends a 202: the config first, then that the add-on is there. Both
// calls may be made again; where the second is refused then, the add-on may well
// be there already.
func (o *ownAPI) Complete(ctx context.Context, r gateway.Resource, vars []gateway.ConfigVar) error {
	if err := o.sendConfig(ctx, r, vars); err != nil {
		return err
	}
	path, err := caller.Below(addonsPath, o.addonID(r))
	if err != nil {
		return err
	}
	err = o.caller.Send(ctx, http.MethodPost, path+"/actions/provision", nil)
	if gateway.KindOf(err) == gateway.Refused {
		return &gateway.Error{Kind: gateway.Conflict, Message: "Scalingo's API took the config, and refuses that the add-on is there.", Cause: err}
	}
	return err
}

// sendConfig sends the object that the tests of Scalingo's own client send; its
// README has a list.
func (o *ownAPI) sendConfig(ctx context.Context, r gateway.Resource, vars []gateway.ConfigVar) error {
	path, err := caller.Below(addonsPath, o.addonID(r))
	if err != nil {
		return err
	}
	return o.caller.Send(ctx, http.MethodPatch, path+"/config", configOf(vars))
}

func configOf(vars []gateway.ConfigVar) map[string]any {
	return map[string]any{"config": platform.ConfigMap(vars)}
}

// addonID is the id by which the API knows an add-on. Of an order without a uuid
// the platform knows ours only.
func (o *ownAPI) addonID(r gateway.Resource) string {
	if o.idIs == idOfPlatform && !strings.HasPrefix(r.ExternalID, drawn) {
		return r.ExternalID
	}
	return r.ProviderID
}

// mostPages bounds a listing that never ends.
const mostPages = 10_000

// page is what GET /v1/provider/apps answers ("This endpoint supports
// pagination").
type page struct {
	Apps []struct {
		AppID string `json:"app_id"`
		Plan  string `json:"plan"`
	} `json:"apps"`
	Meta struct {
		Pagination struct {
			NextPage int `json:"next_page"`
		} `json:"pagination"`
	} `json:"meta"`
}

// perPage is how many entries are asked for at a time; who gives fewer may.
const perPage = 50

// List reads the listing page by page. An entry names an app and a plan, and no
// id of the resource: addon_provider_id is the add-on's own, the same in every
// entry.
func (o *ownAPI) List(ctx context.Context) ([]gateway.Listed, error) {
	var all []gateway.Listed
	for number := 1; number <= mostPages; {
		var p page
		if err := o.caller.Read(ctx, fmt.Sprintf("%s?page=%d&per_page=%d", appsPath, number, perPage), allApps, &p); err != nil {
			return nil, err
		}
		for _, entry := range p.Apps {
			if entry.AppID == "" {
				return nil, o.caller.Misread("an app without an id")
			}
			plan, _ := o.common.PlanBySlug(entry.Plan)
			all = append(all, gateway.Listed{App: entry.AppID, Plan: plan.ID, PlanName: entry.Plan})
		}
		if p.Meta.Pagination.NextPage <= number { // none, or no progress
			return all, nil
		}
		number = p.Meta.Pagination.NextPage
	}
	return nil, o.caller.Misread("a listing that does not end")
}

// What answers may be at most, in bytes.
const (
	oneApp  = 1 << 20
	allApps = 16 << 20
)
