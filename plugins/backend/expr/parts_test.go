package expr

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// shown is parts as text: what is literal bare, what is not in braces.
func shown(parts []Part) string {
	var b strings.Builder
	for _, p := range parts {
		v, marks := p.Value.Unmark()
		text := "?"
		switch {
		case v.IsKnown() && v.IsNull():
			text = "null"
		case v.IsKnown():
			text = v.AsString()
		}
		if len(marks) > 0 {
			text += "!"
		}
		if !p.Literal {
			text = "{" + text + "}"
		}
		b.WriteString(text)
	}
	return b.String()
}

func TestATextIsEvaluatedInPieces(t *testing.T) {
	roots := map[string]cty.Value{"output": object(map[string]cty.Value{
		"id": cty.StringVal("a/b"), "n": cty.NumberIntVal(7), "none": cty.NullVal(cty.String),
		"key": cty.StringVal("k").Mark(backend.Sensitive), "later": cty.UnknownVal(cty.String),
	})}
	for text, want := range map[string]string{
		`"/accounts"`:                         `/accounts`,
		`"/a/${output.id}/keys"`:              `/a/{a/b}/keys`,
		`"${output.id}"`:                      `{a/b}`,
		`"/${output.n}${own.x}"`:              `/{7}{y}`,
		`"/${output.none}"`:                   `/{null}`,
		`"/${output.key}"`:                    `/{k!}`,
		`"/${output.later}"`:                  `/{?}`,
		`"/${"b/c"}"`:                         `/{b/c}`,
		`"/%{ if output.n == 7 }x%{ endif }"`: `/{x}`,
		`""`:                                  ``,
	} {
		for _, json := range []bool{false, true} {
			s := Source{Text: text, Roots: roots}
			if json {
				if strings.Contains(text, `"b/c"`) {
					continue
				}
				s.JSON = true
			}
			parts, err := read(t, s).Parts(map[string]cty.Value{"own": object(map[string]cty.Value{"x": cty.StringVal("y")})})
			if got := shown(parts); err != nil || got != want {
				t.Errorf("%s (JSON %t): got %s, %v; want %s", text, json, got, err, want)
			}
		}
	}
}

func TestWhatIsNoTextHasNoPieces(t *testing.T) {
	for _, text := range []string{`format("/a/%s", output.id)`, `output.id`, `["/a"]`, `true ? "/a" : "/b"`} {
		_, err := read(t, Source{Text: text, Filename: "a.hcl", Line: 3, Column: 5, Roots: map[string]cty.Value{"output": object(map[string]cty.Value{"id": cty.StringVal("x")})}}).Parts(nil)
		if err == nil || !strings.HasPrefix(err.Error(), "a.hcl:3:5: ") || !strings.Contains(err.Error(), "text in quotes") {
			t.Errorf("%s: %v", text, err)
		}
	}
	if _, err := read(t, Source{Text: `["/a"]`, JSON: true}).Parts(nil); err == nil {
		t.Error("a list of JSON has pieces")
	}
	if parts, err := (Expression{}).Parts(nil); err != nil || parts != nil {
		t.Errorf("what is not written has the pieces %v, %v", parts, err)
	}
}

func TestAnExpressionTellsWhatItMentions(t *testing.T) {
	e := read(t, Source{Text: `{ a = output.id, b = [for output2 in response.body : output2] }`})
	got := fmt.Sprint(e.Mentions("output"), e.Mentions("response"), e.Mentions("output2"), e.Mentions("plan"), Expression{}.Mentions("output"))
	if got != "true true false false false" {
		t.Errorf("mentioned: %s", got)
	}
}

// TestAMistakeInAPieceIsShownWhereItStands compares with the whole, also in JSON,
// where a quote stands before the text.
func TestAMistakeInAPieceIsShownWhereItStands(t *testing.T) {
	for _, json := range []bool{false, true} {
		e := read(t, Source{Text: `"/a/${nothing}"`, Filename: "acme.hcl", Line: 12, Column: 8, JSON: json})
		const want = `acme.hcl:12:14: There is no variable named "nothing"`
		if _, err := e.Parts(nil); err == nil || err.Error() != want {
			t.Errorf("JSON %t: %v, want %s", json, err, want)
		}
		if _, err := e.Value(nil); err == nil || err.Error() != want {
			t.Errorf("JSON %t, the whole: %v, want %s", json, err, want)
		}
	}
}
