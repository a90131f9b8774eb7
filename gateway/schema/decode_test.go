package schema_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
)

// shop is a table with one of everything.
func shop() *schema.Block {
	return &schema.Block{
		Type: "shop", Labels: []string{"name"},
		Attributes: []schema.Attribute{
			{Name: "title", Type: cty.String, Required: true},
			{Name: "size", Type: cty.Number, Default: "3"},
			{Name: "open", Type: cty.Bool, Default: "true"},
			{Name: "tags", Type: cty.List(cty.String)},
			{Name: "owners", Type: cty.Map(cty.String)},
			{Name: "password", Type: cty.String, Secret: true},
			{Name: "backend", Reference: true},
			{Name: "template", Phase: schema.Live},
			{Name: "later", Reserved: true},
		},
		Blocks: []*schema.Block{
			{Type: "door", Max: 1, Attributes: []schema.Attribute{{Name: "key", Type: cty.String, Required: true}}},
			{Type: "shelf", Labels: []string{"id"}, ForEach: true, Ordered: true, Attributes: []schema.Attribute{
				{Name: "id", Type: cty.String}, {Name: "height", Type: cty.Number},
			}},
			{Type: "annex", Body: true},
			{Type: "cellar", Reserved: true},
		},
	}
}

func scope() *hcl.EvalContext {
	return &hcl.EvalContext{Variables: map[string]cty.Value{
		"var": cty.ObjectVal(map[string]cty.Value{
			"secret":  cty.StringVal("s3cret").Mark(backend.Sensitive),
			"unknown": cty.UnknownVal(cty.String).Mark(backend.Sensitive),
			"null":    cty.NullVal(cty.String),
		}),
	}}
}

func parse(t *testing.T, text string) *hcl.File {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(text), "test.hcl", hcl.InitialPos)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return file
}

// decode decodes text with everything a shop needs around it.
func decode(t *testing.T, text string) (*schema.Content, hcl.Diagnostics) {
	t.Helper()
	file := parse(t, text)
	header := hcl.Range{Filename: "header"}
	c, diags := schema.Decode(shop(), file.Body, header, scope())
	diags = diagnostic.FromHCL(diags, map[string]*hcl.File{"test.hcl": file})
	return c, diags
}

func clean(t *testing.T, text string) *schema.Content {
	t.Helper()
	c, diags := decode(t, text)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	return c
}

