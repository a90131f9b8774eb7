package spec

import (
	"crypto/sha1"
	"crypto/sha512"
	"encoding/hex"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const sample = `# a comment
id: XX-P1
title: An order
level: must
source: A document
says: One sentence
says: over two lines.
note: Why.
platform: It breaks.
needs: other-one
needs: and-another
tags: legacy current

>>> the first
POST {{base_url}}/x
Authorization: Basic {{basic}}
X-Empty:

{
  "id": "a-{{unique order}}",

  "plan": "{{plan}}"
}

<<< 200 201
Content-Type: application/json
X-Rule: abc {{any}}
Location: {{absent}}

{"id": "{{text /[a-z]+-[0-9]+/ as id}}", "config": "{{config as config}}", "message": "{{optional text}}", "more": "{{absent}}"}

>>> the second
DELETE {{base_url}}/{{id}}

<<< 2xx

{{empty}}
`

func parse(t *testing.T, text string) Exchange {
	t.Helper()
	e, err := Parse("test/sample.exchange", text)
	if err != nil {
		t.Fatal(err)
	}
	return e
}

func vars() Vars {
	v := ProviderVars("https://p.example/resources", "acme", "pw")
	v["plan"], v["config_vars"] = "basic", "ACME_URL ACME_HOST"
	return v
}

func TestAnExchangeIsReadWhole(t *testing.T) {
	e := parse(t, sample)
	want := Exchange{
		Name: "test/sample", ID: "XX-P1", Platform: "It breaks.", Needs: []string{"other-one", "and-another"}, Title: "An order", Level: Must, Source: "A document", Says: "One sentence over two lines.", Note: "Why.",
		Tags: []string{"legacy", "current"},
	}
	got := e
	got.Steps = nil
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("exchange (-want +got):\n%s", diff)
	}
	if len(e.Steps) != 2 || e.Steps[0].Title != "the first" || e.Steps[0].Line != 14 || e.Steps[1].Line != 32 {
		t.Fatalf("steps: %+v", e.Steps)
	}
}

func TestARequestIsFilledIn(t *testing.T) {
	e, v := parse(t, sample), vars()
	r, err := e.Steps[0].Request(v)
	if err != nil {
		t.Fatal(err)
	}
	made := v["unique order"]
	want := Request{
		Method: "POST", URL: "https://p.example/resources/x",
		Header: http.Header{"Authorization": {"Basic YWNtZTpwdw=="}, "X-Empty": {""}},
		Body:   []byte("{\n  \"id\": \"a-" + made + "\",\n\n  \"plan\": \"basic\"\n}"),
	}
	if diff := cmp.Diff(want, r); diff != "" {
		t.Errorf("request (-want +got):\n%s", diff)
	}
	if again, err := e.Steps[0].Request(v); err != nil || string(again.Body) != string(r.Body) || len(made) < 16 {
		t.Errorf("a second time: %s, %v", again.Body, err)
	}
	other := vars()
	if _, err := e.Steps[0].Request(other); err != nil || other["unique order"] == made {
		t.Errorf("another run has the same id, %v", err)
	}
	var missing *MissingError
	if _, err := e.Steps[1].Request(v); !errors.As(err, &missing) || missing.Name != "id" {
		t.Errorf("without the captured id: %v", err)
	}
}

func TestGeneratorsMakeBytes(t *testing.T) {
	e := parse(t, "title: x\nlevel: may\nsource: y\n>>>\nPOST /\n\n<{{bytes ff 00}}|{{fill 5}}>\n<<< 400\n")
	r, err := e.Steps[0].Request(Vars{})
	if err != nil || string(r.Body) != "<\xff\x00|xxxxx>" {
		t.Errorf("body %q, %v", r.Body, err)
	}
	for _, text := range []string{"{{bytes xx}}", "{{fill}}", "{{fill -1}}", "{{}}", "{{a b c}}"} {
		if _, err := expand(text, Vars{}); err == nil {
			t.Errorf("%s is accepted", text)
		}
	}
}

