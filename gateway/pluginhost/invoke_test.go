package pluginhost

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

const token = "token/of a caller"

// invoke makes a call of an action with a caller's credentials.
func invoke(action string) lifecycle.Call {
	return lifecycle.Call{
		Verb: backend.VerbInvoke, Action: action, Args: backend.NewValue(cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("web1")})),
		Op: backend.Op{OperationID: "op_1", ResourceID: "res_1", Attempt: 1, State: []byte(`{"n":1}`), Credential: map[string]string{"access-token": token}},
	}
}

func TestAnActionReturnsWhateverObjectItLikes(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	var steps []string
	result, err := b.Run(t.Context(), invoke("echo"), func(step string, state []byte) { steps = append(steps, step+string(state)) })
	if err != nil {
		t.Fatal(err)
	}
	want := cty.ObjectVal(map[string]cty.Value{
		"action": cty.StringVal("echo"), "args": cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal("web1")}), "token": cty.StringVal(token),
	})
	if got := result.Outputs.Cty(); !got.RawEquals(want) || string(result.State) != `{"n":3}` {
		t.Errorf("got %#v and the state %s", got, result.State)
	}
	if diff := cmp.Diff([]string{`done{"n":2}`}, steps); diff != "" {
		t.Errorf("checkpoints (-want +got):\n%s", diff)
	}
	if log := r.logs.String(); !strings.Contains(log, `"verb":"invoke"`) || !strings.Contains(log, `"action":"echo"`) {
		t.Errorf("the log does not name the action: %s", log)
	}
}

func TestALookLeavesTheStateAsItIs(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	c := invoke("look")
	c.Op.OperationID = ""
	var steps []string
	result, err := b.Run(t.Context(), c, func(step string, _ []byte) { steps = append(steps, step) })
	if err != nil || string(result.State) != `{"n":1}` || steps != nil {
		t.Errorf("state %s, checkpoints %v, %v", result.State, steps, err)
	}
	if got := result.Outputs.Cty().GetAttr("action"); !got.RawEquals(cty.StringVal("look")) {
		t.Errorf("outputs of %#v", got)
	}
}

func TestOnlyEffectiveActionsAreCalled(t *testing.T) {
	r := newRig(t)
	narrow := spec()
	narrow.Actions = []string{"echo", "destroy"}
	effective, err := r.host.Launch(t.Context(), narrow, config("", t.TempDir()), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what, action string
		b            *Backend
		refused      bool
	}{
		{"described", "look", r.launch(""), false},
		{"not described", "destroy", r.launch(""), true},
		{"empty", "", r.launch(""), true},
		{"effective", "echo", effective, false},
		{"described and not effective", "look", effective, true},
		{"effective and not described, as the plugin itself sees", "destroy", effective, true},
	} {
		_, err := r.run(c.b, invoke(c.action))
		var failure *backend.Failure
		if !c.refused && err != nil {
			t.Errorf("%s: %v", c.what, err)
		}
		if c.refused && (!errors.As(err, &failure) || failure.Class != backend.Unsupported || !strings.Contains(failure.Message, fmt.Sprintf("%q", c.action))) {
			t.Errorf("%s: %v", c.what, err)
		}
	}
	if strings.Count(r.logs.String(), `"text":"look here"`) != 2 {
		t.Errorf("the plugin was called for what is refused: %s", r.logs.String())
	}
}

func TestACallersCredentialsAreShownNowhere(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	var steps []string
	_, err := b.Run(t.Context(), invoke("leak"), func(step string, _ []byte) { steps = append(steps, step) })
	if !isUnknown(err) || !strings.Contains(err.Error(), "invoke leak") {
		t.Fatalf("the accident is %v", err)
	}
	_, refused := r.run(b, invoke("unauthorized"))
	var failure *backend.Failure
	if !errors.As(refused, &failure) || failure.Class != backend.Unauthorized {
		t.Fatalf("the failure is %v", refused)
	}
	for _, line := range []string{`"text":"stdout `, `"text":"stderr `, `"text":"raw `, `"text":"logger"`, `"text":"event `, `"text":"progress `} {
		await(t, line, func() bool { return strings.Contains(r.logs.String(), line) })
	}
	everything := r.logs.String() + fmt.Sprint(steps, err, refused, failure.Message)
	for _, secret := range []string{token, base64.StdEncoding.EncodeToString([]byte(token))[4:16], canary} {
		if strings.Contains(everything, secret) {
			t.Errorf("%q is shown in:\n%s", secret, everything)
		}
	}
	if !strings.Contains(failure.Message, hidden) {
		t.Errorf("nothing was masked in %q", failure.Message)
	}
}

