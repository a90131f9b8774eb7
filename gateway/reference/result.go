package reference

import (
	"regexp"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend/expr"
)

// everything offers all functions; those that ask the machine answer nothing.
func everything() expr.Env {
	return expr.Env{
		Dir:      ".",
		Getenv:   func(string) (string, bool) { return "", false },
		ReadFile: func(string) ([]byte, error) { return nil, nil },
		Secret:   func(string) (cty.Value, error) { return cty.UnknownVal(cty.String), nil },
	}
}

// result evaluates a function's example; "" where it has none.
func result(example string) string {
	e, diags := hclsyntax.ParseExpression([]byte(example), "example", hcl.InitialPos)
	if example == "" || diags.HasErrors() {
		return ""
	}
	v, diags := e.Value(&hcl.EvalContext{Functions: expr.Functions(expr.Env{})})
	if diags.HasErrors() || !v.IsWhollyKnown() {
		return ""
	}
	return onOneLine.Replace(indented.ReplaceAllString(string(hclwrite.TokensForValue(v).Bytes()), "\n"))
}

// A value is written over several lines, with nothing in its texts broken.
var (
	indented  = regexp.MustCompile(`\n +`)
	onOneLine = strings.NewReplacer("{\n", "{ ", "\n}", " }", "\n", ", ")
)
