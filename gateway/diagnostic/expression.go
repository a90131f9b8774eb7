package diagnostic

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

func expressionRules() map[string]rule {
	return map[string]rule{
		"Unknown variable":                         unknownRoot,
		"Variables not allowed":                    fixed("AG300", "Only a plain value may stand here", "references are not possible here"),
		"Unsupported attribute":                    unknownAttribute,
		"Missing map element":                      unknownAttribute,
		"Invalid index":                            badIndex,
		"Attempt to index null value":              nullValue,
		"Attempt to get attribute from null value": nullValue,
		"Splat of null value":                      nullValue,
		"Iteration over null value":                nullValue,
		"Null condition":                           nullValue,
		"Null value as key":                        fixed("AG311", "The key is null", "a key must have a value"),
		"Invalid template interpolation value":     notText,
		"Inconsistent conditional result types":    twoTypes,
		"Incorrect condition type":                 fixed("AG305", "A condition is true or false", "this is neither; compare it with == or !="),
		"Invalid operand":                          badOperand,
		"Operation failed":                         nullOperand,
		"Iteration over non-iterable value":        notIterable,
		"Incorrect key type":                       fixed("AG305", "A key is text", "this can't be a key"),
		"Ambiguous attribute key":                  fixed("AG300", "This key could be a name or a reference", `write "a.b" for a name, (a.b) for a reference`),
		"Duplicate object key":                     fixed("AG208", "This map gets the same key twice", "add ... behind the value to collect a list for each key"),
	}
}

func unknownRoot(s source, d *hcl.Diagnostic) (message, bool) {
	name := s.text(*d.Subject)
	if shellName(name) && strings.HasSuffix(s.before(d.Subject.Start), "${") {
		return shellVariable("${" + name + "}"), true
	}
	names := roots(d.EvalContext)
	m := message{summary: fmt.Sprintf("Nothing is called %q here", name), Info: Info{Code: "AG301", Hint: DidYouMean(name, names)}}
	if list := List(names); list != "" {
		m.Notes = []string{"available: " + list}
	}
	return m, true
}

// shellName reports whether a name is written as environment variables are.
func shellName(name string) bool {
	return name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == ""
}

func roots(scope *hcl.EvalContext) []string {
	var names []string
	for ; scope != nil; scope = scope.Parent() {
		names = slices.AppendSeq(names, maps.Keys(scope.Variables))
	}
	return names
}

// unknownAttribute is for the x of output.x.
func unknownAttribute(s source, d *hcl.Diagnostic) (message, bool) {
	owner, at, ok := ownerOf(d)
	if !ok {
		return message{}, false
	}
	m := message{subject: withoutDot(s, *d.Subject), Info: Info{Code: "AG302"}}
	name, ownerText := s.text(m.subject), s.short(at)
	if t := owner.Type(); !t.IsObjectType() && !t.IsMapType() {
		m.summary = fmt.Sprintf("%s is %s and has no value named %q", ownerText, typeInWords(t), name)
		if isList(t) {
			m.Hint = "choose an item, as in [0], or all of them with [*]"
		}
		return m, true
	}
	m.summary = fmt.Sprintf("%q has no value named %q", ownerText, name)
	m.offer(name, ownerText, namesIn(owner))
	if m.Hint == "" {
		m.Hint = Declaration(ownerText, name)
	}
	return m, true
}

// Declaration says how to make a value that does not exist: of "var", "local"
// and the options, which an operator declares; "" for others.
func Declaration(owner, name string) string {
	switch owner {
	case "var":
		return fmt.Sprintf("declare it: variable %q { … }", name)
	case "local":
		return fmt.Sprintf("add it: locals { %s = … }", name)
	case "resource.options", "request.options":
		return fmt.Sprintf("declare it: option %q { … }", name)
	}
	return ""
}

