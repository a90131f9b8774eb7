package config

import (
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// liveCases is where the live settings of a backend are evaluated.
type liveCases struct {
	addons    []configvar.Case // that it makes resources of
	providers []configvar.Case // that it rents servers for
	early     []configvar.Case // calls of both that have no outputs yet, or no server
}

func (l *loader) liveOf(b *loadedBackend) *liveCases {
	if l.live[b] == nil {
		l.live[b] = &liveCases{}
	}
	return l.live[b]
}

// checkLiveSettings proves that the live settings of every backend that is
// used can be evaluated, also at the first provision, when there are no
// outputs.
func (l *loader) checkLiveSettings() {
	used := slices.Collect(maps.Keys(l.live))
	slices.SortFunc(used, func(x, y *loadedBackend) int { return strings.Compare(x.Name, y.Name) })
	for _, b := range used {
		owned := map[string][]string{}
		ownedBy(b.Description.Config, owned)
		for _, s := range b.body.LiveSettings() {
			e := configvar.Expression{
				Name: s.Name, What: "setting of this backend", Expr: s.Setting.Expr, Type: s.Type,
				Required: s.Required, Public: !s.Sensitive, Secrets: s.Secrets, In: title(b.content),
			}
			if s.Expression {
				e.Elsewhere = owned
				l.checkExpression(e, s, l.live[b])
				continue
			}
			l.check(e, slices.Concat(l.live[b].addons, l.live[b].providers, l.live[b].early))
		}
	}
}

// ownedBy finds the names that a plugin itself supplies, with the settings that
// they have a value in.
func ownedBy(s backend.Schema, settings map[string][]string) {
	for _, a := range s.Attributes {
		for _, name := range a.Own {
			if !slices.Contains(settings[name], a.Name) {
				settings[name] = append(settings[name], a.Name)
			}
		}
	}
	for _, b := range s.Blocks {
		ownedBy(b.Body, settings)
	}
}

// checkExpression checks what a plugin evaluates when it needs it. That may be
// in the calls of add-ons only or in those of providers only, which have other
// plans and outputs: what is right for either is right. The early calls do not
// count, because a plugin does not evaluate in them what needs more.
func (l *loader) checkExpression(e configvar.Expression, s schema.LiveSetting, live *liveCases) {
	found := l.judged(e, evaluatedByPlugin(live.addons, s.Own))
	if len(live.providers) > 0 && (len(live.addons) == 0 || found.HasErrors()) {
		rented := l.judged(e, evaluatedByPlugin(live.providers, s.Own))
		if len(live.addons) == 0 || !rented.HasErrors() {
			found = rented
		}
	}
	l.add(found...)
}

// evaluatedByPlugin are cases with the scope that a plugin has.
func evaluatedByPlugin(cases []configvar.Case, own []string) []configvar.Case {
	theirs := slices.Clone(cases)
	for i, c := range cases {
		theirs[i].Context = func() *hcl.EvalContext { return pluginScope(c.Context(), own) }
	}
	return theirs
}

// pluginScope has the names of a scope here and those of a plugin, and no
// functions that reach outside.
func pluginScope(here *hcl.EvalContext, own []string) *hcl.EvalContext {
	scope := &hcl.EvalContext{Variables: map[string]cty.Value{}, Functions: expr.Functions(expr.Env{})}
	for ; here != nil; here = here.Parent() {
		for name, v := range here.Variables {
			if _, inner := scope.Variables[name]; !inner {
				scope.Variables[name] = v
			}
		}
	}
	for _, name := range own {
		scope.Variables[name] = cty.DynamicVal
	}
	return scope
}
