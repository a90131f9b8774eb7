package shell

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

func validate(t *testing.T, config backend.Value) backend.ValidateConfigResponse {
	t.Helper()
	resp, err := New().ValidateConfig(t.Context(), backend.ValidateConfigRequest{Config: config})
	if err != nil {
		t.Fatal(err)
	}
	return resp
}

// wantProblem looks for the one problem whose summary and detail have words.
func wantProblem(t *testing.T, found backend.Diagnostics, path cty.Path, words ...string) {
	t.Helper()
	if len(found) != 1 {
		t.Fatalf("want one problem with %q, got %d: %+v", words, len(found), found)
	}
	for _, w := range words {
		if !strings.Contains(found[0].Summary+"\n"+found[0].Detail, w) {
			t.Errorf("%q is not in %+v", w, found[0])
		}
	}
	if !found[0].Path.Equals(path) {
		t.Errorf("the path is %#v, want %#v", found[0].Path, path)
	}
	if !found.HasErrors() {
		t.Error("it is no error")
	}
}

func TestDescriptionKeepsTheContract(t *testing.T) {
	t.Parallel()
	d, err := New().Describe(t.Context(), backend.DescribeRequest{})
	if err != nil {
		t.Fatal(err)
	}
	if err := d.Check(); err != nil {
		t.Error(err)
	}
}

func TestGoodConfigDeclaresItsOutputs(t *testing.T) {
	t.Parallel()
	dir := scriptDir(t, scriptsWith(map[string]string{"read": "exit 0", "change_plan": "exit 0", "notes.txt": ""}))
	resp := validate(t, attributes{
		"directory": cty.StringVal(dir), "user": cty.StringVal("nobody-of-this-machine"),
		"env": cty.MapVal(map[string]cty.Value{"QUOTA_MB": cty.UnknownVal(cty.String), "PATH": cty.StringVal("/opt/bin")}),
		"output": outputBlocks(map[string]attributes{
			"username": {"description": cty.StringVal("Login name.")},
			"password": {"generated": cty.NumberIntVal(24)},
			"token":    {"sensitive": cty.True},
			"used_mb":  {"type": cty.StringVal(`"number"`), "measured": cty.True},
			"hosts":    {"type": cty.StringVal(`["list","string"]`)},
		}),
	}.value())
	if len(resp.Diagnostics) > 0 {
		t.Errorf("problems: %+v", resp.Diagnostics)
	}
	if err := resp.Check(); err != nil {
		t.Error(err)
	}
	want := []backend.Attribute{
		{Required: true, Name: "hosts", Type: cty.List(cty.String)},
		{Required: true, Name: "password", Type: cty.String, Sensitive: true, Generated: 24},
		{Required: true, Name: "token", Type: cty.String, Sensitive: true},
		{Required: true, Name: "used_mb", Type: cty.Number, Measured: true},
		{Required: true, Name: "username", Type: cty.String, Doc: "Login name."},
	}
	if diff := cmp.Diff([]backend.Capability{backend.CanRotate}, resp.Lacks); diff != "" {
		t.Errorf("what has no script (-want +got):\n%s", diff)
	}
	same := cmp.Options{cmp.Comparer(func(a, b cty.Type) bool { return a.Equals(b) }), cmp.Comparer(func(a, b cty.Value) bool { return a == b })}
	if diff := cmp.Diff(want, resp.Outputs.Attributes, same); diff != "" {
		t.Errorf("outputs (-want +got):\n%s", diff)
	}
}

func TestWhatIsNotKnownYetIsNotJudged(t *testing.T) {
	t.Parallel()
	resp := validate(t, attributes{"directory": cty.UnknownVal(cty.String), "env": cty.UnknownVal(cty.Map(cty.String))}.value())
	if len(resp.Diagnostics)+len(resp.Lacks) > 0 {
		t.Errorf("problems: %+v, and lacking %q", resp.Diagnostics, resp.Lacks)
	}
}

