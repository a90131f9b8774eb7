package conformance

import (
	"strings"

	"github.com/addongw/addongw/spec"
)

// Vars returns the placeholders that every platform's exchanges may use. What
// the provider lacks is left out, so that exchanges about it do not apply.
func Vars(p Provider) spec.Vars {
	vars := spec.ProviderVars(p.BaseURL, p.Username, p.Password.Reveal())
	for name, value := range map[string]string{"region": p.Region, "sso_url": p.SSOURL, "sso_salt": p.Salt.Reveal()} {
		if value != "" {
			vars[name] = value
		}
	}
	for i, name := range []string{"plan", "other_plan"} {
		if i < len(p.Plans) {
			vars[name] = p.Plans[i]
		}
	}
	if p.ConfigVarsSet {
		vars["config_vars"] = strings.Join(p.ConfigVars, " ")
	}
	return vars
}

// FirstPlan is the plan of an order that names none.
func (p Provider) FirstPlan() string {
	if len(p.Plans) == 0 {
		return ""
	}
	return p.Plans[0]
}
