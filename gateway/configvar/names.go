package configvar

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
)

// gap is a value of a plan or region that one case does not have. Whether it
// is a slip or a difference between plans shows only when all cases are known.
type gap struct {
	in      *Case
	at      hcl.Range
	path    string // "plan.params"
	name    string // "replica"
	has     []string
	guarded bool // a condition keeps it from being evaluated in this case
}

// names follows every name that the expression mentions as far as the scope's
// types tell, whatever conditions stand around it.
func (c *checker) names(in *Case) {
	c.add(in, c.phase...)
	for _, m := range c.mentions {
		root := m.traversal.RootName()
		v, ok := lookup(in.scope, root)
		if !ok {
			if at := m.traversal[0].SourceRange(); !overlaps(&hcl.Diagnostic{Subject: &at}, c.phase) {
				c.add(in, c.unknownRoot(root, at, in.scope))
			}
			continue
		}
		c.follow(in, m, v)
	}
}

func (c *checker) follow(in *Case, m mention, v cty.Value) {
	path := m.traversal.RootName()
	for _, step := range m.traversal[1:] {
		next, diags := apply(v, step)
		if !diags.HasErrors() {
			v, path = next, path+stepText(step)
			continue
		}
		g := gap{in: in, at: nameRange(step), path: path, name: stepName(step), has: namesOf(v), guarded: closed(m.guards, in.scope)}
		switch {
		case schema.IsNull(v):
			if !g.guarded {
				hint := fmt.Sprintf("write try(%s%s, …)", path, stepText(step))
				if in.Note == "" {
					hint = "give it a value, or " + hint
				}
				c.add(in, diagnostic.New(path+" is null", g.at, diagnostic.Info{Code: "AG311", Hint: hint}))
			}
		case slices.Contains([]string{"plan", "region", "current"}, m.traversal.RootName()):
			c.gaps = append(c.gaps, g)
		default:
			d := c.unknownName(g)
			if info, _ := diagnostic.Of(d); in.Note != "" {
				info.Hint = fmt.Sprintf("write try(%s%s, …)", path, stepText(step))
				d.Extra = info
			}
			c.add(in, d)
		}
		return
	}
}

// unequal judges what some plans or regions lack: in all of them it is a wrong
// name, in some it must be given or tried for.
func (c *checker) unequal() {
	count, has := map[hcl.Range]int{}, map[hcl.Range][]string{}
	for _, g := range c.gaps {
		count[g.at]++
		has[g.at] = append(has[g.at], g.has...)
	}
	for _, g := range c.gaps {
		switch {
		case count[g.at] == c.judged:
			g.has = has[g.at] // what any of them has
			c.add(g.in, c.unknownName(g))
		case !g.guarded:
			c.add(g.in, c.missingInSome(g))
		}
	}
}

func (c *checker) missingInSome(g gap) *hcl.Diagnostic {
	word, _, _ := strings.Cut(g.path, ".")
	var without []string
	for _, other := range c.gaps {
		id := other.in.Plan
		switch word {
		case "region":
			id = other.in.Region
		case "current":
			id = other.in.Current
		}
		if other.at == g.at && !other.guarded && !slices.Contains(without, id) {
			without = append(without, id)
		}
	}
	full := g.path[len(word)+1:] + "." + g.name
	if g.path == word {
		full = g.name
	}
	kind := word
	if word == "current" {
		kind = "plan"
	}
	subject := diagnostic.Capital(kind) + " " + without[0] + " has"
	if len(without) > 1 {
		subject = diagnostic.Capital(kind) + "s " + diagnostic.And(without) + " have"
	}
	return diagnostic.New(fmt.Sprintf("%s no %s", subject, full), g.at, diagnostic.Info{
		Code: "AG304", Hint: fmt.Sprintf("set it there, or write try(%s.%s, …)", g.path, g.name),
	})
}

