package config

import (
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
)

func localsTable() *schema.Block {
	return &schema.Block{
		Type: "locals", Open: true,
		Doc:     "Values with a name, for use in this configuration: local.NAME. They may use each other in any order, and settings of any name may stand here.",
		Example: localsExample,
	}
}

// locals evaluates the named values in the order of their needs.
func (l *loader) locals(blocks []*schema.Content) {
	s := &localSorter{loader: l, settings: map[string]schema.Setting{}, values: map[string]cty.Value{}}
	for _, c := range blocks {
		decoded := l.decode(c)
		for name, setting := range decoded.Settings {
			if first, again := s.settings[name]; again {
				l.add(schema.Twice("local."+name, setting.NameRange, first.NameRange))
				continue
			}
			s.settings[name] = setting
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.settings)) {
		s.evaluate(name)
	}
	l.scope.Variables["local"] = cty.ObjectVal(s.values)
	if l.unsure("locals") {
		l.scope.Variables["local"] = cty.DynamicVal
	}
}

// localSorter evaluates each local after those it mentions.
type localSorter struct {
	*loader
	settings map[string]schema.Setting
	values   map[string]cty.Value
	path     []string // the locals being evaluated, outermost first
}

func (s *localSorter) evaluate(name string) {
	if _, done := s.values[name]; done {
		return
	}
	if start := slices.Index(s.path, name); start >= 0 {
		s.cycle(s.path[start:])
		return
	}
	s.path = append(s.path, name)
	expr := s.settings[name].Expr
	for _, needed := range localsIn(expr) {
		if _, declared := s.settings[needed]; declared {
			s.evaluate(needed)
		}
	}
	s.path = s.path[:len(s.path)-1]
	if _, gaveUp := s.values[name]; gaveUp {
		return
	}
	s.values[name] = s.value(expr)
}

func (s *localSorter) value(expr hcl.Expression) cty.Value {
	if early := schema.CheckPhase(expr, s.scope, schema.Load); early.HasErrors() {
		s.add(early...)
		return cty.DynamicVal
	}
	scope := s.scopeAt(expr.Range()).NewChild()
	scope.Variables = map[string]cty.Value{"local": cty.ObjectVal(s.values)}
	if s.unsure("locals") {
		scope.Variables["local"] = cty.DynamicVal
	}
	v, diags := expr.Value(scope)
	s.add(diags...)
	if diags.HasErrors() {
		return cty.DynamicVal
	}
	return v
}

// cycle reports locals that need each other, and gives them unknown values.
func (s *localSorter) cycle(names []string) {
	info := diagnostic.Info{Code: "AG306", Hint: "one of them must do without the others"}
	var full []string
	for _, name := range names {
		full = append(full, "local."+name)
		info.Also = append(info.Also, diagnostic.Place{Range: s.settings[name].NameRange, Text: "local." + name})
		s.values[name] = cty.DynamicVal
	}
	info.Also = info.Also[1:]
	summary := full[0] + " needs itself"
	if len(full) > 1 {
		summary = fmt.Sprintf("%s and %s need each other", strings.Join(full[:len(full)-1], ", "), full[len(full)-1])
	}
	s.add(diagnostic.New(summary, s.settings[names[0]].NameRange, info))
}

// localsIn lists the locals that an expression mentions.
func localsIn(expr hcl.Expression) []string {
	var names []string
	for _, t := range expr.Variables() {
		if t.RootName() != "local" || len(t) < 2 {
			continue
		}
		switch step := t[1].(type) {
		case hcl.TraverseAttr:
			names = append(names, step.Name)
		case hcl.TraverseIndex:
			if step.Key.Type() == cty.String {
				names = append(names, step.Key.AsString())
			}
		}
	}
	return names
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
