package expr

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/addongw/addongw/plugins/backend"
)

// canaries are planted where secrets may be. What a function quotes depends on
// the text: one that parses, one that does not, one that is a number.
func canaries() []cty.Value {
	var planted []cty.Value
	for _, text := range []string{
		"correcthorsebattery", "canary(unclosed", "98765432123", `can\ary"quote'`, `{"canary": tru`, "%d-%!canary%z", "canary é 東京",
		"2026-06-01T12:00:00Zcanary", "canary: [yaml", "canary,\"csv", "/[canary/", "dns-canary",
	} {
		s := cty.StringVal(text)
		planted = append(planted, s.Mark(backend.Sensitive),
			cty.ListVal([]cty.Value{s.Mark(backend.Sensitive)}), cty.ListVal([]cty.Value{s}).Mark(backend.Sensitive),
			cty.SetVal([]cty.Value{s}).Mark(backend.Sensitive),
			cty.ObjectVal(map[string]cty.Value{"key": s.Mark(backend.Sensitive)}), cty.ObjectVal(map[string]cty.Value{text: s}).Mark(backend.Sensitive),
			cty.MapVal(map[string]cty.Value{text: s}).Mark(backend.Sensitive), cty.TupleVal([]cty.Value{cty.True, s.Mark(backend.Sensitive)}))
	}
	return append(planted,
		cty.NumberIntVal(98765432123).Mark(backend.Sensitive), cty.MustParseNumberVal("-98765432.123").Mark(backend.Sensitive),
		cty.True.Mark(backend.Sensitive), cty.NullVal(cty.String).Mark(backend.Sensitive), cty.UnknownVal(cty.String).Mark(backend.Sensitive),
		cty.NullVal(cty.DynamicPseudoType).Mark(backend.Sensitive), cty.DynamicVal.Mark(backend.Sensitive))
}

// fillers stand in the other positions.
func fillers() []cty.Value {
	return []cty.Value{
		cty.StringVal("a"), cty.StringVal("("), cty.StringVal("%s%d"), cty.StringVal("t.tpl"), cty.StringVal(""), cty.NumberIntVal(10), cty.NumberIntVal(-1),
		cty.NumberFloatVal(1.5), cty.True, cty.ListVal([]cty.Value{cty.StringVal("a")}), cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("a")}),
		cty.NullVal(cty.DynamicPseudoType),
	}
}

// TestNoFunctionShowsASensitiveArgument calls every function with a marked
// value in every position. An error may not quote it, and a result that holds
// it must be marked.
func TestNoFunctionShowsASensitiveArgument(t *testing.T) {
	calls := 0
	env := everything(writeFiles(t, map[string]string{"t.tpl": "${name}"}))
	env.Secret = func(ref string) (cty.Value, error) { return cty.NilVal, fmt.Errorf("there is no secret %q", ref) }
	env.Getenv = func(string) (string, bool) { return "", false }
	for name, f := range Functions(env) {
		if name == "try" || name == "can" {
			continue // their arguments are expressions; see TestTryAndCanShowNothing
		}
		t.Run(name, func(t *testing.T) {
			for args := range argumentLists(f) {
				calls++
				result, err := f.Call(args)
				if err != nil {
					if !errors.Is(err, errHidden) && err.Error() != errHidden.Error() {
						t.Fatalf("the error tells more than it may: %v", err)
					}
					continue
				}
				if name != "nonsensitive" && shows(result, args) {
					t.Fatalf("the result is not marked: %#v of %#v", result, args)
				}
			}
		})
	}
	if calls < 20000 {
		t.Errorf("only %d calls were made", calls)
	}
}

// argumentLists yields lists of arguments, converted as HCL does, with a canary
// in one position.
func argumentLists(f function.Function) func(yield func([]cty.Value) bool) {
	params := f.Params()
	if p := f.VarParam(); p != nil {
		params = append(params, *p, *p)
	}
	return func(yield func([]cty.Value) bool) {
		for position := range params {
			for _, canary := range canaries() {
				planted, ok := converted(canary, params[position])
				if !ok {
					continue
				}
				for _, filler := range fillers() {
					args, ok := filled(params, position, planted, filler)
					if ok && !yield(args) {
						return
					}
				}
			}
		}
	}
}

// converted gives v as HCL passes it to the parameter.
func converted(v cty.Value, p function.Parameter) (cty.Value, bool) {
	out, err := convert.Convert(v, p.Type)
	return out, err == nil
}

func filled(params []function.Parameter, position int, planted, filler cty.Value) ([]cty.Value, bool) {
	args := make([]cty.Value, len(params))
	for i, p := range params {
		if i == position {
			args[i] = planted
			continue
		}
		v, ok := converted(filler, p)
		if !ok {
			return nil, false
		}
		args[i] = v
	}
	return args, true
}

// shows reports whether an unmarked part of v has the text of a canary in it.
func shows(v cty.Value, args []cty.Value) bool {
	var planted []string
	for _, a := range args {
		if a.ContainsMarked() {
			bare, _ := a.UnmarkDeep()
			planted = append(planted, textsIn(bare)...)
		}
	}
	return slices.ContainsFunc(textsIn(v), func(visible string) bool {
		return slices.ContainsFunc(planted, func(secret string) bool {
			return len(secret) > 4 && strings.Contains(strings.ToLower(visible), strings.ToLower(secret))
		})
	})
}

// textsIn lists the texts, numbers and keys that v shows without its marked parts.
func textsIn(v cty.Value) []string {
	if v.IsMarked() || !v.IsKnown() || v.IsNull() {
		return nil
	}
	switch t := v.Type(); {
	case t == cty.String:
		return []string{v.AsString()}
	case t == cty.Number:
		return []string{v.AsBigFloat().Text('f', -1)}
	case t.IsCollectionType() || t.IsTupleType() || t.IsObjectType():
		var all []string
		for it := v.ElementIterator(); it.Next(); {
			key, item := it.Element()
			if key.Type() == cty.String && !t.IsSetType() {
				all = append(all, key.AsString())
			}
			all = append(all, textsIn(item)...)
		}
		return all
	}
	return nil
}

func TestTryAndCanShowNothing(t *testing.T) {
	const canary = "correcthorsebattery"
	vars := map[string]cty.Value{"s": cty.StringVal(canary).Mark(backend.Sensitive)}
	for _, source := range []string{`try(tonumber(s))`, `try(s.x)`, `try(parseint(s, 10), tobool(s))`, `can(tonumber(s)) ? tonumber(s) : tonumber(s)`} {
		_, diags := evaluate(t, Env{}, vars, source)
		if !diags.HasErrors() || strings.Contains(diags.Error(), canary) {
			t.Errorf("%s: got %v", source, diags)
		}
	}
}

func TestTheFailingArgumentIsStillNamed(t *testing.T) {
	_, err := Functions(Env{})["parseint"].Call([]cty.Value{cty.StringVal("x").Mark(backend.Sensitive), cty.NumberIntVal(10)})
	var at function.ArgError
	if !errors.As(err, &at) || at.Index != 0 || at.Error() != errHidden.Error() {
		t.Errorf("got %v", err)
	}
}
