package configvar_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/json"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

func parse(t *testing.T, text string) (hcl.Expression, map[string]*hcl.File) {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte("x = "+text+"\n"), "test.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	attributes, _ := file.Body.JustAttributes()
	return attributes["x"].Expr, map[string]*hcl.File{"test.hcl": file}
}

func object(of map[string]cty.Value) cty.Value { return cty.ObjectVal(of) }

// outputs is what a backend returns; known only where values are.
func outputs(make func(t cty.Type, value cty.Value) cty.Value) cty.Value {
	return object(map[string]cty.Value{
		"username": make(cty.String, cty.StringVal("u")),
		"password": make(cty.String, cty.StringVal("p@ss")).Mark(backend.Sensitive),
		"port":     make(cty.Number, cty.NumberIntVal(5432)),
		"hosts":    make(cty.List(cty.String), cty.ListVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")})),
	})
}

func unknown() cty.Value {
	return outputs(func(t cty.Type, _ cty.Value) cty.Value { return cty.UnknownVal(t) })
}

func known() cty.Value { return outputs(func(_ cty.Type, v cty.Value) cty.Value { return v }) }

// scope is one plan and region. Only the plan "big" has a replica, only the
// region "eu" a host.
func scope(plan, region string, output cty.Value) *hcl.EvalContext {
	params := map[string]cty.Value{"limit": cty.NumberIntVal(5), "note": cty.NullVal(cty.String)}
	if plan == "big" {
		params["replica"] = cty.True
	}
	host := cty.NullVal(cty.String)
	if region == "eu" {
		host = cty.StringVal("db.eu")
	}
	root := &hcl.EvalContext{Functions: expr.Functions(expr.Env{})}
	child := root.NewChild()
	child.Variables = map[string]cty.Value{
		"plan":   object(map[string]cty.Value{"id": cty.StringVal(plan), "params": object(params)}),
		"region": object(map[string]cty.Value{"id": cty.StringVal(region), "data": object(map[string]cty.Value{"host": host})}),
		"output": output,
		"resource": object(map[string]cty.Value{
			"region": cty.StringVal(region), "owner": object(map[string]cty.Value{"name": cty.UnknownVal(cty.String)}),
		}),
	}
	return child
}

func cases() []configvar.Case {
	var list []configvar.Case
	for _, platform := range []string{"clevercloud", "heroku"} {
		for _, plan := range []string{"free", "legacy", "big"} {
			for _, region := range []string{"eu", "us"} {
				list = append(list, configvar.Case{
					Case:    diagnostic.Case{Platform: platform, Plan: plan, Region: region},
					Backend: "backend.postgres.main", Context: func() *hcl.EvalContext { return scope(plan, region, unknown()) },
				})
			}
		}
	}
	return list
}

func TestMistakesInTemplatesAreFoundBeforeServing(t *testing.T) {
	tests := map[string]struct {
		text string
		want []string // code and summary
	}{
		"a good one":                              {`"postgres://${output.username}:${urlencode(output.password)}@${output.port}"`, nil},
		"a number":                                {`plan.params.limit * 2`, nil},
		"null leaves it out":                      {`plan.params.note`, nil},
		"a misspelt output":                       {`output.usrname`, []string{`AG302 "output" has no value named "usrname"`}},
		"in a template":                           {`"x-${output.usrname}"`, []string{`AG302 "output" has no value named "usrname"`}},
		"in the arm of an unknown condition":      {`output.port > 1 ? output.nope : "x"`, []string{`AG302 "output" has no value named "nope"`}},
		"in the arm that is never taken":          {`plan.id == "gold" ? output.nope : "x"`, []string{`AG302 "output" has no value named "nope"`}},
		"in a template's condition":               {`"%{ if output.port > 1 }${output.nope}%{ endif }"`, []string{`AG302 "output" has no value named "nope"`}},
		"a function error in an unknown arm":      {`output.port > 1 ? upper("a", "b") : "x"`, []string{`AG308 upper takes 1 argument`}},
		"a wrong type in an unknown arm":          {`output.port > 1 ? "a" + 1 : 2`, []string{`AG305 "a" can't be used with this operator`}},
		"what try forgives":                       {`try(output.nope, "x")`, nil},
		"what can forgives":                       {`can(output.nope) ? "a" : "b"`, nil},
		"names of a for":                          {`join(",", [for nope in output.hosts : nope])`, nil},
		"a name beside a for":                     {`join(",", [for h in output.hosts : outptu.x])`, []string{`AG301 Nothing is called "outptu" here`}},
		"an unknown root":                         {`ouput.port`, []string{`AG301 Nothing is called "ouput" here`}},
		"a name of the request":                   {`request.region`, []string{`AG303 "request" is gone when config vars are rendered`}},
		"a name of a later version":               {`binding.id`, []string{`AG299 "binding" is not in this version`}},
		"what is known at a sign-on only":         {`sso.token`, []string{`AG303 "sso" is known only while a customer signs on`}},
		"a reference":                             {`backend.postgres.main`, []string{`AG303 "backend" is a reference, not a value`}},
		"what no plan has":                        {`plan.params.gold`, []string{`AG302 "plan.params" has no value named "gold"`}},
		"what some plans lack":                    {`plan.params.replica`, []string{`AG304 Plans free and legacy have no params.replica`}},
		"what some plans lack, guarded":           {`plan.id == "big" ? plan.params.replica : false`, nil},
		"what one plan lacks behind a guard":      {`plan.id != "free" ? plan.params.replica : false`, []string{`AG304 Plan legacy has no params.replica`}},
		"what some plans lack, tried for":         {`try(plan.params.replica, false)`, nil},
		"null in a template":                      {`"host=${region.data.host}"`, []string{`AG311 region.data.host is null`}},
		"null in a template, guarded":             {`region.data.host == null ? "none" : "host=${region.data.host}"`, nil},
		"a list":                                  {`output.hosts`, []string{`AG305 ACME_X is a list of text; a config var is text`}},
		"a map":                                   {`plan.params`, []string{`AG305 ACME_X is a map; a config var is text`}},
		"two types":                               {`output.port > 1 ? [1] : { a = 1 }`, []string{`AG310 Both results of "? :" must have one type`}},
		"two slips":                               {`"${output.a}${output.b}"`, []string{`AG302 "output" has no value named "a"`, `AG302 "output" has no value named "b"`}},
		"something inside of text":                {`output.username.first`, []string{`AG302 "output.username" has no value named "first"`}},
		"a secret's details in a function's text": {`tonumber(output.password)`, nil},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			e, files := parse(t, tc.text)
			diags := configvar.Check(configvar.Expression{Name: "ACME_X", What: "config var", Expr: e}, cases(), files)
			var got []string
			for _, d := range diags {
				info, _ := diagnostic.Of(d)
				got = append(got, info.Code+" "+d.Summary)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// TestJSONIsJudgedByItsValues: its templates give no syntax tree, and what
// try() forgives must not be found by its name.
func TestJSONIsJudgedByItsValues(t *testing.T) {
	for text, want := range map[string]string{
		`"x-${try(output.nope, \"none\")}"`: "",
		`"x-${output.usrname}"`:             `AG302 "output" has no value named "usrname"`,
		`"${outptu.port}"`:                  `AG301 Nothing is called "outptu" here`,
		`"x-${plan.params.replica}"`:        `AG302 "plan.params" has no value named "replica"`,
	} {
		file, diags := json.Parse([]byte(`{"x": `+text+`}`), "test.hcl.json")
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		attributes, _ := file.Body.JustAttributes()
		files := map[string]*hcl.File{"test.hcl.json": file}
		got := ""
		for _, d := range configvar.Check(configvar.Expression{Name: "ACME_X", What: "config var", Expr: attributes["x"].Expr}, cases(), files) {
			info, _ := diagnostic.Of(d)
			got += info.Code + " " + d.Summary
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestWhatMayBeNullIsToldApartFromWhatIs(t *testing.T) {
	sparse := func(c configvar.Case) configvar.Case {
		c.Only, c.Note = "output", "not at first"
		c.Context = func() *hcl.EvalContext {
			return scope(c.Plan, c.Region, outputs(func(t cty.Type, _ cty.Value) cty.Value { return cty.NullVal(t) }))
		}
		return c
	}
	var both []configvar.Case
	for _, c := range cases() {
		both = append(both, c, sparse(c))
	}
	for text, want := range map[string]string{
		`"x${output.username}"`:                                    "AG311 output.username may be null",
		`output.username`:                                          "",
		`try("x${output.username}", "none")`:                       "",
		`output.username == null ? "none" : "x${output.username}"`: "",
		`"x${plan.params.note}"`:                                   "AG311 plan.params.note is null",
		`"x${plan.params.note}${output.username}"`:                 "AG311 plan.params.note is nullAG311 output.username may be null",
	} {
		e, files := parse(t, text)
		got := ""
		for _, d := range configvar.Check(configvar.Expression{Name: "ACME_X", What: "config var", Expr: e}, configvar.Relevant(e, both), files) {
			info, _ := diagnostic.Of(d)
			got += info.Code + " " + d.Summary
			if len(info.Cases) != info.Evaluations {
				t.Errorf("%s: shown in %v of %d", text, info.Cases, info.Evaluations)
			}
		}
		if got != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestAPlatformThatNeedsEveryConfigVarIsNotLeftWithoutOne(t *testing.T) {
	const may, is = "AG417 ACME_X may be ", "AG417 ACME_X is "
	const after = ", and Heroku needs every config var"
	for text, want := range map[string]string{
		`output.username`:              "",
		`plan.params.limit`:            "",
		`output.port > 1`:              "",
		`plan.params.note`:             is + "null" + after,
		`"${plan.params.note}"`:        is + "null" + after,
		`""`:                           is + "empty" + after,
		`plan.id == "big" ? "x" : ""`:  is + "empty" + after,
		`region.data.host`:             is + "null" + after,
		`output.port > 1 ? "x" : null`: may + "null" + after,
		`(output.port > 1 ? (output.port > 2 ? "" : "y") : "x")`:                 may + "empty" + after,
		`"%{ if output.port > 1 }x%{ endif }"`:                                   may + "empty" + after,
		`"%{ if output.port > 1 }x%{ endif }%{ if output.port > 2 }y%{ endif }"`: may + "empty" + after,
		`"a%{ if output.port > 1 }x%{ endif }"`:                                  "",
		`plan.id == "none" ? (output.port > 1 ? "" : "x") : output.username`:     "",
		`plan.id != "none" ? output.username : (output.port > 1 ? "" : "x")`:     "",
		`try(output.username, "")`:                                               may + "empty" + after,
		`try(output.nope, "none")`:                                               "",
		`try(output.nope, null)`:                                                 is + "null" + after,
		`output.usrname`:                                                         `AG302 "output" has no value named "usrname"`,
	} {
		e, files := parse(t, text)
		var got []string
		for _, d := range configvar.Check(configvar.Expression{
			Name: "ACME_X", What: "config var", Expr: e, Needed: map[string]string{"heroku": "Heroku"},
		}, cases(), files) {
			info, _ := diagnostic.Of(d)
			got = append(got, info.Code+" "+d.Summary)
			for _, c := range info.Cases {
				if info.Code == "AG417" && c.Platform != "heroku" {
					t.Errorf("%s: reported for %v", text, c)
				}
			}
		}
		if strings.Join(got, "; ") != want {
			t.Errorf("%s: %q, want %q", text, got, want)
		}
	}
}

func TestWhatAPlatformMayNotSendIsNotEnoughForOneThatNeedsIt(t *testing.T) {
	var both []configvar.Case
	for _, c := range cases() {
		sparse := c
		sparse.Only, sparse.Note = "output", "not for every resource"
		sparse.Context = func() *hcl.EvalContext {
			return scope(c.Plan, c.Region, outputs(func(t cty.Type, _ cty.Value) cty.Value { return cty.NullVal(t) }))
		}
		both = append(both, c, sparse)
	}
	for text, want := range map[string]string{
		`output.username`: "null", `output.username == null ? "" : "x"`: "empty", `output.username == null ? "-" : "x"`: "",
	} {
		e, files := parse(t, text)
		diags := configvar.Check(configvar.Expression{
			Name: "ACME_X", What: "config var", Expr: e, Needed: map[string]string{"heroku": "Heroku"},
		}, configvar.Relevant(e, both), files)
		if want == "" && len(diags) == 0 {
			continue
		}
		if len(diags) != 1 || diags[0].Summary != "ACME_X may be "+want+", and Heroku needs every config var" {
			t.Errorf("%s: %v", text, diags)
		}
	}
}

func TestAnExpressionIsEvaluatedWhereItCanDiffer(t *testing.T) {
	for text, want := range map[string]int{
		`output.port`: 1, `plan.id`: 3, `region.id`: 2, `"${plan.id}${resource.region}"`: 6, `resource.owner.name`: 1,
	} {
		e, files := parse(t, text)
		evaluated := 0
		list := cases()
		for i := range list {
			inner := list[i].Context
			list[i].Context = func() *hcl.EvalContext { evaluated++; return inner() }
		}
		configvar.Check(configvar.Expression{Name: "ACME_X", What: "config var", Expr: e}, list, files)
		if evaluated != want {
			t.Errorf("%s: %d evaluations, want %d", text, evaluated, want)
		}
	}
}

func TestOneMistakeIsReportedOnceWithWhereItShows(t *testing.T) {
	e, files := parse(t, `"${region.data.host}"`+` == "" ? "a" : "b${region.data.host}"`)
	diags := configvar.Check(configvar.Expression{Name: "ACME_X", What: "config var", Expr: e, In: `addon "acme-db"`}, cases(), files)
	if len(diags) != 1 {
		t.Fatalf("%d diagnostics: %v", len(diags), diags)
	}
	info, _ := diagnostic.Of(diags[0])
	if !cmp.Equal(info.Cases, []diagnostic.Case{{Region: "us"}}) || info.Evaluations != 2 || info.In != `addon "acme-db"` {
		t.Errorf("cases %v of %d, in %q", info.Cases, info.Evaluations, info.In)
	}
}

func TestAMistakeOfTheFirstCaseAloneIsToldWithThatCase(t *testing.T) {
	e, files := parse(t, `region.id == "eu" ? null : "x"`)
	diags := configvar.Check(configvar.Expression{Name: "ACME_X", What: "config var", Expr: e, Needed: map[string]string{"heroku": "Heroku"}}, cases(), files)
	if len(diags) != 1 {
		t.Fatalf("%d diagnostics: %v", len(diags), diags)
	}
	// Of Clever Cloud's cases and Heroku's, two regions each.
	info, _ := diagnostic.Of(diags[0])
	if !cmp.Equal(info.Cases, []diagnostic.Case{{Platform: "heroku", Region: "eu"}}) || info.Evaluations != 4 {
		t.Errorf("cases %v of %d", info.Cases, info.Evaluations)
	}
}

func TestASecretMayNotStandInPublicText(t *testing.T) {
	e, files := parse(t, `"password: ${output.password}"`)
	diags := configvar.Check(configvar.Expression{Name: "provision", What: "message", Expr: e, Type: cty.String, Public: true}, cases(), files)
	if len(diags) != 1 || !strings.HasPrefix(diags[0].Summary, "A secret can't be part of a message") {
		t.Errorf("diagnostics: %v", diags)
	}
}

func TestALiveSettingMustHaveItsType(t *testing.T) {
	for text, want := range map[string]int{`output.port`: 0, `[output.port]`: 1, `{ a = output.username }`: 1} {
		e, files := parse(t, text)
		diags := configvar.Check(configvar.Expression{Name: "limit", What: "setting", Expr: e, Type: cty.Number}, cases(), files)
		if len(diags) != want {
			t.Errorf("%s: %v", text, diags)
		}
	}
}

func TestTheSyntaxTreeIsCheckedWhereNothingIsEvaluated(t *testing.T) {
	_, files := parse(t, `false ? upcase("x") : { a = 1, a = secret(var.x), b = secret("env:KEY"), c = secret("env:${var.y}") }`)
	refs, diags := configvar.CheckSyntax(files["test.hcl"].Body.(*hclsyntax.Body), []string{"upper", "secret"})
	var got []string
	for _, d := range diags {
		info, _ := diagnostic.Of(d)
		got = append(got, info.Code)
	}
	if diff := cmp.Diff([]string{"AG307", "AG208", "AG312", "AG312"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if len(refs) != 1 || refs[0].Text != "env:KEY" {
		t.Errorf("secrets = %+v", refs)
	}
}

func TestRenderMakesTextAndDerivesSensitivity(t *testing.T) {
	tests := map[string]struct {
		text, want string
		sensitive  bool
		left       bool // left out
	}{
		"text":                       {`output.username`, "u", false, false},
		"a number":                   {`output.port`, "5432", false, false},
		"a large number":             {`1000000 * 1000000`, "1000000000000", false, false},
		"a bool":                     {`output.port > 1`, "true", false, false},
		"a lone template":            {`"${output.port}"`, "5432", false, false},
		"null":                       {`plan.params.note`, "", false, true},
		"a lone template of null":    {`"${plan.params.note}"`, "", false, true},
		"a secret":                   {`output.password`, "p@ss", true, false},
		"made of a secret":           {`"x:${urlencode(output.password)}"`, "x:p%40ss", true, false},
		"compared with a secret":     {`output.password == "" ? "no" : "yes"`, "yes", true, false},
		"declared to give no secret": {`nonsensitive(output.password == "") ? "no" : "yes"`, "yes", false, false},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			e, _ := parse(t, tc.text)
			v, ok, err := configvar.Render("ACME_X", e, scope("free", "eu", known()))
			if err != nil {
				t.Fatal(err)
			}
			if ok == tc.left {
				t.Fatalf("left out = %t, want %t", !ok, tc.left)
			}
			if ok && (v.Value.Reveal() != tc.want || v.Sensitive != tc.sensitive || v.Name != "ACME_X") {
				t.Errorf("got %q, sensitive %t", v.Value.Reveal(), v.Sensitive)
			}
		})
	}
}

func TestAFailedRenderNamesThePlaceAndNoValue(t *testing.T) {
	for _, text := range []string{
		`output.hosts`, `output.nope`, `tonumber(output.password)`, `"${plan.params.note}x"`, `output.password + 1`, `[output.password][5]`,
	} {
		e, _ := parse(t, text)
		_, ok, err := configvar.Render("ACME_X", e, scope("free", "eu", known()))
		if err == nil || ok {
			t.Errorf("%s: no error", text)
			continue
		}
		if got := fmt.Sprintf("%v", err); !strings.Contains(got, "ACME_X") || !strings.Contains(got, "test.hcl:1") || strings.Contains(got, "p@ss") {
			t.Errorf("%s: %s", text, got)
		}
	}
}
