package expr

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// TestExpressionsHaveTheOutputsOfTheCall: a removal that waited behind a cancelled
// provision gets the outputs after its config was recorded.
func TestExpressionsHaveTheOutputsOfTheCall(t *testing.T) {
	body := backend.Schema{Attributes: []backend.Attribute{{Name: "path", Type: cty.String, Expression: true}, {Name: "body", Type: cty.String, Expression: true}}}
	schema := backend.Schema{
		Attributes: []backend.Attribute{{Name: "name", Type: cty.String, Live: true}},
		Blocks:     []backend.Block{{Name: "deprovision", Max: 1, Body: body}, {Name: "action", Labels: []string{"name"}, Body: body}},
	}
	path := Source{Text: `"/${output.id}/${output.password}"`, Roots: map[string]cty.Value{"output": cty.ObjectVal(map[string]cty.Value{
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
	config := Current(schema, op).Config.Cty()
	if !config.GetAttr("name").RawEquals(cty.StringVal("u_1")) || !config.GetAttr("deprovision").GetAttr("body").IsNull() {
		t.Errorf("what is no expression is another: %#v", config)
	}
	for what, block := range map[string]cty.Value{"block": config.GetAttr("deprovision"), "labelled block": config.GetAttr("action").GetAttr("reboot")} {
		e, err := FromValue(block.GetAttr("path"))
		if err != nil {
			t.Fatal(err)
		}
		if got, err := e.Value(nil); err != nil || !got.RawEquals(cty.StringVal("/a-1/generated").Mark(backend.Sensitive)) {
			t.Errorf("%s: %#v, %v", what, got, err)
		}
	}
	for _, none := range []backend.Op{{}, {Config: backend.NewValue(cty.EmptyObjectVal)}} {
		if got := Current(schema, none); !got.Config.Cty().RawEquals(none.Config.Cty()) {
			t.Errorf("%#v became %#v", none.Config.Cty(), got.Config.Cty())
		}
	}
}

// TestAGeneratedOutputIsSensitiveWhateverWasRecorded is about a root of which nothing
// was known, and so no marks either.
func TestAGeneratedOutputIsSensitiveWhateverWasRecorded(t *testing.T) {
	schema := backend.Schema{Attributes: []backend.Attribute{{Name: "x", Type: cty.String, Expression: true}}}
	x := Source{Text: `output.password`, Roots: map[string]cty.Value{"output": cty.DynamicVal}}.Value()
	op := Current(schema, backend.Op{Config: backend.NewValue(object(map[string]cty.Value{"x": x})), Secrets: map[string]string{"password": "generated"}})
	e, err := FromValue(op.Config.Cty().GetAttr("x"))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := e.Value(nil); err != nil || !got.RawEquals(cty.StringVal("generated").Mark(backend.Sensitive)) {
		t.Errorf("got %#v, %v", got, err)
	}
}

// renewOutput gives an expression other outputs.
func renewOutput(v cty.Value, now map[string]cty.Value) cty.Value {
	schema := backend.Schema{Attributes: []backend.Attribute{{Name: "x", Type: cty.DynamicPseudoType, Expression: true}}}
	op := backend.Op{Config: backend.NewValue(object(map[string]cty.Value{"x": v})), Outputs: backend.NewValue(object(now))}
	return Current(schema, op).Config.Cty().GetAttr("x")
}

func TestARootGetsTheValuesOfNow(t *testing.T) {
	hidden := func(text string) cty.Value { return cty.StringVal(text).Mark(backend.Sensitive) }
	before := Source{Text: `"${output.id} ${output.account.name} ${output.key} ${coalesce(output.gone, "none")} ${plan.id}"`, Roots: map[string]cty.Value{
		"output": object(map[string]cty.Value{
			"id": cty.NullVal(cty.String), "account": object(map[string]cty.Value{"name": cty.StringVal("old")}), "key": cty.NullVal(cty.String).Mark(backend.Sensitive),
			"gone": cty.StringVal("was there"),
		}),
		"plan": object(map[string]cty.Value{"id": cty.StringVal("small")}),
	}}.Value()
	after := renewOutput(before, map[string]cty.Value{
		"id": cty.StringVal("a-1"), "account": object(map[string]cty.Value{"name": cty.StringVal("new"), "secret": hidden("never mentioned")}),
		"key": cty.StringVal("k"), "other": hidden("never mentioned"),
	})
	e, err := FromValue(after)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := e.Value(nil); err != nil || !got.RawEquals(hidden("a-1 new k none small")) {
		t.Errorf("got %#v, %v", got, err)
	}
	if text := fmt.Sprintf("%#v", after); strings.Contains(text, "never mentioned") {
		t.Errorf("it holds more than is mentioned: %s", text)
	}
	whole := Source{Text: `output.account.name`, Roots: map[string]cty.Value{
		"output": object(map[string]cty.Value{"account": object(map[string]cty.Value{"name": cty.StringVal("old")}).Mark(backend.Sensitive)}),
	}}.Value()
	e, err = FromValue(renewOutput(whole, map[string]cty.Value{"account": object(map[string]cty.Value{"name": cty.StringVal("new")})}))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := e.Value(nil); err != nil || !got.RawEquals(hidden("new")) {
		t.Errorf("of a sensitive object: got %#v, %v", got, err)
	}
	e, err = FromValue(renewOutput(Source{Text: `output.account.name`, Roots: map[string]cty.Value{
		"output": object(map[string]cty.Value{"account": object(map[string]cty.Value{"name": cty.StringVal("old")})}),
	}}.Value(), map[string]cty.Value{"account": object(map[string]cty.Value{"name": cty.StringVal("new")}).Mark(backend.Sensitive)}))
	if err != nil {
		t.Fatal(err)
	}
	if got, err := e.Value(nil); err != nil || !got.RawEquals(hidden("new")) {
		t.Errorf("of an object that is sensitive now: got %#v, %v", got, err)
	}
	for _, v := range []cty.Value{cty.NullVal(cty.DynamicPseudoType), cty.DynamicVal, cty.StringVal("a"), Source{Text: "1"}.Value(), cty.EmptyObjectVal.Mark(backend.Sensitive)} {
		if got := renewOutput(v, map[string]cty.Value{"id": cty.StringVal("a")}); !got.RawEquals(v) {
			t.Errorf("%#v became %#v", v, got)
		}
	}
}
