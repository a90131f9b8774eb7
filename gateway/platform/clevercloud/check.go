package clevercloud

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/rules"
)

// minSecret is how many characters password and salt need. Both documents'
// newer form asks for "35+", and Clever Cloud's own Terraform provider
// enforces it.
const minSecret = 35

// samples are the password and the salt printed in the legacy document. Live
// providers had copied them, which led to a security fix of the documents in
// February 2025.
var samples = [...]string{"44ca82ddf8d4e74d52494ce2895152ee", "fcb5b3add85d65e1dddda87a115b429f"}

// Add-on API, "Fields": all lower case, no spaces or punctuation, underscores
// and dashes allowed.
var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// check judges a block by Clever Cloud's rules. It reports everything. Plans are
// priced in euro there (Marketplace APIs), and every order waits for its answer
// (Add-on API, Provisioning). The vendor's Terraform provider takes https only.
func check(c platform.Common, own settings) hcl.Diagnostics {
	b := rules.Block{Common: c, Label: "clevercloud", Title: title}
	diags := append(checkID(b), b.IDAsUsername()...)
	if !diags.HasErrors() { // the prefix comes from the id
		diags = append(diags, b.Prefixed()...)
	}
	diags = append(diags, checkRegions(b, own)...)
	diags = append(diags, b.HTTPS()...)
	diags = append(diags, b.Secrets(strength(own))...)
	diags = append(diags, b.Synchronous()...)
	diags = append(diags, b.NoLogDrain()...)
	diags = append(diags, b.FreeSSOPath()...)
	return append(diags, b.Euro()...)
}

// strength makes a short secret an error unless the add-on is registered for
// the legacy generation alone, whose document prints no minimum and whose
// sample has 32 characters.
func strength(own settings) rules.Strength {
	s := rules.Strength{Least: minSecret, Severity: hcl.DiagError, Asks: "Clever Cloud asks for 35 characters or more", Samples: samples[:]}
	if own.generation == legacy {
		s.Severity = hcl.DiagWarning
	}
	return s
}

// checkID leaves an id that is the add-on's own to those who judge add-ons:
// what they accept Clever Cloud accepts.
func checkID(b rules.Block) hcl.Diagnostics {
	var diags hcl.Diagnostics
	usable := idPattern.MatchString(b.ID)
	if _, written := b.Ranges["id"]; !usable && (written || b.ID != b.Addon) {
		diags = append(diags, b.Problem("id", fmt.Sprintf("Clever Cloud cannot use the id %q", b.ID), diagnostic.Info{
			Code: "AG402", Hint: "lower-case letters, digits, underscores and dashes",
			Notes: []string{`set id in platform "clevercloud"; it cannot be changed after the first upload`},
		}))
	}
	return diags
}

// checkRegions: "As for now, it MUST contain the element eu" (Add-on API,
// Fields). Newer vendor material leaves it out, hence the setting.
func checkRegions(b rules.Block, own settings) hcl.Diagnostics {
	var diags hcl.Diagnostics
	names := b.RegionNames()
	if b.Regions == nil && len(names) == 0 {
		return nil // an add-on without regions is reported as such
	}
	if !slices.Contains(names, "eu") && !own.allowMissingEU {
		diags = append(diags, b.Problem("regions", `Clever Cloud requires the region "eu"`, diagnostic.Info{
			Code: "AG401", Notes: []string{`regions = { eu = "…" }`, "if your provider is registered without it: allow_missing_eu = true"},
		}))
	}
	if len(names) == 0 && own.allowMissingEU {
		diags = append(diags, b.Problem("regions", "Clever Cloud requires at least one region", diagnostic.Info{
			Code: "AG401", Notes: []string{`regions = { par = "…" }`},
		}))
	}
	seen := map[string]string{}
	for _, name := range names {
		if first, twice := seen[strings.ToLower(name)]; twice {
			diags = append(diags, b.Problem("regions", fmt.Sprintf("Clever Cloud cannot tell the regions %q and %q apart", first, name), diagnostic.Info{
				Code: "AG404", Hint: "its requests write regions in other case than its manifest",
			}))
		}
		seen[strings.ToLower(name)] = name
	}
	return diags
}
