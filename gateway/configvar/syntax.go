package configvar

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
)

// SecretRef is a secret("source:key") somewhere in a file.
type SecretRef struct {
	Text  string // "source:key"
	Range hcl.Range
}

// CheckSyntax finds in the syntax tree of a file what no evaluation can be
// trusted to show: functions that do not exist, also where they are never
// called; keys that stand twice in one map; secret() without a plain string.
// It returns the secrets that the file names, too. functions are the names of
// those that exist.
func CheckSyntax(file hclsyntax.Node, functions []string) ([]SecretRef, hcl.Diagnostics) {
	var refs []SecretRef
	var diags hcl.Diagnostics
	_ = hclsyntax.VisitAll(file, func(n hclsyntax.Node) hcl.Diagnostics {
		switch e := n.(type) {
		case *hclsyntax.ObjectConsExpr:
			diags = append(diags, schema.DuplicateKeys(e)...)
		case *hclsyntax.FunctionCallExpr:
			if !slices.Contains(functions, e.Name) && !slices.Contains(typeNames(), e.Name) {
				diags = append(diags, diagnostic.UnknownFunction(e.Name, e.NameRange, functions))
			}
			if e.Name == "secret" {
				ref, more := secretRef(e)
				refs, diags = append(refs, ref...), append(diags, more...)
			}
		}
		return nil
	})
	return refs, diags
}

// typeNames are written like functions where a type is named. Called as
// functions they are found by evaluation.
func typeNames() []string { return []string{"list", "set", "map", "object", "tuple", "optional"} }

func secretRef(call *hclsyntax.FunctionCallExpr) ([]SecretRef, hcl.Diagnostics) {
	if len(call.Args) != 1 || call.ExpandFinal {
		return nil, nil // evaluation says what is wrong
	}
	arg := call.Args[0]
	if template, ok := arg.(*hclsyntax.TemplateExpr); ok && template.IsStringLiteral() {
		if v, diags := template.Value(nil); !diags.HasErrors() && v.Type() == cty.String {
			return []SecretRef{{Text: v.AsString(), Range: arg.Range()}}, nil
		}
	}
	return nil, hcl.Diagnostics{diagnostic.New("secret() takes a plain string", arg.Range(), diagnostic.Info{
		Code:  "AG312",
		Hint:  fmt.Sprintf("write secret(%q)", "source:key"),
		Notes: []string{"a list of all secrets that the files need would be incomplete otherwise"},
	})}
}
