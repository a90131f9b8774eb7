package diagnostic

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
)

// annotated is one problem over one line, one over three with another place,
// and one without a place.
func annotated(t *testing.T) (hcl.Diagnostics, Options) {
	t.Helper()
	source := "addon \"é東\" {\n  name = nme # 100%\n  tags = [\n    1,\n  ]\n}\n"
	one := New(`Nothing is called "nme" here`, find(t, "my files/a,b:c.hcl", source, "nme"), Info{
		Code: "AG301", In: `addon "acme-db"`, Hint: `did you mean "name"?`, Notes: []string{"50% of it\r\nis here"},
	})
	long := find(t, "my files/a,b:c.hcl", source, "[")
	long.End = find(t, "my files/a,b:c.hcl", source, "]").End
	two := Warn("Too long", long, Info{Code: "AG207", Also: []Place{{find(t, "my files/a,b:c.hcl", source, "{"), "first defined here"}}})
	three := &hcl.Diagnostic{Severity: hcl.DiagError, Summary: "There is no add-on in .", Extra: Info{Code: "AG210", Hint: "write one"}}
	return hcl.Diagnostics{one, two, three}, Options{Files: files(map[string]string{"my files/a,b:c.hcl": source})}
}

func TestGitHubGetsOneCommandALineWithItsEscapes(t *testing.T) {
	diags, o := annotated(t)
	var b strings.Builder
	if err := WriteGitHub(&b, diags, o); err != nil {
		t.Fatal(err)
	}
	want := `::error file=my files/a%2Cb%3Ac.hcl,line=2,endLine=2,col=10,endColumn=13,title=AG301::Nothing is called "nme" here%0Adid you mean "name"?%0A50%25 of it%0D%0Ais here%0Ain addon "acme-db"
::warning file=my files/a%2Cb%3Ac.hcl,line=3,endLine=5,title=AG207::Too long
::error title=AG210::There is no add-on in .%0Awrite one
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// sarifOf writes SARIF and reads it back.
func sarifOf(t *testing.T, diags hcl.Diagnostics, o Options) (sarifLog, []byte) {
	t.Helper()
	var b strings.Builder
	if err := WriteSARIF(&b, "0.1.0", diags, o); err != nil {
		t.Fatal(err)
	}
	var log sarifLog
	if err := json.Unmarshal([]byte(b.String()), &log); err != nil {
		t.Fatal(err)
	}
	return log, []byte(b.String())
}

func TestSARIFHasARuleForEachCodeAndAPlaceForEachProblem(t *testing.T) {
	diags, o := annotated(t)
	log, _ := sarifOf(t, append(diags, diags[0]), o)
	run := log.Runs[0]
	var rules, got []string
	for _, r := range run.Tool.Driver.Rules {
		rules = append(rules, r.ID+": "+r.ShortDescription.Text)
		if !strings.HasPrefix(r.Help.Markdown, "# "+r.ID) || !strings.Contains(r.Help.Text, "What to do") || r.FullDescription.Text == "" {
			t.Errorf("the rule %s has no page", r.ID)
		}
	}
	if diff := cmp.Diff([]string{"AG301: Nothing is called that here", "AG207: Something is defined twice", "AG210: There is nothing to read"}, rules); diff != "" {
		t.Errorf("rules (-want +got):\n%s", diff)
	}
	for _, r := range run.Results {
		got = append(got, r.Level+" "+r.RuleID)
		if run.Tool.Driver.Rules[r.RuleIndex].ID != r.RuleID {
			t.Errorf("%s has the rule of %s", r.RuleID, run.Tool.Driver.Rules[r.RuleIndex].ID)
		}
	}
	if diff := cmp.Diff([]string{"error AG301", "warning AG207", "error AG210", "error AG301"}, got); diff != "" {
		t.Errorf("results (-want +got):\n%s", diff)
	}
	at := run.Results[1].Locations[0].Physical
	if at.Artifact.URI != "my%20files/a,b:c.hcl" || at.Region != (sarifRegion{3, 10, 5, 4}) {
		t.Errorf("place %+v", at)
	}
	if also := run.Results[1].RelatedLocations; len(also) != 1 || also[0].Message.Text != "first defined here" || also[0].Physical.Region != (sarifRegion{1, 12, 1, 13}) {
		t.Errorf("other places %+v", also)
	}
	if len(run.Results[2].Locations) != 0 {
		t.Errorf("a problem without a place has %+v", run.Results[2].Locations)
	}
}

// TestSARIFColumnsAreCodePoints has a character of two code points before the
// place: HCL counts it as one.
func TestSARIFColumnsAreCodePoints(t *testing.T) {
	source := "x = \"e\u0301\" + nme\n"
	at := find(t, "a.hcl", source, "nme")
	at.Start.Column, at.End.Column = at.Start.Column-1, at.End.Column-1
	log, _ := sarifOf(t, hcl.Diagnostics{New("s", at, Info{Code: "AG301"})}, Options{Files: files(map[string]string{"a.hcl": source})})
	if got := log.Runs[0].Results[0].Locations[0].Physical.Region; got != (sarifRegion{1, 12, 1, 15}) {
		t.Errorf("region %+v", got)
	}
}

func TestSARIFWithoutProblemsIsStillALog(t *testing.T) {
	_, text := sarifOf(t, nil, Options{})
	for _, want := range []string{`"results": []`, `"rules": []`} {
		if !strings.Contains(string(text), want) {
			t.Errorf("%s is missing in\n%s", want, text)
		}
	}
}
