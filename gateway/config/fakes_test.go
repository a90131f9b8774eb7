package config_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
)

// fakePlugins answers for plugins that look like the real ones.
type fakePlugins struct {
	t  *testing.T
	mu sync.Mutex

	configs []backend.Value // as ValidateConfig received them
	plans   []backend.Plan  // as ValidatePlan received them
}

// answering opens plugins wherever they are looked for.
func answering(p config.Plugins) func([]string) (config.Plugins, error) {
	return func([]string) (config.Plugins, error) { return p, nil }
}

func (f *fakePlugins) Describe(_ context.Context, p config.Plugin) (backend.Description, error) {
	switch p.Name {
	case "postgres":
		return fakePostgres(), nil
	case "shell":
		return fakeShell(), nil
	case "picky":
		return fakePicky(), nil
	case "servers":
		return fakeServers(), nil
	case "caller":
		return fakeCaller(), nil
	case "discreet":
		d := fakePicky()
		d.Options.Attributes = slices.DeleteFunc(d.Options.Attributes, func(a backend.Attribute) bool { return a.Name == "extensions" })
		return d, nil
	case "crashes":
		return backend.Description{}, &config.PluginError{Err: fmt.Errorf("exit status 2"), LastWords: "panic: out of cheese"}
	}
	return backend.Description{}, &config.PluginError{Missing: true, Searched: []string{"/usr/lib/addongw"}, Installed: []string{"postgres", "shell"}}
}

func (f *fakePlugins) ValidateConfig(_ context.Context, p config.Plugin, value backend.Value) (backend.ValidateConfigResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.configs = append(f.configs, value)
	var answer backend.ValidateConfigResponse
	v := value.Cty()
	if p.Name == "shell" {
		answer.Outputs = shellOutputs(f.t, v.GetAttr("output"))
		return answer, nil
	}
	if p.Name == "servers" {
		for _, action := range v.GetAttr("actions").AsValueSlice() {
			answer.Actions = append(answer.Actions, action.AsString())
		}
		answer.ActionsOnly = v.GetAttr("only").True()
		return answer, nil
	}
	if p.Name == "caller" {
		return callerAnswer(v), nil
	}
	if p.Name == "picky" || p.Name == "discreet" {
		return answer, nil
	}
	if url, _ := v.GetAttr("admin_url").Unmark(); url.IsKnown() && !url.IsNull() && !strings.HasPrefix(url.AsString(), "postgres://") {
		answer.Diagnostics = append(answer.Diagnostics, backend.Diagnostic{
			Summary: `admin_url must start with "postgres://"`, Path: cty.GetAttrPath("admin_url"),
		})
	}
	for i, e := range v.GetAttr("extensions").AsValueSlice() {
		if e.AsString() == "file_fdw" {
			answer.Diagnostics = append(answer.Diagnostics, backend.Diagnostic{
				Summary: "file_fdw is not allowed", Detail: "it reads files of the server", Path: cty.GetAttrPath("extensions").IndexInt(i),
			})
		}
	}
	return answer, nil
}

func (f *fakePlugins) ValidatePlan(_ context.Context, p config.Plugin, _ backend.Value, plan backend.Plan) (backend.ValidatePlanResponse, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.plans = append(f.plans, plan)
	var answer backend.ValidatePlanResponse
	if p.Name != "postgres" {
		return answer, nil
	}
	if limit := plan.Params.Cty().GetAttr("connection_limit"); limit.IsKnown() && limit.LessThan(cty.NumberIntVal(1)).True() {
		answer.Diagnostics = append(answer.Diagnostics, backend.Diagnostic{
			Summary: "connection_limit must be 1 or more", Path: cty.GetAttrPath("connection_limit"),
		})
	}
	return answer, nil
}

func fakePostgres() backend.Description {
	return backend.Description{
		Name: "postgres", Version: "1.2.0", Capabilities: []backend.Capability{backend.CanChangePlan},
		Config: backend.Schema{Attributes: []backend.Attribute{
			{Name: "admin_url", Type: cty.String, Required: true, Sensitive: true},
			{Name: "database", Type: cty.String, Live: true, ForceNew: true},
			{Name: "role", Type: cty.String, Live: true, ForceNew: true},
			{Name: "comment", Type: cty.String, Live: true},
			{Name: "extensions", Type: cty.List(cty.String), Default: cty.ListValEmpty(cty.String)},
			{Name: "drop_policy", Type: cty.String, Default: cty.StringVal("now")},
			{Name: "pool_size", Type: cty.Number},
			{Name: "ca_file", Type: cty.String, FilePath: true},
		}},
		Plan: backend.Schema{Attributes: []backend.Attribute{
			{Name: "connection_limit", Type: cty.Number, Required: true, Doc: "Connections at once."},
			{Name: "replica", Type: cty.Bool},
		}},
		Options: backend.Schema{Attributes: []backend.Attribute{{Name: "locale", Type: cty.String, Default: cty.StringVal("C")}}},
		Outputs: backend.Schema{Attributes: []backend.Attribute{
			{Name: "username", Type: cty.String},
			{Name: "password", Type: cty.String, Sensitive: true, Generated: 32},
			{Name: "host", Type: cty.String},
			{Name: "port", Type: cty.Number},
			{Name: "database", Type: cty.String},
			{Name: "storage_mb", Type: cty.Number, Measured: true},
		}},
	}
}

