package config_test

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// planted are secrets of many forms, and the part of each that nobody may read.
// What a function quotes depends on whether it can parse the text.
func planted() map[string]string {
	return map[string]string{
		"correcthorsebattery": "correcthorse", "c4n4ry(unclosed": "c4n4ry", "98765432123": "98765432123", `c4n4ry\"quote'`: "c4n4ry",
		`{"c4n4ry": tru`: "c4n4ry", "%d-%!c4n4ry%z": "c4n4ry", "c4n4ry é 東京": "c4n4ry", "2026-06-01T12:00:00Zc4n4ry": "c4n4ry",
		"c4n4ry: [yaml": "c4n4ry", "c4n4ry,\"csv": "c4n4ry", "/[c4n4ry/": "c4n4ry", "true-c4n4ry": "c4n4ry",
	}
}

// calls writes a call of every function with the secret in every position.
func calls(secret string) []string {
	var list []string
	functions := expr.Functions(expr.Env{})
	for _, name := range slices.Sorted(maps.Keys(functions)) {
		if name == "nonsensitive" {
			continue // its purpose is to show
		}
		params := functions[name].Params()
		if p := functions[name].VarParam(); p != nil {
			params = append(params, *p, *p)
		}
		for position, p := range params {
			for _, form := range forms(p.Type, secret) {
				list = append(list, call(name, params, position, form))
			}
		}
	}
	return append(list, secret, secret+".x", secret+"[0]", "-"+secret, secret+" + 1", secret+" ? 1 : 2", "{ a = 1 }["+secret+"]", "[for c in "+secret+" : c]")
}

// forms writes the secret as an argument of a type.
func forms(t cty.Type, secret string) []string {
	list, keyed := "["+secret+"]", "{ k = "+secret+" }"
	switch {
	case t == cty.Number:
		return []string{"tonumber(" + secret + ")"}
	case t.IsListType(), t.IsSetType():
		return []string{list, "[" + keyed + "]"}
	case t.IsMapType():
		return []string{keyed}
	case t == cty.DynamicPseudoType:
		return []string{secret, list, keyed}
	}
	return []string{secret}
}

func call(name string, params []function.Parameter, position int, form string) string {
	args := make([]string, len(params))
	for i, p := range params {
		switch {
		case i == position:
			args[i] = form
		case p.Type == cty.Number:
			args[i] = "10"
		case p.Type == cty.Bool:
			args[i] = "true"
		case p.Type.IsListType() || p.Type.IsSetType():
			args[i] = `["a"]`
		case p.Type.IsMapType():
			args[i] = `{ a = "b" }`
		default:
			args[i] = `"a"`
		}
	}
	return name + "(" + strings.Join(args, ", ") + ")"
}

// ruleAddons writes one add-on per expression; rule says where EXPR stands.
func ruleAddons(expressions []string, rule string) map[string]string {
	addons := map[string]string{}
	for i, e := range expressions {
		id := fmt.Sprintf("rule-%d", i)
		addons[id] = fmt.Sprintf(`
addon %q {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  plan "standard" {
    params = { connection_limit = 5 }
  }

  %s

  platform "one" {}
}
`, id, strings.ReplaceAll(rule, "EXPR", e))
	}
	return addons
}

// loadAddons loads add-ons with a secret, or with none known.
func loadAddons(t *testing.T, addons map[string]string, secret string) (*config.Config, *config.Files, hcl.Diagnostics) {
	t.Helper()
	text := read(t, "testdata/base.hcl") + "\nlocals {\n  secret = secret(\"env:PLANTED\")\n}\n"
	for _, id := range slices.Sorted(maps.Keys(addons)) {
		text += addons[id]
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "addongw.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return config.Load(t.Context(), config.Options{
		Dir: dir, Secrets: secret != "", Plugins: answering(&fakePlugins{t: t}), Dialects: []platform.Dialect{lenient{"one"}},
		Environ: func(name string) (string, bool) {
			if name == "PG_ADMIN_URL" {
				return adminURL, true
			}
			return secret, true
		},
	})
}

// accepted loads the add-ons that have no mistake.
func accepted(t *testing.T, addons map[string]string) *config.Config {
	t.Helper()
	_, _, diags := loadAddons(t, addons, "")
	for _, d := range diags {
		info, _ := diagnostic.Of(d)
		_, in, _ := strings.Cut(info.In, `addon "`)
		id, _, _ := strings.Cut(in, `"`)
		delete(addons, id)
	}
	c, _, diags := loadAddons(t, addons, "")
	if len(addons) > 0 && diags.HasErrors() {
		t.Fatal(describe(diags))
	}
	return c
}

