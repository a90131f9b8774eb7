package diagnostic

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// Report is the machine-readable form of diagnostics. Its property names are
// those of "terraform validate -json", so that converters made for it work,
// with code, hint and also_at besides.
type Report struct {
	FormatVersion string   `json:"format_version"` // "1.0": a minor version adds properties
	Type          string   `json:"type"`           // the verb: "validate"
	Valid         bool     `json:"valid"`          // no errors
	ErrorCount    int      `json:"error_count"`
	WarningCount  int      `json:"warning_count"`
	Diagnostics   []Record `json:"diagnostics"` // never null
}

// Record is one diagnostic.
type Record struct {
	Severity string   `json:"severity"` // "error" or "warning"
	Code     string   `json:"code,omitempty"`
	Summary  string   `json:"summary"`
	Detail   string   `json:"detail"` // one note a line
	Hint     string   `json:"hint,omitempty"`
	Range    *Range   `json:"range,omitempty"`
	Snippet  *Snippet `json:"snippet,omitempty"`
	AlsoAt   []AlsoAt `json:"also_at,omitempty"`
}

// Range is a part of a file.
type Range struct {
	Filename string   `json:"filename"`
	Start    Position `json:"start"`
	End      Position `json:"end"`
}

// Position is a place between two characters. Line and column count from 1,
// columns in grapheme clusters; byte counts from 0.
type Position struct {
	Line   int `json:"line"`
	Column int `json:"column"`
	Byte   int `json:"byte"`
}

// Snippet is the source around a range. Offsets are bytes in Code.
type Snippet struct {
	Context              *string  `json:"context"` // the blocks around it; null at the top of a file
	Code                 string   `json:"code"`
	StartLine            int      `json:"start_line"`
	HighlightStartOffset int      `json:"highlight_start_offset"`
	HighlightEndOffset   int      `json:"highlight_end_offset"`
	Values               []string `json:"values"` // always empty: values are never printed
}

// AlsoAt is another place that belongs to the problem.
type AlsoAt struct {
	Text  string `json:"text"`
	Range Range  `json:"range"`
}

// NewReport makes the report of a verb such as "validate". Counts cover diags.
func NewReport(verb string, diags hcl.Diagnostics, o Options) Report {
	r := Report{FormatVersion: "1.0", Type: verb, Diagnostics: []Record{}}
	for _, d := range diags {
		if d.Severity == hcl.DiagWarning {
			r.WarningCount++
		} else {
			r.ErrorCount++
		}
		r.Diagnostics = append(r.Diagnostics, record(d, o))
	}
	r.Valid = r.ErrorCount == 0
	return r
}

// WriteJSON writes the report of a verb as one indented object.
func WriteJSON(w io.Writer, verb string, diags hcl.Diagnostics, o Options) error {
	encoder := json.NewEncoder(w)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(NewReport(verb, diags, o)); err != nil {
		return fmt.Errorf("write diagnostics: %w", err)
	}
	return nil
}

func record(d *hcl.Diagnostic, o Options) Record {
	info, _ := Of(d)
	rec := Record{
		Severity: severity(d.Severity),
		Code:     info.Code,
		Summary:  o.redact(d.Summary),
		Detail:   o.redact(strings.Join(notes(d, info), "\n")),
		Hint:     o.redact(info.Hint),
	}
	if d.Subject != nil {
		r := newRange(*d.Subject, o)
		rec.Range = &r
		rec.Snippet = snippet(*d.Subject, info.In, o)
	}
	for _, place := range info.Also {
		rec.AlsoAt = append(rec.AlsoAt, AlsoAt{Text: o.redact(place.Text), Range: newRange(place.Range, o)})
	}
	return rec
}

func newRange(r hcl.Range, o Options) Range {
	position := func(p hcl.Pos) Position { return Position{p.Line, p.Column, p.Byte} }
	return Range{Filename: o.redact(r.Filename), Start: position(r.Start), End: position(r.End)}
}

// snippet gives the whole lines that r covers.
func snippet(r hcl.Range, in string, o Options) *Snippet {
	q, ok := quote(r, o)
	if !ok {
		return nil
	}
	s := &Snippet{
		Code:                 q.before + q.marked + q.after,
		StartLine:            r.Start.Line,
		HighlightStartOffset: len(q.before),
		HighlightEndOffset:   len(q.before) + len(q.marked),
		Values:               []string{},
	}
	if in != "" {
		context := o.redact(in)
		s.Context = &context
	}
	return s
}
