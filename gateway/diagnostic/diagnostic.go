package diagnostic

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
)

// Info is what our diagnostics know beyond HCL's: it travels in
// hcl.Diagnostic.Extra.
type Info struct {
	Code  string   // "AG302", stable
	In    string   // where in the configuration: `addon "acme-db", platform "clevercloud"`; may be empty
	Hint  string   // printed beside the caret: `did you mean "username"?`
	Notes []string // further lines: what is offered, what to do next
	Also  []Place  // other places that belong to the problem

	// Cases are the evaluations that showed the problem, where an expression
	// is evaluated once per plan, region and platform; Merge collects them.
	// Evaluations is how many there were: a problem in all of them lists none.
	Cases       []Case
	Evaluations int
}

// Place is another range that belongs to a problem.
type Place struct {
	Range hcl.Range
	Text  string // "first defined here"
}

// Case is one evaluation of an expression; empty fields do not matter to it.
type Case struct {
	Platform string
	Plan     string
	Region   string
	Current  string // the plan before a change
}

// New makes an error. The summary says what is wrong in one line; subject is
// the narrowest range at fault; info says what to write instead.
func New(summary string, subject hcl.Range, info Info) *hcl.Diagnostic {
	return &hcl.Diagnostic{Severity: hcl.DiagError, Summary: summary, Subject: &subject, Extra: info}
}

// Warn makes a warning.
func Warn(summary string, subject hcl.Range, info Info) *hcl.Diagnostic {
	d := New(summary, subject, info)
	d.Severity = hcl.DiagWarning
	return d
}

// NotInThisVersion is the error of a word that the language keeps for a later
// version.
func NotInThisVersion(word string, at hcl.Range) *hcl.Diagnostic {
	return New(fmt.Sprintf("%q is not in this version", word), at, Info{
		Code: "AG299", Hint: "the word is kept for a later version; remove it",
	})
}

// Of returns what d knows beyond HCL's own fields. ok is false for a
// diagnostic that FromHCL has not seen.
func Of(d *hcl.Diagnostic) (info Info, ok bool) {
	return hcl.DiagnosticExtra[Info](d)
}
