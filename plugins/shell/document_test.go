package shell

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

func TestDocumentHoldsTheWholeOperation(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{
		"provision":   `cat >"$OUT"; echo '{"status":"done"}'`,
		"change_plan": `cat >"$OUT"; echo '{"status":"done"}'`,
		"deprovision": `cat >"$OUT"; echo '{"status":"done"}'`,
	}, nil)
	out := filepath.Join(t.TempDir(), "out")
	op := withEnv(someOp(t), map[string]cty.Value{"OUT": cty.StringVal(out)})
	op.Attempt = 3
	op.Deadline = time.Date(2126, 1, 2, 3, 4, 5, 0, time.UTC)
	op.Plan.Params = backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"quota_mb": cty.NumberIntVal(1024), "exact": cty.MustParseNumberVal("9007199254740993.1"),
	}))
	op.Region.Data = backend.NewValue(cty.ObjectVal(map[string]cty.Value{"host": cty.StringVal("h")}))
	op.Options = backend.NewValue(cty.MapVal(map[string]cty.Value{"a": cty.StringVal(`"secrets":{"password":"x"}`)}))
	op.Outputs = backend.NewValue(cty.ObjectVal(map[string]cty.Value{"old": cty.StringVal("o").Mark(backend.Sensitive)}))
	op.State = json.RawMessage(`{"state":{"n":12345678901234567890}}`)
	op.Secrets = map[string]string{"password": "pä&<>\u00e9 word"}
	op.Credential = map[string]string{"token": "t"}
	op.ResourceID = "res_1"

	common := func(verb, extra string) string {
		return `{"version":"addongw-shell/1","verb":"` + verb + `","operation_id":"op_1","resource_id":"res_1","short_id":"abcdefgh2345",` +
			`"attempt":3,"deadline":"2126-01-02T03:04:05Z","addon":"tinyfiles","plan":{"id":"small","params":{"exact":9007199254740993.1,"quota_mb":1024}},` + extra +
			`"region":{"id":"eu","data":{"host":"h"}},"options":{"a":"\"secrets\":{\"password\":\"x\"}"},"outputs":{"old":"o"},` +
			`"state":{"n":12345678901234567890},"credential":{"token":"t"},"secrets":{"password":"pä&<>é word"}}` + "\n"
	}
	mustProvision(t, b, op)
	if diff := cmp.Diff(common("provision", ""), readFile(t, out)); diff != "" {
		t.Errorf("provision (-want +got):\n%s", diff)
	}
	if _, err := b.ChangePlan(t.Context(), backend.ChangePlanRequest{Op: op, OldPlan: backend.Plan{ID: "tiny"}}, &recorder{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(common("change_plan", `"old_plan":{"id":"tiny","params":{}},`), readFile(t, out)); diff != "" {
		t.Errorf("change_plan (-want +got):\n%s", diff)
	}
	if _, err := b.Deprovision(t.Context(), backend.DeprovisionRequest{Op: op, Mode: backend.ModePurge}, &recorder{}); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(common("deprovision", `"mode":"purge",`), readFile(t, out)); diff != "" {
		t.Errorf("deprovision (-want +got):\n%s", diff)
	}
}

func TestDocumentHoldsTheReasonOfASuspension(t *testing.T) {
	t.Parallel()
	keep := `cat >"$OUT"; echo '{"status":"done"}'`
	b := configured(t, map[string]string{"suspend": keep, "resume": keep}, nil)
	out := filepath.Join(t.TempDir(), "out")
	op := withEnv(someOp(t), map[string]cty.Value{"OUT": cty.StringVal(out)})
	if _, err := b.Suspend(t.Context(), backend.SuspendRequest{Op: op, Reason: `The invoice is "open".`}, &recorder{}); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, out); !strings.Contains(got, `"verb":"suspend",`) || !strings.Contains(got, `"reason":"The invoice is \"open\".",`) {
		t.Errorf("suspend is told %s", got)
	}
	if _, err := b.Resume(t.Context(), backend.ResumeRequest{Op: op}, &recorder{}); err != nil {
		t.Fatal(err)
	}
	if got := readFile(t, out); !strings.Contains(got, `"verb":"resume",`) || strings.Contains(got, `"reason"`) {
		t.Errorf("resume is told %s", got)
	}
}

func TestDocumentHoldsThePhaseOfARotation(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"rotate": `cat >"$OUT"; echo "$1 $ADDONGW_PHASE" >>"$OUT"; echo '{"status":"done"}'`}, nil)
	out := filepath.Join(t.TempDir(), "out")
	op := withEnv(someOp(t), map[string]cty.Value{"OUT": cty.StringVal(out)})
	op.Outputs = backend.NewValue(cty.ObjectVal(map[string]cty.Value{"password": cty.StringVal("old-password").Mark(backend.Sensitive)}))
	op.Secrets = map[string]string{"password": "new-password"}
	for _, phase := range []backend.RotatePhase{backend.RotateStage, backend.RotateCommit, backend.RotateAbort} {
		if _, err := b.Rotate(t.Context(), backend.RotateRequest{Op: op, Phase: phase}, &recorder{}); err != nil {
			t.Fatal(err)
		}
		got := readFile(t, out)
		for _, want := range []string{
			`"verb":"rotate",`, `"phase":"` + string(phase) + `",`, `"outputs":{"password":"old-password"},`, `"secrets":{"password":"new-password"}}`, "rotate " + string(phase) + "\n",
		} {
			if !strings.Contains(got, want) {
				t.Errorf("%s: no %s in %s", phase, want, got)
			}
		}
	}
}

func TestSedAloneFindsASecret(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"provision": `
password=$(sed -n 's/.*"secrets":{.*"password":"\([^"]*\)".*/\1/p')
printf %s "$password" >"$OUT"
echo '{"status":"done"}'`}, nil)
	out := filepath.Join(t.TempDir(), "out")
	op := withEnv(someOp(t), map[string]cty.Value{"OUT": cty.StringVal(out)})
	op.Options = backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"secrets": cty.ObjectVal(map[string]cty.Value{"password": cty.StringVal("forged")}),
		"text":    cty.StringVal(`"secrets":{"password":"forged"}`),
	}))
	op.Secrets = map[string]string{"apple": "a", "password": "Right42", "zebra": "z"}
	mustProvision(t, b, op)
	if got := readFile(t, out); got != "Right42" {
		t.Errorf("sed found %q", got)
	}
}
