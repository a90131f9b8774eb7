package xervo

import (
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/schema"
)

// The document names no times. The budget is well below the half minute after
// which most callers give up; a sign-on is as old as one on the other
// platforms of the family may be.
const (
	defaultDeadline  = 25 * time.Second
	signOnMaxAge     = 5 * time.Minute
	defaultGoneGrace = "24h"
	longestGoneGrace = 720 * time.Hour
)

// settings are the ones that only Xervo has.
type settings struct {
	milliseconds bool          // whether timestamps of sign-ons may be in milliseconds
	goneGrace    time.Duration // how long after its removal a resource's customer hears of it
}

func settingsSchema() *schema.Block {
	return &schema.Block{
		Type:   "platform",
		Labels: []string{"id"},
		Doc: `Sells the add-on on Xervo, formerly Modulus. The id may hold lower-case letters, digits and single underscores; config vars must begin ` +
			`with it in capitals, and each needs a value for every plan; an order for a region that is not in regions gets the default one. No API of Xervo's own is known: api_url is refused, and config vars cannot be pushed.`,
		Example: example,
		Attributes: []schema.Attribute{
			{Name: "gone_grace", Type: cty.String, Default: `"` + defaultGoneGrace + `"`,
				Doc: `How long after its removal a customer who opens the add-on is told that it is gone, "0s" to "720h"; later the sign-on is refused like any other that does not fit. Xervo's own test, dia, signs on after it has deprovisioned.`},
			{Name: "sso_milliseconds", Type: cty.Bool, Default: "false",
				Doc: "Whether a sign-on's timestamp may be in milliseconds: then one of 100000000000 or more is. Xervo's document has seconds."},
		},
	}
}

func decodeSettings(common platform.Common, body hcl.Body, ctx *hcl.EvalContext) (settings, hcl.Diagnostics) {
	content, diags := schema.Decode(settingsSchema(), body, common.Block, ctx)
	grace, d := content.Duration("gone_grace", 0, longestGoneGrace)
	return settings{milliseconds: content.Bool("sso_milliseconds"), goneGrace: grace}, append(diags, d...)
}
