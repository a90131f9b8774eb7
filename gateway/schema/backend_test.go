package schema_test

import (
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
)

func pluginSchema() backend.Schema {
	return backend.Schema{
		Attributes: []backend.Attribute{
			{Name: "url", Type: cty.String, Required: true, Sensitive: true},
			{Name: "count", Type: cty.Number, Default: cty.NumberIntVal(7)},
			{Name: "file", Type: cty.String, FilePath: true},
			{Name: "role", Type: cty.String, Live: true, ForceNew: true},
			{Name: "comment", Type: cty.String, Live: true},
			{Name: "tokens", Type: cty.Map(cty.String)},
			{Name: "either", Type: cty.Map(cty.String)},
		},
		Blocks: []backend.Block{
			{Name: "output", Labels: []string{"name"}, Body: backend.Schema{Attributes: []backend.Attribute{
				{Name: "type", Type: cty.String, TypeName: true, Required: true},
			}}},
			{Name: "step", Body: backend.Schema{Attributes: []backend.Attribute{{Name: "path", Type: cty.String, Live: true}, {Name: "wait", Type: cty.Number}}}},
			{Name: "tls", Max: 1, Body: backend.Schema{Attributes: []backend.Attribute{{Name: "name", Type: cty.String}}}},
		},
	}
}

const pluginBody = `
url     = "db"
file    = "keys/ca.pem"
role    = "u_${resource.id}"
comment = "of ${resource.id}"
tokens  = { a = "x", b = "y" }
either  = true ? { c = "v" } : { "d" = "w" }

output "url" {
  type = list(string)
}

dynamic "step" {
  for_each = ["one", "two"]
  content {
    path = "/${step.value}/${resource.id}"
    wait = step.key
  }
}

tls {
  name = "db"
}
`

func pluginConfig(t *testing.T, text string) (*schema.BackendBody, hcl.Diagnostics) {
	t.Helper()
	live := scope().NewChild()
	live.Variables = map[string]cty.Value{"resource": cty.UnknownVal(cty.Object(map[string]cty.Type{"id": cty.String}))}
	file := parse(t, text)
	b, diags := schema.DecodeBackend("config", pluginSchema(), file.Body, hcl.Range{Filename: "header"}, schema.BackendScope{
		Load: scope(), Live: live, Dir: "/etc/acme",
	})
	return b, diagnostic.FromHCL(diags, map[string]*hcl.File{"test.hcl": file})
}

func resourceScope(id string) *hcl.EvalContext {
	live := scope().NewChild()
	live.Variables = map[string]cty.Value{"resource": cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal(id)})}
	return live
}

func TestAPluginsBodyHasOneShareForEachPhase(t *testing.T) {
	b, diags := pluginConfig(t, pluginBody)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	load := b.Load()
	url, marks := load.GetAttr("url").Unmark()
	if url.AsString() != "db" || len(marks) != 1 {
		t.Error("what the schema calls sensitive is marked")
	}
	if !load.GetAttr("role").IsNull() || !load.GetAttr("count").RawEquals(cty.NumberIntVal(7)) || load.GetAttr("file").AsString() != filepath.FromSlash("/etc/acme/keys/ca.pem") {
		t.Errorf("load share: %#v", load)
	}
	if got := load.GetAttr("output").GetAttr("url").GetAttr("type").AsString(); got != `["list","string"]` {
		t.Errorf("type = %s", got)
	}
	if got := load.GetAttr("tls").GetAttr("name").AsString(); got != "db" {
		t.Errorf("tls.name = %s", got)
	}
	if role := b.Whole().GetAttr("role"); role.IsKnown() || role.Range().StringPrefix() != "u_" {
		t.Errorf("role = %#v before there is a resource", role)
	}

	live, diags := b.Live(resourceScope("r1"), cty.NilVal)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	want := cty.TupleVal([]cty.Value{
		cty.ObjectVal(map[string]cty.Value{"path": cty.StringVal("/one/r1"), "wait": cty.NullVal(cty.Number)}),
		cty.ObjectVal(map[string]cty.Value{"path": cty.StringVal("/two/r1"), "wait": cty.NullVal(cty.Number)}),
	})
	if !live.GetAttr("step").RawEquals(want) || !live.GetAttr("url").IsNull() {
		t.Errorf("live share: %#v", live)
	}
}

func TestAForceNewSettingIsEvaluatedOnce(t *testing.T) {
	b, _ := pluginConfig(t, pluginBody)
	first, _ := b.Live(resourceScope("r1"), cty.NilVal)
	later, _ := b.Live(resourceScope("r2"), first)
	if role, comment := later.GetAttr("role").AsString(), later.GetAttr("comment").AsString(); role != "u_r1" || comment != "of r2" {
		t.Errorf("role %s, comment %s", role, comment)
	}
}

