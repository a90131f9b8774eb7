package xervo

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

// brief is a diagnostic as "AG402 error 5": code, severity, line.
func brief(diags hcl.Diagnostics) []string {
	found := []string{}
	for _, d := range diags {
		code := "?"
		if info, ok := diagnostic.Of(d); ok {
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
		"a correct block":       {},
		"every setting":         {settings: "gone_grace = \"0s\"\nsso_milliseconds = true"},
		"an id with dashes":     {change: func(c *platform.Common) { c.ID = "acme-db" }, want: []string{"AG402 error 5"}},
		"the add-on's, dashed":  {change: func(c *platform.Common) { c.ID = c.Addon; delete(c.Ranges, "id") }, want: []string{"AG402 error 1"}},
		"an id with capitals":   {change: func(c *platform.Common) { c.ID = "Acme" }, want: []string{"AG402 error 5"}},
		"a digit first":         {change: func(c *platform.Common) { c.ID = "1acme" }, want: []string{"AG402 error 5"}},
		"two underscores":       {change: func(c *platform.Common) { c.ID = "acme__db" }, want: []string{"AG402 error 5"}},
		"an underscore last":    {change: func(c *platform.Common) { c.ID = "acme_" }, want: []string{"AG402 error 5"}},
		"an id that ends oddly": {change: func(c *platform.Common) { c.ID = "acme_db\n" }, want: []string{"AG402 error 5"}},
		"an empty id":           {change: func(c *platform.Common) { c.ID = "" }, want: []string{"AG402 error 5"}},
		"digits in an id": {change: func(c *platform.Common) {
			c.ID = "acme_2"
			c.ConfigVars = []platform.ConfigVarName{{Name: "ACME_2_URL"}}
		}},
		"another user name":       {change: func(c *platform.Common) { c.Username = "acme" }, want: []string{"AG403 error 6"}},
		"the id as user name":     {change: func(c *platform.Common) { c.Username = c.ID }},
		"a config var, no prefix": {change: func(c *platform.Common) { c.ConfigVars[1].Name = "DATABASE_HOST" }, want: []string{"AG411 error 12"}},
		"a prefix, no underscore": {change: func(c *platform.Common) { c.ConfigVars[0].Name = "ACME_DBURL" }, want: []string{"AG411 error 11"}},
		"no config vars":          {change: func(c *platform.Common) { c.ConfigVars = nil }, want: []string{"AG405 error 1"}},
		"http":                    {change: func(c *platform.Common) { c.BaseURL = "http://a.example/x"; c.TestBaseURL = c.BaseURL }, want: []string{"AG412 error 10"}},
		"http while testing":      {change: func(c *platform.Common) { c.TestBaseURL = "http://localhost:9000" }, want: []string{"AG412 warning 7"}},
		"http in development":     {change: func(c *platform.Common) { c.BaseURL, c.Development = "http://127.0.0.1:8080/x", true }},
		"a short password":        {change: func(c *platform.Common) { c.Password = secret.New("only-27-characters-01234567") }, want: []string{"AG413 warning 2"}},
		"what dia init makes":     {change: func(c *platform.Common) { c.Password = secret.New(strings.Repeat("a1", 16)) }},
		"no password":             {change: func(c *platform.Common) { c.Password = secret.Value{} }, want: []string{"AG204 error 2"}},
		"the sample password":     {change: func(c *platform.Common) { c.Password = secret.New("password_goes_here") }, want: []string{"AG414 error 2"}},
		"the sample salt":         {change: func(c *platform.Common) { c.SSOSalt = secret.New("salt_goes_here") }, want: []string{"AG414 error 3"}},
		"secrets unknown as yet": {change: func(c *platform.Common) {
			c.Password, c.SSOSalt, c.PasswordKnown, c.SSOSaltKnown = secret.Value{}, secret.Value{}, false, false
		}},
		"answers later":                {change: func(c *platform.Common) { c.Mode = "async" }, want: []string{"AG421 error 9"}},
		"no region at all":             {change: func(c *platform.Common) { c.Regions, c.AddonRegions = nil, nil }},
		"any currency":                 {change: func(c *platform.Common) { c.Currency = "CHF" }},
		"a sign-on where calls arrive": {change: func(c *platform.Common) { c.SSOPath = "/resources/sso" }, want: []string{"AG215 error 14"}},
		"a grace without unit":         {settings: `gone_grace = "24"`, want: []string{"AG213 error 1"}},
		"a grace beyond 30 days":       {settings: `gone_grace = "721h"`, want: []string{"AG213 error 1"}},
		"a grace below zero":           {settings: `gone_grace = "-1s"`, want: []string{"AG213 error 1"}},
		"a word nobody knows":          {settings: `gone_grase = "1h"`, want: []string{"AG202 error 1"}},
		"several at once": {
			change:   func(c *platform.Common) { c.ID, c.ConfigVars, c.Mode = "Acme DB", nil, "async" },
			settings: `gone_grace = "x"`, want: []string{"AG213 error 1", "AG402 error 5", "AG405 error 1", "AG421 error 9"},
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
	_, diags := decode(t, c, "")
	if info, _ := diagnostic.Of(diags[0]); info.Hint != `write: id = "acme_db"` {
		t.Errorf("the hint is %q", info.Hint)
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
