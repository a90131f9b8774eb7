package config

import (
	"fmt"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
)

// Addon is what a vendor sells: the facts that others list.
type Addon struct {
	ID          string
	Name        string
	Summary     string
	Description string
	Logo        string
	Support     string
	DocsURL     string
	TermsURL    string
	Tags        []string
	Currency    string
	Plans       []Plan   // in the order customers see
	Regions     []Region // in the order customers see
	Platforms   []string // names of dialects
	Retired     bool     // nothing new is made
}

// addon is an Addon with its expressions.
type addon struct {
	Addon
	identity  schema.Identity
	content   *schema.Content
	backend   *loadedBackend // the default of its regions; may be nil
	plans     []*plan
	regions   []*region
	options   []*option
	vars      []configVar
	rules     rules
	platforms map[string]*mounted
	order     []*mounted
	value     cty.Value // addon.* in expressions
	formerly  []string  // previously
	sso       *signOn   // nil: no sso block

	optionValues struct{ usual, sparse cty.Value } // what *.options offers while files are checked
}

func addonTable() *schema.Block {
	s := func(name, doc string) schema.Attribute {
		return schema.Attribute{Name: name, Type: cty.String, Doc: doc}
	}
	message := func(name, unless string) schema.Attribute {
		doc := "A template. Unless told, there is no message."
		if unless != "" {
			doc = fmt.Sprintf("A template. Unless told: %q", unless)
		}
		return schema.Attribute{Name: name, Type: cty.String, Phase: schema.Live, Doc: doc}
	}
	return &schema.Block{
		Type: "addon", Labels: []string{"id"}, ForEach: true,
		Doc:     "What a vendor sells. The label is its id: 3 to 40 of a-z, 0-9, dashes and underscores. It is in URLs and in the store: who changes it says so with previously.",
		Example: addonExample,
		Attributes: []schema.Attribute{
			s("id", "The id beside for_each, such as each.key; without for_each the label is the id."),
			s("name", "What customers read. Default: the id in title case."),
			s("summary", "What it is, in one line."), s("description", "What it is, in some paragraphs; Markdown where the platform takes it."),
			s("logo", "The URL of a picture, square where the platform does not say otherwise."), s("support", "Where customers get help: a URL or an address."),
			s("docs_url", "The URL of the documentation."), s("terms_url", "The URL of the terms of service."),
			{Name: "tags", Type: cty.List(cty.String), Doc: "Words to be found by."},
			{Name: "currency", Type: cty.String, Default: `"EUR"`, Doc: "The currency of the plans' prices, as ISO 4217 has it. Some platforms take one only."},
			{Name: "backend", Reference: true, Doc: "What makes the resources, where neither plan nor region says: backend.TYPE.NAME. Needed unless every region or plan has its own."},
			{Name: "config_vars", Type: cty.Map(cty.String), Raw: true, Phase: schema.Live, Doc: "The config vars of every resource: { NAME = expression }. The names are written out; null leaves a config var out, numbers and truth values become text, lists and maps are an error."},
			previouslySetting("add-on", `"acme-postgres"`),
			{Name: "retired", Type: cty.Bool, Default: "false", Doc: "True: nothing new is made; existing resources work on, plan changes too."},
		},
		Blocks: []*schema.Block{
			{Type: "messages", Max: 1, Doc: "What customers read when something is done. No message may hold a secret.", Example: messagesExample, Attributes: []schema.Attribute{
				message("provision", "<name> is ready."), message("change_plan", "<name> is now on <plan>."), message("deprovision", "<name> is being removed."),
				message("suspend", ""), message("resume", ""),
			}},
			regionTable(), planTable(),
			{Type: "platform", Labels: []string{"id"}, Body: true, Doc: "Sells the add-on on the platform that the label names. Settings that every platform has are here; those of one platform are on its own page.", Example: platformExample},
			optionTable(), validateTable(), quotaTable(), planChangeTable(), ssoTable(),
			reserved("pool"), reserved("hook"), reserved("dashboard"),
		},
	}
}

// addonID is the rule for labels of add-ons: they are in URLs and databases.
var addonID = regexp.MustCompile(`^[a-z][a-z0-9_-]{2,39}$`)

// ValidAddonID reports whether id can be the id of an add-on.
func ValidAddonID(id string) bool { return addonID.MatchString(id) }

// addons decodes and checks every add-on.
func (l *loader) addons(blocks []*schema.Content) {
	if len(blocks) == 0 && len(l.root.Blocks("provider")) == 0 && !l.unsure("addon") && !l.unsure("provider") {
		l.add(&hcl.Diagnostic{
			Severity: hcl.DiagError, Summary: "There is no add-on in " + l.options.Dir,
			Extra: diagnostic.Info{Code: "AG210", Hint: `write a file with addon "my-addon" { … }`, Notes: []string{"only files called *.hcl are read"}},
		})
	}
	for _, outlined := range blocks {
		decoded, diags := schema.DecodeNested(outlined, l.scopeAt(outlined.Range))
		l.add(inside(diags, title(outlined))...)
		for _, c := range decoded {
			l.addon(c)
		}
	}
}

