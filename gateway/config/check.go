package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/plugins/backend"
)

// checkAddon proves that the add-on's config vars and messages can be rendered
// on every platform, for every plan in every region.
func (l *loader) checkAddon(a *addon) {
	places := a.places()
	cases := map[*mounted][]configvar.Case{}
	var everywhere []configvar.Case
	for _, m := range places {
		cases[m] = l.cases(a, m)
		everywhere = append(everywhere, cases[m]...)
	}
	l.checkVars(a, places, cases)
	l.checkLogDrains(a, places, cases)
	l.checkSignOn(a, everywhere)
	for _, verb := range messageVerbs() {
		if expr := a.message(verb); expr != nil {
			l.check(configvar.Expression{Name: string(verb), What: "message", Expr: expr, Type: cty.String, Required: true, Public: true, In: a.title()}, everywhere)
		}
	}
}

// places are where the add-on is sold. One that is not sold yet has a place all
// the same, without a name: its templates are checked, too.
func (a *addon) places() []*mounted {
	if len(a.order) > 0 {
		return a.order
	}
	return []*mounted{{plans: a.plans, regions: a.regions, vars: a.vars, value: noPlatform()}}
}

// checkVars checks each config var once, with the cases of all platforms that
// have it.
func (l *loader) checkVars(a *addon, places []*mounted, cases map[*mounted][]configvar.Case) {
	type use struct {
		configVar
		cases []configvar.Case
	}
	var uses []*use
	byPlace := map[hcl.Range]*use{}
	for _, m := range places {
		for _, v := range m.vars {
			u, ok := byPlace[v.at]
			if !ok {
				u = &use{configVar: v}
				byPlace[v.at], uses = u, append(uses, u)
			}
			u.cases = append(u.cases, cases[m]...)
		}
	}
	needed := needEvery(places)
	for _, u := range uses {
		l.check(configvar.Expression{Name: u.name, What: "config var", Expr: u.expr, Needed: needed, In: a.title()}, u.cases)
	}
}

// needEvery finds the platforms that take a config var without text for one
// that is missing: their titles by their labels.
func needEvery(places []*mounted) map[string]string {
	needed := map[string]string{}
	for _, m := range places {
		if m.mount == nil {
			continue
		}
		if p := m.mount.Profile(); p.EveryConfigVar {
			needed[m.name] = p.Name
		}
	}
	return needed
}

func (l *loader) check(e configvar.Expression, cases []configvar.Case) {
	l.add(l.judged(e, cases)...)
}

// judged is check for who decides what is reported.
func (l *loader) judged(e configvar.Expression, cases []configvar.Case) hcl.Diagnostics {
	cases = configvar.Relevant(e.Expr, cases)
	if l.budget < len(cases) {
		if l.budget >= 0 {
			l.add(diagnostic.Warn(fmt.Sprintf("More than %d values to check", maxEvaluations), e.Expr.Range(), diagnostic.Info{
				Code: "AG218", Hint: "from here on they are not checked before serving",
			}))
		}
		l.budget = -1
		return nil
	}
	l.budget -= len(cases)
	l.files.Summary.Values += len(cases)
	return configvar.Check(e, cases, l.files.parsed)
}

// cases makes the scopes of each plan and region that a platform sells
// together, and notes them for the live settings of the backends.
func (l *loader) cases(a *addon, m *mounted) []configvar.Case {
	var cases []configvar.Case
	for _, r := range m.regions {
		for _, p := range m.plans {
			if !p.scope.region(r.ID) {
				continue
			}
			b := p.madeIn(r)
			scope := func(parent *hcl.EvalContext, parts unknowns, options, output cty.Value) configvar.Case {
				return a.caseOf(parent, m, p, r, parts, options, output)
			}
			usual := func(parent *hcl.EvalContext) []configvar.Case {
				sparse := scope(parent, l.sparse, a.optionValues.sparse, b.unknownOutput())
				sparse.Only, sparse.Note = "resource", "platforms do not send this for every resource"
				return []configvar.Case{scope(parent, l.unknown, a.optionValues.usual, b.unknownOutput()), sparse}
			}
			cases = append(cases, usual(a.content.Context)...)
			if b != nil && b.body != nil {
				first := scope(b.content.Context, l.unknown, a.optionValues.usual, b.none)
				first.Only, first.Note = "output", "at the first provision there are no outputs yet"
				live := l.liveOf(b)
				live.addons, live.early = append(live.addons, usual(b.content.Context)...), append(live.early, first)
			}
		}
	}
	return cases
}

// caseOf is the scope of one plan in one region of a platform, for expressions
// of the block that parent belongs to.
func (a *addon) caseOf(parent *hcl.EvalContext, m *mounted, p *plan, r *region, parts unknowns, options, output cty.Value) configvar.Case {
	b, name := p.madeIn(r), "the backend"
	if b != nil {
		name = "backend." + b.Name
	}
	return configvar.Case{
		Case: diagnostic.Case{Platform: m.name, Plan: p.ID, Region: r.ID}, Addon: a.ID, Backend: name,
		Context: func() *hcl.EvalContext {
			resource := parts.resource(text(p.ID), text(r.ID), options)
			return liveScope(parent, a.value, m.value, p.of(b), r.value, resource, output)
		},
	}
}

// unknownOutput is output.* before there are values; b may be nil.
func (b *loadedBackend) unknownOutput() cty.Value {
	if b == nil {
		return cty.DynamicVal
	}
	return b.unknown
}

func noPlatform() cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"id": cty.UnknownVal(cty.String), "username": cty.UnknownVal(cty.String),
		"password": cty.UnknownVal(cty.String).Mark(backend.Sensitive), "sso_salt": cty.UnknownVal(cty.String).Mark(backend.Sensitive),
	})
}

// messageVerbs are the verbs after which a customer reads a message.
func messageVerbs() []backend.Verb {
	return []backend.Verb{backend.VerbProvision, backend.VerbChangePlan, backend.VerbDeprovision, backend.VerbSuspend, backend.VerbResume}
}
