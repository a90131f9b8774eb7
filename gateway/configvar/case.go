package configvar

import (
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// Case is a scope to check an expression in: one platform × plan × region of
// an add-on, and for a rule what is asked for.
type Case struct {
	diagnostic.Case
	Verb    string // of the request that a rule judges; else empty
	Addon   string
	Backend string // what makes the outputs: "backend.postgres.main"

	// Context makes the scope: plan, region and platform known, resource and
	// output typed unknowns. It is only called where the case matters.
	Context func() *hcl.EvalContext
	scope   *hcl.EvalContext

	// A case that differs from the usual one of its plan, region and platform
	// in one name alone says in which, and what to tell of problems that only
	// it shows. Both are empty in the usual case.
	Only string
	Note string
}

// Relevant returns the cases that can make a difference to expr.
func Relevant(expr hcl.Expression, cases []Case) []Case {
	mentioned := roots(expr)
	return slices.DeleteFunc(slices.Clone(cases), func(c Case) bool { return c.Only != "" && !mentioned[c.Only] })
}

// Mentioned tells in what cases may differ for expr: the names that it begins
// its references with, and "plan", "region", "platform", "options" and "verb"
// where it depends on them in another way.
func Mentioned(expr hcl.Expression) map[string]bool { return roots(expr) }

// roots are the names that an expression begins its references with. Of a
// resource and of a request, plan and region are known like the plan and the
// region themselves, and every add-on has its own options. What there is of
// the output and of the plan before depends on what is asked for.
func roots(expr hcl.Expression) map[string]bool {
	names := map[string]bool{}
	for _, t := range expr.Variables() {
		root := t.RootName()
		names[root] = true
		switch root {
		case "output", "current":
			names["verb"] = true
		case "resource", "request":
			part := ""
			if len(t) > 1 {
				part = stepName(t[1])
			}
			for _, known := range []string{"plan", "region", "platform", "options", "verb"} {
				names[known] = names[known] || part == known || part == "" || part == "*"
			}
		}
	}
	return names
}

// distinct keeps one of the cases that do not differ in what expr mentions,
// without the parts that do not matter: most expressions mention neither
// platform nor plan, and need not be evaluated for each. Platforms that need a
// value differ from the others whatever is mentioned.
func distinct(expr hcl.Expression, cases []Case, needed map[string]string) []Case {
	type key struct {
		diagnostic.Case
		addon, backend, verb, only string
	}
	mentioned := roots(expr)
	everywhere := func(name string) bool {
		return slices.Contains([]string{"resource", "request", "verb", "output", "var", "local"}, name)
	}
	own := false // whether some name means another thing in each add-on
	for name, is := range mentioned {
		own = own || is && !everywhere(name)
	}
	seen := map[key]bool{}
	var kept []Case
	for _, c := range cases {
		if !mentioned["platform"] && needed[c.Platform] == "" {
			c.Platform = ""
		}
		if !mentioned["plan"] {
			c.Plan = ""
		}
		if !mentioned["region"] {
			c.Region = ""
		}
		if !mentioned["current"] {
			c.Current = ""
		}
		if !mentioned["verb"] {
			c.Verb = ""
		}
		k := key{Case: c.Case, backend: c.Backend, verb: c.Verb, only: c.Only}
		if own {
			k.addon = c.Addon
		}
		if !seen[k] {
			seen[k] = true
			c.scope = c.Context()
			kept = append(kept, c)
		}
	}
	return kept
}
