package clevercloud

import (
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/schema"
)

// The generations of the API, as written in the configuration.
const (
	both    = "both"
	current = "current"
	legacy  = "legacy"
)

// What to do with a request to migrate an add-on.
const (
	migrationsRefuse     = "refuse"
	migrationsPlanChange = "plan_change"
)

// The budget's default is what the platform is expected to wait; its limits
// keep a slip of the pen (25ms, 25h) from passing.
const (
	defaultDeadline = "25s"
	minDeadline     = time.Second
	maxDeadline     = 2 * time.Minute
)

// settings are the ones that only Clever Cloud has.
type settings struct {
	generation      string
	allowMissingEU  bool
	deadline        time.Duration
	migrationsAsPUT bool
}

func settingsSchema() *schema.Block {
	return &schema.Block{
		Type:   "platform",
		Labels: []string{"id"},
		Doc: `Sells the add-on on Clever Cloud. Config vars must begin with the add-on's id in capitals; the id may hold lower-case letters, digits, ` +
			`dashes and underscores; a region "eu" is required; password and sso_salt need 35 characters or more; prices are in EUR.`,
		Example: example,
		Attributes: []schema.Attribute{
			{Name: "generation", Type: cty.String, Default: `"both"`,
				Doc: `Which generation of Clever Cloud's API the add-on is registered for: "current", "legacy", or "both". It decides how strictly secrets are judged; requests of either generation are served in any case.`},
			{Name: "allow_missing_eu", Type: cty.Bool, Default: "false",
				Doc: `Offer the add-on without the region "eu", which Clever Cloud's documents demand.`},
			{Name: "deadline", Type: cty.String, Default: `"` + defaultDeadline + `"`,
				Doc: `How long a request may wait for a backend, "1s" to "2m". Work that takes longer goes on, Clever Cloud hears 503, and its repeat gets the result.`},
			{Name: "migrations", Type: cty.String, Default: `"refuse"`,
				Doc: `Experimental. What a request to migrate an add-on does: "refuse" answers 501 and logs its field names, "plan_change" treats it as a plan change.`},
			{Name: "sso_window", Type: cty.String, Reserved: true, Doc: "How old a sign-on may be."},
			{Name: "sso_skew", Type: cty.String, Reserved: true, Doc: "How far ahead Clever Cloud's clock may be."},
			{Name: "token_only", Type: cty.Bool, Reserved: true, Doc: "Whether a sign-on without signature is accepted."},
			{Name: "open_in_new_tab", Type: cty.Bool, Reserved: true, Doc: "Whether the dashboard opens outside the console."},
		},
	}
}

func decodeSettings(common platform.Common, body hcl.Body, ctx *hcl.EvalContext) (settings, hcl.Diagnostics) {
	content, diags := schema.Decode(settingsSchema(), body, common.Block, ctx)
	generation, d := content.Choice("generation", both, current, legacy)
	diags = append(diags, d...)
	migrations, d := content.Choice("migrations", migrationsRefuse, migrationsPlanChange)
	diags = append(diags, d...)
	deadline, d := content.Duration("deadline", minDeadline, maxDeadline)
	diags = append(diags, d...)
	return settings{
		generation:      generation,
		allowMissingEU:  content.Bool("allow_missing_eu"),
		deadline:        deadline,
		migrationsAsPUT: migrations == migrationsPlanChange,
	}, diags
}
