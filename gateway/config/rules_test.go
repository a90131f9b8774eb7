package config_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/config"
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

func TestOptionsAreTypedInTemplates(t *testing.T) {
	r := order(with("version", "15"), with("spare-disk", "2.50"), with("backups", "false"))
	vars, _, err := withRules(t, nil).Render(r, backend.VerbProvision, outputs())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, v := range vars {
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
	vars, _, err := c.Render(r, backend.VerbProvision, outputs())
	if err != nil {
		t.Fatal(err)
	}
	if vars[0].Name != "ACME_DB_VERSION" || vars[0].Value.Reveal() != "16" {
		t.Errorf("%s = %s", vars[0].Name, vars[0].Value.Reveal())
	}
	if _, err := c.Op(r, null(), null()); err != nil {
		t.Error(err)
	}
	if _, err := c.JudgePlanChange(order(func(x *gateway.Resource) { x.Plan, x.Options = "free", r.Options }), "standard", (&asked{}).outputs); err != nil {
		t.Error(err)
	}
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
