package config_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

const tinyToken = "tiny-token-canary"

// rents loads testdata/valid/servers, with more text behind it.
func rents(t *testing.T, more string, o config.Options) (*config.Config, *config.Files) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{
		"gateway.hcl": read(t, "testdata/valid/servers/gateway.hcl"), "servers.hcl": read(t, "testdata/valid/servers/servers.hcl"), "then.hcl": more,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if o.Environ == nil {
		o.Environ = func(name string) (string, bool) {
			text, ok := map[string]string{"TINY_TOKEN": tinyToken, "PG_ADMIN_URL": adminURL}[name]
			return text, ok
		}
	}
	c, files, diags := load(t, dir, o)
	return must(t, c, diags), files
}

func server() gateway.Resource {
	return gateway.Resource{
		ID: "res_07", ShortID: "bcdefg234567", ProviderID: "res_07", Kind: gateway.KindServer, Platform: "nanobox", Addon: "tinyhost",
		Plan: "b1", Region: "lyo1", Backend: "servers.main", Name: "web.1", Owner: gateway.Owner{ID: "caller"}, CreatedAt: time.Unix(1, 0),
	}
}

func key() gateway.Resource {
	r := server()
	r.Kind, r.Plan, r.Region = gateway.KindSSHKey, "", ""
	return r
}

func TestAProviderIsServedWithWhatIsItsOwn(t *testing.T) {
	c, files := rents(t, "", config.Options{Secrets: true})
	if len(c.Providers) != 1 || c.Summary.Providers != 1 || c.Summary.Addons != 0 || len(c.Mounts) != 0 {
		t.Fatalf("providers %v, summary %+v", c.Providers, c.Summary)
	}
	p := c.Providers[0]
	bound := p.Provider.(fakeProvider)
	if p.Prefix != "/nanobox/tinyhost" || p.Backend != "servers.main" || p.Scope().Addon != "tinyhost" || bound.token != tinyToken {
		t.Errorf("provider %+v", p)
	}
	common := bound.common
	if common.ID != "tinyhost" || common.BaseURL != "https://addons.acme.example/nanobox/tinyhost" || common.Backend != "servers.main" || common.Development || common.Accepted != nil {
		t.Errorf("common %+v", common)
	}
	if !common.ActionsKnown || !common.Can(gateway.ActionCreateServer) || common.Can(gateway.ActionVerify) {
		t.Errorf("actions %v, known: %t", common.Actions, common.ActionsKnown)
	}
	lines := strings.Split(read(t, "testdata/valid/servers/servers.hcl"), "\n")
	for at, want := range map[int]string{common.BackendRange.Start.Line: "backend = backend.", common.Block.Start.Line: "provider ", common.Label.Start.Line: "provider "} {
		if !strings.Contains(lines[at-1], want) {
			t.Errorf("line %d is no place of %q", at, want)
		}
	}
	if common.Label.Start.Column != len(`provider "nanobox" `)+1 {
		t.Errorf("the label is at %s", common.Label)
	}
	if !slices.ContainsFunc(files.Secrets(), func(v secret.Value) bool { return v.Reveal() == tinyToken }) {
		t.Error("the token is not known to be secret")
	}
}

func TestAProvidersPathAndWrittenSecretsAreHeeded(t *testing.T) {
	c, _ := rents(t, `
provider "microbox" "bighost" {
  backend = backend.servers.main
  path    = "/big/"
  token   = sensitive("written-canary")

  region "r" {}
}
`, config.Options{Secrets: true})
	p := c.Providers[1]
	if p.Prefix != "/big" || p.Provider.(fakeProvider).common.BaseURL != "https://addons.acme.example/big" {
		t.Errorf("prefix %q, %+v", p.Prefix, p.Provider)
	}
	if !slices.ContainsFunc(c.Secrets(), func(v secret.Value) bool { return v.Reveal() == "written-canary" }) {
		t.Error("a secret that is written in the block is not known to be one")
	}
}

