package pluginhost

import (
	"maps"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// current is op with its outputs in the expressions of its config as well: they
// may be known only since the config was recorded, such as those of a provision
// that was cancelled, for the removal behind it. Generated outputs are there from the first call on.
func current(config backend.Schema, op backend.Op) backend.Op {
	if !config.HasExpressions() {
		return op
	}
	outputs := map[string]cty.Value{}
	if bare, _ := op.Outputs.Cty().Unmark(); !op.Outputs.IsNull() && bare.Type().IsObjectType() {
		maps.Copy(outputs, bare.AsValueMap())
	}
	for name, text := range op.Secrets {
		outputs[name] = cty.StringVal(text).Mark(backend.Sensitive)
	}
	op.Config = backend.NewValue(config.MapAttributes(op.Config.Cty(), func(a backend.Attribute, v cty.Value) cty.Value {
		if !a.Expression || v == cty.NilVal {
			return v
		}
		return expr.WithRoot(v, "output", outputs)
	}))
	return op
}
