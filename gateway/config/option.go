package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
)

// option is what a customer may pass with an order.
type option struct {
	name      string
	content   *schema.Content
	kind      cty.Type // text, a number, or true or false
	required  bool
	fallback  cty.Value   // its default; null: none
	values    []cty.Value // all that are allowed; none: every one of the type
	sensitive bool        // a plugin says so
}

func optionTable() *schema.Block {
	return &schema.Block{
		Type: "option", Labels: []string{"name"},
		Doc: "What a customer may pass with an order. It is resource.options.NAME and, in rules, request.options.NAME, " +
			"and reaches the backend where its plugin has an option of that name. An order that passes anything else is refused.",
		Example: optionExample,
		Attributes: []schema.Attribute{
			{Name: "type", Raw: true, Doc: "string, number or bool; string unless told. Platforms send text, which is converted."},
			{Name: "required", Type: cty.Bool, Default: "false", Doc: "Whether an order without it is refused."},
			{Name: "default", Type: cty.DynamicPseudoType, Doc: "Its value where an order does not name it; null unless told, and then the plugin's own default holds for the backend. Another default is another value for resources that were ordered without it, too, from their next change on."},
			{Name: "values", Type: cty.DynamicPseudoType, Doc: "The only values that are allowed, as a list; the refusal of others lists them."},
			{Name: "description", Type: cty.String, Doc: "What it is for, in a sentence."},
		},
	}
}

// optionName is what can stand in resource.options.NAME.
var optionName = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]{0,63}$`)

// addonOptions reads the options of an add-on and compares them with what its
// backends take.
func (l *loader) addonOptions(a *addon) {
	for _, c := range a.content.Blocks("option") {
		if a.option(c.Label(0)) != nil {
			continue // reported with the block headers
		}
		found := len(l.diags)
		a.options = append(a.options, l.option(c))
		inside(l.diags[found:], fmt.Sprintf("%s, option %q", a.title(), c.Label(0)))
	}
	for _, b := range a.backends() {
		if b.asked {
			l.backendOptions(a, b)
		}
	}
	a.optionValues.usual, a.optionValues.sparse = a.unknownOptions()
}

func (l *loader) option(c *schema.Content) *option {
	o := &option{name: c.Label(0), content: c, kind: cty.String, required: c.Bool("required")}
	if !optionName.MatchString(o.name) {
		l.add(wrong(fmt.Sprintf("%q can't be the name of an option", o.name), c.LabelRange(0), "use letters, digits, - and _ only, beginning with a letter"))
	}
	ok := l.optionType(o)
	o.fallback = cty.NullVal(o.kind)
	if !ok {
		return o // its values can't be judged
	}
	l.optionValues(o)
	l.optionDefault(o)
	return o
}

func (l *loader) optionType(o *option) bool {
	expr := o.content.Expr("type")
	if expr == nil {
		return true
	}
	kind, _, diags := schema.ReadType(expr)
	if !diags.HasErrors() && kind.IsPrimitiveType() {
		o.kind = kind
		return true
	}
	hint := "write string, number or bool"
	if info, _ := diagnostic.Of(first(diags)); info.Hint != "" {
		hint = info.Hint
	}
	l.add(diagnostic.New("This is no type of an option", expr.Range(), diagnostic.Info{
		Code: "AG213", Hint: hint, Notes: []string{"types: string, number, bool; platforms send text only"},
	}))
	return false
}

// first is the first of diags; an empty one where there is none.
func first(diags hcl.Diagnostics) *hcl.Diagnostic {
	if len(diags) == 0 {
		return &hcl.Diagnostic{}
	}
	return diags[0]
}

func (l *loader) optionValues(o *option) {
	given := o.content.Value("values")
	if given.IsNull() || !given.IsKnown() {
		return
	}
	at := o.content.ValueRange("values")
	if t := given.Type(); !t.IsTupleType() && !t.IsListType() && !t.IsSetType() {
		l.add(diagnostic.New(fmt.Sprintf(`"values" takes a list, not %s`, schema.TypeName(t)), at, diagnostic.Info{Code: "AG305", Hint: "write [ … ]"}))
		return
	}
	if given.LengthInt() == 0 {
		l.add(wrong(`"values" is empty`, at, "no order could name the option; leave it out to allow every value"))
	}
	for i, v := range given.AsValueSlice() {
		at := elementRange(o.content, "values", i)
		v, ok := l.optionValue(o, v, "values", at)
		switch {
		case !ok:
		case slices.ContainsFunc(o.values, v.RawEquals):
			l.add(diagnostic.New(fmt.Sprintf("%q stands twice in this list", asText(v)), at, diagnostic.Info{Code: "AG207"}))
		default:
			o.values = append(o.values, v)
		}
	}
}

// optionValue gives one of an option's values its type.
func (l *loader) optionValue(o *option, v cty.Value, setting string, at hcl.Range) (cty.Value, bool) {
	if v.IsNull() {
		l.add(diagnostic.New("A value of an option can't be null", at, diagnostic.Info{Code: "AG209", Hint: "leave it out"}))
		return v, false
	}
	converted, diags := schema.Convert(v, o.kind, setting, at)
	l.add(diags...)
	return converted, !diags.HasErrors() && converted.IsWhollyKnown()
}

func (l *loader) optionDefault(o *option) {
	if !o.content.Known("default") {
		return
	}
	at := o.content.ValueRange("default")
	if o.required {
		l.add(wrong("A required option has no default", at, `leave out "required" or "default"`))
		return
	}
	v, ok := l.optionValue(o, o.content.Value("default"), "default", at)
	if !ok {
		return
	}
	if !o.allows(v) {
		l.add(diagnostic.New(fmt.Sprintf(`"default" can't be %q`, asText(v)), at, diagnostic.Info{
			Code: "AG213", Hint: diagnostic.DidYouMean(asText(v), o.texts()), Notes: []string{"one of: " + strings.Join(o.texts(), ", ")},
		}))
		return
	}
	o.fallback = v
}

