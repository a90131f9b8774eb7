package schema_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// TestAnExpressionIsTheSameAtItsPlugin: whatever form it is written in, the
// plugin evaluates to what the gateway would, and reports the same place.
func TestAnExpressionIsTheSameAtItsPlugin(t *testing.T) {
	scope := &hcl.EvalContext{Functions: expr.Functions(expr.Env{}), Variables: map[string]cty.Value{
		"plan": cty.ObjectVal(map[string]cty.Value{
			"id": cty.StringVal("ünïcode"), "limits": cty.MapVal(map[string]cty.Value{"gb": cty.NumberIntVal(5)}),
			"features": cty.TupleVal([]cty.Value{cty.ObjectVal(map[string]cty.Value{"n": cty.StringVal("a")}), cty.ObjectVal(map[string]cty.Value{"n": cty.StringVal("b")})}),
			"params":   cty.ObjectVal(map[string]cty.Value{"tier": cty.StringVal("s0"), "none": cty.NullVal(cty.String)}),
		}),
		"key": cty.StringVal("tier"),
	}}
	for _, text := range []string{
		`plan.id`, `(plan.id)`, "(\n  plan.id ==\n  \"x\" # why\n  ? 1\n  : 2\n)", `-plan.limits.gb + 2 * (3 - 1)`, `!(plan.id == "x")`,
		`plan.params["tier"]`, `plan.params[key]`, `plan.limits["gb"]`, `plan.features[*].n`, `plan.features.*.n`, `plan.features[0].n`, `plan.features[1]["n"]`,
		`[for i, f in plan.features : "${i}=${f.n}" if f.n != "b"]`, `{ for f in plan.features : f.n => plan.id... }`,
		"{\n  a = plan.id // one\n  \"b c\" = [1,\n    2,\n  ]\n  (key) = null\n}", `"é🇫🇷 ${plan.id} %%{ $${ \n\t\"\u00e9"`, `"%{ if plan.id == "x" }yes%{ else ~} no %{ endif }"`, `"${plan.params}"`,
		"<<END\nline ${plan.id}\n  \"quoted\"\nEND", "<<-END\n      line ${plan.id}\n        more\n      END", "upper(<<END\nx\nEND\n)", `try(plan.params.nope, plan.params["none"], "z")`,
		`concat([[1], [for x in [2, 3] : x]]...)`, `jsonencode(plan)`, `true`, `null`, `1.5e3`, `"a"`,
	} {
		e := shipped(t, "x = "+text+"\n", scope)
		got, err := e.Value(nil)
		if err != nil {
			t.Errorf("%s: %v", text, err)
			continue
		}
		parsed, diags := hclsyntax.ParseConfig([]byte("x = "+text+"\n"), "test.hcl", hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		attributes, _ := parsed.Body.JustAttributes()
		want, diags := attributes["x"].Expr.Value(scope)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		if !got.RawEquals(want) {
			t.Errorf("%s: got %#v, want %#v", text, got, want)
		}
	}
	for text, place := range map[string]string{
		"x = \"é🇫🇷 ${plan.nope}\"\n": "test.hcl:1:15:", "x = (\n  1 +\n  plan.nope)\n": "test.hcl:3:7:", "x = <<-END\n    a\n    é${plan.nope}\n  END\n": "test.hcl:3:12:",
	} {
		if _, err := shipped(t, text, scope).Value(nil); err == nil || !strings.HasPrefix(err.Error(), place) {
			t.Errorf("%q: got %v, want %s", text, err, place)
		}
	}
}

// TestAPartOfASensitiveObjectIsSensitive: of an object only what is mentioned goes to
// the plugin, with the mark of the whole.
func TestAPartOfASensitiveObjectIsSensitive(t *testing.T) {
	account := cty.ObjectVal(map[string]cty.Value{"login": cty.StringVal("acme"), "token": cty.StringVal("hush")}).Mark(backend.Sensitive)
	scope := &hcl.EvalContext{Variables: map[string]cty.Value{"local": cty.ObjectVal(map[string]cty.Value{"account": account, "zone": cty.StringVal("eu")})}}
	for text, want := range map[string]cty.Value{
		`local.account.login`: cty.StringVal("acme").Mark(backend.Sensitive), `local.account`: account, `local.zone`: cty.StringVal("eu"),
	} {
		if got, err := shipped(t, "x = "+text+"\n", scope).Value(nil); err != nil || !got.RawEquals(want) {
			t.Errorf("%s: %#v, %v", text, got, err)
		}
	}
}

// shipped is an expression as its plugin reads it.
func shipped(t *testing.T, text string, scope *hcl.EvalContext) expr.Expression {
	t.Helper()
	file := parse(t, text)
	s := backend.Schema{Attributes: []backend.Attribute{{Name: "x", Type: cty.DynamicPseudoType, Expression: true}}}
	body, diags := schema.DecodeBackend("config", s, file.Body, hcl.Range{}, schema.BackendScope{Load: scope, Files: map[string]*hcl.File{"test.hcl": file}})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	live, diags := body.Live(scope, cty.NilVal)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	e, err := expr.FromValue(live.GetAttr("x"))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return e
}
