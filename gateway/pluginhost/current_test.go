package pluginhost

import (
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// TestExpressionsHaveTheOutputsOfTheCall: a removal that waited behind a cancelled
// provision gets the outputs after its config was recorded.
func TestExpressionsHaveTheOutputsOfTheCall(t *testing.T) {
	body := backend.Schema{Attributes: []backend.Attribute{{Name: "path", Type: cty.String, Expression: true}, {Name: "body", Type: cty.String, Expression: true}}}
	schema := backend.Schema{
		Attributes: []backend.Attribute{{Name: "name", Type: cty.String, Live: true}},
		Blocks:     []backend.Block{{Name: "deprovision", Max: 1, Body: body}, {Name: "action", Labels: []string{"name"}, Body: body}},
	}
	path := expr.Source{Text: `"/${output.id}/${output.password}"`, Roots: map[string]cty.Value{"output": cty.ObjectVal(map[string]cty.Value{
		"id": cty.NullVal(cty.String), "password": cty.NullVal(cty.String).Mark(backend.Sensitive),
	})}}.Value()
	call := cty.ObjectVal(map[string]cty.Value{"path": path, "body": cty.NullVal(cty.DynamicPseudoType)})
	op := backend.Op{
		Config: backend.NewValue(cty.ObjectVal(map[string]cty.Value{
			"name": cty.StringVal("u_1"), "deprovision": call, "action": cty.ObjectVal(map[string]cty.Value{"reboot": call}),
		})),
		Outputs: backend.NewValue(cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("a-1")})),
		Secrets: map[string]string{"password": "generated"},
	}
	config := current(schema, op).Config.Cty()
	if !config.GetAttr("name").RawEquals(cty.StringVal("u_1")) || !config.GetAttr("deprovision").GetAttr("body").IsNull() {
		t.Errorf("what is no expression is another: %#v", config)
	}
	for what, block := range map[string]cty.Value{"block": config.GetAttr("deprovision"), "labelled block": config.GetAttr("action").GetAttr("reboot")} {
		e, err := expr.FromValue(block.GetAttr("path"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := e.Value(nil); err != nil || !got.RawEquals(cty.StringVal("/a-1/generated").Mark(backend.Sensitive)) {
			t.Errorf("%s: %#v, %v", what, got, err)
		}
	}
	for _, none := range []backend.Op{{}, {Config: backend.NewValue(cty.EmptyObjectVal)}} {
		if got := current(schema, none); !got.Config.Cty().RawEquals(none.Config.Cty()) {
			t.Errorf("%#v became %#v", none.Config.Cty(), got.Config.Cty())
		}
	}
}
