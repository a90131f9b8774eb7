package shell

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

func TestNothingIsInherited(t *testing.T) {
	t.Setenv("CANARY_OF_THE_HOST", "sings")
	b := configured(t, map[string]string{"provision": `/usr/bin/env >"$OUT"; pwd >>"$OUT"; echo '{"status":"done"}'`}, nil)
	out := filepath.Join(t.TempDir(), "out")
	op := withEnv(someOp(t), map[string]cty.Value{
		"OUT": cty.StringVal(out), "QUOTA_MB": cty.StringVal("10"), "ABSENT": cty.NullVal(cty.String),
	})
	mustProvision(t, b, op)
	var names []string
	var work string
	for line := range strings.Lines(readFile(t, out)) {
		name, value, found := strings.Cut(strings.TrimSpace(line), "=")
		switch {
		case !found:
			if name != work {
				t.Errorf("the working directory is %s, HOME is %s", name, work)
			}
			continue
		case name == "HOME":
			work = value
		case name == "_" || name == "SHLVL" || name == "PWD" || name == "OLDPWD":
			continue // made by the shell itself
		}
		names = append(names, name)
	}
	want := "ADDONGW_ADDON ADDONGW_ATTEMPT ADDONGW_OPERATION_ID ADDONGW_PLAN ADDONGW_REGION ADDONGW_RESOURCE_ID ADDONGW_SHORT_ID ADDONGW_VERB HOME LANG OUT PATH QUOTA_MB TMPDIR"
	if diff := cmp.Diff(want, strings.Join(sorted(names), " ")); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
}

func TestSensitiveEnvironmentIsRefusedAtTheCall(t *testing.T) {
	t.Parallel()
	b := configured(t, nil, nil)
	op := withEnv(someOp(t), map[string]cty.Value{"PASS": cty.StringVal("hush").Mark(backend.Sensitive)})
	_, _, err := provision(t.Context(), b, op)
	f := wantFailure(t, err, backend.Invalid, "secret can't be in env")
	if strings.Contains(f.Message, "hush") || !f.Path.Equals(cty.GetAttrPath("env").IndexString("PASS")) {
		t.Errorf("got %+v", f)
	}
}

func TestValuesNoEnvironmentCanHoldAreRefused(t *testing.T) {
	t.Parallel()
	b := configured(t, nil, nil)
	for name, value := range map[string]string{"zero": "a\x00b", "long": strings.Repeat("x", 200_000)} {
		_, _, err := provision(t.Context(), b, withEnv(someOp(t), map[string]cty.Value{"A": cty.StringVal(value)}))
		if f := wantFailure(t, err, backend.Invalid); !f.Path.Equals(cty.GetAttrPath("env").GetAttr("A")) {
			t.Errorf("%s: path %#v", name, f.Path)
		}
	}
}

func TestSecretsAreNeitherInArgumentsNorInTheEnvironment(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/environ"); err != nil {
		unavailable(t, "this system has no /proc")
	}
	b := configured(t, map[string]string{"provision": `
for p in $$ $PPID $(ps -o pgid= -p $$); do cat /proc/$p/cmdline /proc/$p/environ; done >"$OUT"
cat >"$OUT.stdin"; echo '{"status":"done"}'`}, nil)
	out := filepath.Join(t.TempDir(), "out")
	op := withEnv(someOp(t), map[string]cty.Value{"OUT": cty.StringVal(out)})
	op.Secrets, op.Credential = map[string]string{"password": "PlantedCanary"}, map[string]string{"token": "PlantedCanary"}
	mustProvision(t, b, op)
	if strings.Contains(readFile(t, out), "PlantedCanary") {
		t.Error("a secret is in arguments or environment")
	}
	if !strings.Contains(readFile(t, out), "ADDONGW_VERB=provision") || !strings.Contains(readFile(t, out+".stdin"), "PlantedCanary") {
		t.Error("the test looked in the wrong place")
	}
}
