package config_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/plugins/backend"
)

// environ has every secret that the fixtures name.
func environ(name string) (string, bool) {
	value, ok := map[string]string{
		"PG_ADMIN_URL": adminURL, "CLEVER_PASSWORD": goodPassword, "CLEVER_SSO_SALT": goodPassword + "-salt",
	}[name]
	return value, ok
}

// withRules loads testdata/valid/rules.
func withRules(t *testing.T, vars map[string]string) *config.Config {
	t.Helper()
	c, _, diags := load(t, "testdata/valid/rules", config.Options{Secrets: true, Environ: environ, Vars: vars, Dialects: completeDialects()})
	return must(t, c, diags)
}

// order is one that testdata/valid/rules takes.
func order(change ...func(*gateway.Resource)) gateway.Resource {
	r := resource()
	r.Plan, r.Options = "free", map[string]string{"contact": "zoe@acme.example"}
	for _, c := range change {
		c(&r)
	}
	return r
}

func with(name, value string) func(*gateway.Resource) {
	return func(r *gateway.Resource) { r.Options[name] = value }
}

func judged(t *testing.T, err error, kind gateway.Kind, says string) {
	t.Helper()
	switch {
	case kind == "" && err == nil:
	case kind == "":
		t.Errorf("refused: %v", err)
	case err == nil:
		t.Error("taken")
	case gateway.KindOf(err) != kind || says != "" && gateway.Message(err) != says:
		t.Errorf("%s: %s\nwant %s: %s", gateway.KindOf(err), gateway.Message(err), kind, says)
	}
}

func TestValidateBlocksRefuseInTheirOwnWords(t *testing.T) {
	tests := map[string]struct {
		order gateway.Resource
		vars  map[string]string
		kind  gateway.Kind
		says  string
	}{
		"status 422 unless told": {order(), map[string]string{"closed": "true"}, gateway.Refused, "We take no orders at the moment."},
		"status 400":             {order(with("contact", "Zoë")), nil, gateway.Invalid, `The contact "Zoë" is no address.`},
		"status 409": {order(func(r *gateway.Resource) { r.Owner.Name = strings.Repeat("Zoë", 8) }), nil,
			gateway.Conflict, "The name of " + strings.Repeat("Zoë", 8) + " is too long."},
		"by the name of the order": {order(func(r *gateway.Resource) { r.Name = "forbidden" }), nil, gateway.Refused, "This one is not for clevercloud."},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			_, err := withRules(t, tc.vars).Judge(tc.order)
			judged(t, err, tc.kind, tc.says)
		})
	}
}

func TestQuotasHoldForOnePlanRegionPlatformAndOwner(t *testing.T) {
	tests := map[string]struct {
		order gateway.Resource
		want  []gateway.QuotaRule
	}{
		"all three": {order(), []gateway.QuotaRule{{Counts: "resources", Max: 50}, {Counts: "resources_per_owner", Max: 20}, {Counts: "per_plan", Max: 10}}},
		"no bound for the region; another owner": {
			order(func(r *gateway.Resource) { r.Region, r.Owner.Name = "us", "" }),
			[]gateway.QuotaRule{{Counts: "resources_per_owner", Max: 2}, {Counts: "per_plan", Max: 10}},
		},
		"a plan without a bound of its own": {
			order(func(r *gateway.Resource) { r.Plan = "standard" }),
			[]gateway.QuotaRule{{Counts: "resources", Max: 50}, {Counts: "resources_per_owner", Max: 20}},
		},
		"null is no bound": {
			order(func(r *gateway.Resource) { r.Plan, r.Platform = "business", "othercloud" }),
			[]gateway.QuotaRule{{Counts: "resources", Max: 50}, {Counts: "resources_per_owner", Max: 20}},
		},
		"zero sells none": {
			order(func(r *gateway.Resource) { r.Platform = "othercloud" }),
			[]gateway.QuotaRule{{Counts: "resources", Max: 50}, {Counts: "resources_per_owner", Max: 20}, {Counts: "per_plan", Max: 0}},
		},
	}
	c := withRules(t, nil)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			got, err := c.Judge(tc.order)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(tc.want, got); diff != "" {
				t.Errorf("(-want +got)\n%s", diff)
			}
		})
	}
}

// asked notes how outputs were asked for.
type asked struct {
	recorded, fresh map[string]cty.Value
	err             error
	calls           []bool
}

