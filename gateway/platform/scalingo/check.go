package scalingo

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/rules"
)

// leastSecret is how many characters password and salt should have. Scalingo
// demands no length; the samples in its document have as many.
const leastSecret = 30

// samples are the password and the salt printed in the document (Addon
// definition manifest, Example manifest).
var samples = [...]string{"samyoiHissowdOnHugyorOidepguJa", "esidTavOnreboudWavwoadBildyon3"}

// check judges a block by Scalingo's rules. It reports everything. Prices are
// "in euros for 30 days" (Structure of the plan object); no rule is known for
// the user name and for the names of config vars.
func check(c platform.Common) hcl.Diagnostics {
	b := rules.Block{Common: c, Label: "scalingo", Title: title}
	diags := b.Encrypted()
	diags = append(diags, b.Secrets(rules.Strength{
		Least: leastSecret, Severity: hcl.DiagWarning, Asks: "30 characters or more are hard to guess", Samples: samples[:],
	})...)
	diags = append(diags, b.FreeSSOPath()...)
	diags = append(diags, b.Euro()...)
	if c.LogDrain && c.Mode == "async" {
		diags = append(diags, b.Unsupported("mode", "learns of a log drain in the answer to an order only", `leave it out, or write "sync"`)...)
	}
	diags = append(diags, checkRegions(b)...)
	return append(diags, checkManifest(b)...)
}

// checkRegions refuses a choice that nobody could make: no order names a region.
func checkRegions(b rules.Block) hcl.Diagnostics {
	served := map[string]bool{}
	for _, ours := range b.Regions {
		served[ours] = true
	}
	if len(served) <= 1 {
		return nil
	}
	return b.Unsupported("regions", "names no region in its orders", "leave one: the region that serves Scalingo")
}

// checkManifest reports what Scalingo's own tester would: texts that are blank
// and lists that are empty (scalingo-addon-api-tester, manifest.go). It asks for
// no description of a plan; the document's list of fields has one.
func checkManifest(b rules.Block) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, text := range []struct{ setting, value, field string }{
		{"summary", b.Summary, "short_description"}, {"description", b.Description, "description"},
	} {
		if strings.TrimSpace(text.value) == "" {
			diags = append(diags, b.Incomplete(text.setting, fmt.Sprintf("Scalingo's manifest needs %q", text.field),
				fmt.Sprintf(`in addon %q: %s = "…"`, b.Addon, text.setting)))
		}
	}
	if len(b.ConfigVars) == 0 {
		diags = append(diags, b.Incomplete("config_vars", "Scalingo's manifest needs at least one config var",
			fmt.Sprintf(`in addon %q: config_vars = { NAME = … }`, b.Addon)))
	}
	return append(diags, checkPlans(b)...)
}

func checkPlans(b rules.Block) hcl.Diagnostics {
	var diags hcl.Diagnostics
	listed := b.Listed()
	for _, p := range listed {
		if strings.TrimSpace(p.Description) == "" {
			diags = append(diags, b.Incomplete("plans", fmt.Sprintf("Scalingo's manifest needs a description of the plan %q", p.ID),
				fmt.Sprintf(`in plan %q: description = "…"`, p.ID)))
		}
	}
	if len(listed) == 0 && len(b.Plans) > 0 { // an add-on without any is reported as such
		diags = append(diags, b.Problem("plans", "Scalingo's manifest needs at least one plan", diagnostic.Info{
			Code: "AG405", Hint: "all of them are hidden or deprecated",
		}))
	}
	return diags
}