func TestNothingIsSaidOfActionsThatNobodyWasAskedFor(t *testing.T) {
	dir := "testdata/valid/servers"
	c, _, diags := config.Load(t.Context(), config.Options{Dir: dir, Providers: fakeProviders()})
	if common := must(t, c, diags).Providers[0].Provider.(fakeProvider).common; common.ActionsKnown || len(common.Actions) > 0 {
		t.Errorf("actions %v, known: %t", common.Actions, common.ActionsKnown)
	}
	c, _, diags = load(t, dir, config.Options{Plugins: answering(mistaken{&fakePlugins{t: t}})})
	if c != nil || !strings.Contains(describe(diags), "AG603") {
		t.Fatalf("the plugin's mistake is lost:\n%s", describe(diags))
	}
	if strings.Contains(describe(diags), "AG405") {
		t.Errorf("a plugin that found a mistake lists no actions, and that is held against it:\n%s", describe(diags))
	}
}

// mistaken finds fault with every config, and says nothing else.
type mistaken struct{ *fakePlugins }

func (mistaken) ValidateConfig(context.Context, config.Plugin, backend.Value) (backend.ValidateConfigResponse, error) {
	return backend.ValidateConfigResponse{Diagnostics: backend.Diagnostics{{Summary: "it is wrong"}}}, nil
}

func TestInDevelopmentAProviderNeedsNoSecrets(t *testing.T) {
	dev := &config.Development{
		Listen: "127.0.0.1:1", BaseURL: "http://localhost:1",
		Credentials: func(addon, platform string) (string, string) { return goodPassword, goodPassword },
		Accepted:    func(provider, credential string) string { return provider + "/" + credential },
	}
	load := func(environ map[string]string) fakeProvider {
		c, _ := rents(t, "", config.Options{Secrets: true, Development: dev, Environ: func(name string) (string, bool) {
			text, ok := environ[name]
			return text, ok
		}})
		return c.Providers[0].Provider.(fakeProvider)
	}
	p := load(map[string]string{"PG_ADMIN_URL": adminURL})
	if p.tokenKnown || !p.common.Development || p.common.BaseURL != "http://localhost:1/nanobox/tinyhost" {
		t.Errorf("provider %+v", p)
	}
	if p.common.Accepted == nil || p.common.Accepted("access-token") != "tinyhost/access-token" {
		t.Error("accepted credentials are not those of development")
	}
	if p = load(map[string]string{"PG_ADMIN_URL": adminURL, "TINY_TOKEN": tinyToken}); p.token != tinyToken {
		t.Errorf("a secret that is there is not read: %+v", p)
	}
}

func TestAProvidersMistakesAreToldOnceAndInItsWords(t *testing.T) {
	for fixture, want := range map[string][]string{
		"provider_settings_misspelt": {
			`AG202 "backnd" is no setting of a provider · did you mean "backend"? · settings here: backend, name, path, token`,
			`AG202 "pth" is no setting of a provider · did you mean "path"? · settings here: backend, name, path, token`,
			`AG202 "tokn" is no setting of a provider · did you mean "token"? · settings here: backend, name, path, token`,
			`AG202 "size" is no setting of a region · did you mean "sizes"? · settings here: retired, sizes`,
			"AG401 The region is missing · ", "AG405 Nothing is ever deleted · ", `AG305 "name" takes text, not a list · use join(",", …) or jsonencode(…)`,
		},
		"provider_of_an_unknown_platform": {
			`AG201 There is no platform "nanbox" that rents servers · did you mean "nanobox"? · platforms: microbox, nanobox`,
			`AG299 "heroku" is not in this version · the word is kept for a later version; remove it`,
		},
		"provider_of_an_add_on_platform":          {`AG421 Clevercloud rents no servers · it sells add-ons: use a platform "clevercloud" block inside of an addon`},
		"add_on_on_a_platform_of_servers":         {`AG421 Nanobox isn't an add-on marketplace · use a provider "nanobox" block`},
		"previous_name_of_an_addon_is_a_provider": {`AG207 There is a provider "tinyhost" still · its resources are its own; remove the name here, or that block`},
	} {
		dir, _ := unpack(t, "testdata/invalid/"+fixture+".hcl")
		_, _, diags := load(t, dir, config.Options{})
		if diff := cmp.Diff(want, wordsOf(diags)); diff != "" {
			t.Errorf("%s (-want +got)\n%s", fixture, diff)
		}
	}
}

