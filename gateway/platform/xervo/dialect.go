package xervo

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/schema"
)

// Dialect is Xervo's protocol.
type Dialect struct{}

var _ platform.Dialect = Dialect{}

// label selects the dialect, and title is the platform as customers know it.
const (
	label = "xervo"
	title = "Xervo"
)

// Name is "xervo".
func (Dialect) Name() string { return label }

// Schema describes the settings that only Xervo has.
func (Dialect) Schema() *schema.Block { return settingsSchema() }

// Decode reads and checks a platform "xervo" block. There is a mount even after
// an error: what it demands of config vars is to be checked all the same.
func (Dialect) Decode(common platform.Common, body hcl.Body, ctx *hcl.EvalContext) (platform.Mount, hcl.Diagnostics) {
	own, diags := decodeSettings(common, body, ctx)
	return newMount(common, own), append(diags, check(common)...)
}
