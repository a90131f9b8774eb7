package http

import (
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// object is an object of the config block, or nothing. It is read member by
// member, because others may be unknown while files are checked.
type object struct{ v cty.Value }

func objectOf(v cty.Value) object {
	if v == cty.NilVal {
		return object{}
	}
	v, _ = v.Unmark()
	if v.IsNull() || !v.IsKnown() || !(v.Type().IsObjectType() || v.Type().IsMapType()) {
		return object{}
	}
	return object{v}
}

func (o object) isThere() bool { return o.v != cty.NilVal }

// at returns a member with its marks; null where there is none.
func (o object) at(name string) cty.Value {
	if o.isThere() {
		switch t := o.v.Type(); {
		case t.IsObjectType() && t.HasAttribute(name):
			return o.v.GetAttr(name)
		case t.IsMapType() && o.v.HasIndex(cty.StringVal(name)).True():
			return o.v.Index(cty.StringVal(name))
		}
	}
	return cty.NullVal(cty.DynamicPseudoType)
}

func (o object) object(name string) object { return objectOf(o.at(name)) }

// written reports whether the operator wrote a member, be it known or not.
func (o object) written(name string) bool {
	v, _ := o.at(name).Unmark()
	return !v.IsKnown() || !v.IsNull()
}

// known reports whether there is a value to look at.
func (o object) known(name string) bool {
	v, _ := o.at(name).UnmarkDeep()
	return v.IsWhollyKnown() && !v.IsNull()
}

// text, number and flag are zero where nothing is known.
func (o object) text(name string) string {
	v, _ := o.at(name).Unmark()
	if !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return ""
	}
	return v.AsString()
}

func (o object) number(name string) float64 {
	v, _ := o.at(name).Unmark()
	if !v.IsKnown() || v.IsNull() || v.Type() != cty.Number {
		return 0
	}
	f, _ := v.AsBigFloat().Float64()
	return f
}

func (o object) flag(name string) bool {
	v, _ := o.at(name).Unmark()
	return v.IsKnown() && !v.IsNull() && v.Type() == cty.Bool && v.True()
}

// names lists the members of an object or map, in order.
func (o object) names() []string {
	if !o.isThere() {
		return nil
	}
	var list []string
	for it := o.v.ElementIterator(); it.Next(); {
		key, _ := it.Element()
		key, _ = key.Unmark()
		list = append(list, key.AsString())
	}
	return list
}

// texts is a map of texts, as far as they are known.
func (o object) texts(name string) map[string]string {
	all := map[string]string{}
	inner := o.object(name)
	for _, key := range inner.names() {
		if inner.known(key) {
			all[key] = inner.text(key)
		}
	}
	return all
}

// isSensitive reports whether any part of v carries the mark.
func isSensitive(v cty.Value) bool {
	_, marks := v.UnmarkDeepWithPaths()
	for _, m := range marks {
		if _, found := m.Marks[backend.Sensitive]; found {
			return true
		}
	}
	return false
}

// scope are the roots that the plugin supplies.
type scope map[string]cty.Value

// with is s and one root more.
func (s scope) with(root string, v cty.Value) scope {
	more := scope{root: v}
	for name, value := range s {
		if name != root {
			more[name] = value
		}
	}
	return more
}

// open is s with nothing known of any root.
func (s scope) open() scope {
	all := scope{}
	for name := range s {
		all[name] = cty.DynamicVal
	}
	return all
}

// expression is an expression attribute; one that is not written is not set.
func (o object) expression(name string) (expr.Expression, error) { return expr.FromValue(o.at(name)) }

// evaluate gives the value of an expression attribute; null where it is not
// written.
func (o object) evaluate(name string, own scope) (cty.Value, error) {
	e, err := o.expression(name)
	if err != nil {
		return cty.NilVal, err
	}
	return e.Value(own)
}

// mentions reports whether one of the attributes mentions a root.
func (o object) mentions(root string, names ...string) bool {
	for _, name := range names {
		if e, err := o.expression(name); err == nil && e.Mentions(root) {
			return true
		}
	}
	return false
}
