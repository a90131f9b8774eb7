package diagnostic

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hcldec"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

var update = flag.Bool("update", false, "write testdata anew")

// golden is one case of a file in testdata: a file as an operator could have
// written it, and what is printed about it.
type golden struct{ name, source, printed string }

const (
	nameLine  = "=== "
	splitLine = "---\n"
)

func readGoldens(t *testing.T, path string) []golden {
	t.Helper()
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	var cases []golden
	for _, part := range strings.Split("\n"+string(content), "\n"+nameLine)[1:] {
		name, rest, _ := strings.Cut(part, "\n")
		source, printed, _ := strings.Cut(rest, splitLine)
		source = strings.TrimSuffix(source, "⏎\n") // a file that ends without a newline
		cases = append(cases, golden{name, source, strings.TrimRight(printed, "\n")})
	}
	return cases
}

func writeGoldens(t *testing.T, path string, cases []golden) {
	t.Helper()
	var b strings.Builder
	for _, c := range cases {
		end := ""
		if c.source != "" && !strings.HasSuffix(c.source, "\n") {
			end = "⏎\n"
		}
		fmt.Fprintf(&b, "%s%s\n%s%s%s%s\n\n", nameLine, c.name, c.source, end, splitLine, c.printed)
	}
	if err := os.WriteFile(path, []byte(b.String()), 0o644); err != nil {
		t.Fatal(err)
	}
}

func TestWhatIsPrintedAboutAFile(t *testing.T) {
	paths, err := filepath.Glob("testdata/*.golden")
	if err != nil || len(paths) == 0 {
		t.Fatalf("no cases in testdata: %v", err)
	}
	found := map[string]bool{} // HCL's summaries
	for _, path := range paths {
		cases := readGoldens(t, path)
		for i, c := range cases {
			t.Run(filepath.Base(path)+"/"+c.name, func(t *testing.T) {
				cases[i].printed = printed(t, c.source, found)
				if diff := cmp.Diff(c.printed, cases[i].printed); diff != "" && !*update {
					t.Errorf("(-want +got):\n%s", diff)
				}
			})
		}
		if *update {
			writeGoldens(t, path, cases)
		}
	}
	found["Duplicate argument"] = duplicateOverTwoFiles(t)
	for _, table := range []map[string]rule{syntaxRules(), otherRules()} {
		for summary := range table {
			if !found[summary] {
				t.Errorf("no case in testdata makes HCL say %q", summary)
			}
		}
	}
}

// duplicateOverTwoFiles reports whether HCL still says so, which one file can
// not show.
func duplicateOverTwoFiles(t *testing.T) bool {
	t.Helper()
	var files []*hcl.File
	for _, name := range []string{"a.hcl", "b.hcl"} {
		f, diags := hclsyntax.ParseConfig([]byte("name = 1\n"), name, hcl.InitialPos)
		if diags.HasErrors() {
			t.Fatal(diags)
		}
		files = append(files, f)
	}
	_, diags := hcl.MergeFiles(files).JustAttributes()
	if len(diags) != 1 {
		t.Fatalf("got %d diagnostics, want 1", len(diags))
	}
	ours := FromHCL(diags, map[string]*hcl.File{"a.hcl": files[0], "b.hcl": files[1]})
	if ours[0].Summary != `"name" is set twice` {
		t.Errorf("got %q", ours[0].Summary)
	}
	return diags[0].Summary == "Duplicate argument"
}

// printed checks a file as the loader does: structure, then every expression.
func printed(t *testing.T, source string, found map[string]bool) string {
	t.Helper()
	file, diags := hclsyntax.ParseConfig([]byte(source), "acme-db.hcl", hcl.InitialPos)
	files := map[string]*hcl.File{"acme-db.hcl": file}
	if !diags.HasErrors() {
		diags = append(diags, checkStructure(file.Body)...)
		diags = append(diags, evaluateAll(file.Body.(*hclsyntax.Body))...)
	}
	for _, d := range diags {
		found[d.Summary] = true
	}
	ours := Merge(FromHCL(diags, files))
	Sort(ours)
	var out strings.Builder
	if err := WriteText(&out, ours, Options{Files: files}); err != nil {
		t.Fatal(err)
	}
	return strings.TrimRight(out.String(), "\n")
}

