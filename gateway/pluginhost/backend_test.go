package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

func TestAProvisionReturnsTheSchemasTypesAndMarks(t *testing.T) {
	r := newRig(t)
	result, err := r.run(r.launch(""), call(""))
	if err != nil {
		t.Fatal(err)
	}
	want := cty.ObjectVal(map[string]cty.Value{
		"name": cty.StringVal("abcdefghijkl"),
		"port": cty.NumberIntVal(5432),
		"url":  cty.StringVal("db://u:generated-secret-1@h").Mark(backend.Sensitive),
		"tags": cty.ListVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")}),
	})
	if got := result.Outputs.Cty(); !got.RawEquals(want) {
		t.Errorf("got %#v", got)
	}
}

func TestAPluginWithoutTLSWorks(t *testing.T) {
	r := newRig(t)
	s := spec()
	s.TLS = false
	b, err := r.host.Launch(t.Context(), s, config("", ""), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range r.mustRun(b, "look_around")["env"].([]any) {
		if strings.HasPrefix(entry.(string), "PLUGIN_CLIENT_CERT=") {
			t.Error("a certificate was sent although TLS is off")
		}
	}
}

func TestCheckpointsArriveInOrderAndReportsAreLogged(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	var steps []string
	_, err := b.Run(t.Context(), call("report"), func(step string, state []byte) { steps = append(steps, step+string(state)) })
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{`one{"n":1}`, `two{"n":2}`}, steps); diff != "" {
		t.Errorf("checkpoints (-want +got):\n%s", diff)
	}
	for _, want := range []string{`"text":"look here"`, `"text":"half","percent":50`, `"operation":"op_1"`, `"backend":"testing.main"`} {
		if !strings.Contains(r.logs.String(), want) {
			t.Errorf("the log lacks %s", want)
		}
	}
}

func TestACrashLeavesTheOutcomeUnknownAndTheRepeatSucceeds(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	before := r.mustRun(b, "")["pid"]
	_, err := r.run(b, call("crash_once"))
	var failure *backend.Failure
	if err == nil || errors.As(err, &failure) {
		t.Fatalf("a crash is %v", err)
	}
	if !strings.Contains(err.Error(), "exit status 3") {
		t.Errorf("the error does not tell what happened: %v", err)
	}
	if after := r.mustRun(b, "crash_once")["pid"]; after == before {
		t.Error("the same process answered")
	}
}

func TestAPanicInOneCallLeavesTheProcessAlone(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	before := r.mustRun(b, "")["pid"]
	_, err := r.run(b, call("panic"))
	var failure *backend.Failure
	if err == nil || errors.As(err, &failure) {
		t.Fatalf("a panic is %v", err)
	}
	if after := r.mustRun(b, "")["pid"]; after != before {
		t.Error("the process died")
	}
	await(t, "the panic in the log", func() bool { return strings.Contains(r.logs.String(), "at the disco") })
}

func TestAPanicOutsideACallIsLikeACrash(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	if _, err := r.run(b, call("goroutine_panic")); err == nil {
		t.Fatal("the crash went unnoticed")
	}
	r.mustRun(b, "")
	if !strings.Contains(r.logs.String(), "out of reach of any interceptor") {
		t.Error("the log lacks the panic")
	}
}

func TestAPluginThatNoLongerAnswersIsReplaced(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	if _, err := r.run(b, call("stop_answering")); err == nil {
		t.Fatal("a stopped process answered")
	}
	r.mustRun(b, "")
	if !strings.Contains(r.logs.String(), "it does not answer") {
		t.Error("the log does not tell why it was replaced")
	}
}

func TestTheBreakerRefusesCallsAtOnceAndClosesAgain(t *testing.T) {
	r := newRig(t, func(o *Options) { o.timing.window = 2 * time.Second })
	b := r.launch("")
	var unavailable *UnavailableError
	await(t, "the breaker", func() bool {
		_, err := r.run(b, call("crash"))
		return errors.As(err, &unavailable)
	})
	if unavailable.RetryAfter <= 0 {
		t.Errorf("no time to try again: %v", unavailable)
	}
	var failure *backend.Failure
	if !errors.As(error(unavailable), &failure) || failure.Class != backend.Retryable || failure.RetryAfter < time.Second {
		t.Errorf("a call that was never made is %+v, want a reason to wait", failure)
	}
	await(t, "the breaker closing", func() bool {
		_, err := r.run(b, call(""))
		return err == nil
	})
}

