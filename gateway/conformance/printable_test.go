package conformance_test

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"net/http"
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/spec"
)

// rude is what a provider may answer to whoever reads along: clear the screen,
// name the window, go back to the line's start, turn the line around.
const rude = "res\x1b[2J\x1b]0;owned\x07\r\u009b31m\u202e\xff"

// rudeReport has it wherever a provider's words get into a report.
func rudeReport() *conformance.Report {
	call := conformance.Call{
		Request: conformance.Request{Method: "POST", URL: "https://acme.example/resources/" + rude, Header: http.Header{"X-Odd": {rude}}, Body: []byte(rude)},
		Answer:  spec.Answer{Status: 200, Header: http.Header{"Content-Type": {rude}}, Body: []byte(rude)},
	}
	r := &conformance.Report{
		Platform: "heaven", Title: "Heaven", BaseURL: "https://acme.example/" + rude, Stopped: rude, Hint: rude,
		Left: []conformance.Left{{ID: rude + "\n    res_2", Reason: rude}, {Reason: rude}},
	}
	for _, o := range conformance.Outcomes() {
		r.Results = append(r.Results, conformance.Result{
			Head:    conformance.Head{ID: "HV-M1", Group: conformance.Manifest, Level: spec.Must, Title: "x"},
			Outcome: o, Problems: []string{"config has " + rude}, Why: rude, Calls: []conformance.Call{call},
		})
	}
	return r
}

func TestAProviderCannotMoveTheCursorOfAReport(t *testing.T) {
	for _, options := range []conformance.TextOptions{{}, {Verbose: true}, {Verbose: true, ASCII: true}} {
		var b bytes.Buffer
		if err := rudeReport().WriteText(&b, options); err != nil {
			t.Fatal(err)
		}
		for line := range strings.Lines(b.String()) {
			text := strings.TrimSuffix(line, "\n")
			if conformance.Printable(text) != text || strings.HasPrefix(text, "    res_2") {
				t.Errorf("%+v: %q", options, text)
			}
		}
		if options.ASCII && strings.ContainsFunc(b.String(), func(r rune) bool { return r > 127 }) {
			t.Errorf("the ASCII report holds more: %q", b.String())
		}
	}
}

func TestExchangesForProgramsArePrintableToo(t *testing.T) {
	for _, check := range rudeReport().Record(false, true).Checks {
		for line := range strings.Lines(check.Exchanges[0]) {
			if text := strings.TrimSuffix(line, "\n"); conformance.Printable(text) != text {
				t.Errorf("%q", text)
			}
		}
	}
	record, err := json.Marshal(rudeReport().Record(false, true))
	if err != nil || bytes.ContainsAny(record, "\x1b\x07\r") {
		t.Errorf("%q, %v", record, err)
	}
}

// XML has no place for most control characters, not even escaped.
func TestJUnitStaysXMLWhateverAProviderAnswers(t *testing.T) {
	const illegal = "\x00\x01\x08\x0b\x0c\x1b\x1f\ufffe\uffff\xff]]>&<'\""
	r := rudeReport()
	r.Stopped += illegal
	for i := range r.Results {
		r.Results[i].Problems, r.Results[i].Why = []string{"config has " + illegal, illegal}, illegal
	}
	for _, strict := range []bool{false, true} {
		var b bytes.Buffer
		if err := r.WriteJUnit(&b, strict); err != nil {
			t.Fatal(err)
		}
		var got struct {
			Suites []struct {
				Cases []struct {
					Failure *struct {
						Message string `xml:"message,attr"`
					} `xml:"failure"`
				} `xml:"testcase"`
			} `xml:"testsuite"`
		}
		if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
			t.Fatalf("%v:\n%s", err, b.String())
		}
		if f := got.Suites[0].Cases[1].Failure; len(got.Suites) != 2 || f == nil || !strings.HasPrefix(f.Message, "config has ") || !strings.HasSuffix(f.Message, "]]>&<'\"") {
			t.Errorf("strict %t: %+v", strict, got)
		}
		for line := range strings.Lines(b.String()) {
			if text := strings.TrimSuffix(line, "\n"); conformance.Printable(text) != text {
				t.Errorf("a build server's log would obey %q", text)
			}
		}
	}
}
