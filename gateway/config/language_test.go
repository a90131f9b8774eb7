package config_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform/all"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// documented is a block of a table and how to reach it.
type documented struct {
	path  string
	block *schema.Block
}

// everyBlock lists the blocks of the language that are not reserved.
func everyBlock() []documented {
	var list []documented
	var walk func(path string, b *schema.Block)
	walk = func(path string, b *schema.Block) {
		for _, n := range b.Blocks {
			if !n.Reserved {
				at := strings.TrimPrefix(path+"."+n.Type, ".")
				list = append(list, documented{at, n})
				walk(at, n)
			}
		}
	}
	walk("", config.RootTable())
	common := config.PlatformTable()
	list = append(list, documented{"platform", common})
	walk("platform", common)
	list = append(list, documented{"provider of any platform", config.ProviderTable()})
	for _, d := range all.Dialects() {
		own := *d.Schema()
		list = append(list, documented{"platform " + d.Name(), &own})
		walk("platform "+d.Name(), &own)
	}
	for _, d := range all.Providers() {
		own := *d.Schema()
		list = append(list, documented{"provider " + d.Name(), &own})
		walk("provider "+d.Name(), &own)
	}
	return list
}

func TestEveryBlockAndSettingIsDocumented(t *testing.T) {
	for _, d := range everyBlock() {
		if !strings.HasSuffix(d.block.Doc, ".") {
			t.Errorf("the block %s has no Doc, or none that is a sentence: %q", d.path, d.block.Doc)
		}
		if d.block.Example == "" {
			t.Errorf("the block %s has no Example", d.path)
		}
		for _, a := range d.block.Attributes {
			if !a.Reserved && (a.Doc == "" || !strings.ContainsAny(a.Doc[len(a.Doc)-1:], `.")`)) {
				t.Errorf("%s.%s has no Doc, or none that is a sentence: %q", d.path, a.Name, a.Doc)
			}
		}
	}
}

// TestTheExampleOfEveryBlockIsReadByItsOwnTable decodes each as the loader
// would, with any value for what other blocks define.
func TestTheExampleOfEveryBlockIsReadByItsOwnTable(t *testing.T) {
	for _, d := range everyBlock() {
		t.Run(d.path, func(t *testing.T) {
			formatted, diags := config.Format("example.hcl", []byte(d.block.Example))
			if string(formatted) != d.block.Example {
				t.Fatalf("the example is not formatted: %v; it should be\n%s", diags, formatted)
			}
			file, diags := hclsyntax.ParseConfig([]byte(d.block.Example), "example.hcl", hcl.InitialPos)
			parent := &schema.Block{Blocks: []*schema.Block{tableOf(d)}}
			_, more := schema.Decode(parent, file.Body, hcl.Range{}, exampleScope(t))
			if diags = append(diags, more...); len(diags) > 0 {
				t.Errorf("the example is wrong:\n%s", describe(diagnostic.FromHCL(diags, map[string]*hcl.File{"example.hcl": file})))
			}
		})
	}
}

// tableOf is a block's table. That of a platform has the common settings too.
func tableOf(d documented) *schema.Block {
	whole := *d.block
	if strings.HasPrefix(d.path, "platform") && d.block.Type == "platform" {
		common := config.PlatformTable()
		for _, own := range all.Dialects() {
			common.Attributes = append(common.Attributes, own.Schema().Attributes...)
			common.Blocks = append(common.Blocks, own.Schema().Blocks...)
		}
		return common
	}
	if strings.HasPrefix(d.path, "provider") && d.block.Type == "provider" {
		common := config.ProviderTable()
		for _, own := range all.Providers() {
			common.Attributes = append(common.Attributes, own.Schema().Attributes...)
			common.Blocks = append(common.Blocks, own.Schema().Blocks...)
		}
		return common
	}
	return &whole
}

