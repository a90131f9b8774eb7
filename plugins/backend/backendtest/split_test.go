package backendtest

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// TestAConfigurationIsSplitAsTheGatewayDoes: what is evaluated for each operation
// is null in Configure, and the rest in Op.Config, in nested blocks too.
func TestAConfigurationIsSplitAsTheGatewayDoes(t *testing.T) {
	body := backend.Schema{Attributes: []backend.Attribute{{Name: "method", Type: cty.String}, {Name: "path", Type: cty.String, Expression: true}}}
	text, path := cty.StringVal("x"), expr.Source{Text: `"/${resource.id}"`}.Value()
	object := func(pairs ...any) cty.Value {
		attributes := map[string]cty.Value{}
		for i := 0; i < len(pairs); i += 2 {
			attributes[pairs[i].(string)] = pairs[i+1].(cty.Value)
		}
		return cty.ObjectVal(attributes)
	}
	none := cty.NullVal(cty.String)
	noPath := cty.NullVal(path.Type())
	whole := func(method, at, load, live cty.Value) cty.Value {
		call := object("method", method, "path", at)
		return object("base_url", load, "name", live, "one", call, "none", cty.NullVal(cty.DynamicPseudoType),
			"absent", none, "named", object("a", call), "list", cty.TupleVal([]cty.Value{call.Mark(backend.Sensitive)}), "open", load)
	}
	b := &bench{Subject: Subject{Config: backend.NewValue(without(whole(text, path, text, text), "absent"))}, description: backend.Description{Config: backend.Schema{
		Open:       true,
		Attributes: []backend.Attribute{{Name: "base_url", Type: cty.String}, {Name: "name", Type: cty.String, Live: true}, {Name: "absent", Type: cty.String}},
		Blocks: []backend.Block{
			{Name: "one", Max: 1, Body: body}, {Name: "none", Max: 1, Body: body}, {Name: "named", Labels: []string{"name"}, Body: body}, {Name: "list", Body: body},
		},
	}}}
	load, live := b.split()
	if want := whole(text, noPath, text, none); !load.Cty().RawEquals(want) {
		t.Errorf("Configure is told %#v", load.Cty())
	}
	if want := whole(none, path, none, text); !live.Cty().RawEquals(want) {
		t.Errorf("Op.Config is %#v", live.Cty())
	}
}

// without is v as somebody writes it who leaves an attribute out.
func without(v cty.Value, name string) cty.Value {
	attributes := v.AsValueMap()
	delete(attributes, name)
	return cty.ObjectVal(attributes)
}
