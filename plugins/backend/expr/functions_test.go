package expr

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/addongw/addongw/plugins/backend"
)

// everything is an Env that offers all functions.
func everything(dir string) Env {
	return Env{
		Getenv:   func(name string) (string, bool) { return "value of " + name, name != "UNSET" },
		Dir:      dir,
		ReadFile: readFile,
		Secret:   func(ref string) (cty.Value, error) { return cty.UnknownVal(cty.String), nil },
	}
}

// evaluate gives the value of an expression.
func evaluate(t testing.TB, env Env, vars map[string]cty.Value, source string) (cty.Value, hcl.Diagnostics) {
	t.Helper()
	e, diags := hclsyntax.ParseExpression([]byte(source), "test.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatalf("%s: %v", source, diags)
	}
	return e.Value(&hcl.EvalContext{Variables: vars, Functions: Functions(env)})
}

// asJSON writes a value that has no marks.
func asJSON(t testing.TB, v cty.Value) string {
	t.Helper()
	text, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestTheTableHasTheFunctionsOfTheManual(t *testing.T) {
	want := strings.Fields(`
		abs ceil floor max min parseint signum
		chomp format formatlist indent join lower regex regexall replace reverse split strlen substr title trim
		trimprefix trimspace trimsuffix upper
		chunklist coalesce coalescelist compact concat contains distinct element flatten index
		keys length lookup merge range reverselist setintersection setproduct setsubtract setunion slice sort values zipmap
		tobool tolist tomap tonumber toset tostring try can
		csvdecode jsondecode jsonencode yamldecode yamlencode
		formatdate timeadd
		env file templatefile secret sensitive nonsensitive
		startswith endswith strcontains urlencode urldecode base64encode base64decode sha256 hmacsha256 slug uuidv5`)
	slices.Sort(want)
	got := slices.Sorted(maps.Keys(Functions(everything(t.TempDir()))))
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestWithoutAnEnvNothingReachesOutside(t *testing.T) {
	table := Functions(Env{})
	for _, name := range []string{"env", "file", "templatefile", "secret"} {
		if _, ok := table[name]; ok {
			t.Errorf("%s is offered", name)
		}
	}
	if _, ok := Functions(Env{Dir: "/"})["file"]; ok {
		t.Error("file is offered without a reader")
	}
}

func TestReservedFunctionsHaveAReasonAndAreNotOffered(t *testing.T) {
	table := Functions(everything(t.TempDir()))
	for name, reason := range Reserved() {
		if _, ok := table[name]; ok || reason == "" {
			t.Errorf("%s: offered %v, reason %q", name, ok, reason)
		}
	}
}

func TestFunctionsGiveWhatTerraformGives(t *testing.T) {
	for source, want := range map[string]string{
		`abs(-5)`: `5`, `ceil(1.2)`: `2`, `floor(4 * 0.8)`: `3`, `max(1, 3, 2)`: `3`, `min(1, 3)`: `1`, `parseint("ff", 16)`: `255`, `signum(-2)`: `-1`,

		`chomp("a\n")`: `"a"`, `format("%s-%03d", "a", 7)`: `"a-007"`, `formatlist("%s!", ["a", "b"])`: `["a!","b!"]`,
		`indent(2, "a\nb")`: `"a\n  b"`, `join(",", ["a", "b"])`: `"a,b"`, `lower("Ab")`: `"ab"`, `upper("Ab")`: `"AB"`, `title("hello world")`: `"Hello World"`,
		`regex("[a-z]+", "12ab")`: `"ab"`, `regexall("[a-z]", "a1b")`: `["a","b"]`, `reverse("abc")`: `"cba"`, `split(",", "a,b")`: `["a","b"]`,
		`replace("a.b.c", ".", "-")`: `"a-b-c"`, `replace("a1b22", "/[0-9]+/", "#")`: `"a#b#"`, `replace("ab", "/(a)(b)/", "$2$1")`: `"ba"`, `replace("a/b", "/", "-")`: `"a-b"`,
		`strlen("é")`: `1`, `substr("hello", 1, 3)`: `"ell"`, `trim("?!a?", "!?")`: `"a"`, `trimprefix("abc", "a")`: `"bc"`, `trimsuffix("abc", "c")`: `"ab"`, `trimspace(" a ")`: `"a"`,
		`startswith("abc", "ab")`: `true`, `endswith("abc", "bc")`: `true`, `endswith("abc", "x")`: `false`, `strcontains("abc", "b")`: `true`,

		`chunklist(["a", "b", "c"], 2)`: `[["a","b"],["c"]]`, `coalesce("", null, "b")`: `"b"`, `coalesce(0, 1)`: `0`, `coalescelist([], ["a"])`: `["a"]`,
		`compact(["a", "", "b"])`: `["a","b"]`, `concat(["a"], ["b"])`: `["a","b"]`, `contains(["a"], "a")`: `true`, `distinct(["a", "a"])`: `["a"]`,
		`element(["a", "b"], 3)`: `"b"`, `flatten([["a"], ["b"]])`: `["a","b"]`, `index(["a", "b"], "b")`: `1`, `index([1, "b"], "b")`: `1`, `keys({ b = 1, a = 2 })`: `["a","b"]`,
		`length("héllo")`: `5`, `length(["a"])`: `1`, `length({ a = 1 })`: `1`, `lookup({ a = "x" }, "b", "y")`: `"y"`, `merge({ a = 1 }, { b = 2 })`: `{"a":1,"b":2}`,
		`range(3)`: `[0,1,2]`, `reverselist(["a", "b"])`: `["b","a"]`, `setunion(["a"], ["b"])`: `["a","b"]`, `setintersection(["a", "b"], ["b"])`: `["b"]`,
		`setsubtract(["a", "b"], ["b"])`: `["a"]`, `setproduct(["a"], ["b"])`: `[["a","b"]]`, `slice(["a", "b", "c"], 1, 2)`: `["b"]`, `sort(["b", "a"])`: `["a","b"]`,
		`values({ a = 1, b = 2 })`: `[1,2]`, `zipmap(["a"], [1])`: `{"a":1}`,

		`tobool("true")`: `true`, `tolist(["a"])`: `["a"]`, `tomap({ a = "b" })`: `{"a":"b"}`, `tonumber("5")`: `5`, `toset(["b", "a", "a"])`: `["a","b"]`, `tostring(5)`: `"5"`,
		`try(tonumber("x"), "y")`: `"y"`, `can(tonumber("x"))`: `false`,

		`csvdecode("a,b\n1,2")`: `[{"a":"1","b":"2"}]`, `jsondecode("{\"a\":[1]}")`: `{"a":[1]}`, `jsonencode({ a = [1] })`: `"{\"a\":[1]}"`,
		`yamldecode("a: 1")`: `{"a":1}`, `yamlencode({ a = 1 })`: `"\"a\": 1\n"`,
		`formatdate("YYYY-MM-DD", "2026-06-01T12:00:00Z")`: `"2026-06-01"`, `timeadd("2026-06-01T12:00:00Z", "1h")`: `"2026-06-01T13:00:00Z"`,

		`urlencode("p@ss w+rd/é")`: `"p%40ss%20w%2Brd%2F%C3%A9"`, `urldecode("p%40ss%20w%2Brd")`: `"p@ss w+rd"`, `urldecode("a+b")`: `"a b"`,
		`base64encode("héllo")`: `"aMOpbGxv"`, `base64decode("aMOpbGxv")`: `"héllo"`,
		// FIPS 180-2, appendix B.1; RFC 4231, test case 2.
		`sha256("abc")`: `"ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"`,
		`hmacsha256("Jefe", "what do ya want for nothing?")`: `"5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"`,
		// RFC 9562, appendix A.4.
		`uuidv5("dns", "www.example.com")`:                                  `"2ed6657d-e927-568b-95e1-2665a8aea6a2"`,
		`uuidv5("6ba7b810-9dad-11d1-80b4-00c04fd430c8", "www.example.com")`: `"2ed6657d-e927-568b-95e1-2665a8aea6a2"`,
		`slug("Acmé Postgres — für Ärzte!", 40)`:                            `"acme-postgres-fur-arzte"`, `slug("--a  b--", 40)`: `"a-b"`, `slug("abc-def", 4)`: `"abc"`, `slug("東京", 9)`: `""`,
		`nonsensitive(sensitive("a"))`: `"a"`, `env("HOME")`: `"value of HOME"`, `env("UNSET", "default")`: `"default"`,
	} {
		t.Run(source, func(t *testing.T) {
			got, diags := evaluate(t, everything(t.TempDir()), nil, source)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if got := asJSON(t, got); got != want {
				t.Errorf("got %s, want %s", got, want)
			}
		})
	}
}

func TestFunctionsRefuseWhatTheyCanNotUse(t *testing.T) {
	for source, want := range map[string]string{
		`index(["a"], "b")`:    "the list does not have this value",
		`index({ a = 1 }, 1)`:  "a list is required, not object",
		`coalesce("", null)`:   "every argument is null or empty text",
		`coalesce("a", ["b"])`: "all arguments must have the same type",
		`slug("a", 0)`:         "the length must be a whole number from 1",
		`slug("a", 1.5)`:       "the length must be a whole number from 1",
		`uuidv5("x", "y")`:     `the namespace must be "dns", "url", "oid", "x500" or a UUID`,
		`base64decode("%")`:    "it is not Base64",
		`base64decode("/w==")`: "the result is not UTF-8 text",
		`urldecode("%ff")`:     "the result is not UTF-8 text",
		`urldecode("%z")`:      "invalid URL escape",
		`env("UNSET")`:         "the environment variable UNSET is not set, and there is no default",
		`env("A", "b", "c")`:   "env takes a name and one default",
		`indent(1001, "a")`:    "at most 1000 spaces are possible", `format("%1001d", 1)`: "go up to 1000", `format("%.99999999999999999999f", 1)`: "go up to 1000",
		`formatlist("%5.1001f", [1])`: "go up to 1000", `setproduct(range(1000), range(1000))`: "more than 100000 items",
		`tonumber("1e9999999")`: "too large or too small", `jsondecode("{\"a\":[1e-9999999]}")`: "too large or too small", `yamldecode("a: 1e9999999")`: "too large or too small",
		`replace("a", "/(/", "b")`:                 "missing closing )",
		`templatefile("t.tpl", ["a"])`:             "must be a map of values for the template",
		`templatefile("t.tpl", {})`:                `There is no variable named "name"`,
		`templatefile("broken.tpl", {})`:           "broken.tpl, line 1",
		`templatefile("recursive.tpl", {})`:        `There is no function named "templatefile"`,
		`templatefile("list.tpl", { name = [1] })`: "does not render to text",
	} {
		t.Run(source, func(t *testing.T) {
			dir := writeFiles(t, map[string]string{
				"t.tpl": "Hello ${name}!", "broken.tpl": "${", "recursive.tpl": `${templatefile("t.tpl", {})}`, "list.tpl": "${name}",
			})
			_, diags := evaluate(t, everything(dir), nil, source)
			if !diags.HasErrors() || !strings.Contains(diags.Error(), want) {
				t.Errorf("got %v, want %q", diags, want)
			}
		})
	}
}

func TestUnknownValuesStayUnknownAndTyped(t *testing.T) {
	vars := map[string]cty.Value{
		"s": cty.UnknownVal(cty.String), "n": cty.UnknownVal(cty.Number), "d": cty.DynamicVal, "l": cty.UnknownVal(cty.List(cty.String)),
	}
	for source, want := range map[string]cty.Type{
		`upper(s)`: cty.String, `urlencode(s)`: cty.String, `startswith(s, "a")`: cty.Bool, `slug(s, n)`: cty.String, `floor(n * 0.8)`: cty.Number,
		`length(s)`: cty.Number, `length(l)`: cty.Number, `coalesce(s, "a")`: cty.String, `index(l, s)`: cty.Number, `join(",", l)`: cty.String,
		`sensitive(s)`: cty.String, `upper(d)`: cty.String, `jsondecode(s)`: cty.DynamicPseudoType, `hmacsha256(s, s)`: cty.String, `tonumber(s)`: cty.Number,
		`templatefile("t.tpl", { name = s })`: cty.String, `coalesce(d)`: cty.DynamicPseudoType, `length(d)`: cty.Number,
	} {
		t.Run(source, func(t *testing.T) {
			got, diags := evaluate(t, everything(writeFiles(t, map[string]string{"t.tpl": "${name}"})), vars, source)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if got.IsKnown() || !got.Type().Equals(want) {
				t.Errorf("got %#v, want an unknown %s", got, want.FriendlyName())
			}
		})
	}
}

func TestSensitivityFollowsTheValueAndNothingElse(t *testing.T) {
	secret := cty.StringVal("s3cret").Mark(backend.Sensitive)
	vars := map[string]cty.Value{"s": secret, "o": cty.ObjectVal(map[string]cty.Value{"hidden": secret, "plain": cty.StringVal("p")})}
	for source, sensitive := range map[string]bool{
		`upper(s)`: true, `"postgres://${urlencode(s)}"`: true, `jsonencode(o)`: true, `merge(o, { a = 1 }).hidden`: true, `merge(o, { a = 1 }).plain`: false,
		`length([s])`: false, `keys(o)`: false, `s == "" ? 1 : 2`: true, `nonsensitive(s)`: false, `nonsensitive(o).hidden`: false, `sensitive("a")`: true,
		`secret("env:A")`: true, `coalesce("a", s)`: true, `try(s, "a")`: true, `templatefile("t.tpl", { name = s })`: true, `templatefile("t.tpl", { name = "a" })`: false, `templatefile("t.tpl", sensitive({ name = "a" }))`: true,
		`sensitive({ a = 1 }).a`: true, `length(sensitive({ a = 1 }))`: true, `length(o)`: false,
		`lookup(o, "plain", "x")`: false, `tostring(s)`: true, `element([s], 0)`: true, `index(["a"], "a")`: false, `length(s)`: true,
	} {
		t.Run(source, func(t *testing.T) {
			got, diags := evaluate(t, everything(writeFiles(t, map[string]string{"t.tpl": "${name}"})), vars, source)
			if diags.HasErrors() {
				t.Fatal(diags)
			}
			if got.ContainsMarked() != sensitive {
				t.Errorf("sensitive: got %v, want %v", got.ContainsMarked(), sensitive)
			}
		})
	}
}
