package xervo

import (
	"cmp"
	"net/http"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/sso"
)

const resourcesPath = platform.ResourcesPath

// mount is one add-on on Xervo.
type mount struct {
	common      platform.Common
	own         settings
	credentials platform.Credentials
	failures    platform.Failures
	regions     map[string]string // the platform's name → ours
	window      sso.Window
	now         func() time.Time
}

var _ platform.Mount = (*mount)(nil)

func newMount(c platform.Common, own settings) *mount {
	return &mount{
		common:      c,
		own:         own,
		credentials: platform.NewCredentials(c.ID, c.Password),
		failures:    failures(c.ID),
		regions:     c.RegionMap(),
		window:      sso.Window{MaxAge: c.SignOnAge(signOnMaxAge), Skew: c.SSOSkew},
		now:         time.Now,
	}
}

// Scope says that an id whose resource is gone makes a new one: dia orders with
// the same id in every run.
func (m *mount) Scope() gateway.Scope {
	return gateway.Scope{
		Platform: label, Addon: m.common.Addon, Budget: cmp.Or(m.common.Deadline, defaultDeadline), DeadID: gateway.DeadIDReuse,
	}
}

// Routes returns the endpoints below the manifest's base_url, and the one of
// its sso_url. Nothing is ever read, so there is no GET.
func (m *mount) Routes(lifecycle platform.Lifecycle, landing platform.Landing) []platform.Route {
	a := api{mount: m, lifecycle: lifecycle}
	route := func(method, path string, h platform.Handler) platform.Route {
		return platform.Route{Method: method, Path: path, Handle: m.failures.Authenticated(m.credentials, h)}
	}
	return []platform.Route{
		route(http.MethodPost, resourcesPath, a.provision),
		route(http.MethodPut, resourcesPath+"/:id", a.changePlan),
		route(http.MethodDelete, resourcesPath+"/:id", a.deprovision),
		{Method: http.MethodPost, Path: m.common.SSOPath, Handle: m.signOnFailures(landing).Handle(a.signOn(landing))},
	}
}

// Profile names no frame: Xervo's dashboard sends customers away from it. dia
// takes a config var without text for one that is missing.
func (m *mount) Profile() platform.Profile {
	return platform.Profile{Name: title, Dashboard: "https://xervo.io", FrameAncestors: m.common.FrameAncestors, EveryConfigVar: true}
}

// API is nil: of the platform's own API nothing is known but the address that
// an order names, and that is kept and never called.
func (m *mount) API() platform.API { return nil }

// NotFound answers an address that Xervo never calls.
func (m *mount) NotFound() http.Handler { return m.failures.NotFound() }

// MethodNotAllowed answers a method that an address does not take.
func (m *mount) MethodNotAllowed() http.Handler { return m.failures.MethodNotAllowed() }
