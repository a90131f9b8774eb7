package configvar

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/gateway/secret"
)

// Render evaluates a config var for one resource. ok is false when the value
// is null: the resource then does not have this config var. Sensitive follows
// from what the expression uses. The error names the config var and its place,
// never a value.
func Render(name string, expr hcl.Expression, ctx *hcl.EvalContext) (v gateway.ConfigVar, ok bool, err error) {
	text, isSensitive, ok, err := Text(expr, ctx)
	if err != nil {
		return gateway.ConfigVar{}, false, fmt.Errorf("render config var %s: %w", name, err)
	}
	if !ok {
		return gateway.ConfigVar{}, false, nil
	}
	return gateway.ConfigVar{Name: name, Value: secret.New(text), Sensitive: isSensitive}, true, nil
}

// Text evaluates expr to text. ok is false when it is null.
func Text(expr hcl.Expression, ctx *hcl.EvalContext) (text string, isSensitive, ok bool, err error) {
	v, diags := expr.Value(ctx)
	if diags.HasErrors() {
		return "", false, false, Failure(diags)
	}
	isSensitive = schema.ContainsSecret(v)
	v, _ = v.UnmarkDeep()
	if v.IsKnown() && v.IsNull() {
		return "", isSensitive, false, nil
	}
	if !v.Type().IsPrimitiveType() {
		return "", false, false, fmt.Errorf("%s: it is not text", expr.Range())
	}
	v, conversion := convert.Convert(v, cty.String)
	if conversion != nil || !v.IsKnown() {
		return "", false, false, fmt.Errorf("%s: it has no text", expr.Range())
	}
	return v.AsString(), isSensitive, true, nil
}

// Failure makes an error of the first problem of an evaluation: where and what
// kind, but not hcl's details, which may quote values.
func Failure(diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity == hcl.DiagError && d.Subject != nil {
			return fmt.Errorf("%s: %s", d.Subject, d.Summary)
		}
	}
	return fmt.Errorf("the expression has no value")
}
