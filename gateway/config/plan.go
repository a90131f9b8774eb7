package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
)

// Plan is what a customer picks and pays.
type Plan struct {
	ID          string
	Name        string
	Description string
	Price       float64 // per 30 days, in the add-on's currency
	Features    []string
	Options     map[string]string // for platforms that send them back with each order
	Unlisted    bool              // hidden or deprecated: manifests leave it out
}

// plan is a Plan with what the backends are told.
type plan struct {
	Plan
	content    *schema.Content
	identity   schema.Identity
	limits     cty.Value
	backend    *loadedBackend // its own; nil where it has none, and after an error
	scope      soldScope
	deprecated *deprecation              // nil: it is not
	params     map[string]*schema.Params // by backend; each has its own schema
	values     map[string]cty.Value      // plan.* in expressions, by backend

	rotateEvery time.Duration // 0: only when an operator says so
	grace       time.Duration // how long old credentials work beside new ones
}

func planTable() *schema.Block {
	table := &schema.Block{
		Type: "plan", Labels: []string{"id"}, Required: true, ForEach: true, Ordered: true,
		Doc:     "A size of the add-on. Customers see plans in the order of the file. The label is its id, which platforms see too.",
		Example: planExample,
		Attributes: []schema.Attribute{
			{Name: "id", Type: cty.String, Doc: "The id beside for_each, such as each.key; without for_each the label is the id."},
			{Name: "name", Type: cty.String, Doc: "What customers read. Default: the id in title case."},
			{Name: "description", Type: cty.String, Doc: "What it offers, in a sentence or two."},
			{Name: "params", Type: cty.Map(cty.DynamicPseudoType), Raw: true, Doc: "What the backend is told: { NAME = value }. The plugin says which there are and which are required."},
			{Name: "limits", Type: cty.DynamicPseudoType, Doc: "Facts about the plan for templates and rules: plan.limits.NAME. The backend is not told."},
			{Name: "price", Type: cty.Number, Default: "0", Doc: "What it costs for 30 days, in the add-on's currency. 0 means free."},
			{Name: "features", Type: cty.List(cty.String), Doc: "Short texts for the list of plans."},
			{Name: "regions", Type: cty.List(cty.String), Doc: "The regions, by our ids, that the plan is offered in. Default: all."},
			{Name: "platforms", Type: cty.List(cty.String), Doc: "The platforms that the plan is offered on. Default: all that the add-on has."},
			{Name: "backend", Reference: true, Doc: "What makes the resources of this plan, whatever region and add-on say. Plans of different backends can't be changed into each other."},
			{Name: "hidden", Type: cty.Bool, Default: "false", Doc: "True: whoever knows the plan can order it, and manifests leave it out."},
			previouslySetting("plan", `"free"`),
			{Name: "options", Type: cty.Map(cty.String), Doc: "What a platform keeps with the plan and sends back with each order of it, where it does that: { NAME = \"text\" }. Scalingo does."},
			reservedSetting("rollout"),
		},
		Blocks: []*schema.Block{deprecatedTable()},
	}
	table.Attributes = append(table.Attributes, rotationAttributes()...)
	return table
}

