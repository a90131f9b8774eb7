package config_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

var _ lifecycle.Catalog = (*config.Config)(nil)

func resource() gateway.Resource {
	return gateway.Resource{
		ID: "res_01", ShortID: "abcdef234567", ProviderID: "res_01", Kind: gateway.KindAddon,
		Platform: "clevercloud", Addon: "acme-db", ExternalID: "addon_1", Plan: "hobby", Region: "eu", Backend: "postgres.main",
		Owner: gateway.Owner{ID: "orga_1", Name: "Zoë"}, CreatedAt: time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC),
	}
}

func outputs() backend.Value {
	return backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"username": cty.StringVal("u_abcdef234567"), "password": cty.StringVal("p@ss/word"), "host": cty.StringVal("db"),
		"port": cty.NumberIntVal(5432), "database": cty.StringVal("acme_abcdef234567"),
	}))
}

func null() backend.Value { return backend.Value{} }

func catalog(t *testing.T) *config.Config {
	t.Helper()
	c, _, diags := complete(t, config.Options{Secrets: true})
	return must(t, c, diags)
}

func TestAnOfferNamesTheBackendAndWhatToGenerate(t *testing.T) {
	got, err := catalog(t).Offer("clevercloud", "acme-db", "hobby", "eu")
	if err != nil {
		t.Fatal(err)
	}
	want := gateway.Offer{Backend: "postgres.main", Generated: []gateway.Generated{{Name: "password", Length: 32}}, Rotates: true, Grace: 15 * time.Minute}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestWhatIsNotOfferedIsRefused(t *testing.T) {
	c := catalog(t)
	cases := map[string][4]string{
		"unknown platform":                      {"heroku", "acme-db", "hobby", "eu"},
		"unknown add-on":                        {"clevercloud", "acme", "hobby", "eu"},
		"unknown plan":                          {"clevercloud", "acme-db", "gold", "eu"},
		"a plan that the platform doesn't sell": {"clevercloud", "acme-db", "business", "eu"},
		"unknown region":                        {"clevercloud", "acme-db", "hobby", "mars"},
		"a region that the platform hasn't":     {"clevercloud", "acme-db", "hobby", "us"},
		"an add-on of another platform":         {"othercloud", "acme-files-small", "one", "eu"},
	}
	for name, a := range cases {
		t.Run(name, func(t *testing.T) {
			if _, err := c.Offer(a[0], a[1], a[2], a[3]); gateway.KindOf(err) != gateway.Refused {
				t.Errorf("error = %v, want refused", err)
			}
		})
	}
}

func TestNoBackendIsToldAboutWhatAnotherOneMade(t *testing.T) {
	r := resource()
	r.Backend = "postgres.gone"
	if op, err := catalog(t).Op(r, null(), null()); err == nil || !strings.Contains(err.Error(), "postgres.gone") {
		t.Errorf("told %v, %v", op.Plan, err)
	}
}

func TestAnOpHasPlanRegionOptionsAndLiveSettings(t *testing.T) {
	op, err := catalog(t).Op(resource(), null(), null())
	if err != nil {
		t.Fatal(err)
	}
	if op.ResourceID != "res_01" || op.ShortID != "abcdef234567" || op.Addon != "acme-db" || op.Plan.ID != "hobby" || op.Region.ID != "eu" {
		t.Errorf("op = %+v", op)
	}
	var params struct {
		Limit   int   `json:"connection_limit"`
		Replica *bool `json:"replica"`
	}
	var data, options, live map[string]any
	for _, d := range []error{op.Plan.Params.Decode(&params), op.Region.Data.Decode(&data), op.Options.Decode(&options), op.Config.Decode(&live)} {
		if d != nil {
			t.Fatal(d)
		}
	}
	if params.Limit != 5 || params.Replica != nil || data["host"] != "db.eu.acme.example" || options["locale"] != "C" {
		t.Errorf("params %+v, data %v, options %v", params, data, options)
	}
	want := map[string]any{"database": "acme_abcdef234567", "role": "u_abcdef234567", "comment": "Hobby of Acme Postgres in eu"}
	if diff := cmp.Diff(want, live); diff != "" {
		t.Errorf("live settings (-want +got)\n%s", diff)
	}
}

func TestForceNewSettingsKeepTheirFirstValue(t *testing.T) {
	c := catalog(t)
	first, err := c.Op(resource(), null(), null())
	if err != nil {
		t.Fatal(err)
	}
	later := resource()
	later.ShortID, later.Plan = "zzzzzz777777", "standard"
	second, err := c.Op(later, outputs(), first.Config)
	if err != nil {
		t.Fatal(err)
	}
	var live map[string]any
	if err := second.Config.Decode(&live); err != nil {
		t.Fatal(err)
	}
	want := map[string]any{"database": "acme_abcdef234567", "role": "u_abcdef234567", "comment": "Standard of Acme Postgres in eu"}
	if diff := cmp.Diff(want, live); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestAResourceWhosePlanIsNoLongerSoldThereCanStillBeWorkedOn(t *testing.T) {
	r := resource()
	r.Plan = "legacy-small" // not in the platform's plans
	if _, err := catalog(t).Op(r, outputs(), null()); err != nil {
		t.Error(err)
	}
}

func TestTheOldPlanHasItsOwnParams(t *testing.T) {
	plan, err := catalog(t).OldPlan(resource(), "business")
	if err != nil {
		t.Fatal(err)
	}
	if limit := plan.Params.Cty().GetAttr("connection_limit"); plan.ID != "business" || !limit.RawEquals(cty.NumberIntVal(200)) {
		t.Errorf("plan %s, limit %#v", plan.ID, limit)
	}
}

func TestPlanChangesAreRefusedAcrossBackends(t *testing.T) {
	c := catalog(t)
	if _, err := c.JudgePlanChange(resource(), "standard", nil); err != nil {
		t.Errorf("a change between plans of one backend: %v", err)
	}
	moved := resource()
	moved.Backend = "postgres.old"
	cannot := resource()
	cannot.Addon, cannot.Plan, cannot.Backend = "acme-files-small", "one", "shell.files"
	for name, err := range map[string]error{
		"another backend":                     refusal(c, moved, "standard"),
		"a backend that can't change plans":   refusal(c, cannot, "one"),
		"a plan that the platform hasn't got": refusal(c, resource(), "business"),
	} {
		if kind := gateway.KindOf(err); err == nil || kind != gateway.Unsupported && kind != gateway.Refused {
			t.Errorf("%s: error = %v", name, err)
		}
	}
}

func TestConfigVarsAreRenderedForThePlatform(t *testing.T) {
	rendered, err := catalog(t).Render(resource(), backend.VerbProvision, outputs())
	if err != nil {
		t.Fatal(err)
	}
	type shown struct {
		Value     string
		Sensitive bool
	}
	got := map[string]shown{}
	for _, v := range rendered.ConfigVars {
		got[v.Name] = shown{v.Value.Reveal(), v.Sensitive}
	}
	want := map[string]shown{
		"ACME_DB_URL":      {"postgres://u_abcdef234567:p%40ss%2Fword@db.eu.acme.example:5432/acme_abcdef234567?sslmode=require", true},
		"ACME_DB_POOL_MAX": {"4", false},
		"ACME_DB_OWNER":    {"ZOË", false},
		"ACME_DB_REPLICA":  {"no", false},
		"ACME_DB_DOCS":     {"https://acme.example/docs#sql", false},
		"ACME_DB_REGION":   {"eu", false},
		// ACME_DB_NOTE is null, ACME_DB_HOST is left out on this platform.
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if rendered.Message != "Acme Postgres Hobby is ready in Europe (Paris)." {
		t.Errorf("message = %q", rendered.Message)
	}
}

func TestWithoutATemplateTheMessageIsTheUsualOne(t *testing.T) {
	c := catalog(t)
	for verb, want := range map[backend.Verb]string{
		backend.VerbChangePlan: "Acme Postgres is now on Hobby.", backend.VerbDeprovision: "Acme Postgres is being removed.",
		backend.VerbSuspend: "Pay for Acme Postgres Hobby to go on.", backend.VerbResume: "", // the first is a template, the second has no usual one
	} {
		if rendered, err := c.Render(resource(), verb, outputs()); err != nil || rendered.Message != want {
			t.Errorf("%s: %q, %v; want %q", verb, rendered.Message, err, want)
		}
	}
}

func TestAnAddOnPerElementHasItsOwnValues(t *testing.T) {
	r := resource()
	r.Addon, r.Plan, r.Backend = "acme-files-large", "one", "shell.files"
	c := catalog(t)
	op, err := c.Op(r, null(), null())
	if err != nil {
		t.Fatal(err)
	}
	if env := op.Config.Cty().GetAttr("env").AsValueMap()["QUOTA_MB"].AsString(); env != "1000" {
		t.Errorf("QUOTA_MB = %s", env)
	}
	rendered, err := c.Render(r, backend.VerbProvision, backend.NewValue(cty.ObjectVal(map[string]cty.Value{"url": cty.StringVal("sftp://x")})))
	if err != nil || len(rendered.ConfigVars) != 1 || rendered.ConfigVars[0].Name != "ACME_DB_LARGE_URL" || !rendered.ConfigVars[0].Sensitive {
		t.Errorf("config vars %+v, %v", rendered.ConfigVars, err)
	}
}

func TestAFailedRenderingSaysWhereButNotWhat(t *testing.T) {
	broken := backend.NewValue(cty.ObjectVal(map[string]cty.Value{"username": cty.NullVal(cty.String), "password": cty.StringVal("p@ss/word")}))
	_, err := catalog(t).Render(resource(), backend.VerbProvision, broken)
	if gateway.KindOf(err) != gateway.Internal || err == nil {
		t.Fatalf("error = %v", err)
	}
	if text := err.Error(); !strings.Contains(text, "ACME_DB_URL") || !strings.Contains(text, "acme-db.hcl:") || strings.Contains(text, "p@ss") {
		t.Errorf("error = %s", text)
	}
	if got := gateway.Message(err); strings.Contains(got, "ACME") {
		t.Errorf("customers read: %s", got)
	}
}

func BenchmarkRender(b *testing.B) {
	c, _, diags := config.Load(b.Context(), config.Options{
		Dir: "testdata/valid/complete", Plugins: answering(&fakePlugins{}), Dialects: completeDialects(),
	})
	if diags.HasErrors() {
		b.Fatal(describe(diags))
	}
	for b.Loop() {
		if _, err := c.Render(resource(), backend.VerbProvision, outputs()); err != nil {
			b.Fatal(err)
		}
	}
}

// refusal is why a plan change is refused; nil when it is not.
func refusal(c *config.Config, r gateway.Resource, plan string) error {
	_, err := c.JudgePlanChange(r, plan, nil)
	return err
}
