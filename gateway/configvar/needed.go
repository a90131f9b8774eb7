package configvar

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// needed reports a config var that has no text on a platform that needs all of
// them: for sure, or under a condition that only a customer's resource decides.
// What a backend returns is taken to be there.
func (c *checker) needed(in *Case) hcl.Diagnostics {
	title := c.Needed[in.Platform]
	if title == "" {
		return nil
	}
	found, ok := lackOf(c.Expr, in.scope)
	if !ok {
		return nil
	}
	verb := "may be"
	if found.certain && in.Note == "" {
		verb = "is"
	}
	return hcl.Diagnostics{diagnostic.New(fmt.Sprintf("%s %s %s, and %s needs every config var", c.Name, verb, found.what, title), found.at, diagnostic.Info{
		Code: "AG417", Hint: "give it another value",
		Notes: []string{fmt.Sprintf("to sell without it on this platform: config_vars = { %s = null } in platform %q", c.Name, in.Platform)},
	})}
}

// lack is a part of an expression that can be its value and is no text.
type lack struct {
	at      hcl.Range
	what    string // "null", "empty"
	certain bool   // whatever the resource is
}

// lackOf finds the first lack of expr: the part that an operator has to change,
// where there is a tree to look at.
func lackOf(expr hcl.Expression, scope *hcl.EvalContext) (lack, bool) {
	v, diags := expr.Value(scope)
	if diags.HasErrors() {
		return lack{}, false // that is reported in other words, or forgiven
	}
	v, _ = v.Unmark()
	found := lack{at: expr.Range(), certain: v.IsKnown()}
	switch {
	case !v.IsKnown():
	case v.IsNull():
		found.what = "null"
	case v.Type() == cty.String && v.AsString() == "":
		found.what = "empty"
	default:
		return lack{}, false
	}
	if part, ok := lackInside(expr, scope); ok {
		part.certain = found.certain
		return part, true
	}
	return found, found.certain
}

// lackInside looks at what may become the value of expr.
func lackInside(expr hcl.Expression, scope *hcl.EvalContext) (lack, bool) {
	switch e := expr.(type) {
	case *hclsyntax.ParenthesesExpr, *hclsyntax.TemplateWrapExpr, *hclsyntax.ConditionalExpr:
		return firstLack(outcomes(expr, scope), scope)
	case *hclsyntax.TemplateExpr:
		return lackOfTemplate(e, scope)
	case *hclsyntax.FunctionCallExpr:
		if e.Name == "try" {
			return firstLack(e.Args, scope)
		}
	}
	return lack{}, false
}

// lackOfTemplate: a template is empty where all of its parts are.
func lackOfTemplate(e *hclsyntax.TemplateExpr, scope *hcl.EvalContext) (lack, bool) {
	for _, part := range e.Parts {
		if _, ok := lackOf(part, scope); !ok {
			return lack{}, false
		}
	}
	return lack{at: e.Range(), what: "empty"}, true
}

func firstLack[E hcl.Expression](exprs []E, scope *hcl.EvalContext) (lack, bool) {
	for _, e := range exprs {
		if found, ok := lackOf(e, scope); ok {
			return found, true
		}
	}
	return lack{}, false
}