// allows reports whether v is among the values, if only some are allowed.
func (o *option) allows(v cty.Value) bool {
	return len(o.values) == 0 || slices.ContainsFunc(o.values, v.RawEquals)
}

// texts are the allowed values as customers write them.
func (o *option) texts() []string {
	texts := make([]string, 0, len(o.values))
	for _, v := range o.values {
		texts = append(texts, asText(v))
	}
	return texts
}

// asText writes a known value of an option.
func asText(v cty.Value) string {
	text, err := convert.Convert(v, cty.String)
	if err != nil || text.IsNull() || !text.IsKnown() {
		return ""
	}
	return text.AsString()
}

// option finds an option by name; nil when there is none.
func (a *addon) option(name string) *option {
	for _, o := range a.options {
		if o.name == name {
			return o
		}
	}
	return nil
}

// backendOptions checks that what customers pass suits what a plugin takes.
func (l *loader) backendOptions(a *addon, b *loadedBackend) {
	for _, taken := range b.Description.Options.Attributes {
		o := a.option(taken.Name)
		needs := fmt.Sprintf("backend.%s needs the option %q", b.Name, taken.Name)
		notes := []string{}
		if taken.Doc != "" {
			notes = append(notes, taken.Name+": "+taken.Doc)
		}
		switch {
		case o != nil:
			o.sensitive = o.sensitive || taken.Sensitive
			if !o.suits(taken.Type) {
				l.add(unsuited(o, b, taken))
			}
			if taken.Required && !o.required && o.fallback.IsNull() {
				l.add(diagnostic.New(needs, o.content.Range, diagnostic.Info{Code: "AG204", Hint: `add: required = true, or a "default"`, Notes: notes}))
			}
		case taken.Required && !a.content.Meant("option"):
			l.add(diagnostic.New(needs, a.content.Range, diagnostic.Info{
				Code: "AG204", Hint: fmt.Sprintf("add: option %q { … }, with required = true or a default", taken.Name), Notes: notes,
			}))
		}
	}
}

// suits reports whether every value that the option may have can be given to a
// plugin that takes the type want.
func (o *option) suits(want cty.Type) bool {
	want = want.WithoutOptionalAttributesDeep()
	if o.kind.Equals(want) || convert.GetConversion(o.kind, want) != nil {
		return true
	}
	return len(o.values) > 0 && !slices.ContainsFunc(o.values, func(v cty.Value) bool {
		_, err := convert.Convert(v, want)
		return err != nil
	})
}

func unsuited(o *option, b *loadedBackend, taken backend.Attribute) *hcl.Diagnostic {
	at, hint := o.content.LabelRange(0), "customers pass text, numbers, true and false only; leave this one to its default"
	if o.content.Has("type") {
		at = o.content.ValueRange("type")
	}
	if taken.Type.IsPrimitiveType() {
		hint = "write type = " + taken.Type.FriendlyName()
	}
	what := fmt.Sprintf("backend.%s takes %s as the option %q, not %s", b.Name, schema.TypeName(taken.Type), o.name, schema.TypeName(o.kind))
	return diagnostic.New(what, at, diagnostic.Info{Code: "AG305", Hint: hint})
}
