package clevercloud

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// title is the platform as customers know it.
const title = "Clever Cloud"

const resourcesPath = platform.ResourcesPath

// mount is one add-on on Clever Cloud.
type mount struct {
	common      platform.Common
	own         settings
	credentials platform.Credentials
	failures    platform.Failures
	regions     map[string]string // the platform's name in lower case → ours
	infos       *infos            // nil: none is called
	now         func() time.Time
}

var _ platform.Mount = (*mount)(nil)

func newMount(c platform.Common, own settings) *mount {
	lower := map[string]string{}
	for name, id := range c.RegionMap() {
		lower[strings.ToLower(name)] = id
	}
	return &mount{
		common:      c,
		own:         own,
		credentials: platform.NewCredentials(c.ID, c.Password),
		failures:    failures(c.ID),
		regions:     lower,
		infos:       newInfos(c),
		now:         time.Now,
	}
}

// Scope says that an id whose resource is gone stays gone: Clever Cloud makes
// a new addon_id for every order.
func (m *mount) Scope() gateway.Scope {
	return gateway.Scope{Platform: "clevercloud", Addon: m.common.Addon, Budget: cmp.Or(m.common.Deadline, defaultDeadline), DeadID: gateway.DeadIDGone}
}

// Routes returns the endpoints below the manifest's base_url, and the one of
// its sso_url. No generation ever reads a resource, so there is no GET.
func (m *mount) Routes(lifecycle platform.Lifecycle, landing platform.Landing) []platform.Route {
	a := api{mount: m, lifecycle: lifecycle}
	route := func(method, path string, h platform.Handler) platform.Route {
		return platform.Route{Method: method, Path: path, Handle: m.failures.Authenticated(m.credentials, h)}
	}
	migrate := a.refuseMigration
	if m.own.migrationsAsPUT {
		migrate = a.changePlan
	}
	return []platform.Route{
		route(http.MethodPost, resourcesPath, a.provision),
		route(http.MethodPut, resourcesPath+"/:id", a.changePlan),
		route(http.MethodDelete, resourcesPath+"/:id", a.deprovision),
		route(http.MethodPost, resourcesPath+"/:id/migrations", migrate),
		{Method: http.MethodPost, Path: m.common.SSOPath, Handle: m.signOnFailures(landing).Handle(a.signOn(landing))},
	}
}

// Profile names the console, inside of which Clever Cloud shows dashboards of
// add-ons unless the provider is registered with openInNewTab.
func (m *mount) Profile() platform.Profile {
	p := platform.Profile{Name: title, Dashboard: console, FrameAncestors: []string{console}, Pushes: true}
	switch {
	case m.common.FrameAncestors != nil:
		p.FrameAncestors = m.common.FrameAncestors
	case m.own.openInNewTab:
		p.FrameAncestors = nil
	}
	return p
}

// console is Clever Cloud's web interface.
const console = "https://console.clever-cloud.com"

// API is the infos API.
func (m *mount) API() platform.API {
	if m.infos == nil {
		return nil
	}
	return m.infos
}

// NotFound answers an address that Clever Cloud never calls.
func (m *mount) NotFound() http.Handler { return m.failures.NotFound() }

// MethodNotAllowed answers a method that an address does not take.
func (m *mount) MethodNotAllowed() http.Handler { return m.failures.MethodNotAllowed() }
