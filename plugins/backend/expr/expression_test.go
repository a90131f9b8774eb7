package expr

import (
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// read makes an expression of what a gateway would send.
func read(t *testing.T, s Source) Expression {
	t.Helper()
	e, err := FromValue(s.Value())
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func object(attributes map[string]cty.Value) cty.Value { return cty.ObjectVal(attributes) }

func TestAnExpressionIsEvaluatedWithWhatThePluginOwns(t *testing.T) {
	account := object(map[string]cty.Value{"account": object(map[string]cty.Value{"id": cty.NumberIntVal(7)})})
	for _, c := range []struct {
		source Source
		want   cty.Value
	}{
		{Source{Text: `response.body.account.id`}, cty.NumberIntVal(7)},
		{Source{Text: `response.body.account.id`, Type: cty.String}, cty.StringVal("7")},
		{Source{Text: `"/accounts/${upper(output.id)}"`}, cty.StringVal("/accounts/A-1")},
		{Source{Text: "<<-END\n  id: ${output.id}\n  END"}, cty.StringVal("id: a-1\n")},
		{Source{Text: `output.id ==` + "\n" + `"a-1"`}, cty.True}, // inside of what was a pair of parentheses
		{Source{Text: `try(response.body.account.stats.sent, 0)`}, cty.Zero},
		{Source{Text: `{ "id": "${upper(output.id)}", "n": [1, null] }`, JSON: true},
			object(map[string]cty.Value{"id": cty.StringVal("A-1"), "n": cty.TupleVal([]cty.Value{cty.NumberIntVal(1), cty.NullVal(cty.DynamicPseudoType)})})},
		{Source{Text: `[for k, v in output : "${k}=${v}"]`, Type: cty.List(cty.String)}, cty.ListVal([]cty.Value{cty.StringVal("id=a-1")})},
	} {
		c.source.Roots = map[string]cty.Value{"output": object(map[string]cty.Value{"id": cty.StringVal("a-1")})}
		got, err := read(t, c.source).Value(map[string]cty.Value{"response": object(map[string]cty.Value{"body": account})})
		if err != nil || !got.RawEquals(c.want) {
			t.Errorf("%s: got %#v, %v; want %#v", c.source.Text, got, err, c.want)
		}
	}
}

func TestWhatIsNotWrittenIsNull(t *testing.T) {
	for _, v := range []cty.Value{cty.NilVal, cty.NullVal(cty.DynamicPseudoType), cty.NullVal(cty.String)} {
		e, err := FromValue(v)
		if err != nil || e.IsSet() {
			t.Fatalf("%#v: set %t, %v", v, e.IsSet(), err)
		}
		if got, err := e.Value(nil); err != nil || !got.IsNull() {
			t.Errorf("%#v: got %#v, %v", v, got, err)
		}
	}
	if e := read(t, Source{Text: `null`}); !e.IsSet() {
		t.Error("null that was written is not set")
	}
}

func TestUnknownPartsMakeTheResultUnknown(t *testing.T) {
	e := read(t, Source{Text: `"${output.id}-${response}"`, Roots: map[string]cty.Value{"output": cty.DynamicVal}})
	if got, err := e.Value(map[string]cty.Value{"response": cty.DynamicVal}); err != nil || got.IsKnown() {
		t.Errorf("got %#v, %v", got, err)
	}
	e, err := FromValue(cty.DynamicVal)
	if err != nil || !e.IsSet() {
		t.Fatalf("set %t, %v", e.IsSet(), err)
	}
	if got, err := e.Value(nil); err != nil || got.IsKnown() {
		t.Errorf("got %#v, %v", got, err)
	}
}

func TestSensitivePartsComeBackMarked(t *testing.T) {
	e := read(t, Source{
		Text: `{ key = "key ${output.key}", id = output.id, answer = response.token }`, Type: cty.Map(cty.String),
		Roots: map[string]cty.Value{"output": object(map[string]cty.Value{"id": cty.StringVal("a"), "key": cty.StringVal("k").Mark(backend.Sensitive)})},
	})
	got, err := e.Value(map[string]cty.Value{"response": object(map[string]cty.Value{"token": cty.StringVal("t").Mark(backend.Sensitive)})})
	if err != nil {
		t.Fatal(err)
	}
	for name, secret := range map[string]bool{"key": true, "id": false, "answer": true} {
		if part := got.Index(cty.StringVal(name)); part.HasMark(backend.Sensitive) != secret {
			t.Errorf("%s: marked %t", name, !secret)
		}
	}
}

// TestMarksAroundAnExpressionReachItsResult: a config block may be marked as a
// whole, and a gateway of later may mark more than roots.
func TestMarksAroundAnExpressionReachItsResult(t *testing.T) {
	plain := Source{Text: `"a"`}.Value()
	members := plain.AsValueMap()
	members["source"] = members["source"].Mark(backend.Sensitive)
	for name, v := range map[string]cty.Value{"whole": plain.Mark(backend.Sensitive), "source": object(members), "unknown": cty.DynamicVal.Mark(backend.Sensitive)} {
		e, err := FromValue(v)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := e.Value(nil); err != nil || !got.HasMark(backend.Sensitive) {
			t.Errorf("%s: got %#v, %v", name, got, err)
		}
	}
}

func TestAnErrorSaysWhereAndWhatWithoutValues(t *testing.T) {
	const canary = "98765canary"
	own := map[string]cty.Value{"response": object(map[string]cty.Value{
		"public": cty.StringVal(canary), "secret": cty.StringVal(canary).Mark(backend.Sensitive), "none": cty.NullVal(cty.DynamicPseudoType),
		"keyed": cty.MapVal(map[string]cty.Value{canary: cty.StringVal(canary)}),
	})}
	for text, want := range map[string]string{
		`response.publik`:                                     `acme.hcl:12:16: This object does not have an attribute named "publik"`,
		`"a/${response.none}"`:                                `acme.hcl:12:13: A null value can't be part of a text`,
		`response.none.x`:                                     `acme.hcl:12:21: This value is null, so it does not have any attributes`,
		`parseint(response.public, 10)`:                       `acme.hcl:12:17: Invalid function argument: parseint`,
		`[for x in [response.public] : tonumber(x)]`:          `acme.hcl:12:47: Invalid function argument: tonumber`,
		`tonumber(response.secret)`:                           `acme.hcl:12:17: Invalid function argument: tonumber`,
		`response.public + 1`:                                 `acme.hcl:12:8: Invalid operand`,
		`response[response.public]`:                           `acme.hcl:12:16: Invalid index`,
		`{ for x in [1, 2] : response.public => x }`:          `acme.hcl:12:28: Duplicate object key`,
		`response.public`:                                     `acme.hcl:12:8: the result must be number`,
		`nothing.here`:                                        `acme.hcl:12:8: There is no variable named "nothing"`,
		`secret("env:X")`:                                     `acme.hcl:12:8: There is no function named "secret"`,
		`response.keyed[response.secret] == 1 ? response : 2`: `acme.hcl:12:47: Inconsistent conditional result types`,
	} {
		e := read(t, Source{Text: text, Filename: "acme.hcl", Line: 12, Column: 8, Type: cty.Number})
		_, err := e.Value(own)
		if err == nil || err.Error() != want {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
		if err != nil && strings.Contains(err.Error(), canary) {
			t.Errorf("%s: the error has a value in it", text)
		}
	}
}

func TestNumbersOutOfBoundsAreRefused(t *testing.T) {
	e := read(t, Source{Text: `"${response}"`})
	own := map[string]cty.Value{"response": cty.MustParseNumberVal("1e9999999")}
	if _, err := e.Value(own); err == nil || !strings.Contains(err.Error(), "response: the number is too large") {
		t.Errorf("got %v", err)
	}
}

func TestAnythingElseIsNoExpression(t *testing.T) {
	with := func(name string, v cty.Value) cty.Value {
		members := Source{Text: `"a"`}.Value().AsValueMap()
		members[name] = v
		if v == cty.NilVal {
			delete(members, name)
		}
		return object(members)
	}
	for want, v := range map[string]cty.Value{
		"it is string, not an object":        cty.StringVal("a"),
		`"source" is missing`:                with("source", cty.NilVal),
		`"filename" is not what it must be`:  with("filename", cty.NullVal(cty.String)),
		`"line" is no place in a file`:       with("line", cty.NumberIntVal(-1)),
		`"column" is no place in a file`:     with("column", cty.MustParseNumberVal("1e40")),
		`"roots" is not what it must be`:     with("roots", cty.MapValEmpty(cty.String)),
		`"type" is no type`:                  with("type", cty.StringVal("text")),
		`"syntax" is not what it must be`:    with("syntax", cty.UnknownVal(cty.String)),
		"a language that this plugin":        with("syntax", cty.StringVal("yaml")),
		":1:3: Invalid character":            with("source", cty.StringVal("1 ${")),
		":1:3: Extra characters after expre": with("source", cty.StringVal("1 2")),
	} {
		if _, err := FromValue(v); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func TestAnExpressionMayBeUsedConcurrently(t *testing.T) {
	e := read(t, Source{Text: `response.list[*].id`})
	var group sync.WaitGroup
	for i := range 8 {
		group.Go(func() {
			id := cty.NumberIntVal(int64(i))
			item := object(map[string]cty.Value{"id": id})
			own := map[string]cty.Value{"response": object(map[string]cty.Value{"list": cty.TupleVal([]cty.Value{item, item})})}
			for range 100 {
				if got, err := e.Value(own); err != nil || !got.RawEquals(cty.TupleVal([]cty.Value{id, id})) {
					t.Errorf("got %#v, %v", got, err)
				}
			}
		})
	}
	group.Wait()
}

// FuzzFromValueTakesAnything reads sources and values of every sort: nothing
// panics, and an error holds nothing of a value.
func FuzzFromValueTakesAnything(f *testing.F) {
	const canary = "correcthorsebattery"
	huge := regexp.MustCompile(`[eE][+-]?[0-9]{4}`) // an operator's own 1e9999999 takes a minute to write out, here as anywhere
	f.Add(`"/accounts/${output.id}"`, "hcl", `"string"`, 3)
	f.Add(`{"a": ["${output.id}", 1e3]}`, "json", `"dynamic"`, 1)
	f.Add(`[for k, v in output : tonumber(v)]`, "hcl", `["list","number"]`, 1)
	f.Add("<<-E\n  ${output[output.id]}\n  E", "hcl", `["object",{"a":"string"}]`, 0)
	f.Fuzz(func(t *testing.T, text, syntax, kind string, line int) {
		if len(text) > 2000 || strings.Contains(text, canary) || huge.MatchString(text) {
			return
		}
		members := Source{Roots: map[string]cty.Value{"output": object(map[string]cty.Value{"id": cty.StringVal(canary)})}}.Value().AsValueMap()
		members["source"], members["syntax"], members["type"] = cty.StringVal(text), cty.StringVal(syntax), cty.StringVal(kind)
		members["line"] = cty.NumberIntVal(int64(line))
		e, err := FromValue(object(members))
		if err == nil {
			_, err = e.Value(map[string]cty.Value{"response": cty.StringVal(canary)})
		}
		if err != nil && strings.Contains(strings.ToLower(err.Error()), canary) {
			t.Errorf("%s: the error shows a value", text)
		}
	})
}
