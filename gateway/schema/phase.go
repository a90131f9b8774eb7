package schema

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/plugins/backend"
)

// CheckPhase reports names that the language knows but that have no value in
// the given phase: the right name in the wrong place (AG303). Names that ctx
// defines are fine whatever they are.
func CheckPhase(expr hcl.Expression, ctx *hcl.EvalContext, phase Phase) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, t := range expr.Variables() {
		name := t.RootName()
		if defines(ctx, name) {
			continue
		}
		if d := wrongPhase(name, phase, t[0].SourceRange()); d != nil {
			diags = append(diags, d)
		}
	}
	return diags
}

// defines reports whether ctx or a scope around it has the root name.
func defines(ctx *hcl.EvalContext, name string) bool {
	for c := ctx; c != nil; c = c.Parent() {
		if _, ok := c.Variables[name]; ok {
			return true
		}
	}
	return false
}

func wrongPhase(name string, phase Phase, at hcl.Range) *hcl.Diagnostic {
	info := diagnostic.Info{Code: "AG303"}
	switch name {
	case "addon", "plan", "region", "platform", "resource", "output":
		if phase != Load {
			return nil
		}
		info.Hint = "it has a value only in config_vars, messages and the live settings of a backend"
		return diagnostic.New(quote(name)+" is not known yet when the files are read", at, info)
	case "request", "current":
		info.Hint = "use resource.region, resource.options or resource.owner"
		info.Notes = []string{"they are rendered again at every change, long after the request"}
		if phase == Load {
			return diagnostic.New(quote(name)+" is not known yet when the files are read", at, diagnostic.Info{Code: "AG303"})
		}
		return diagnostic.New(quote(name)+" is gone when config vars are rendered", at, info)
	case "sso":
		info.Hint = "it has a value only in the redirect of an sso block"
		return diagnostic.New(`"sso" is known only while a customer signs on`, at, info)
	case "binding", "credential":
		return diagnostic.NotInThisVersion(name, at)
	case "each":
		info.Hint = "add for_each = [ … ] to the block"
		return diagnostic.New(`"each" exists only beside for_each`, at, info)
	case "backend":
		info.Hint = "what a backend returns is output.NAME"
		return diagnostic.New(`"backend" is a reference, not a value`, at, info)
	}
	return nil
}

// ContainsSecret reports whether a value or any part of it is sensitive.
func ContainsSecret(v cty.Value) bool {
	if v == cty.NilVal {
		return false
	}
	_, marks := v.UnmarkDeep()
	_, secret := marks[backend.Sensitive]
	return secret
}

// becameSecret tells where a value became sensitive, as far as the expression
// itself shows it.
func becameSecret(expr hcl.Expression, ctx *hcl.EvalContext) string {
	for _, t := range expr.Variables() {
		if v, diags := t.TraverseAbs(ctx); !diags.HasErrors() && ContainsSecret(v) {
			return traversalText(t) + " is sensitive"
		}
	}
	found := ""
	if node, ok := expr.(hclsyntax.Node); ok {
		_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
			if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && (call.Name == "secret" || call.Name == "sensitive") {
				found = "it became sensitive by " + call.Name + "()"
			}
			return nil
		})
	}
	return found
}

func traversalText(t hcl.Traversal) string {
	text := ""
	for _, step := range t {
		switch s := step.(type) {
		case hcl.TraverseRoot:
			text += s.Name
		case hcl.TraverseAttr:
			text += "." + s.Name
		default:
			text += "[…]"
		}
	}
	return text
}