func TestSensitiveArgumentsAreMasked(t *testing.T) {
	r := newRig(t)
	c := invoke("leak")
	c.Args = backend.NewValue(cty.ObjectVal(map[string]cty.Value{"name": cty.StringVal(token).Mark(backend.Sensitive)}))
	c.Op.Credential = nil
	b := r.launch("")
	if _, err := r.run(b, c); err == nil {
		t.Fatal("the accident went unnoticed")
	}
	if got := b.log.masker.mask("about " + token); got != "about "+hidden {
		t.Errorf("a late line says %q", got)
	}
}

func TestACrashInAnActionLeavesTheOutcomeUnknownAndTheRepeatSucceeds(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	if _, err := r.run(b, invoke("crash_once")); !isUnknown(err) || !strings.Contains(err.Error(), "exit status 3") {
		t.Fatalf("a crash is %v", err)
	}
	if _, err := r.run(b, invoke("crash_once")); err != nil {
		t.Errorf("the repeat: %v", err)
	}
	if _, err := r.run(b, invoke("panic")); !isUnknown(err) {
		t.Errorf("a panic is %v", err)
	}
	if _, err := r.run(b, invoke("echo")); err != nil {
		t.Errorf("after the panic: %v", err)
	}
	if _, err := r.run(b, invoke("list")); !isUnknown(err) || !strings.Contains(err.Error(), "not an object") || strings.Contains(err.Error(), "hush-hush") {
		t.Errorf("a list is %v", err)
	}
}

func TestEveryBrokenActionIsAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	r := newHostileRig(t, []string{"hostile"})
	b := r.launchHostile("", "")
	act := func(do string) (backend.Result, error) {
		return r.run(b, lifecycle.Call{Verb: backend.VerbInvoke, Action: "perform", Op: call(do).Op})
	}
	for do, want := range map[string]string{
		`outputs ["hush-hush"]`: "not an object",
		`outputs "hush-hush"`:   "not an object",
		"outputs 17":            "not an object",
		`outputs {"name":`:      "decode outputs",
		"huge-output":           "at most 262144",
		"huge-state":            "at most 65536",
		"huge-checkpoint":       "at most 65536",
		"bad-state":             "the state is not JSON",
		"huge-message":          "larger than max",
		"no-result":             "ended without a result",
		"exit-in-stream":        "exit status 9",
		"panic-in-stream":       "exit status 2",
	} {
		_, err := act(do)
		if !isUnknown(err) || !strings.Contains(err.Error(), want) || len(err.Error()) > 3000 || strings.Contains(err.Error(), "hush-hush") {
			t.Errorf("%s: %v, want %q", do, err, want)
		}
		await(t, "the plugin after "+do, func() bool {
			_, err := act("good")
			return err == nil
		})
	}
	for do, want := range map[string]cty.Value{
		"outputs null":         cty.EmptyObjectVal,
		"outputs {}":           cty.EmptyObjectVal,
		`outputs {"any":[17]}`: cty.ObjectVal(map[string]cty.Value{"any": cty.TupleVal([]cty.Value{cty.NumberIntVal(17)})}),
	} {
		if result, err := act(do); err != nil || !result.Outputs.Cty().RawEquals(want) {
			t.Errorf("%s: %#v, %v", do, result.Outputs.Cty(), err)
		}
	}
}

func TestEffectiveActionsReachTheGateway(t *testing.T) {
	r := newRig(t)
	o, err := r.host.Open(t.Context(), spec())
	if err != nil {
		t.Fatal(err)
	}
	resp, err := o.ValidateConfig(t.Context(), backend.ValidateConfigRequest{Config: config("actions", "")})
	if err != nil || !resp.ActionsOnly || cmp.Diff([]string{"verify"}, resp.Actions) != "" {
		t.Errorf("got %+v, %v", resp, err)
	}
	if _, err := o.ValidateConfig(context.Background(), backend.ValidateConfigRequest{Config: config("bad_actions", "")}); err == nil || !strings.Contains(err.Error(), `action "Verify"`) {
		t.Errorf("a name that is none: %v", err)
	}
}