func (l *loader) addon(c *schema.Content) {
	a := &addon{content: c, platforms: map[string]*mounted{}}
	a.describe(c)
	found := len(l.diags)
	defer func() { inside(l.diags[found:], a.title()) }()

	id := l.identity(c)
	a.identity = id.schema
	a.ID, a.Name = id.text, c.Text("name")
	if a.Name == "" {
		a.Name = inWords(a.ID)
	}
	if id.known && !addonID.MatchString(a.ID) {
		l.add(wrong(fmt.Sprintf("%q can't be the id of an add-on", a.ID), id.at,
			"3 to 40 of a-z, 0-9, - and _, beginning with a letter; customers see the name"))
	}
	if first, again := l.config.addons[a.ID]; again {
		l.again("addon", a.identity, first.identity)
	}
	a.formerly = l.previously(claim{what: gateway.RenamedAddon, now: id}, c)
	a.backend = l.maker(c, a.title())
	l.regions(a)
	l.plans(a)
	l.needsBackend(a)
	l.addonOptions(a)
	l.rules(a)
	l.signOn(a)
	a.vars = l.configVars(c, "config_vars")
	a.setValue()
	l.platforms(a)
	if !l.diags[found:].HasErrors() { // what could not be read may sell it
		l.checkSold(a)
	}
	l.checkRotation(a)
	l.checkAddon(a)
	l.checkRules(a)
	l.register(a)
}

func (a *addon) title() string { return fmt.Sprintf("addon %q", a.ID) }

func (a *addon) describe(c *schema.Content) {
	a.Summary, a.Description, a.Logo, a.Support = c.Text("summary"), c.Text("description"), c.Text("logo"), c.Text("support")
	a.DocsURL, a.TermsURL, a.Tags, a.Currency = c.Text("docs_url"), c.Text("terms_url"), c.Texts("tags"), c.Text("currency")
	a.Retired = c.Bool("retired")
}

// setValue makes what addon.* offers.
func (a *addon) setValue() {
	var plans, regions []string
	for _, p := range a.plans {
		plans = append(plans, p.ID)
	}
	for _, r := range a.regions {
		regions = append(regions, r.ID)
	}
	a.value = cty.ObjectVal(map[string]cty.Value{
		"id": text(a.ID), "name": text(a.Name), "summary": text(a.Summary), "description": text(a.Description),
		"logo": text(a.Logo), "support": text(a.Support), "docs_url": text(a.DocsURL), "terms_url": text(a.TermsURL), "tags": textList(a.Tags),
		"currency": text(a.Currency), "plans": textList(plans), "regions": textList(regions),
	})
}

func (l *loader) register(a *addon) {
	summary := &l.files.Summary
	summary.Addons++
	summary.Plans += len(a.plans)
	summary.Regions += len(a.regions)
	summary.Platforms += len(a.order)
	for _, p := range a.plans {
		a.Plans = append(a.Plans, p.Plan)
	}
	for _, r := range a.regions {
		a.Regions = append(a.Regions, r.Region)
	}
	for _, m := range a.order {
		a.Platforms = append(a.Platforms, m.name)
	}
	if _, again := l.config.addons[a.ID]; again {
		return // reported already
	}
	l.config.addons[a.ID] = a
	l.config.Addons = append(l.config.Addons, a.Addon)
}

// plan finds a plan by id; nil when there is none.
func (a *addon) plan(id string) *plan {
	for _, p := range a.plans {
		if p.ID == id {
			return p
		}
	}
	return nil
}

// region finds a region by id; nil when there is none.
func (a *addon) region(id string) *region {
	for _, r := range a.regions {
		if r.ID == id {
			return r
		}
	}
	return nil
}

// message is the template for verb; nil where the default holds.
func (a *addon) message(verb backend.Verb) hcl.Expression {
	if m := a.content.First("messages"); m != nil {
		return m.Expr(string(verb))
	}
	return nil
}

// identity is a block's id, as renames know it.
type identity struct {
	text  string
	at    hcl.Range
	known bool

	schema schema.Identity // where a table says for_each
}

func (l *loader) identity(c *schema.Content) identity {
	id, diags := c.Identity(false)
	l.add(diags...)
	return identity{text: id.Text, at: id.At, known: id.Known, schema: id}
}

// again reports that a block has the id of an earlier one, unless that is
// reported with the blocks.
func (l *loader) again(what string, id, earlier schema.Identity) {
	if d := id.Again(what, earlier); d != nil {
		l.add(d)
	}
}
