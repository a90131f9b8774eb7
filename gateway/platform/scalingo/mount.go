package scalingo

import (
	"cmp"
	"net/http"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// title is the platform as customers know it.
const title = "Scalingo"

const resourcesPath = platform.ResourcesPath

// mount is one add-on on Scalingo.
type mount struct {
	common      platform.Common
	own         settings
	username    string
	credentials platform.Credentials
	failures    platform.Failures
	api         *ownAPI // nil: none is called
	now         func() time.Time
}

var _ platform.Mount = (*mount)(nil)

func newMount(c platform.Common, own settings) *mount {
	username := cmp.Or(c.Username, c.ID)
	return &mount{
		common:      c,
		own:         own,
		username:    username,
		credentials: platform.NewCredentials(username, c.Password),
		failures:    failures(c.ID),
		api:         newOwnAPI(c, own, username),
		now:         time.Now,
	}
}

// Scope says that an id whose resource is gone stays gone: Scalingo makes a new
// uuid for every order. An order can only be promised where there is an API to
// keep the promise on; where a log drain goes only the answer to an order tells.
func (m *mount) Scope() gateway.Scope {
	accepts := m.common.Mode != "sync" && m.api != nil && !m.common.LogDrain
	return gateway.Scope{
		Platform: "scalingo", Addon: m.common.Addon, Budget: cmp.Or(m.common.Deadline, defaultDeadline), DeadID: gateway.DeadIDGone,
		Accepts: accepts, AtOnce: accepts && m.common.Mode == "async", ListsApps: true,
	}
}

// Routes returns the endpoints below the manifest's base_url, and the one of
// its sso_url. A plan change is PUT in the documents and PATCH in the
// platform's newer clients. The documents know no suspension; the boilerplate
// and the newer clients do.
func (m *mount) Routes(lifecycle platform.Lifecycle, landing platform.Landing) []platform.Route {
	a := api{mount: m, lifecycle: lifecycle}
	route := func(method, path string, h platform.Handler) platform.Route {
		return platform.Route{Method: method, Path: path, Handle: m.failures.Authenticated(m.credentials, h)}
	}
	return []platform.Route{
		route(http.MethodPost, resourcesPath, a.provision),
		route(http.MethodPut, resourcesPath+"/:id", a.changePlan),
		route(http.MethodPatch, resourcesPath+"/:id", a.changePlan),
		route(http.MethodDelete, resourcesPath+"/:id", a.deprovision),
		route(http.MethodPost, resourcesPath+"/:id/suspend", a.suspend),
		route(http.MethodPost, resourcesPath+"/:id/resume", a.resume),
		{Method: http.MethodGet, Path: m.common.SSOPath, Handle: m.signOnFailures(landing).Handle(a.signOn(landing))},
	}
}

// Profile names the dashboard, which opens add-ons in a tab of their own.
func (m *mount) Profile() platform.Profile {
	return platform.Profile{Name: title, Dashboard: dashboard, FrameAncestors: m.common.FrameAncestors, Pushes: true}
}

// dashboard is Scalingo's web interface.
const dashboard = "https://dashboard.scalingo.com"

// API is the app add-on API.
func (m *mount) API() platform.API {
	if m.api == nil {
		return nil
	}
	return m.api
}

// NotFound answers an address that Scalingo never calls.
func (m *mount) NotFound() http.Handler { return m.failures.NotFound() }

// MethodNotAllowed answers a method that an address does not take.
func (m *mount) MethodNotAllowed() http.Handler { return m.failures.MethodNotAllowed() }
