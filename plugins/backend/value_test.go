package backend

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

func values() map[string]cty.Value {
	return map[string]cty.Value{
		"sample":           sampleValue().Cty(),
		"marked whole":     cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal("x")}).Mark(Sensitive),
		"unknown":          cty.ObjectVal(map[string]cty.Value{"a": cty.UnknownVal(cty.String).Mark(Sensitive), "b": cty.UnknownVal(cty.Number).RefineNotNull()}),
		"dynamic":          cty.DynamicVal,
		"untyped null":     cty.NullVal(cty.DynamicPseudoType),
		"typed null":       cty.NullVal(cty.EmptyObject),
		"empty object":     cty.EmptyObjectVal,
		"empty list":       cty.ListValEmpty(cty.String),
		"set":              cty.SetVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")}),
		"large number":     cty.MustParseNumberVal("123456789012345678901234567890"),
		"fraction":         cty.MustParseNumberVal("0.1"),
		"negative number":  cty.MustParseNumberVal("-12345.678"),
		"map with objects": cty.MapVal(map[string]cty.Value{"eu": cty.ObjectVal(map[string]cty.Value{"n": cty.NullVal(cty.Bool)})}),
		"text":             cty.StringVal("zażółć \u0000 gęślą"),
	}
}

func TestAStoredValueComesBackWithItsMarks(t *testing.T) {
	for name, want := range values() {
		t.Run(name, func(t *testing.T) {
			b, err := NewValue(want).MarshalBinary()
			if err != nil {
				t.Fatal(err)
			}
			var got Value
			if err := got.UnmarshalBinary(b); err != nil {
				t.Fatal(err)
			}
			if !got.Cty().RawEquals(want) {
				t.Errorf("got %#v, want %#v", got.Cty(), want)
			}
		})
	}
}

func TestTheZeroValueHasNoBytes(t *testing.T) {
	b, err := Value{}.MarshalBinary()
	if err != nil || len(b) != 0 {
		t.Fatalf("%x %v", b, err)
	}
	got := sampleValue()
	if err := got.UnmarshalBinary(nil); err != nil || !got.IsNull() {
		t.Errorf("null comes back as %#v %v", got.Cty(), err)
	}
}

func TestAStoredOpComesBackWithoutCredentials(t *testing.T) {
	want := fill[Op](t)
	b, err := want.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	if second, err := want.MarshalBinary(); err != nil || !bytes.Equal(b, second) {
		t.Error("the stored form varies")
	}
	var got Op
	if err := got.UnmarshalBinary(b); err != nil {
		t.Fatal(err)
	}
	want.Credential = nil
	if diff := cmp.Diff(want, got, equalities()); diff != "" {
		t.Errorf("-want +got:\n%s", diff)
	}
	if err := got.UnmarshalBinary([]byte("rubbish")); err == nil {
		t.Error("rubbish was read")
	}
}

func TestAnOpPrintsItsIdsAlone(t *testing.T) {
	op := Op{OperationID: "op_1", ResourceID: "res_1", Secrets: map[string]string{"p": "hush"}, Options: NewValue(cty.StringVal("hush"))}
	for _, format := range []string{"%v", "%+v", "%#v", "%s"} {
		for _, x := range []any{op, &op, ProvisionRequest{Op: op}} {
			if text := fmt.Sprintf(format, x); strings.Contains(text, "hush") || !strings.Contains(text, "op_1") {
				t.Errorf("%s of %T: %s", format, x, text)
			}
		}
	}
}

func TestPlainJSONIsEnough(t *testing.T) {
	got := (&decoder{}).value("outputs", &backendpb.Value{
		Json:      []byte(`{"name":"x","port":5432,"tags":["a"],"none":null}`),
		Sensitive: []*backendpb.AttributePath{{Steps: []*backendpb.AttributePath_Step{{Step: &backendpb.AttributePath_Step_Attribute{Attribute: "name"}}}}},
	})
	want := cty.ObjectVal(map[string]cty.Value{
		"name": cty.StringVal("x").Mark(Sensitive),
		"port": cty.NumberIntVal(5432),
		"tags": cty.TupleVal([]cty.Value{cty.StringVal("a")}),
		"none": cty.NullVal(cty.DynamicPseudoType),
	})
	if !got.Cty().RawEquals(want) {
		t.Errorf("got %#v", got.Cty())
	}
}

