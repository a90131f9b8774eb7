package diagnostic

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

func at(file string, line, column int) hcl.Range {
	pos := hcl.Pos{Line: line, Column: column, Byte: line*100 + column}
	return hcl.Range{Filename: file, Start: pos, End: pos}
}

func TestOneProblemSeenManyTimesIsToldOnce(t *testing.T) {
	var diags hcl.Diagnostics
	for _, platform := range []string{"clevercloud", "heroku"} {
		for _, plan := range []string{"free", "legacy"} {
			diags = append(diags, New("Plan "+plan+" has no params.replica", at("a.hcl", 3, 4), Info{
				Code: "AG304", In: fmt.Sprintf("addon %q, platform %q", "acme-db", platform),
				Notes: []string{"Set it there."}, Evaluations: 6,
				Cases: []Case{{Platform: platform, Plan: plan, Region: "eu"}},
			}))
		}
	}
	diags = append(diags, New("Another", at("a.hcl", 3, 4), Info{Code: "AG302"}))
	merged := Merge(diags)
	if len(merged) != 2 {
		t.Fatalf("got %d diagnostics, want 2", len(merged))
	}
	got, _ := Of(merged[0])
	want := Info{
		Code: "AG304", In: `addon "acme-db"`, Notes: []string{"Set it there."}, Evaluations: 6,
		Cases: []Case{{"clevercloud", "free", "eu", ""}, {"clevercloud", "legacy", "eu", ""}, {"heroku", "free", "eu", ""}, {"heroku", "legacy", "eu", ""}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if first, _ := Of(diags[0]); len(first.Cases) != 1 {
		t.Errorf("the diagnostic of the caller was changed: %v", first.Cases)
	}
	if got := written(t, Options{}, merged[0]); !strings.Contains(got, "= with platforms clevercloud and heroku; plans free and legacy; region eu\n") {
		t.Errorf("the cases are not told:\n%s", got)
	}
}

// An error that a warning swallowed would let the file be served.
func TestAWarningSwallowsNoError(t *testing.T) {
	warning := New("careful", at("a.hcl", 1, 1), Info{Code: "AG603"})
	warning.Severity = hcl.DiagWarning
	merged := Merge(hcl.Diagnostics{warning, New("wrong", at("a.hcl", 1, 1), Info{Code: "AG603"})})
	if len(merged) != 2 || !merged.HasErrors() {
		t.Errorf("got %v", merged)
	}
}

func TestAProblemInEveryEvaluationListsNone(t *testing.T) {
	d := New("s", at("a.hcl", 1, 1), Info{Code: "AG302", Evaluations: 2, Cases: []Case{{Plan: "a"}, {Plan: "b"}}})
	if got := written(t, Options{}, d); strings.Contains(got, "with plans") {
		t.Errorf("got\n%s", got)
	}
}

func TestDiagnosticsWithoutACodeAreNotMerged(t *testing.T) {
	d := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "s", Subject: &hcl.Range{}}
	if got := Merge(hcl.Diagnostics{d, d}); len(got) != 2 {
		t.Errorf("got %d, want 2", len(got))
	}
}

func TestSortOrdersByFileAndPlace(t *testing.T) {
	diags := hcl.Diagnostics{
		New("4", at("b.hcl", 1, 1), Info{}), New("3", at("a.hcl", 10, 1), Info{}), New("2", at("a.hcl", 2, 9), Info{}),
		New("1", at("a.hcl", 2, 3), Info{}), {Summary: "0"},
	}
	Sort(diags)
	var got []string
	for _, d := range diags {
		got = append(got, d.Summary)
	}
	if diff := cmp.Diff([]string{"0", "1", "2", "3", "4"}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestNearestOffersOnlyWhatIsNear(t *testing.T) {
	names := []string{"username", "password", "port", "host", "eu", "us", "storage_mb"}
	for name, want := range map[string]string{
		"usrname": "username", "prot": "port", "hsot": "host", "USERNAME": "username", "pasword": "password", "prt": "port", "ue": "eu",
		"zzz": "", "u": "eu", "": "", "database_name": "",
	} {
		t.Run(name, func(t *testing.T) {
			if got := Nearest(name, names); got != want {
				t.Errorf("Nearest(%q) = %q, want %q", name, got, want)
			}
		})
	}
}

func TestListLeavesOutWhatNobodyReads(t *testing.T) {
	if got := List([]string{"b", "a", "b"}); got != "a, b" {
		t.Errorf("got %q", got)
	}
	many := make([]string, 13)
	for i := range many {
		many[i] = fmt.Sprint("name", i)
	}
	if got := List(many); got != "" {
		t.Errorf("13 names are listed: %q", got)
	}
}

func TestFromHCLLeavesOurOwnDiagnosticsAlone(t *testing.T) {
	ours := New("s", at("a.hcl", 1, 1), Info{Code: "AG401"})
	if got := FromHCL(hcl.Diagnostics{ours}, nil); len(got) != 1 || got[0] != ours {
		t.Errorf("got %v", got)
	}
}

func TestWhatHasNoRuleKeepsHCLsExplanation(t *testing.T) {
	r := at("a.hcl", 1, 1)
	d := &hcl.Diagnostic{Severity: hcl.DiagWarning, Summary: "Invalid something", Detail: "The thing is not usable. Use another.", Subject: &r}
	got := FromHCL(hcl.Diagnostics{d}, nil)[0]
	info, _ := Of(got)
	if got.Summary != "The thing is not usable" || got.Severity != hcl.DiagWarning || info.Code != "AG100" || info.Notes[0] != "Use another." {
		t.Errorf("got %v %+v", got, info)
	}
}

// Every rule is asked about files that are not at hand and ranges that are not
// in the file: a diagnostic must never make the program fail.
func TestRulesSurviveAMissingFile(t *testing.T) {
	for _, f := range []*hcl.File{nil, {}, {Bytes: []byte("x\n")}} {
		for _, table := range []map[string]rule{syntaxRules(), otherRules()} {
			for summary := range table {
				r := at("a.hcl", 7, 3)
				e := &hclsyntax.LiteralValueExpr{Val: cty.True, SrcRange: r}
				for _, d := range []*hcl.Diagnostic{{Summary: summary}, {Summary: summary, Subject: &r}, {Summary: summary, Subject: &r, Context: &r, Expression: e}} {
					out := FromHCL(hcl.Diagnostics{d}, map[string]*hcl.File{"a.hcl": f})
					written(t, Options{Files: map[string]*hcl.File{"a.hcl": f}}, out...)
				}
			}
		}
	}
}

// A sensitive value must not show, whatever goes wrong around it.
func TestNoDiagnosticShowsASensitiveValue(t *testing.T) {
	const canary = "hunter2-canary"
	secret := cty.StringVal(canary).Mark(backend.Sensitive)
	in := scope()
	in.Variables["s"] = secret
	in.Variables["o"] = cty.ObjectVal(map[string]cty.Value{canary: cty.True}).Mark(backend.Sensitive)
	in.Variables["m"] = cty.MapVal(map[string]cty.Value{canary: cty.True}).Mark(backend.Sensitive)
	for _, source := range []string{
		`s.x`, `s[0]`, `s + 1`, `!s`, `s ? 1 : 2`, `var.hosts[s]`, `local.sizes[s]`, `plan.params[s]`, `o.x`, `o["x"]`, `m.x`, `m["x"]`, `o[s].x`,
		`"${o}"`, `"${[s]}"`, `[for x in s : x]`, `{ (s) = 1 }.x`, `{ (s) = 1 }["x"]`, `tonumber(s)`, `floor(s)`, `parseint(s, 10)`, `upper(s, s)`,
		`regex(s, "(")`, `jsondecode(s)`, `formatdate(s, s)`, `timeadd(s, s)`, `format(s, 1)`, `true ? s : [s]`, `s[*].x`, `try(tonumber(s))`,
		`{ for k in [s, s] : k => 1 }`, `urldecode("%zz${s}")`, `base64decode(s)`, `uuidv5(s, s)`, `slug(s, s)`, `lookup(m, "x")`, `index([s], "x")`,
	} {
		t.Run(source, func(t *testing.T) {
			file, _ := hclsyntax.ParseConfig([]byte("value = "+source+"\n"), "a.hcl", hcl.InitialPos)
			files := map[string]*hcl.File{"a.hcl": file}
			_, diags := file.Body.(*hclsyntax.Body).Attributes["value"].Expr.Value(in)
			got := written(t, Options{Files: files}, FromHCL(diags, files)...)
			if strings.Contains(got, canary) {
				t.Errorf("the value shows:\n%s", got)
			}
		})
	}
}
