package redis

import (
	"github.com/addongw/addongw/plugins/backend"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/gocty"
)

// field is one attribute of a config block or of a plan's params. Its value
// has no marks: nothing here prints a value of a sensitive attribute.
type field struct {
	name  string
	path  cty.Path
	value cty.Value
}

// fieldOf finds an attribute. One that is not there is null; one of an object
// that is not known is unknown.
func fieldOf(object backend.Value, name string) field {
	f := field{name: name, path: cty.GetAttrPath(name), value: cty.NullVal(cty.DynamicPseudoType)}
	all, _ := object.Cty().UnmarkDeep()
	switch {
	case !all.IsKnown():
		f.value = cty.UnknownVal(cty.DynamicPseudoType)
	case !all.IsNull() && all.Type().IsObjectType() && all.Type().HasAttribute(name):
		f.value = all.GetAttr(name)
	}
	return f
}

func (f field) null() bool { return f.value.IsKnown() && f.value.IsNull() }

// known reports whether the whole value can be read now.
func (f field) known() bool { return f.value.IsWhollyKnown() && !f.value.IsNull() }

// text is the value of a known string; "" for every other.
func (f field) text() string {
	if !f.known() || f.value.Type() != cty.String {
		return ""
	}
	return f.value.AsString()
}

// whole is the value of a known number without fraction that an int can hold.
func (f field) whole() (int, bool) {
	var n int
	if !f.known() || f.value.Type() != cty.Number || gocty.FromCtyValue(f.value, &n) != nil {
		return 0, false
	}
	return n, true
}

// elements are the members of a known list of strings.
func (f field) elements() []string {
	var elements []string
	if !f.known() || !f.value.CanIterateElements() {
		return nil
	}
	for _, v := range f.value.AsValueSlice() {
		if !v.IsNull() && v.Type() == cty.String {
			elements = append(elements, v.AsString())
		}
	}
	return elements
}

// wrong is an error in what the operator wrote: what is wrong, and what to
// write instead.
func (f field) wrong(summary, remedy string) backend.Diagnostic {
	return backend.Diagnostic{Severity: backend.SeverityError, Summary: summary, Detail: remedy, Path: f.path}
}