func TestACallReturnsSoonAfterItsContextEnds(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, err := b.Run(ctx, call("hang"), func(string, []byte) { cancel() })
	var failure *backend.Failure
	if !errors.Is(err, context.Canceled) || errors.As(err, &failure) {
		t.Errorf("a cancelled call is %v", err)
	}
}

func TestClosingABackendDrainsFirst(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	inside := make(chan struct{})
	ended := make(chan error)
	callCtx, finish := context.WithCancel(t.Context())
	go func() {
		_, err := b.Run(callCtx, call("hang"), func(string, []byte) { close(inside) })
		ended <- err
	}()
	<-inside
	closed := make(chan struct{})
	go func() { b.Close(t.Context()); close(closed) }()
	await(t, "the refusal of new calls", func() bool {
		other := call("")
		other.Op.ResourceID = "res_2"
		var unavailable *UnavailableError
		_, err := r.run(b, other)
		return errors.As(err, &unavailable)
	})
	select {
	case <-closed:
		t.Fatal("it closed under a running call")
	case err := <-ended:
		t.Fatalf("the running call ended: %v", err)
	default:
	}
	finish()
	<-ended
	<-closed
}

func TestACloseThatRunsOutOfTimeCutsCallsOff(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	inside := make(chan struct{})
	ended := make(chan error)
	go func() {
		_, err := b.Run(t.Context(), call("hang"), func(string, []byte) { close(inside) })
		ended <- err
	}()
	<-inside
	expired, cancel := context.WithCancel(t.Context())
	cancel()
	b.Close(expired)
	var failure *backend.Failure
	if err := <-ended; err == nil || errors.As(err, &failure) || !strings.Contains(err.Error(), "outcome is unknown") {
		t.Errorf("a call that was cut off is %v", err)
	}
}

// A backend that a reload has replaced is closed with patience; the gateway may
// stop meanwhile, and then there is less.
func TestTheLeastPatientCloseCutsCallsOff(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	inside := make(chan struct{})
	go func() { _, _ = b.Run(t.Context(), call("hang"), func(string, []byte) { close(inside) }) }()
	<-inside
	go b.Close(t.Context())
	await(t, "the patient close", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return b.state.closing
	})
	expired, cancel := context.WithCancel(t.Context())
	cancel()
	closed := make(chan struct{})
	go func() { _ = r.host.Close(expired); close(closed) }()
	select {
	case <-closed:
	case <-time.After(10 * time.Second):
		t.Error("the host waits for a call although its time is up")
	}
}

func TestAGrandchildThatHoldsTheOutputDoesNotHoldUpTheEnd(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	state := r.mustRun(b, "child")
	child := int(state["child"].(float64))
	defer func() { _ = syscall.Kill(child, syscall.SIGKILL) }()
	started := time.Now()
	b.Close(t.Context())
	if took := time.Since(started); took > stopTimeout+4*afterlife {
		t.Errorf("closing took %v:\n%s", took, r.logs)
	}
	if lives(int(state["pid"].(float64))) {
		t.Error("the plugin lives on")
	}
}

func TestOutputsThatBreakTheSchemaAreErrorsWithoutValues(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	for do, want := range map[string]string{
		"missing":   "output port is missing",
		"extra":     "does not declare these outputs: surprise",
		"wrong":     "output port is string, not number",
		"null":      "output name is null",
		"generated": "output password was returned",
		"big_state": "the state has",
		"error":     "provision: the outcome is unknown: no idea about ",
	} {
		_, err := r.run(b, call(do))
		var failure *backend.Failure
		if err == nil || errors.As(err, &failure) || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", do, err, want)
			continue
		}
		for _, secret := range []string{"hush-hush", canary, "abcdefghijkl"} {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s: the error shows %q: %v", do, secret, err)
			}
		}
	}
}