func TestAKnownValueIsSentAsJSONToo(t *testing.T) {
	known := (&encoder{plainJSON: true}).value("v", NewValue(cty.ObjectVal(map[string]cty.Value{"s": cty.StringVal("x").Mark(Sensitive)})))
	if string(known.GetJson()) != `{"s":"x"}` || known.GetPartialJson() != nil || known.GetUnknown() != nil {
		t.Errorf("%v", known)
	}
}

// TestWhatIsKnownOfAValueIsSentAsJSON is for plugins that read no msgpack.
func TestWhatIsKnownOfAValueIsSentAsJSON(t *testing.T) {
	text := cty.UnknownVal(cty.String)
	for name, tc := range map[string]struct {
		value   cty.Value
		json    string
		unknown []cty.Path
	}{
		"an attribute": {
			cty.ObjectVal(map[string]cty.Value{"s": text.Mark(Sensitive), "n": cty.NumberIntVal(7), "none": cty.NullVal(cty.String)}),
			`{"n":7,"none":null,"s":null}`, []cty.Path{cty.GetAttrPath("s")},
		},
		"a part of a list": {
			cty.ObjectVal(map[string]cty.Value{"l": cty.ListVal([]cty.Value{cty.StringVal("a"), text})}),
			`{"l":["a",null]}`, []cty.Path{cty.GetAttrPath("l").IndexInt(1)},
		},
		"a part of a map": {
			cty.ObjectVal(map[string]cty.Value{"m": cty.MapVal(map[string]cty.Value{"k": text, "o": cty.StringVal("b")})}),
			`{"m":{"k":null,"o":"b"}}`, []cty.Path{cty.GetAttrPath("m").IndexString("k")},
		},
		"a member of a set": {
			cty.ObjectVal(map[string]cty.Value{"s": cty.SetVal([]cty.Value{cty.StringVal("a"), text}), "n": cty.SetVal([]cty.Value{cty.StringVal("b")})}),
			`{"n":["b"],"s":null}`, []cty.Path{cty.GetAttrPath("s")},
		},
		"a whole list": {
			cty.ObjectVal(map[string]cty.Value{"l": cty.UnknownVal(cty.List(cty.String))}),
			`{"l":null}`, []cty.Path{cty.GetAttrPath("l")},
		},
		"all of it": {cty.DynamicVal, `null`, []cty.Path{nil}},
	} {
		e, d := &encoder{plainJSON: true}, &decoder{}
		m := e.value("v", NewValue(tc.value))
		if e.err != nil || m.GetJson() != nil || string(m.GetPartialJson()) != tc.json {
			t.Errorf("%s: %s, json %q, %v", name, m.GetPartialJson(), m.GetJson(), e.err)
		}
		var unknown []cty.Path
		for _, p := range m.GetUnknown() {
			unknown = append(unknown, d.path("unknown", p))
		}
		if diff := cmp.Diff(tc.unknown, unknown, equalities()); diff != "" || d.err != nil {
			t.Errorf("%s: unknown, %v (-want +got):\n%s", name, d.err, diff)
		}
		if got := d.value("v", m); !got.Cty().RawEquals(tc.value) {
			t.Errorf("%s: it is read as %#v", name, got.Cty())
		}
	}
}