func (a *asked) outputs(fresh bool) (backend.Value, error) {
	a.calls = append(a.calls, fresh)
	values := map[string]cty.Value{"username": cty.StringVal("u"), "database": cty.StringVal("d"), "storage_mb": cty.NumberIntVal(1)}
	given := a.recorded
	if fresh {
		given = a.fresh
	}
	for name, v := range given {
		values[name] = v
	}
	return backend.NewValue(cty.ObjectVal(values)), a.err
}

func TestTheFirstRuleThatMatchesDecidesAboutAChangeOfPlan(t *testing.T) {
	mb := func(n int64) map[string]cty.Value { return map[string]cty.Value{"storage_mb": cty.NumberIntVal(n)} }
	database := func(v cty.Value) map[string]cty.Value { return map[string]cty.Value{"database": v} }
	tests := map[string]struct {
		from, to string
		asked    asked
		options  map[string]string
		kind     gateway.Kind
		says     string
		calls    []bool // how outputs were asked for
	}{
		// The fourth validate block mentions an output that is not measured.
		"allowed by a rule without conditions": {from: "free", to: "business", calls: []bool{false}},
		"measured anew, and it fits":           {from: "standard", to: "free", asked: asked{recorded: mb(900), fresh: mb(90)}, calls: []bool{true}},
		"measured anew, and it does not fit": {from: "standard", to: "free", asked: asked{recorded: mb(1), fresh: mb(100)}, calls: []bool{true},
			kind: gateway.Unsupported, says: "Your data (100 MB) does not fit in Free (100 MB)."},
		"a recorded output": {from: "business", to: "standard", asked: asked{recorded: database(cty.StringVal("locked"))}, calls: []bool{false},
			kind: gateway.Unsupported, says: "Business stays as it is."},
		"the last rule, by an option": {from: "standard", to: "business", options: map[string]string{"version": "15", "contact": "a@b"}, calls: []bool{false},
			kind: gateway.Unsupported, says: "Version 15 is too old for Business."},
		"the last rule, by a default":        {from: "standard", to: "business", calls: []bool{false}},
		"then validate blocks: by an output": {from: "free", to: "business", asked: asked{recorded: map[string]cty.Value{"username": cty.StringVal("forbidden")}}, calls: []bool{false}, kind: gateway.Refused, says: "This one is not for othercloud."},
		"then validate blocks: by the plan before": {from: "business", to: "standard", calls: []bool{false},
			kind: gateway.Refused, says: "On othercloud nobody goes from Business to Standard."},
		"the backend does not answer": {from: "standard", to: "free", asked: asked{err: gateway.Errorf(gateway.Unavailable, "Later.")}, calls: []bool{true}, kind: gateway.Unavailable, says: "Later."},
		"a condition without a value": {from: "standard", to: "free", asked: asked{fresh: map[string]cty.Value{"storage_mb": cty.NullVal(cty.Number)}}, calls: []bool{true}, kind: gateway.Internal},
		"an output of the wrong type": {from: "standard", to: "free", asked: asked{fresh: map[string]cty.Value{"storage_mb": cty.StringVal("much")}}, calls: []bool{true}, kind: gateway.Internal},
	}
	c := withRules(t, nil)
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			r := order(func(r *gateway.Resource) {
				r.Platform, r.Plan = "othercloud", tc.from
				if tc.options != nil {
					r.Options = tc.options
				}
			})
			rules, err := c.JudgePlanChange(r, tc.to, tc.asked.outputs)
			judged(t, err, tc.kind, tc.says)
			if diff := cmp.Diff(tc.calls, tc.asked.calls); diff != "" {
				t.Errorf("outputs were asked for (-want +got)\n%s", diff)
			}
			if tc.asked.err != nil && !errors.Is(err, tc.asked.err) {
				t.Errorf("the error of the outputs is not returned as it is: %v", err)
			}
			if tc.kind == "" && tc.to == "free" && (len(rules) != 1 || rules[0].Counts != gateway.CountedPerPlan) {
				t.Errorf("quotas of a change: %v", rules)
			}
		})
	}
}