func TestSettingsAreConvertedToTheirTypes(t *testing.T) {
	c := clean(t, `
title    = 5
size     = 1.5
open     = "false"
tags     = ["a", "b"]
owners   = { ann = "x" }
password = var.secret
backend  = backend.postgres.main
template = nothing.here.is.evaluated
`)
	password, known := c.Secret("password")
	got := []any{c.Text("title"), c.Number("size"), c.Int("size"), c.Bool("open"), c.Texts("tags"), c.Map("owners"), password.Reveal(), known, c.Reference("backend")}
	want := []any{"5", 1.5, 1, false, []string{"a", "b"}, map[string]string{"ann": "x"}, "s3cret", true, []string{"backend", "postgres", "main"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
	if c.Expr("template") == nil {
		t.Error("a live setting keeps its expression")
	}
}

func TestDefaultsStandWhereNothingIsWritten(t *testing.T) {
	c := clean(t, `
title = "x"
size  = null
`)
	if c.Int("size") != 3 || !c.Bool("open") || c.Has("size") || !c.Known("size") || c.Texts("tags") != nil || c.Text("password") != "" {
		t.Errorf("size %d, open %t", c.Int("size"), c.Bool("open"))
	}
	if c.ValueRange("size").Filename != "header" || c.ValueRange("title").Filename != "test.hcl" {
		t.Error("a missing setting's place is the header")
	}
}

func TestUnknownSecretsAreNotKnown(t *testing.T) {
	c := clean(t, `
title    = "x"
password = var.unknown
`)
	if _, known := c.Secret("password"); known || !c.Has("password") {
		t.Error("an unknown secret is there, but not known")
	}
}

func TestEveryMisfitHasItsCodeAndRemedy(t *testing.T) {
	const title = "title = \"x\"\n"
	cases := map[string]struct{ text, code, words string }{
		"a setting nobody knows":        {title + `sise = 3`, "AG202", `"sise" is no setting of a shop · did you mean "size"?`},
		"a block nobody knows":          {title + `doors {}`, "AG201", `There is no "doors" block in a shop · did you mean "door"?`},
		"a missing setting":             {``, "AG204", `This shop needs "title" · add: title = "…"`},
		"a missing setting of a block":  {title + `door {}`, "AG204", `This door needs "key"`},
		"a block written as a setting":  {title + `door = 1`, "AG205", `"door" is a block · write door { … } without "="`},
		"a setting written as a block":  {title + `tags {}`, "AG205", `"tags" is a setting, not a block · write tags = […]`},
		"too many labels":               {title + `door "front" { key = "k" }`, "AG206", `A door has no name · write door { … }`},
		"too few labels":                {title + `shelf {}`, "AG206", `A shelf has one id · write shelf "ID" { … }`},
		"a second block of one":         {title + "door {\n key = \"a\"\n}\ndoor {\n key = \"b\"\n}", "AG207", `"door" is defined twice`},
		"a label used twice":            {title + "shelf \"a\" {}\nshelf \"a\" {}", "AG207", `shelf "a" is defined twice`},
		"a key set twice":               {title + `owners = { a = "1", a = "2" }`, "AG208", `"a" is set twice in this map`},
		"null for a required setting":   {`title = var.null`, "AG209", `"title" is null · it must have a value; does var.null have one?`},
		"text for a number":             {title + `size = "big"`, "AG305", `"size" takes a number, not text · write a number, such as 10`},
		"a number in quotes":            {title + `size = "3"`, "AG211", `"size" is a number in quotes`},
		"text for a list":               {title + `tags = "a"`, "AG305", `"tags" takes a list of text, not text · write [ … ]`},
		"a list for text":               {`title = ["x"]`, "AG305", `"title" takes text, not a list · use join(",", …) or jsonencode(…)`},
		"a reference in quotes":         {title + `backend = "x"`, "AG212", `"backend" takes a reference`},
		"a secret in the open":          {`title = "x-${var.secret}"`, "AG309", `A secret can't be a shop's title · var.secret is sensitive`},
		"a secret behind for_each":      {title + "shelf \"a\" {\n for_each = [var.secret]\n id = \"x\"\n}", "AG309", "A secret can't be a shelf's for_each"},
		"for_each over text":            {title + "shelf \"a\" {\n for_each = \"ab\"\n id = \"x\"\n}", "AG305", `"for_each" takes a list or a map, not text`},
		"for_each over a map":           {title + "shelf \"a\" {\n for_each = { x = 1, y = 2 }\n id = each.key\n}", "AG217", "Shelfs from a map are offered in alphabetical order"},
		"for_each where it isn't":       {title + `for_each = []`, "AG202", "A shop can't be repeated with for_each"},
		"a reserved setting":            {title + `later = 1`, "AG299", `"later" is not in this version`},
		"a reserved block":              {title + `cellar "x" {}`, "AG299", `"cellar" is not in this version`},
		"a reserved setting as a block": {title + `later {}`, "AG299", `"later" is not in this version`},
		"a name of another phase":       {`title = resource.id`, "AG303", `"resource" is not known yet when the files are read`},
		"each outside of for_each":      {`title = each.key`, "AG303", `"each" exists only beside for_each`},
		"a name that does not exist":    {`title = vars.x`, "AG301", `Nothing is called "vars" here · did you mean "var"?`},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			_, diags := decode(t, tc.text)
			if len(diags) != 1 {
				t.Fatalf("%d diagnostics: %v", len(diags), diags)
			}
			info, _ := diagnostic.Of(diags[0])
			if words := diags[0].Summary + " · " + info.Hint; info.Code != tc.code || !strings.HasPrefix(words, tc.words) {
				t.Errorf("got  %s %s\nwant %s %s", info.Code, words, tc.code, tc.words)
			}
		})
	}
}

func TestAllMistakesAreReportedInTheOrderOfTheFile(t *testing.T) {
	_, diags := decode(t, `
zebra = 1
size  = "big"
apple = 2
door {
  wood = "a"
}
shelf "a" {
  height = "tall"
  width  = 1
}
`)
	diagnostic.Sort(diags)
	var got []string
	for _, d := range diags {
		info, _ := diagnostic.Of(d)
		got = append(got, info.Code)
	}
	if diff := cmp.Diff([]string{"AG204", "AG202", "AG305", "AG202", "AG204", "AG202", "AG305", "AG202"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestPartialDecodingLeavesTheRestToOthers(t *testing.T) {
	file := parse(t, "title = \"x\"\ngeneration = \"both\"\nextra {}\n")
	_, rest, diags := schema.DecodePartial(shop(), file.Body, hcl.Range{}, scope())
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	own := &schema.Block{Type: "platform", Attributes: []schema.Attribute{{Name: "generation", Type: cty.String}}, Blocks: []*schema.Block{{Type: "extra"}}}
	c, diags := schema.Decode(own, rest, hcl.Range{}, scope())
	if len(diags) > 0 || c.Text("generation") != "both" || c.First("extra") == nil {
		t.Errorf("generation %q, diagnostics %v", c.Text("generation"), diags)
	}
}

func TestForEachKeepsTheOrderOfAList(t *testing.T) {
	c := clean(t, `
title = "x"
shelf "s" {
  for_each = [{ id = "zeta", h = 1 }, { id = "alpha", h = 2 }]
  id       = each.value.id
  height   = each.value.h + each.key
}
shelf "last" {}
`)
	var got []string
	for _, s := range c.Blocks("shelf") {
		got = append(got, s.Text("id"))
	}
	if diff := cmp.Diff([]string{"zeta", "alpha", ""}, got); diff != "" || c.Blocks("shelf")[1].Int("height") != 3 {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

func TestForeignBodiesAreHandedOnUndecoded(t *testing.T) {
	c := clean(t, "title = \"x\"\nannex {\n  whatever = is.in.here\n}\n")
	if annex := c.First("annex"); annex == nil || annex.Body == nil || len(annex.Settings) != 0 {
		t.Errorf("annex = %+v", annex)
	}
}
