package expr

import (
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/addongw/addongw/plugins/backend"
)

// sensitiveFunc marks a value: whatever is made from it is treated as secret.
func sensitiveFunc() function.Function {
	return markFunc("Treats a value as secret.", func(v cty.Value) cty.Value {
		return v.Mark(backend.Sensitive)
	})
}

// nonsensitiveFunc takes the mark off, at every depth: for what was derived
// from a secret and gives nothing away, such as whether it is empty.
func nonsensitiveFunc() function.Function {
	return markFunc("Treats a value as public although it was made from a secret.", func(v cty.Value) cty.Value {
		bare, _ := v.UnmarkDeep()
		return bare
	})
}

func markFunc(doc string, change func(cty.Value) cty.Value) function.Function {
	return function.New(&function.Spec{
		Description: doc,
		Params:      []function.Parameter{accepting(function.Parameter{Name: "value", Type: cty.DynamicPseudoType})},
		Type:        func(args []cty.Value) (cty.Type, error) { return args[0].Type(), nil },
		Impl:        func(args []cty.Value, _ cty.Type) (cty.Value, error) { return change(args[0]), nil },
	})
}
