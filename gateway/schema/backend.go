package schema

import (
	"maps"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/dynblock"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// BackendScope is what a plugin's body is evaluated in.
type BackendScope struct {
	Load *hcl.EvalContext // for what is read with the files
	Live *hcl.EvalContext // typed unknown values for live settings; nil: they are unknown altogether
	Dir  string           // file paths are relative to it

	// Files are the parsed files by name: expressions are handed on as they are written.
	Files map[string]*hcl.File
}

// BackendBody is a body that a plugin's schema describes, such as the config
// block of a backend.
type BackendBody struct {
	schema  backend.Schema
	content *Content
	scope   BackendScope
}

// LiveSetting is a setting that is evaluated for every operation: here, or by the
// plugin, where it is an expression.
type LiveSetting struct {
	backend.Attribute
	Setting Setting
	Secrets []string // settings beside it that may hold a secret, and know no more names
}

// DecodeBackend reads a body by a plugin's schema. kind is what the operator
// calls the block ("config"), header where a missing setting is reported.
// Blocks named "dynamic" are expanded first; they exist here only.
func DecodeBackend(kind string, s backend.Schema, body hcl.Body, header hcl.Range, scope BackendScope) (*BackendBody, hcl.Diagnostics) {
	c, diags := Decode(table(kind, s), dynblock.Expand(body, scope.Load), header, scope.Load)
	diags = append(diags, checkExpressions(s, c)...)
	b := &BackendBody{schema: s, content: c, scope: scope}
	_, more := b.compose(s, c, whole, b.scope.Live, cty.NilVal)
	return b, append(diags, more...)
}

// table is a plugin's schema in our own terms.
func table(kind string, s backend.Schema) *Block {
	t := &Block{Type: kind, Open: s.Open}
	for _, a := range s.Attributes {
		t.Attributes = append(t.Attributes, attribute(a))
	}
	for _, n := range s.Blocks {
		nested := table(n.Name, n.Body)
		nested.Doc, nested.Labels, nested.Max, nested.Required = n.Doc, n.Labels, n.Max, n.Min > 0
		t.Blocks = append(t.Blocks, nested)
	}
	return t
}

func attribute(a backend.Attribute) Attribute {
	own := Attribute{Name: a.Name, Type: a.Type, Doc: a.Doc, Required: a.Required, Secret: a.Sensitive, Raw: a.TypeName}
	if a.Live || a.Expression {
		own.Phase = Live
	}
	return own
}

// share says which settings a composed value holds; the others are null.
type share int

const (
	whole share = iota // all of them
	load               // those read with the files
	live               // those evaluated for every operation
)

// Whole returns everything for ValidateConfig: live settings as far as they
// are known without a resource.
func (b *BackendBody) Whole() cty.Value {
	v, _ := b.compose(b.schema, b.content, whole, b.scope.Live, cty.NilVal)
	return v
}

// Load returns the value for Configure: live settings are null.
func (b *BackendBody) Load() cty.Value {
	v, _ := b.compose(b.schema, b.content, load, nil, cty.NilVal)
	return v
}

// Live evaluates the live settings in ctx. Those that the schema calls
// force_new keep the value they have in first, the result of the resource's
// first provision; first is null or cty.NilVal at the first provision.
func (b *BackendBody) Live(ctx *hcl.EvalContext, first cty.Value) (cty.Value, hcl.Diagnostics) {
	return b.compose(b.schema, b.content, live, ctx, first)
}

// LiveSettings lists the live settings that the operator wrote, so that their
// expressions can be checked before any operation.
func (b *BackendBody) LiveSettings() []LiveSetting { return liveSettings(b.schema, b.content) }

func liveSettings(s backend.Schema, c *Content) []LiveSetting {
	var list []LiveSetting
	for _, a := range s.Attributes {
		if set, ok := c.Settings[a.Name]; ok && (a.Live || a.Expression) {
			list = append(list, LiveSetting{Attribute: a, Setting: set, Secrets: secretBeside(s, a)})
		}
	}
	for _, n := range s.Blocks {
		for _, nested := range c.Blocks(n.Name) {
			list = append(list, liveSettings(n.Body, nested)...)
		}
	}
	return list
}

// secretBeside lists the attributes beside a that a secret meant for it could go
// to: those evaluated when it is, with no names that it lacks.
func secretBeside(s backend.Schema, a backend.Attribute) (names []string) {
	lacks := func(name string) bool { return !slices.Contains(a.Own, name) }
	for _, other := range s.Attributes {
		if other.Sensitive && other.Live == a.Live && other.Expression == a.Expression && !slices.ContainsFunc(other.Own, lacks) {
			names = append(names, other.Name)
		}
	}
	return names
}

func (b *BackendBody) compose(s backend.Schema, c *Content, part share, ctx *hcl.EvalContext, first cty.Value) (cty.Value, hcl.Diagnostics) {
	values := map[string]cty.Value{}
	var diags hcl.Diagnostics
	for _, a := range s.Attributes {
		v, more := b.attributeValue(a, c, part, ctx, first)
		values[a.Name], diags = v, append(diags, more...)
	}
	if s.Open && part != live {
		diags = append(diags, openSettings(c, b.scope.Load, values)...)
	}
	for _, n := range s.Blocks {
		v, more := b.blockValue(n, c.Blocks(n.Name), part, ctx, attributeOf(first, n.Name))
		values[n.Name], diags = v, append(diags, more...)
	}
	return cty.ObjectVal(values), diags
}

func (b *BackendBody) attributeValue(a backend.Attribute, c *Content, part share, ctx *hcl.EvalContext, first cty.Value) (cty.Value, hcl.Diagnostics) {
	kind := a.Type.WithoutOptionalAttributesDeep()
	late := a.Live || a.Expression
	if (part == load && late) || (part == live && !late) {
		return cty.NullVal(kind), nil
	}
	if a.Expression {
		return b.expression(a, c, ctx), nil
	}
	if kept := attributeOf(first, a.Name); part == live && a.ForceNew && !IsNull(kept) {
		return kept, nil
	}
	v, diags := cty.NullVal(kind), hcl.Diagnostics(nil)
	s, written := c.Settings[a.Name]
	switch {
	case !written:
	case a.TypeName:
		v, diags = typeText(s.Expr)
	case a.Live:
		v, diags = liveValue(a, s.Expr, part, ctx)
	default:
		v = s.Value
	}
	if IsNull(v) && a.Default != cty.NilVal {
		v = a.Default
	}
	if a.FilePath {
		v = b.absolute(v)
	}
	if a.Sensitive && !IsNull(v) {
		v = v.Mark(backend.Sensitive)
	}
	return v, diags
}

func (b *BackendBody) expression(a backend.Attribute, c *Content, ctx *hcl.EvalContext) cty.Value {
	s, written := c.Settings[a.Name]
	if !written {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return b.shipped(a, s.Expr, ctx)
}

// liveValue evaluates a live setting. While files are checked its errors are
// found by checking each use, so here what fails is unknown.
func liveValue(a backend.Attribute, expr hcl.Expression, part share, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	unknown := cty.UnknownVal(a.Type.WithoutOptionalAttributesDeep())
	if ctx == nil {
		return unknown, nil
	}
	v, diags := expr.Value(ctx)
	if !diags.HasErrors() {
		v, diags = Convert(v, a.Type, a.Name, expr.Range())
	}
	if !diags.HasErrors() {
		return v, nil
	}
	if part == whole {
		return unknown, nil
	}
	return unknown, diags
}

// absolute makes a relative path begin at the configuration directory.
func (b *BackendBody) absolute(v cty.Value) cty.Value {
	plain, marks := v.Unmark()
	if IsNull(plain) || !plain.IsKnown() || plain.Type() != cty.String || filepath.IsAbs(plain.AsString()) {
		return v
	}
	return cty.StringVal(filepath.Join(b.scope.Dir, plain.AsString())).WithMarks(marks)
}

// openSettings adds the settings that an open schema does not list.
func openSettings(c *Content, ctx *hcl.EvalContext, values map[string]cty.Value) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(c.Settings)) {
		if _, listed := c.Block.attribute(name); listed {
			continue
		}
		any := Attribute{Name: name, Type: cty.DynamicPseudoType}
		v, more := c.Block.evaluate(any, c.Settings[name].Expr, ctx)
		values[name], diags = v, append(diags, more...)
	}
	return diags
}

