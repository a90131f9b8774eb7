package config_test

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
)

// fakeServers is a plugin with actions, those that its config lists.
func fakeServers() backend.Description {
	return backend.Description{
		Name: "servers", Version: "1.0.0",
		Config: backend.Schema{Attributes: []backend.Attribute{
			{Name: "actions", Type: cty.List(cty.String), Default: cty.ListVal([]cty.Value{
				cty.StringVal(gateway.ActionCreateServer), cty.StringVal(gateway.ActionDeleteServer),
			})},
			{Name: "only", Type: cty.Bool, Default: cty.True},
			{Name: "comment", Type: cty.String, Live: true},
			{Name: "env", Type: cty.Map(cty.String), Live: true},
			{Name: "login", Type: cty.String, Live: true, Sensitive: true},
		}},
		Plan: backend.Schema{Open: true},
	}
}

// fakeProviderDialect is a platform of servers. Its rule is that there is a
// region.
type fakeProviderDialect struct{ name string }

func fakeProviders() []platform.ProviderDialect {
	return []platform.ProviderDialect{fakeProviderDialect{name: "nanobox"}, fakeProviderDialect{name: "microbox"}}
}

func (d fakeProviderDialect) Name() string { return d.name }

func (d fakeProviderDialect) Schema() *schema.Block {
	return &schema.Block{Type: "provider", Labels: []string{"platform", "id"}, Attributes: []schema.Attribute{
		{Name: "name", Type: cty.String},
		{Name: "token", Type: cty.String, Secret: true},
	}, Blocks: []*schema.Block{{Type: "server", Max: 1, Attributes: []schema.Attribute{{Name: "state", Type: cty.String}}}, {Type: "region", Labels: []string{"id"}, Attributes: []schema.Attribute{
		{Name: "sizes", Type: cty.List(cty.String)},
		{Name: "retired", Type: cty.Bool},
	}}}}
}

func (d fakeProviderDialect) Decode(common platform.ProviderCommon, body hcl.Body, ctx *hcl.EvalContext) (platform.Provider, hcl.Diagnostics) {
	c, diags := schema.Decode(d.Schema(), body, common.Block, ctx)
	p := fakeProvider{platform: d.name, common: common, sizes: map[string][]string{}, name: c.Text("name")}
	token, known := c.Secret("token")
	p.token, p.tokenKnown = token.Reveal(), known
	for _, r := range c.Blocks("region") {
		p.sizes[r.Label(0)] = r.Texts("sizes")
	}
	if len(p.sizes) == 0 {
		diags = append(diags, diagnostic.New("The region is missing", common.Label, diagnostic.Info{Code: "AG401"}))
	}
	if common.ActionsKnown && !common.Can(gateway.ActionDeleteServer) {
		diags = append(diags, diagnostic.New("Nothing is ever deleted", common.BackendRange, diagnostic.Info{Code: "AG405"}))
	}
	return p, diags
}

type fakeProvider struct {
	platform   string
	common     platform.ProviderCommon
	token      string
	tokenKnown bool
	sizes      map[string][]string
	name       string
}

func (p fakeProvider) Scope() gateway.Scope {
	return gateway.Scope{Platform: p.platform, Addon: p.common.ID}
}
func (p fakeProvider) Manifest() ([]byte, error)              { return json.Marshal(p.common.BaseURL) }
func (fakeProvider) Routes(platform.Servers) []platform.Route { return nil }
func (fakeProvider) NotFound() http.Handler                   { return http.NotFoundHandler() }
func (fakeProvider) MethodNotAllowed() http.Handler           { return http.NotFoundHandler() }
func (fakeProvider) Begin(context.Context, platform.Servers)  {}
func (p fakeProvider) Identity() string                       { return p.name }
func (p fakeProvider) Summary() (regions, sizes int)          { return len(p.sizes), 0 }
func (p fakeProvider) Region(id string) bool                  { _, ok := p.sizes[id]; return ok }
func (p fakeProvider) Size(region, id string) bool            { return slices.Contains(p.sizes[region], id) }
func (p fakeProvider) Judge(action string, o json.RawMessage) error {
	if action == gateway.ActionCreateServer && string(o) == "{}" {
		return errors.New("there is no address")
	}
	return nil
}
