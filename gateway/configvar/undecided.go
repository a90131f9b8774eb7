package configvar

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// undecided lists what may become the value of expr under conditions that are
// not known. HCL gives such a value no more than a type; a mistake in one of
// its parts would show when a customer's resource decides.
func undecided(expr hcl.Expression, scope *hcl.EvalContext) []hcl.Expression {
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr:
		return undecided(e.Expression, scope)
	case *hclsyntax.TemplateWrapExpr:
		return undecided(e.Wrapped, scope)
	case *hclsyntax.ConditionalExpr:
		holds, known := truth(e.Condition, scope)
		switch {
		case known && holds:
			return undecided(e.TrueResult, scope)
		case known:
			return undecided(e.FalseResult, scope)
		default:
			return append(results(e.TrueResult, scope), results(e.FalseResult, scope)...)
		}
	}
	return nil
}

// results lists what may become the value of a part: itself, where nothing in
// it is undecided.
func results(expr hcl.Expression, scope *hcl.EvalContext) []hcl.Expression {
	if parts := undecided(expr, scope); len(parts) > 0 {
		return parts
	}
	return []hcl.Expression{expr}
}
