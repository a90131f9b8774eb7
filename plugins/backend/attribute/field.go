package attribute

import (
	"iter"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/gocty"

	"github.com/addongw/addongw/plugins/backend"
)

// Field is one attribute of a config block or of a plan's params. Its value has
// no marks: nothing here prints a value of a sensitive attribute.
type Field struct {
	Name  string
	Path  cty.Path
	value cty.Value
}

// Of finds an attribute. One that is not there is null; one of an object that is
// not known is unknown.
func Of(object backend.Value, name string) Field {
	f := Field{Name: name, Path: cty.GetAttrPath(name), value: cty.NullVal(cty.DynamicPseudoType)}
	all, _ := object.Cty().UnmarkDeep()
	switch {
	case !all.IsKnown():
		f.value = cty.UnknownVal(cty.DynamicPseudoType)
	case !all.IsNull() && all.Type().IsObjectType() && all.Type().HasAttribute(name):
		f.value = all.GetAttr(name)
	}
	return f
}

// Null reports whether it was not written.
func (f Field) Null() bool { return f.value.IsKnown() && f.value.IsNull() }

// Known reports whether it was written and the whole value can be read now.
func (f Field) Known() bool { return f.value.IsWhollyKnown() && !f.value.IsNull() }

// Text is the value of a known string; "" for every other.
func (f Field) Text() string {
	if !f.Known() || f.value.Type() != cty.String {
		return ""
	}
	return f.value.AsString()
}

// Prefix is what a string is known to begin with: all of a known one, and the
// constant beginning of a template such as "acme_${resource.short_id}".
func (f Field) Prefix() string {
	if f.value.Type() != cty.String || f.Null() {
		return ""
	}
	if f.value.IsKnown() {
		return f.value.AsString()
	}
	return f.value.Range().StringPrefix()
}

// Whole is the value of a known number without fraction that an int can hold.
func (f Field) Whole() (n int, ok bool) {
	if !f.Known() || f.value.Type() != cty.Number || gocty.FromCtyValue(f.value, &n) != nil {
		return 0, false
	}
	return n, true
}

// Elements are the known texts of a list of strings, with their positions.
func (f Field) Elements() iter.Seq2[int, string] {
	return func(yield func(int, string) bool) {
		if !f.value.IsKnown() || f.value.IsNull() || !f.value.CanIterateElements() {
			return
		}
		for i, v := range f.value.AsValueSlice() {
			if v.IsKnown() && !v.IsNull() && v.Type() == cty.String && !yield(i, v.AsString()) {
				return
			}
		}
	}
}

// Wrong is an error in what the operator wrote: what is wrong, and what to write
// instead.
func (f Field) Wrong(summary, remedy string) backend.Diagnostic {
	return Wrong(f.Path, summary, remedy)
}

// WrongAt is Wrong about one element of a list.
func (f Field) WrongAt(i int, summary, remedy string) backend.Diagnostic {
	return Wrong(f.Path.IndexInt(i), summary, remedy)
}

// Wrong is an error at a place inside a config block or a plan's params: what is
// wrong, and what to write instead.
func Wrong(path cty.Path, summary, remedy string) backend.Diagnostic {
	return backend.Diagnostic{Severity: backend.SeverityError, Summary: summary, Detail: remedy, Path: path}
}
