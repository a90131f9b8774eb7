package schema

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// ReadType reads an expression that names a type: string, list(number),
// object({ … }) with optional() attributes and their defaults. After an error
// the type is cty.DynamicPseudoType.
func ReadType(expr hcl.Expression) (cty.Type, *typeexpr.Defaults, hcl.Diagnostics) {
	t, defaults, diags := typeexpr.TypeConstraintWithDefaults(expr)
	if !diags.HasErrors() {
		return t, defaults, nil
	}
	at := expr.Range()
	if diags[0].Subject != nil {
		at = *diags[0].Subject
	}
	info := diagnostic.Info{Code: "AG213", Notes: []string{"types: string, number, bool, any, list(…), set(…), map(…), tuple([…]), object({…})"}}
	for _, name := range expr.Variables() {
		if name.SourceRange() == at {
			info.Hint = diagnostic.DidYouMean(name.RootName(), []string{"string", "number", "bool", "any", "list", "set", "map", "tuple", "object"})
			if ours, ok := foreignTypes()[name.RootName()]; ok {
				info.Hint = "write " + ours
			}
		}
	}
	return cty.DynamicPseudoType, nil, hcl.Diagnostics{diagnostic.New("This is no type", at, info)}
}

// foreignTypes says what types of other languages are called here.
func foreignTypes() map[string]string {
	return map[string]string{
		"int": "number", "integer": "number", "float": "number", "double": "number",
		"text": "string", "str": "string", "boolean": "bool", "array": "list(…)", "dict": "map(…)", "hash": "map(…)",
	}
}

// typeText is the JSON text of the type that an expression names.
func typeText(expr hcl.Expression) (cty.Value, hcl.Diagnostics) {
	t, _, diags := ReadType(expr)
	if diags.HasErrors() {
		return cty.NullVal(cty.String), diags
	}
	text, err := ctyjson.MarshalType(t.WithoutOptionalAttributesDeep())
	if err != nil {
		return cty.NullVal(cty.String), hcl.Diagnostics{diagnostic.New("This type can't be told to a plugin", expr.Range(), diagnostic.Info{Code: "AG213"})}
	}
	return cty.StringVal(string(text)), nil
}
