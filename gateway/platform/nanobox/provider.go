package nanobox

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

const (
	// budget is how long a request may wait for a backend. The document wants no
	// request held open; only keys are waited for.
	budget = 25 * time.Second
	// verifyLimit is below the 5 seconds after which clients give up.
	verifyLimit = 4 * time.Second
	// settling is how long a vendor may not know a server that it has just sold:
	// one of the published adapters found 6 minutes needed.
	settling = 6 * time.Minute
)

// provider is one provider of servers. It outlives no change of the files.
type provider struct {
	common   platform.ProviderCommon
	own      settings
	failures platform.Failures
	meta     meta
	metaBody []byte
	shelf    *shelf
	sessions *sessions
	grace    *grace
	now      func() time.Time
}

var _ platform.Provider = (*provider)(nil)

func newProvider(c platform.ProviderCommon, own settings) (*provider, error) {
	p := &provider{common: c, own: own, failures: failures(), meta: newMeta(c, own), now: time.Now}
	body, err := platform.Body(p.meta)
	if err != nil {
		return nil, fmt.Errorf("encode /meta: %w", err)
	}
	p.metaBody = body
	clock := func() time.Time { return p.now() }
	p.sessions, p.grace = newSessions(clock), newGrace(clock)
	p.shelf, err = newShelf(own, clock)
	return p, err
}

// Scope names the provider.
func (p *provider) Scope() gateway.Scope {
	return gateway.Scope{Platform: label, Addon: p.common.ID, Budget: budget, DeadID: gateway.DeadIDReuse}
}

// document is the manifest: what an operator registers, and what the platform
// will read there.
type document struct {
	Endpoint string         `json:"endpoint"`
	Meta     meta           `json:"meta"`
	Catalog  []regionAnswer `json:"catalog"` // null: it comes from the backend
}

// Manifest is the address to register, with /meta and /catalog.
func (p *provider) Manifest() ([]byte, error) {
	d := document{Endpoint: p.common.BaseURL, Meta: p.meta}
	if !p.own.source.backend {
		d.Catalog = p.own.catalog.answer()
	}
	return platform.WriteManifest(d)
}

// Routes returns the endpoints of both documents. Those that /meta switches off
// answer too.
func (p *provider) Routes(servers platform.Servers) []platform.Route {
	a := api{provider: p, servers: servers}
	open := func(method, path string, h platform.Handler) platform.Route {
		return platform.Route{Method: method, Path: path, Handle: p.failures.Handle(h)}
	}
	called := func(method, path string, how access, h sessionHandler) platform.Route {
		return open(method, path, a.authenticated(how, h))
	}
	keys, servers1 := a.keyRoutes(), a.serverRoutes()
	return []platform.Route{
		open(http.MethodGet, "/", a.welcome),
		open(http.MethodGet, "/meta", a.meta),
		open(http.MethodGet, "/catalog", a.catalog),
		called(http.MethodPost, "/verify", verifying, a.verified),
		called(http.MethodPost, "/keys", ordering, keys.create),
		called(http.MethodGet, "/keys/:id", asking, keys.show),
		called(http.MethodDelete, "/keys/:id", asking, keys.remove),
		called(http.MethodPost, "/servers", ordering, servers1.order),
		called(http.MethodGet, "/servers/:id", asking, servers1.show),
		called(http.MethodDelete, "/servers/:id", cancelling, servers1.cancel),
		called(http.MethodPatch, "/servers/:id/reboot", asking, a.rebootOrRename(servers1)),
		called(http.MethodPatch, "/servers/:id/rename", asking, a.rename(servers1)),
		called(http.MethodPatch, "/servers/:id/keys", asking, a.installKey(servers1)),
	}
}

// NotFound answers an address that is no route.
func (p *provider) NotFound() http.Handler { return p.failures.NotFound() }

// MethodNotAllowed answers a method that an address does not take.
func (p *provider) MethodNotAllowed() http.Handler { return p.failures.MethodNotAllowed() }

// Begin loads the catalog, where it comes from the backend.
func (p *provider) Begin(ctx context.Context, s platform.Servers) {
	if !p.verifies() {
		if _, err := s.Kept(ctx, keptAccounts); err == nil {
			s.Log().Warn("customers were told apart by the accounts that the action verify told, and there is none now: they do not find what they have", "event", "provider.accounts_lost")
		}
	}
	p.shelf.begin(ctx, s)
}

// Region reports whether a region is known, a retired one too.
func (p *provider) Region(id string) bool {
	_, ok := p.own.catalog.region(id)
	return ok || p.own.source.backend
}

// Size reports whether a spec is known in a region, a retired one too.
func (p *provider) Size(region, id string) bool {
	if p.own.source.backend {
		return true
	}
	r, _ := p.own.catalog.region(region)
	_, _, ok := r.size(id)
	return ok
}

// Identity names the credentials that make a caller's identity, in their order,
// with what changes a value on its way there.
func (p *provider) Identity() string {
	var parts []string
	for _, f := range p.identifying() {
		part := strings.ToLower(strings.TrimPrefix(f.header, "AUTH-"))
		if f.decode != "" {
			part += " as " + f.decode
		}
		if f.fallback != "" {
			part += fmt.Sprintf(" or %q", f.fallback)
		}
		parts = append(parts, part)
	}
	return strings.Join(parts, ", ")
}

// Summary counts regions and sizes of the files.
func (p *provider) Summary() (regions, sizes int) { return p.own.catalog.summary() }

// passwordMode tells whether servers are reached with a password.
func (p *provider) passwordMode() bool { return p.own.ssh.authMethod == authPassword }

// objectMode tells whether orders carry the text of a key.
func (p *provider) objectMode() bool {
	return !p.passwordMode() && p.own.ssh.keyMethod == methodObject
}

// vendorKeys tells whether the backend keeps keys. Where it does not, the
// gateway does.
func (p *provider) vendorKeys() bool { return p.common.Can(gateway.ActionCreateKey) }

// oneAddress tells whether servers have one address, which is both.
func (p *provider) oneAddress() bool {
	return p.own.ssh.internalIface != "" && p.own.ssh.externalIface == "" && !slices.Contains(p.own.server.ready, externalIP)
}
