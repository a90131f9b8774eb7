package config

import (
	"fmt"
	"math"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/gateway/schema"
)

// quota bounds how many resources there may be.
type quota struct {
	counts gateway.Counted
	plan   string // of one plan; empty: any
	max    hcl.Expression
	uses   outputUse
}

func quotaTable() *schema.Block {
	number := func(name, doc string) schema.Attribute {
		return schema.Attribute{Name: name, Type: cty.Number, Phase: schema.Request,
			Doc: doc + " 0 means that none is sold; null, or nothing, that there is no bound."}
	}
	return &schema.Block{
		Type: "quota", Max: 1,
		Doc:     "How many resources there may be. They are counted while an order is recorded; what is being removed does not count.",
		Example: quotaExample,
		Attributes: []schema.Attribute{
			number("resources", "Of the whole add-on, on all platforms together."),
			number("resources_per_owner", "Of one owner on one platform; owners that the platform does not tell are not counted."),
			{Name: "per_plan", Type: cty.Map(cty.Number), Raw: true, Phase: schema.Request,
				Doc: "Of single plans, on all platforms together: { PLAN = number }. Changes that lead to the plan count, too."},
		},
	}
}

func (l *loader) quotas(a *addon) []*quota {
	c := a.content.First("quota")
	if c == nil {
		return nil
	}
	var list []*quota
	add := func(counts gateway.Counted, plan string, max hcl.Expression) {
		list = append(list, &quota{counts: counts, plan: plan, max: max, uses: outputsIn(max)})
	}
	for _, counts := range []gateway.Counted{gateway.CountedAll, gateway.CountedPerOwner} {
		if expr := c.Expr(string(counts)); expr != nil {
			add(counts, "", expr)
		}
	}
	for _, p := range l.perPlan(c) {
		id := p.name
		if a.plan(id) == nil {
			l.unknownName(a, "plan", id, p.at, a.planIDs())
			continue
		}
		add(gateway.CountedPerPlan, id, p.expr)
	}
	return list
}

// planNumber is one entry of per_plan.
type planNumber struct {
	name string
	at   hcl.Range // of the name
	expr hcl.Expression
}

// perPlan reads the entries of per_plan. Written out they are expressions of
// the request; computed, as by a "for", they are numbers that are known when
// the files are read.
func (l *loader) perPlan(c *schema.Content) []planNumber {
	expr := c.Expr("per_plan")
	if expr == nil {
		return nil
	}
	entries, diags := hcl.ExprMap(expr)
	if diags.HasErrors() {
		return l.computedPerPlan(c, expr)
	}
	var list []planNumber
	for _, e := range entries {
		key, diags := e.Key.Value(c.Context)
		l.add(diags...)
		key, marks := key.Unmark()
		switch {
		case diags.HasErrors():
		case len(marks) > 0 || key.Type() != cty.String || key.IsNull() || !key.IsKnown():
			l.add(wrong("The key must be the id of a plan", e.Key.Range(), "it may not depend on a secret"))
		default:
			list = append(list, planNumber{name: key.AsString(), at: e.Key.Range(), expr: e.Value})
		}
	}
	return list
}

func (l *loader) computedPerPlan(c *schema.Content, expr hcl.Expression) []planNumber {
	if early := schema.CheckPhase(expr, c.Context, schema.Load); early.HasErrors() {
		l.add(wrong(`"per_plan" must be written out`, expr.Range(), "write { PLAN = …, OTHER = … }; then the numbers may depend on the request"))
		return nil
	}
	v, diags := expr.Value(c.Context)
	l.add(diags...)
	if diags.HasErrors() {
		return nil
	}
	v, _ = v.UnmarkDeep()
	if v.IsNull() || !v.IsKnown() {
		return nil
	}
	if t := v.Type(); !t.IsObjectType() && !t.IsMapType() {
		_, diags := schema.Convert(v, cty.Map(cty.Number), "per_plan", expr.Range())
		l.add(diags...)
		return nil
	}
	var list []planNumber
	for it := v.ElementIterator(); it.Next(); {
		key, max := it.Element()
		list = append(list, planNumber{name: key.AsString(), at: expr.Range(), expr: hcl.StaticExpr(max, expr.Range())})
	}
	return list
}

func (l *loader) checkQuotas(a *addon) {
	for _, q := range a.rules.quotas {
		e := configvar.Expression{Name: string(q.counts), What: "quota", Expr: q.max, Type: cty.Number, Judge: judgeKnown(countable), In: a.title() + ", quota"}
		ours := func(p *plan) bool { return q.plan == "" || p.ID == q.plan }
		if q.counts != gateway.CountedPerPlan {
			l.checkRule(e, l.provisions(a, q.max, true, ours))
			continue
		}
		e.Name = q.plan
		changes := l.planChanges(a, q.max, func(from, to *plan) bool { return ours(to) && (from != to || len(a.plans) == 1) })
		l.checkRule(e, append(changes, l.provisions(a, q.max, false, ours)...))
	}
}

// countable says what is wrong with a number of resources.
func countable(v cty.Value) (problem, hint string) {
	if _, ok := wholeNumber(v); !ok {
		return "A quota is a whole number, 0 or more", "0 sells none; null is no bound"
	}
	return "", ""
}

func wholeNumber(v cty.Value) (int, bool) {
	n, accuracy := v.AsBigFloat().Int64()
	return int(n), accuracy == 0 && n >= 0 && n <= math.MaxInt32
}

// rule evaluates the quota for a request. ok is false where there is no bound.
func (q *quota) rule(scope *hcl.EvalContext) (rule gateway.QuotaRule, ok bool, err error) {
	v, diags := q.max.Value(scope)
	if diags.HasErrors() {
		return rule, false, gateway.Fault(fmt.Errorf("evaluate the quota %s: %w", q.counts, configvar.Failure(diags)))
	}
	v, err = plainValue(v, cty.Number)
	switch {
	case err != nil:
		return rule, false, gateway.Fault(fmt.Errorf("evaluate the quota %s: %s: %w", q.counts, q.max.Range(), err))
	case v.IsNull():
		return rule, false, nil
	}
	n, ok := wholeNumber(v)
	if !ok {
		return rule, false, gateway.Fault(fmt.Errorf("evaluate the quota %s: %s: it is no whole number, 0 or more", q.counts, q.max.Range()))
	}
	return gateway.QuotaRule{Counts: q.counts, Max: n}, true, nil
}
