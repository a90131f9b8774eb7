package clevercloud

import (
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/sso"
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

// defaultDeadline is what the platform is expected to wait.
const defaultDeadline = 25 * time.Second

// How old a sign-on may be: "15 minutes" in the legacy document, "a few minutes
// (like 5)" in the current one.
const (
	tokenMaxAge     = 15 * time.Minute
	signatureMaxAge = 5 * time.Minute
)

// settings are the ones that only Clever Cloud has.
type settings struct {
	generation      string
	allowMissingEU  bool
	migrationsAsPUT bool

	signatureWindow sso.Window // for a sign-on of the current generation
	tokenWindow     sso.Window // for one of the legacy generation
	tokenOnly       bool       // whether that is accepted
	openInNewTab    bool
}

func settingsSchema() *schema.Block {
	return &schema.Block{
		Type:   "platform",
		Labels: []string{"id"},
		Doc: `Sells the add-on on Clever Cloud. Config vars must begin with the add-on's id in capitals; the id may hold lower-case letters, digits, ` +
			`dashes and underscores; a region "eu" is required; password and sso_salt need 35 characters or more; prices are in EUR. ` +
			`Where nothing else is written, a request waits 25 seconds for a backend and a sign-on may be 5 minutes old with a signature, 15 minutes with a token alone; each opens one session only.`,
		Example: example,
		Attributes: []schema.Attribute{
			{Name: "generation", Type: cty.String, Default: `"both"`,
				Doc: `Which generation of Clever Cloud's API the add-on is registered for: "current", "legacy", or "both". It decides how strictly secrets are judged; requests of either generation are served in any case.`},
			{Name: "allow_missing_eu", Type: cty.Bool, Default: "false",
				Doc: `Offer the add-on without the region "eu", which Clever Cloud's documents demand.`},
			{Name: "migrations", Type: cty.String, Default: `"refuse"`,
				Doc: `Experimental. What a request to migrate an add-on does: "refuse" answers 501 and logs its field names, "plan_change" treats it as a plan change.`},
			{Name: "token_only", Type: cty.Bool,
				Doc: `Whether a sign-on of the legacy generation is accepted, which proves the resource but not the customer: sso.email_verified is false then. Default: true, save where generation is "current".`},
			{Name: "open_in_new_tab", Type: cty.Bool, Default: "false",
				Doc: "Whether the provider is registered with openInNewTab: then no page may show the customer's page in a frame."},
		},
	}
}

func decodeSettings(common platform.Common, body hcl.Body, ctx *hcl.EvalContext) (settings, hcl.Diagnostics) {
	content, diags := schema.Decode(settingsSchema(), body, common.Block, ctx)
	generation, d := content.Choice("generation", both, current, legacy)
	diags = append(diags, d...)
	migrations, d := content.Choice("migrations", migrationsRefuse, migrationsPlanChange)
	diags = append(diags, d...)
	own := settings{
		generation:      generation,
		allowMissingEU:  content.Bool("allow_missing_eu"),
		migrationsAsPUT: migrations == migrationsPlanChange,
		openInNewTab:    content.Bool("open_in_new_tab"),
		tokenOnly:       generation != current,
		signatureWindow: sso.Window{MaxAge: common.SignOnAge(signatureMaxAge), Skew: common.SSOSkew},
		tokenWindow:     sso.Window{MaxAge: common.SignOnAge(tokenMaxAge), Skew: common.SSOSkew},
	}
	if content.Known("token_only") {
		own.tokenOnly = content.Bool("token_only")
	}
	if generation == legacy && !own.tokenOnly {
		diags = append(diags, diagnostic.New("Nobody could sign on", content.ValueRange("token_only"), diagnostic.Info{
			Code: "AG416", Hint: "leave it out: the legacy generation sends a token and no signature",
		}))
	}
	return own, diags
}