func TestAPathLeadsToItsPlaceInTheFile(t *testing.T) {
	b, diags := pluginConfig(t, pluginBody)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	for name, tc := range map[string]struct {
		path cty.Path
		line int
		text string // there; empty: anything
	}{
		"a setting":             {cty.GetAttrPath("file"), 3, ""},
		"a key of a map":        {cty.GetAttrPath("tokens").IndexString("b"), 6, "b"},
		"a value of a map":      {cty.GetAttrPath("tokens").GetAttr("b"), 6, `"y"`},
		"a key in quotes":       {cty.GetAttrPath("either").IndexString("d"), 7, `"d"`},
		"none of its keys":      {cty.GetAttrPath("tokens").IndexString("c"), 6, `{ a = "x", b = "y" }`},
		"a labelled block":      {cty.GetAttrPath("output").IndexString("url").GetAttr("type"), 10, ""},
		"a block of a list":     {cty.GetAttrPath("step").IndexInt(1).GetAttr("path"), 16, ""},
		"a single block":        {cty.GetAttrPath("tls").GetAttr("name"), 22, ""},
		"what nobody wrote":     {cty.GetAttrPath("tls").GetAttr("nothing"), 21, ""},
		"a setting left out":    {cty.GetAttrPath("count"), 0, ""},
		"no path at all":        {nil, 0, ""},
		"deeper than the files": {cty.GetAttrPath("file").GetAttr("x"), 3, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got := b.Place(tc.path)
			if got.Start.Line != tc.line {
				t.Errorf("line %d, want %d (%s)", got.Start.Line, tc.line, got)
			}
			if text := string(got.SliceBytes([]byte(pluginBody))); tc.text != "" && text != tc.text {
				t.Errorf("got %q, want %q", text, tc.text)
			}
		})
	}
}

func TestMistakesInAPluginsBodyAreFound(t *testing.T) {
	_, diags := pluginConfig(t, `
host   = "db"
count  = "many"
tokens = { a = var.secret }
output "x" {
  type = strng
}
steps {}
tls {}
tls {}
`)
	diagnostic.Sort(diags)
	var got []string
	for _, d := range diags {
		info, _ := diagnostic.Of(d)
		got = append(got, info.Code)
	}
	if diff := cmp.Diff([]string{"AG204", "AG202", "AG305", "AG309", "AG213", "AG201", "AG207"}, got); diff != "" {
		t.Errorf("(-want +got)\n%s\n%v", diff, diags)
	}
}

func TestParamsComeFromAnyExpression(t *testing.T) {
	s := backend.Schema{Attributes: []backend.Attribute{
		{Name: "limit", Type: cty.Number, Required: true}, {Name: "key", Type: cty.String, Sensitive: true}, {Name: "mode", Type: cty.String, Default: cty.StringVal("slow")},
	}}
	ctx := scope().NewChild()
	ctx.Variables = map[string]cty.Value{"each": cty.ObjectVal(map[string]cty.Value{
		"value": cty.ObjectVal(map[string]cty.Value{"limit": cty.NumberIntVal(5), "key": cty.StringVal("k").Mark(backend.Sensitive)}),
	})}
	expr := parse(t, "x = each.value\n").Body
	attributes, _ := expr.JustAttributes()
	p, diags := schema.DecodeParams("plan", s, attributes["x"].Expr, hcl.Range{}, ctx)
	if len(diags) > 0 {
		t.Fatal(diags)
	}
	want := cty.ObjectVal(map[string]cty.Value{
		"limit": cty.NumberIntVal(5), "key": cty.StringVal("k").Mark(backend.Sensitive), "mode": cty.StringVal("slow"),
	})
	if !p.Value.RawEquals(want) {
		t.Errorf("params = %#v", p.Value)
	}
}

func TestOpenParamsKeepWhatIsNotListed(t *testing.T) {
	attributes, _ := parse(t, "x = { quota = 5, token = var.secret }\n").Body.JustAttributes()
	p, diags := schema.DecodeParams("plan", backend.Schema{Open: true}, attributes["x"].Expr, hcl.Range{}, scope())
	if len(diags) != 1 {
		t.Fatalf("a secret in an open map: %v", diags)
	}
	if !p.Value.RawEquals(cty.ObjectVal(map[string]cty.Value{"quota": cty.NumberIntVal(5)})) {
		t.Errorf("params = %#v", p.Value)
	}
}