func (m *message) offer(name, owner string, names []string) {
	m.Hint = DidYouMean(name, names)
	if list := List(names); list != "" {
		m.Notes = []string{owner + " offers: " + list}
	}
}

// withoutDot narrows the range of the step ".name" to the name.
func withoutDot(s source, r hcl.Range) hcl.Range {
	if strings.HasPrefix(s.text(r), ".") {
		r.Start.Byte++
		r.Start.Column++
	}
	return r
}

// ownerOf returns the value in which d's step looked something up, and where
// the file writes it. Steps are found by where they start: neighbours touch.
func ownerOf(d *hcl.Diagnostic) (value cty.Value, at hcl.Range, ok bool) {
	var diags hcl.Diagnostics
	switch e := d.Expression.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		step := stepAt(e.Traversal, d.Subject.Start)
		if step < 1 {
			return cty.NilVal, at, false
		}
		value, diags = e.Traversal[:step].TraverseAbs(d.EvalContext)
		at = upTo(e.Range(), d.Subject.Start)
	case *hclsyntax.RelativeTraversalExpr:
		step := stepAt(e.Traversal, d.Subject.Start)
		if step < 0 {
			return cty.NilVal, at, false
		}
		value, _ = e.Source.Value(d.EvalContext)
		value, diags = e.Traversal[:step].TraverseRel(value)
		at = upTo(e.Source.Range(), d.Subject.Start)
	case *hclsyntax.IndexExpr:
		value, diags = e.Collection.Value(d.EvalContext)
		at = e.Collection.Range()
	default:
		return cty.NilVal, at, false
	}
	return value, at, !diags.HasErrors()
}

func stepAt(t hcl.Traversal, start hcl.Pos) int {
	return slices.IndexFunc(t, func(step hcl.Traverser) bool { return step.SourceRange().Start == start })
}

func upTo(r hcl.Range, end hcl.Pos) hcl.Range {
	r.End = end
	return r
}

// namesIn lists attributes or keys. What is sensitive as a whole has none to
// show: its keys may be made of the secret.
func namesIn(v cty.Value) []string {
	switch t := v.Type(); {
	case v.IsMarked():
		return nil
	case t.IsObjectType():
		return slices.Collect(maps.Keys(t.AttributeTypes()))
	case t.IsMapType() && v.IsKnown() && !v.IsNull():
		return slices.Collect(maps.Keys(v.AsValueMap()))
	}
	return nil
}

// badIndex is for the key of x[key]. The key itself is shown only as the file
// writes it: its value may be secret.
func badIndex(s source, d *hcl.Diagnostic) (message, bool) {
	owner, at, ok := ownerOf(d)
	if !ok {
		return message{}, false
	}
	ownerText := s.short(at)
	m := message{Info: Info{Code: "AG302"}}
	switch t := owner.Type(); {
	case t.IsSetType():
		m.summary = fmt.Sprintf("The items of the set %s have no positions", ownerText)
		m.Hint = "convert it with tolist, or use a for expression"
	case isList(t):
		m.summary = fmt.Sprintf("%s has no item at this position", ownerText)
		m.Hint = listHint(owner)
	case t.IsObjectType() || t.IsMapType():
		key, literal := literalKey(s.text(*d.Subject))
		m.summary = fmt.Sprintf("%q does not have this key", ownerText)
		names := namesIn(owner)
		if literal {
			m.summary = fmt.Sprintf("%q has no key %q", ownerText, key)
			m.offer(key, ownerText, names)
		} else if list := List(names); list != "" {
			m.Notes = []string{ownerText + " offers: " + list}
		}
	default:
		m.summary = fmt.Sprintf("%s is %s and has no items", ownerText, typeInWords(t))
	}
	return m, true
}

func listHint(list cty.Value) string {
	length := list.Length()
	if !length.IsKnown() || length.IsMarked() {
		return ""
	}
	n, _ := length.AsBigFloat().Int64()
	if n == 0 {
		return "it is empty"
	}
	return fmt.Sprintf("positions are 0 to %d", n-1)
}

