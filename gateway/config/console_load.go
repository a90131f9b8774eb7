package config

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/configvar"
)

// LoadScope is what settings may mention when files are read: functions, variables
// and locals. It is all that there is to show where no add-on is sold; ok is
// false where there is no provider either.
func (c *Config) LoadScope() (scope configvar.Case, ok bool) {
	if len(c.Providers) == 0 {
		return scope, false
	}
	p := c.providers[c.Providers[0].Scope().Addon]
	scope.Context = func() *hcl.EvalContext { return p.content.Context }
	return scope, true
}
