package clevercloud

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/secret"
)

// brief is a diagnostic as "AG401 error 4": code, severity, line.
func brief(diags hcl.Diagnostics) []string {
	found := []string{}
	for _, d := range diags {
		code := "?"
		if info, ok := d.Extra.(diagnostic.Info); ok {
			code = info.Code
		}
		severity := "error"
		if d.Severity == hcl.DiagWarning {
			severity = "warning"
		}
		found = append(found, fmt.Sprint(code, " ", severity, " ", d.Subject.Start.Line))
	}
	slices.Sort(found)
	return found
}

func TestEveryRuleOfTheBlockIsReportedWhereItWasBroken(t *testing.T) {
	short := secret.New("only-32-characters-0123456789-ab")
	for name, c := range map[string]struct {
		change   func(*platform.Common)
		settings string
		want     []string
	}{
		"a correct block": {},
		"no eu":           {change: func(c *platform.Common) { c.Regions = map[string]string{"par": "paris"} }, want: []string{"AG401 error 4"}},
		"EU in capitals":  {change: func(c *platform.Common) { c.Regions = map[string]string{"EU": "paris"} }, want: []string{"AG401 error 4"}},
		"no eu, allowed":  {change: func(c *platform.Common) { c.Regions = map[string]string{"par": "paris"} }, settings: "allow_missing_eu = true"},
		"no eu of our own": {
			change: func(c *platform.Common) { c.Regions, c.AddonRegions = nil, []string{"us"} }, want: []string{"AG401 error 4"},
		},
		"eu of our own":           {change: func(c *platform.Common) { c.Regions, c.AddonRegions = nil, []string{"us", "eu"} }},
		"no region, allowed":      {change: func(c *platform.Common) { c.Regions = map[string]string{} }, settings: "allow_missing_eu = true", want: []string{"AG401 error 4"}},
		"regions by case alone":   {change: func(c *platform.Common) { c.Regions = map[string]string{"eu": "a", "EU": "b"} }, want: []string{"AG404 error 4"}},
		"an id with capitals":     {change: func(c *platform.Common) { c.ID = "Acme" }, want: []string{"AG402 error 5"}},
		"an id with a dot":        {change: func(c *platform.Common) { c.ID = "acme.db" }, want: []string{"AG402 error 5"}},
		"an id that ends oddly":   {change: func(c *platform.Common) { c.ID = "acme-db\n" }, want: []string{"AG402 error 5"}},
		"an empty id":             {change: func(c *platform.Common) { c.ID = "" }, want: []string{"AG402 error 5"}},
		"another user name":       {change: func(c *platform.Common) { c.Username = "acme" }, want: []string{"AG403 error 6"}},
		"the id as user name":     {change: func(c *platform.Common) { c.Username = c.ID }},
		"a config var, no prefix": {change: func(c *platform.Common) { c.ConfigVars[1].Name = "DATABASE_HOST" }, want: []string{"AG411 error 12"}},
		"a prefix and no more":    {change: func(c *platform.Common) { c.ConfigVars[0].Name = "ACME_DB_" }, want: []string{"AG411 error 11"}},
		"a prefix, no underscore": {change: func(c *platform.Common) { c.ConfigVars[0].Name = "ACME_DBURL" }, want: []string{"AG411 error 11"}},
		"small letters behind it": {change: func(c *platform.Common) { c.ConfigVars[0].Name = "ACME_DB_url" }, want: []string{"AG411 error 11"}},
		"no config vars":          {change: func(c *platform.Common) { c.ConfigVars = nil }},
		"http":                    {change: func(c *platform.Common) { c.BaseURL = "http://a.example/x"; c.TestBaseURL = c.BaseURL }, want: []string{"AG412 error 10"}},
		"no URL at all":           {change: func(c *platform.Common) { c.BaseURL, c.TestBaseURL = "", "" }, want: []string{"AG412 error 10"}},
		"http everywhere": {change: func(c *platform.Common) {
			c.BaseURL = "http://a.example/x"
			c.SSOURL, c.TestBaseURL, c.TestSSOURL = c.BaseURL+"/sso", c.BaseURL, c.BaseURL+"/sso"
		}, want: []string{"AG412 error 10"}},
		"http for sign-on":   {change: func(c *platform.Common) { c.SSOURL = "http://a.example/x"; c.TestSSOURL = "" }, want: []string{"AG412 error 1"}},
		"http while testing": {change: func(c *platform.Common) { c.TestBaseURL = "http://localhost:9000" }, want: []string{"AG412 warning 7"}},
		"http in development": {change: func(c *platform.Common) {
			c.BaseURL, c.SSOURL, c.Development = "http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x", true
		}},
		"a short password":      {change: func(c *platform.Common) { c.Password = short }, want: []string{"AG413 error 2"}},
		"a short password, new": {change: func(c *platform.Common) { c.Password = short }, settings: `generation = "current"`, want: []string{"AG413 error 2"}},
		"a short password, old": {change: func(c *platform.Common) { c.Password = short }, settings: `generation = "legacy"`, want: []string{"AG413 warning 2"}},
		"a short salt":          {change: func(c *platform.Common) { c.SSOSalt = short }, want: []string{"AG413 error 3"}},
		"no password":           {change: func(c *platform.Common) { c.Password = secret.Value{} }, settings: `generation = "legacy"`, want: []string{"AG204 error 2"}},
		"the sample password":   {change: func(c *platform.Common) { c.Password = secret.New(samples[0]) }, settings: `generation = "legacy"`, want: []string{"AG414 error 2"}},
		"the sample salt":       {change: func(c *platform.Common) { c.SSOSalt = secret.New(samples[1]) }, want: []string{"AG414 error 3"}},
		"secrets unknown as yet": {change: func(c *platform.Common) {
			c.Password, c.SSOSalt, c.PasswordKnown, c.SSOSaltKnown = secret.Value{}, secret.Value{}, false, false
		}},
		"the password unknown, the salt short": {change: func(c *platform.Common) {
			c.Password, c.PasswordKnown, c.SSOSalt = secret.Value{}, false, short
		}, want: []string{"AG413 error 3"}},
		"the password unknown, no salt": {change: func(c *platform.Common) {
			c.Password, c.PasswordKnown, c.SSOSalt = secret.Value{}, false, secret.Value{}
		}, want: []string{"AG204 error 3"}},
		"answers later":                {change: func(c *platform.Common) { c.Mode = "async" }, want: []string{"AG421 error 9"}},
		"answers at once":              {change: func(c *platform.Common) { c.Mode = "sync" }},
		"a log drain":                  {change: func(c *platform.Common) { c.LogDrain, c.Ranges["log_drain_url"] = true, line(15) }, want: []string{"AG421 error 15"}},
		"a log drain promised":         {change: func(c *platform.Common) { c.LogDrain, c.Ranges["log_drain"] = true, line(16) }, want: []string{"AG421 error 16"}},
		"a bad id of the add-on":       {change: func(c *platform.Common) { c.ID, c.Addon = "Acme", "Acme"; delete(c.Ranges, "id") }},
		"no region at all":             {change: func(c *platform.Common) { c.Regions, c.AddonRegions = nil, nil }},
		"dollars":                      {change: func(c *platform.Common) { c.Currency = "USD" }, want: []string{"AG415 error 13"}},
		"no currency":                  {change: func(c *platform.Common) { c.Currency = "" }},
		"a generation of its own":      {settings: `generation = "next"`, want: []string{"AG213 error 1"}},
		"migrations of its own":        {settings: `migrations = true`, want: []string{"AG213 error 1"}},
		"a sign-on where calls arrive": {change: func(c *platform.Common) { c.SSOPath = "/resources/sso" }, want: []string{"AG215 error 14"}},
		"a sign-on beside the calls":   {change: func(c *platform.Common) { c.SSOPath = "/resources-sso" }},
		"a sign-on by nobody":          {settings: "generation = \"legacy\"\ntoken_only = false", want: []string{"AG416 error 2"}},
		"a token for the legacy":       {settings: "generation = \"legacy\"\ntoken_only = true"},
		"a word nobody knows":          {settings: `generations = "both"`, want: []string{"AG202 error 1"}},
		"several at once": {
			change: func(c *platform.Common) {
				c.Regions = map[string]string{}
				c.Currency = "USD"
				c.ConfigVars[0].Name = "URL"
			},
			settings: `migrations = "always"`, want: []string{"AG213 error 1", "AG401 error 4", "AG411 error 11", "AG415 error 13"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			block := common()
			if c.change != nil {
				c.change(&block)
			}
			m, diags := decode(t, block, c.settings)
			if c.want == nil {
				c.want = []string{}
			}
			if diff := cmp.Diff(c.want, brief(diags)); diff != "" {
				t.Errorf("diagnostics (-want +got):\n%s", diff)
			}
			if (m == nil) != diags.HasErrors() {
				t.Errorf("the mount is %v", m)
			}
		})
	}
}

func TestDiagnosticsQuoteNoSecret(t *testing.T) {
	c := common()
	c.Password, c.SSOSalt = secret.New("hunter2-hunter2"), secret.New(samples[0])
	_, diags := decode(t, c, "")
	if len(diags) != 2 {
		t.Fatalf("diagnostics: %v", brief(diags))
	}
	for _, d := range diags {
		text := fmt.Sprintf("%s %s %+v", d.Summary, d.Detail, d.Extra)
		if strings.Contains(text, "hunter2") || strings.Contains(text, samples[0]) {
			t.Errorf("a diagnostic quotes a secret: %s", text)
		}
	}
}
