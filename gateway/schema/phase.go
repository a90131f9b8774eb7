package schema

import (
	"slices"

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
		if _, defined := variable(ctx, name); defined {
			continue
		}
		if d := wrongPhase(t, phase); d != nil {
			diags = append(diags, d)
		}
	}
	return diags
}

// variable finds a root name in ctx or a scope around it.
func variable(ctx *hcl.EvalContext, name string) (cty.Value, bool) {
	for ; ctx != nil; ctx = ctx.Parent() {
		if v, ok := ctx.Variables[name]; ok {
			return v, true
		}
	}
	return cty.NilVal, false
}

func wrongPhase(t hcl.Traversal, phase Phase) *hcl.Diagnostic {
	name, at := t.RootName(), t[0].SourceRange()
	info := diagnostic.Info{Code: "AG303"}
	switch name {
	case "addon", "plan", "region", "platform", "resource", "output":
		switch {
		case phase == Load:
			info.Hint = "it has a value only in config_vars, messages, rules and the live settings of a backend"
			return diagnostic.New(quote(name)+" is not known yet when the files are read", at, info)
		case phase == Request && name == "resource":
			info.Hint = insteadOf(t, "resource", "request", "use request.name, request.options or request.owner")
			info.Notes = []string{"a rule is judged before anything is recorded"}
			return diagnostic.New(`"resource" is not there yet when a request is judged`, at, info)
		}
		return nil
	case "request", "current":
		if phase == Load {
			info.Hint = "it has a value only in validate, quota and plan_change"
			return diagnostic.New(quote(name)+" is not known yet when the files are read", at, info)
		}
		info.Hint = insteadOf(t, "request", "resource", "use resource.region, resource.options or resource.owner")
		if name == "current" {
			info.Hint = "use plan: it is the one that the resource has"
		}
		info.Notes = []string{"they are rendered again at every change, long after the request"}
		return diagnostic.New(quote(name)+" is gone when config vars are rendered", at, info)
	case "sso":
		info.Hint = "it has a value only in the redirect of an sso block"
		return diagnostic.New(`"sso" is known only while a customer signs on`, at, info)
	case "credential":
		info.Hint = "leave it out: the backend is handed the caller's credentials with every call"
		info.Notes = []string{"what a setting says is stored with the operation, and credentials never are"}
		return diagnostic.New(`"credential" can't be part of a setting`, at, info)
	case "binding":
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

// insteadOf says what stands for request.NAME where there is a resource, and
// the other way round; usual is for names that only one of them has.
func insteadOf(t hcl.Traversal, root, other, usual string) string {
	if t.RootName() != root || len(t) < 2 {
		return usual
	}
	step, ok := t[1].(hcl.TraverseAttr)
	switch {
	case ok && slices.Contains([]string{"plan", "region", "options", "name", "owner", "user_id"}, step.Name):
		return "use " + other + "." + step.Name
	case ok && step.Name == "platform":
		return "use platform.id"
	}
	return usual
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
