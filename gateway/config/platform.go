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

// mounted is a platform block.
type mounted struct {
	name    string         // the dialect's
	mount   platform.Mount // nil after an error
	content *schema.Content
	prefix  string
	plans   []*plan   // those offered there
	regions []*region // those offered there
	vars    []configVar
	drain   hcl.Expression // log_drain_url; nil: there is none
	value   cty.Value      // platform.* in expressions
}

// plannedDialects are platforms that the project names and this version lacks.
func plannedDialects() []string {
	return []string{"heroku", "osb"}
}

func platformTable() *schema.Block {
	s := func(name, doc string) schema.Attribute {
		return schema.Attribute{Name: name, Type: cty.String, Doc: doc}
	}
	return &schema.Block{
		Type: "platform", Labels: []string{"id"}, Doc: "Settings that every platform has.", Example: platformExample,
		Attributes: []schema.Attribute{
			s("id", "The id of the add-on on the platform, by the platform's own rule. Default: the add-on's id here."),
			s("username", "The user name of the platform's calls. Default: what the platform prescribes, mostly the id."),
			{Name: "password", Type: cty.String, Secret: true, Doc: "The password of the platform's calls; addongw keys generate makes a good one. Name it with secret()."},
			{Name: "sso_salt", Type: cty.String, Secret: true, Doc: "The text that signs single sign-on; another one than the password. Name it with secret()."},
			{Name: "regions", Type: cty.Map(cty.String), Doc: "The regions sold there: { theirs = \"ours\" }, the platform's name and the id of a region block. Absent: all, under their ids."},
			{Name: "plans", Type: cty.List(cty.String), Doc: "The ids of the plans sold there, in the order in which they are shown. Default: all."},
			{Name: "plan_names", Type: cty.Map(cty.String), Doc: "Other ids of plans there: { ours = \"theirs\" }. A plan that is not named keeps its id."},
			s("path", "The path below base_url where the platform calls. Default: /PLATFORM/ADDON."),
			s("sso_path", "The path of single sign-on, behind the platform's path. Default: /sso."),
			s("sso_url", "The whole URL of a single sign-on that another program serves; it goes into the manifest only."),
			s("mode", `Whether orders are answered when the work is done ("sync") or at once ("async"), where the platform knows both. Default: what suits the platform.`),
			s("deadline", `How long a request may wait for a backend, "1s" to "2m". Work that takes longer goes on; the platform is told to ask again, and its repeat gets the result, or it is told that the result will follow, where it takes that for an answer. Default: what suits the platform.`),
			s("sso_window", `How old a sign-on may be, "30s" to "24h"; sso { max_age } may shorten it. Default: what the platform's documents say.`),
			{Name: "sso_skew", Type: cty.String, Default: `"60s"`, Doc: `How far the platform's clock may be ahead of ours at a sign-on, up to "15m".`},
			{Name: "sso_single_use", Type: cty.Bool, Doc: "Whether a proof opens one session only: who sends it a second time is refused. What was used is kept in memory, so that a restart forgets it. Default: as suits the platform."},
			{Name: "config_vars", Type: cty.Map(cty.String), Raw: true, Phase: schema.Live, Doc: "Adds config vars on this platform, or replaces the add-on's of the same name; null leaves one out."},
			s("api_url", "Where the platform's own API is called, such as a test installation. Default: the real one. Nothing in a request changes it."),
			{Name: "frame_ancestors", Type: cty.List(cty.String), Doc: "The origins whose pages may show a customer's page of ours in a frame, such as \"https://console.example.com\". Default: the platform's own dashboard where it shows such pages, else none; [] means none."},
			{Name: "log_drain_url", Type: cty.String, Phase: schema.Live, Doc: "Where the platform is to send the logs of the customer's application, an http or https URL, on platforms that do that. It may hold a secret and can't be null."},
			{Name: "log_drain", Type: cty.Bool, Doc: "Whether there is a log_drain_url. Default: true beside one, else false."},
			reservedSetting("abandon_after"), reservedSetting("test_url"), reservedSetting("credentials"),
		},
		Blocks: []*schema.Block{
			{Type: "test", Max: 1, Doc: "Other URLs for the manifest's test environment. Default: the production ones.", Example: testExample, Attributes: []schema.Attribute{
				s("base_url", "The URL of the platform's calls."), s("sso_url", "The URL of single sign-on."),
			}},
			reserved("price"),
		},
	}
}

// platforms decodes the platform blocks of an add-on.
func (l *loader) platforms(a *addon) {
	for _, c := range a.content.Blocks("platform") {
		dialect := l.dialect(c)
		if dialect == nil {
			continue
		}
		found := len(l.diags)
		p := &platformReader{loader: l, of: a, dialect: dialect, name: dialect.Name(), tables: l.platformTables(dialect)}
		m := p.read(c)
		inside(l.diags[found:], fmt.Sprintf("%s, platform %q", a.title(), m.name))
		if _, again := a.platforms[m.name]; !again { // a repetition is reported with the headers
			a.platforms[m.name] = m
			a.order = append(a.order, m)
		}
	}
}

func (l *loader) dialect(c *schema.Content) platform.Dialect {
	var names []string
	for _, d := range l.options.Dialects {
		if d.Name() == c.Label(0) {
			return d
		}
		names = append(names, d.Name())
	}
	name, at := c.Label(0), c.LabelRange(0)
	rentsServers := func(d platform.ProviderDialect) bool { return d.Name() == name }
	switch {
	case slices.ContainsFunc(l.options.Providers, rentsServers):
		l.add(diagnostic.New(inWords(name)+" isn't an add-on marketplace", at, diagnostic.Info{
			Code: "AG421", Hint: fmt.Sprintf("use a provider %q block", name),
		}))
	case slices.Contains(plannedDialects(), name):
		l.add(diagnostic.NotInThisVersion(name, at))
	default:
		l.add(unknownPlatform("There is no platform %q", name, at, names))
	}
	return nil
}

