package scalingo

import (
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/rules"
	"github.com/addongw/addongw/gateway/platform/sso"
	"github.com/addongw/addongw/gateway/schema"
)

// Which id of an add-on stands in the addresses of Scalingo's own API.
const (
	idOfResource = "resource"
	idOfPlatform = "platform"
)

// defaultDeadline is how long an order waits before it is answered 202. "The
// user should be able to use the addon almost instantly" (Addon provisioning)
// is all that is said of time.
const defaultDeadline = 10 * time.Second

// signOnMaxAge is how long the page on the user-side call says that such a link
// is good for (Addons, dashboard URL). The vendor's boilerplate has five
// minutes.
const signOnMaxAge = time.Hour

// settings are the ones that only Scalingo has.
type settings struct {
	signOnWindow    sso.Window
	failureRedirect string // where a sign-on that fails leads; empty: a page of ours
	apiID           string // idOfResource or idOfPlatform
}

func settingsSchema() *schema.Block {
	return &schema.Block{
		Type:   "platform",
		Labels: []string{"id"},
		Doc: `Sells the add-on on Scalingo. The manifest needs the add-on's summary and description, a description of every plan and at least one config var, of any name; ` +
			`the user name is free and defaults to the id; prices are in EUR. Requests name no region: resources are made in the add-on's default one, or in the one that regions names. ` +
			`A plan's options are handed back with every request for it: those that no option block declares are the plan's own and taken as they come. ` +
			`An order whose backend needs longer than deadline, 10 seconds by default, is answered 202 and completed on Scalingo's API; with mode = "sync" it is answered 503 instead, ` +
			`with mode = "async" it is always answered 202 at once. With a log drain no order is answered 202, because nothing tells Scalingo later where logs go. A push of config vars restarts the customer's application. ` +
			`A sign-on works for an hour, and more than once, unless sso_window and sso_single_use say otherwise.`,
		Example: example,
		Attributes: []schema.Attribute{
			{Name: "sso_failure_redirect", Type: cty.String,
				Doc: `Where a customer is sent whose sign-on is refused. Default: a page that says what to do.`},
			{Name: "api_id", Type: cty.String, Default: `"` + idOfResource + `"`,
				Doc: `Which id completes an order on Scalingo's API: "resource" for the one we answered, "platform" for the uuid of the order. Scalingo's documents do not say; its own client says "resource". The API's host is that of the region that the add-on is sold in: see api_url; the default is ` + realAPI + `.`},
		},
	}
}

func decodeSettings(common platform.Common, body hcl.Body, ctx *hcl.EvalContext) (settings, hcl.Diagnostics) {
	content, diags := schema.Decode(settingsSchema(), body, common.Block, ctx)
	apiID, d := content.Choice("api_id", idOfResource, idOfPlatform)
	diags = append(diags, d...)
	own := settings{
		signOnWindow:    sso.Window{MaxAge: common.SignOnAge(signOnMaxAge), Skew: common.SSOSkew},
		failureRedirect: content.Text("sso_failure_redirect"),
		apiID:           apiID,
	}
	if content.Known("sso_failure_redirect") && !common.Development && !rules.Secure(own.failureRedirect) {
		diags = append(diags, diagnostic.New("Customers can be sent to an https address only", content.ValueRange("sso_failure_redirect"), diagnostic.Info{
			Code: "AG412", Hint: "write https://…",
		}))
	}
	return own, diags
}
