package config_test

import (
	"crypto/sha1"
	"encoding/hex"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/all"
	"github.com/addongw/addongw/gateway/platform/platformtest"
)

// commonSetting is one way to write a setting that every platform has.
type commonSetting struct {
	text    string            // in the block
	but     map[string]string // the same for a platform whose default text is
	refused map[string]string // by platform, with the code; everywhere else it has an effect
}

// commonSettings has every setting of the table at least once. URLs that are
// called begin with "API".
var commonSettings = map[string]commonSetting{
	"id":              {text: `id = "other"`, but: map[string]string{"clevercloud": "id = \"other\"\nconfig_vars = { OTHER_URL = \"x\", ACME_URL = null }", "xervo": "id = \"other\"\nconfig_vars = { OTHER_URL = \"x\", ACME_URL = null }"}},
	"username":        {text: `username = "boss"`, refused: map[string]string{"clevercloud": "AG403", "xervo": "AG403"}},
	"password":        {text: `password = secret("env:ANOTHER_PASSWORD")`},
	"sso_salt":        {text: `sso_salt = secret("env:ANOTHER_SALT")`},
	"regions":         {text: `regions = { eu = "us" }`},
	"regions, two":    {text: `regions = { eu = "us", us = "eu" }`, refused: map[string]string{"scalingo": "AG421"}},
	"plans":           {text: `plans = ["gold"]`},
	"plan_names":      {text: `plan_names = { hobby = "free" }`},
	"path":            {text: `path = "/elsewhere"`},
	"sso_path":        {text: `sso_path = "/enter"`},
	"sso_url":         {text: `sso_url = "https://www.acme.example/enter"`},
	"mode":            {text: `mode = "async"`, refused: map[string]string{"clevercloud": "AG421", "xervo": "AG421"}},
	"deadline":        {text: `deadline = "3s"`},
	"sso_window":      {text: `sso_window = "2m"`},
	"sso_skew":        {text: `sso_skew = "0s"`},
	"sso_single_use":  {text: `sso_single_use = false`, but: map[string]string{"scalingo": `sso_single_use = true`}},
	"config_vars":     {text: `config_vars = { ACME_HOST = "x" }`},
	"api_url":         {text: `api_url = "API"`, refused: map[string]string{"xervo": "AG421"}},
	"frame_ancestors": {text: `frame_ancestors = ["https://frames.acme.example"]`},
	"log_drain_url":   {text: `log_drain_url = "https://logs.acme.example"`, refused: map[string]string{"clevercloud": "AG421", "xervo": "AG421"}},
	"log_drain": {
		text: "log_drain = true", but: map[string]string{"scalingo": "log_drain = true\nlog_drain_url = \"https://logs.acme.example\""},
		refused: map[string]string{"clevercloud": "AG421", "xervo": "AG421"},
	},
	"test.base_url": {text: `test { base_url = "https://test.acme.example" }`},
	"test.sso_url":  {text: `test { sso_url = "https://test.acme.example" }`},
}

// TestNoPlatformIgnoresACommonSetting writes each into a block of each platform:
// somebody sees a difference, or the platform says that it has no use for it.
func TestNoPlatformIgnoresACommonSetting(t *testing.T) {
	for _, d := range all.Dialects() {
		before, diags := commonBlock(t, d, "")
		if len(diags) > 0 {
			t.Fatalf("%s: %s", d.Name(), describe(diags))
		}
		for name, s := range commonSettings {
			t.Run(d.Name()+"/"+name, func(t *testing.T) {
				text := s.text
				if own, ok := s.but[d.Name()]; ok {
					text = own
				}
				after, diags := commonBlock(t, d, text)
				if code := s.refused[d.Name()]; code != "" {
					if len(diags) != 1 || codeOf(diags[0]) != code || diags[0].Subject.Start.Line != firstOwnLine {
						t.Errorf("want %s on line %d\n%s", code, firstOwnLine, describe(diags))
					}
					return
				}
				if len(diags) > 0 {
					t.Fatal(describe(diags))
				}
				if after == before {
					t.Errorf("it is ignored: whatever is asked, the answer is\n%s", after)
				}
			})
		}
	}
}

func TestTheTableOfCommonSettingsIsComplete(t *testing.T) {
	table := config.PlatformTable()
	var names []string
	for _, a := range table.Attributes {
		if !a.Reserved {
			names = append(names, a.Name)
		}
	}
	for _, b := range table.Blocks {
		for _, a := range b.Attributes {
			if !b.Reserved && !a.Reserved {
				names = append(names, b.Type+"."+a.Name)
			}
		}
	}
	for _, name := range names {
		if _, tried := commonSettings[name]; !tried {
			t.Errorf("%s is not tried on every platform", name)
		}
	}
	for name := range commonSettings {
		if setting, _, _ := strings.Cut(name, ","); !slices.Contains(names, setting) {
			t.Errorf("there is no setting %s", name)
		}
	}
}

// firstOwnLine is where the text that is tried begins in commonFile.
const firstOwnLine = 28

