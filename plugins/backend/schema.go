package backend

import "github.com/zclconf/go-cty/cty"

// Schema describes an HCL body: the config block, the params of a plan, the
// options of a customer, or the outputs. The gateway decodes the operator's
// file by it, so every mistake is shown with its line.
type Schema struct {
	Attributes []Attribute
	Blocks     []Block

	// Open accepts attributes that are not listed, of any type. The shell
	// backend's plan params are open: its scripts read them.
	Open bool
}

// Attribute describes one attribute. The zero value of every flag is the
// common case: an optional, public attribute evaluated when files are loaded.
type Attribute struct {
	Name     string
	Type     cty.Type
	Doc      string // one sentence
	Required bool
	Default  cty.Value // cty.NilVal: none

	Sensitive bool // hidden from logs, diagnostics and pages
	Live      bool // config: evaluated for every operation, and so may mention resource, plan, region, output
	ForceNew  bool // config, live: evaluated at the first provision only, then kept for the resource's life
	FilePath  bool // config: a path; the gateway makes it absolute, from the configuration directory
	TypeName  bool // config: the operator writes a type (string, list(number)); it arrives as its JSON text

	// Expression is for config: live, but evaluated by the plugin, with
	// expr.FromValue of the package plugins/backend/expr, and only when it needs
	// the result, whose type is Type. So it may mention Own too: what only the
	// plugin knows, such as "response".
	Expression bool
	Own        []string

	Generated int  // outputs: the gateway makes this value itself, a password of so many characters; 0: it does not
	Measured  bool // outputs: changes by itself; read again before a rule uses it
}

// Block describes a nested block, such as output "NAME" { … }.
type Block struct {
	Name   string
	Doc    string
	Labels []string // names of the labels; blocks with one label arrive as a map by that label, without labels as a list
	Min    int      // how many at least
	Max    int      // how many at most; 0: any number. A block with Max 1 and no label arrives as an object or null
	Body   Schema
}

// Severity of a Diagnostic.
type Severity string

// The severities.
const (
	SeverityError   Severity = "error"
	SeverityWarning Severity = "warning"
)

// Diagnostic is a problem in what the operator wrote.
type Diagnostic struct {
	Severity Severity
	Summary  string   // what is wrong, in one line, without values of sensitive attributes
	Detail   string   // what to write instead; may be empty
	Path     cty.Path // the attribute at fault; empty: the whole block. In a map the step GetAttr leads to a value, IndexString to its key
}

// Diagnostics is a list of problems.
type Diagnostics []Diagnostic

// HasErrors reports whether one of them is an error.
func (d Diagnostics) HasErrors() bool {
	for _, x := range d {
		if x.Severity != SeverityWarning {
			return true
		}
	}
	return false
}
