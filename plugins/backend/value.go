package backend

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
)

// mark is the type of Sensitive: comparable, and equal only to itself.
type mark struct{}

// GoString keeps the mark readable in test output.
func (mark) GoString() string { return "backend.Sensitive" }

// Sensitive is the cty mark that every secret value carries, from where it
// enters to where it is sent. Paths of marked values travel beside the value
// and are marked again on arrival.
var Sensitive any = mark{}

// Value is a typed value as HCL has them: an object, a number, a list. It
// prints as "[value]", because it may hold secrets. The zero Value is null.
type Value struct{ v cty.Value }

// NewValue wraps v, marks included.
func NewValue(v cty.Value) Value { return Value{v: v} }

// Cty returns the wrapped value, marks included; null for the zero Value.
func (v Value) Cty() cty.Value {
	if v.v == cty.NilVal {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return v.v
}

// IsNull reports whether there is no value.
func (v Value) IsNull() bool { return v.v == cty.NilVal || (v.v.IsKnown() && v.v.IsNull()) }

// Known reports whether the attribute called name has a known value that is
// not null. While files are checked, secrets are unknown.
func (v Value) Known(name string) bool {
	a, ok := v.attribute(name)
	return ok && a.IsWhollyKnown() && !a.IsNull()
}

func (v Value) attribute(name string) (cty.Value, bool) {
	u, _ := v.Cty().Unmark()
	if u.IsNull() || !u.IsKnown() || !u.Type().IsObjectType() || !u.Type().HasAttribute(name) {
		return cty.NilVal, false
	}
	a, _ := u.GetAttr(name).UnmarkDeep()
	return a, true
}

// Decode fills into, a pointer to a struct with json tags, from an object.
// Unknown and null attributes leave their fields as they are; attributes
// without a field are ignored. A number that goes into an interface is a json.Number,
// with all of its digits.
func (v Value) Decode(into any) error {
	u, _ := v.Cty().UnmarkDeep()
	if u.IsNull() || !u.IsKnown() {
		return nil
	}
	if !u.Type().IsObjectType() && !u.Type().IsMapType() {
		return fmt.Errorf("decode %s into %T: only objects can be decoded", u.Type().FriendlyName(), into)
	}
	known := map[string]cty.Value{}
	for name, a := range u.AsValueMap() {
		if a.IsWhollyKnown() && !a.IsNull() {
			known[name] = a
		}
	}
	object := cty.ObjectVal(known)
	text, err := ctyjson.Marshal(object, object.Type())
	if err != nil {
		return errors.New("decode: the value has no JSON form")
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	return decoder.Decode(into)
}

// ObjectOf makes a Value from a struct with json tags or a map. It is how a
// plugin makes its outputs.
func ObjectOf(from any) (Value, error) {
	text, err := json.Marshal(from)
	if err != nil {
		return Value{}, fmt.Errorf("make a value: %w", err)
	}
	t, err := ctyjson.ImpliedType(text)
	if err != nil {
		return Value{}, fmt.Errorf("make a value: %w", err)
	}
	v, err := ctyjson.Unmarshal(text, t)
	if err != nil {
		return Value{}, fmt.Errorf("make a value: %w", err)
	}
	return Value{v: v}, nil
}

// String says only that there is a value.
func (v Value) String() string { return "[value]" }

// GoString says only that there is a value.
func (v Value) GoString() string { return "backend.Value{…}" }

// LogValue, by way of String, keeps the value out of logs; Format does so for
// every verb of fmt.
func (v Value) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte("[value]")) }
