package config

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway"
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
// first: platforms refuse what changes its id.
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

// Identities lists what callers are told apart by, by their providers:
// "nanobox/acme".
func (c *Config) Identities() map[string]string {
	identities := map[string]string{}
	for _, p := range c.Providers {
		identities[p.Key()] = p.Identity()
	}
	return identities
}

// IdentifiedOtherwise warns (AG443) of each provider that tells its callers apart
// by something else than before while servers of theirs live. Its name is in
// strangers then.
func (c *Config) IdentifiedOtherwise(before map[string]string, inUse []gateway.InUse) (diags hcl.Diagnostics, strangers []string) {
	for _, p := range c.Providers {
		former, known := before[p.Key()]
		at := p.Scope()
		servers := 0
		for _, row := range inUse {
			if row.Platform == at.Platform && row.Addon == at.Addon && row.Plan != "" { // keys have no size
				servers += row.Count
			}
		}
		if !known || former == p.Identity() || servers == 0 {
			continue
		}
		content := c.providers[at.Addon].content
		strangers = append(strangers, p.Key())
		have := "servers have"
		if servers == 1 {
			have = "server has"
		}
		diags = append(diags, diagnostic.Warn(fmt.Sprintf("%d living %s owners who are told apart by something else now", servers, have), content.LabelRange(1), diagnostic.Info{
			Code: "AG443", In: title(content), Hint: fmt.Sprintf("make it again what it was: %s; now it is: %s", former, p.Identity()),
			Notes: []string{"their customers do not see them any more, and can't remove them; the servers run on"},
		}))
	}
	slices.Sort(strangers)
	return diags, strangers
}

// Key names a provider among those of all platforms.
func (p Provider) Key() string { return p.Scope().Platform + "/" + p.Scope().Addon }