func TestTheOtherVerbsReachThePluginAndUndeclaredOnesDoNot(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	c := call("")
	c.Verb, c.Mode = backend.VerbDeprovision, backend.ModeSoft
	result, err := r.run(b, c)
	if err != nil || result.PurgeAfter.Unix() != 1700000000 {
		t.Errorf("deprovision: %v %v", result, err)
	}
	for verb, class := range map[backend.Verb]backend.Class{backend.VerbRead: backend.NotFound, backend.VerbChangePlan: backend.Unsupported} {
		_, err := r.run(b, lifecycle.Call{Verb: verb, Op: c.Op})
		var failure *backend.Failure
		if !errors.As(err, &failure) || failure.Class != class {
			t.Errorf("%s: %v, want %s", verb, err, class)
		}
	}
	if health := b.Health(t.Context()); !health.OK || strings.Contains(health.Detail, canary) {
		t.Errorf("health: %+v", health)
	}
}

func TestAPluginSuspendsAndResumesWithoutOutputs(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	for _, c := range []struct {
		verb         backend.Verb
		reason, want string
	}{
		{backend.VerbSuspend, "The invoice is open.", `"The invoice is open."`},
		{backend.VerbResume, "", `"resumed"`},
	} {
		result, err := r.run(b, lifecycle.Call{Verb: c.verb, Op: call("").Op, Reason: c.reason})
		if err != nil || string(result.State) != c.want || !result.Outputs.IsNull() {
			t.Errorf("%s: %s %v, %v", c.verb, result.State, result.Outputs, err)
		}
	}
}

func TestAPluginRotatesAndOnlyAStageHasOutputs(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	for _, c := range []struct {
		phase backend.RotatePhase
		do    string
		want  string // in the error; empty: none
	}{
		{backend.RotateStage, "", ""},
		{backend.RotateCommit, "", ""},
		{backend.RotateCommit, "missing", ""},
		{backend.RotateAbort, "", ""},
		{backend.RotateStage, "missing", "rotate stage: the outcome is unknown: output name is missing"},
		{"revoke", "", `there is no phase "revoke"`},
	} {
		do := call(c.do)
		do.Verb, do.Phase = backend.VerbRotate, c.phase
		result, err := r.run(b, do)
		if c.want != "" {
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("%s %s: %v, want %q", c.phase, c.do, err, c.want)
			}
			continue
		}
		if err != nil || string(result.State) != strconv.Quote(string(c.phase)) {
			t.Errorf("%s: %s, %v", c.phase, result.State, err)
		}
		if result.Outputs.IsNull() == (c.phase == backend.RotateStage) {
			t.Errorf("%s returns outputs: %v", c.phase, !result.Outputs.IsNull())
		}
	}
}

func TestARotationShowsNeitherTheOldPasswordNorTheNew(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	for _, phase := range []backend.RotatePhase{backend.RotateStage, backend.RotateCommit, backend.RotateAbort} {
		do := call("leak")
		do.Verb, do.Phase = backend.VerbRotate, phase
		do.Op.Outputs = backend.NewValue(cty.ObjectVal(map[string]cty.Value{"password": cty.StringVal("generated-secret-0").Mark(backend.Sensitive)}))
		_, err := r.run(b, do)
		if err == nil || !strings.Contains(err.Error(), "rotate "+string(phase)+": the outcome is unknown") {
			t.Fatalf("%s: %v", phase, err)
		}
		await(t, "the plugin's words", func() bool { return strings.Contains(r.logs.String(), `"text":"event `) })
		for _, secret := range []string{"generated-secret-0", "generated-secret-1", canary} {
			if text := r.logs.String() + err.Error(); strings.Contains(text, secret) {
				t.Errorf("%s: %q is shown in:\n%s", phase, secret, text)
			}
		}
	}
}

func TestNothingAPluginSaysShowsASecret(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	var steps []string
	_, err := b.Run(t.Context(), call("leak"), func(step string, _ []byte) { steps = append(steps, step) })
	var failure *backend.Failure
	if !errors.As(err, &failure) || failure.Class != backend.Quota {
		t.Fatalf("the failure is %v", err)
	}
	for _, line := range []string{`"text":"stdout `, `"text":"stderr `, `"text":"raw `, `"text":"logger"`, `"text":"event `, `"text":"progress `} {
		await(t, line, func() bool { return strings.Contains(r.logs.String(), line) })
	}
	everything := r.logs.String() + fmt.Sprint(steps, failure.Message, failure.Customer, err)
	for _, secret := range []string{"generated-secret-1", canary} {
		if strings.Contains(everything, secret) {
			t.Errorf("%q is shown in:\n%s", secret, everything)
		}
	}
}

