package configvar

import (
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// Case is a scope to check an expression in: one platform × plan × region of
// an add-on.
type Case struct {
	diagnostic.Case
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

// roots are the names that an expression begins its references with. Of a
// resource, plan and region are known like the plan and the region themselves.
func roots(expr hcl.Expression) map[string]bool {
	names := map[string]bool{}
	for _, t := range expr.Variables() {
		names[t.RootName()] = true
		if t.RootName() != "resource" {
			continue
		}
		part := ""
		if len(t) > 1 {
			part = stepName(t[1])
		}
		switch part {
		case "", "*": // the whole of it
			names["plan"], names["region"] = true, true
		case "plan", "region":
			names[part] = true
		}
	}
	return names
}

// distinct keeps one of the cases that do not differ in what expr mentions,
// without the parts that do not matter: most expressions mention neither
// platform nor plan, and need not be evaluated for each.
func distinct(expr hcl.Expression, cases []Case) []Case {
	type key struct {
		diagnostic.Case
		addon, backend, only string
	}
	mentioned := roots(expr)
	everywhere := func(name string) bool {
		return slices.Contains([]string{"resource", "output", "var", "local"}, name)
	}
	own := false // whether some name means another thing in each add-on
	for name := range mentioned {
		own = own || !everywhere(name)
	}
	seen := map[key]bool{}
	var kept []Case
	for _, c := range cases {
		if !mentioned["platform"] {
			c.Platform = ""
		}
		if !mentioned["plan"] {
			c.Plan = ""
		}
		if !mentioned["region"] {
			c.Region = ""
		}
		k := key{Case: c.Case, backend: c.Backend, only: c.Only}
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
