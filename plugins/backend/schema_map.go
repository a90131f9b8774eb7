package backend

import (
	"slices"

	"github.com/zclconf/go-cty/cty"
)

// MapAttributes returns body, a value that the schema describes, with what change
// makes of each attribute, also of those in nested blocks. Of an attribute that is
// absent, change gets cty.NilVal, and returns it to leave it absent. Attributes that an open schema
// does not list come with an Attribute that has nothing but a name. A body that
// is null or unknown stays as it is.
func (s Schema) MapAttributes(body cty.Value, change func(a Attribute, v cty.Value) cty.Value) cty.Value {
	bare, marks := body.Unmark()
	if !isBody(bare) {
		return body
	}
	before := bare.AsValueMap()
	after := map[string]cty.Value{}
	put := func(name string, v cty.Value) {
		delete(before, name)
		if v != cty.NilVal {
			after[name] = v
		}
	}
	for _, a := range s.Attributes {
		put(a.Name, change(a, before[a.Name]))
	}
	for _, b := range s.Blocks {
		if v, ok := before[b.Name]; ok {
			put(b.Name, b.mapAttributes(v, change))
		}
	}
	for name, v := range before {
		put(name, change(Attribute{Name: name}, v))
	}
	return cty.ObjectVal(after).WithMarks(marks)
}

// mapAttributes goes through what blocks arrive as: one body, a map by label, or
// a list.
func (b Block) mapAttributes(v cty.Value, change func(Attribute, cty.Value) cty.Value) cty.Value {
	if len(b.Labels) == 0 && b.Max == 1 {
		return b.Body.MapAttributes(v, change)
	}
	bare, marks := v.Unmark()
	switch {
	case !bare.IsKnown() || bare.IsNull() || !bare.CanIterateElements():
		return v
	case isBody(bare):
		byLabel := bare.AsValueMap()
		for label, body := range byLabel {
			byLabel[label] = b.Body.MapAttributes(body, change)
		}
		return cty.ObjectVal(byLabel).WithMarks(marks)
	}
	list := bare.AsValueSlice()
	for i, body := range list {
		list[i] = b.Body.MapAttributes(body, change)
	}
	return cty.TupleVal(list).WithMarks(marks)
}

func isBody(v cty.Value) bool {
	return v.IsKnown() && !v.IsNull() && (v.Type().IsObjectType() || v.Type().IsMapType())
}

// HasExpressions reports whether an attribute of the schema or of its blocks is
// an expression.
func (s Schema) HasExpressions() bool {
	return slices.ContainsFunc(s.Attributes, func(a Attribute) bool { return a.Expression }) ||
		slices.ContainsFunc(s.Blocks, func(b Block) bool { return b.Body.HasExpressions() })
}
