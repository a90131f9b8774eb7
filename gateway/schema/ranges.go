package schema

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Place finds where the operator wrote what a plugin's diagnostic is about:
// the setting that path leads to, or the nearest thing around it.
func (b *BackendBody) Place(path cty.Path) hcl.Range { return b.content.place(path) }

func (c *Content) place(path cty.Path) hcl.Range {
	if len(path) == 0 {
		return c.Range
	}
	name, ok := stepName(path[0])
	if !ok {
		return c.Range
	}
	if s, ok := c.Settings[name]; ok {
		return exprPlace(s.Expr, path[1:])
	}
	blocks := c.Blocks(name)
	if len(blocks) == 0 {
		return c.Range
	}
	if blocks[0].Block.Max == 1 && len(blocks[0].Labels) == 0 {
		return blocks[0].place(path[1:])
	}
	if len(path) < 2 {
		return blocks[0].Range
	}
	for i, n := range blocks {
		if label, ok := stepName(path[1]); ok && n.Label(0) == label || stepIndex(path[1]) == i {
			return n.place(path[2:])
		}
	}
	return c.Range
}

// exprPlace goes into a map or list as far as it is written out. A path that ends
// with an index into a map leads to the key there, one that ends with an
// attribute to the value.
func exprPlace(expr hcl.Expression, path cty.Path) hcl.Range {
	if len(path) == 0 {
		return expr.Range()
	}
	if name, ok := stepName(path[0]); ok {
		for _, p := range pairs(expr) {
			if p.name != name {
				continue
			}
			if _, isKey := path[0].(cty.IndexStep); isKey && len(path) == 1 {
				return p.at
			}
			return exprPlace(p.value, path[1:])
		}
		return expr.Range()
	}
	items, diags := hcl.ExprList(expr)
	if i := stepIndex(path[0]); !diags.HasErrors() && i >= 0 && i < len(items) {
		return exprPlace(items[i], path[1:])
	}
	return expr.Range()
}

// pair is one key and value of a map that is written out.
type pair struct {
	name  string
	at    hcl.Range // of the key
	value hcl.Expression
}

// pairs returns the entries of a map that is written out, as far as their keys
// are plain words, and those of both branches of a condition; none for any other
// expression.
func pairs(expr hcl.Expression) []pair {
	if c, ok := expr.(*hclsyntax.ConditionalExpr); ok {
		return append(pairs(c.TrueResult), pairs(c.FalseResult)...)
	}
	raw, diags := hcl.ExprMap(expr)
	if diags.HasErrors() {
		return nil
	}
	var list []pair
	for _, p := range raw {
		key, diags := p.Key.Value(nil)
		if diags.HasErrors() || IsNull(key) || key.Type() != cty.String || !key.IsKnown() || key.IsMarked() {
			continue
		}
		list = append(list, pair{name: key.AsString(), at: p.Key.Range(), value: p.Value})
	}
	return list
}

func stepName(step cty.PathStep) (string, bool) {
	switch s := step.(type) {
	case cty.GetAttrStep:
		return s.Name, true
	case cty.IndexStep:
		if s.Key.Type() == cty.String && s.Key.IsKnown() && !s.Key.IsNull() {
			return s.Key.AsString(), true
		}
	}
	return "", false
}

func stepIndex(step cty.PathStep) int {
	if s, ok := step.(cty.IndexStep); ok && s.Key.Type() == cty.Number && s.Key.IsKnown() && !s.Key.IsNull() {
		i, _ := s.Key.AsBigFloat().Int64()
		return int(i)
	}
	return -1
}

// KeyRange is where a map that is written out has the key called name; the
// whole expression where it does not show.
func KeyRange(expr hcl.Expression, name string) hcl.Range {
	for _, p := range pairs(expr) {
		if p.name == name {
			return p.at
		}
	}
	return expr.Range()
}

// EntryRange is where a map that is written out has the value of the key
// called name; the whole expression where it does not show.
func EntryRange(expr hcl.Expression, name string) hcl.Range {
	return exprPlace(expr, cty.GetAttrPath(name))
}