// malformed are messages that break a decoder that trusts them.
func malformedValues() map[string]*backendpb.Value {
	typed := func(typ, value string) []byte {
		return append(append([]byte{0x92, 0xc4, byte(len(typ))}, typ...), value...)
	}
	path := func(steps ...*backendpb.AttributePath_Step) []*backendpb.AttributePath {
		return []*backendpb.AttributePath{{Steps: steps}}
	}
	attribute := &backendpb.AttributePath_Step{Step: &backendpb.AttributePath_Step_Attribute{Attribute: "absent"}}
	return map[string]*backendpb.Value{
		"list of four billion":     {Msgpack: typed(`["list","string"]`, "\xdd\xff\xff\xff\xff")},
		"map of four billion":      {Msgpack: typed(`["map","string"]`, "\xdf\xff\xff\xff\xff")},
		"many nulls":               {Msgpack: typed(`["list","string"]`, "\xdd\x00\x04\x00\x00"+strings.Repeat("\xc0", 0x40000))},
		"deep msgpack":             {Msgpack: bytes.Repeat([]byte{0x91}, 1<<20)},
		"deep JSON":                {Json: []byte(strings.Repeat("[", 5000) + strings.Repeat("]", 5000))},
		"deep type":                {Msgpack: append([]byte{0x92, 0xc5, 0xff, 0xff}, bytes.Repeat([]byte(`["list",`), 8191)...)},
		"list of two types":        {Msgpack: typed(`["list","dynamic"]`, "\x92"+string(typed(`"string"`, "\xa1x"))+string(typed(`"bool"`, "\xc3")))},
		"number of a billion":      {Msgpack: typed(`"number"`, "\xab1e999999999")},
		"huge number":              {Json: []byte(`1e99999`)},
		"bounds that cross":        {Msgpack: typed(`"number"`, "\xc7\x0b\x0c\x82\x03\x92\x05\xc3\x04\x92\x01\xc3\xc0\xc0")},
		"text that ends early":     {Msgpack: typed(`"string"`, "\xdb\x00\x00\xff\xffab")},
		"something after it":       {Msgpack: append(typed(`"bool"`, "\xc3"), 0xc3)},
		"no msgpack":               {Msgpack: []byte{0xc1}},
		"no JSON":                  {Json: []byte(`{"a":`)},
		"two JSON values":          {Json: []byte(`{} {}`)},
		"unknown type":             {Msgpack: typed(`["capsule","x"]`, "\xc0")},
		"secret nowhere":           {Json: []byte(`{"a":1}`), Sensitive: path(attribute)},
		"secret at an empty step":  {Json: []byte(`{"a":1}`), Sensitive: path(&backendpb.AttributePath_Step{})},
		"secret inside a number":   {Json: []byte(`1`), Sensitive: path(attribute)},
		"secret at a far away one": {Json: []byte(`[1]`), Sensitive: path(&backendpb.AttributePath_Step{Step: &backendpb.AttributePath_Step_Index{Index: -5}})},
	}
}

func TestMalformedValuesAreErrors(t *testing.T) {
	for name, m := range malformedValues() {
		t.Run(name, func(t *testing.T) {
			d := &decoder{}
			if v := d.value("it", m); d.err == nil {
				t.Errorf("was read as %#v", v.Cty())
			}
		})
	}
}

func FuzzMalformedValuesNeverPanic(f *testing.F) {
	for _, m := range malformedValues() {
		f.Add(m.GetMsgpack(), m.GetJson(), "a", int64(0))
	}
	for _, v := range values() {
		m := (&encoder{plainJSON: true}).value("v", NewValue(v))
		f.Add(m.GetMsgpack(), m.GetJson(), "secret", int64(1))
	}
	f.Fuzz(func(t *testing.T, msgpack, json []byte, name string, index int64) {
		steps := []*backendpb.AttributePath_Step{{Step: &backendpb.AttributePath_Step_Key{Key: name}}, {Step: &backendpb.AttributePath_Step_Index{Index: index}}}
		for _, m := range []*backendpb.Value{
			{Msgpack: msgpack}, {Json: json}, {Msgpack: msgpack, Sensitive: []*backendpb.AttributePath{{Steps: steps}}},
		} {
			d := &decoder{}
			v := d.value("it", m)
			if d.err != nil {
				continue
			}
			e := &encoder{plainJSON: true}
			again := (&decoder{}).value("it", e.value("it", v))
			if e.err == nil && !again.Cty().RawEquals(v.Cty()) {
				t.Errorf("%#v comes back as %#v", v.Cty(), again.Cty())
			}
		}
	})
}

