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
