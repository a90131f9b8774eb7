package schema

import (
	"math/big"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/secret"
)

// Content is what an operator wrote in one block, as its table says. What was
// wrong is in the diagnostics and absent here, so that reading can go on.
type Content struct {
	Block    *Block
	Labels   []Label
	Range    hcl.Range // the block's header
	Settings map[string]Setting
	Nested   []*Content // in the order of the files

	// Body is the undecoded body of a block whose table says Body, and of
	// every block that Outline returns.
	Body hcl.Body

	// Context is the scope that the settings were evaluated in. With for_each
	// it holds "each".
	Context *hcl.EvalContext

	meant map[string]bool
}

// Label is one label of a block's header.
type Label struct {
	Text  string
	Range hcl.Range
}

// Setting is one attribute that the operator wrote.
type Setting struct {
	Name      string
	NameRange hcl.Range
	Expr      hcl.Expression

	// Value is the evaluated and converted value, with its marks. It is null
	// for attributes whose table says Raw, Reference, or a later phase than
	// Load, and after an error.
	Value cty.Value

	// Reference is set for attributes whose table says so.
	Reference hcl.Traversal
}

// Label returns the text of the i-th label, or "" where there is none.
func (c *Content) Label(i int) string {
	if i >= len(c.Labels) {
		return ""
	}
	return c.Labels[i].Text
}

// LabelRange returns the place of the i-th label, or of the header.
func (c *Content) LabelRange(i int) hcl.Range {
	if i >= len(c.Labels) {
		return c.Range
	}
	return c.Labels[i].Range
}

// Blocks returns the nested blocks of one type, in the order of the files.
func (c *Content) Blocks(kind string) []*Content {
	var found []*Content
	for _, n := range c.Nested {
		if n.Block.Type == kind {
			found = append(found, n)
		}
	}
	return found
}

// First returns the first nested block of one type; nil when there is none.
func (c *Content) First(kind string) *Content {
	for _, n := range c.Nested {
		if n.Block.Type == kind {
			return n
		}
	}
	return nil
}

// Has reports whether the operator wrote the setting.
func (c *Content) Has(name string) bool {
	_, ok := c.Settings[name]
	return ok
}

// Meant reports whether the operator most likely meant the setting or nested
// block called name, by something that was reported: a misspelt name, wrong
// labels, a block written as a setting. That it is absent, or that others are
// not what they should be without it, follows from that.
func (c *Content) Meant(name string) bool { return c.meant[name] }

// Expr returns the expression of a setting; nil where nobody wrote it.
func (c *Content) Expr(name string) hcl.Expression {
	return c.Settings[name].Expr
}

// ValueRange returns the place of a setting's value, or of the block's header
// where nobody wrote the setting.
func (c *Content) ValueRange(name string) hcl.Range {
	if s, ok := c.Settings[name]; ok {
		return s.Expr.Range()
	}
	return c.Range
}

// Reference returns the names of a reference, such as ["backend" "postgres"
// "main"]; nil where nobody wrote a valid one.
func (c *Content) Reference(name string) []string {
	var names []string
	for _, step := range c.Settings[name].Reference {
		switch s := step.(type) {
		case hcl.TraverseRoot:
			names = append(names, s.Name)
		case hcl.TraverseAttr:
			names = append(names, s.Name)
		}
	}
	return names
}

// Value returns a setting's value with its marks; the table's default, or
// null, where nobody wrote one. It may be unknown.
func (c *Content) Value(name string) cty.Value {
	a, _ := c.Block.attribute(name)
	if s, ok := c.Settings[name]; ok && !IsNull(s.Value) {
		return s.Value
	}
	return a.defaultValue()
}

// Known reports whether the setting has a value that is wholly known and not
// null, written or by default.
func (c *Content) Known(name string) bool {
	_, ok := c.plain(name)
	return ok
}

// Text returns the text of a setting; "" when it is absent or unknown. A
// setting whose table says Secret is read with Secret instead.
func (c *Content) Text(name string) string {
	if v, ok := c.plain(name); ok && v.Type() == cty.String {
		return v.AsString()
	}
	return ""
}

// Secret returns the text of a setting as a secret. known is false when it is
// absent or, as while files are checked, unknown.
func (c *Content) Secret(name string) (text secret.Value, known bool) {
	v, ok := c.plain(name)
	if !ok || v.Type() != cty.String {
		return secret.Value{}, false
	}
	return secret.New(v.AsString()), true
}

// Bool returns the truth of a setting; false when it is absent or unknown.
func (c *Content) Bool(name string) bool {
	v, ok := c.plain(name)
	return ok && v.Type() == cty.Bool && v.True()
}

// Number returns a number; 0 when it is absent or unknown.
func (c *Content) Number(name string) float64 {
	v, ok := c.plain(name)
	if !ok || v.Type() != cty.Number {
		return 0
	}
	f, _ := v.AsBigFloat().Float64()
	return f
}

// Int returns a whole number, cut off towards zero; 0 when it is absent or
// unknown.
func (c *Content) Int(name string) int {
	v, ok := c.plain(name)
	if !ok || v.Type() != cty.Number {
		return 0
	}
	i, accuracy := v.AsBigFloat().Int64()
	if accuracy != big.Exact && i == 0 {
		return 0
	}
	return int(i)
}

// Texts returns a list of text; nil when it is absent or unknown.
func (c *Content) Texts(name string) []string {
	v, ok := c.plain(name)
	if !ok || !v.CanIterateElements() {
		return nil
	}
	texts := make([]string, 0, v.LengthInt())
	for it := v.ElementIterator(); it.Next(); {
		if _, e := it.Element(); e.Type() == cty.String && !e.IsNull() {
			texts = append(texts, e.AsString())
		}
	}
	return texts
}

// Map returns a map of text; nil when it is absent or unknown.
func (c *Content) Map(name string) map[string]string {
	v, ok := c.plain(name)
	if !ok || !(v.Type().IsMapType() || v.Type().IsObjectType()) {
		return nil
	}
	texts := map[string]string{}
	for key, e := range v.AsValueMap() {
		if e.Type() == cty.String && !e.IsNull() {
			texts[key] = e.AsString()
		}
	}
	return texts
}

// plain returns the unmarked value when it is wholly known and not null.
func (c *Content) plain(name string) (cty.Value, bool) {
	v, _ := c.Value(name).UnmarkDeep()
	if v == cty.NilVal || v.IsNull() || !v.IsWhollyKnown() {
		return cty.NilVal, false
	}
	return v, true
}

// IsNull reports whether a value is known to be null, marked or not.
func IsNull(v cty.Value) bool {
	if v == cty.NilVal {
		return true
	}
	u, _ := v.Unmark()
	return u.IsKnown() && u.IsNull()
}
