package conformance_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/spec"
)

// Whoever reads a report, or a log of a pipeline, must not be able to call the
// provider or to use what it gave.
func TestAReportHoldsNoSecrets(t *testing.T) {
	p := serve(t, &careless{})
	report := run(t, t.Context(), p, conformance.Options{})
	var text, junit bytes.Buffer
	if err := report.WriteText(&text, conformance.TextOptions{Verbose: true}); err != nil {
		t.Fatal(err)
	}
	if err := report.WriteJUnit(&junit, true); err != nil {
		t.Fatal(err)
	}
	record, err := json.Marshal(report.Record(true, true))
	if err != nil {
		t.Fatal(err)
	}
	basic := spec.ProviderVars("", p.Username, p.Password.Reveal())["basic"]
	signed := 0
	for _, result := range report.Results {
		for _, call := range result.Calls {
			for _, field := range strings.Split(string(call.Request.Body), "&") {
				value, ok := strings.CutPrefix(field, "signature=")
				if ok && len(value) == 128 {
					signed++
					assertAbsent(t, value, text.String(), junit.String(), string(record))
				}
			}
		}
	}
	assertAbsent(t, basic, text.String(), junit.String(), string(record))
	assertAbsent(t, "canary-", text.String(), junit.String(), string(record))
	if signed == 0 || !strings.Contains(text.String(), "Authorization: Basic [redacted]") || !strings.Contains(text.String(), `"ACME_URL": "[redacted]"`) {
		t.Errorf("the report shows no exchanges, so that nothing was proven:\n%.2000s", text.String())
	}
}

func assertAbsent(t *testing.T, secret string, texts ...string) {
	t.Helper()
	for i, text := range texts {
		if at := strings.Index(text, secret); at >= 0 {
			t.Errorf("text %d holds %.20q: …%.80q", i, secret, text[max(0, at-40):])
		}
	}
}

func sampleReport() *conformance.Report {
	head := func(id string, g conformance.Group, level spec.Level, title string) conformance.Head {
		return conformance.Head{ID: id, Group: g, Title: title, Level: level, Source: "The manual, page 5", Says: "Answer 200.", Platform: "It gives up."}
	}
	return &conformance.Report{
		Platform: "heaven", Title: "Heaven", BaseURL: "https://acme.example/resources", Took: 9800 * time.Millisecond,
		Results: []conformance.Result{
			{Head: head("HV-A1", conformance.Auth, spec.Must, "Strangers are refused"), Outcome: conformance.OK},
			{Head: head("HV-P1", conformance.Provision, spec.Must, "An order is fulfilled"), Outcome: conformance.Failed,
				Problems: []string{"an order: status is 201, not 200"}},
			{Head: head("HV-P2", conformance.Provision, spec.Should, "A repeat is one order"), Outcome: conformance.Warned,
				Problems: []string{"the same again: body.id is not the same as the id before"}},
			{Head: head("HV-P3", conformance.Provision, spec.Must, "x"), Outcome: conformance.Blocked, Why: "HV-P1 does not hold"},
			{Head: head("HV-P4", conformance.Provision, spec.Must, "x"), Outcome: conformance.Blocked, Why: "HV-P1 does not hold"},
			{Head: head("HV-L1", conformance.PlanChange, spec.May, "x"), Outcome: conformance.Skipped, Why: "it takes two plans"},
		},
		Left: []conformance.Left{{ID: "res_1", Reason: "its removal was answered with 500"}, {Reason: "an order had no answer and may have made a resource"}},
	}
}

