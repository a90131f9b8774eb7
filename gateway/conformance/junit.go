package conformance

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"
)

// The elements of JUnit XML that build servers read.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name     string      `xml:"name,attr"`
		Tests    int         `xml:"tests,attr"`
		Failures int         `xml:"failures,attr"`
		Errors   int         `xml:"errors,attr"`
		Skipped  int         `xml:"skipped,attr"`
		Time     string      `xml:"time,attr"`
		Cases    []junitCase `xml:"testcase"`
	}
	junitCase struct {
		Name      string     `xml:"name,attr"`
		Class     string     `xml:"classname,attr"`
		Time      string     `xml:"time,attr"`
		Failure   *junitNote `xml:"failure"`
		Error     *junitNote `xml:"error"`
		Skipped   *junitNote `xml:"skipped"`
		SystemOut string     `xml:"system-out,omitempty"`
	}
	junitNote struct {
		Message string `xml:"message,attr"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// WriteJUnit writes the report as build servers read it. A should that was
// broken is a failure with strict, and otherwise a remark of a passed case. A
// run that stopped is an error.
func (r *Report) WriteJUnit(w io.Writer, strict bool) error {
	all := junitSuites{Name: "addongw conformance " + r.Platform, Time: seconds(r.Took)}
	for _, g := range Groups() {
		if suite := r.junitSuite(g, strict); len(suite.Cases) > 0 {
			all.Suites = append(all.Suites, suite)
			all.Tests, all.Failures = all.Tests+suite.Tests, all.Failures+suite.Failures
		}
	}
	if r.Stopped != "" {
		all.Tests++
		stopped := junitCase{Name: "run", Class: r.Platform, Time: seconds(0), Error: &junitNote{Message: printableLines(r.Stopped)}}
		all.Suites = append(all.Suites, junitSuite{Name: r.Platform + ".run", Tests: 1, Errors: 1, Time: seconds(0), Cases: []junitCase{stopped}})
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(all); err != nil {
		return fmt.Errorf("write JUnit XML: %w", err)
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (r *Report) junitSuite(g Group, strict bool) junitSuite {
	suite := junitSuite{Name: r.Platform + "." + string(g)}
	var took time.Duration
	for _, result := range r.Results {
		if result.Group != g {
			continue
		}
		c := result.junitCase(suite.Name, strict)
		suite.Cases = append(suite.Cases, c)
		suite.Tests++
		took += result.Took
		switch {
		case c.Failure != nil:
			suite.Failures++
		case c.Skipped != nil:
			suite.Skipped++
		}
	}
	suite.Time = seconds(took)
	return suite
}

func (r Result) junitCase(class string, strict bool) junitCase {
	c := junitCase{Name: r.ID + " " + r.Title, Class: class, Time: seconds(r.Took)}
	switch {
	case r.Outcome == Failed, r.Outcome == Warned && strict:
		c.Failure = &junitNote{Message: printableLines(r.Problems[0]), Type: string(r.Level), Text: r.story()}
	case r.Outcome.Broken():
		c.SystemOut = r.story()
	case r.Outcome != OK:
		c.Skipped = &junitNote{Message: string(r.Outcome) + ": " + printableLines(r.Why)}
	}
	return c
}

// story is everything there is to say of a broken rule. It ends up in the logs
// of build servers, which terminals show.
func (r Result) story() string {
	lines := append([]string(nil), r.Problems...)
	for _, line := range []string{r.Head.Platform, r.Says, r.Source} {
		if line != "" {
			lines = append(lines, line)
		}
	}
	return printableLines(strings.Join(lines, "\n"))
}

func seconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