func TestASignOnIsSignedWithTheTimeItCarries(t *testing.T) {
	e, v := parse(t, "title: x\nlevel: may\nsource: y\n>>>\nPOST /\n\n{{time t -10s}} {{sha1 id \"a@b\" \"\" t}} {{sha512 t}} {{time t 5h}} {{seconds s -10s}}\n<<< 302\n"), vars()
	v["id"] = "res-1"
	r, err := e.Steps[0].Request(v)
	if err != nil {
		t.Fatal(err)
	}
	words := strings.Fields(string(r.Body))
	sum, long := sha1.Sum([]byte("res-1:a@b::"+words[0])), sha512.Sum512([]byte(words[0]))
	if want := []string{words[0], hex.EncodeToString(sum[:]), hex.EncodeToString(long[:]), words[0]}; !slices.Equal(words[:4], want) {
		t.Errorf("body %q", words)
	}
	if ms, err := strconv.ParseInt(words[0], 10, 64); err != nil || time.Since(time.UnixMilli(ms)) < 10*time.Second || time.Since(time.UnixMilli(ms)) > time.Hour {
		t.Errorf("the time is %s", words[0])
	}
	if s, err := strconv.ParseInt(words[4], 10, 64); err != nil || time.Since(time.Unix(s, 0)) < 10*time.Second || time.Since(time.Unix(s, 0)) > time.Hour {
		t.Errorf("the time in seconds is %s", words[4])
	}
	var missing *MissingError
	if _, err := expand("{{sha1 nobody}}", Vars{}); !errors.As(err, &missing) || missing.Name != "nobody" {
		t.Errorf("an unknown name gives %v", err)
	}
	for _, text := range []string{"{{time t}}", "{{time t soon}}", "{{sha1}}", "{{md5 id}}"} {
		if _, err := expand(text, Vars{"id": "x"}); err == nil {
			t.Errorf("%s is accepted", text)
		}
	}
}

func answerOf(body string) Answer {
	return Answer{Status: 201, Header: http.Header{"Content-Type": {"application/json; charset=utf-8"}, "X-Rule": {"abc def"}}, Body: []byte(body)}
}

func TestAGoodAnswerPassesAndIsCaptured(t *testing.T) {
	e, v := parse(t, sample), vars()
	if problems := e.Steps[0].Check(answerOf(`{"id": "res-1", "config": {"ACME_URL": "u&v"}, "unknown": 1}`), v); problems != nil {
		t.Errorf("problems: %q", problems)
	}
	if v["id"] != "res-1" || v["config"] != `{"ACME_URL":"u&v"}` {
		t.Errorf("captured %q and %q", v["id"], v["config"])
	}
	if r, err := e.Steps[1].Request(v); err != nil || r.URL != "https://p.example/resources/res-1" || r.Body != nil {
		t.Errorf("the next request is %+v, %v", r, err)
	}
	if problems := e.Steps[1].Check(Answer{Status: 204}, v); problems != nil {
		t.Errorf("problems: %q", problems)
	}
}

func TestEveryDifferenceIsAProblemWithoutValues(t *testing.T) {
	e := parse(t, sample)
	good := `{"id": "res-1", "config": {}}`
	for name, c := range map[string]struct {
		change func(*Answer)
		want   string
	}{
		"status":            {func(a *Answer) { a.Status = 500 }, "status is 500, not 200 or 201"},
		"content type":      {func(a *Answer) { a.Header.Set("Content-Type", "text/html") }, `header Content-Type is "text/html", not "application/json"`},
		"header empty":      {func(a *Answer) { a.Header.Set("X-Rule", "") }, "header X-Rule is empty"},
		"header missing":    {func(a *Answer) { a.Header.Del("X-Rule") }, "header X-Rule is missing"},
		"header too short":  {func(a *Answer) { a.Header.Set("X-Rule", "abc ") }, `header X-Rule is "abc ", not "abc {{any}}"`},
		"header unwanted":   {func(a *Answer) { a.Header.Set("Location", "/") }, "header Location must not be sent"},
		"no JSON":           {func(a *Answer) { a.Body = []byte("s3cret") }, "the body is not JSON"},
		"a list":            {func(a *Answer) { a.Body = []byte(`["s3cret"]`) }, "body is a list of 1, not an object"},
		"id missing":        {func(a *Answer) { a.Body = []byte(`{"config": {}}`) }, "body.id is missing"},
		"id a number":       {func(a *Answer) { a.Body = []byte(`{"id": 1, "config": {}}`) }, "body.id is a number, not text"},
		"id empty":          {func(a *Answer) { a.Body = []byte(`{"id": "", "config": {}}`) }, "body.id is empty"},
		"id odd":            {func(a *Answer) { a.Body = []byte(`{"id": "s3cret", "config": {}}`) }, "body.id does not match /[a-z]+-[0-9]+/"},
		"message not text":  {func(a *Answer) { a.Body = []byte(`{"id": "a-1", "config": {}, "message": null}`) }, "body.message is null, not text"},
		"more there":        {func(a *Answer) { a.Body = []byte(`{"id": "a-1", "config": {}, "more": null}`) }, "body.more must be absent"},
		"config no object":  {func(a *Answer) { a.Body = []byte(`{"id": "a-1", "config": "s3cret"}`) }, "body.config is text, not an object"},
		"config not text":   {func(a *Answer) { a.Body = []byte(`{"id": "a-1", "config": {"ACME_URL": 5432}}`) }, "body.config has ACME_URL, which is a number, not text"},
		"config undeclared": {func(a *Answer) { a.Body = []byte(`{"id": "a-1", "config": {"X": "s3cret"}}`) }, "body.config has X, which the manifest lacks"},
	} {
		a := answerOf(good)
		c.change(&a)
		problems := e.Steps[0].Check(a, vars())
		if diff := cmp.Diff([]string{c.want}, problems); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if strings.Contains(strings.Join(problems, "\n"), "s3cret") {
			t.Errorf("%s: the problem quotes a value", name)
		}
	}
	if problems := e.Steps[1].Check(Answer{Status: 200, Body: []byte("x")}, vars()); len(problems) != 1 {
		t.Errorf("a body where none is expected: %q", problems)
	}
}

