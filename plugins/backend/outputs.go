package backend

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
)

// CheckOutputs compares what a plugin returned with its outputs schema, and
// returns it with the schema's types and marks: every output that is not
// generated is there, none else, and required ones are not null. Errors name
// the output, never its value.
func (s Schema) CheckOutputs(v Value) (Value, error) {
	bare, marks := v.Cty().Unmark()
	if v.IsNull() {
		bare = cty.EmptyObjectVal
	}
	if !bare.IsKnown() || !(bare.Type().IsObjectType() || bare.Type().IsMapType()) {
		return Value{}, errors.New("the outputs are not an object")
	}
	given := bare.AsValueMap()
	checked := map[string]cty.Value{}
	for _, a := range s.Attributes {
		value, ok := given[a.Name]
		delete(given, a.Name)
		switch {
		case a.Generated > 0 && ok:
			return Value{}, fmt.Errorf("output %s was returned, but the gateway makes it", a.Name)
		case a.Generated > 0:
			continue
		case !ok:
			return Value{}, fmt.Errorf("output %s is missing", a.Name)
		}
		value, err := checkOutput(a, value)
		if err != nil {
			return Value{}, err
		}
		checked[a.Name] = value
	}
	if !s.Open {
		if extra := names(given); len(extra) > 0 {
			return Value{}, fmt.Errorf("the plugin does not declare these outputs: %s", strings.Join(extra, ", "))
		}
	}
	for name, value := range given {
		checked[name] = value
	}
	return NewValue(cty.ObjectVal(checked).WithMarks(marks)), nil
}

// CheckObject returns v, which must be an object with nothing unknown in it, as one;
// null is an empty one. It is all that is asked of what actions take and return.
func CheckObject(v Value) (Value, error) {
	bare, marks := v.Cty().Unmark()
	if v.IsNull() {
		bare = cty.EmptyObjectVal
	}
	if !bare.IsKnown() || !(bare.Type().IsObjectType() || bare.Type().IsMapType()) {
		return Value{}, errors.New("this is not an object")
	}
	if !bare.IsWhollyKnown() {
		return Value{}, errors.New("a part of the object is unknown")
	}
	return NewValue(cty.ObjectVal(bare.AsValueMap()).WithMarks(marks)), nil
}

func checkOutput(a Attribute, value cty.Value) (cty.Value, error) {
	bare, _ := value.UnmarkDeep()
	if !bare.IsWhollyKnown() {
		return cty.NilVal, fmt.Errorf("output %s is unknown", a.Name)
	}
	if a.Required && bare.IsNull() {
		return cty.NilVal, fmt.Errorf("output %s is null", a.Name)
	}
	if !conforms(bare, a.Type) {
		return cty.NilVal, fmt.Errorf("output %s is %s, not %s", a.Name, bare.Type().FriendlyName(), a.Type.FriendlyName())
	}
	value, err := convert.Convert(value, a.Type)
	if err != nil {
		return cty.NilVal, fmt.Errorf("output %s is not %s", a.Name, a.Type.FriendlyName())
	}
	if a.Sensitive {
		value = value.Mark(Sensitive)
	}
	return value, nil
}

// conforms reports whether v is a value of type want. Unlike a conversion it
// lets no number pass for a text; JSON arrays and objects, whose types are
// unknown to their writer, are lists and maps too.
func conforms(v cty.Value, want cty.Type) bool {
	if v.IsNull() || want == cty.DynamicPseudoType {
		return true
	}
	have := v.Type()
	switch {
	case want.IsPrimitiveType():
		return have == want
	case want.IsListType(), want.IsSetType():
		return (have.IsListType() || have.IsSetType() || have.IsTupleType()) && all(v, func(cty.Value) cty.Type { return want.ElementType() })
	case want.IsMapType():
		return (have.IsMapType() || have.IsObjectType()) && all(v, func(cty.Value) cty.Type { return want.ElementType() })
	case want.IsTupleType():
		return (have.IsListType() || have.IsTupleType()) && v.LengthInt() == want.Length() && all(v, func(key cty.Value) cty.Type {
			i, _ := key.AsBigFloat().Int64()
			return want.TupleElementType(int(i))
		})
	case want.IsObjectType():
		return conformsToObject(v, want)
	}
	return false
}

func all(v cty.Value, want func(key cty.Value) cty.Type) bool {
	for it := v.ElementIterator(); it.Next(); {
		key, element := it.Element()
		if !conforms(element, want(key)) {
			return false
		}
	}
	return true
}

func conformsToObject(v cty.Value, want cty.Type) bool {
	if !v.Type().IsObjectType() && !v.Type().IsMapType() {
		return false
	}
	given := v.AsValueMap()
	for name, t := range want.AttributeTypes() {
		value, ok := given[name]
		if !ok && !want.AttributeOptional(name) || ok && !conforms(value, t) {
			return false
		}
		delete(given, name)
	}
	return len(given) == 0
}

func names(values map[string]cty.Value) []string {
	var list []string
	for name := range values {
		list = append(list, name)
	}
	slices.Sort(list)
	return list
}