// fakePicky takes options of every sort.
func fakePicky() backend.Description {
	d := fakePostgres()
	d.Config = backend.Schema{Open: true}
	d.Options = backend.Schema{Attributes: []backend.Attribute{
		{Name: "locale", Type: cty.String, Default: cty.StringVal("C")},
		{Name: "disk_mb", Type: cty.Number},
		{Name: "tier", Type: cty.Number, Default: cty.NumberIntVal(1)},
		{Name: "extensions", Type: cty.List(cty.String), Required: true, Doc: "What to install."},
		{Name: "token", Type: cty.String, Required: true, Sensitive: true, Doc: "What to sign on with."},
	}}
	return d
}

func fakeShell() backend.Description {
	return backend.Description{
		Name: "shell", Version: "0.9.0",
		Config: backend.Schema{
			Attributes: []backend.Attribute{
				{Name: "directory", Type: cty.String, Required: true, FilePath: true},
				{Name: "env", Type: cty.Map(cty.String), Live: true},
			},
			Blocks: []backend.Block{{Name: "output", Labels: []string{"name"}, Body: backend.Schema{Attributes: []backend.Attribute{
				{Name: "type", Type: cty.String, TypeName: true, Required: true},
				{Name: "sensitive", Type: cty.Bool, Default: cty.False},
			}}}},
		},
		Plan: backend.Schema{Open: true},
	}
}

// shellOutputs makes the outputs that the output blocks declare.
func shellOutputs(t *testing.T, blocks cty.Value) *backend.Schema {
	s := &backend.Schema{}
	for name, b := range blocks.AsValueMap() {
		kind, err := ctyjson.UnmarshalType([]byte(b.GetAttr("type").AsString()))
		if err != nil {
			t.Errorf("output %s has the type %s: %v", name, b.GetAttr("type").AsString(), err)
			continue
		}
		s.Attributes = append(s.Attributes, backend.Attribute{Name: name, Type: kind, Sensitive: b.GetAttr("sensitive").True()})
	}
	return s
}

// fakeDialect is a platform that writes all it was told into its manifest. The
// one called "needycloud" needs every config var.
type fakeDialect struct{ name string }

func (d fakeDialect) Name() string { return d.name }

func (d fakeDialect) Schema() *schema.Block {
	return &schema.Block{Type: "platform", Labels: []string{"id"}, Attributes: []schema.Attribute{
		{Name: "generation", Type: cty.String, Default: `"both"`},
		{Name: "branding", Type: cty.String, Reserved: true},
	}}
}

func (d fakeDialect) Decode(common platform.Common, body hcl.Body, ctx *hcl.EvalContext) (platform.Mount, hcl.Diagnostics) {
	content, diags := schema.Decode(d.Schema(), body, common.Block, ctx)
	for _, v := range common.ConfigVars {
		if !strings.HasPrefix(v.Name, "ACME_DB_") {
			diags = append(diags, diagnostic.New("This name has the wrong beginning", v.Range, diagnostic.Info{Code: "AG411"}))
		}
	}
	if _, ok := common.Regions["eu"]; common.Regions != nil && !ok {
		diags = append(diags, diagnostic.New("The region is missing", common.Range("regions"), diagnostic.Info{Code: "AG401"}))
	}
	if common.PasswordKnown && len(common.Password.Reveal()) < 35 {
		diags = append(diags, diagnostic.New("The password is short", common.Range("password"), diagnostic.Info{Code: "AG413"}))
	}
	return fakeMount{common: common, generation: content.Text("generation"), needy: d.name == "needycloud"}, diags
}

type fakeMount struct {
	common     platform.Common
	generation string
	needy      bool
}

func (m fakeMount) Scope() gateway.Scope {
	return gateway.Scope{Platform: "clevercloud", Addon: m.common.Addon}
}
func (m fakeMount) Manifest(bool) ([]byte, error) {
	return json.Marshal(map[string]any{"id": m.common.ID, "generation": m.generation})
}
func (fakeMount) Routes(platform.Lifecycle, platform.Landing) []platform.Route { return nil }
func (fakeMount) NotFound() http.Handler                                       { return http.NotFoundHandler() }
func (fakeMount) MethodNotAllowed() http.Handler                               { return http.NotFoundHandler() }
func (fakeMount) API() platform.API                                            { return nil }

func (m fakeMount) Profile() platform.Profile {
	return platform.Profile{Name: "Fake Cloud", Dashboard: "https://console.fake.example", FrameAncestors: m.common.FrameAncestors, EveryConfigVar: m.needy}
}
