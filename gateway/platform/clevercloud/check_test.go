package clevercloud

import (
	"testing"

	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/gateway/secret"
)

func TestEveryRuleOfTheBlockIsReportedWhereItWasBroken(t *testing.T) {
	short := secret.New("only-32-characters-0123456789-ab")
	for name, c := range map[string]platformtest.Block{
		"a correct block": {},
		"no eu":           {Change: func(c *platform.Common) { c.Regions = map[string]string{"par": "paris"} }, Want: []string{"AG401 error 4"}},
		"EU in capitals":  {Change: func(c *platform.Common) { c.Regions = map[string]string{"EU": "paris"} }, Want: []string{"AG401 error 4"}},
		"no eu, allowed":  {Change: func(c *platform.Common) { c.Regions = map[string]string{"par": "paris"} }, Settings: "allow_missing_eu = true"},
		"no eu of our own": {
			Change: func(c *platform.Common) { c.Regions, c.AddonRegions = nil, []string{"us"} }, Want: []string{"AG401 error 4"},
		},
		"eu of our own":           {Change: func(c *platform.Common) { c.Regions, c.AddonRegions = nil, []string{"us", "eu"} }},
		"no region, allowed":      {Change: func(c *platform.Common) { c.Regions = map[string]string{} }, Settings: "allow_missing_eu = true", Want: []string{"AG401 error 4"}},
		"regions by case alone":   {Change: func(c *platform.Common) { c.Regions = map[string]string{"eu": "a", "EU": "b"} }, Want: []string{"AG404 error 4"}},
		"an id with capitals":     {Change: func(c *platform.Common) { c.ID = "Acme" }, Want: []string{"AG402 error 5"}},
		"an id with a dot":        {Change: func(c *platform.Common) { c.ID = "acme.db" }, Want: []string{"AG402 error 5"}},
		"an id that ends oddly":   {Change: func(c *platform.Common) { c.ID = "acme-db\n" }, Want: []string{"AG402 error 5"}},
		"an empty id":             {Change: func(c *platform.Common) { c.ID = "" }, Want: []string{"AG402 error 5"}},
		"another user name":       {Change: func(c *platform.Common) { c.Username = "acme" }, Want: []string{"AG403 error 6"}},
		"the id as user name":     {Change: func(c *platform.Common) { c.Username = c.ID }},
		"a config var, no prefix": {Change: func(c *platform.Common) { c.ConfigVars[1].Name = "DATABASE_HOST" }, Want: []string{"AG411 error 12"}},
		"a prefix and no more":    {Change: func(c *platform.Common) { c.ConfigVars[0].Name = "ACME_DB_" }, Want: []string{"AG411 error 11"}},
		"a prefix, no underscore": {Change: func(c *platform.Common) { c.ConfigVars[0].Name = "ACME_DBURL" }, Want: []string{"AG411 error 11"}},
		"small letters behind it": {Change: func(c *platform.Common) { c.ConfigVars[0].Name = "ACME_DB_url" }, Want: []string{"AG411 error 11"}},
		"no config vars":          {Change: func(c *platform.Common) { c.ConfigVars = nil }},
		"http":                    {Change: func(c *platform.Common) { c.BaseURL = "http://a.example/x"; c.TestBaseURL = c.BaseURL }, Want: []string{"AG412 error 10"}},
		"no URL at all":           {Change: func(c *platform.Common) { c.BaseURL, c.TestBaseURL = "", "" }, Want: []string{"AG412 error 10"}},
		"http everywhere": {Change: func(c *platform.Common) {
			c.BaseURL = "http://a.example/x"
			c.SSOURL, c.TestBaseURL, c.TestSSOURL = c.BaseURL+"/sso", c.BaseURL, c.BaseURL+"/sso"
		}, Want: []string{"AG412 error 10"}},
		"http for sign-on":   {Change: func(c *platform.Common) { c.SSOURL = "http://a.example/x"; c.TestSSOURL = "" }, Want: []string{"AG412 error 1"}},
		"http while testing": {Change: func(c *platform.Common) { c.TestBaseURL = "http://localhost:9000" }, Want: []string{"AG412 warning 7"}},
		"http in development": {Change: func(c *platform.Common) {
			c.BaseURL, c.SSOURL, c.Development = "http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x", true
		}},
		"a short password":      {Change: func(c *platform.Common) { c.Password = short }, Want: []string{"AG413 error 2"}},
		"a short password, new": {Change: func(c *platform.Common) { c.Password = short }, Settings: `generation = "current"`, Want: []string{"AG413 error 2"}},
		"a short password, old": {Change: func(c *platform.Common) { c.Password = short }, Settings: `generation = "legacy"`, Want: []string{"AG413 warning 2"}},
		"a short salt":          {Change: func(c *platform.Common) { c.SSOSalt = short }, Want: []string{"AG413 error 3"}},
		"no password":           {Change: func(c *platform.Common) { c.Password = secret.Value{} }, Settings: `generation = "legacy"`, Want: []string{"AG204 error 2"}},
		"the sample password":   {Change: func(c *platform.Common) { c.Password = secret.New(samples[0]) }, Settings: `generation = "legacy"`, Want: []string{"AG414 error 2"}},
		"the sample salt":       {Change: func(c *platform.Common) { c.SSOSalt = secret.New(samples[1]) }, Want: []string{"AG414 error 3"}},
		"secrets unknown as yet": {Change: func(c *platform.Common) {
			c.Password, c.SSOSalt, c.PasswordKnown, c.SSOSaltKnown = secret.Value{}, secret.Value{}, false, false
		}},
		"the password unknown, the salt short": {Change: func(c *platform.Common) {
			c.Password, c.PasswordKnown, c.SSOSalt = secret.Value{}, false, short
		}, Want: []string{"AG413 error 3"}},
		"the password unknown, no salt": {Change: func(c *platform.Common) {
			c.Password, c.PasswordKnown, c.SSOSalt = secret.Value{}, false, secret.Value{}
		}, Want: []string{"AG204 error 3"}},
		"answers later":                {Change: func(c *platform.Common) { c.Mode = "async" }, Want: []string{"AG421 error 9"}},
		"answers at once":              {Change: func(c *platform.Common) { c.Mode = "sync" }},
		"a log drain":                  {Change: func(c *platform.Common) { c.LogDrain, c.Ranges["log_drain_url"] = true, platformtest.Line(15) }, Want: []string{"AG421 error 15"}},
		"a log drain promised":         {Change: func(c *platform.Common) { c.LogDrain, c.Ranges["log_drain"] = true, platformtest.Line(16) }, Want: []string{"AG421 error 16"}},
		"a bad id of the add-on":       {Change: func(c *platform.Common) { c.ID, c.Addon = "Acme", "Acme"; delete(c.Ranges, "id") }},
		"no region at all":             {Change: func(c *platform.Common) { c.Regions, c.AddonRegions = nil, nil }},
		"dollars":                      {Change: func(c *platform.Common) { c.Currency = "USD" }, Want: []string{"AG415 error 13"}},
		"no currency":                  {Change: func(c *platform.Common) { c.Currency = "" }},
		"a generation of its own":      {Settings: `generation = "next"`, Want: []string{"AG213 error 1"}},
		"migrations of its own":        {Settings: `migrations = true`, Want: []string{"AG213 error 1"}},
		"a sign-on where calls arrive": {Change: func(c *platform.Common) { c.SSOPath = "/resources/sso" }, Want: []string{"AG215 error 14"}},
		"a sign-on beside the calls":   {Change: func(c *platform.Common) { c.SSOPath = "/resources-sso" }},
		"a sign-on by nobody":          {Settings: "generation = \"legacy\"\ntoken_only = false", Want: []string{"AG416 error 2"}},
		"a token for the legacy":       {Settings: "generation = \"legacy\"\ntoken_only = true"},
		"a word nobody knows":          {Settings: `generations = "both"`, Want: []string{"AG202 error 1"}},
		"several at once": {
			Change: func(c *platform.Common) {
				c.Regions = map[string]string{}
				c.Currency = "USD"
				c.ConfigVars[0].Name = "URL"
			},
			Settings: `migrations = "always"`, Want: []string{"AG213 error 1", "AG401 error 4", "AG411 error 11", "AG415 error 13"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, diags := c.Check(t, Dialect{}, common())
			if (m == nil) != diags.HasErrors() {
				t.Errorf("the mount is %v", m)
			}
		})
	}
}

func TestDiagnosticsQuoteNoSecret(t *testing.T) {
	platformtest.CheckSecretsAreNotQuoted(t, Dialect{}, common(), samples[0])
}