func TestAnOfferOfServersHasNothingToGenerate(t *testing.T) {
	c, _ := rents(t, "", config.Options{})
	for _, of := range [][4]string{{"nanobox", "tinyhost", "b2", "lyo1"}, {"nanobox", "tinyhost", "", ""}} {
		got, err := c.Offer(of[0], of[1], of[2], of[3])
		if diff := cmp.Diff(gateway.Offer{Backend: "servers.main"}, got); diff != "" || err != nil {
			t.Errorf("%v: %v (-want +got)\n%s", of, err, diff)
		}
	}
	for name, of := range map[string][4]string{
		"another provider": {"nanobox", "bighost", "b1", "lyo1"},
		"another platform": {"microbox", "tinyhost", "b1", "lyo1"},
		"another region":   {"nanobox", "tinyhost", "b1", "mars"},
		"a region alone":   {"nanobox", "tinyhost", "", "mars"},
		"another size":     {"nanobox", "tinyhost", "b9", "lyo1"},
		"a size elsewhere": {"nanobox", "tinyhost", "b2", "par1"},
	} {
		if _, err := c.Offer(of[0], of[1], of[2], of[3]); gateway.KindOf(err) != gateway.Refused {
			t.Errorf("%s: error %v, want refused", name, err)
		}
	}
}

func TestAnOpForAServerHasItsFactsInLiveSettings(t *testing.T) {
	c, _ := rents(t, "", config.Options{})
	said := backend.NewValue(cty.ObjectVal(map[string]cty.Value{"external_ip": cty.StringVal("192.0.2.1"), "password": cty.StringVal("pass")}))
	for name, tc := range map[string]struct {
		of      gateway.Resource
		outputs backend.Value
		want    map[string]any
	}{
		"before there are outputs": {server(), null(),
			map[string]any{"comment": "b1 in lyo1 of Tiny Host for caller on nanobox", "env": map[string]any{"ADDRESS": nil}}},
		"afterwards": {server(), said,
			map[string]any{"comment": "b1 in lyo1 of Tiny Host for caller on nanobox", "env": map[string]any{"ADDRESS": "192.0.2.1"}, "login": "pass"}},
	} {
		op, err := c.Op(tc.of, tc.outputs, null())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if op.ResourceID != "res_07" || op.ShortID != "bcdefg234567" || op.Addon != "tinyhost" || op.Plan.ID != "b1" || op.Region.ID != "lyo1" || len(op.Credential) > 0 {
			t.Errorf("%s: op %+v", name, op)
		}
		var live map[string]any
		if err := op.Config.Decode(&live); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(tc.want, live); diff != "" {
			t.Errorf("%s: live settings (-want +got)\n%s", name, diff)
		}
	}
}

// questions has a provider whose live settings suit keys and questions that are
// about nothing.
const questions = `
backend "servers" "questions" {
  config {
    actions = ["create_server", "delete_server", "verify", "create_key"]
    comment = "${coalesce(plan.id, "no size")} of ${addon.name}"
  }
}

provider "nanobox" "asked" {
  backend = backend.servers.questions

  region "r" {}
}
`

func TestAnOpMayBeAboutAKeyOrNothing(t *testing.T) {
	c, _ := rents(t, questions, config.Options{})
	of := key()
	of.Addon, of.Backend = "asked", "servers.questions"
	for name, r := range map[string]gateway.Resource{"a key": of, "nothing": {Kind: gateway.KindServer, Platform: "nanobox", Addon: "asked"}} {
		op, err := c.Op(r, null(), null())
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if got := op.Config.Cty().GetAttr("comment").AsString(); got != "no size of Asked" || op.ResourceID != r.ID {
			t.Errorf("%s: comment %q, resource %q", name, got, op.ResourceID)
		}
	}
}

