package configvar

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
)

// Expression is something that is evaluated for every customer: a template, or
// a rule that judges requests.
type Expression struct {
	Name string // as the operator calls it: ACME_DB_URL
	What string // what it is: "config var", "message"
	Expr hcl.Expression

	// Type is what the value must convert to. cty.NilType stands for a config
	// var: text, a number, true or false, or null, which leaves it out.
	Type cty.Type

	// Judge looks further at a value, which may be unknown, that is as Type and
	// Public demand, and at what may become the value under a condition that
	// only a customer's resource decides. at is where it is written. nil: there
	// is nothing more to say.
	Judge func(v cty.Value, at hcl.Range) hcl.Diagnostics

	// Phase is schema.Request for a rule; zero: schema.Live.
	Phase schema.Phase

	// Needed names the platforms that take a config var which is null or empty
	// for missing (AG417): their titles by their labels.
	Needed map[string]string

	// Elsewhere are names that have a value in other settings only, with those.
	Elsewhere map[string][]string

	Required bool     // null is an error (AG209)
	Public   bool     // a sensitive value is an error (AG309)
	Secrets  []string // of a public one: settings beside it where a secret may be
	In       string   // where it stands: addon "acme-db"
}

// Check proves that e can be evaluated in every case and gives what it must.
// One mistake is one diagnostic, which names the plans, regions and platforms
// concerned. files are the parsed files by name.
func Check(e Expression, cases []Case, files map[string]*hcl.File) hcl.Diagnostics {
	cases = distinct(e.Expr, cases, e.Needed)
	c := &checker{Expression: e, anatomy: dissect(e.Expr), cases: cases, files: files}
	if e.Phase == "" {
		e.Phase = schema.Live
	}
	if len(cases) > 0 { // which names there are is the same in every case
		c.phase = schema.CheckPhase(e.Expr, cases[0].scope, e.Phase)
	}
	c.judge(func(in *Case) bool { return in.Note == "" })
	c.judge(func(in *Case) bool { return in.Note != "" })
	return diagnostic.Merge(c.diags)
}

// judge checks the cases of one sort. Those with a note come last: they tell
// only what the usual ones do not show.
func (c *checker) judge(sort func(*Case) bool) {
	c.gaps, c.judged = nil, 0
	var judged []*Case
	for i := range c.cases {
		if in := &c.cases[i]; sort(in) {
			judged = append(judged, in)
		}
	}
	c.judged = len(judged) // before the first is judged: what it shows is told with how many there are
	for _, in := range judged {
		c.check(in)
	}
	c.unequal()
}

type checker struct {
	Expression
	anatomy
	cases []Case
	files map[string]*hcl.File
	phase hcl.Diagnostics // names of another phase
	diags hcl.Diagnostics
	named hcl.Diagnostics // those of diags that were found by name

	judged int   // cases of the present sort
	gaps   []gap // of the present sort
}

func (c *checker) check(in *Case) {
	before := len(c.diags)
	c.names(in)
	named := c.diags[before:]
	c.named = append(c.named, named...)
	if in.Note != "" { // what another case has shown is not there again
		named = c.named
	}

	v, diags := c.Expr.Value(in.scope)
	failed := diags.HasErrors()
	for _, a := range c.arms {
		if _, known := truth(a.guards[len(a.guards)-1].condition, in.scope); known || closed(a.guards, in.scope) {
			continue // evaluated already, or guarded from what would fail
		}
		_, more := a.expr.Value(in.scope)
		diags = append(diags, more...)
	}
	for _, d := range diags {
		if !overlaps(d, named) && !c.isGap(d, in) {
			c.add(in, diagnostic.FromHCL(hcl.Diagnostics{d}, c.files)...)
		}
	}
	if !failed {
		c.add(in, c.result(v, c.Expr.Range())...)
		c.undecided(in)
		c.add(in, c.needed(in)...)
	}
}

// undecided judges what may become the value, where that is not decided.
func (c *checker) undecided(in *Case) {
	parts := outcomes(c.Expr, in.scope)
	if len(parts) == 1 {
		return // the value is its, and was judged
	}
	for _, part := range parts {
		if v, diags := part.Value(in.scope); !diags.HasErrors() {
			c.add(in, c.result(v, part.Range())...)
		}
	}
}

// result judges a value, which is written there.
func (c *checker) result(v cty.Value, at hcl.Range) hcl.Diagnostics {
	if c.Public && schema.ContainsSecret(v) {
		return hcl.Diagnostics{diagnostic.New("A secret can't be part of a "+c.What, at, diagnostic.Info{
			Code: "AG309", Hint: diagnostic.ShownInTheClear(c.Secrets),
		})}
	}
	if c.Type != cty.NilType {
		if schema.IsNull(v) && c.Required {
			return hcl.Diagnostics{diagnostic.New(fmt.Sprintf("%q is null", c.Name), at, diagnostic.Info{Code: "AG209", Hint: "it must have a value"})}
		}
		converted, diags := schema.Convert(v, c.Type, c.Name, at)
		if diags.HasErrors() && c.What == "condition" {
			return hcl.Diagnostics{diagnostic.New(diags[0].Summary, at, diagnostic.Info{Code: "AG305", Hint: "compare it: with ==, <, or contains(…, …)"})}
		}
		if c.Judge != nil && !diags.HasErrors() {
			diags = append(diags, c.Judge(converted, at)...)
		}
		return diags
	}
	if t := v.Type(); !schema.IsNull(v) && t != cty.DynamicPseudoType && !t.IsPrimitiveType() {
		return hcl.Diagnostics{diagnostic.New(fmt.Sprintf("%s is %s; a config var is text", c.Name, schema.TypeName(t)), at, diagnostic.Info{
			Code: "AG305", Hint: remedy(t),
		})}
	}
	return nil
}

func remedy(t cty.Type) string {
	if t.IsListType() || t.IsTupleType() || t.IsSetType() {
		return `use join(",", …) or jsonencode(…)`
	}
	return "use jsonencode(…)"
}

// add records findings of one case, without the words that a printer adds.
func (c *checker) add(in *Case, diags ...*hcl.Diagnostic) {
	for _, d := range diags {
		copied := *d
		info, _ := diagnostic.Of(d)
		if info.In == "" {
			info.In = c.In
		}
		if in.Note != "" {
			if c.known(d, info.Code, in.Note) {
				continue
			}
			info.Notes = append(slices.Clone(info.Notes), in.Note)
			copied.Summary = strings.Replace(d.Summary, " is null", " may be null", 1)
			info.Hint = strings.Replace(info.Hint, "it has no value", "it may have no value", 1)
		}
		if info.Code != "AG304" { // its summary says where
			info.Cases, info.Evaluations = append(info.Cases, in.Case), c.judged
		}
		copied.Extra = info
		c.diags = append(c.diags, &copied)
	}
}

// known reports whether a case without a note, or with another one, has shown d
// already.
func (c *checker) known(d *hcl.Diagnostic, code, note string) bool {
	return slices.ContainsFunc(c.diags, func(k *hcl.Diagnostic) bool {
		info, _ := diagnostic.Of(k)
		return info.Code == code && k.Subject != nil && d.Subject != nil && *k.Subject == *d.Subject && !slices.Contains(info.Notes, note)
	})
}

// overlaps reports whether d is about a place that was judged by name already,
// in better words.
func overlaps(d *hcl.Diagnostic, named hcl.Diagnostics) bool {
	if d.Subject == nil {
		return false
	}
	for _, n := range named {
		if n.Subject != nil && n.Subject.Overlaps(*d.Subject) {
			return true
		}
	}
	return false
}
