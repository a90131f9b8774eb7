package config

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
)

// changeRule decides about changes from some plans to some others.
type changeRule struct {
	content  *schema.Content
	in       string
	from, to []string // ids of plans; nil: every plan
	allow    hcl.Expression
	reason   hcl.Expression // nil only where allow is always true
	uses     outputUse
	unsure   bool // it names plans that there are not
}

func planChangeTable() *schema.Block {
	list := func(name, doc string) schema.Attribute {
		return schema.Attribute{Name: name, Type: cty.List(cty.String), Doc: doc + " Unless told, every plan."}
	}
	return &schema.Block{
		Type: "plan_change",
		Doc: "Whether a resource may change its plan. Rules are tried in the order of the file, and the first one whose from and to match decides; " +
			"without one every change is allowed that the backend can make. A change must also pass the validate blocks. An output that changes by itself, as the plugin says, is read anew before it is used.",
		Example: planChangeExample,
		Attributes: []schema.Attribute{
			list("from", "The plans that are left, as a list of ids."), list("to", "The plans that are asked for, as a list of ids."),
			{Name: "allow", Type: cty.Bool, Phase: schema.Request, Required: true,
				Doc: "True for a change that may be made."},
			{Name: "reason", Type: cty.String, Phase: schema.Request,
				Doc: "What the customer reads otherwise: one sentence, without anything sensitive. It can be left out only beside allow = true."},
			{Name: "mode", Type: cty.String, Default: `"sync"`,
				Doc: `How the change is made: "sync", while the platform waits. "async" and "replace" are not possible in this version.`},
		},
	}
}

func (l *loader) planChangeRules(a *addon) []*changeRule {
	var list []*changeRule
	for _, c := range a.content.Blocks("plan_change") {
		found := len(l.diags)
		r := &changeRule{content: c, allow: c.Expr("allow"), reason: c.Expr("reason"), uses: outputsIn(c.Expr("allow"), c.Expr("reason"))}
		r.in = a.title() + ", plan_change"
		r.from, r.to = l.rulePlans(a, r, "from"), l.rulePlans(a, r, "to")
		if r.reason == nil && r.allow != nil && !always(r.allow, c.Context) && !c.Meant("reason") {
			l.add(diagnostic.New(`This plan_change needs "reason"`, c.Range, diagnostic.Info{Code: "AG204", Hint: `add: reason = "…", which the customer reads`}))
		}
		inside(l.diags[found:], r.in)
		list = append(list, r)
	}
	return list
}

// rulePlans reads from or to; nil where it is absent.
func (l *loader) rulePlans(a *addon, r *changeRule, name string) []string {
	if !r.content.Has(name) {
		return nil
	}
	ids := []string{}
	for i, id := range r.content.Texts(name) {
		if a.plan(id) == nil {
			r.unsure = true
			l.unknownName(a, "plan", id, elementRange(r.content, name, i), a.planIDs())
			continue
		}
		ids = append(ids, id)
	}
	return ids
}

// always reports whether an expression is true whatever is asked.
func always(expr hcl.Expression, load *hcl.EvalContext) bool {
	v, diags := expr.Value(load)
	v, _ = v.Unmark()
	return !diags.HasErrors() && v.Type() == cty.Bool && v.IsKnown() && !v.IsNull() && v.True()
}

// decides reports whether the rule is about a change between two plans.
func (r *changeRule) decides(from, to string) bool {
	return (r.from == nil || slices.Contains(r.from, from)) && (r.to == nil || slices.Contains(r.to, to))
}

// changeRule finds the rule that decides about a change; nil when there is
// none.
func (a *addon) changeRule(from, to string) *changeRule {
	for _, r := range a.rules.changes {
		if r.decides(from, to) {
			return r
		}
	}
	return nil
}

func (l *loader) checkPlanChanges(a *addon) {
	for i, r := range a.rules.changes {
		l.checkMode(a, r)
		l.checkReach(a, i)
		fits := func(from, to *plan) bool { return from != to && r.decides(from.ID, to.ID) }
		check := func(e configvar.Expression) {
			if e.Expr == nil {
				return
			}
			e.In = r.in
			l.checkRule(e, l.planChanges(a, e.Expr, fits))
		}
		check(configvar.Expression{Name: "allow", What: "condition", Expr: r.allow, Type: cty.Bool, Required: true})
		check(configvar.Expression{Name: "reason", What: "reason", Expr: r.reason, Type: cty.String, Required: true, Public: true, Judge: judgeKnown(nonempty)})
	}
}

// checkMode refuses the modes that nothing in this version can do.
func (l *loader) checkMode(a *addon, r *changeRule) {
	switch l.choice(r.content, "mode", "sync", "async", "replace") {
	case "async":
		where := "No platform of this version changes"
		if len(a.order) > 0 {
			var names []string
			for _, m := range a.order {
				names = append(names, m.title())
			}
			where = diagnostic.And(names) + " can't change"
		}
		l.add(diagnostic.New(where+" plans asynchronously", r.content.ValueRange("mode"), diagnostic.Info{
			Code: "AG421", In: r.in, Hint: `leave it out, or write "sync"`,
		}))
	case "replace":
		l.add(diagnostic.New("No plugin can replace a resource by another one", r.content.ValueRange("mode"), diagnostic.Info{
			Code: "AG213", In: r.in, Hint: `leave it out, or write "sync"`,
		}))
	}
}

// title is how customers call the platform.
func (m *mounted) title() string {
	if m.mount == nil {
		return m.name
	}
	return m.mount.Profile().Name
}

// checkReach warns of a rule that never decides.
func (l *loader) checkReach(a *addon, at int) {
	r := a.rules.changes[at]
	if r.unsure || a.content.Meant("plan") || len(a.plans) == 0 {
		return
	}
	warn := func(summary string, info diagnostic.Info) {
		info.Code, info.In = "AG228", r.in
		l.add(diagnostic.Warn(summary, r.content.Range, info))
	}
	if b := a.fixedBackend(); b != nil {
		warn(fmt.Sprintf("This rule never decides: backend.%s can't change plans", b.Name), diagnostic.Info{Hint: "remove it"})
		return
	}
	left, taken := 0, (*changeRule)(nil)
	for _, from := range a.plans {
		for _, to := range a.plans {
			if from == to || !r.decides(from.ID, to.ID) {
				continue
			}
			if first := a.changeRule(from.ID, to.ID); first != r {
				taken = first
				continue
			}
			left++
		}
	}
	switch {
	case left > 0:
	case taken != nil:
		warn("This rule never decides: what it is for was decided before", diagnostic.Info{
			Hint: "put it first, or remove it", Also: []diagnostic.Place{{Range: taken.content.Range, Text: "this one comes first"}},
		})
	default:
		warn("This rule never decides: there is no change of plan that it is for", diagnostic.Info{Hint: "a change leads to another plan"})
	}
}

// fixedBackend is a backend of the add-on when none of them can change plans.
func (a *addon) fixedBackend() *loadedBackend {
	backends := a.backends()
	for _, b := range backends {
		if !b.asked || slices.Contains(b.Description.Capabilities, backend.CanChangePlan) {
			return nil
		}
	}
	if len(backends) == 0 {
		return nil
	}
	return backends[0]
}