func TestMatchersForEveryType(t *testing.T) {
	for pattern, values := range map[string]struct{ good, bad []string }{
		`"{{any}}"`:      {good: []string{"null", "1", `"x"`, "{}"}},
		`"{{number}}"`:   {good: []string{"1"}, bad: []string{`"1"`, "null"}},
		`"{{bool}}"`:     {good: []string{"true"}, bad: []string{`"true"`}},
		`"{{scalar}}"`:   {good: []string{"1", `"x"`}, bad: []string{`""`, "null", "{}", "true"}},
		`"{{texts}}"`:    {good: []string{`{"X": "y"}`}, bad: []string{`{"X": 1}`, `"x"`}},
		`"{{declared}}"`: {good: []string{`{"ACME_URL": 1}`}, bad: []string{`{"X": "y"}`, "[]"}},
		`"{{complete}}"`: {
			good: []string{`{"ACME_URL": "x", "ACME_HOST": "y", "X": ""}`, `{"ACME_URL": 1, "ACME_HOST": true}`},
			bad:  []string{`{"ACME_URL": "x"}`, `{"ACME_URL": "x", "ACME_HOST": ""}`, `{"ACME_URL": "x", "ACME_HOST": null}`, `{"ACME_URL": 0, "ACME_HOST": "y"}`, `{"ACME_URL": "x", "ACME_HOST": false}`, "[]", `"x"`},
		},
		`"{{other known}}"`:                  {good: []string{`"x"`}, bad: []string{`{"b":2,"a":1}`}},
		`"{{other unknown}}"`:                {bad: []string{"1"}},
		`"{{object}}"`:                       {good: []string{"{}"}, bad: []string{"[]"}},
		`"{{list}}"`:                         {good: []string{"[]"}, bad: []string{"{}"}},
		`"{{same known}}"`:                   {good: []string{`{"a": 1, "b": 2}`, `{"b":2,"a":1}`}, bad: []string{`{"a": 1}`, `"x"`}},
		`"{{same unknown}}"`:                 {bad: []string{"1"}},
		`"{{plan}}-x"`:                       {good: []string{`"basic-x"`}, bad: []string{`"basic"`, "1"}},
		`"{{nothing}}"`:                      {bad: []string{`"x"`}},
		`"literal"`:                          {good: []string{`"literal"`}, bad: []string{`"Literal"`}},
		`12`:                                 {good: []string{"12", "12.0"}, bad: []string{"13", `"12"`}},
		`null`:                               {good: []string{"null"}, bad: []string{"0"}},
		`[1, "{{any}}"]`:                     {good: []string{"[1, 2]"}, bad: []string{"[1]", "[2, 2]", "[1, 2, 3]"}},
		`{"c": "{{optional same unknown}}"}`: {good: []string{"{}", `{"c": 1}`}},
		`{"c": "{{optional texts}}"}`:        {good: []string{"{}", `{"c": null}`}, bad: []string{`{"c": 1}`}},
		`{"c": "{{optional text}}"}`:         {good: []string{"{}"}, bad: []string{`{"c": null}`}},
		`{"a": {"b": "{{text}}"}}`:           {good: []string{`{"a": {"b": "x", "c": 1}}`}, bad: []string{`{"a": {}}`, `{"a": null}`}},
	} {
		check := func(value string) []string {
			var want, got any
			if err := errors.Join(json.Unmarshal([]byte(pattern), &want), json.Unmarshal([]byte(value), &got)); err != nil {
				t.Fatal(err)
			}
			v := vars()
			v["known"] = `{"a":1,"b":2}`
			return match("body", want, got, v)
		}
		for _, value := range values.good {
			if problems := check(value); problems != nil {
				t.Errorf("%s refuses %s: %q", pattern, value, problems)
			}
		}
		for _, value := range values.bad {
			if problems := check(value); problems == nil {
				t.Errorf("%s accepts %s", pattern, value)
			}
		}
	}
}

