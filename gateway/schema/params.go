package schema

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/plugins/backend"
)

// Params is a map that a plugin's schema describes: the params of a plan.
type Params struct {
	Value  cty.Value // an object with every attribute of the schema
	expr   hcl.Expression
	header hcl.Range
}

// Place finds where the operator wrote what path leads to.
func (p *Params) Place(path cty.Path) hcl.Range {
	if p.expr == nil {
		return p.header
	}
	return exprPlace(p.expr, path)
}

// paramsReader decodes one map; its fields are what every step needs.
type paramsReader struct {
	owner  string // "plan"
	what   string // "param"
	schema backend.Schema
	expr   hcl.Expression
	header hcl.Range
	value  cty.Value
	diags  hcl.Diagnostics
}

// DecodeParams reads the map expr by a plugin's schema. expr may be nil: then
// the operator wrote none. owner is what the operator calls the block it
// stands in ("plan"), header where something missing is reported.
func DecodeParams(owner string, s backend.Schema, expr hcl.Expression, header hcl.Range, ctx *hcl.EvalContext) (*Params, hcl.Diagnostics) {
	r := &paramsReader{owner: owner, what: "param", schema: s, expr: expr, header: header, value: cty.EmptyObjectVal}
	if expr != nil {
		r.header = expr.Range()
		r.evaluate(ctx)
	}
	values := map[string]cty.Value{}
	for _, a := range s.Attributes {
		values[a.Name] = r.attribute(a)
	}
	r.others(values)
	return &Params{Value: cty.ObjectVal(values), expr: expr, header: header}, r.diags
}

// evaluate gives the map's own value; an empty one when it has none.
func (r *paramsReader) evaluate(ctx *hcl.EvalContext) {
	b := &Block{Type: r.owner}
	v, diags := b.evaluate(Attribute{Name: r.what + "s", Type: cty.DynamicPseudoType, Secret: true}, r.expr, ctx)
	r.diags = append(r.diags, diags...)
	u, _ := v.Unmark()
	switch {
	case diags.HasErrors():
		r.value = cty.DynamicVal
	case IsNull(u):
	case !u.IsKnown():
		r.value = cty.DynamicVal
	case u.Type().IsObjectType() || u.Type().IsMapType():
		r.value = u
	default:
		r.diags = append(r.diags, wrongType(u.Type(), cty.EmptyObject, r.what+"s", r.expr.Range(), nil))
		r.value = cty.DynamicVal
	}
}

func (r *paramsReader) attribute(a backend.Attribute) cty.Value {
	kind := a.Type.WithoutOptionalAttributesDeep()
	if !r.value.IsKnown() {
		return cty.UnknownVal(kind)
	}
	v, ok := r.value.AsValueMap()[a.Name]
	if !ok {
		return r.absent(a, kind)
	}
	at := r.place(a.Name)
	v, diags := Convert(v, a.Type, a.Name, at)
	r.diags = append(r.diags, diags...)
	switch {
	case diags.HasErrors():
		return cty.UnknownVal(kind)
	case IsNull(v) && a.Required:
		r.diags = append(r.diags, diagnostic.New(quote(a.Name)+" is null", at, diagnostic.Info{Code: "AG209", Hint: "it must have a value"}))
		return cty.UnknownVal(kind)
	case IsNull(v):
		return r.absent(backend.Attribute{Default: a.Default}, kind)
	case !a.Sensitive && ContainsSecret(v):
		r.diags = append(r.diags, diagnostic.New(fmt.Sprintf("A secret can't be a %s of a %s", r.what, r.owner), at, diagnostic.Info{Code: "AG309"}))
		return cty.UnknownVal(kind)
	}
	if a.Sensitive {
		v = v.Mark(backend.Sensitive)
	}
	return v
}

func (r *paramsReader) absent(a backend.Attribute, kind cty.Type) cty.Value {
	if a.Required && !r.meant(a.Name) {
		own := Attribute{Name: a.Name, Type: a.Type}
		r.diags = append(r.diags, diagnostic.New(fmt.Sprintf("This %s needs the %s %s", r.owner, r.what, quote(a.Name)), r.header,
			diagnostic.Info{Code: "AG204", Hint: fmt.Sprintf("add: %ss = { %s }", r.what, own.example()), Notes: docNote(a.Name, a.Doc)}))
	}
	if a.Required {
		return cty.UnknownVal(kind)
	}
	if a.Default != cty.NilVal {
		return a.Default
	}
	return cty.NullVal(kind)
}

// others takes what the schema does not list: welcome in an open one, an error
// in any other.
func (r *paramsReader) others(values map[string]cty.Value) {
	if !r.value.IsKnown() {
		return
	}
	names := r.names()
	given := r.value.AsValueMap()
	for _, name := range slices.Sorted(maps.Keys(given)) {
		switch {
		case slices.Contains(names, name):
		case !r.schema.Open:
			summary := fmt.Sprintf("%s is no %s of this %s", quote(name), r.what, r.owner)
			r.diags = append(r.diags, diagnostic.New(summary, r.keyPlace(name), offer("AG202", name, names, r.what+"s")))
		case ContainsSecret(given[name]):
			r.diags = append(r.diags, diagnostic.New(fmt.Sprintf("A secret can't be a %s of a %s", r.what, r.owner), r.place(name), diagnostic.Info{Code: "AG309"}))
		default:
			values[name] = given[name]
		}
	}
}

func (r *paramsReader) names() (names []string) {
	for _, a := range r.schema.Attributes {
		names = append(names, a.Name)
	}
	return names
}

// meant reports whether some name that the schema lacks is a misspelt name.
func (r *paramsReader) meant(name string) bool {
	names := r.names()
	for given := range r.value.AsValueMap() {
		if !slices.Contains(names, given) && !r.schema.Open && diagnostic.Nearest(given, names) == name {
			return true
		}
	}
	return false
}

func (r *paramsReader) place(name string) hcl.Range { return EntryRange(r.expr, name) }

func (r *paramsReader) keyPlace(name string) hcl.Range { return KeyRange(r.expr, name) }
