package config

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
)

// requestScope is the scope in which a platform's call is judged.
func requestScope(parent *hcl.EvalContext, a *addon, platform, plan, region, request, current, output cty.Value) *hcl.EvalContext {
	scope := parent.NewChild()
	scope.Variables = map[string]cty.Value{
		"addon": a.value, "platform": platform, "plan": plan, "region": region,
		"request": request, "current": current, "output": output,
	}
	return scope
}

// requestValue is request.* for what r's customer asks.
func requestValue(r gateway.Resource, verb backend.Verb, plan, region string, options cty.Value) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"verb": text(string(verb)), "plan": text(plan), "region": text(region), "platform": text(r.Platform), "options": options,
		"name": text(r.Name), "owner": ownerValue(r.Owner), "user_id": text(r.UserID),
	})
}

// request is a request before there is one. What it has of the customer is as
// unknown as in u.
func (u unknowns) request(verb backend.Verb, plan, region, platform, options cty.Value) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"verb": text(string(verb)), "plan": plan, "region": region, "platform": platform, "options": options,
		"name": u["name"], "owner": u["owner"], "user_id": u["user_id"],
	})
}

// noPlan is the plan before a provision.
func noPlan() cty.Value { return cty.NullVal(cty.DynamicPseudoType) }

// question is a request that platforms may make, for checking rules.
type question struct {
	of       *addon
	platform *mounted
	region   *region
	plan     *plan
	current  *plan // nil: a provision
}

// provisions lists the orders that platforms may make for the plans that fit,
// as far as they make a difference to expr. alone is for rules that judge
// nothing else; for others the orders come second to the changes of plan and
// show only what is special about them.
func (l *loader) provisions(a *addon, expr hcl.Expression, alone bool, fits func(*plan) bool) []configvar.Case {
	var cases []configvar.Case
	uses := configvar.Mentioned(expr)
	a.each(func(m *mounted, r *region, to *plan) {
		if len(cases) > maxEvaluations || !fits(to) {
			return
		}
		q := question{of: a, platform: m, region: r, plan: to}
		if alone || uses["verb"] {
			usual := l.asked(q, l.unknown, a.optionValues.usual)
			if !alone {
				usual.Only, usual.Note = "verb", "at a provision there are no outputs and no plan before: ask request.verb first, or write try(…, …)"
			}
			cases = append(cases, usual)
		}
		if uses["request"] {
			cases = append(cases, l.askedSparse(q))
		}
	})
	return cases
}

// planChanges lists the changes of plan that platforms may ask for, as far as
// they make a difference to expr.
func (l *loader) planChanges(a *addon, expr hcl.Expression, fits func(from, to *plan) bool) []configvar.Case {
	var cases []configvar.Case
	uses := configvar.Mentioned(expr)
	a.each(func(m *mounted, r *region, to *plan) {
		for _, from := range a.plans {
			if len(cases) > maxEvaluations || !fits(from, to) || !from.scope.region(r.ID) || from.madeIn(r) != to.madeIn(r) {
				continue // a change to another backend is refused before any rule is asked
			}
			q := question{of: a, platform: m, region: r, plan: to, current: from}
			cases = append(cases, l.asked(q, l.unknown, a.optionValues.usual))
			if uses["request"] {
				cases = append(cases, l.askedSparse(q))
			}
			if !uses["current"] {
				return
			}
		}
	})
	return cases
}

// each visits all that the add-on sells. One that is not sold yet is checked
// all the same.
func (a *addon) each(visit func(m *mounted, r *region, p *plan)) {
	for _, m := range a.places() {
		for _, r := range m.regions {
			for _, p := range m.plans {
				if p.scope.region(r.ID) {
					visit(m, r, p)
				}
			}
		}
	}
}

func (l *loader) asked(q question, parts unknowns, options cty.Value) configvar.Case {
	r, b, verb, name := q.region, q.plan.madeIn(q.region), backend.VerbProvision, "the backend"
	output, none := cty.DynamicVal, cty.DynamicVal
	if b != nil {
		name, output, none = "backend."+b.Name, b.unknown, b.none
	}
	place := diagnostic.Case{Platform: q.platform.name, Plan: q.plan.ID, Region: r.ID}
	current := noPlan()
	if q.current == nil {
		output = none
	} else {
		verb, current, place.Current = backend.VerbChangePlan, q.current.of(b), q.current.ID
	}
	return configvar.Case{
		Case: place, Verb: string(verb), Addon: q.of.ID, Backend: name,
		Context: func() *hcl.EvalContext {
			platform := cty.UnknownVal(cty.String).RefineNotNull()
			if q.platform.name != "" {
				platform = text(q.platform.name)
			}
			request := parts.request(verb, text(q.plan.ID), text(r.ID), platform, options)
			return requestScope(q.of.content.Context, q.of, q.platform.value, q.plan.of(b), r.value, request, current, output)
		},
	}
}

// askedSparse is a request in which the platform sent as little as it may.
func (l *loader) askedSparse(q question) configvar.Case {
	c := l.asked(q, l.sparse, q.of.optionValues.sparse)
	c.Only, c.Note = "request", "not every request has this"
	return c
}

// rules are what an add-on says about requests.
type rules struct {
	validations []*validation
	quotas      []*quota
	changes     []*changeRule
}

func (l *loader) rules(a *addon) {
	a.rules = rules{validations: l.validations(a), quotas: l.quotas(a), changes: l.planChangeRules(a)}
}

// checkRules proves that the add-on's rules can be evaluated for every request
// that its platforms may make.
func (l *loader) checkRules(a *addon) {
	l.checkValidations(a)
	l.checkQuotas(a)
	l.checkPlanChanges(a)
}

// checkRule checks one expression of a rule.
func (l *loader) checkRule(e configvar.Expression, cases []configvar.Case) {
	if e.Expr == nil {
		return // that it is missing is reported
	}
	e.Phase = schema.Request
	l.check(e, cases)
}

// judgeKnown judges a value that is known before serving: fits says what is
// wrong with it, and what to do.
func judgeKnown(fits func(v cty.Value) (problem, hint string)) func(cty.Value, hcl.Range) hcl.Diagnostics {
	return func(v cty.Value, at hcl.Range) hcl.Diagnostics {
		v, _ = v.Unmark()
		if v.IsNull() || !v.IsKnown() {
			return nil
		}
		problem, hint := fits(v)
		if problem == "" {
			return nil
		}
		return hcl.Diagnostics{wrong(problem, at, hint)}
	}
}

// nonempty is for sentences that a customer reads.
func nonempty(v cty.Value) (problem, hint string) {
	if v.AsString() == "" {
		return "The customer would read nothing", "say what to do instead"
	}
	return "", ""
}

// outputUse says which outputs a rule mentions.
type outputUse struct {
	whole bool // all of them, or some that are not named
	names []string
}

func outputsIn(exprs ...hcl.Expression) outputUse {
	var u outputUse
	for _, e := range exprs {
		if e == nil {
			continue
		}
		for _, t := range e.Variables() {
			if t.RootName() != "output" {
				continue
			}
			if len(t) > 1 {
				if step, ok := t[1].(hcl.TraverseAttr); ok {
					u.names = append(u.names, step.Name)
					continue
				}
			}
			u.whole = true
		}
	}
	return u
}

func (u outputUse) none() bool { return !u.whole && len(u.names) == 0 }
