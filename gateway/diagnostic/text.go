package diagnostic

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/hashicorp/hcl/v2"
)

// defaultWidth is how many columns of a source line are shown.
const defaultWidth = 120

// Options says how diagnostics are written.
type Options struct {
	Files map[string]*hcl.File // for excerpts, by name; a missing file has none

	// Redact cleans everything that is printed, excerpts included; nil: nothing
	// is secret.
	Redact func(string) string

	Color bool // text: escape sequences for a terminal
	ASCII bool // text: our own signs in ASCII only
	Width int  // text: columns for a source line; 0: 120
}

func (o Options) redact(s string) string {
	if o.Redact == nil {
		return s
	}
	return o.Redact(s)
}

func (o Options) window() int {
	if o.Width <= 0 {
		return defaultWidth
	}
	return o.Width
}

func (o Options) ellipsis() string { return o.signs("…") }

// signs replaces the few characters beyond ASCII that our own words use.
func (o Options) signs(text string) string {
	if !o.ASCII {
		return text
	}
	return ASCII(text)
}

// ASCII replaces the few characters beyond ASCII that our own words use, for
// terminals that can't show them.
func ASCII(text string) string { return asciiSigns.Replace(text) }

var asciiSigns = strings.NewReplacer("…", "...", "→", "->", "×", "x", "–", "-", "✓", "ok", "✗", "x")

// WriteText writes diagnostics for people, one after the other with an empty
// line behind each. The first one of each code says how to read more about it.
// The line that counts them is the caller's.
func WriteText(w io.Writer, diags hcl.Diagnostics, o Options) error {
	helped := map[string]bool{"": true}
	for _, d := range diags {
		p := newPage(d, o)
		if info, _ := Of(d); !helped[info.Code] {
			helped[info.Code] = true
			p.sign("=", "help: addongw explain "+info.Code)
		}
		if _, err := io.WriteString(w, p.String()+"\n"); err != nil {
			return fmt.Errorf("write diagnostics: %w", err)
		}
	}
	return nil
}

// page is one diagnostic as it is printed.
type page struct {
	strings.Builder
	o      Options
	paint  palette
	gutter int // width of the line numbers
}

func newPage(d *hcl.Diagnostic, o Options) *page {
	info, _ := Of(d)
	p := &page{o: o, paint: newPalette(o.Color, d.Severity)}
	p.header(d, info)
	places := p.places(d, info)
	for i, place := range places {
		p.place(place, i == 0, info)
	}
	p.notes(d, info)
	return p
}

func (p *page) header(d *hcl.Diagnostic, info Info) {
	word := severity(d.Severity)
	if info.Code != "" {
		word += "[" + info.Code + "]"
	}
	fmt.Fprintf(p, "%s: %s\n", p.paint.severity(word), p.paint.bold(p.line(d.Summary)))
}

func severity(s hcl.DiagnosticSeverity) string {
	if s == hcl.DiagWarning {
		return "warning"
	}
	return "error"
}

// places lists where the problem is, the main one first, and sets the gutter
// so that all line numbers fit.
func (p *page) places(d *hcl.Diagnostic, info Info) []Place {
	var places []Place
	if d.Subject != nil {
		places = append(places, Place{*d.Subject, info.Hint})
	}
	places = append(places, info.Also...)
	for _, place := range places {
		p.gutter = max(p.gutter, len(fmt.Sprint(place.Range.Start.Line)))
	}
	return places
}

func (p *page) place(place Place, main bool, info Info) {
	arrow, mark, where := "-->", "^", ""
	if main && info.In != "" {
		where = ", in " + p.line(info.In)
	}
	if !main {
		arrow, mark = ":::", "-"
		p.bar("")
	}
	r := place.Range
	fmt.Fprintf(p, "%s%s %s:%d:%d%s\n", strings.Repeat(" ", max(2, p.gutter)), p.paint.frame(arrow),
		p.line(r.Filename), r.Start.Line, r.Start.Column, where)
	p.excerpt(place, mark)
}

func (p *page) excerpt(place Place, mark string) {
	e, ok := excerptOf(place.Range, p.o)
	if !ok {
		if place.Text != "" {
			p.sign("=", p.line(place.Text))
		}
		return
	}
	p.bar("")
	fmt.Fprintf(p, "%s %s %s\n", p.paint.frame(fmt.Sprintf("%*d", p.gutter, e.line)), p.paint.frame("|"), e.text)
	carets := strings.Repeat(mark, e.carets)
	if place.Text != "" {
		carets += " " + p.line(place.Text)
	}
	p.bar(e.indent + p.paint.severity(carets))
}

// bar writes a line of the frame without a number.
func (p *page) bar(text string) { p.sign("|", text) }

func (p *page) sign(sign, text string) {
	line := strings.Repeat(" ", p.gutter) + " " + p.paint.frame(sign) + " " + text
	p.WriteString(strings.TrimRight(line, " ") + "\n")
}

func (p *page) notes(d *hcl.Diagnostic, info Info) {
	p.gutter = max(1, p.gutter)
	for _, note := range notes(d, info) {
		for i, line := range strings.Split(note, "\n") {
			if i == 0 {
				p.sign("=", p.line(line))
				continue
			}
			p.sign(" ", p.line(line))
		}
	}
}

// notes collects everything that is said beside summary and hint.
func notes(d *hcl.Diagnostic, info Info) []string {
	var all []string
	if d.Detail != "" {
		all = append(all, d.Detail)
	}
	all = append(all, info.Notes...)
	if cases := casesNote(info); cases != "" {
		all = append(all, cases)
	}
	if d.Subject == nil && info.Hint != "" {
		all = append(all, info.Hint)
	}
	return all
}

// line makes text fit for one line of a terminal: redacted, without control
// characters.
func (p *page) line(text string) string {
	clean := strings.Map(func(r rune) rune {
		switch {
		case r == '\n', r == '\t', r == '\r':
			return ' '
		case unicode.IsControl(r):
			return '?'
		}
		return r
	}, p.o.redact(text))
	return p.o.signs(clean)
}
