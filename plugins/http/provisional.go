package http

import (
	"errors"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/addongw/addongw/plugins/backend/expr"
)

// PROVISIONAL: replaced by plugins/backend/expr.
type expression interface {
	Value(own map[string]cty.Value) (cty.Value, error)
	Parts(own map[string]cty.Value) ([]part, error)
	Mentions(root string) bool
}

type part struct {
	Value   cty.Value
	Literal bool
}

type provisional struct {
	e     hcl.Expression
	roots map[string]cty.Value
}

func expressionOf(v cty.Value) (expression, error) {
	v, _ = v.Unmark()
	if !v.Type().IsObjectType() || !v.Type().HasAttribute("source") {
		return nil, errors.New("no expression")
	}
	e, diags := hclsyntax.ParseExpression([]byte(v.GetAttr("source").AsString()), "addongw.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		return nil, diags
	}
	return provisional{e, v.GetAttr("roots").AsValueMap()}, nil
}

func (p provisional) ctx(own map[string]cty.Value) *hcl.EvalContext {
	vars := map[string]cty.Value{}
	for k, v := range p.roots {
		vars[k] = v
	}
	for k, v := range own {
		vars[k] = v
	}
	return &hcl.EvalContext{Variables: vars, Functions: expr.Functions(expr.Env{})}
}

func (p provisional) Value(own map[string]cty.Value) (cty.Value, error) {
	v, diags := p.e.Value(p.ctx(own))
	if diags.HasErrors() {
		return cty.NilVal, fmt.Errorf("%s: %s", diags[0].Subject, diags[0].Summary)
	}
	return v, nil
}

func (p provisional) Mentions(root string) bool {
	for _, t := range p.e.Variables() {
		if t.RootName() == root {
			return true
		}
	}
	return false
}

func (p provisional) Parts(own map[string]cty.Value) ([]part, error) {
	var list []hclsyntax.Expression
	switch e := p.e.(type) {
	case *hclsyntax.TemplateExpr:
		list = e.Parts
	case *hclsyntax.TemplateWrapExpr:
		list = []hclsyntax.Expression{e.Wrapped}
	default:
		return nil, errors.New("it is not written as a text in quotes")
	}
	var parts []part
	for _, e := range list {
		_, literal := e.(*hclsyntax.LiteralValueExpr)
		v, diags := e.Value(p.ctx(own))
		if diags.HasErrors() {
			return nil, fmt.Errorf("%s: %s", diags[0].Subject, diags[0].Summary)
		}
		v, err := convert.Convert(v, cty.String)
		if err != nil {
			return nil, err
		}
		parts = append(parts, part{v, literal})
	}
	return parts, nil
}
