package diagnostic

import (
	"maps"
	"strings"

	"github.com/hashicorp/hcl/v2"
)

// FromHCL puts what HCL found into our words: a code, the nearest name, what
// to write instead. files are the parsed files by name, the broken ones too.
// Diagnostics that have our words already pass unchanged.
//
// Of the syntax errors on adjacent lines only the first is kept, and after a
// quote or a template that is never closed none: the rest of the file was read
// as text.
//
// Names are offered from the scope that d.EvalContext holds. Evaluate an
// expression to get one; the bare diagnostics of hcl.Traversal have none.
func FromHCL(diags hcl.Diagnostics, files map[string]*hcl.File) hcl.Diagnostics {
	t := translator{files: files, syntax: syntaxRules(), rules: otherRules()}
	var broken, out hcl.Diagnostics
	for _, d := range diags {
		if _, ours := Of(d); ours {
			out = append(out, d)
			continue
		}
		if _, ok := t.syntax[d.Summary]; ok && d.Subject != nil {
			broken = append(broken, d)
			continue
		}
		out = append(out, t.translate(d))
	}
	return append(t.firstOfClusters(broken), out...)
}

// message is a diagnostic in our words.
type message struct {
	Info
	summary string
	subject hcl.Range
}

// rule translates one of HCL's diagnostics. ok is false when it is of another
// kind than its summary promises.
type rule func(s source, d *hcl.Diagnostic) (m message, ok bool)

// translator finds rules by HCL's summary. HCL has no codes; a test keeps an
// example of each, so that an upgrade with other words does not go unnoticed.
type translator struct {
	files  map[string]*hcl.File
	syntax map[string]rule // for files that can not be read as HCL
	rules  map[string]rule // for all else
}

func otherRules() map[string]rule {
	all := structureRules()
	maps.Copy(all, expressionRules())
	maps.Copy(all, functionRules())
	return all
}

func (t translator) translate(d *hcl.Diagnostic) *hcl.Diagnostic {
	if d.Subject == nil {
		return &hcl.Diagnostic{Severity: d.Severity, Summary: firstSentence(d), Extra: Info{Code: "AG100"}}
	}
	src := newSource(d.Subject.Filename, t.files[d.Subject.Filename])
	m, ok := t.apply(src, d)
	if !ok {
		m = fallback(d)
	}
	if m.subject == (hcl.Range{}) {
		m.subject = *d.Subject
	}
	if m.In == "" {
		m.In = src.enclosing(m.subject.Start)
	}
	return &hcl.Diagnostic{Severity: d.Severity, Summary: m.summary, Subject: &m.subject, Extra: m.Info}
}

func (t translator) apply(src source, d *hcl.Diagnostic) (message, bool) {
	if r, ok := t.syntax[d.Summary]; ok {
		return r(src, d)
	}
	if r, ok := t.rules[d.Summary]; ok {
		return r(src, d)
	}
	return variableSummary(src, d)
}

// fallback keeps HCL's explanation, whose sentences say more than its summary.
func fallback(d *hcl.Diagnostic) message {
	m := message{summary: firstSentence(d), Info: Info{Code: "AG100"}}
	if d.Expression != nil {
		m.Code = "AG300"
	}
	if rest := strings.TrimSpace(strings.TrimPrefix(d.Detail, m.summary)); rest != "" {
		m.Notes = []string{strings.TrimLeft(rest, ". ")}
	}
	m.summary = strings.TrimSuffix(m.summary, ".")
	return m
}

func firstSentence(d *hcl.Diagnostic) string {
	if d.Detail == "" {
		return d.Summary
	}
	if at := strings.Index(d.Detail, ". "); at >= 0 {
		return d.Detail[:at]
	}
	return d.Detail
}

// firstOfClusters translates the first of the syntax errors on adjacent lines.
func (t translator) firstOfClusters(diags hcl.Diagnostics) hcl.Diagnostics {
	Sort(diags)
	var out hcl.Diagnostics
	file, lastLine, lost := "", 0, false
	for _, d := range diags {
		if d.Subject.Filename != file {
			file, lastLine, lost = d.Subject.Filename, -1, false
		}
		consequence := lost || lastLine >= 0 && d.Subject.Start.Line <= lastLine+1
		lastLine = d.Subject.Start.Line
		if consequence {
			continue
		}
		ours := t.translate(d)
		out = append(out, ours)
		info, _ := Of(ours)
		lost = info.Code == "AG101" || info.Code == "AG109"
	}
	return out
}
