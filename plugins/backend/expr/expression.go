package expr

import (
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"
)

// Expression is an attribute that the plugin evaluates itself, because it
// mentions what only the plugin knows or is needed by some calls only. The zero
// Expression is one that nobody wrote. It may be used concurrently.
type Expression struct {
	parsed  hcl.Expression // nil: not written, or unknown
	text    string         // where it is JSON: its source
	unknown bool
	kind    cty.Type // of the result
	roots   map[string]cty.Value
	marks   []cty.ValueMarks // of the whole
}

// FromValue reads an expression attribute of Op.Config or of what
// ValidateConfig is told. Null, which stands for an attribute that was not
// written, gives the zero Expression. An error means that v is no such
// attribute, or not from a gateway; it holds no value.
func FromValue(v cty.Value) (Expression, error) {
	if v == cty.NilVal {
		return Expression{}, nil
	}
	v, marks := v.Unmark()
	switch {
	case !v.IsKnown():
		return Expression{unknown: true, marks: []cty.ValueMarks{marks}}, nil
	case v.IsNull():
		return Expression{}, nil
	case !v.Type().IsObjectType():
		return Expression{}, fmt.Errorf("read an expression: it is %s, not an object", v.Type().FriendlyName())
	}
	r := &reader{from: v, marks: []cty.ValueMarks{marks}}
	e := Expression{kind: r.kind(), roots: r.roots(), parsed: r.parse(), text: r.json()}
	if r.err != nil {
		return Expression{}, fmt.Errorf("read an expression: %w", r.err)
	}
	e.marks = r.marks
	return e, nil
}

// IsSet reports whether somebody wrote the attribute.
func (e Expression) IsSet() bool { return e.parsed != nil || e.unknown }

// Value evaluates the expression with the roots that the plugin owns, such as
// "response", and converts the result to the attribute's type. Of an attribute
// that was not written it is null, and where something is unknown, as while
// files are checked, it may be unknown. Parts that are made of sensitive ones are
// marked with backend.Sensitive. The error names file, line and column and holds
// no value.
func (e Expression) Value(own map[string]cty.Value) (cty.Value, error) {
	switch {
	case e.unknown:
		return cty.DynamicVal.WithMarks(e.marks...), nil
	case e.parsed == nil:
		return cty.NullVal(cty.DynamicPseudoType), nil
	}
	scope := &hcl.EvalContext{Variables: maps.Clone(e.roots), Functions: pureFunctions()}
	for name, v := range own {
		if err := checkNumbers(v); err != nil {
			return cty.NilVal, fmt.Errorf("%s: %s: %w", place(e.parsed.Range()), name, err)
		}
		scope.Variables[name] = v
	}
	v, diags := e.parsed.Value(scope)
	if diags.HasErrors() {
		return cty.NilVal, failure(diags, e.parsed.Range())
	}
	v, err := convert.Convert(v, e.kind)
	if err != nil {
		return cty.NilVal, fmt.Errorf("%s: the result must be %s", place(e.parsed.Range()), e.kind.FriendlyName())
	}
	return v.WithMarks(e.marks...), nil
}

var pureFunctions = sync.OnceValue(func() map[string]function.Function { return Functions(Env{}) })

// failure says where and what, without anything of a value: most of HCL's own
// details may quote one.
func failure(diags hcl.Diagnostics, whole hcl.Range) error {
	for _, d := range diags {
		if d.Severity != hcl.DiagError {
			continue
		}
		at := whole
		if d.Subject != nil {
			at = *d.Subject
		}
		return fmt.Errorf("%s: %s", place(at), describe(d))
	}
	return fmt.Errorf("%s: the expression has no value", place(whole))
}

// describe uses details that are made of names in the source and of types only.
func describe(d *hcl.Diagnostic) string {
	switch d.Summary {
	case "Unsupported attribute", "Missing map element", "Attempt to get attribute from null value", "Attempt to index null value", "Unknown variable", "Call to unknown function":
		return strings.TrimSuffix(d.Detail, ".")
	case "Invalid template interpolation value":
		if strings.HasPrefix(d.Detail, "The expression result is null.") {
			return "A null value can't be part of a text"
		}
	}
	if call, ok := hcl.DiagnosticExtra[hclsyntax.FunctionCallDiagExtra](d); ok {
		return d.Summary + ": " + call.CalledFunctionName()
	}
	return d.Summary
}

func place(at hcl.Range) string {
	return fmt.Sprintf("%s:%d:%d", at.Filename, at.Start.Line, at.Start.Column)
}

// reader takes the object apart that Source.Value makes. It keeps the first
// error.
type reader struct {
	from  cty.Value
	marks []cty.ValueMarks // of all that was looked at
	err   error
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

// member returns a part of the object, which is known and not null; cty.NilVal
// after an error.
func (r *reader) member(name string, holds func(cty.Type) bool) cty.Value {
	if !r.from.Type().HasAttribute(name) {
		r.fail(fmt.Errorf("%q is missing", name))
		return cty.NilVal
	}
	v, marks := r.from.GetAttr(name).Unmark()
	r.marks = append(r.marks, marks)
	if !v.IsKnown() || v.IsNull() || !holds(v.Type()) {
		r.fail(fmt.Errorf("%q is not what it must be", name))
		return cty.NilVal
	}
	return v
}

func (r *reader) text(name string) string {
	v := r.member(name, func(t cty.Type) bool { return t == cty.String })
	if v == cty.NilVal {
		return ""
	}
	return v.AsString()
}

func (r *reader) number(name string) int {
	v := r.member(name, func(t cty.Type) bool { return t == cty.Number })
	if v == cty.NilVal {
		return 1
	}
	n, _ := v.AsBigFloat().Int64()
	if n < 1 || n > 1<<30 {
		r.fail(fmt.Errorf("%q is no place in a file", name))
		return 1
	}
	return int(n)
}

func (r *reader) roots() map[string]cty.Value {
	v := r.member(memberRoots, cty.Type.IsObjectType)
	if v == cty.NilVal {
		return nil
	}
	roots := v.AsValueMap()
	if roots == nil {
		roots = map[string]cty.Value{}
	}
	return roots
}

func (r *reader) kind() cty.Type {
	kind := cty.DynamicPseudoType
	text := r.text(memberType)
	if r.err != nil {
		return kind
	}
	if err := kind.UnmarshalJSON([]byte(text)); err != nil {
		r.fail(fmt.Errorf("%q is no type", memberType))
		return cty.DynamicPseudoType
	}
	return kind
}

// json is the source of an expression that is JSON.
func (r *reader) json() string {
	if r.text(memberSyntax) != syntaxJSON {
		return ""
	}
	return r.text(memberText)
}

func (r *reader) parse() hcl.Expression {
	// A heredoc ends with its line.
	text := []byte(r.text(memberText) + "\n")
	start := hcl.Pos{Line: r.number(memberLine), Column: r.number(memberColumn)}
	filename, syntax := r.text(memberFile), r.text(memberSyntax)
	if r.err != nil {
		return nil
	}
	var parsed hcl.Expression
	var diags hcl.Diagnostics
	switch syntax {
	case syntaxHCL:
		parsed, diags = hclsyntax.ParseExpression(text, filename, start)
	case syntaxJSON:
		parsed, diags = json.ParseExpressionWithStartPos(text, filename, start)
	default:
		r.fail(errors.New("it is written in a language that this plugin does not know"))
		return nil
	}
	if diags.HasErrors() {
		r.fail(failure(diags, hcl.Range{Filename: filename, Start: start}))
		return nil
	}
	return parsed
}
