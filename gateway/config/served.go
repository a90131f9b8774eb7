package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// Served lists the ids of providers by the path that each is served under.
func (c *Config) Served() map[string]string {
	served := map[string]string{}
	for _, p := range c.Providers {
		served[p.Prefix] = p.Scope().Addon
	}
	return served
}

// ServedOtherwise warns (AG440) of each provider whose path answered another id
// before: platforms refuse what changes its id.
func (c *Config) ServedOtherwise(before map[string]string) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, p := range c.Providers {
		id := p.Scope().Addon
		former, known := before[p.Prefix]
		if !known || former == id {
			continue
		}
		content := c.providers[id].content
		d := diagnostic.Warn(fmt.Sprintf("%s was the path of %q before", p.Prefix, former), content.LabelRange(1), diagnostic.Info{
			Code: "AG440", In: title(content), Hint: fmt.Sprintf("call it %q again, or give it another path", former),
			Notes: []string{"who has registered the path refuses everything that it answers under another id"},
		})
		diags = append(diags, d)
	}
	return diags
}
