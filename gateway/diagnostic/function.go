package diagnostic

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/addongw/addongw/plugins/backend/expr"
)

func functionRules() map[string]rule {
	return map[string]rule{
		"Call to unknown function":         unknownFunction,
		"Function calls not allowed":       fixed("AG300", "Only a plain value may stand here", "functions can't be called here"),
		"Not enough function arguments":    argumentCount,
		"Too many function arguments":      argumentCount,
		"Invalid function argument":        badArgument,
		"Error in function call":           failedCall,
		"Invalid expanding argument value": fixed("AG308", `"..." takes a list`, "this is none"),
	}
}

func unknownFunction(_ source, d *hcl.Diagnostic) (message, bool) {
	extra, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallUnknownDiagExtra](d)
	if !ok {
		return message{}, false
	}
	return unknownFunctionMessage(extra.CalledFunctionNamespace()+extra.CalledFunctionName(), functionNames(d.EvalContext)), true
}

// UnknownFunction is the problem of a call to a function that does not exist,
// for a caller that finds it on the syntax tree.
func UnknownFunction(name string, subject hcl.Range, known []string) *hcl.Diagnostic {
	m := unknownFunctionMessage(name, known)
	return New(m.summary, subject, m.Info)
}

// OutsideFunction reports a call of a function that reaches outside, such as
// secret, where the plugin evaluates.
func OutsideFunction(name string, subject hcl.Range) *hcl.Diagnostic {
	m := outsideFunctionMessage(name)
	return New(m.summary, subject, m.Info)
}

// OutsideSecret reports a call of secret where the plugin evaluates and no secret
// may be; elsewhere are the settings beside it where one may.
func OutsideSecret(elsewhere []string, subject hcl.Range) *hcl.Diagnostic {
	m := outsideFunctionMessage("secret")
	m.Hint = ShownInTheClear(elsewhere)
	if len(elsewhere) > 0 {
		m.Notes = append([]string{"Write locals { x = secret(…) }, and local.x there"}, m.Notes...)
	}
	return New(m.summary, subject, m.Info)
}

// ShownInTheClear is the hint for a secret where none may be; elsewhere are the
// settings beside it where one may.
func ShownInTheClear(elsewhere []string) string {
	hint := "it is shown in the clear"
	if len(elsewhere) > 0 {
		hint += "; a secret may be in " + And(elsewhere)
	}
	return hint
}

func outsideFunctionMessage(name string) message {
	return message{summary: fmt.Sprintf("%s() can't be called here", name), Info: Info{
		Code: "AG303", Hint: fmt.Sprintf("write locals { x = %s(…) }, and local.x here", name),
		Notes: []string{"the plugin evaluates this setting itself, and reads no secrets, files and environment"},
	}}
}

func unknownFunctionMessage(name string, known []string) message {
	if slices.Contains(expr.Outside(), name) { // everywhere else they are there
		return outsideFunctionMessage(name)
	}
	if reason, ok := expr.Reserved()[name]; ok {
		return message{summary: fmt.Sprintf("%q is not in this version", name), Info: Info{Code: "AG299", Hint: reason}}
	}
	m := message{summary: fmt.Sprintf("There is no function %q", name), Info: Info{Code: "AG307"}}
	if hint, ok := foreign()[strings.ToLower(name)]; ok {
		m.Hint = hint
		return m
	}
	m.Hint = DidYouMean(name, known)
	return m
}

func functionNames(scope *hcl.EvalContext) []string {
	var names []string
	for ; scope != nil; scope = scope.Parent() {
		names = slices.AppendSeq(names, maps.Keys(scope.Functions))
	}
	return names
}

// call returns the function that d is about and its name.
func call(d *hcl.Diagnostic) (name string, f function.Function, ok bool) {
	extra, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d)
	if !ok {
		return "", function.Function{}, false
	}
	name = extra.CalledFunctionName()
	for scope := d.EvalContext; scope != nil; scope = scope.Parent() {
		if f, ok := scope.Functions[name]; ok {
			return name, f, true
		}
	}
	return name, function.Function{}, false
}

func argumentCount(_ source, d *hcl.Diagnostic) (message, bool) {
	name, f, ok := call(d)
	e, isCall := d.Expression.(*hclsyntax.FunctionCallExpr)
	if !ok || !isCall {
		return message{}, false
	}
	m := message{summary: fmt.Sprintf("%s takes %s", name, arguments(f)), Info: Info{
		Code: "AG308", Notes: []string{"Write " + expr.Signature(name, f)},
	}}
	if !e.ExpandFinal {
		m.Hint = fmt.Sprintf("got %s", number(len(e.Args), "argument"))
	}
	return m, true
}

func arguments(f function.Function) string {
	count := number(len(f.Params()), "argument")
	if f.VarParam() != nil {
		return "at least " + count
	}
	return count
}

func number(n int, word string) string {
	if n == 0 {
		return "no " + word + "s"
	}
	return fmt.Sprintf("%d %s", n, plural(word, n))
}

// badArgument passes the function's own explanation on.
func badArgument(_ source, d *hcl.Diagnostic) (message, bool) {
	name, f, ok := call(d)
	parameter, reason, cut := strings.Cut(strings.TrimPrefix(d.Detail, "Invalid value for "), " parameter: ")
	if !ok || !cut {
		return message{}, false
	}
	return message{summary: fmt.Sprintf("%s can't use this as %s", name, parameter), Info: Info{
		Code: "AG308", Hint: inWords(strings.TrimSuffix(reason, ".")), Notes: []string{"Write " + expr.Signature(name, f)},
	}}, true
}

func failedCall(_ source, d *hcl.Diagnostic) (message, bool) {
	extra, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d)
	if !ok {
		return message{}, false
	}
	m := message{summary: fmt.Sprintf("%s gives no result here", extra.CalledFunctionName()), Info: Info{Code: "AG308"}}
	if err := extra.FunctionCallError(); err != nil {
		m.Hint = inWords(err.Error())
	}
	return m, true
}