func TestARefusedConfigurationIsDiagnosticsWithoutSecrets(t *testing.T) {
	r := newRig(t)
	_, err := r.host.Launch(t.Context(), spec(), config("refuse", ""), nil)
	var refused *ConfigureError
	if !errors.As(err, &refused) || !refused.Diagnostics.HasErrors() {
		t.Fatalf("launch: %v", err)
	}
	if strings.Contains(err.Error(), canary) {
		t.Errorf("the error shows the password: %v", err)
	}
}

func TestAPluginThatDiesInConfigureFailsToStartWithItsLastWords(t *testing.T) {
	r := newRig(t)
	_, err := r.host.Launch(t.Context(), spec(), config("crash_configure", ""), nil)
	var start *StartError
	if !errors.As(err, &start) || !strings.Contains(start.Stderr, "last words") {
		t.Fatalf("launch: %v", err)
	}
	if strings.Contains(err.Error(), canary) {
		t.Errorf("the error shows the password: %v", err)
	}
}

func TestThePluginSeesNothingOfTheHost(t *testing.T) {
	t.Setenv("ADDONGW_TEST_SECRET", "not for plugins")
	r := newRig(t)
	around := r.mustRun(r.launch(""), "look_around")
	var names []string
	for _, entry := range around["env"].([]any) {
		name, value, _ := strings.Cut(entry.(string), "=")
		names = append(names, name)
		if strings.Contains(value, "not for plugins") {
			t.Errorf("%s shows the host's environment", name)
		}
	}
	want := []string{
		"PATH", "LANG", backend.LifelineEnv, backend.CookieKey,
		"PLUGIN_MIN_PORT", "PLUGIN_MAX_PORT", "PLUGIN_PROTOCOL_VERSIONS", "PLUGIN_CLIENT_CERT", "PLUGIN_UNIX_SOCKET_DIR",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("environment (-want +got):\n%s", diff)
	}
	if around["cwd"] != "/" || around["stdin"] != "" {
		t.Errorf("folder %v, input %q", around["cwd"], around["stdin"])
	}
	if args := around["args"].([]any); len(args) != 1 {
		t.Errorf("arguments: %v", args)
	}
}

func TestSignalsForTheGroupDoNotReachPlugins(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	around := r.mustRun(b, "look_around")
	pid := int(r.mustRun(b, "")["pid"].(float64))
	if group, err := syscall.Getpgid(pid); err != nil || group == syscall.Getpgrp() {
		t.Errorf("the plugin is in the host's process group: %v", err)
	}
	// Ignored signals would be inherited by programs that the plugin starts.
	for line := range strings.Lines(around["status"].(string)) {
		var ignored uint64
		if n, _ := fmt.Sscanf(line, "SigIgn: %x", &ignored); n == 1 && ignored&(1<<(syscall.SIGTERM-1)|1<<(syscall.SIGINT-1)) != 0 {
			t.Errorf("the plugin ignores signals for its children too: %s", line)
		}
	}
	for _, signal := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
		if err := syscall.Kill(pid, signal); err != nil {
			t.Fatal(err)
		}
	}
	// Death by a signal takes a moment, in which calls are still answered.
	for end := time.Now().Add(200 * time.Millisecond); time.Now().Before(end); {
		if after := int(r.mustRun(b, "")["pid"].(float64)); after != pid {
			t.Fatal("a signal ended the plugin")
		}
	}
}

func TestMalformedLogLinesDoNoHarm(t *testing.T) {
	r := newRig(t)
	b := r.launch("")
	before := r.mustRun(b, "bad_log")["pid"]
	await(t, "the line after the bad ones", func() bool {
		return strings.Contains(r.logs.String(), `"level":"WARN","msg":"plugin logged","plugin":"testing","backend":"testing.main","stream":"stderr","text":"still here","fields":{"n":"7"}`)
	})
	r.mustRun(b, "long_line")
	if after := r.mustRun(b, "")["pid"]; after != before {
		t.Error("the process changed")
	}
	for line := range strings.Lines(r.logs.String()) {
		if len(line) > maxLine+1000 {
			t.Errorf("a line of %d bytes was logged", len(line))
		}
	}
}