func TestAMistakeInAFileNamesItsLine(t *testing.T) {
	const head = "title: x\nlevel: must\nsource: y\n\n"
	for text, want := range map[string]string{
		"":                        "t/x.exchange:1: title, source and level",
		"title: x\nlevel: must\n": "title, source and level",
		"title: x\nlevel: maybe\nsource: y\n>>>\n":                     "title, source and level",
		"title: x\ntitel: y\n":                                         "t/x.exchange:2: there is no field \"titel\"",
		"title: x\nnonsense\n":                                         "t/x.exchange:2: expected \"name: value\"",
		head:                                                           "there is no request",
		head + ">>>\nPOST\n<<< 200":                                    "t/x.exchange:6: expected method and target",
		head + ">>>\nPOST /\n":                                         "expected the answer",
		head + ">>>\nPOST /\n<<<\n":                                    "t/x.exchange:7: the answer needs a status",
		head + ">>> at once: x\nPOST /\n<<< 200\n":                     "t/x.exchange:5: expected \"at once 4: title\"",
		head + ">>> at once 1: x\nPOST /\n<<< 200\n":                   "t/x.exchange:5: at once means 2 to 50 times",
		head + ">>>\nPOST /\n<<< 2x\n":                                 "\"2x\" is no status",
		head + ">>>\nPOST /\nX-A\n<<< 200\n":                           "t/x.exchange:7: expected \"Header: value\"",
		head + ">>>\nPOST /\n<<< 200\n\n{\"a\"\n":                      "the answer's body is not JSON",
		head + ">>>\nPOST /\n<<< 200\n\n{\"a\": \"{{txt /x/}}\"}\n":    "{{txt /x/}} is no matcher",
		head + ">>>\nPOST /\n<<< 200\n\n{\"a\": [\"{{text /(/}}\"]}\n": "missing closing )",
		head + ">>>\nPOST /\n<<< 200\n\n{}\n<<< 200\n":                 "expected a request",
	} {
		_, err := Parse("t/x.exchange", text)
		if err == nil || !strings.Contains(err.Error(), want) || !strings.HasPrefix(err.Error(), "t/x.exchange:") {
			t.Errorf("%q: %v, want %s", text, err, want)
		}
	}
}

func TestAnExchangeSaysWhatItLacksBeforeItIsSent(t *testing.T) {
	e := parse(t, "title: x\nlevel: may\nsource: y\n>>>\nPOST {{base_url}}\n<<< 200\n\n{\"id\": \"{{any as id}}\"}\n\n"+
		">>>\nPOST {{base_url}}/{{id}}\nX: {{basic}}\n\n{{time t -10s}} {{unique u}} {{sha1 id \"text\" sso_salt t}} {{other_plan}}\n<<< 200\n\n"+
		">>>\nPOST {{base_url}}\n\n{{sha1 id t}}\n<<< 200\n")
	v := vars()
	for _, name := range []string{"sso_salt", "other_plan", ""} {
		if got := e.Lacks(v); got != name {
			t.Errorf("it lacks %q, want %q", got, name)
		}
		v[name] = "x"
	}
}

func TestNamesOfConfigVarsAreJudgedOnlyWhereTheyAreKnown(t *testing.T) {
	for matcher, want := range map[string]string{
		"declared": "config_vars", "optional declared": "config_vars", "optional complete as config": "config_vars", "config": "", "texts": "",
	} {
		e := parse(t, "title: x\nlevel: may\nsource: y\n>>>\nPOST {{base_url}}\n<<< 200\n\n{\"config\": \"{{"+matcher+"}}\"}\n")
		v := vars()
		if got := e.Lacks(v); got != "" {
			t.Errorf("%s with names lacks %q", matcher, got)
		}
		delete(v, "config_vars")
		if got := e.Lacks(v); got != want {
			t.Errorf("%s without names lacks %q", matcher, got)
		}
	}
}

