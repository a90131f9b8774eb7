package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/plugins/backend"
)

func TestOrdersAreJudgedByTheirOptions(t *testing.T) {
	tests := map[string]struct {
		order gateway.Resource
		kind  gateway.Kind // empty: taken
		says  string
	}{
		"only what is required":       {order: order()},
		"all of them":                 {order: order(with("version", "15"), with("locale", "C"), with("backups", "true"), with("spare-disk", "-2.50"))},
		"unknown":                     {order(with("sise", "1")), gateway.Refused, `There is no option "sise"; possible: version, locale, contact, backups, spare-disk.`},
		"unknown and long":            {order(with(strings.Repeat("é", 90), "1")), gateway.Refused, `There is no option "` + strings.Repeat("é", 40) + `…"; possible: version, locale, contact, backups, spare-disk.`},
		"missing":                     {order(func(r *gateway.Resource) { r.Options = nil }), gateway.Refused, `The option "contact" is missing; it must be text.`},
		"not among the values":        {order(with("locale", "it_IT")), gateway.Refused, `The option "locale" must be one of C, fr_FR, de_DE.`},
		"not a number":                {order(with("spare-disk", "much")), gateway.Refused, `The option "spare-disk" must be a number.`},
		"a number that fills memory":  {order(with("spare-disk", "1e999999999")), gateway.Refused, `The option "spare-disk" must be a number.`},
		"a number not on the list":    {order(with("version", "17")), gateway.Refused, `The option "version" must be one of 15, 16.`},
		"the number in another form":  {order: order(with("version", "15.0"))},
		"not true or false":           {order(with("backups", "yes")), gateway.Refused, `The option "backups" must be true or false.`},
		"empty where there is a list": {order(with("locale", "")), gateway.Refused, `The option "locale" must be one of C, fr_FR, de_DE.`},
		"to an add-on without any": {order(func(r *gateway.Resource) { r.Addon, r.Plan, r.Platform = "acme-queue", "one", "othercloud" }),
			gateway.Refused, `There is no option "contact"; this add-on has none.`},
	}
	c := withRules(t, nil)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := c.Judge(tc.order)
			judged(t, err, tc.kind, tc.says)
		})
	}
}

func TestOptionsReachTheBackendTyped(t *testing.T) {
	c := withRules(t, nil)
	for name, tc := range map[string]struct {
		given map[string]string
		want  string
	}{
		"as ordered":                          {map[string]string{"locale": "de_DE", "contact": "a@b"}, "de_DE"},
		"the default of the add-on":           {map[string]string{"contact": "a@b"}, "fr_FR"},
		"of an order from before the options": {nil, "fr_FR"},
	} {
		t.Run(name, func(t *testing.T) {
			op, err := c.Op(order(func(r *gateway.Resource) { r.Options = tc.given }), null(), null())
			if err != nil {
				t.Fatal(err)
			}
			got := op.Options.Cty()
			if !got.GetAttr("locale").RawEquals(cty.StringVal(tc.want)) || len(got.Type().AttributeTypes()) != 1 {
				t.Errorf("options = %#v", got)
			}
		})
	}
	r := order(func(r *gateway.Resource) { r.Addon, r.Plan, r.Options = "acme-queue", "one", nil })
	r.Platform = "clevercloud"
	if _, err := c.Op(r, null(), null()); gateway.KindOf(err) != gateway.Refused {
		t.Errorf("an add-on that is not sold: %v", err)
	}
}

// TestAnOptionIsSensitiveWhereAPluginSaysSo: in templates and on the way to the
// plugin, and no refusal repeats it. Numbers arrive as the plugin's type.
func TestAnOptionIsSensitiveWhereAPluginSaysSo(t *testing.T) {
	dir := t.TempDir()
	text := read(t, "testdata/base.hcl") + `
backend "postgres" "discreet" {
  plugin = "discreet"
}

addon "acme-db" {
  backend = backend.postgres.discreet

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  option "token" {
    required = true
  }

  option "tier" {
    values = ["1", "2"]
  }

  option "comment" {}

  validate "token" {
    condition = strlen(request.options.token) > 8
    message   = "The token is short."
  }

  config_vars = {
    ACME_DB_TOKEN   = "t-${resource.options.token}"
    ACME_DB_COMMENT = resource.options.comment
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
  }
}
`
	if err := os.WriteFile(filepath.Join(dir, "addongw.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, diags := load(t, dir, config.Options{Secrets: true, Environ: environ})
	must(t, c, diags)
	r := order(func(r *gateway.Resource) {
		r.Backend, r.Options = "postgres.discreet", map[string]string{"token": "c4n4ry-token", "tier": "2", "comment": "hello"}
	})
	if _, err := c.Judge(r); err != nil {
		t.Error(err)
	}
	op, err := c.Op(r, null(), null())
	if err != nil {
		t.Fatal(err)
	}
	want := cty.ObjectVal(map[string]cty.Value{
		"locale": cty.StringVal("C"), "disk_mb": cty.NullVal(cty.Number), "tier": cty.NumberIntVal(2),
		"token": cty.StringVal("c4n4ry-token").Mark(backend.Sensitive),
	})
	if got := op.Options.Cty(); !got.RawEquals(want) {
		t.Errorf("options = %#v", got)
	}
	rendered, err := c.Render(r, backend.VerbProvision, outputs())
	if err != nil || len(rendered.ConfigVars) != 2 || !rendered.ConfigVars[0].Sensitive || rendered.ConfigVars[1].Sensitive {
		t.Errorf("config vars %+v, %v", rendered.ConfigVars, err)
	}
	r.Options["token"] = "c4n4ry"
	_, err = c.Judge(r)
	judged(t, err, gateway.Refused, "The token is short.")
	for option, hidden := range map[string]bool{"token": true, "comment": false, "of-former-files": true} {
		if c.HidesOption("acme-db", option) != hidden || !c.HidesOption("acme-gone", option) {
			t.Errorf("%s is hidden: %t", option, !hidden)
		}
	}
}

func TestOptionsAreTypedInTemplates(t *testing.T) {
	r := order(with("version", "15"), with("spare-disk", "2.50"), with("backups", "false"))
	rendered, err := withRules(t, nil).Render(r, backend.VerbProvision, outputs())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, v := range rendered.ConfigVars {
		got[v.Name] = v.Value.Reveal()
	}
	want := map[string]string{"ACME_DB_VERSION": "15", "ACME_DB_CONTACT": "for zoe@acme.example", "ACME_DB_BACKUPS": "false", "ACME_DB_SPARE": "2.5"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestAResourceOutlivesItsOptions: its order was taken by other files.
func TestAResourceOutlivesItsOptions(t *testing.T) {
	r := order(with("version", "a text"), with("gone", "x"))
	c := withRules(t, nil)
	rendered, err := c.Render(r, backend.VerbProvision, outputs())
	if err != nil {
		t.Fatal(err)
	}
	if rendered.ConfigVars[0].Name != "ACME_DB_VERSION" || rendered.ConfigVars[0].Value.Reveal() != "16" {
		t.Errorf("%s = %s", rendered.ConfigVars[0].Name, rendered.ConfigVars[0].Value.Reveal())
	}
	if _, err := c.Op(r, null(), null()); err != nil {
		t.Error(err)
	}
	if _, err := c.JudgePlanChange(order(func(x *gateway.Resource) { x.Plan, x.Options = "free", r.Options }), "standard", (&asked{}).outputs); err != nil {
		t.Error(err)
	}
}
