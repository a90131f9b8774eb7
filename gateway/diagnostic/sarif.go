package diagnostic

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic/explain"
)

// WriteSARIF writes diagnostics as one SARIF 2.1.0 log, which code scanning
// services and editors read. version is addongw's own.
// https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
func WriteSARIF(w io.Writer, version string, diags hcl.Diagnostics, o Options) error {
	run := sarifRun{ColumnKind: "unicodeCodePoints", Results: []sarifResult{}}
	run.Tool.Driver = sarifDriver{Name: "addongw", Version: version, Rules: []sarifRule{}}
	rules := map[string]int{}
	for _, d := range diags {
		result := newSARIFResult(d, o)
		if _, known := rules[result.RuleID]; !known {
			rules[result.RuleID] = len(run.Tool.Driver.Rules)
			run.Tool.Driver.Rules = append(run.Tool.Driver.Rules, newSARIFRule(result.RuleID))
		}
		result.RuleIndex = rules[result.RuleID]
		run.Results = append(run.Results, result)
	}
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	log := sarifLog{Schema: "https://json.schemastore.org/sarif-2.1.0.json", Version: "2.1.0", Runs: []sarifRun{run}}
	if err := encoder.Encode(log); err != nil {
		return fmt.Errorf("write diagnostics: %w", err)
	}
	return nil
}

type sarifLog struct {
	Schema  string     `json:"$schema"`
	Version string     `json:"version"`
	Runs    []sarifRun `json:"runs"`
}

type sarifRun struct {
	Tool struct {
		Driver sarifDriver `json:"driver"`
	} `json:"tool"`
	ColumnKind string        `json:"columnKind"`
	Results    []sarifResult `json:"results"`
}

type sarifDriver struct {
	Name    string      `json:"name"`
	Version string      `json:"version"`
	Rules   []sarifRule `json:"rules"` // those that results refer to
}

type sarifText struct {
	Text     string `json:"text"`
	Markdown string `json:"markdown,omitempty"`
}

type sarifRule struct {
	ID               string     `json:"id"`
	ShortDescription *sarifText `json:"shortDescription,omitempty"`
	FullDescription  *sarifText `json:"fullDescription,omitempty"`
	Help             *sarifText `json:"help,omitempty"`
}

type sarifResult struct {
	RuleID           string          `json:"ruleId"`
	RuleIndex        int             `json:"ruleIndex"`
	Level            string          `json:"level"`
	Message          sarifText       `json:"message"`
	Locations        []sarifLocation `json:"locations,omitempty"`
	RelatedLocations []sarifLocation `json:"relatedLocations,omitempty"`
}

type sarifLocation struct {
	ID       int `json:"id,omitempty"`
	Physical struct {
		Artifact struct {
			URI string `json:"uri"`
		} `json:"artifactLocation"`
		Region sarifRegion `json:"region"`
	} `json:"physicalLocation"`
	Message *sarifText `json:"message,omitempty"`
}

type sarifRegion struct {
	StartLine   int `json:"startLine"`
	StartColumn int `json:"startColumn"`
	EndLine     int `json:"endLine"`
	EndColumn   int `json:"endColumn"`
}

// newSARIFRule describes a code by its page. A code without one is only named.
func newSARIFRule(code string) sarifRule {
	page, ok := explain.Find(code)
	if !ok {
		return sarifRule{ID: code}
	}
	return sarifRule{
		ID:               code,
		ShortDescription: &sarifText{Text: page.Title},
		FullDescription:  &sarifText{Text: page.Means()},
		Help:             &sarifText{Text: page.Plain(), Markdown: page.Text},
	}
}

func newSARIFResult(d *hcl.Diagnostic, o Options) sarifResult {
	info, _ := Of(d)
	result := sarifResult{RuleID: cmp.Or(info.Code, "addongw"), Level: severity(d.Severity), Message: sarifText{Text: inFull(d, o)}}
	if d.Subject != nil {
		result.Locations = []sarifLocation{newSARIFLocation(*d.Subject, o)}
	}
	for i, place := range info.Also {
		at := newSARIFLocation(place.Range, o)
		at.ID, at.Message = i+1, &sarifText{Text: o.redact(place.Text)}
		result.RelatedLocations = append(result.RelatedLocations, at)
	}
	return result
}

func newSARIFLocation(r hcl.Range, o Options) sarifLocation {
	var at sarifLocation
	at.Physical.Artifact.URI = fileURI(o.redact(r.Filename))
	at.Physical.Region = sarifRegion{
		StartLine: r.Start.Line, StartColumn: codePoint(r.Start, r.Filename, o),
		EndLine: r.End.Line, EndColumn: codePoint(r.End, r.Filename, o),
	}
	return at
}

// fileURI is a file's name as SARIF wants it: a relative one stays relative, to
// wherever the log is read.
func fileURI(name string) string {
	u := url.URL{Path: filepath.ToSlash(name)}
	if filepath.IsAbs(name) {
		u.Scheme = "file"
	}
	return u.String()
}

// codePoint is the column of a position in code points; HCL counts what a
// reader sees as one character. Without the file HCL's count must do.
func codePoint(p hcl.Pos, name string, o Options) int {
	f := o.Files[name]
	if f == nil || p.Byte < 0 || p.Byte > len(f.Bytes) {
		return max(1, p.Column)
	}
	line := source{bytes: f.Bytes}.before(p)
	return utf8.RuneCountInString(line) + 1
}
