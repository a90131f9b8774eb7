package config_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

const (
	goodPassword = "a-password-of-the-length-they-ask-for"
	adminURL     = "postgres://root:hunter2-canary@db/postgres"
)

// complete loads testdata/valid/complete with the given options; where secrets
// are to be read, they are there.
func complete(t *testing.T, o config.Options) (*config.Config, *config.Files, hcl.Diagnostics) {
	t.Helper()
	o.Dialects = completeDialects()
	if o.Secrets {
		if o.Vars == nil {
			o.Vars = map[string]string{}
		}
		o.Vars["secrets_directory"] = secretsDirectory(t)
	}
	return load(t, "testdata/valid/complete", o)
}

func completeDialects() []platform.Dialect {
	return []platform.Dialect{fakeDialect{name: "clevercloud"}, fakeDialect{name: "othercloud"}}
}

func secretsDirectory(t *testing.T) string {
	t.Helper()
	key := base64.StdEncoding.EncodeToString(bytes.Repeat([]byte{7}, 32))
	dir := t.TempDir()
	for name, text := range map[string]string{
		"keyring_2026_11": key, "keyring_2025_11": key, "postgres_admin_url": adminURL + "\n",
		"clever_password": goodPassword, "clever_sso_salt": goodPassword + "-salt",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// must fails the test on any diagnostic.
func must(t *testing.T, c *config.Config, diags hcl.Diagnostics) *config.Config {
	t.Helper()
	if len(diags) > 0 {
		t.Fatalf("diagnostics:\n%s", describe(diags))
	}
	return c
}

func TestACompleteDirectoryLoads(t *testing.T) {
	c, _, diags := complete(t, config.Options{Secrets: true})
	must(t, c, diags)

	dir, err := filepath.Abs("testdata/valid/complete")
	if err != nil {
		t.Fatal(err)
	}
	wantGateway := config.Gateway{
		Listen: "127.0.0.1:8080", BaseURL: "https://addons.acme.example", PluginDirs: []string{filepath.Join(dir, "plugins")},
		Drain: 45 * time.Second, AdminListen: "unix:/run/addongw/admin.sock", LogFormat: "json", LogLevel: "warn",
	}
	if diff := cmp.Diff(wantGateway, c.Gateway); diff != "" {
		t.Errorf("gateway (-want +got)\n%s", diff)
	}
	if want := (config.Store{Kind: "sqlite", Path: filepath.Join(dir, "state/addongw.db")}); c.Store != want {
		t.Errorf("store = %+v, want %+v", c.Store, want)
	}
	if len(c.Keyring) != 2 || c.Keyring[0].ID != "2026-11" || !c.Keyring[0].Primary || c.Keyring[1].Primary || c.Keyring[1].Value.Empty() {
		t.Errorf("keyring = %+v", c.Keyring)
	}
	if c.Summary.Files != 2 || c.Summary.Addons != 3 || c.Summary.Platforms != 4 || c.Summary.Plans != 6 || c.Summary.Values == 0 {
		t.Errorf("summary = %+v", c.Summary)
	}
}

func TestABackendHasItsLimitsAndItsSettings(t *testing.T) {
	plugins := &fakePlugins{t: t}
	c, _, diags := complete(t, config.Options{Secrets: true, Plugins: answering(plugins)})
	must(t, c, diags)
	b := c.Backends[0]
	if b.Name != "postgres.main" || b.Concurrency != 8 || b.MaxAttempts != 5 || b.MinBackoff != time.Second {
		t.Errorf("backend = %+v", b)
	}
	want := map[backend.Verb]time.Duration{backend.VerbProvision: 25 * time.Second, backend.VerbDeprovision: 2 * time.Minute,
		backend.VerbSuspend: 3 * time.Second, backend.VerbResume: 4 * time.Second, backend.VerbRotate: 6 * time.Second}
	if diff := cmp.Diff(want, b.Timeouts); diff != "" {
		t.Errorf("timeouts (-want +got)\n%s", diff)
	}
	if !b.Plugin.TLS || c.Backends[1].Plugin.TLS {
		t.Error("tls is true unless the block says otherwise")
	}
	settings := b.Config.Cty()
	url, marks := settings.GetAttr("admin_url").Unmark()
	if url.AsString() != adminURL || len(marks) == 0 {
		t.Errorf("admin_url: %d marks, or not the secret's text", len(marks))
	}
	if !settings.GetAttr("database").IsNull() {
		t.Error("a live setting must be null for Configure")
	}
	if got := settings.GetAttr("drop_policy").AsString(); got != "now" {
		t.Errorf("drop_policy = %q, want the plugin's default", got)
	}
	if got := settings.GetAttr("ca_file").AsString(); !filepath.IsAbs(got) || filepath.Base(got) != "ca.pem" {
		t.Errorf("ca_file = %q, want an absolute path", got)
	}
}

func TestPluginsCheckWithUnknownSecretsAndLiveSettings(t *testing.T) {
	plugins := &fakePlugins{t: t}
	c, _, diags := complete(t, config.Options{Plugins: answering(plugins)})
	must(t, c, diags)
	for _, value := range plugins.configs {
		v := value.Cty()
		if !v.Type().HasAttribute("admin_url") {
			continue
		}
		if url, _ := v.GetAttr("admin_url").Unmark(); url.IsKnown() {
			t.Error("admin_url is known although secrets are not read")
		}
		database := v.GetAttr("database")
		if database.IsKnown() || database.Range().StringPrefix() != "acme_" {
			t.Errorf("database = %#v, want an unknown text that begins with acme_", database)
		}
	}
	if len(plugins.plans) != 4+2 {
		t.Errorf("%d plans were checked, want 6", len(plugins.plans))
	}
}

func TestOutputBlocksOfADynamicBlockBecomeOutputs(t *testing.T) {
	c, _, diags := complete(t, config.Options{})
	must(t, c, diags)
	sensitive := map[string]bool{}
	for _, o := range c.Backends[1].Description.Outputs.Attributes {
		sensitive[o.Name] = o.Sensitive
	}
	if diff := cmp.Diff(map[string]bool{"url": true, "used_mb": false}, sensitive); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAPlatformIsToldWhatItNeeds(t *testing.T) {
	c, _, diags := complete(t, config.Options{Secrets: true})
	must(t, c, diags)
	first := c.Mounts[0]
	if first.Prefix != "/clevercloud/acme-db" {
		t.Errorf("prefix = %q", first.Prefix)
	}
	mount := first.Mount.(fakeMount)
	common := mount.common
	if mount.generation != "current" || common.ID != "acme-postgres" || common.Username != "clever" || common.Password.Reveal() != goodPassword {
		t.Errorf("generation %q, id %q, username %q", mount.generation, common.ID, common.Username)
	}
	urls := []string{common.BaseURL, common.SSOURL, common.TestBaseURL, common.TestSSOURL}
	want := []string{
		"https://addons.acme.example/clevercloud/acme-db", "https://addons.acme.example/clevercloud/acme-db/sso",
		"https://test.acme.example/clever", "https://addons.acme.example/clevercloud/acme-db/sso",
	}
	if diff := cmp.Diff(want, urls); diff != "" {
		t.Errorf("URLs (-want +got)\n%s", diff)
	}
	var plans []string
	for _, p := range common.Plans {
		plans = append(plans, fmt.Sprintf("%s=%s %s %g", p.ID, p.Slug, p.Name, p.Price))
	}
	if diff := cmp.Diff([]string{"standard=standard Standard 15", "hobby=dev Hobby 0"}, plans); diff != "" {
		t.Errorf("plans (-want +got)\n%s", diff)
	}
	if diff := cmp.Diff(map[string]string{"eu": "eu", "par": "eu"}, common.Regions); diff != "" || common.DefaultRegion != "eu" {
		t.Errorf("default region %q, regions (-want +got)\n%s", common.DefaultRegion, diff)
	}
	var names []string
	for _, v := range common.ConfigVars {
		names = append(names, v.Name)
	}
	if diff := cmp.Diff([]string{"ACME_DB_URL", "ACME_DB_POOL_MAX", "ACME_DB_NOTE", "ACME_DB_OWNER", "ACME_DB_DOCS", "ACME_DB_REPLICA", "ACME_DB_REGION"}, names); diff != "" {
		t.Errorf("config vars (-want +got)\n%s", diff)
	}
	for _, path := range []string{"password", "test.base_url", "config_vars.ACME_DB_REGION", "regions"} {
		if common.Range(path) == common.Block {
			t.Errorf("no range for %s", path)
		}
	}
	if got := c.Mounts[1]; got.Prefix != "/acme/pg" || got.Mount.(fakeMount).common.SSOURL != "https://login.acme.example/sso" || got.Mount.(fakeMount).common.Regions != nil {
		t.Errorf("second mount: %q, %+v", got.Prefix, got.Mount.(fakeMount).common)
	}
}

func TestPlansKeepTheOrderOfTheFile(t *testing.T) {
	for dir, want := range map[string][]string{
		"complete": {"hobby", "standard", "business", "legacy-small"},
		"json":     {"zeta", "alpha"},
	} {
		t.Run(dir, func(t *testing.T) {
			c, _, diags := load(t, "testdata/valid/"+dir, config.Options{
				Dialects: completeDialects(),
			})
			must(t, c, diags)
			var got []string
			for _, p := range c.Addons[0].Plans {
				got = append(got, p.ID)
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

func TestVariablesTakeTheValueOfTheStrongestSource(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("addongw.hcl", read(t, "testdata/base.hcl")+`
variable "title" {
  type    = string
  default = "from the default"
}

variable "price" {
  type    = number
  default = 1
}

addon "acme-db" {
  name    = var.title
  backend = backend.postgres.main

  region "eu" {}

  plan "a" {
    price  = var.price
    params = { connection_limit = 5 }
  }
}
`)
	write("more.vars.hcl", `title = "from --var-file"`)
	environ := func(name string) (string, bool) {
		value, ok := map[string]string{"ADDONGW_VAR_title": "from the environment", "ADDONGW_VAR_price": "42"}[name]
		return value, ok
	}
	steps := []struct {
		want  string
		price float64
		do    func(o *config.Options)
	}{
		{"from the default", 1, func(*config.Options) {}},
		{"from addongw.vars.hcl", 1, func(*config.Options) { write("addongw.vars.hcl", `title = "from addongw.vars.hcl"`) }},
		{"from --var-file", 1, func(o *config.Options) { o.VarFiles = []string{filepath.Join(dir, "more.vars.hcl")} }},
		{"from the environment", 42, func(o *config.Options) { o.Environ = environ }},
		{"from --var", 42, func(o *config.Options) { o.Vars = map[string]string{"title": "from --var"} }},
	}
	var o config.Options
	for _, step := range steps {
		step.do(&o)
		c, _, diags := load(t, dir, o)
		must(t, c, diags)
		if got := c.Addons[0]; got.Name != step.want || got.Plans[0].Price != step.price {
			t.Errorf("name %q, price %g; want %q, %g", got.Name, got.Plans[0].Price, step.want, step.price)
		}
	}
}

func TestDevelopmentNeedsNoCredentialsOfPlatforms(t *testing.T) {
	dir := t.TempDir()
	text := strings.ReplaceAll(read(t, "testdata/base.hcl"), "gateway {\n  base_url = \"https://addons.acme.example\"\n}\n", "")
	text = strings.ReplaceAll(text, `secret("env:PG_ADMIN_URL")`, `"postgres://x"`)
	text += `
addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "a" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    password = secret("env:NOT_SET")
    sso_salt = secret("env:NOT_SET")
  }
}
`
	if err := os.WriteFile(filepath.Join(dir, "addongw.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, files, diags := load(t, dir, config.Options{Secrets: true, Development: &config.Development{
		Listen: "127.0.0.1:4242", BaseURL: "http://127.0.0.1:4242",
		Credentials: func(addon, platform string) (string, string) {
			return goodPassword + addon + platform, goodPassword + "salt"
		},
	}})
	must(t, c, diags)
	common := c.Mounts[0].Mount.(fakeMount).common
	if common.Password.Reveal() != goodPassword+"acme-dbclevercloud" || !common.PasswordKnown || !common.SSOSaltKnown || !common.Development {
		t.Errorf("credentials known: %t, %t, development: %t", common.PasswordKnown, common.SSOSaltKnown, common.Development)
	}
	if c.Gateway.Listen != "127.0.0.1:4242" || common.BaseURL != "http://127.0.0.1:4242/clevercloud/acme-db" {
		t.Errorf("listen %q, base URL %q", c.Gateway.Listen, common.BaseURL)
	}
	for _, want := range []string{goodPassword + "acme-dbclevercloud", goodPassword + "salt", "postgres://x"} {
		if !slices.ContainsFunc(files.Secrets(), func(s secret.Value) bool { return s.Reveal() == want }) {
			t.Errorf("the redactor does not learn of %s", want)
		}
	}
}

func TestADirectoryWithoutAnAddOnSaysSo(t *testing.T) {
	empty := t.TempDir()
	for name, dir := range map[string]string{"empty": empty, "missing": filepath.Join(empty, "nowhere")} {
		t.Run(name, func(t *testing.T) {
			_, _, diags := load(t, dir, config.Options{})
			if len(diags) != 1 {
				t.Fatalf("diagnostics:\n%s", describe(diags))
			}
			if info, _ := diagnostic.Of(diags[0]); info.Code != "AG210" {
				t.Errorf("code = %s", info.Code)
			}
		})
	}
}

func TestFourMistakesAreShownWithCaretAndRemedy(t *testing.T) {
	dir, _ := unpack(t, "testdata/invalid/four_at_once.hcl")
	_, files, diags := load(t, dir, config.Options{})
	var out bytes.Buffer
	if err := diagnostic.WriteText(&out, diags, diagnostic.Options{Files: files.Map()}); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`error[AG305]: "pool_size" takes a number, not text`, "^^^^^^ write a number, such as 10",
		`error[AG204]: This plan needs the param "connection_limit"`, "^^^^^^^^^^ add: params = { connection_limit = … }",
		`error[AG207]: plan "free" is defined twice`, "first defined here",
		`error[AG302]: "output" has no value named "usrname"`, `^^^^^^^ did you mean "username"?`,
		"backend.postgres.main offers: database, host, password, port, storage_mb, username",
		"fixture.hcl:4:17", "fixture.hcl:17:3", "fixture.hcl:20:3", "fixture.hcl:25:40",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("missing: %s\n%s", want, out.String())
		}
	}
}

func TestAMisspeltCommonSettingIsComparedWithAllOfThePlatforms(t *testing.T) {
	dir, _ := unpack(t, "testdata/invalid/platform_setting_misspelt.hcl")
	_, _, diags := load(t, dir, config.Options{})
	for _, d := range diags {
		info, _ := diagnostic.Of(d)
		if strings.Contains(d.Summary, "pasword") && (info.Hint != `did you mean "password"?` || len(info.Notes) > 0) {
			t.Errorf("hint %q, notes %q", info.Hint, info.Notes)
		}
	}
}

// meetingPlugins answers Describe only when several calls have arrived.
type meetingPlugins struct {
	fakePlugins
	once    sync.Once
	arrived chan struct{}
	all     chan struct{}
	want    int
}

func (m *meetingPlugins) Describe(ctx context.Context, p config.Plugin) (backend.Description, error) {
	m.once.Do(func() {
		go func() {
			for range m.want {
				<-m.arrived
			}
			close(m.all)
		}()
	})
	m.arrived <- struct{}{}
	select {
	case <-m.all:
		return m.fakePlugins.Describe(ctx, p)
	case <-time.After(10 * time.Second):
		return backend.Description{}, fmt.Errorf("nobody else came")
	}
}

func TestPluginsAreAskedAtTheSameTime(t *testing.T) {
	c, _, diags := complete(t, config.Options{
		Plugins: answering(&meetingPlugins{fakePlugins: fakePlugins{t: t}, arrived: make(chan struct{}), all: make(chan struct{}), want: 2}),
	})
	must(t, c, diags)
}

func TestPluginsAreLookedForWhereTheGatewayBlockSays(t *testing.T) {
	var got []string
	_, _, diags := complete(t, config.Options{Plugins: func(dirs []string) (config.Plugins, error) {
		got = dirs
		return nil, fmt.Errorf("no room for sockets")
	}})
	if len(got) != 1 || filepath.Base(got[0]) != "plugins" || !filepath.IsAbs(got[0]) {
		t.Errorf("directories %v", got)
	}
	if len(diags) != 1 || diags[0].Subject != nil {
		t.Errorf("a host that can't be opened:\n%s", describe(diags))
	}
}

func TestWithoutPluginsOutputsAreAnything(t *testing.T) {
	c, _, diags := config.Load(t.Context(), config.Options{
		Dir: "testdata/valid/complete", Dialects: completeDialects(),
	})
	must(t, c, diags)
}