const commonFile = `gateway {
  base_url = "https://addons.acme.example"
}
backend "postgres" "main" {
  config {
    admin_url = secret("env:ADMIN_URL")
    database  = "acme_${resource.short_id}"
    role      = "u_${resource.short_id}"
  }
}
addon "acme" {
  backend     = backend.postgres.main
  summary     = "A database in a minute"
  description = "A database of your own."
  region "eu" {}
  region "us" {}
  plan "hobby" {
    description = "For one small app."
    params      = { connection_limit = 5 }
  }
  plan "gold" {
    description = "For many apps."
    params      = { connection_limit = 50 }
  }
  config_vars = { ACME_URL = "x" }
  platform "PLATFORM" {
    # what is tried:
SETTINGS
  }
}
`

// commonBlock loads a file that is right on every platform, with settings in
// its platform block, and returns all that can be seen of the mount.
func commonBlock(t *testing.T, d platform.Dialect, settings string) (string, hcl.Diagnostics) {
	t.Helper()
	var calls atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { calls.Add(1) }))
	t.Cleanup(api.Close)
	called := strings.Contains(settings, `"API"`)
	lines := []string{strings.Replace(settings, `"API"`, strconv.Quote(api.URL), 1)}
	for _, secret := range []string{`password = secret("env:PASSWORD")`, `sso_salt = secret("env:SALT")`} {
		if name, _, _ := strings.Cut(secret, " "); !strings.HasPrefix(settings, name) {
			lines = append(lines, secret)
		}
	}
	dir := t.TempDir()
	text := strings.NewReplacer("PLATFORM", d.Name(), "SETTINGS", strings.Join(lines, "\n")).Replace(commonFile)
	if err := os.WriteFile(filepath.Join(dir, "sold.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, diags := load(t, dir, config.Options{
		Dialects: []platform.Dialect{d}, Secrets: true,
		Environ: func(name string) (value string, ok bool) {
			value, ok = map[string]string{
				"ADMIN_URL": "postgres://x", "PASSWORD": platformtest.Password, "SALT": platformtest.Salt,
				"ANOTHER_PASSWORD": "another-" + platformtest.Password, "ANOTHER_SALT": "another-" + platformtest.Salt,
			}[name]
			return value, ok
		},
	})
	diags = slices.DeleteFunc(diags, func(d *hcl.Diagnostic) bool { return codeOf(d) == "AG232" }) // a plan that is left out is sold nowhere
	if len(diags) > 0 {
		return "", diags
	}
	m := c.Mounts[0]
	if called && m.Mount.API() != nil {
		_, _ = m.Mount.API().List(t.Context())
	}
	return fmt.Sprintln(m.Prefix, m.Mount.Scope(), m.Mount.Profile(), calls.Load() > 0) + manifestOf(t, m.Mount) + ordersOf(t, m.Mount) + signOnsOf(m.Mount), nil
}

func codeOf(d *hcl.Diagnostic) string {
	info, _ := diagnostic.Of(d)
	return info.Code
}

func manifestOf(t *testing.T, m platform.Mount) string {
	t.Helper()
	manifest, err := m.Manifest(true)
	if err != nil {
		t.Fatal(err)
	}
	return string(manifest)
}

// ordersOf orders each plan by each name, with an id under each platform's name
// for it.
func ordersOf(t *testing.T, m platform.Mount) (seen string) {
	t.Helper()
	for i, plan := range []string{"hobby", "gold", "free"} {
		memory := platformtest.NewMemory(m.Scope(), "ACME_URL")
		body := fmt.Sprintf(`{"addon_id": "o%[1]d", "xervo_id": "o%[1]d", "uuid": "o%[1]d", "app_id": "a", "plan": %[2]q, "region": "eu"}`, i, plan)
		for _, username := range []string{"acme", "boss"} {
			r := httptest.NewRequest("POST", platform.ResourcesPath, strings.NewReader(body))
			r.SetBasicAuth(username, platformtest.Password)
			w := httptest.NewRecorder()
			platformtest.Router(m, memory).ServeHTTP(w, r)
			seen += fmt.Sprintln(plan, username, w.Code)
		}
		for _, o := range memory.Orders() {
			seen += fmt.Sprintln(o.Plan, o.Region)
		}
	}
	return seen
}

// signOnsOf signs on some time ago and somewhat ahead, by the digest and the
// fields that all platforms of the family take.
func signOnsOf(m platform.Mount) (seen string) {
	for _, age := range []time.Duration{0, 3 * time.Minute, -30 * time.Second} {
		timestamp := strconv.FormatInt(time.Now().Add(-age).Unix(), 10)
		sum := sha1.Sum([]byte("res_1:" + platformtest.Salt + ":" + timestamp))
		form := url.Values{"id": {"res_1"}, "timestamp": {timestamp}, "token": {hex.EncodeToString(sum[:])}}.Encode()
		for _, route := range m.Routes(nil, nil) {
			if strings.HasPrefix(route.Path, platform.ResourcesPath) {
				continue
			}
			r := httptest.NewRequest(route.Method, route.Path, strings.NewReader(form))
			r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
			r.URL.RawQuery = form
			visit := platformtest.SignOn(m, &platformtest.Everything{State: gateway.Active}, r)
			seen += fmt.Sprintln(route.Path, age, visit.Code, visit.Customer.Proof != "")
		}
	}
	return seen
}
