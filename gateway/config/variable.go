package config

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
)

// variableEnv begins the name of an environment variable that gives a value.
const variableEnv = "ADDONGW_VAR_"

func variableTable() *schema.Block {
	return &schema.Block{
		Type: "variable", Labels: []string{"name"},
		Doc:     "A value that differs between installations: var.NAME. It comes from --var NAME=VALUE, else from ADDONGW_VAR_NAME, else from files of values, else from its default.",
		Example: variableExample,
		Attributes: []schema.Attribute{
			{Name: "type", Raw: true, Doc: "The type of the value: string, number, bool, list(…), map(…), object({ … }). Absent: any value; what comes from the command line and the environment is then text."},
			{Name: "default", Raw: true, Doc: "The value when nobody gives one; null is one, too. Absent: somebody must give one."},
			{Name: "description", Type: cty.String, Doc: "What it is for."},
			{Name: "sensitive", Type: cty.Bool, Default: "false", Doc: "Whether the value must not be shown: it is then treated as a secret wherever it goes."},
		},
		Blocks: []*schema.Block{{
			Type: "validation", Doc: "A rule for the value. All rules of a variable must hold.",
			Example: validationExample,
			Attributes: []schema.Attribute{
				{Name: "condition", Raw: true, Required: true, Doc: "True for a good value; it may mention this variable and call functions."},
				{Name: "message", Type: cty.String, Required: true, Doc: "What to tell the operator otherwise."},
			},
		}},
	}
}

// variable is a declared variable on its way to a value.
type variable struct {
	*schema.Content
	name     string
	kind     cty.Type // with optional attributes, as written
	defaults *typeexpr.Defaults
}

// given is a value from outside, before conversion.
type given struct {
	value cty.Value
	at    hcl.Range
}

// variables gives every variable its value: from the command line, else the
// environment, else files of values, else the default.
func (l *loader) variables(blocks []*schema.Content) {
	values := map[string]cty.Value{}
	declared := map[string]*variable{}
	for _, c := range blocks {
		v := l.declare(c)
		if _, again := declared[v.name]; !again {
			declared[v.name] = v
		}
	}
	fromFiles := l.varsFiles(declared)
	for name := range l.options.Vars {
		if declared[name] == nil && !l.unsure("variable") {
			l.add(&hcl.Diagnostic{Severity: hcl.DiagError, Summary: fmt.Sprintf("There is no variable %q", name),
				Extra: diagnostic.Info{Code: "AG202", Hint: diagnostic.DidYouMean(name, slices.Collect(maps.Keys(declared)))}})
		}
	}
	for name, v := range declared {
		values[name] = l.variableValue(v, fromFiles)
	}
	l.scope.Variables["var"] = cty.ObjectVal(values)
	if l.unsure("variable") {
		l.scope.Variables["var"] = cty.DynamicVal
	}
	for _, v := range declared {
		l.validate(v, values[v.name])
	}
}

func (l *loader) declare(c *schema.Content) *variable {
	v := &variable{Content: l.decode(c), name: c.Label(0), kind: cty.DynamicPseudoType}
	if e := v.Expr("type"); e != nil {
		kind, defaults, diags := schema.ReadType(e)
		l.add(inside(diags, title(c))...)
		v.kind, v.defaults = kind, defaults
	}
	return v
}

// varsFiles reads the files of values; later ones win.
func (l *loader) varsFiles(declared map[string]*variable) map[string]given {
	values := map[string]given{}
	paths := l.options.VarFiles
	if own := filepath.Join(l.options.Dir, ownVars); exists(own) {
		paths = append([]string{own}, paths...)
	}
	for _, path := range paths {
		file := l.parse(path)
		if file == nil {
			continue
		}
		attributes, diags := file.Body.JustAttributes()
		l.add(diags...)
		for name, a := range attributes {
			if declared[name] == nil {
				if !l.unsure("variable") {
					l.add(diagnostic.New(fmt.Sprintf("There is no variable %q", name), a.NameRange, diagnostic.Info{
						Code: "AG202", Hint: diagnostic.DidYouMean(name, slices.Collect(maps.Keys(declared))),
					}))
				}
				continue
			}
			v, diags := a.Expr.Value(l.scope)
			l.add(diags...)
			if !diags.HasErrors() {
				values[name] = given{value: v, at: a.Expr.Range()}
			}
		}
	}
	return values
}

