package config_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// mail sells accounts of a service that is called.
const mail = `
gateway {
  base_url = "https://addons.acme.example"
}

locals {
  token = secret("env:TOKEN")
  zones = { eu = "z1", us = "z2" }
}

variable "unused" {
  type    = string
  default = "never mentioned"
}

backend "caller" "main" {
  config {
    base_url = "https://api.acme.example"

    provision {
      path = "/accounts?zone=${local.zones["eu"]}"
      body = {
        ref    = resource.id
        tier   = plan.params.tier
        origin = "${addon.name} on ${platform.id}"
        token  = local.token
      }
      outputs = {
        account_id = response.body.account.id
        tier       = "${plan.id}: ${upper(response.body.tier)}"
      }
    }

    change_plan {
      path = <<-END
        /accounts/${output.account_id}
        END
    }

    action "create_server" {
      path = "/servers/${args.name}?size=${plan.id}&region=${region.id}"
    }

    action "delete_server" {
      path = "/servers/${output.ref}"
    }
  }
}

addon "acme-mail" {
  name    = "Acme Mail"
  backend = backend.caller.main

  region "eu" {}

  plan "starter" {
    params = { tier = "s0" }
  }

  platform "clevercloud" {
    password = secret("env:PASSWORD")
    sso_salt = secret("env:SALT")
  }
}

provider "nanobox" "tinyhost" {
  backend = backend.caller.main

  region "lyo1" {
    sizes = ["b1"]
  }
}
`

const mailToken, mailPassword = "the-token-of-mail", "the-password-of-mail-on-clever-cloud"

// mailed loads a text as the configuration.
func mailed(t *testing.T, name, text string) (*config.Config, *config.Files, *fakePlugins, hcl.Diagnostics) {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	plugins := &fakePlugins{t: t}
	c, files, diags := load(t, dir, config.Options{Secrets: true, Plugins: answering(plugins), Environ: func(name string) (string, bool) {
		value, ok := map[string]string{"TOKEN": mailToken, "PASSWORD": mailPassword, "SALT": mailPassword + mailPassword}[name]
		return value, ok
	}})
	return c, files, plugins, diags
}

func mailResource() gateway.Resource {
	r := resource()
	r.Addon, r.Plan, r.Backend = "acme-mail", "starter", "caller.main"
	return r
}

// at finds an attribute of a config value.
func at(v cty.Value, path ...string) cty.Value {
	for _, name := range path {
		v = v.GetAttr(name)
	}
	return v
}

