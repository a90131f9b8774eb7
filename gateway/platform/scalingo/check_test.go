package scalingo

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

// brief is a diagnostic as "AG405 error 4": code, severity, line.
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
	for name, c := range map[string]struct {
		change   func(*platform.Common)
		settings string
		want     []string
	}{
		"a correct block":              {},
		"a user name of its own":       {change: func(c *platform.Common) { c.Username = "Anything goes" }},
		"no summary":                   {change: func(c *platform.Common) { c.Summary = "" }, want: []string{"AG405 error 1"}},
		"a blank description":          {change: func(c *platform.Common) { c.Description = " \n" }, want: []string{"AG405 error 1"}},
		"no config vars":               {change: func(c *platform.Common) { c.ConfigVars = nil }, want: []string{"AG405 error 1"}},
		"a plan without a text":        {change: func(c *platform.Common) { c.Plans[1].Description = "" }, want: []string{"AG405 error 4"}},
		"a hidden plan without a text": {change: func(c *platform.Common) { c.Plans[1].Description, c.Plans[1].Unlisted = "", true }},
		"hidden plans only":            {change: func(c *platform.Common) { c.Plans[0].Unlisted, c.Plans[1].Unlisted = true, true }, want: []string{"AG405 error 4"}},
		"no plans at all":              {change: func(c *platform.Common) { c.Plans = nil }},
		"http":                         {change: func(c *platform.Common) { c.BaseURL = "http://a.example/x"; c.TestBaseURL = c.BaseURL }, want: []string{"AG412 error 10"}},
		"http while testing":           {change: func(c *platform.Common) { c.TestBaseURL = "http://localhost:9000" }, want: []string{"AG412 warning 7"}},
		"http in development": {change: func(c *platform.Common) {
			c.BaseURL, c.SSOURL, c.Development = "http://127.0.0.1:8080/x", "http://127.0.0.1:8080/x", true
		}, settings: `sso_failure_redirect = "http://127.0.0.1:9000/"`},
		"a short password":    {change: func(c *platform.Common) { c.Password = secret.New("only-29-characters-0123456789") }, want: []string{"AG413 warning 2"}},
		"30 characters":       {change: func(c *platform.Common) { c.SSOSalt = secret.New("just-30-characters-01234567890") }},
		"no salt":             {change: func(c *platform.Common) { c.SSOSalt = secret.Value{} }, want: []string{"AG204 error 3"}},
		"the sample password": {change: func(c *platform.Common) { c.Password = secret.New(samples[0]) }, want: []string{"AG414 error 2"}},
		"the sample salt":     {change: func(c *platform.Common) { c.SSOSalt = secret.New(samples[1]) }, want: []string{"AG414 error 3"}},
		"secrets unknown as yet": {change: func(c *platform.Common) {
			c.Password, c.SSOSalt, c.PasswordKnown, c.SSOSaltKnown = secret.Value{}, secret.Value{}, false, false
		}},
		"dollars":                      {change: func(c *platform.Common) { c.Currency = "USD" }, want: []string{"AG415 error 13"}},
		"answers later":                {change: func(c *platform.Common) { c.Mode = "async" }},
		"answers when it is done":      {change: func(c *platform.Common) { c.Mode = "sync" }},
		"a log drain":                  {change: func(c *platform.Common) { c.LogDrain = true }},
		"a log drain, answers later":   {change: func(c *platform.Common) { c.LogDrain, c.Mode = true, "async" }, want: []string{"AG421 error 9"}},
		"a sign-on where calls arrive": {change: func(c *platform.Common) { c.SSOPath = "/resources/sso" }, want: []string{"AG215 error 14"}},
		"another id for the API":       {settings: `api_id = "platform"`},
		"no id for the API":            {settings: `api_id = "uuid"`, want: []string{"AG213 error 1"}},
		"a page elsewhere":             {settings: `sso_failure_redirect = "https://www.acme.example/help"`},
		"a page in the clear":          {settings: `sso_failure_redirect = "http://www.acme.example/help"`, want: []string{"AG412 error 1"}},
		"a page that is none":          {settings: `sso_failure_redirect = "/help"`, want: []string{"AG412 error 1"}},
		"a word nobody knows":          {settings: `api_ids = "platform"`, want: []string{"AG202 error 1"}},
		"several at once": {
			change:   func(c *platform.Common) { c.Summary, c.ConfigVars, c.Currency = "", nil, "USD" },
			settings: `api_id = "x"`, want: []string{"AG213 error 1", "AG405 error 1", "AG405 error 1", "AG415 error 13"},
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

func TestWhatTheManifestLacksComesWithItsRemedy(t *testing.T) {
	c := common()
	c.Summary, c.Plans[0].Description = "", ""
	_, diags := decode(t, c, "")
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
	c := common()
	c.Password, c.SSOSalt = secret.New("hunter2-hunter2"), secret.New(samples[1])
	_, diags := decode(t, c, "")
	if len(diags) != 2 {
		t.Fatalf("diagnostics: %v", brief(diags))
	}
	for _, d := range diags {
		text := fmt.Sprintf("%s %s %+v", d.Summary, d.Detail, d.Extra)
		if strings.Contains(text, "hunter2") || strings.Contains(text, samples[1]) {
			t.Errorf("a diagnostic quotes a secret: %s", text)
		}
	}
}
