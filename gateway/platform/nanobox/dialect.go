package nanobox

import (
	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/schema"
)

// Dialect is the protocol of Nanobox's custom providers.
type Dialect struct{}

var _ platform.ProviderDialect = Dialect{}

// label selects the dialect, and title is the platform as operators know it.
const (
	label = "nanobox"
	title = "Nanobox"
)

// Name is "nanobox".
func (Dialect) Name() string { return label }

// Schema describes the settings of a provider "nanobox" block.
func (Dialect) Schema() *schema.Block { return settingsSchema() }

// Decode reads and checks a provider "nanobox" block.
func (Dialect) Decode(common platform.ProviderCommon, body hcl.Body, ctx *hcl.EvalContext) (platform.Provider, hcl.Diagnostics) {
	content, diags := schema.Decode(settingsSchema(), body, common.Block, ctx)
	r := &reader{common: common, content: content, unsure: map[string]bool{}}
	own := r.read()
	if r.diags = append(diags, r.diags...); r.diags.HasErrors() {
		return nil, r.diags
	}
	p, err := newProvider(common, own)
	if err != nil { // its texts are no JSON: nothing that an operator can write
		r.problem("AG213", common.Block, err.Error(), "")
		return nil, r.diags
	}
	return p, r.diags
}