func TestEnvironmentIsChecked(t *testing.T) {
	t.Parallel()
	dir := scriptDir(t, scriptsWith(nil))
	secret := cty.UnknownVal(cty.String).Mark(backend.Sensitive)
	for name, c := range map[string]struct {
		name  string
		value cty.Value
		want  string
	}{
		"a secret":        {"PASS", secret, "A secret can't be in env"},
		"a bad name":      {"A-B", cty.StringVal("x"), "no name for an environment variable"},
		"an empty name":   {"", cty.StringVal("x"), "no name for an environment variable"},
		"ours":            {"ADDONGW_VERB", cty.StringVal("x"), "is taken"},
		"the work folder": {"HOME", cty.UnknownVal(cty.String), "is taken"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			env := cty.MapVal(map[string]cty.Value{c.name: c.value, "GOOD": cty.StringVal("x")})
			resp := validate(t, attributes{"directory": cty.StringVal(dir), "env": env}.value())
			wantProblem(t, resp.Diagnostics, cty.GetAttrPath("env").IndexString(c.name), c.want)
		})
	}
	t.Run("a config block that is secret as a whole", func(t *testing.T) {
		t.Parallel()
		config := attributes{"directory": cty.StringVal(dir), "env": cty.MapValEmpty(cty.String)}.value().Cty()
		resp := validate(t, backend.NewValue(config.Mark(backend.Sensitive)))
		wantProblem(t, resp.Diagnostics, nil, "A secret can't be in env")
	})
	t.Run("a map that is secret as a whole", func(t *testing.T) {
		t.Parallel()
		env := cty.MapVal(map[string]cty.Value{"A": cty.StringVal("x")}).Mark(backend.Sensitive)
		resp := validate(t, attributes{"directory": cty.StringVal(dir), "env": env}.value())
		wantProblem(t, resp.Diagnostics, cty.GetAttrPath("env"), "A secret can't be in env")
	})
}

func TestOutputBlocksAreChecked(t *testing.T) {
	t.Parallel()
	dir := scriptDir(t, scriptsWith(nil))
	at := cty.GetAttrPath("output")
	for name, c := range map[string]struct {
		name  string
		block attributes
		path  cty.Path
		want  string
	}{
		"a bad name":             {"Used-MB", nil, at.IndexString("Used-MB"), "no name for an output"},
		"no type":                {"a", attributes{"type": cty.StringVal("strng")}, at.IndexString("a").GetAttr("type"), "This is no type"},
		"a short password":       {"a", attributes{"generated": cty.NumberIntVal(4)}, at.IndexString("a").GetAttr("generated"), "from 16 to 256"},
		"half a character":       {"a", attributes{"generated": cty.NumberFloatVal(20.5)}, at.IndexString("a").GetAttr("generated"), "whole number"},
		"a negative length":      {"a", attributes{"generated": cty.NumberIntVal(-20)}, at.IndexString("a").GetAttr("generated"), "from 16 to 256"},
		"a generated number":     {"a", attributes{"generated": cty.NumberIntVal(20), "type": cty.StringVal(`"number"`)}, at.IndexString("a").GetAttr("type"), "is text"},
		"generated and measured": {"a", attributes{"generated": cty.NumberIntVal(20), "measured": cty.True}, at.IndexString("a").GetAttr("measured"), "can't be measured"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			blocks := outputBlocks(map[string]attributes{c.name: c.block})
			resp := validate(t, attributes{"directory": cty.StringVal(dir), "output": blocks}.value())
			wantProblem(t, resp.Diagnostics, c.path, c.want)
		})
	}
	t.Run("a secret in a block", func(t *testing.T) {
		t.Parallel()
		blocks := outputBlocks(map[string]attributes{"a": {"description": cty.UnknownVal(cty.String)}})
		resp := validate(t, attributes{"directory": cty.StringVal(dir), "output": blocks}.value())
		wantProblem(t, resp.Diagnostics, at, "must not depend on a secret")
	})
}

func TestEveryProblemIsReported(t *testing.T) {
	t.Parallel()
	dir := scriptDir(t, nil)
	found := validate(t, attributes{
		"directory": cty.StringVal(dir),
		"env":       cty.MapVal(map[string]cty.Value{"HOME": cty.StringVal("/")}),
		"output":    outputBlocks(map[string]attributes{"A": {"type": cty.StringVal("x")}}),
	}.value()).Diagnostics
	if len(found) != 5 { // two scripts, a variable, a name, a type
		t.Errorf("got %d: %+v", len(found), found)
	}
}

func TestHealthNeedsConfiguration(t *testing.T) {
	t.Parallel()
	if h, err := New().Health(t.Context(), backend.HealthRequest{}); err != nil || h.OK {
		t.Errorf("got %+v, %v", h, err)
	}
	if h, err := configured(t, nil, nil).Health(t.Context(), backend.HealthRequest{}); err != nil || !h.OK {
		t.Errorf("got %+v, %v", h, err)
	}
}
