package xervo

import (
	"time"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/spec"
)

// patience is our own limit: neither document nor dia names one, and somebody
// waits in front of the dashboard.
const patience = 25 * time.Second

// signOnSource is the file of dia's that follows sign-ons.
const signOnSource = "onmodulus/dia 0.3.2, lib/validators/sso.js"

// Checks are those that no exchange file can state.
func (Platform) Checks() []conformance.Check {
	return []conformance.Check{
		{
			Head: conformance.Head{
				ID: "XV-S5", Group: conformance.SSO, Title: "The Location of a sign-on is a whole address, or a path without http in it", Level: spec.Must,
				Source: signOnSource, Says: "if (getUrl.indexOf('http') < 0)",
				Note:     "dia puts scheme and host before it, unless http is anywhere in it.",
				Platform: "dia asks at an address that does not exist, so the add-on is not listed.",
			},
			Needs: []string{"sso-good"},
			Run:   location,
		},
		{
			Head: conformance.Head{
				ID: "XV-S21", Group: conformance.SSO, Title: "A sign-on ends on a page that needs no cookie", Level: spec.Must,
				Source: signOnSource, Says: "Follow the redirect URL and verify that a 200 is returned.",
				Note:     "dia keeps no cookies. Neither do browsers that refuse them from another site's frame.",
				Platform: unlisted,
			},
			Needs: []string{"sso-good", "XV-S5"},
			Run:   landing,
		},
		{
			Head: conformance.Head{
				ID: "XV-S22", Group: conformance.SSO, Title: "A sign-on for what was just removed ends on a page, too", Level: spec.Must,
				Source: "onmodulus/dia 0.3.2, lib/dia.js", Says: "validators.deprovision(function () { validators.sso(options || dia.id); });",
				Note:     "A full run of dia signs on last. The page says that it is gone.",
				Platform: unlisted,
			},
			Needs: []string{"XV-S21", "sso-deprovisioned"},
			Run:   lateLanding,
		},
		conformance.Leaks("XV-X1"),
		conformance.Patience("XV-X2", patience, "The customer waits in front of the dashboard; at some time it gives up and shows a failure."),
	}
}