func exampleScope(t *testing.T) *hcl.EvalContext {
	t.Helper()
	return &hcl.EvalContext{
		Functions: expr.Functions(expr.Env{
			Dir: t.TempDir(), Getenv: func(string) (string, bool) { return "", true },
			ReadFile: func(string) ([]byte, error) { return nil, nil },
			Secret:   func(string) (cty.Value, error) { return cty.UnknownVal(cty.String), nil },
		}),
		Variables: map[string]cty.Value{"var": cty.DynamicVal, "local": cty.ObjectVal(map[string]cty.Value{
			"sizes":  cty.TupleVal([]cty.Value{cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("hobby"), "price": cty.Zero, "connections": cty.NumberIntVal(5)})}),
			"domain": cty.StringVal("example.com"),
		})},
	}
}

func TestEveryNameAndEveryPartOfItIsDocumented(t *testing.T) {
	for _, n := range config.Names() {
		if n.Doc == "" || n.Any == (len(n.Parts) > 0) {
			t.Errorf("%s: doc %q, parts %v", n.Name, n.Doc, n.Parts)
		}
		for _, p := range n.Parts {
			if p.Doc == "" {
				t.Errorf("%s.%s is not documented", n.Name, p.Path)
			}
		}
	}
}

// place is somewhere that expressions stand.
type place struct {
	phase schema.Phase
	only  string // a setting that has a name of its own
	text  string // of a file, with EXPR for the expression
}

// places has one for each phase, and one for each name that is not in all of a
// phase.
func places() []place {
	return []place{
		{schema.Load, "", "locals {\n  x = EXPR\n}\n"},
		{schema.Request, "", `addon "acme-db" {
  # …

  plan "standard" {
    # …
  }

  plan_change {
    allow  = EXPR
    reason = "No."
  }
}
`},
		{schema.Live, "", "addon \"acme-db\" {\n  # …\n\n  config_vars = {\n    ACME_DB_X = EXPR\n  }\n}\n"},
		{schema.Live, "sso.redirect", `addon "acme-db" {
  # …

  sso {
    redirect     = "https://app.example.com/${EXPR}"
    token_secret = secret("env:SSO_TOKEN_SECRET")
  }
}
`},
	}
}

// with is the file with an expression in it.
func (p place) with(expression string) string { return strings.ReplaceAll(p.text, "EXPR", expression) }

// names are those that the reference promises there.
func (p place) names() []config.Name {
	return slices.DeleteFunc(config.Names(), func(n config.Name) bool {
		return !slices.Contains(n.Phases, p.phase) || n.Only != "" && n.Only != p.only
	})
}

func (p place) String() string { return strings.TrimSpace(string(p.phase) + " " + p.only) }

// TestEveryNameThatExpressionsHaveIsListed asks for one that does not exist:
// the answer lists those that do.
func TestEveryNameThatExpressionsHaveIsListed(t *testing.T) {
	for _, p := range places() {
		var want []string
		for _, n := range p.names() {
			if n.Name != "each" && n.Name != "backend" { // they have no value everywhere
				want = append(want, n.Name)
			}
		}
		found := explained(t, "", p.with("nope"))
		if len(found) != 1 {
			t.Fatalf("%s:\n%s", p, describe(found))
		}
		info, _ := diagnostic.Of(found[0])
		if diff := cmp.Diff([]string{"available: " + diagnostic.List(want)}, info.Notes); diff != "" {
			t.Errorf("%s (-reference +scope):\n%s", p, diff)
		}
	}
}

// TestTheNamesAreThoseThatExpressionsHave mentions each part of each name where
// the reference promises it.
func TestTheNamesAreThoseThatExpressionsHave(t *testing.T) {
	shown := map[string]bool{"each": true} // TestTheExampleOfEveryBlockIsReadByItsOwnTable shows it
	for _, p := range places() {
		var parts []string
		for _, n := range p.names() {
			for _, part := range n.Parts {
				if n.Name != "each" {
					parts, shown[n.Name] = append(parts, "jsonencode("+n.Name+"."+part.Path+")"), true
				}
			}
		}
		if found := explained(t, "", p.with("length(["+strings.Join(parts, ", ")+"]) > 0")); len(found) > 0 {
			t.Errorf("%s: a name of the reference is none:\n%s", p, describe(found))
		}
	}
	for _, n := range config.Names() {
		if len(n.Parts) > 0 && !shown[n.Name] {
			t.Errorf("the reference promises %s nowhere", n.Name)
		}
	}
}