// blockValue gives nested blocks the form that the schema promises: an object
// or null, a map by label, or a list.
func (b *BackendBody) blockValue(n backend.Block, blocks []*Content, part share, ctx *hcl.EvalContext, first cty.Value) (cty.Value, hcl.Diagnostics) {
	if len(n.Labels) == 0 && n.Max == 1 {
		if len(blocks) == 0 {
			return cty.NullVal(cty.DynamicPseudoType), nil
		}
		return b.compose(n.Body, blocks[0], part, ctx, first)
	}
	var diags hcl.Diagnostics
	byLabel, list := map[string]cty.Value{}, []cty.Value{}
	for i, c := range blocks {
		kept := elementOf(first, i)
		if len(n.Labels) > 0 {
			kept = attributeOf(first, c.Label(0))
		}
		v, more := b.compose(n.Body, c, part, ctx, kept)
		byLabel[c.Label(0)], list, diags = v, append(list, v), append(diags, more...)
	}
	if len(n.Labels) > 0 {
		return cty.ObjectVal(byLabel), diags
	}
	return cty.TupleVal(list), diags
}

// attributeOf returns an attribute of an object; cty.NilVal where there is none.
func attributeOf(v cty.Value, name string) cty.Value {
	if IsNull(v) {
		return cty.NilVal
	}
	u, marks := v.Unmark()
	if !u.IsKnown() || !u.Type().IsObjectType() || !u.Type().HasAttribute(name) {
		return cty.NilVal
	}
	return u.GetAttr(name).WithMarks(marks)
}

// elementOf returns an element of a list; cty.NilVal where there is none.
func elementOf(v cty.Value, i int) cty.Value {
	if IsNull(v) || !v.IsKnown() || !v.Type().IsTupleType() || i >= v.LengthInt() {
		return cty.NilVal
	}
	return v.Index(cty.NumberIntVal(int64(i)))
}
