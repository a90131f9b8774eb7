package xervo

import (
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/gateway/secret"
)

func TestEveryRuleOfTheBlockIsReportedWhereItWasBroken(t *testing.T) {
	for name, c := range map[string]platformtest.Block{
		"a correct block":       {},
		"every setting":         {Settings: "gone_grace = \"0s\"\nsso_milliseconds = true"},
		"an id with dashes":     {Change: func(c *platform.Common) { c.ID = "acme-db" }, Want: []string{"AG402 error 5"}},
		"the add-on's, dashed":  {Change: func(c *platform.Common) { c.ID = c.Addon; delete(c.Ranges, "id") }, Want: []string{"AG402 error 1"}},
		"an id with capitals":   {Change: func(c *platform.Common) { c.ID = "Acme" }, Want: []string{"AG402 error 5"}},
		"a digit first":         {Change: func(c *platform.Common) { c.ID = "1acme" }, Want: []string{"AG402 error 5"}},
		"two underscores":       {Change: func(c *platform.Common) { c.ID = "acme__db" }, Want: []string{"AG402 error 5"}},
		"an underscore last":    {Change: func(c *platform.Common) { c.ID = "acme_" }, Want: []string{"AG402 error 5"}},
		"an id that ends oddly": {Change: func(c *platform.Common) { c.ID = "acme_db\n" }, Want: []string{"AG402 error 5"}},
		"an empty id":           {Change: func(c *platform.Common) { c.ID = "" }, Want: []string{"AG402 error 5"}},
		"digits in an id": {Change: func(c *platform.Common) {
			c.ID = "acme_2"
			c.ConfigVars = []platform.ConfigVarName{{Name: "ACME_2_URL"}}
		}},
		"another user name":       {Change: func(c *platform.Common) { c.Username = "acme" }, Want: []string{"AG403 error 6"}},
		"the id as user name":     {Change: func(c *platform.Common) { c.Username = c.ID }},
		"a config var, no prefix": {Change: func(c *platform.Common) { c.ConfigVars[1].Name = "DATABASE_HOST" }, Want: []string{"AG411 error 12"}},
		"a prefix, no underscore": {Change: func(c *platform.Common) { c.ConfigVars[0].Name = "ACME_DBURL" }, Want: []string{"AG411 error 11"}},
		"no config vars":          {Change: func(c *platform.Common) { c.ConfigVars = nil }, Want: []string{"AG405 error 1"}},
		"http":                    {Change: func(c *platform.Common) { c.BaseURL = "http://a.example/x"; c.TestBaseURL = c.BaseURL }, Want: []string{"AG412 error 10"}},
		"http while testing":      {Change: func(c *platform.Common) { c.TestBaseURL = "http://localhost:9000" }, Want: []string{"AG412 warning 7"}},
		"http in development":     {Change: func(c *platform.Common) { c.BaseURL, c.Development = "http://127.0.0.1:8080/x", true }},
		"a short password":        {Change: func(c *platform.Common) { c.Password = secret.New("only-27-characters-01234567") }, Want: []string{"AG413 warning 2"}},
		"what dia init makes":     {Change: func(c *platform.Common) { c.Password = secret.New(strings.Repeat("a1", 16)) }},
		"no password":             {Change: func(c *platform.Common) { c.Password = secret.Value{} }, Want: []string{"AG204 error 2"}},
		"the sample password":     {Change: func(c *platform.Common) { c.Password = secret.New("password_goes_here") }, Want: []string{"AG414 error 2"}},
		"the sample salt":         {Change: func(c *platform.Common) { c.SSOSalt = secret.New("salt_goes_here") }, Want: []string{"AG414 error 3"}},
		"secrets unknown as yet": {Change: func(c *platform.Common) {
			c.Password, c.SSOSalt, c.PasswordKnown, c.SSOSaltKnown = secret.Value{}, secret.Value{}, false, false
		}},
		"answers later":        {Change: func(c *platform.Common) { c.Mode = "async" }, Want: []string{"AG421 error 9"}},
		"a log drain":          {Change: func(c *platform.Common) { c.LogDrain, c.Ranges["log_drain_url"] = true, platformtest.Line(15) }, Want: []string{"AG421 error 15"}},
		"a log drain promised": {Change: func(c *platform.Common) { c.LogDrain, c.Ranges["log_drain"] = true, platformtest.Line(16) }, Want: []string{"AG421 error 16"}},
		"an API of the platform's own": {Change: func(c *platform.Common) {
			c.APIURL, c.Ranges["api_url"] = "https://api.xervo.io", platformtest.Line(17)
		}, Want: []string{"AG421 error 17"}},
		"no region at all":             {Change: func(c *platform.Common) { c.Regions, c.AddonRegions = nil, nil }},
		"any currency":                 {Change: func(c *platform.Common) { c.Currency = "CHF" }},
		"a sign-on where calls arrive": {Change: func(c *platform.Common) { c.SSOPath = "/resources/sso" }, Want: []string{"AG215 error 14"}},
		"a grace without unit":         {Settings: `gone_grace = "24"`, Want: []string{"AG213 error 1"}},
		"a grace beyond 30 days":       {Settings: `gone_grace = "721h"`, Want: []string{"AG213 error 1"}},
		"a grace below zero":           {Settings: `gone_grace = "-1s"`, Want: []string{"AG213 error 1"}},
		"a word nobody knows":          {Settings: `gone_grase = "1h"`, Want: []string{"AG202 error 1"}},
		"several at once": {
			Change:   func(c *platform.Common) { c.ID, c.ConfigVars, c.Mode = "Acme DB", nil, "async" },
			Settings: `gone_grace = "x"`, Want: []string{"AG213 error 1", "AG402 error 5", "AG405 error 1", "AG421 error 9"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			m, _ := c.Check(t, Dialect{}, common())
			if m == nil || !m.Profile().EveryConfigVar {
				t.Error("without a mount nobody checks that every config var has a value")
			}
		})
	}
}

func TestTheRemedyForAnIDIsAnID(t *testing.T) {
	for id, want := range map[string]string{
		"acme-db": "acme_db", "Acme DB": "acme_db", "acme__db_": "acme_db", "2acme": "acme", "9_9_x": "x", "ünïcode": "n_code", "42": "", "-": "", "": "",
	} {
		if got := nearestID(id); got != want || got != "" && !idPattern.MatchString(got) {
			t.Errorf("%q: %q, want %q", id, got, want)
		}
	}
	c := common()
	c.ID = "acme-db"
	_, diags := platformtest.Decode(t, Dialect{}, c, "")
	if info, _ := diagnostic.Of(diags[0]); info.Hint != `write: id = "acme_db"` {
		t.Errorf("the hint is %q", info.Hint)
	}
}

func TestDiagnosticsQuoteNoSecret(t *testing.T) {
	platformtest.CheckSecretsAreNotQuoted(t, Dialect{}, common(), samples[1])
}
