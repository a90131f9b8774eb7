package shell

import (
	"maps"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

func TestActionsAreTheBackendsAndMayBeAllThereIs(t *testing.T) {
	t.Parallel()
	none := map[string]string{}
	for name, c := range map[string]struct {
		scripts map[string]string
		actions []string
		only    bool
	}{
		"beside an add-on":        {scriptsWith(map[string]string{"reboot": done}), []string{"reboot"}, false},
		"alone":                   {map[string]string{"reboot": done, "invoke": done, "read": done}, []string{"verify", "reboot"}, true},
		"no actions, an add-on":   {scriptsWith(none), nil, false},
		"a script nobody asks of": {scriptsWith(map[string]string{"reboot": done}), nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			resp := validate(t, attributes{"directory": cty.StringVal(scriptDir(t, c.scripts)), "actions": listOf(c.actions...)}.value())
			if len(resp.Diagnostics) > 0 || resp.ActionsOnly != c.only || cmp.Diff(c.actions, resp.Actions) != "" {
				t.Errorf("actions %q, only %v, problems %+v", resp.Actions, resp.ActionsOnly, resp.Diagnostics)
			}
			if err := resp.Check(); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestHalfAnAddonBesideActionsIsRefused(t *testing.T) {
	t.Parallel()
	for there, missing := range map[string]string{"provision": "deprovision", "deprovision": "provision"} {
		dir := scriptDir(t, map[string]string{there: done, "reboot": done})
		resp := validate(t, attributes{"directory": cty.StringVal(dir), "actions": listOf("reboot")}.value())
		wantProblem(t, resp.Diagnostics, cty.GetAttrPath("directory"), `no script "`+missing+`"`, "Write an executable file")
		if resp.ActionsOnly {
			t.Errorf("with %s it is said to have nothing but actions", there)
		}
	}
	// Without actions a directory is as incomplete as ever.
	found := validate(t, attributes{"directory": cty.StringVal(scriptDir(t, nil)), "actions": listOf()}.value()).Diagnostics
	if len(found) != 2 {
		t.Errorf("got %+v", found)
	}
	wantProblem(t, found[:1], cty.GetAttrPath("directory"), `no script "provision"`, "Or declare the actions that the scripts serve", "actions = […]")
	// What is there may be actions that nobody has declared.
	dir := scriptDir(t, map[string]string{"create_server": done, "reboot": done})
	found = validate(t, attributes{"directory": cty.StringVal(dir)}.value()).Diagnostics
	if len(found) == 0 {
		t.Fatal("an empty directory is right")
	}
	wantProblem(t, found[:1], cty.GetAttrPath("directory"), `no script "provision"`, `actions = ["create_server", "reboot"]`)
}

func TestActionsAreChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		actions []string
		spoil   func(t *testing.T, dir string)
		at      int
		want    []string
	}{
		"no script":         {[]string{"reboot", "rename"}, nil, 1, []string{`no script "rename"`, "Write an executable file", `called "invoke"`}},
		"called otherwise":  {[]string{"reboot"}, func(t *testing.T, dir string) { rename(t, dir, "reboot", "reboot.py") }, 0, []string{`no script "reboot"`, `Is it "reboot.py"?`}},
		"misspelt":          {[]string{"rebot"}, nil, 0, []string{`no script "rebot"`, `Did you mean "reboot"?`}},
		"spelt in one word": {[]string{"reboot", "deleteserver"}, func(t *testing.T, dir string) { writeScript(t, dir+"/delete_server", done) }, 1, []string{`Did you mean "delete_server"?`}},
		"near, and taken":   {[]string{"reboot", "rebot"}, nil, 1, []string{`no script "rebot"`, "Write an executable file"}},
		"not executable":    {[]string{"reboot"}, func(t *testing.T, dir string) { chmod(t, dir+"/reboot", 0o644) }, 0, []string{"is not executable", "chmod +x"}},
		"own before shared": {[]string{"reboot"}, func(t *testing.T, dir string) { chmod(t, dir+"/reboot", 0o644); shared(t, dir) }, 0, []string{"reboot is not executable"}},
		"shared, unusable":  {[]string{"reboot", "verify", "rename"}, func(t *testing.T, dir string) { shared(t, dir); chmod(t, dir+"/invoke", 0o757) }, 1, []string{"invoke may be changed by everybody", "chmod go-w"}},
		"a folder":          {[]string{"reboot"}, func(t *testing.T, dir string) { remove(t, dir, "reboot"); mkdir(t, dir+"/reboot") }, 0, []string{"is not a file"}},
		"a capital letter":  {[]string{"reboot", "Reboot"}, nil, 1, []string{`"Reboot" is no name`, "lower case"}},
		"a path":            {[]string{"../reboot"}, nil, 0, []string{"is no name"}},
		"empty":             {[]string{""}, nil, 0, []string{"is no name"}},
		"long":              {[]string{"a123456789b123456789c123456789d123456789x"}, nil, 0, []string{"is no name", "at most 40"}},
		"a verb":            {[]string{"reboot", "suspend"}, nil, 1, []string{`can't be called "suspend"`}},
		"the shared script": {[]string{"invoke"}, nil, 0, []string{`can't be called "invoke"`}},
		"a later verb":      {[]string{"meter"}, nil, 0, []string{`can't be called "meter"`}},
		"twice":             {[]string{"reboot", "reboot"}, nil, 1, []string{`"reboot" is listed twice`}},
		"absent and twice":  {[]string{"reboot", "x", "reboot"}, func(t *testing.T, dir string) { overwrite(t, dir+"/x", "#!/bin/sh\n") }, 2, []string{`"reboot" is listed twice`}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := scriptDir(t, scriptsWith(map[string]string{"reboot": done}))
			if c.spoil != nil {
				c.spoil(t, dir)
			}
			resp := validate(t, attributes{"directory": cty.StringVal(dir), "actions": listOf(c.actions...)}.value())
			wantProblem(t, resp.Diagnostics, cty.GetAttrPath("actions").IndexInt(c.at), c.want...)
			if err := resp.Check(); err != nil {
				t.Errorf("the answer itself is malformed: %v", err)
			}
		})
	}
	t.Run("a secret", func(t *testing.T) {
		t.Parallel()
		for name, actions := range map[string]cty.Value{
			"all":  cty.UnknownVal(cty.List(cty.String)),
			"some": cty.ListVal([]cty.Value{cty.StringVal("reboot"), cty.UnknownVal(cty.String).Mark(backend.Sensitive)}),
		} {
			config := attributes{"directory": cty.StringVal(scriptDir(t, scriptsWith(nil))), "actions": actions}.value()
			found := validate(t, config).Diagnostics
			found = slices.DeleteFunc(found, func(d backend.Diagnostic) bool { return d.Summary != "The actions must not depend on a secret" })
			if len(found) != 1 || !found[0].Path.Equals(cty.GetAttrPath("actions")) {
				t.Errorf("%s: %+v", name, found)
			}
		}
	})
}

func shared(t *testing.T, dir string) {
	t.Helper()
	writeScript(t, dir+"/invoke", done)
}

// Every verb of this version is kept from being an action.
func TestNoActionCanBeAVerb(t *testing.T) {
	t.Parallel()
	verbs := map[string]bool{}
	for _, name := range reserved() {
		verbs[name] = true
	}
	for _, verb := range []backend.Verb{backend.VerbProvision, backend.VerbChangePlan, backend.VerbDeprovision, backend.VerbSuspend, backend.VerbResume, backend.VerbRotate, backend.VerbRead, backend.VerbInvoke} {
		if !verbs[string(verb)] {
			t.Errorf("%s is free; reserved are %q", verb, slices.Sorted(maps.Keys(verbs)))
		}
	}
}