func TestAServerStaysWithTheBackendThatMadeIt(t *testing.T) {
	c, _ := rents(t, questions, config.Options{})
	r := server()
	r.Backend = "servers.questions"
	op, err := c.Op(r, null(), null())
	if err != nil || op.Config.Cty().GetAttr("comment").AsString() != "b1 of Tiny Host" {
		t.Errorf("%v, %v", op.Config, err)
	}
	r.Backend = "servers.gone"
	if _, err := c.Op(r, null(), null()); gateway.KindOf(err) != gateway.Internal || !strings.Contains(err.Error(), "servers.gone") {
		t.Errorf("error = %v", err)
	}
	r.Addon = "gone"
	if _, err := c.Op(r, null(), null()); gateway.KindOf(err) != gateway.Refused {
		t.Errorf("error = %v", err)
	}
}

func TestWhatIsRentedHasNoPagesNoQuotasAndNoOtherPlans(t *testing.T) {
	c, _ := rents(t, "", config.Options{})
	for _, r := range []gateway.Resource{server(), key()} {
		if rules, err := c.Judge(r); err != nil || rules != nil {
			t.Errorf("%s: judged %v, %v", r.Kind, rules, err)
		}
		if _, err := c.OldPlan(r, "b2"); gateway.KindOf(err) != gateway.Unsupported {
			t.Errorf("%s: old plan: %v", r.Kind, err)
		}
		if _, err := c.JudgePlanChange(r, "b2", nil); gateway.KindOf(err) != gateway.Unsupported {
			t.Errorf("%s: plan change: %v", r.Kind, err)
		}
		if _, err := c.Page(r); gateway.KindOf(err) != gateway.NotFound {
			t.Errorf("%s: page: %v", r.Kind, err)
		}
		if to, err := c.SignOn(r, gateway.SignOn{}, null()); to != "" || gateway.KindOf(err) != gateway.NotFound {
			t.Errorf("%s: sign-on %q, %v", r.Kind, to, err)
		}
		if rendered, err := c.Render(r, backend.VerbProvision, null()); err != nil || len(rendered.ConfigVars) > 0 || rendered.Message != "" {
			t.Errorf("%s: rendered %+v, %v", r.Kind, rendered, err)
		}
	}
	gone := server()
	gone.Plan = "b9"
	if _, err := c.Judge(gone); gateway.KindOf(err) != gateway.Refused {
		t.Errorf("an order of what there is not: %v", err)
	}
}

func TestTheProviderJudgesWhatItsBackendAnswers(t *testing.T) {
	c, _ := rents(t, "", config.Options{})
	if err := c.JudgeOutputs(server(), gateway.ActionCreateServer, json.RawMessage(`{}`)); err == nil || err.Error() != "there is no address" {
		t.Errorf("error = %v", err)
	}
	if err := c.JudgeOutputs(server(), gateway.ActionReboot, json.RawMessage(`{}`)); err != nil {
		t.Error(err)
	}
	gone := server()
	gone.Addon = "gone"
	if err := c.JudgeOutputs(gone, gateway.ActionReboot, nil); gateway.KindOf(err) != gateway.Refused {
		t.Errorf("error = %v", err)
	}
}

func TestAnInvokeHasItsOwnTimeLimit(t *testing.T) {
	c, _ := rents(t, "backend \"servers\" \"slow\" {\n  timeouts {\n    invoke = \"15m\"\n  }\n\n  config {}\n}\n", config.Options{})
	at := slices.IndexFunc(c.Backends, func(b config.Backend) bool { return b.Name == "servers.slow" })
	if at < 0 {
		t.Fatal("the backend is missing")
	}
	if got := c.Backends[at].Timeouts[backend.VerbInvoke]; got != 15*time.Minute {
		t.Errorf("invoke may take %s", got)
	}
}