// variableValue is never cty.NilVal: after an error it is unknown, so that its
// uses are not reported as well.
func (l *loader) variableValue(v *variable, fromFiles map[string]given) cty.Value {
	g, ok := l.choose(v, fromFiles)
	if !ok {
		l.add(diagnostic.New(fmt.Sprintf("Variable %q has no value", v.name), v.LabelRange(0), diagnostic.Info{
			Code: "AG204", Hint: "give it a default", In: title(v.Content),
			Notes: []string{fmt.Sprintf("or a line in %s, or --var %s=…, or the environment variable %s%s", ownVars, v.name, variableEnv, v.name)},
		}))
		return cty.DynamicVal
	}
	value := g.value
	if v.Bool("sensitive") {
		l.secrets.remember(value.Mark(backend.Sensitive))
	}
	if v.defaults != nil && !value.IsNull() {
		value = v.defaults.Apply(value)
	}
	value, diags := schema.Convert(value, v.kind, v.name, g.at)
	l.add(inside(diags, title(v.Content))...)
	if diags.HasErrors() {
		return cty.DynamicVal
	}
	if v.Bool("sensitive") {
		value = value.Mark(backend.Sensitive)
		l.secrets.remember(value)
	}
	return value
}

func (l *loader) choose(v *variable, fromFiles map[string]given) (given, bool) {
	if text, ok := l.options.Vars[v.name]; ok {
		return l.fromText(v, text), true
	}
	if text, ok := l.options.Environ(variableEnv + v.name); ok {
		return l.fromText(v, text), true
	}
	if g, ok := fromFiles[v.name]; ok {
		return g, true
	}
	if expr := v.Expr("default"); expr != nil {
		return given{value: l.defaultOf(expr), at: expr.Range()}, true
	}
	return given{}, false
}

func (l *loader) defaultOf(expr hcl.Expression) cty.Value {
	diags := schema.CheckPhase(expr, l.scope, schema.Load)
	if !diags.HasErrors() {
		v, found := expr.Value(l.scopeAt(expr.Range()))
		if !found.HasErrors() {
			return v
		}
		diags = found
	}
	l.add(diags...)
	return cty.DynamicVal
}

// fromText reads a value given outside of files. Text needs no quotes; any
// other value is written as in a file.
func (l *loader) fromText(v *variable, text string) given {
	at := v.LabelRange(0)
	if v.kind == cty.String || v.kind == cty.DynamicPseudoType {
		return given{value: cty.StringVal(text), at: at}
	}
	expr, diags := hclsyntax.ParseExpression([]byte(text), "--var "+v.name, hcl.InitialPos)
	if !diags.HasErrors() {
		if value, diags := expr.Value(nil); !diags.HasErrors() {
			return given{value: value, at: at}
		}
	}
	return given{value: cty.StringVal(text), at: at}
}

// validate evaluates the rules of a variable. Its own value is in var.
func (l *loader) validate(v *variable, value cty.Value) {
	for _, rule := range v.Blocks("validation") {
		condition := rule.Expr("condition")
		if condition == nil || !value.IsWhollyKnown() {
			continue
		}
		holds, diags := condition.Value(l.scopeAt(condition.Range()))
		l.add(diags...)
		if diags.HasErrors() {
			continue
		}
		holds, diags = schema.Convert(holds, cty.Bool, "condition", condition.Range())
		l.add(diags...)
		holds, _ = holds.Unmark()
		if holds.IsKnown() && !holds.IsNull() && holds.False() {
			l.add(diagnostic.New(fmt.Sprintf("The value of variable %q is refused", v.name), condition.Range(), diagnostic.Info{
				Code: "AG214", In: title(v.Content), Hint: rule.Text("message"),
			}))
		}
	}
}
