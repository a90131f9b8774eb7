package clevercloud

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/schema"
)

// Dialect is Clever Cloud's protocol.
type Dialect struct{}

var _ platform.Dialect = Dialect{}

// Name is "clevercloud".
func (Dialect) Name() string { return "clevercloud" }

// Schema describes the settings that only Clever Cloud has.
func (Dialect) Schema() *schema.Block { return settingsSchema() }

// Decode reads and checks a platform "clevercloud" block.
func (Dialect) Decode(common platform.Common, body hcl.Body, ctx *hcl.EvalContext) (platform.Mount, hcl.Diagnostics) {
	own, diags := decodeSettings(common, body, ctx)
	diags = append(diags, check(common, own)...)
	if diags.HasErrors() {
		return nil, diags
	}
	return newMount(common, own), diags
}
