package config

import (
	"encoding/json"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/plugins/backend"
)

// rented reports whether resources of a kind belong to a provider block rather
// than to an add-on.
func rented(kind gateway.ResourceKind) bool {
	return kind == gateway.KindServer || kind == gateway.KindSSHKey
}

// lent finds a provider on a platform.
func (c *Config) lent(platform, id string) (*provider, error) {
	p, ok := c.providers[id]
	if !ok || p.platform != platform {
		return nil, gateway.Errorf(gateway.Refused, "There is no provider %q.", id)
	}
	return p, nil
}

// serverOffer is Offer for a provider. A key has neither size nor region.
func (c *Config) serverOffer(platform, id, size, region string) (gateway.Offer, error) {
	p, err := c.lent(platform, id)
	switch {
	case err != nil:
		return gateway.Offer{}, err
	case region != "" && !p.bound.Region(region):
		return gateway.Offer{}, gateway.Errorf(gateway.Refused, "There is no region %q.", region)
	case size != "" && !p.bound.Size(region, size):
		return gateway.Offer{}, gateway.Errorf(gateway.Refused, "There is no size %q in the region %q.", size, region)
	}
	return gateway.Offer{Backend: p.backend.Name}, nil
}

// serverOp is Op for what a provider has: a server, a key, or, without an id,
// a question that is about neither. Size and region need not be for rent any
// more.
func (c *Config) serverOp(r gateway.Resource, outputs, first backend.Value) (backend.Op, error) {
	p, err := c.lent(r.Platform, r.Addon)
	if err != nil {
		return backend.Op{}, err
	}
	b := p.backend
	if r.Backend != "" { // the one that made it goes on with it, whatever makes new ones
		if b = c.backends[c.today(gateway.RenamedBackend, "", r.Backend)]; b == nil {
			return backend.Op{}, gateway.Fault(fmt.Errorf("there is no backend.%s, which made the %s", r.Backend, r.Kind))
		}
	}
	none := backend.NewValue(cty.EmptyObjectVal)
	op := backend.Op{
		ResourceID: r.ID, ShortID: r.ShortID, Addon: p.id,
		Plan: backend.Plan{ID: r.Plan, Params: none}, Region: backend.Region{ID: r.Region, Data: none},
		Options: none, Outputs: outputs, Config: none,
	}
	if b.body == nil {
		return op, nil
	}
	scope := liveScope(b.content.Context, p.value, providerPlatform(p.platform), sizeValue(text(r.Plan)), serverRegionValue(text(r.Region)),
		resourceValue(r, cty.EmptyObjectVal), b.ofServers().knownOutputs(outputs))
	config, diags := b.body.Live(scope, first.Cty())
	if diags.HasErrors() {
		return backend.Op{}, gateway.Fault(fmt.Errorf("evaluate the settings of backend.%s: %w", b.Name, configvar.Failure(diags)))
	}
	op.Config = backend.NewValue(config)
	return op, nil
}

// JudgeOutputs reports what is wrong with what an action answered about r. The
// error is for operators and holds no values.
func (c *Config) JudgeOutputs(r gateway.Resource, action string, outputs json.RawMessage) error {
	p, err := c.lent(r.Platform, r.Addon)
	if err != nil {
		return err
	}
	return p.bound.Judge(action, outputs)
}

// sizeStays is the refusal of every change of plan of what is rented.
func sizeStays() error {
	return gateway.Errorf(gateway.Unsupported, "The size of a server can't be changed.")
}

// noPage is the refusal of every page about what is rented: its customers are
// the platform's alone.
func noPage(kind gateway.ResourceKind) error {
	return gateway.Errorf(gateway.NotFound, "There is no page about a %s.", kind)
}