// platformReader reads one platform block.
type platformReader struct {
	*loader
	of      *addon
	dialect platform.Dialect
	name    string
	common  platform.Common
	tables  platformTables
	names   *schema.Content // the names in the block, unevaluated
}

func (p *platformReader) read(c *schema.Content) *mounted {
	m := &mounted{name: p.name}
	known := p.checkNames(c)
	settings, rest, mistakes := schema.DecodePartial(p.tables.common, c.Body, c.Range, c.Context)
	p.add(mistakes...)
	settings.Labels = c.Labels
	m.content = settings
	own := p.configVars(settings, "config_vars")
	m.vars = override(p.of.vars, own)

	p.describe(settings)
	p.credentials(settings, m)
	p.urls(settings, m)
	p.origins(settings)
	p.windows(settings)
	p.logDrain(settings, m)
	p.formerAddon(settings)
	p.offer(settings, m)
	p.ranges(settings, own)
	for _, v := range m.vars {
		p.common.ConfigVars = append(p.common.ConfigVars, platform.ConfigVarName{Name: v.name, Range: v.at})
	}
	mount, diags := p.dialect.Decode(p.common, rest, c.Context)
	for _, d := range diags {
		if !repeats(d, known) && !follows(d, mistakes) {
			p.add(d)
		}
	}
	p.logDrainWithoutURL(settings, diags)
	if mount != nil {
		m.mount = mount
		p.config.Mounts = append(p.config.Mounts, Mount{Mount: mount, Prefix: m.prefix, Plans: p.listed()})
	}
	return m
}

// listed are the slugs of the plans that a customer of the platform can order.
func (p *platformReader) listed() (slugs []string) {
	for _, plan := range p.common.Listed() {
		slugs = append(slugs, plan.Slug)
	}
	return slugs
}

// platformTables describe the blocks of one platform.
type platformTables struct {
	common *schema.Block // what every platform has
	whole  *schema.Block // that and the dialect's own
}

// platformTables makes the tables of a dialect once. Development needs no
// credentials: nobody has to have the real ones on a developer's machine.
func (l *loader) platformTables(d platform.Dialect) platformTables {
	if t, made := l.tables[d.Name()]; made {
		return t
	}
	t, own := platformTables{common: platformTable(), whole: platformTable()}, d.Schema()
	t.whole.Attributes = append(t.whole.Attributes, own.Attributes...)
	t.whole.Blocks = append(t.whole.Blocks, own.Blocks...)
	for i, a := range t.common.Attributes {
		t.common.Attributes[i].Raw = a.Raw || l.options.Development != nil && (a.Name == "password" || a.Name == "sso_salt")
	}
	l.tables[d.Name()] = t
	return t
}

// checkNames looks at the block with the common and the dialect's table
// together: only then can a misspelt common name be told from a foreign one.
func (p *platformReader) checkNames(c *schema.Content) hcl.Diagnostics {
	names, diags := schema.Outline(p.tables.whole, c.Body, c.Range)
	p.names = names
	p.add(diags...)
	return diags
}

// repeats reports whether d says what is known already.
func repeats(d *hcl.Diagnostic, known hcl.Diagnostics) bool {
	info, ok := diagnostic.Of(d)
	for _, k := range known {
		if d.Subject == nil || k.Subject == nil || *k.Subject != *d.Subject {
			continue
		}
		if earlier, _ := diagnostic.Of(k); !ok || earlier.Code == info.Code {
			return true
		}
	}
	return false
}

// follows reports whether d is about the value of a setting that has none
// because of a mistake.
func follows(d *hcl.Diagnostic, mistakes hcl.Diagnostics) bool {
	return slices.ContainsFunc(mistakes, func(m *hcl.Diagnostic) bool {
		return m.Severity == hcl.DiagError && m.Subject != nil && d.Subject != nil && *m.Subject == *d.Subject
	})
}

func (p *platformReader) describe(c *schema.Content) {
	a := p.of
	p.common = platform.Common{
		Addon: a.ID, AddonName: a.Name, Summary: a.Summary, Description: a.Addon.Description, Logo: a.Logo, Currency: a.Currency,
		ID: c.Text("id"), Username: c.Text("username"), Mode: p.choice(c, "mode", "sync", "async"),
		Development: p.options.Development != nil, Block: c.Range,
	}
	if a.sso != nil {
		p.common.SSOMaxAge = a.sso.maxAge
	}
	if p.common.ID == "" {
		p.common.ID = a.ID
	}
	for _, o := range a.options {
		p.common.OptionNames = append(p.common.OptionNames, o.name)
	}
}

// ranges notes where everything stands, for the dialect's diagnostics.
func (p *platformReader) ranges(c *schema.Content, own []configVar) {
	p.common.Ranges = map[string]hcl.Range{}
	for name, s := range c.Settings {
		p.common.Ranges[name] = s.Expr.Range()
		if name == "password" || name == "sso_salt" {
			p.anyWillDo = append(p.anyWillDo, s.Expr.Range())
		}
	}
	if t := c.First("test"); t != nil && p.options.TestURL == "" {
		for name, s := range t.Settings {
			p.common.Ranges["test."+name] = s.Expr.Range()
		}
	}
	for _, v := range own {
		p.common.Ranges["config_vars."+v.name] = v.at
	}
	if p.of.content.Has("currency") {
		p.common.Ranges["currency"] = p.of.content.ValueRange("currency")
	}
	if at := p.baseURL; at.Filename != "" {
		p.common.Ranges["base_url"] = at
	}
}