const prepared = `title: x
level: may
source: y

>>> given an order
POST /

<<< 200
Content-Type: application/json

{"id": "{{text /[a-z]+/ as id}}", "config": "{{optional config as config}}", "list": ["{{text as first}}"], "message": "{{text}}"}

>>> at once 3: the same order
POST /

<<< 200

{"id": "{{any as id}}", "more": "{{optional any as more}}"}
`

func TestAStepThatPreparesDemandsWhatTheNextOnesNeed(t *testing.T) {
	given := parse(t, prepared).Steps[0]
	if !given.Given || given.Times != 1 {
		t.Fatalf("the step is %+v", given)
	}
	v := vars()
	if problems := given.Take(Answer{Status: 201, Body: []byte(`{"id": 5, "config": {"X": 1}, "list": ["a"]}`)}, v); problems != nil {
		t.Errorf("problems: %q", problems)
	}
	if v["id"] != "5" || v["config"] != `{"X":1}` || v["first"] != "a" {
		t.Errorf("captured %q, %q and %q", v["id"], v["config"], v["first"])
	}
	for body, want := range map[string]string{
		`{"id": "a"}`:               "body.list[0] is missing",
		`{"list": ["a"]}`:           "body.id is missing",
		`{"id": null, "list": [1]}`: "body.id is null",
		`{"id": "", "list": [1]}`:   "body.id is text",
		`x`:                         "the body is not JSON",
		`[]`:                        "body.id is missing",
	} {
		if problems := given.Take(Answer{Status: 200, Body: []byte(body)}, vars()); len(problems) == 0 || problems[0] != want {
			t.Errorf("%s: %q, want %q", body, problems, want)
		}
	}
	if problems := given.Take(Answer{Status: 404}, vars()); !slices.Equal(problems, []string{"status is 404"}) {
		t.Errorf("a refusal: %q", problems)
	}
}

func TestAnswersAtOnceAreTheSame(t *testing.T) {
	step, v := parse(t, prepared).Steps[1], vars()
	if step.Times != 3 || step.Title != "the same order" {
		t.Fatalf("the step is %+v", step)
	}
	answer := func(body string) Answer { return Answer{Status: 200, Body: []byte(body)} }
	if problems := step.CheckAll([]Answer{answer(`{"id": "a"}`), answer(`{"id": "a"}`), answer(`{"id": "a"}`)}, v); problems != nil || v["id"] != "a" {
		t.Errorf("three times the same: %q, captured %q", problems, v["id"])
	}
	want := []string{"answer 2 of 3 has another id than the first", "answer 3 of 3: status is 500, not 200", "answer 3 of 3: the body is not JSON"}
	got := step.CheckAll([]Answer{answer(`{"id": "a"}`), answer(`{"id": "b"}`), {Status: 500}}, vars())
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("three answers (-want +got):\n%s", diff)
	}
}

// Of orders that arrive together one may be answered before config vars are
// there, and another after.
func TestAnswersAtOnceNeedNotAllHaveWhatIsOptional(t *testing.T) {
	step := parse(t, strings.Replace(prepared, `"{{any as id}}"`, `"{{optional any as id}}"`, 1)).Steps[1]
	answer := func(body string) Answer { return Answer{Status: 200, Body: []byte(body)} }
	for _, tc := range []struct{ bodies, want []string }{
		{[]string{"{}", `{"id": "a"}`, "{}"}, nil},
		{[]string{"{}", `{"id": "a"}`, `{"id": "b"}`}, []string{"answer 3 of 3 has another id than the first"}},
	} {
		var answers []Answer
		for _, body := range tc.bodies {
			answers = append(answers, answer(body))
		}
		if diff := cmp.Diff(tc.want, step.CheckAll(answers, vars())); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tc.bodies, diff)
		}
	}
}

func TestTheReadmesExampleIsAnExchange(t *testing.T) {
	readme, err := os.ReadFile("README.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(readme), "```\nid:")
	text, _, found := strings.Cut(rest, "```\n")
	if e := parse(t, "id:"+text); !found || len(e.Steps) != 2 {
		t.Errorf("the example has %d steps", len(e.Steps))
	}
}

func FuzzParse(f *testing.F) {
	f.Add(sample)
	f.Add("title: x\nlevel: may\nsource: y\n>>>\nPOST /\n<<< 200\n\n[\"{{same a}}\"]\n")
	f.Fuzz(func(t *testing.T, text string) {
		e, err := Parse("f/x.exchange", text)
		if err != nil {
			return
		}
		for _, s := range e.Steps {
			_, _ = s.Request(Vars{})
			_ = s.Check(Answer{Status: 200, Body: []byte("[]")}, Vars{})
		}
	})
}
