package config_test

import (
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/schema"
)

func TestScopeIsThatOfAConfigVarBeforeThereIsAResource(t *testing.T) {
	cfg, _, diags := complete(t, config.Options{Plugins: answering(&fakePlugins{t: t})})
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	first, err := cfg.Scope("", "", "", "")
	if err != nil {
		t.Fatal(err)
	}
	addon := cfg.Addons[0]
	if first.Addon != addon.ID || first.Plan != "standard" || first.Region != addon.Regions[0].ID || first.Platform != addon.Platforms[0] {
		t.Errorf("the first of everything is %+v", first)
	}
	const plan = "legacy-small" // of the second platform only
	other, err := cfg.Scope(addon.ID, plan, addon.Regions[0].ID, "")
	if err != nil {
		t.Fatal(err)
	}
	value := func(text string) cty.Value {
		expr, diags := hclsyntax.ParseExpression([]byte(text), "x", hcl.InitialPos)
		v, more := expr.Value(other.Context())
		if diags = append(diags, more...); diags.HasErrors() {
			t.Fatal(diags)
		}
		return v
	}
	if id := value("plan.id"); id.AsString() != plan || other.Platform != addon.Platforms[1] {
		t.Errorf("plan.id is %s", id.AsString())
	}
	if v := value("output.password"); !schema.ContainsSecret(v) || v.IsKnown() || v.Type() != cty.String {
		t.Errorf("output.password is %#v", v)
	}
}

func TestScopeNamesWhatThereIsInsteadOfAWrongName(t *testing.T) {
	cfg, _, _ := complete(t, config.Options{Plugins: answering(&fakePlugins{t: t})})
	a := cfg.Addons[0]
	for _, tc := range []struct {
		names [4]string
		says  string
	}{
		{[4]string{"nope"}, a.ID}, {[4]string{a.ID, "nope"}, "standard"},
		{[4]string{a.ID, "", "nope"}, a.Regions[0].ID}, {[4]string{a.ID, "", "", "nope"}, a.Platforms[0]},
	} {
		_, err := cfg.Scope(tc.names[0], tc.names[1], tc.names[2], tc.names[3])
		if err == nil || !strings.Contains(err.Error(), `"nope"`) || !strings.Contains(err.Error(), "there is: ") || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%v: %v", tc.names, err)
		}
	}
}