// TestOwnersWhoAreNotFoundAnyMoreAreWarnedOf has two providers that tell callers
// apart by something else than before, and one living server.
func TestOwnersWhoAreNotFoundAnyMoreAreWarnedOf(t *testing.T) {
	const more = "provider \"microbox\" \"bighost\" {\n  backend  = backend.servers.main\n  name     = \"token\" # the double is told apart by it\n\n  region \"r\" {}\n}\n"
	c, _ := rents(t, more, config.Options{})
	if diff := cmp.Diff(map[string]string{"nanobox/tinyhost": "Tiny Host", "microbox/bighost": "token"}, c.Identities()); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	before := map[string]string{"nanobox/tinyhost": "Tiny Host", "microbox/bighost": "user, token", "nanobox/gone": "x"}
	row := func(platform, provider, size string, count int) gateway.InUse {
		return gateway.InUse{Platform: platform, Addon: provider, Plan: size, Count: count}
	}
	for name, tc := range map[string]struct {
		rows []gateway.InUse
		want []string
	}{
		"nothing":    {nil, nil},
		"keys":       {[]gateway.InUse{row("microbox", "bighost", "", 3)}, nil},
		"of another": {[]gateway.InUse{row("nanobox", "bighost", "b1", 3), row("nanobox", "tinyhost", "b1", 3)}, nil},
		"servers": {[]gateway.InUse{row("microbox", "bighost", "b1", 1), row("microbox", "bighost", "b2", 1)},
			[]string{"AG443 2 living servers have owners who are told apart by something else now · make it again what it was: user, token; now it is: token · their customers do not see them any more, and can't remove them; the servers run on"}},
	} {
		diags, strangers := c.IdentifiedOtherwise(before, tc.rows)
		if diff := cmp.Diff(tc.want, wordsOf(diags)); diff != "" || (len(strangers) == 1) != (len(tc.want) == 1) {
			t.Errorf("%s: strangers %v (-want +got)\n%s", name, strangers, diff)
		}
	}
	if diags, _ := c.IdentifiedOtherwise(map[string]string{}, []gateway.InUse{row("microbox", "bighost", "b1", 1)}); len(diags) > 0 {
		t.Errorf("what is seen for the first time: %v", diags)
	}
}

func TestLivingServersWithoutConfigurationBlocks(t *testing.T) {
	c, _ := rents(t, "", config.Options{})
	row := func(provider, size, region, made string, count int) gateway.InUse {
		return gateway.InUse{Platform: "nanobox", Addon: provider, Plan: size, Region: region, Backend: made, Count: count}
	}
	elsewhere := row("tinyhost", "b1", "lyo1", "servers.main", 1)
	elsewhere.Platform = "microbox"
	for name, tc := range map[string]struct {
		rows []gateway.InUse
		want []string
	}{
		"what is there, and nothing": {[]gateway.InUse{row("tinyhost", "b2", "lyo1", "servers.main", 3), row("tinyhost", "", "", "servers.main", 2), row("nobody", "", "", "no.body", 0)}, nil},
		"a provider": {[]gateway.InUse{row("bighost", "b1", "lyo1", "servers.main", 2), row("bighost", "", "", "servers.main", 1)},
			[]string{`AG701 3 live resources belong to the provider "bighost", which is gone · bring provider "nanobox" "bighost" back until they are gone · it can't have another name: the platform knows it by this one`}},
		"a provider of another platform": {[]gateway.InUse{elsewhere},
			[]string{`AG701 1 live resource belongs to the provider "tinyhost", which is gone · bring provider "microbox" "tinyhost" back until they are gone · it can't have another name: the platform knows it by this one`}},
		"a region": {[]gateway.InUse{row("tinyhost", "b1", "mars", "servers.main", 2), row("tinyhost", "b7", "mars", "servers.main", 1)},
			[]string{`AG701 3 live resources use the region "mars" of tinyhost · keep region "mars" { retired = true } until they are gone · a region that is retired has no sizes to order, and the platform still finds it`}},
		"a size": {[]gateway.InUse{row("tinyhost", "b2", "par1", "servers.main", 2)},
			[]string{`AG701 2 live resources use the size "b2" in the region "par1" of tinyhost · keep spec "b2" { retired = true } in a plan of that region until they are gone · a size that is retired is not in the catalog, and nobody can order it`}},
		"a backend, of servers and keys": {[]gateway.InUse{row("tinyhost", "b1", "lyo1", "servers.gone", 1), row("tinyhost", "", "", "servers.gone", 1)},
			[]string{`AG701 2 live resources use backend.servers.gone · keep its block until they are gone; no new ones are made by a backend that nothing refers to · or, if it has another name now, say there: previously = ["servers.gone"]`}},
	} {
		t.Run(name, func(t *testing.T) {
			if diff := cmp.Diff(tc.want, wordsOf(c.Orphans(tc.rows))); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}
