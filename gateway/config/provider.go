package config

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/schema"
)

// Provider is a provider of servers with the URL prefix that it answers under.
type Provider struct {
	platform.Provider
	Prefix  string // "/nanobox/acme"
	Backend string // what makes new servers: "shell.servers"
}

// provider is a provider block.
type provider struct {
	id       string
	platform string            // the dialect's name
	bound    platform.Provider // nil after an error
	content  *schema.Content   // the common settings
	prefix   string
	backend  *loadedBackend // nil after an error
	value    cty.Value      // addon.* in expressions
}

func providerTable() *schema.Block {
	return &schema.Block{
		Type: "provider", Labels: []string{"platform", "id"},
		Doc: "Rents servers to the platform that the first label names. The second one is the id by which the platform knows the provider: 3 to 40 of a-z, 0-9, dashes and underscores, " +
			"another one than those of add-ons. It is in URLs and in the store, and never changes. Settings that every such platform has are here; those of one platform are on its own page.",
		Example: providerExample,
		Attributes: []schema.Attribute{
			{Name: "backend", Reference: true, Required: true, Doc: "What makes the servers: backend.TYPE.NAME. Its plugin declares the actions that the platform needs."},
			{Name: "path", Type: cty.String, Doc: "The path below base_url where the platform calls. Default: /PLATFORM/ID."},
		},
	}
}

// providerBlock is the provider block as it stands at the top level of a file:
// its settings are read when its platform is known.
func providerBlock() *schema.Block {
	b := providerTable()
	return &schema.Block{Type: b.Type, Labels: b.Labels, Doc: b.Doc, Example: b.Example, Body: true}
}

// providers decodes the provider blocks.
func (l *loader) providers(blocks []*schema.Content) {
	for _, d := range l.options.Providers {
		l.config.rents[d.Name()] = true
	}
	for _, c := range blocks {
		found := len(l.diags)
		l.checkProviderID(c)
		if d := l.providerDialect(c); d != nil {
			l.provider(d, c)
		}
		inside(l.diags[found:], title(c))
	}
}

// providerDialect finds the platform that a provider block names.
func (l *loader) providerDialect(c *schema.Content) platform.ProviderDialect {
	name, at := c.Label(0), c.LabelRange(0)
	var names []string
	for _, d := range l.options.Providers {
		if d.Name() == name {
			return d
		}
		names = append(names, d.Name())
	}
	sellsAddons := func(d platform.Dialect) bool { return d.Name() == name }
	switch {
	case slices.ContainsFunc(l.options.Dialects, sellsAddons):
		l.add(diagnostic.New(inWords(name)+" rents no servers", at, diagnostic.Info{
			Code: "AG421", Hint: fmt.Sprintf("it sells add-ons: use a platform %q block inside of an addon", name),
		}))
	case slices.Contains(plannedDialects(), name):
		l.add(diagnostic.NotInThisVersion(name, at))
	default:
		l.add(unknownPlatform("There is no platform %q that rents servers", name, at, names))
	}
	return nil
}

// unknownPlatform is the error of a label that no dialect has. summary has a
// place for it.
func unknownPlatform(summary, name string, at hcl.Range, known []string) *hcl.Diagnostic {
	info := diagnostic.Info{Code: "AG201", Hint: diagnostic.DidYouMean(name, known)}
	if list := diagnostic.List(known); list != "" {
		info.Notes = []string{"platforms: " + list}
	}
	return diagnostic.New(fmt.Sprintf(summary, name), at, info)
}

