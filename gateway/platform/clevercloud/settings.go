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

// The budget's default is what the platform is expected to wait; its limits
// keep a slip of the pen (25ms, 25h) from passing.
const (
	defaultDeadline = "25s"
	minDeadline     = time.Second
	maxDeadline     = 2 * time.Minute
)

// How old a sign-on may be: "15 minutes" in the legacy document, "a few minutes
// (like 5)" in the current one.
const (
	tokenMaxAge     = 15 * time.Minute
	signatureMaxAge = 5 * time.Minute
	defaultSkew     = "60s"
	minMaxAge       = 30 * time.Second
	maxMaxAge       = 24 * time.Hour
	maxSkew         = 15 * time.Minute
)

// settings are the ones that only Clever Cloud has.
type settings struct {
	generation      string
	allowMissingEU  bool
	deadline        time.Duration
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
			{Name: "sso_window", Type: cty.String,
				Doc: `How old a sign-on may be, "30s" to "24h"; sso { max_age } may shorten it. Default: 5 minutes with a signature, 15 minutes with a token alone, as Clever Cloud's documents say.`},
			{Name: "sso_skew", Type: cty.String, Default: `"` + defaultSkew + `"`,
				Doc: "How far Clever Cloud's clock may be ahead of ours at a sign-on, up to \"15m\"."},
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
	deadline, d := content.Duration("deadline", minDeadline, maxDeadline)
	diags = append(diags, d...)
	own := settings{
		generation:      generation,
		allowMissingEU:  content.Bool("allow_missing_eu"),
		deadline:        deadline,
		migrationsAsPUT: migrations == migrationsPlanChange,
		openInNewTab:    content.Bool("open_in_new_tab"),
		tokenOnly:       generation != current,
	}
	if content.Known("token_only") {
		own.tokenOnly = content.Bool("token_only")
	}
	if generation == legacy && !own.tokenOnly {
		diags = append(diags, diagnostic.New("Nobody could sign on", content.ValueRange("token_only"), diagnostic.Info{
			Code: "AG416", Hint: "leave it out: the legacy generation sends a token and no signature",
		}))
	}
	return own, append(diags, own.decodeWindows(common, content)...)
}

// decodeWindows: an add-on's own limit may lower the platform's, not raise it.
func (s *settings) decodeWindows(common platform.Common, content *schema.Content) hcl.Diagnostics {
	written, diags := content.Duration("sso_window", minMaxAge, maxMaxAge)
	skew, d := content.Duration("sso_skew", 0, maxSkew)
	window := func(maxAge time.Duration) sso.Window {
		if written > 0 {
			maxAge = written
		}
		if common.SSOMaxAge > 0 {
			maxAge = min(maxAge, common.SSOMaxAge)
		}
		return sso.Window{MaxAge: maxAge, Skew: skew}
	}
	s.signatureWindow, s.tokenWindow = window(signatureMaxAge), window(tokenMaxAge)
	return append(diags, d...)
}