func checkStructure(body hcl.Body) hcl.Diagnostics {
	top := &hcl.BodySchema{Blocks: []hcl.BlockHeaderSchema{
		{Type: "locals"}, {Type: "addon", LabelNames: []string{"id"}}, {Type: "backend", LabelNames: []string{"type", "name"}},
	}}
	addon := &hcl.BodySchema{
		Attributes: []hcl.AttributeSchema{{Name: "backend", Required: true}, {Name: "name"}, {Name: "price"}, {Name: "config_vars"}},
		Blocks:     []hcl.BlockHeaderSchema{{Type: "plan", LabelNames: []string{"id"}}, {Type: "sso"}},
	}
	config := hcldec.ObjectSpec{
		"admin_url":  &hcldec.AttrSpec{Name: "admin_url", Type: cty.String, Required: true},
		"pool":       &hcldec.AttrSpec{Name: "pool", Type: cty.Number},
		"extensions": &hcldec.AttrSpec{Name: "extensions", Type: cty.List(cty.String)},
		"tls":        &hcldec.BlockSpec{TypeName: "tls", Nested: &hcldec.ObjectSpec{}},
		"output":     &hcldec.BlockListSpec{TypeName: "output", MaxItems: 1, Nested: &hcldec.ObjectSpec{}},
	}
	content, diags := body.Content(top)
	for _, b := range content.Blocks {
		switch b.Type {
		case "locals":
			_, more := b.Body.JustAttributes()
			diags = append(diags, more...)
		case "addon":
			_, more := b.Body.Content(addon)
			diags = append(diags, more...)
		case "backend":
			_, more := hcldec.Decode(b.Body, config, scope())
			diags = append(diags, more...)
		}
	}
	return diags
}

func evaluateAll(body *hclsyntax.Body) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(body.Attributes)) {
		in := scope()
		if name == "constant" {
			in = nil
		}
		_, more := body.Attributes[name].Expr.Value(in)
		diags = append(diags, more...)
	}
	for _, b := range body.Blocks {
		if b.Type != "backend" {
			diags = append(diags, evaluateAll(b.Body)...)
		}
	}
	return diags
}

func scope() *hcl.EvalContext {
	secret := cty.ObjectVal(map[string]cty.Value{"attribute-made-of-a-secret": cty.True}).Mark(backend.Sensitive)
	parent := &hcl.EvalContext{
		Functions: expr.Functions(expr.Env{}),
		Variables: map[string]cty.Value{
			"backend": cty.EmptyObjectVal,
			"var":     cty.ObjectVal(map[string]cty.Value{"hosts": cty.MapVal(map[string]cty.Value{"eu": cty.StringVal("db.eu"), "us": cty.StringVal("db.us")})}),
			"local":   cty.ObjectVal(map[string]cty.Value{"sizes": cty.ListVal([]cty.Value{cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("hobby")})}), "nothing": cty.NullVal(cty.String), "none": cty.NullVal(cty.List(cty.String)), "empty": cty.ListValEmpty(cty.String), "ids": cty.SetVal([]cty.Value{cty.StringVal("a")}), "secret": secret}),
		},
	}
	child := parent.NewChild()
	child.Variables = map[string]cty.Value{
		"output": cty.UnknownVal(cty.Object(map[string]cty.Type{"username": cty.String, "password": cty.String, "host": cty.String, "port": cty.Number, "database": cty.String, "hosts": cty.List(cty.String)})),
		"plan":   cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("hobby"), "params": cty.ObjectVal(map[string]cty.Value{"connection_limit": cty.NumberIntVal(5)}), "limits": cty.NullVal(cty.Map(cty.Number))}),
		"region": cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("eu"), "data": cty.ObjectVal(map[string]cty.Value{"host": cty.NullVal(cty.String)})}),
	}
	return child
}