func (c *checker) unknownName(g gap) *hcl.Diagnostic {
	info := diagnostic.Info{Code: "AG302", Hint: diagnostic.DidYouMean(g.name, g.has)}
	if info.Hint == "" {
		info.Hint = diagnostic.Declaration(g.path, g.name)
	}
	list := diagnostic.List(g.has)
	switch {
	case g.path == "output" && list != "":
		info.Notes = []string{g.in.Backend + " offers: " + list}
	case list != "":
		info.Notes = []string{g.path + " has: " + list}
	}
	return diagnostic.New(fmt.Sprintf("%q has no value named %q", g.path, g.name), g.at, info)
}

func (c *checker) unknownRoot(name string, at hcl.Range, ctx *hcl.EvalContext) *hcl.Diagnostic {
	if settings := c.Elsewhere[name]; len(settings) > 0 {
		return diagnostic.New(fmt.Sprintf("%q has no value here", name), at, diagnostic.Info{
			Code: "AG303", Hint: "it has one only in " + diagnostic.And(settings),
		})
	}
	var known []string
	for ; ctx != nil; ctx = ctx.Parent() {
		known = slices.AppendSeq(known, maps.Keys(ctx.Variables))
	}
	info := diagnostic.Info{Code: "AG301", Hint: diagnostic.DidYouMean(name, known)}
	if list := diagnostic.List(known); list != "" {
		info.Notes = []string{"available: " + list}
	}
	return diagnostic.New(fmt.Sprintf("Nothing is called %q here", name), at, info)
}

func lookup(ctx *hcl.EvalContext, name string) (cty.Value, bool) {
	for ; ctx != nil; ctx = ctx.Parent() {
		if v, ok := ctx.Variables[name]; ok {
			return v, true
		}
	}
	return cty.NilVal, false
}

// apply takes one step of a traversal.
func apply(v cty.Value, step hcl.Traverser) (cty.Value, hcl.Diagnostics) {
	at := step.SourceRange()
	switch s := step.(type) {
	case hcl.TraverseAttr:
		return hcl.GetAttr(v, s.Name, &at)
	case hcl.TraverseIndex:
		return hcl.Index(v, s.Key, &at)
	}
	return cty.DynamicVal, nil
}

// nameRange is where the step's name stands, without the dot before it.
func nameRange(step hcl.Traverser) hcl.Range {
	at := step.SourceRange()
	if s, ok := step.(hcl.TraverseAttr); ok && at.Start.Line == at.End.Line && at.End.Byte-at.Start.Byte == len(s.Name)+1 {
		at.Start.Byte++
		at.Start.Column++
	}
	return at
}

func stepName(step hcl.Traverser) string {
	switch s := step.(type) {
	case hcl.TraverseAttr:
		return s.Name
	case hcl.TraverseIndex:
		if s.Key.Type() == cty.String {
			return s.Key.AsString()
		}
		return s.Key.AsBigFloat().Text('f', -1)
	}
	return "*"
}

func stepText(step hcl.Traverser) string {
	if s, ok := step.(hcl.TraverseIndex); ok {
		if s.Key.Type() == cty.String {
			return fmt.Sprintf("[%q]", stepName(step))
		}
		return "[" + stepName(step) + "]"
	}
	return "." + stepName(step)
}

// namesOf lists what may stand after v.
func namesOf(v cty.Value) []string {
	u, _ := v.Unmark()
	switch {
	case u.Type().IsObjectType():
		return slices.Sorted(maps.Keys(u.Type().AttributeTypes()))
	case u.Type().IsMapType() && u.IsKnown() && !u.IsNull():
		return slices.Sorted(maps.Keys(u.AsValueMap()))
	}
	return nil
}

// isGap reports whether d is about a value that only some plans or regions
// have: unequal speaks of it when all are known.
func (c *checker) isGap(d *hcl.Diagnostic, in *Case) bool {
	for _, g := range c.gaps {
		if g.in == in && d.Subject != nil && g.at.Overlaps(*d.Subject) {
			return true
		}
	}
	return false
}
