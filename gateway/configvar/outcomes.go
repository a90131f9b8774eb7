package configvar

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// outcomes lists what may become the value of expr: the results that its
// conditions choose, both where a condition is not known; expr itself, where
// nothing is chosen. HCL gives a choice that is not made no more than a type, so
// that a mistake in one of its results would show when a customer's resource
// decides.
func outcomes(expr hcl.Expression, scope *hcl.EvalContext) []hcl.Expression {
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return outcomes(e.Expression, scope)
	case *hclsyntax.TemplateWrapExpr:
		return outcomes(e.Wrapped, scope)
	case *hclsyntax.ConditionalExpr:
		holds, known := truth(e.Condition, scope)
		switch {
		case known && holds:
			return outcomes(e.TrueResult, scope)
		case known:
			return outcomes(e.FalseResult, scope)
		default:
			return append(outcomes(e.TrueResult, scope), outcomes(e.FalseResult, scope)...)
		}
	}
	return []hcl.Expression{expr}
}