// evaluated is what the plugin makes of an expression.
func evaluated(t *testing.T, v cty.Value, own map[string]cty.Value) cty.Value {
	t.Helper()
	e, err := expr.FromValue(v)
	if err != nil {
		t.Fatal(err)
	}
	result, err := e.Value(own)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestAPluginEvaluatesWhatTheOperationKnows(t *testing.T) {
	c, _, _, diags := mailed(t, "addongw.hcl", mail)
	op, err := must(t, c, diags).Op(mailResource(), null(), null())
	if err != nil {
		t.Fatal(err)
	}
	live := op.Config.Cty()
	if got := evaluated(t, at(live, "provision", "path"), nil); !got.RawEquals(cty.StringVal("/accounts?zone=z1")) {
		t.Errorf("path %#v", got)
	}
	body := evaluated(t, at(live, "provision", "body"), nil)
	want := cty.ObjectVal(map[string]cty.Value{
		"ref": cty.StringVal("res_01"), "tier": cty.StringVal("s0"), "origin": cty.StringVal("Acme Mail on clevercloud"),
		"token": cty.StringVal(mailToken).Mark(backend.Sensitive),
	})
	if !body.RawEquals(want) {
		t.Errorf("body %#v", body)
	}
	own := map[string]cty.Value{"response": cty.ObjectVal(map[string]cty.Value{"body": cty.ObjectVal(map[string]cty.Value{
		"tier": cty.StringVal("big"), "account": cty.ObjectVal(map[string]cty.Value{"id": cty.NumberIntVal(7)}),
	})})}
	outputs := evaluated(t, at(live, "provision", "outputs"), own)
	if want := cty.MapVal(map[string]cty.Value{"account_id": cty.StringVal("7"), "tier": cty.StringVal("starter: BIG")}); !outputs.RawEquals(want) {
		t.Errorf("outputs %#v", outputs)
	}
	if e, err := expr.FromValue(at(live, "change_plan", "body")); err != nil || e.IsSet() {
		t.Errorf("what was not written is set: %v", err)
	}
	changed, err := c.Op(mailResource(), backend.NewValue(cty.ObjectVal(map[string]cty.Value{"account_id": cty.StringVal("a7")})), null())
	if err != nil {
		t.Fatal(err)
	}
	if got := evaluated(t, at(changed.Config.Cty(), "change_plan", "path"), nil); !got.RawEquals(cty.StringVal("/accounts/a7\n")) {
		t.Errorf("path of the change %#v", got)
	}
}

// TestAnExpressionCarriesNoMoreThanItMentions: platform.id does not need the
// platform's password, nor one local all the others.
func TestAnExpressionCarriesNoMoreThanItMentions(t *testing.T) {
	c, _, _, diags := mailed(t, "addongw.hcl", mail)
	op, err := must(t, c, diags).Op(mailResource(), null(), null())
	if err != nil {
		t.Fatal(err)
	}
	named := map[string][]string{}
	for _, name := range []string{"path", "body", "outputs"} {
		_ = cty.Walk(at(op.Config.Cty(), "provision", name, "roots"), func(p cty.Path, v cty.Value) (bool, error) {
			if bare, _ := v.Unmark(); bare.Type().IsPrimitiveType() {
				var words []string
				for _, step := range p {
					words = append(words, step.(cty.GetAttrStep).Name)
				}
				named[name] = append(named[name], strings.Join(words, "."))
			}
			return true, nil
		})
		slices.Sort(named[name])
	}
	want := map[string][]string{
		"path":    {"local.zones.eu", "local.zones.us"},
		"body":    {"addon.name", "local.token", "plan.params.tier", "platform.id", "resource.id"},
		"outputs": {"plan.id"},
	}
	if diff := cmp.Diff(want, named); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	text, err := op.MarshalBinary()
	if err != nil {
		t.Fatal(err)
	}
	for _, secret := range []string{mailPassword, "never mentioned"} {
		if strings.Contains(string(text), secret) {
			t.Errorf("the operation holds %q", secret)
		}
	}
	var again backend.Op
	if err := again.UnmarshalBinary(text); err != nil || !again.Config.Cty().RawEquals(op.Config.Cty()) {
		t.Errorf("stored, it is another one: %v", err)
	}
}

func TestExpressionsOfActionsKnowTheServer(t *testing.T) {
	c, _, _, diags := mailed(t, "addongw.hcl", mail)
	must(t, c, diags)
	of := server()
	of.Backend = "caller.main"
	op, err := c.Op(of, backend.NewValue(cty.ObjectVal(map[string]cty.Value{"ref": cty.StringVal("i-7")})), null())
	if err != nil {
		t.Fatal(err)
	}
	actions := op.Config.Cty().GetAttr("action")
	args := map[string]cty.Value{"args": cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("web.1")})}
	for action, want := range map[string]string{"create_server": "/servers/web.1?size=b1&region=lyo1", "delete_server": "/servers/i-7"} {
		if got := evaluated(t, at(actions, action, "path"), args); !got.RawEquals(cty.StringVal(want)) {
			t.Errorf("%s: %#v", action, got)
		}
	}
	if _, err := c.Op(gateway.Resource{Kind: gateway.KindServer, Platform: "nanobox", Addon: "tinyhost"}, null(), null()); err != nil {
		t.Errorf("about no server: %v", err)
	}
}

func TestWhileFilesAreCheckedRootsAreUnknown(t *testing.T) {
	c, _, plugins, diags := mailed(t, "addongw.hcl", mail)
	must(t, c, diags)
	provision := at(plugins.configs[0].Cty(), "provision")
	if got := evaluated(t, at(provision, "body"), nil); !got.Type().HasAttribute("tier") || got.IsWhollyKnown() {
		t.Errorf("body %#v", got)
	}
	if got := evaluated(t, at(provision, "outputs"), map[string]cty.Value{"response": cty.DynamicVal}); got.IsWhollyKnown() {
		t.Errorf("outputs %#v", got)
	}
	if got := evaluated(t, at(provision, "path"), nil); !got.RawEquals(cty.StringVal("/accounts?zone=z1")) {
		t.Errorf("path %#v", got)
	}
	for _, b := range c.Backends {
		if v := at(b.Config.Cty(), "provision", "path"); !v.IsNull() {
			t.Errorf("Configure is told %#v", v)
		}
	}
}

