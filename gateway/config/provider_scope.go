package config

import (
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// providerScope is the scope of a provider block. In development a secret that
// is not there is no mistake: what credentials are compared with is made up,
// and nobody has to have the operator's own on a developer's machine.
func (l *loader) providerScope(c *schema.Content) *hcl.EvalContext {
	scope := l.scopeAt(c.Range)
	if l.options.Development == nil {
		return scope
	}
	lenient := scope.NewChild()
	lenient.Functions = map[string]function.Function{"secret": expr.Functions(expr.Env{Secret: l.secrets.peek})["secret"]}
	return lenient
}

// setValue makes what addon.* offers where a server is made. The name is a
// setting of the dialect's; one that has none is called by its id.
func (p *provider) setValue(whole *schema.Content) {
	name := whole.Text("name")
	if name == "" {
		name = inWords(p.id)
	}
	a := &addon{Addon: Addon{ID: p.id, Name: name}}
	a.setValue()
	p.value = a.value
}

// sizeValue is plan.* where a server is made: the id of its size, and nothing
// else that plans of add-ons have.
func sizeValue(id cty.Value) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"id": id, "name": id, "description": cty.NullVal(cty.String), "price": cty.NullVal(cty.Number),
		"params": cty.EmptyObjectVal, "limits": cty.EmptyObjectVal, "features": textList(nil),
	})
}

// serverRegionValue is region.* where a server is made.
func serverRegionValue(id cty.Value) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"id": id, "title": id, "data": cty.EmptyObjectVal})
}

// providerPlatform is platform.* where a server is made: between platform and
// provider there is no password.
func providerPlatform(name string) cty.Value {
	none := cty.NullVal(cty.String)
	return cty.ObjectVal(map[string]cty.Value{
		"id": text(name), "username": none, "password": none.Mark(backend.Sensitive), "sso_salt": none.Mark(backend.Sensitive),
	})
}

// serverOutputs are what actions may have said of a server, whatever the
// plugin's own outputs are.
func serverOutputs() []backend.Attribute {
	var list []backend.Attribute
	for _, name := range []string{"ref", "status", "external_ip", "internal_ip", "password"} {
		list = append(list, backend.Attribute{Name: name, Type: cty.String, Sensitive: name == "password"})
	}
	return list
}

// ofServers is the backend with the outputs that servers have.
func (b *loadedBackend) ofServers() *loadedBackend {
	served := *b
	described := b.Description.Outputs.Attributes
	served.Description.Outputs.Attributes = slices.Clone(described)
	for _, a := range serverOutputs() {
		if !slices.ContainsFunc(described, func(own backend.Attribute) bool { return own.Name == a.Name }) {
			served.Description.Outputs.Attributes = append(served.Description.Outputs.Attributes, a)
		}
	}
	if b.asked {
		served.setOutputs()
	}
	return &served
}

// server is a server before there is one.
func (u unknowns) server(plan, region cty.Value) cty.Value {
	values := maps.Clone(u)
	none := cty.NullVal(cty.String)
	values["name"] = cty.UnknownVal(cty.String).RefineNotNull()
	values["owner"] = cty.ObjectVal(map[string]cty.Value{"id": cty.UnknownVal(cty.String).RefineNotNull(), "name": none, "email": none})
	for _, name := range []string{"platform_id", "user_id", "callback_url"} {
		values[name] = none
	}
	values["log"] = cty.ObjectVal(map[string]cty.Value{"token": none.Mark(backend.Sensitive), "drain_url": none})
	return values.resource(plan, region, cty.EmptyObjectVal)
}

// serverless lists the actions that are called without a server.
func serverless() []string {
	return []string{gateway.ActionCatalog, gateway.ActionVerify, gateway.ActionCreateKey, gateway.ActionGetKey, gateway.ActionDeleteKey}
}

// recordsNothing reports whether the backend alone knows what servers there are:
// no call is about one of ours then. The setting is the dialect's.
func recordsNothing(whole *schema.Content) bool {
	s := whole.First("server")
	return s != nil && s.Text("state") == "backend"
}

// providerCases notes the scopes that the live settings of the provider's
// backend are evaluated in.
func (l *loader) providerCases(p *provider, recordsNothing bool) {
	b := p.backend
	if b == nil || b.body == nil {
		return
	}
	served, parent := b.ofServers(), b.content.Context
	scope := func(size, region, resource, output cty.Value) configvar.Case {
		return configvar.Case{
			Case: diagnostic.Case{Platform: p.platform, Plan: "of provider " + p.id, Region: "of provider " + p.id}, Addon: p.id, Backend: "backend." + b.Name,
			Context: func() *hcl.EvalContext {
				return liveScope(parent, p.value, providerPlatform(p.platform), sizeValue(size), serverRegionValue(region), resource, output)
			},
		}
	}
	some, none := cty.UnknownVal(cty.String).RefineNotNull(), cty.NullVal(cty.String)
	server := l.unknown.server(some, some)
	first := scope(some, some, server, served.none)
	first.Only, first.Note = "output", "before create_server has answered there are no outputs yet"
	live := l.liveOf(b)
	live.providers, live.early = append(live.providers, scope(some, some, server, served.unknown)), append(live.early, first)
	without := func(action string) bool { return slices.Contains(b.actions, action) }
	if !recordsNothing && !slices.ContainsFunc(serverless(), without) {
		return
	}
	nothing := resourceValue(gateway.Resource{}, cty.EmptyObjectVal)
	for _, name := range []string{"plan", "region", "resource"} {
		c := scope(none, none, nothing, served.none)
		c.Only, c.Note = name, "some actions, such as verify, are called without a server"
		live.early = append(live.early, c)
	}
}