func TestTheTextReportSaysWhatSomebodyHasToKnow(t *testing.T) {
	var b bytes.Buffer
	if err := sampleReport().WriteText(&b, conformance.TextOptions{Width: 60}); err != nil {
		t.Fatal(err)
	}
	want := `Heaven  https://acme.example/resources   6 checks

  authentication     1 ok
  provision          1 failed, 1 warned, 2 blocked
    ✗ HV-P1  An order is fulfilled
        an order: status is 201, not 200
        → It gives up.
        “Answer 200.”
        The manual, page 5
    ! HV-P2  (should) A repeat is one order
        the same again: body.id is not the same as the id
        before
        → It gives up.
        “Answer 200.”
        The manual, page 5
    ? blocked  HV-P3, HV-P4: HV-P1 does not hold
  plan change        1 skipped
    - skipped  HV-L1: it takes two plans

  Left behind, for you to remove:
    res_1  its removal was answered with 500
    an order had no answer and may have made a resource

1 passed, 1 failed, 1 warned, 2 blocked, 1 skipped in 9.8 s       raw exchanges: --verbose
`
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Errorf("text (-want +got):\n%s", diff)
	}
	b.Reset()
	if err := sampleReport().WriteText(&b, conformance.TextOptions{ASCII: true}); err != nil {
		t.Fatal(err)
	}
	for _, r := range b.String() {
		if r > 127 {
			t.Fatalf("the ASCII report holds %q", r)
		}
	}
}

// Whoever wrote the manifest mends it at one go, so its errors come first; what
// is no error does not stand among them.
func TestTheErrorsOfAManifestComeFirst(t *testing.T) {
	r := &conformance.Report{Title: "Heaven", Results: []conformance.Result{
		{Head: conformance.Head{ID: "HV-M1", Group: conformance.Manifest, Level: spec.Must}, Outcome: conformance.Failed, Problems: []string{"password can't be blank", "salt can't be blank"}},
		{Head: conformance.Head{ID: "HV-M2", Group: conformance.Manifest, Level: spec.Should}, Outcome: conformance.Warned, Problems: []string{"base_url ends with a slash"}},
		{Head: conformance.Head{ID: "HV-M3", Group: conformance.Manifest, Level: spec.Must}, Outcome: conformance.Failed, Problems: []string{"plans can't be empty"}},
		{Head: conformance.Head{ID: "HV-A1", Group: conformance.Auth, Level: spec.Must}, Outcome: conformance.Failed, Problems: []string{"status is 200"}},
	}}
	var b bytes.Buffer
	if err := r.WriteText(&b, conformance.TextOptions{}); err != nil {
		t.Fatal(err)
	}
	const want = "Errors in the manifest:\n  → password can't be blank\n  → salt can't be blank\n  → plans can't be empty\n\nHeaven   4 checks\n"
	if !strings.HasPrefix(b.String(), want) {
		t.Errorf("text (-want +got):\n%s", cmp.Diff(want, b.String()))
	}
}

func TestJUnitCountsWhatABuildServerFailsOn(t *testing.T) {
	for strict, failures := range map[bool]int{false: 1, true: 2} {
		var b bytes.Buffer
		if err := sampleReport().WriteJUnit(&b, strict); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Tests    int `xml:"tests,attr"`
			Failures int `xml:"failures,attr"`
			Suites   []struct {
				Name    string `xml:"name,attr"`
				Skipped int    `xml:"skipped,attr"`
				Cases   []struct {
					Failure *struct {
						Message string `xml:"message,attr"`
					} `xml:"failure"`
				} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatal(err)
		}
		if got.Tests != 6 || got.Failures != failures || len(got.Suites) != 3 || got.Suites[1].Skipped != 2 || got.Suites[1].Cases[0].Failure.Message != "an order: status is 201, not 200" {
			t.Errorf("strict %t: %+v", strict, got)
		}
	}
	stopped := &conformance.Report{Platform: "heaven", Stopped: "Nobody answers."}
	var b bytes.Buffer
	if err := stopped.WriteJUnit(&b, false); err != nil || !strings.Contains(b.String(), `<error message="Nobody answers.">`) {
		t.Errorf("a run that stopped: %v\n%s", err, b.String())
	}
}

func TestARunPassesByItsMusts(t *testing.T) {
	r := &conformance.Report{Results: []conformance.Result{{Outcome: conformance.Warned}, {Outcome: conformance.Noted}, {Outcome: conformance.Blocked}}}
	if !r.Passed(false) || r.Passed(true) {
		t.Errorf("a broken should: passed %t, strictly %t", r.Passed(false), r.Passed(true))
	}
	r.Results = append(r.Results, conformance.Result{Outcome: conformance.Failed})
	if r.Passed(false) {
		t.Error("a broken must passes")
	}
}
