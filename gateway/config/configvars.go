package config

import (
	"fmt"
	"regexp"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/schema"
)

// configVar is one entry of config_vars: an expression for later.
type configVar struct {
	name string
	at   hcl.Range // of the name
	expr hcl.Expression
	none bool // written as null: the platform does not have it
}

// configVarName is what environments of applications accept.
var configVarName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)

// configVars reads the entries of a config_vars map. Their names must be known
// before anything is provisioned, because manifests list them.
func (l *loader) configVars(c *schema.Content, name string) []configVar {
	expr := c.Expr(name)
	if expr == nil {
		return nil
	}
	entries, diags := hcl.ExprMap(expr)
	if diags.HasErrors() {
		l.add(wrong(`"config_vars" must be written out`, expr.Range(), "write { NAME = …, OTHER = … }; manifests list the names"))
		return nil
	}
	var vars []configVar
	seen := map[string]bool{}
	for _, e := range entries {
		key, diags := e.Key.Value(c.Context)
		l.add(diags...)
		if diags.HasErrors() {
			continue
		}
		key, marks := key.Unmark()
		if len(marks) > 0 || key.Type() != cty.String || key.IsNull() || !key.IsKnown() {
			l.add(wrong("The name of a config var must be plain text", e.Key.Range(), "it may not depend on a secret"))
			continue
		}
		v := configVar{name: key.AsString(), at: e.Key.Range(), expr: e.Value, none: isNull(e.Value)}
		if !configVarName.MatchString(v.name) {
			l.add(wrong(fmt.Sprintf("%q can't be the name of a config var", v.name), v.at, "use letters, digits and _ only"))
			continue
		}
		if !seen[v.name] {
			seen[v.name] = true
			vars = append(vars, v)
		}
	}
	return vars
}

func isNull(expr hcl.Expression) bool {
	v, diags := expr.Value(nil)
	return !diags.HasErrors() && v.IsNull()
}

// override gives the config vars of a platform: the add-on's, with what the
// platform's own map replaces, adds, or leaves out with null.
func override(common, own []configVar) []configVar {
	replaced := map[string]configVar{}
	for _, v := range own {
		replaced[v.name] = v
	}
	var vars []configVar
	for _, v := range common {
		if o, ok := replaced[v.name]; ok {
			v = o
			delete(replaced, v.name)
		}
		vars = append(vars, v)
	}
	for _, v := range own {
		if _, added := replaced[v.name]; added {
			vars = append(vars, v)
		}
	}
	kept := vars[:0]
	for _, v := range vars {
		if !v.none {
			kept = append(kept, v)
		}
	}
	return kept
}
