package expr

import (
	"maps"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// Current is op with its outputs in the expressions of its Config, too, which
// the schema describes: they may be known only since the Config was recorded, such as
// those of a cancelled provision for the removal behind it. Generated outputs
// are there from the first call on. An expression gets no more than it mentions.
func Current(config backend.Schema, op backend.Op) backend.Op {
	if !config.HasExpressions() {
		return op
	}
	outputs := map[string]cty.Value{}
	if bare, _ := op.Outputs.Cty().Unmark(); isObject(bare) {
		maps.Copy(outputs, bare.AsValueMap())
	}
	for name, text := range op.Secrets {
		outputs[name] = cty.StringVal(text).Mark(backend.Sensitive)
	}
	op.Config = backend.NewValue(config.MapAttributes(op.Config.Cty(), func(a backend.Attribute, v cty.Value) cty.Value {
		if !a.Expression {
			return v
		}
		return WithRoots(v, func(roots map[string]cty.Value) {
			if before, ok := roots["output"]; ok {
				roots["output"] = renewed(before, cty.ObjectVal(outputs))
			}
		})
	}))
	return op
}

// WithRoots returns v, an expression attribute, with its roots as change leaves
// them. What is no expression, or null, stays as it is.
func WithRoots(v cty.Value, change func(roots map[string]cty.Value)) cty.Value {
	if v == cty.NilVal {
		return v
	}
	bare, marks := v.Unmark()
	if !isObject(bare) || !bare.Type().HasAttribute(memberRoots) {
		return v
	}
	members := bare.AsValueMap()
	before, rootMarks := members[memberRoots].Unmark()
	if !isObject(before) {
		return v
	}
	roots := map[string]cty.Value{}
	maps.Copy(roots, before.AsValueMap())
	change(roots)
	members[memberRoots] = cty.ObjectVal(roots).WithMarks(rootMarks)
	return cty.ObjectVal(members).WithMarks(marks)
}

// renewed has the members of old, which need not be all that there are, with the
// values of now, and null for what now lacks. Marks stay.
func renewed(old, now cty.Value) cty.Value {
	old, marks := old.Unmark()
	bare, more := now.Unmark()
	if !isObject(old) || !isObject(bare) {
		return now.WithMarks(marks)
	}
	members := old.AsValueMap()
	for name, v := range members {
		next := cty.NullVal(v.Type())
		if bare.Type().HasAttribute(name) {
			next = bare.GetAttr(name)
		}
		members[name] = renewed(v, next)
	}
	return cty.ObjectVal(members).WithMarks(marks, more)
}

func isObject(v cty.Value) bool { return v.IsKnown() && !v.IsNull() && v.Type().IsObjectType() }
