package schema

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// forEachName is the attribute that makes many blocks of one.
const forEachName = "for_each"

// expand decodes a block once per element of its for_each, with "each" in
// scope, and once where it has none.
func (c *Content) expand(ctx *hcl.EvalContext) ([]*Content, hcl.Diagnostics) {
	probe := &hcl.BodySchema{Attributes: []hcl.AttributeSchema{{Name: forEachName}}}
	raw, _, _ := c.Body.PartialContent(probe)
	attribute, ok := raw.Attributes[forEachName]
	if !ok {
		return c.decodeHere(ctx)
	}
	elements, diags := c.elements(attribute.Expr, ctx)
	var expanded []*Content
	for _, each := range elements {
		scope := ctx.NewChild()
		scope.Variables = map[string]cty.Value{"each": each}
		decoded, more := c.decodeHere(scope)
		expanded, diags = append(expanded, decoded...), append(diags, more...)
	}
	return expanded, diags
}

// elements returns the values of "each": objects of key and value.
func (c *Content) elements(expr hcl.Expression, ctx *hcl.EvalContext) ([]cty.Value, hcl.Diagnostics) {
	many := Attribute{Name: forEachName, Type: cty.DynamicPseudoType}
	v, diags := c.Block.evaluate(many, expr, ctx)
	if diags.HasErrors() {
		return nil, diags
	}
	at := expr.Range()
	switch {
	case IsNull(v):
		return nil, append(diags, nullValue(forEachName, expr))
	case !v.IsKnown():
		return nil, append(diags, diagnostic.New("for_each must be known when the files are read", at, diagnostic.Info{
			Code: "AG219", Hint: "it may not depend on a secret",
		}))
	case !v.CanIterateElements():
		return nil, append(diags, diagnostic.New(fmt.Sprintf(`"for_each" takes a list or a map, not %s`, TypeName(v.Type())), at,
			diagnostic.Info{Code: "AG305", Hint: "write [ … ]"}))
	}
	keyed := v.Type().IsMapType() || v.Type().IsObjectType()
	if keyed && c.Block.Ordered && v.LengthInt() > 1 {
		diags = append(diags, diagnostic.Warn(diagnostic.Capital(c.Block.Type)+"s from a map are offered in alphabetical order", at,
			diagnostic.Info{Code: "AG217", Hint: "use a list to choose the order"}))
	}
	elements := make([]cty.Value, 0, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		key, value := it.Element()
		elements = append(elements, cty.ObjectVal(map[string]cty.Value{"key": key, "value": value}))
	}
	return elements, diags
}

// idName is the setting that tells apart what for_each makes.
const idName = "id"

// Identity is the id of a block that for_each can make many of: its label, or
// what "id" says.
type Identity struct {
	Text  string
	At    hcl.Range
	Known bool // false: it is missing, which is reported, or can't be told yet

	label    hcl.Range
	repeated bool
}

// Identity reads the id of a block. made tells that the block stands in one that
// for_each makes many of, where it may have "id" without a for_each of its own.
func (c *Content) Identity(made bool) (Identity, hcl.Diagnostics) {
	id := Identity{Text: c.Label(0), At: c.LabelRange(0), label: c.LabelRange(0), repeated: c.Repeated()}
	switch {
	case id.repeated && !c.Has(idName):
		return id, hcl.Diagnostics{diagnostic.New(c.needs(idName), c.Range, diagnostic.Info{
			Code: "AG204", Hint: "add: id = each.key, or another text that differs from element to element",
		})}
	case !id.repeated && c.Has(idName) && !made:
		id.Known = true
		return id, hcl.Diagnostics{diagnostic.New(quote(idName)+" exists only beside for_each", c.Settings[idName].NameRange, diagnostic.Info{
			Code: "AG202", Hint: fmt.Sprintf("the id is the label: %s %q", c.Block.Type, c.Text(idName)),
		})}
	case c.Has(idName):
		id.Text, id.At, id.Known, id.repeated = c.Text(idName), c.ValueRange(idName), c.Known(idName), true
		return id, nil
	}
	id.Known = true
	return id, nil
}

// Repeated reports whether the block is one of those that a for_each made.
func (c *Content) Repeated() bool { return c.Has(forEachName) }

// Again reports that a block has the id of an earlier one. It is nil where that
// is reported otherwise: one header that stands twice, or an id that is missing.
func (id Identity) Again(what string, earlier Identity) *hcl.Diagnostic {
	if !id.Known || !earlier.Known || id.Text == "" || !id.repeated && !earlier.repeated {
		return nil
	}
	return Twice(fmt.Sprintf("%s %q", what, id.Text), id.At, earlier.label)
}