// TestNoCustomerReadsASecret puts every function with a sensitive output into
// every sentence and condition of a rule, and looks for the secret in what
// customers read and in our own log.
func TestNoCustomerReadsASecret(t *testing.T) {
	for channel, rule := range map[string]string{
		"a condition": "validate \"x\" {\n    condition = request.verb == \"provision\" || jsonencode(EXPR) == \"x\"\n    message   = \"No.\"\n  }",
		"a message":   "validate \"x\" {\n    condition = request.verb == \"provision\"\n    message   = \"${jsonencode(EXPR)}\"\n  }",
		"allow":       "plan_change {\n    allow  = jsonencode(EXPR) == \"x\"\n    reason = \"No.\"\n  }",
		"a reason":    "plan_change {\n    allow  = false\n    reason = \"${jsonencode(EXPR)}\"\n  }",
		"a quota":     "quota {\n    per_plan = { standard = request.verb == \"provision\" ? 1 : jsonencode(EXPR) == \"x\" ? 1 : 2 }\n  }",
	} {
		t.Run(channel, func(t *testing.T) {
			t.Parallel()
			judgeAll(t, accepted(t, ruleAddons(calls("output.password"), rule)), channel)
		})
	}
}

// TestNoSecretIsPrintedAboutARule does the same with a secret that is known when
// the files are read, and looks for it in what is printed about them.
func TestNoSecretIsPrintedAboutARule(t *testing.T) {
	var rules strings.Builder
	for i, e := range calls("local.secret") {
		fmt.Fprintf(&rules, "  validate \"v-%d\" {\n    condition = %s\n    message   = \"${%s}\"\n  }\n", i, e, e)
		fmt.Fprintf(&rules, "  plan_change {\n    allow  = %s\n    reason = %s\n  }\n", e, e)
	}
	rules.WriteString("  quota {\n    resources = local.secret\n    resources_per_owner = tonumber(local.secret)\n    per_plan = { (local.secret) = 1 }\n  }\n")
	rules.WriteString("  option \"size\" {\n    default = local.secret\n    values = [local.secret]\n  }\n")
	addons := ruleAddons([]string{""}, rules.String())
	for secret, part := range planted() {
		_, files, diags := loadAddons(t, addons, secret)
		if len(diags) < 100 {
			t.Errorf("only %d diagnostics", len(diags))
		}
		var out bytes.Buffer
		if err := diagnostic.WriteText(&out, diags, diagnostic.Options{Files: files.Map()}); err != nil {
			t.Fatal(err)
		}
		if err := diagnostic.WriteJSON(&out, "validate", diags, diagnostic.Options{Files: files.Map()}); err != nil {
			t.Fatal(err)
		}
		if at := strings.Index(out.String(), part); at >= 0 {
			t.Fatalf("%s is printed:\n%s", secret, out.String()[max(0, at-300):min(out.Len(), at+300)])
		}
	}
}

// judgeAll asks every add-on for another plan, with every secret as an output.
func judgeAll(t *testing.T, c *config.Config, channel string) {
	t.Helper()
	judged, faults := 0, 0
	for secret, part := range planted() {
		recorded := func(bool) (backend.Value, error) {
			return backend.NewValue(cty.ObjectVal(map[string]cty.Value{"password": cty.StringVal(secret)})), nil
		}
		if c == nil {
			break
		}
		for _, a := range c.Addons {
			_, err := c.JudgePlanChange(gateway.Resource{Platform: "one", Addon: a.ID, Plan: "free", Region: "eu"}, "standard", recorded)
			judged++
			if err == nil {
				continue
			}
			if gateway.KindOf(err) == gateway.Internal {
				faults++
			}
			if text := err.Error() + gateway.Message(err); strings.Contains(text, part) {
				t.Fatalf("%s is shown: %s", a.ID, text)
			}
		}
	}
	sentence := channel == "a message" || channel == "a reason"
	if !sentence && (judged < 1000 || faults == 0) {
		t.Errorf("%d requests were judged, %d of them failed: too few to show anything", judged, faults)
	}
	if sentence && judged > 200 {
		t.Errorf("%d sentences with a sensitive part were accepted", judged)
	}
}