// partID is the rule for ids of plans and regions.
var partID = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$`)

func (l *loader) plans(a *addon) {
	first := map[string]*plan{}
	for _, c := range a.content.Blocks("plan") {
		id := l.identity(c)
		l.checkPartID("plan", id)
		p := &plan{content: c, identity: id.schema, limits: c.Value("limits"), params: map[string]*schema.Params{}, values: map[string]cty.Value{}, Plan: Plan{
			ID: id.text, Name: c.Text("name"), Description: c.Text("description"), Price: c.Number("price"), Features: c.Texts("features"),
			Options: c.Map("options"),
		}}
		if p.Name == "" {
			p.Name = inWords(p.ID)
		}
		if p.Price < 0 {
			l.add(wrong("A price can't be below zero", c.ValueRange("price"), "0 means free"))
		}
		l.previously(claim{what: gateway.RenamedPlan, addon: a.ID, now: id}, c)
		l.deprecated(p)
		l.soldScope(a, p)
		l.rotation(p)
		p.Unlisted = c.Bool("hidden") || p.deprecated != nil
		l.params(a, p)
		if earlier, again := first[p.ID]; again {
			l.again("plan", p.identity, earlier.identity)
			continue
		}
		first[p.ID] = p
		a.plans = append(a.plans, p)
	}
	l.checkReplacements(a)
}

func (l *loader) checkPartID(kind string, id identity) {
	if id.known && !partID.MatchString(id.text) {
		l.add(wrong(fmt.Sprintf("%q can't be the id of a %s", id.text, kind), id.at, "use letters, digits, - _ and . only; customers see the name"))
	}
}

// params reads a plan's params by the schema of every backend that may make
// resources of it.
func (l *loader) params(a *addon, p *plan) {
	for _, b := range a.makersOf(p) {
		decoded, diags := p.read(b)
		l.add(inside(diags, fmt.Sprintf("%s, plan %q", a.title(), p.ID))...)
		p.params[b.Name] = decoded
		p.values[b.Name] = p.value(b, decoded)
		if b.sound && p.asks(b) && !diags.HasErrors() {
			l.toValidate = append(l.toValidate, planCheck{addon: a, plan: p, backend: b})
		}
	}
	if len(p.params) == 0 { // no backend at all, which is reported elsewhere
		p.values[""] = p.value(nil, nil)
	}
}

// read decodes the params by the schema of one backend.
func (p *plan) read(b *loadedBackend) (*schema.Params, hcl.Diagnostics) {
	s := backend.Schema{Open: true}
	if p.asks(b) {
		s = b.Description.Plan
		if !b.sound { // which params a plan needs may depend on the setting at fault
			s = optional(s)
		}
	}
	return schema.DecodeParams("plan", s, p.content.Expr("params"), p.content.Range, p.content.Context)
}

// optional is the schema without the duty to write anything.
func optional(s backend.Schema) backend.Schema {
	s.Attributes = slices.Clone(s.Attributes)
	for i := range s.Attributes {
		s.Attributes[i].Required = false
	}
	return s
}

// asks reports whether a plugin says which params there are.
func (p *plan) asks(b *loadedBackend) bool {
	return b != nil && b.asked && !p.content.Meant("params")
}

// planCheck is a plan that a plugin has to judge.
type planCheck struct {
	addon   *addon
	plan    *plan
	backend *loadedBackend
}

// validatePlans asks the plugins what they think of the plans.
func (l *loader) validatePlans() {
	checks := l.toValidate
	answers := make([]backend.ValidatePlanResponse, len(checks))
	errs := make([]error, len(checks))
	inParallel(len(checks), func(i int) {
		c := checks[i]
		answers[i], errs[i] = l.plugins.ValidatePlan(l.ctx, c.backend.Plugin,
			backend.NewValue(c.backend.body.Whole()), c.plan.told(c.backend))
	})
	for i, c := range checks {
		in := fmt.Sprintf("%s, plan %q", c.addon.title(), c.plan.ID)
		if errs[i] != nil {
			l.add(pluginProblem(c.backend.Plugin, c.plan.content.Range, in, errs[i]))
			continue
		}
		place := func(d backend.Diagnostic) hcl.Range { return c.plan.params[c.backend.Name].Place(d.Path) }
		l.add(pluginSays(c.backend.Plugin.Name, in, answers[i].Diagnostics, place)...)
	}
}

// told is the plan as backend b is told of it.
func (p *plan) told(b *loadedBackend) backend.Plan {
	told := backend.Plan{ID: p.ID, Params: backend.NewValue(cty.EmptyObjectVal)}
	if params, ok := p.params[b.Name]; ok {
		told.Params = backend.NewValue(params.Value)
	}
	return told
}

// value makes what plan.* offers. Without a plugin's schema nobody knows what
// else there is in params.
func (p *plan) value(b *loadedBackend, params *schema.Params) cty.Value {
	known := cty.DynamicVal
	if p.asks(b) {
		known = params.Value
	}
	limits := p.limits
	if limits.IsNull() {
		limits = cty.EmptyObjectVal
	}
	return cty.ObjectVal(map[string]cty.Value{
		"id": text(p.ID), "name": text(p.Name), "description": text(p.Description),
		"price": cty.NumberFloatVal(p.Price), "params": known, "limits": limits, "features": textList(p.Features),
	})
}

// of is plan.* where b makes the resource; b may be nil.
func (p *plan) of(b *loadedBackend) cty.Value {
	if b == nil {
		for _, v := range p.values {
			return v
		}
	}
	return p.values[b.Name]
}

// as is the plan for a backend that makes no new resources of it, but may have
// made some. ok is false when the params do not suit that backend any more.
func (p *plan) as(b *loadedBackend) (same *plan, ok bool) {
	if _, makes := p.params[b.Name]; makes {
		return p, true
	}
	decoded, diags := p.read(b)
	former := *p
	former.params = map[string]*schema.Params{b.Name: decoded}
	former.values = map[string]cty.Value{b.Name: p.value(b, decoded)}
	return &former, !diags.HasErrors()
}

// inWords makes a title of an id: "legacy-small" is "Legacy Small".
func inWords(id string) string {
	words := strings.FieldsFunc(id, func(r rune) bool { return r == '-' || r == '_' })
	for i, w := range words {
		letters := []rune(w)
		letters[0] = unicode.ToUpper(letters[0])
		words[i] = string(letters)
	}
	return strings.Join(words, " ")
}