// TestWhatWasNotCheckedBeforeServingIsNotLetThrough: of more values than can be
// checked, some are judged for the first time when a customer asks.
func TestWhatWasNotCheckedBeforeServingIsNotLetThrough(t *testing.T) {
	tests := map[string]string{
		"a sensitive sentence": `validate "x" {
    condition = false
    message   = "Ask with ${platform.password}."
  }`,
		"a sensitive part of one": `validate "x" {
    condition = request.verb == "change_plan"
    message   = "Ask with ${upper(platform.password)}, please."
  }`,
		"a condition that is null": `validate "x" {
    condition = request.name == "x" ? true : null
    message   = "No."
  }`,
		"a condition that is a word": `validate "x" {
    condition = request.region
    message   = "No."
  }`,
		"a condition that fails": `validate "x" {
    condition = tonumber(platform.password) > 1
    message   = "No."
  }`,
		"a sentence that fails": `validate "x" {
    condition = false
    message   = "No ${request.name}."
  }`,
		"a quota below zero": `quota {
    resources = strlen(request.region) - 3
  }`,
		"a fraction": `quota {
    resources_per_owner = strlen(request.region) / 3
  }`,
		"a quota that is a word": `quota {
    per_plan = { p-1 = request.region }
  }`,
	}
	for name, rule := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			text := read(t, "testdata/base.hcl") + `
addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "p" {
    for_each = range(320)
    id       = "p-${each.value}"
    params   = { connection_limit = 5 }
  }

  validate "a lot" {
    condition = request.verb == "provision" || current.id != plan.id
    message   = "This is the plan you have."
  }

  ` + rule + `

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
			if info, _ := diagnostic.Of(diags[0]); c == nil || len(diags) != 1 || info.Code != "AG218" {
				t.Fatalf("want one warning:\n%s", describe(diags))
			}
			r := order(func(r *gateway.Resource) { r.Plan, r.Options = "p-1", nil })
			_, err := c.Judge(r)
			judged(t, err, gateway.Internal, gateway.Message(gateway.Fault(nil)))
			if text := fmt.Sprint(err); strings.Contains(strings.ToLower(text), goodPassword) || !strings.Contains(text, "addongw.hcl:") {
				t.Errorf("our log reads: %s", text)
			}
		})
	}
}

func TestRulesCanBeWrittenInJSON(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"base.hcl": read(t, "testdata/base.hcl"),
		"acme-db.hcl.json": `{"addon": {"acme-db": {
			"backend": "backend.postgres.main", "region": {"eu": {}},
			"plan": [{"free": {"params": {"connection_limit": 5}, "limits": {"storage_mb": 10}}}, {"standard": {"params": {"connection_limit": 5}, "limits": {"storage_mb": 100}}}],
			"option": {"version": {"type": "number", "default": 16, "values": [15, 16]}},
			"validate": {"version": {"condition": "${request.options.version > 15}", "message": "Version ${request.options.version} is too old.", "status": 409}},
			"quota": {"resources": 10, "per_plan": {"free": "${request.platform == \"clevercloud\" ? 3 : 4}"}},
			"plan_change": [{"to": ["free"], "allow": "${output.storage_mb < plan.limits.storage_mb}", "reason": "${output.storage_mb} MB do not fit."}],
			"platform": {"clevercloud": {"password": "${secret(\"env:CLEVER_PASSWORD\")}", "sso_salt": "${secret(\"env:CLEVER_SSO_SALT\")}"}}
		}}}`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c, _, diags := load(t, dir, config.Options{Secrets: true, Environ: environ})
	must(t, c, diags)
	r := order(func(r *gateway.Resource) { r.Options = nil })
	rules, err := c.Judge(r)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]gateway.QuotaRule{{Counts: "resources", Max: 10}, {Counts: "per_plan", Max: 3}}, rules); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	r.Options = map[string]string{"version": "15"}
	_, err = c.Judge(r)
	judged(t, err, gateway.Conflict, "Version 15 is too old.")
	r.Plan, r.Options = "standard", nil
	full := asked{fresh: map[string]cty.Value{"storage_mb": cty.NumberIntVal(11)}}
	_, err = c.JudgePlanChange(r, "free", full.outputs)
	judged(t, err, gateway.Unsupported, "11 MB do not fit.")
}

func BenchmarkJudge(b *testing.B) {
	c, _, diags := config.Load(b.Context(), config.Options{
		Dir: "testdata/valid/rules", Secrets: true, Environ: environ, Plugins: answering(&fakePlugins{}), Dialects: completeDialects(),
	})
	if diags.HasErrors() {
		b.Fatal(describe(diags))
	}
	for b.Loop() {
		if _, err := c.Judge(order()); err != nil {
			b.Fatal(err)
		}
	}
}
