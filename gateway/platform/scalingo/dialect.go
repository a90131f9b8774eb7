package scalingo

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/schema"
)

// Dialect is Scalingo's protocol.
type Dialect struct{}

var _ platform.Dialect = Dialect{}

// Name is "scalingo".
func (Dialect) Name() string { return "scalingo" }

// Schema describes the settings that only Scalingo has.
func (Dialect) Schema() *schema.Block { return settingsSchema() }

// Decode reads and checks a platform "scalingo" block.
func (Dialect) Decode(common platform.Common, body hcl.Body, ctx *hcl.EvalContext) (platform.Mount, hcl.Diagnostics) {
	own, diags := decodeSettings(common, body, ctx)
	diags = append(diags, check(common)...)
	if diags.HasErrors() {
		return nil, diags
	}
	return newMount(common, own), diags
}