// checkProviderID judges the second label. Add-ons and providers share their
// ids, whatever the platform: resources are stored and listed under them.
func (l *loader) checkProviderID(c *schema.Content) {
	id, at := c.Label(1), c.LabelRange(1)
	if !addonID.MatchString(id) {
		l.add(wrong(fmt.Sprintf("%q can't be the id of a provider", id), at,
			"3 to 40 of a-z, 0-9, - and _, beginning with a letter; customers see the name"))
	}
	if a, taken := l.config.addons[id]; taken {
		l.add(diagnostic.New(fmt.Sprintf("There is an add-on %q, too", id), at, diagnostic.Info{
			Code: "AG207", Hint: "add-ons and providers share their ids; choose another one",
			Also: []diagnostic.Place{{Range: a.content.Range, Text: "the add-on"}},
		}))
	}
	earlier, again := l.providerIDs[id]
	if !again {
		l.providerIDs[id] = c
		return
	}
	if earlier.Label(0) != c.Label(0) { // that the very same header stands twice is reported already
		l.add(schema.Twice(fmt.Sprintf("The provider %q", id), at, earlier.LabelRange(1)))
	}
}

// provider reads one provider block, as platformReader does a platform block.
func (l *loader) provider(d platform.ProviderDialect, c *schema.Content) {
	tables := l.providerTables(d)
	ctx := l.providerScope(c)
	whole, known := schema.Decode(tables.whole, c.Body, c.Range, ctx)
	l.add(known...)
	l.rememberAll(whole)

	settings, rest, _ := schema.DecodePartial(tables.common, c.Body, c.Range, ctx)
	settings.Labels = c.Labels
	p := &provider{id: c.Label(1), platform: d.Name(), content: settings}
	p.backend = l.reference(settings, title(c))
	p.prefix = "/" + p.platform + "/" + p.id
	(&platformReader{loader: l}).path(settings, "path", &p.prefix)
	p.setValue(whole)
	l.providerCases(p, recordsNothing(whole))

	bound, diags := d.Decode(l.providerCommon(p), rest, ctx)
	for _, diag := range diags {
		if !repeats(diag, known) {
			l.add(diag)
		}
	}
	p.bound = bound
	l.files.Summary.Providers++
	if _, again := l.config.providers[p.id]; again {
		return // reported already
	}
	l.config.providers[p.id] = p
	l.providerOrder = append(l.providerOrder, p)
	if bound != nil && p.backend != nil {
		l.config.Providers = append(l.config.Providers, Provider{Provider: bound, Prefix: p.prefix, Backend: p.backend.Name})
	}
}

// providerTables makes the tables of a dialect once.
func (l *loader) providerTables(d platform.ProviderDialect) platformTables {
	key := "provider " + d.Name()
	if t, made := l.tables[key]; made {
		return t
	}
	t, own := platformTables{common: providerTable(), whole: providerTable()}, d.Schema()
	t.whole.Attributes = append(t.whole.Attributes, own.Attributes...)
	t.whole.Blocks = append(t.whole.Blocks, own.Blocks...)
	l.tables[key] = t
	return t
}

// providerCommon is what the dialect is told of the settings that are ours.
func (l *loader) providerCommon(p *provider) platform.ProviderCommon {
	base := l.config.Gateway.BaseURL
	if base == "" {
		base = noBaseURL
	}
	dev := l.options.Development
	common := platform.ProviderCommon{
		ID: p.id, BaseURL: base + p.prefix, Development: dev != nil,
		BackendRange: p.content.ValueRange("backend"), Block: p.content.Range, Label: p.content.LabelRange(1),
	}
	if b := p.backend; b != nil {
		common.Backend, common.Actions, common.ActionsKnown = b.Name, slices.Clone(b.actions), b.actionsKnown
	}
	if dev != nil && dev.Accepted != nil {
		common.Accepted = func(credential string) string { return dev.Accepted(p.id, credential) }
	}
	return common
}

// rememberAll keeps the sensitive texts of a block for the redactor: those that
// no secret() names are known to nobody else.
func (l *loader) rememberAll(c *schema.Content) {
	for _, s := range c.Settings {
		l.secrets.remember(s.Value)
	}
	for _, n := range c.Nested {
		l.rememberAll(n)
	}
}