func TestStatesAreBoundedJSON(t *testing.T) {
	for name, state := range map[string]string{"no JSON": "{", "too large": `"` + strings.Repeat("x", MaxState) + `"`} {
		e := &encoder{}
		e.result(Result{State: []byte(state)})
		d := &decoder{}
		d.result(&backendpb.Result{State: []byte(state)})
		if e.err == nil || d.err == nil {
			t.Errorf("%s: sent %v, received %v", name, e.err, d.err)
		}
	}
}

func TestOutputsAreWhatTheSchemaSays(t *testing.T) {
	schema := Schema{Attributes: []Attribute{
		{Name: "name", Type: cty.String, Required: true},
		{Name: "hosts", Type: cty.Map(cty.List(cty.String))},
		{Name: "limits", Type: cty.Object(map[string]cty.Type{"n": cty.Number})},
		{Name: "token", Type: cty.String, Sensitive: true},
		{Name: "password", Type: cty.String, Generated: 20},
	}}
	good := `{"name":"x","hosts":{"a":["b"]},"limits":{"n":1},"token":"t"}`
	for json, want := range map[string]string{
		good: "",
		`{"name":"x","hosts":null,"limits":null,"token":null}`:                        "",
		`{"name":"x","hosts":{},"limits":{"n":null},"token":""}`:                      "",
		`{"name":null,"hosts":{},"limits":{"n":1},"token":"t"}`:                       "output name is null",
		`{"name":1,"hosts":{},"limits":{"n":1},"token":"t"}`:                          "output name is number, not string",
		`{"name":"x","hosts":{"a":["b",1]},"limits":{"n":1},"token":"t"}`:             "output hosts is",
		`{"name":"x","hosts":["a"],"limits":{"n":1},"token":"t"}`:                     "output hosts is",
		`{"name":"x","hosts":{},"limits":{"n":"1"},"token":"t"}`:                      "output limits is",
		`{"name":"x","hosts":{},"limits":{},"token":"t"}`:                             "output limits is",
		`{"name":"x","hosts":{},"limits":{"n":1,"m":1},"token":"t"}`:                  "output limits is",
		`{"name":"x","hosts":{},"limits":{"n":1}}`:                                    "output token is missing",
		`{"name":"x","hosts":{},"limits":{"n":1},"token":"t","password":"p"}`:         "the gateway makes it",
		`{"name":"x","hosts":{},"limits":{"n":1},"token":"t","zebra":1,"antelope":1}`: "antelope, zebra",
		`["x"]`: "not an object",
		`null`:  "output name is missing",
	} {
		d := &decoder{}
		v := d.value("outputs", &backendpb.Value{Json: []byte(json)})
		got, err := schema.CheckOutputs(v)
		switch {
		case d.err != nil:
			t.Error(d.err)
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want %q", json, err, want)
		case json == good && !got.Cty().GetAttr("token").HasMark(Sensitive):
			t.Error("token is not marked")
		}
	}
}

// TestNumbersAreDecodedWhole is about a plugin that hands a map on, and knows none of
// its members.
func TestNumbersAreDecodedWhole(t *testing.T) {
	v := NewValue(cty.ObjectVal(map[string]cty.Value{
		"id": cty.MustParseNumberVal("9007199254740993"), "long": cty.MustParseNumberVal("12345678901234567890.25"), "small": cty.NumberIntVal(7),
	}))
	var members map[string]any
	if err := v.Decode(&members); err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(members)
	if want := `{"id":9007199254740993,"long":12345678901234567890.25,"small":7}`; err != nil || string(text) != want {
		t.Errorf("got %s, %v, want %s", text, err, want)
	}
	if back, err := ObjectOf(members); err != nil || !back.Cty().RawEquals(v.Cty()) {
		t.Errorf("and back: %#v, %v", back.Cty(), err)
	}
}
