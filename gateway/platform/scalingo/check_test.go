package scalingo

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/gateway/secret"
)

func TestEveryRuleOfTheBlockIsReportedWhereItWasBroken(t *testing.T) {
	for name, c := range map[string]platformtest.Block{
		"a correct block":              {},
		"a user name of its own":       {Change: func(c *platform.Common) { c.Username = "Anything goes" }},
		"no summary":                   {Change: func(c *platform.Common) { c.Summary = "" }, Want: []string{"AG405 error 1"}},
		"a blank description":          {Change: func(c *platform.Common) { c.Description = " \n" }, Want: []string{"AG405 error 1"}},
		"no config vars":               {Change: func(c *platform.Common) { c.ConfigVars = nil }, Want: []string{"AG405 error 1"}},
		"a plan without a text":        {Change: func(c *platform.Common) { c.Plans[1].Description = "" }, Want: []string{"AG405 error 4"}},
		"a hidden plan without a text": {Change: func(c *platform.Common) { c.Plans[1].Description, c.Plans[1].Unlisted = "", true }},
		"hidden plans only":            {Change: func(c *platform.Common) { c.Plans[0].Unlisted, c.Plans[1].Unlisted = true, true }, Want: []string{"AG405 error 4"}},
		"no plans at all":              {Change: func(c *platform.Common) { c.Plans = nil }},
		"http":                         {Change: func(c *platform.Common) { c.BaseURL = "http://a.example/x"; c.TestBaseURL = c.BaseURL }, Want: []string{"AG412 error 10"}},
		"http while testing":           {Change: func(c *platform.Common) { c.TestBaseURL = "http://localhost:9000" }, Want: []string{"AG412 warning 7"}},
		"http in development": {Change: func(c *platform.Common) {
			c.BaseURL, c.SSOURL, c.Development = "http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x", true
		}, Settings: `sso_failure_redirect = "http://127.0.0.1:9000/"`},
		"a short password":    {Change: func(c *platform.Common) { c.Password = secret.New("only-29-characters-0123456789") }, Want: []string{"AG413 warning 2"}},
		"30 characters":       {Change: func(c *platform.Common) { c.SSOSalt = secret.New("just-30-characters-01234567890") }},
		"no salt":             {Change: func(c *platform.Common) { c.SSOSalt = secret.Value{} }, Want: []string{"AG204 error 3"}},
		"the sample password": {Change: func(c *platform.Common) { c.Password = secret.New(samples[0]) }, Want: []string{"AG414 error 2"}},
		"the sample salt":     {Change: func(c *platform.Common) { c.SSOSalt = secret.New(samples[1]) }, Want: []string{"AG414 error 3"}},
		"secrets unknown as yet": {Change: func(c *platform.Common) {
			c.Password, c.SSOSalt, c.PasswordKnown, c.SSOSaltKnown = secret.Value{}, secret.Value{}, false, false
		}},
		"dollars":                    {Change: func(c *platform.Common) { c.Currency = "USD" }, Want: []string{"AG415 error 13"}},
		"answers later":              {Change: func(c *platform.Common) { c.Mode = "async" }},
		"answers when it is done":    {Change: func(c *platform.Common) { c.Mode = "sync" }},
		"a log drain":                {Change: func(c *platform.Common) { c.LogDrain = true }},
		"a log drain, answers later": {Change: func(c *platform.Common) { c.LogDrain, c.Mode = true, "async" }, Want: []string{"AG421 error 9"}},
		"a region chosen":            {Change: func(c *platform.Common) { c.Regions = map[string]string{"osc-fr1": "paris", "osc-secnum-fr1": "paris"} }},
		"a choice of regions": {Change: func(c *platform.Common) {
			c.Regions, c.Ranges["regions"] = map[string]string{"osc-fr1": "paris", "osc-secnum-fr1": "lyon"}, platformtest.Line(15)
		}, Want: []string{"AG421 error 15"}},
		"a sign-on where calls arrive": {Change: func(c *platform.Common) { c.SSOPath = "/resources/sso" }, Want: []string{"AG215 error 14"}},
		"another id for the API":       {Settings: `api_id = "platform"`},
		"no id for the API":            {Settings: `api_id = "uuid"`, Want: []string{"AG213 error 1"}},
		"a page elsewhere":             {Settings: `sso_failure_redirect = "https://www.acme.example/help"`},
		"a page in the clear":          {Settings: `sso_failure_redirect = "http://www.acme.example/help"`, Want: []string{"AG412 error 1"}},
		"a page that is none":          {Settings: `sso_failure_redirect = "/help"`, Want: []string{"AG412 error 1"}},
		"a word nobody knows":          {Settings: `api_ids = "platform"`, Want: []string{"AG202 error 1"}},
		"several at once": {
			Change:   func(c *platform.Common) { c.Summary, c.ConfigVars, c.Currency = "", nil, "USD" },
			Settings: `api_id = "x"`, Want: []string{"AG213 error 1", "AG405 error 1", "AG405 error 1", "AG415 error 13"},
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

func TestWhatTheManifestLacksComesWithItsRemedy(t *testing.T) {
	c := common()
	c.Summary, c.Plans[0].Description = "", ""
	_, diags := platformtest.Decode(t, Dialect{}, c, "")
	var got []string
	for _, d := range diags {
		info, _ := d.Extra.(diagnostic.Info)
		got = append(got, d.Summary+": "+strings.Join(info.Notes, " "))
	}
	want := []string{
		`Scalingo's manifest needs "short_description": in addon "acme-db": summary = "…"`,
		`Scalingo's manifest needs a description of the plan "hobby": in plan "hobby": description = "…"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
}

func TestDiagnosticsQuoteNoSecret(t *testing.T) {
	platformtest.CheckSecretsAreNotQuoted(t, Dialect{}, common(), samples[1])
}
