package schema

import (
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// Decode reads body by block's table, nested blocks included. header is where
// a missing setting is reported. The Content is never nil; what was wrong is
// absent from it.
func Decode(block *Block, body hcl.Body, header hcl.Range, ctx *hcl.EvalContext) (*Content, hcl.Diagnostics) {
	c, diags := Outline(block, body, header)
	return c, append(diags, c.fill(ctx)...)
}

// DecodePartial is Decode for a body that somebody else reads on: names that
// the table does not have stay in the returned body and are no error here.
func DecodePartial(block *Block, body hcl.Body, header hcl.Range, ctx *hcl.EvalContext) (*Content, hcl.Body, hcl.Diagnostics) {
	raw, rest, found := body.PartialContent(block.bodySchema())
	c, diags := block.outline(raw, header, block.meantBy(found))
	diags = append(block.translate(found), diags...)
	return c, rest, append(diags, c.fill(ctx)...)
}

// Outline reads the names of a body without evaluating anything: its settings
// hold expressions only, its nested blocks are not looked into. DecodeNested
// goes on with one of those.
func Outline(block *Block, body hcl.Body, header hcl.Range) (*Content, hcl.Diagnostics) {
	raw, found := block.content(body)
	c, diags := block.outline(raw, header, block.meantBy(found))
	return c, append(block.translate(found), diags...)
}

// DecodeNested decodes one nested block of an Outline. With for_each it
// becomes as many as there are elements.
func DecodeNested(c *Content, ctx *hcl.EvalContext) ([]*Content, hcl.Diagnostics) {
	if c.Block.Body {
		c.Context = ctx
		return []*Content{c}, nil
	}
	if c.Block.ForEach {
		return c.expand(ctx)
	}
	return c.decodeHere(ctx)
}

func (c *Content) decodeHere(ctx *hcl.EvalContext) ([]*Content, hcl.Diagnostics) {
	decoded, diags := Decode(c.Block, c.Body, c.Range, ctx)
	decoded.Labels = c.Labels
	return []*Content{decoded}, diags
}

// bodySchema is the table in the form that hcl wants.
func (b *Block) bodySchema() *hcl.BodySchema {
	s := &hcl.BodySchema{}
	for _, a := range b.Attributes {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: a.Name})
	}
	if b.ForEach {
		s.Attributes = append(s.Attributes, hcl.AttributeSchema{Name: forEachName})
	}
	for _, n := range b.Blocks {
		s.Blocks = append(s.Blocks, hcl.BlockHeaderSchema{Type: n.Type, LabelNames: n.Labels})
	}
	return s
}

// content reads a whole body. An open block's further attributes are read too.
func (b *Block) content(body hcl.Body) (*hcl.BodyContent, hcl.Diagnostics) {
	if !b.Open {
		return body.Content(b.bodySchema())
	}
	s := b.bodySchema()
	raw, rest, diags := body.PartialContent(s)
	others, more := rest.JustAttributes()
	for name, a := range others {
		raw.Attributes[name] = a
	}
	return raw, append(diags, more...)
}

// outline sorts what hcl found into a Content and checks numbers of blocks,
// reserved names and repetitions.
func (b *Block) outline(raw *hcl.BodyContent, header hcl.Range, meant map[string]bool) (*Content, hcl.Diagnostics) {
	c := &Content{Block: b, Range: header, Settings: map[string]Setting{}, meant: meant}
	var diags hcl.Diagnostics
	for _, a := range sorted(raw.Attributes) {
		if declared, ok := b.attribute(a.Name); ok && declared.Reserved {
			diags = append(diags, diagnostic.NotInThisVersion(a.Name, a.NameRange))
			continue
		}
		c.Settings[a.Name] = Setting{Name: a.Name, NameRange: a.NameRange, Expr: a.Expr}
	}
	for _, n := range raw.Blocks {
		nested, ok := b.block(n.Type)
		if !ok {
			continue
		}
		if nested.Reserved {
			diags = append(diags, diagnostic.NotInThisVersion(n.Type, n.TypeRange))
			continue
		}
		c.Nested = append(c.Nested, nested.header(n))
	}
	diags = append(diags, c.repeated()...)
	return c, append(diags, c.missingBlocks()...)
}

func (b *Block) header(n *hcl.Block) *Content {
	c := &Content{Block: b, Range: n.DefRange, Body: n.Body, Settings: map[string]Setting{}}
	for i, text := range n.Labels {
		c.Labels = append(c.Labels, Label{Text: text, Range: n.LabelRanges[i]})
	}
	return c
}

// fill evaluates the settings of an outlined Content and decodes its nested
// blocks.
func (c *Content) fill(ctx *hcl.EvalContext) hcl.Diagnostics {
	c.Context = ctx
	var diags hcl.Diagnostics
	for _, a := range c.Block.Attributes {
		diags = append(diags, c.fillSetting(a, ctx)...)
	}
	var nested []*Content
	for _, n := range c.Nested {
		decoded, more := DecodeNested(n, ctx)
		nested, diags = append(nested, decoded...), append(diags, more...)
	}
	c.Nested = nested
	return diags
}

func (c *Content) fillSetting(a Attribute, ctx *hcl.EvalContext) hcl.Diagnostics {
	s, ok := c.Settings[a.Name]
	if !ok {
		if a.Required && !c.Meant(a.Name) {
			return hcl.Diagnostics{c.missing(a)}
		}
		return nil
	}
	switch {
	case a.Reference:
		return c.fillReference(s)
	case a.Raw, a.Phase == Live, a.Phase == Request:
		return nil
	}
	v, diags := c.Block.evaluate(a, s.Expr, ctx)
	if IsNull(v) && !diags.HasErrors() {
		if a.Required {
			diags = append(diags, nullValue(a.Name, s.Expr))
		}
		delete(c.Settings, a.Name)
		return diags
	}
	s.Value = v
	c.Settings[a.Name] = s
	return diags
}

func (c *Content) fillReference(s Setting) hcl.Diagnostics {
	t, diags := hcl.AbsTraversalForExpr(s.Expr)
	if diags.HasErrors() || slices.ContainsFunc(t[1:], isIndex) {
		return hcl.Diagnostics{diagnostic.New(quote(s.Name)+" takes a reference", s.Expr.Range(), diagnostic.Info{
			Code: "AG212", Hint: "write it without quotes and brackets: backend.TYPE.NAME",
		})}
	}
	s.Reference = t
	c.Settings[s.Name] = s
	return nil
}

func isIndex(step hcl.Traverser) bool {
	_, attr := step.(hcl.TraverseAttr)
	return !attr
}

// sorted returns the attributes in the order of the file: maps have none, and
// diagnostics must not change their order from run to run.
func sorted(attributes hcl.Attributes) []*hcl.Attribute {
	list := make([]*hcl.Attribute, 0, len(attributes))
	for _, a := range attributes {
		list = append(list, a)
	}
	slices.SortFunc(list, func(a, b *hcl.Attribute) int { return compareRanges(a.NameRange, b.NameRange) })
	return list
}