// TestExpressionsOfUnknownBlocksAreUnknown: a secret that is not read yet says
// how many blocks there are.
func TestExpressionsOfUnknownBlocksAreUnknown(t *testing.T) {
	const block = `
    change_plan {
      path = <<-END
        /accounts/${output.account_id}
        END
    }
`
	const many = `
    dynamic "change_plan" {
      for_each = split(",", nonsensitive(local.token))

      content {
        path = "/accounts/${output.account_id}"
      }
    }
`
	dir, plugins := t.TempDir(), &fakePlugins{t: t}
	if err := os.WriteFile(filepath.Join(dir, "addongw.hcl"), []byte(strings.Replace(mail, block, many, 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, _, diags := load(t, dir, config.Options{Plugins: answering(plugins)}); len(diags) > 0 {
		t.Fatal(describe(diags))
	}
	if got := evaluated(t, at(plugins.configs[0].Cty(), "change_plan", "path"), nil); got.IsKnown() {
		t.Errorf("path %#v", got)
	}
}

func TestExpressionsInJSON(t *testing.T) {
	const text = `{
  "gateway": {"base_url": "https://addons.acme.example"},
  "backend": {"caller": {"main": {"config": {"provision": {
    "path": "/accounts/${resource.id}",
    "body": {"name": "${upper(\"é\")}-${plan.params.tier}", "all": [1, true, null]},
    "outputs": "${response.body}"
  }}}}},
  "addon": {"acme-mail": {"backend": "backend.caller.main", "region": {"eu": {}}, "plan": {"starter": {"params": {"tier": "s0"}}},
    "platform": {"clevercloud": {"password": "${secret(\"env:PASSWORD\")}", "sso_salt": "${secret(\"env:SALT\")}"}}}}
}`
	c, _, _, diags := mailed(t, "addongw.hcl.json", text)
	op, err := must(t, c, diags).Op(mailResource(), null(), null())
	if err != nil {
		t.Fatal(err)
	}
	provision := op.Config.Cty().GetAttr("provision")
	want := cty.ObjectVal(map[string]cty.Value{
		"name": cty.StringVal("É-s0"), "all": cty.TupleVal([]cty.Value{cty.NumberIntVal(1), cty.True, cty.NullVal(cty.DynamicPseudoType)}),
	})
	if got := evaluated(t, at(provision, "body"), nil); !got.RawEquals(want) {
		t.Errorf("body %#v", got)
	}
	if got := evaluated(t, at(provision, "path"), nil); !got.RawEquals(cty.StringVal("/accounts/res_01")) {
		t.Errorf("path %#v", got)
	}
	e, err := expr.FromValue(at(provision, "outputs"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := e.Value(map[string]cty.Value{"response": cty.EmptyObjectVal}); err == nil || !strings.Contains(err.Error(), "addongw.hcl.json:6:") {
		t.Errorf("error %v", err)
	}
	_, _, _, diags = mailed(t, "addongw.hcl.json", strings.Replace(text, "${resource.id}", `${secret(\"env:TOKEN\")}`, 1))
	if !slices.ContainsFunc(diags, isCode("AG303")) || len(diags) != 1 {
		t.Errorf("secret() in JSON:\n%s", describe(diags))
	}
}

func TestAMistakeInAnExpressionIsShownWithItsRemedy(t *testing.T) {
	for change, want := range map[[2]string]string{
		{"plan.params.tier", "plan.params.teir"}: `error[AG302]: "plan.params" has no value named "teir"
  --> addongw.hcl:24:30, in backend "caller" "main"
   |
24 |         tier   = plan.params.teir
   |                              ^^^^ did you mean "tier"?
   = plan.params has: size, tier
   = help: addongw explain AG302

`,
		{"local.token", `secret("env:TOKEN")`}: `error[AG303]: secret() can't be called here
  --> addongw.hcl:26:18, in backend "caller" "main"
   |
26 |         token  = secret("env:TOKEN")
   |                  ^^^^^^ write locals { x = secret(…) }, and local.x here
   = the plugin evaluates this setting itself, and reads no secrets, files and environment
   = help: addongw explain AG303

`,
		{"/accounts?zone=", `/accounts?key=${secret("env:TOKEN")}&zone=`}: `error[AG303]: secret() can't be called here
  --> addongw.hcl:21:31, in backend "caller" "main"
   |
21 |       path = "/accounts?key=${secret("env:TOKEN")}&zone=${local.zones["eu"]}"
   |                               ^^^^^^ it is shown in the clear; a secret may be in body
   = Write locals { x = secret(…) }, and local.x there
   = the plugin evaluates this setting itself, and reads no secrets, files and environment
   = help: addongw explain AG303

`,
		{"/accounts?zone=", "/accounts?key=${local.token}&zone="}: `error[AG309]: A secret can't be part of a setting of this backend
  --> addongw.hcl:21:14, in backend "caller" "main"
   |
21 |       path = "/accounts?key=${local.token}&zone=${local.zones["eu"]}"
   |              ^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^^ it is shown in the clear; a secret may be in body
   = help: addongw explain AG309

`,
		{"resource.id", "response.id"}: `error[AG303]: "response" has no value here
  --> addongw.hcl:23:18, in backend "caller" "main"
   |
23 |         ref    = response.id
   |                  ^^^^^^^^ it has one only in outputs
   = help: addongw explain AG303

`,
	} {
		_, files, _, diags := mailed(t, "addongw.hcl", strings.Replace(mail, change[0], change[1], 1))
		var out strings.Builder
		names := map[string]*hcl.File{}
		for name, file := range files.Map() {
			names[filepath.Base(name)] = file
		}
		for _, d := range diags {
			d.Subject.Filename = filepath.Base(d.Subject.Filename)
		}
		if err := diagnostic.WriteText(&out, diags, diagnostic.Options{Files: names}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, out.String()); diff != "" {
			t.Errorf("%s (-want +got)\n%s", change[1], diff)
		}
	}
}