// literalKey reads the "key" out of ["key"].
func literalKey(step string) (key string, ok bool) {
	key, ok = strings.CutPrefix(strings.TrimSpace(step), "[")
	key = strings.TrimSpace(strings.TrimSuffix(key, "]"))
	if !ok || len(key) < 2 || key[0] != '"' || strings.ContainsAny(key[1:len(key)-1], `"\$%`) {
		return "", false
	}
	return key[1 : len(key)-1], true
}

// nullValue points at what is null, where HCL points at what was looked up.
func nullValue(s source, d *hcl.Diagnostic) (message, bool) {
	at := *d.Subject
	if _, owner, ok := ownerOf(d); ok {
		at = owner
	}
	return nullMessage(s, at), true
}

func nullMessage(s source, at hcl.Range) message {
	return message{summary: s.subject(at) + " is null", subject: at, Info: Info{
		Code: "AG311", Hint: "it has no value", Notes: []string{fmt.Sprintf("For another value instead, write coalesce(%s, …).", s.short(at))},
	}}
}

// notText is for a template part that can't become text.
func notText(s source, d *hcl.Diagnostic) (message, bool) {
	if strings.Contains(d.Detail, "is null") {
		return nullMessage(s, *d.Subject), true
	}
	return message{summary: fmt.Sprintf("%s is %s; inside a string it must be text", s.subject(*d.Subject), valueInWords(d)), Info: Info{
		Code: "AG305", Hint: `use join(",", …) or jsonencode(…)`,
	}}, true
}

func twoTypes(s source, d *hcl.Diagnostic) (message, bool) {
	m := message{summary: `Both results of "? :" must have one type`, Info: Info{Code: "AG310"}}
	e, ok := d.Expression.(*hclsyntax.ConditionalExpr)
	if !ok {
		return m, true
	}
	yes, _ := e.TrueResult.Value(d.EvalContext)
	no, _ := e.FalseResult.Value(d.EvalContext)
	if a, b := typeInWords(yes.Type()), typeInWords(no.Type()); a != b {
		m.Hint = fmt.Sprintf("here: %s and %s", a, b)
	} else {
		m.Hint = fmt.Sprintf("both are %s, with different content", a)
	}
	return m, true
}

func badOperand(s source, d *hcl.Diagnostic) (message, bool) {
	_, reason, _ := strings.Cut(d.Detail, ": ")
	return message{summary: fmt.Sprintf("%s can't be used with this operator", s.subject(*d.Subject)), Info: Info{
		Code: "AG305", Hint: inWords(strings.TrimSuffix(reason, ".")),
	}}, true
}

// nullOperand is for an operator beside which something is null.
func nullOperand(s source, d *hcl.Diagnostic) (message, bool) {
	var sides []hclsyntax.Expression
	switch e := d.Expression.(type) {
	case *hclsyntax.BinaryOpExpr:
		sides = []hclsyntax.Expression{e.LHS, e.RHS}
	case *hclsyntax.UnaryOpExpr:
		sides = []hclsyntax.Expression{e.Val}
	}
	for _, side := range sides {
		v, _ := side.Value(d.EvalContext)
		if v, _ = v.Unmark(); v.IsKnown() && v.IsNull() {
			return nullMessage(s, side.Range()), true
		}
	}
	return message{}, false
}

func notIterable(s source, d *hcl.Diagnostic) (message, bool) {
	return message{summary: fmt.Sprintf("%s is %s and has no items", s.subject(*d.Subject), valueInWords(d)), Info: Info{
		Code: "AG305", Hint: "a list, set or map is required",
	}}, true
}

// valueInWords names the type of what d is about.
func valueInWords(d *hcl.Diagnostic) string {
	if d.Expression == nil {
		return "another type"
	}
	v, _ := d.Expression.Value(d.EvalContext)
	return typeInWords(v.Type())
}
