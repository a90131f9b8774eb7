package shell

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

func TestScriptIsCalledWithItsVerb(t *testing.T) {
	t.Parallel()
	dir := scriptDir(t, scriptsWith(map[string]string{"provision": `printf '%s\n' "$0" "$#" "$1" >"$OUT"; echo '{"status":"done"}'`}))
	b := configuredIn(t, dir, nil)
	out := filepath.Join(t.TempDir(), "out")
	mustProvision(t, b, withEnv(someOp(t), map[string]cty.Value{"OUT": cty.StringVal(out)}))
	if got, want := readFile(t, out), filepath.Join(dir, "provision")+"\n1\nprovision\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestExitCodesHaveClasses(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]backend.Class{
		64: backend.Invalid, 65: backend.Conflict, 66: backend.NotFound, 69: backend.Quota, 70: backend.Unsupported,
		75: backend.Retryable, 77: backend.Unauthorized, 1: backend.Internal, 2: backend.Internal, 126: backend.Internal, 127: backend.Internal, 255: backend.Internal,
	} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			b := configured(t, map[string]string{"provision": fmt.Sprintf("echo no luck >&2; exit %d", code)}, nil)
			_, _, err := provision(t.Context(), b, someOp(t))
			wantFailure(t, err, want, `script "provision" exited with `+fmt.Sprint(code), "no luck")
		})
	}
}

func TestFailureTakesWordsFromTheAnswer(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"provision": `
echo a detail >&2
echo '{"message":"disk is slow","customer":"Please wait.","retry_after":1.5,"state":{"step":2}}'
exit 75`}, nil)
	_, r, err := provision(t.Context(), b, someOp(t))
	f := wantFailure(t, err, backend.Retryable, "disk is slow")
	if f.Customer != "Please wait." || f.RetryAfter != 1500*time.Millisecond {
		t.Errorf("got %+v", f)
	}
	if diff := cmp.Diff([]json.RawMessage{json.RawMessage(`{"state":{"step":2}}`)}, r.checkpoints); diff != "" {
		t.Errorf("checkpoints (-want +got):\n%s", diff)
	}
}

func TestWhatBelongsToSomebodyElseIsNotRemoved(t *testing.T) {
	t.Parallel()
	removed := filepath.Join(t.TempDir(), "removed")
	b := configured(t, map[string]string{
		"provision":   `echo somebody has it >&2; exit 65`,
		"deprovision": "touch " + removed + `; echo '{"status":"done"}'`,
	}, nil)
	op := someOp(t)
	_, r, err := provision(t.Context(), b, op)
	wantFailure(t, err, backend.Conflict, "somebody has it")
	if len(r.checkpoints) != 1 {
		t.Fatalf("checkpoints %s, want one that remembers the conflict", r.checkpoints)
	}
	op.State = r.checkpoints[0] // the gateway cleans up after a failed provision
	cleanUp := &recorder{}
	if _, err := b.Deprovision(t.Context(), backend.DeprovisionRequest{Op: op, Mode: backend.ModePurge}, cleanUp); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(removed); err == nil {
		t.Error("the script deprovision ran on something that is not ours")
	}
	if !strings.Contains(cleanUp.log(), "nothing is removed") {
		t.Errorf("log: %s", cleanUp.log())
	}
}

func TestFailureWithUnreadableOutputKeepsItsClass(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"provision": `echo '{"status":"pending","retry_'; exit 69`}, nil)
	_, _, err := provision(t.Context(), b, someOp(t))
	wantFailure(t, err, backend.Quota)
}

func TestPendingWithAFailureIsAFailure(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"provision": `echo '{"status":"pending","state":1}'; exit 75`}, nil)
	_, r, err := provision(t.Context(), b, someOp(t))
	wantFailure(t, err, backend.Retryable)
	if got := string(r.checkpoints[0]); got != `{"state":1}` {
		t.Errorf("checkpoint %s", got)
	}
}

func TestSignalIsInternal(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"provision": `kill -SEGV $$`}, nil)
	_, _, err := provision(t.Context(), b, someOp(t))
	wantFailure(t, err, backend.Internal, "signal 11")
}

func TestReturnedOutputsAndStateArriveExactly(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"provision": `
cat <<'END'
{"status": "done",
 "outputs": {"username": "ann", "big": 9007199254740993.25, "hosts": ["a", "b"], "on": true},
 "state": {"n": 12345678901234567890.5, "list": [1, {}]}, "message": "made"}
END`}, attributes{"output": outputBlocks(map[string]attributes{
		"username": {},
		"big":      {"type": cty.StringVal(`"number"`)},
		"hosts":    {"type": cty.StringVal(`["list","string"]`)},
		"on":       {"type": cty.StringVal(`"bool"`)},
		"password": {"generated": cty.NumberIntVal(24)},
	})})
	result, r := mustProvision(t, b, someOp(t))
	want := cty.ObjectVal(map[string]cty.Value{
		"username": cty.StringVal("ann"), "big": cty.MustParseNumberVal("9007199254740993.25"), "on": cty.True,
		"hosts": cty.ListVal([]cty.Value{cty.StringVal("a"), cty.StringVal("b")}),
	})
	if !result.Outputs.Cty().RawEquals(want) {
		t.Errorf("outputs are %#v", result.Outputs.Cty())
	}
	if got := string(result.State); got != `{"state":{"n":12345678901234567890.5,"list":[1,{}]}}` {
		t.Errorf("state is %s", got)
	}
	if diff := cmp.Diff([]string{"made"}, r.progress); diff != "" {
		t.Errorf("progress (-want +got):\n%s", diff)
	}
}

func TestStateIsKeptUnlessTheScriptSaysOtherwise(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ answer, want string }{
		"absent": {`{"status":"done"}`, `{"state":{"a":1}}`},
		"null":   {`{"status":"done","state":null}`, `{}`},
		"new":    {`{"status":"done","state":"b"}`, `{"state":"b"}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := configured(t, map[string]string{"provision": "echo '" + c.answer + "'"}, nil)
			op := someOp(t)
			op.State = json.RawMessage(`{"state":{"a":1}}`)
			result, _ := mustProvision(t, b, op)
			if got := string(result.State); got != c.want {
				t.Errorf("state is %s, want %s", got, c.want)
			}
		})
	}
}

func TestWrongOutputsAreInternalAndNamedWithoutValues(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ outputs, want string }{
		"none":       {`{}`, "output host is missing"},
		"missing":    {`{"port":5}`, "output host is missing"},
		"null":       {`{"port":5,"host":null}`, "output host is null"},
		"wrong type": {`{"port":"a-value","host":"a-value"}`, "output port is string, not number"},
		"extra":      {`{"port":5,"host":"a-value","extra":"a-value"}`, "extra"},
		"generated":  {`{"port":5,"host":"a-value","password":"a-value"}`, "output password was returned, but the gateway makes it"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := configured(t, map[string]string{"provision": `echo '{"status":"done","outputs":` + c.outputs + `}'`},
				attributes{"output": outputBlocks(map[string]attributes{
					"port": {"type": cty.StringVal(`"number"`)}, "host": {}, "password": {"generated": cty.NumberIntVal(20)},
				})})
			_, r, err := provision(t.Context(), b, someOp(t))
			f := wantFailure(t, err, backend.Internal, `script "provision"`, c.want)
			if strings.Contains(f.Message+r.log(), "a-value") {
				t.Errorf("a value is in %q", f.Message)
			}
		})
	}
}

func TestDeprovisionWithOutputsIsInternal(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"deprovision": `echo '{"status":"done","outputs":{"a":1}}'`}, nil)
	_, err := b.Deprovision(t.Context(), backend.DeprovisionRequest{Op: someOp(t), Mode: backend.ModePurge}, &recorder{})
	wantFailure(t, err, backend.Internal, "should be gone")
}

func TestSoftDeprovisionReturnsWhenToPurge(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"deprovision": `
case $ADDONGW_MODE in
soft) echo '{"status":"done","purge_after":"2030-01-02T00:00:00Z","state":{"kept":true}}' ;;
purge) echo '{"status":"done"}' ;;
esac`}, nil)
	soft, err := b.Deprovision(t.Context(), backend.DeprovisionRequest{Op: someOp(t), Mode: backend.ModeSoft}, &recorder{})
	if err != nil {
		t.Fatal(err)
	}
	if want := time.Date(2030, 1, 2, 0, 0, 0, 0, time.UTC); !soft.PurgeAfter.Equal(want) || string(soft.State) != `{"state":{"kept":true}}` {
		t.Errorf("soft: %v, state %s", soft.PurgeAfter, soft.State)
	}
	purged, err := b.Deprovision(t.Context(), backend.DeprovisionRequest{Op: someOp(t), Mode: backend.ModePurge}, &recorder{})
	if err != nil || !purged.PurgeAfter.IsZero() || purged.State != nil {
		t.Errorf("purge: %+v, %v", purged, err)
	}
}

func TestReadReturnsOutputsAndDrift(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"read": `echo '{"status":"done","outputs":{"used_mb":7},"drift":["quota is 5 MB"]}'`},
		attributes{"output": outputBlocks(map[string]attributes{"used_mb": {"type": cty.StringVal(`"number"`), "measured": cty.True}})})
	resp, err := b.Read(t.Context(), backend.ReadRequest{Op: someOp(t)})
	if err != nil {
		t.Fatal(err)
	}
	if !resp.Outputs.Cty().RawEquals(cty.ObjectVal(map[string]cty.Value{"used_mb": cty.NumberIntVal(7)})) {
		t.Errorf("outputs %#v", resp.Outputs.Cty())
	}
	if diff := cmp.Diff([]string{"quota is 5 MB"}, resp.Drift); diff != "" {
		t.Errorf("drift (-want +got):\n%s", diff)
	}
}

func TestVerbsWithoutAScriptAreUnsupported(t *testing.T) {
	t.Parallel()
	b := configured(t, nil, nil)
	_, err := b.ChangePlan(t.Context(), backend.ChangePlanRequest{Op: someOp(t)}, &recorder{})
	wantFailure(t, err, backend.Unsupported, "there is no script", "change_plan")
	_, err = b.Read(t.Context(), backend.ReadRequest{Op: someOp(t)})
	wantFailure(t, err, backend.Unsupported, "there is no script", "read")
	_, err = b.Suspend(t.Context(), backend.SuspendRequest{Op: someOp(t)}, &recorder{})
	wantFailure(t, err, backend.Unsupported, "there is no script", "suspend")
	_, err = b.Resume(t.Context(), backend.ResumeRequest{Op: someOp(t)}, &recorder{})
	wantFailure(t, err, backend.Unsupported, "there is no script", "resume")
	for _, phase := range []backend.RotatePhase{backend.RotateStage, backend.RotateAbort} {
		_, err = b.Rotate(t.Context(), backend.RotateRequest{Op: someOp(t), Phase: phase}, &recorder{})
		wantFailure(t, err, backend.Unsupported, "there is no script", "rotate")
	}
}

func TestACommitWithoutItsScriptIsAMistake(t *testing.T) {
	t.Parallel()
	_, err := configured(t, nil, nil).Rotate(t.Context(), backend.RotateRequest{Op: someOp(t), Phase: backend.RotateCommit}, &recorder{})
	wantFailure(t, err, backend.Internal, "there is no script", "rotate", "work beside them")
}

func TestAResumeWithoutItsScriptBesideSuspendIsAMistake(t *testing.T) {
	t.Parallel()
	done := `echo '{"status":"done"}'`
	dir := scriptDir(t, scriptsWith(map[string]string{"suspend": done, "resume": done}))
	b := configuredIn(t, dir, nil)
	if err := os.Remove(filepath.Join(dir, "resume")); err != nil {
		t.Fatal(err)
	}
	_, err := b.Resume(t.Context(), backend.ResumeRequest{Op: someOp(t)}, &recorder{})
	wantFailure(t, err, backend.Internal, "there is no script", "resume", `script "suspend"`)
}

func TestScriptThatWentBadAfterStartIsNotRun(t *testing.T) {
	t.Parallel()
	dir := scriptDir(t, scriptsWith(nil))
	b := configuredIn(t, dir, nil)
	chmod(t, filepath.Join(dir, "provision"), 0o757)
	_, _, err := provision(t.Context(), b, someOp(t))
	wantFailure(t, err, backend.Internal, "may be changed by everybody")
	if h, _ := b.Health(t.Context(), backend.HealthRequest{}); h.OK || !strings.Contains(h.Detail, "everybody") {
		t.Errorf("health is %+v", h)
	}
}

func TestMissingInterpreterIsExplained(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"provision": "#!/nowhere/sh\n"}, nil)
	_, _, err := provision(t.Context(), b, someOp(t))
	wantFailure(t, err, backend.Internal, "is the program named in its first line installed?")
}

func TestManyScriptsRunAtOnce(t *testing.T) {
	t.Parallel()
	// Each script waits until all of them have begun.
	b := configured(t, map[string]string{"provision": `
: >"$DIR/$ADDONGW_RESOURCE_ID"
while [ "$(ls "$DIR" | wc -l)" -lt 12 ]; do sleep 0.02; done
cat >/dev/null
echo '{"status":"done","outputs":{"id":"'"$ADDONGW_RESOURCE_ID"'"}}'`}, attributes{"output": outputBlocks(map[string]attributes{"id": {}})})
	dir := t.TempDir()
	var all sync.WaitGroup
	for i := range 12 {
		all.Go(func() {
			op := withEnv(someOp(t), map[string]cty.Value{"DIR": cty.StringVal(dir)})
			op.ResourceID = fmt.Sprintf("res_%d", i)
			op.Secrets = map[string]string{"password": strings.Repeat("s", 100_000)} // more than a pipe holds
			result, _, err := provision(t.Context(), b, op)
			if err != nil {
				t.Error(err)
				return
			}
			if got := result.Outputs.Cty().GetAttr("id").AsString(); got != op.ResourceID {
				t.Errorf("%s got the answer of %s", op.ResourceID, got)
			}
		})
	}
	all.Wait()
}

func TestCallsBeforeConfigureAreRefused(t *testing.T) {
	t.Parallel()
	_, _, err := provision(t.Context(), New(), someOp(t))
	wantFailure(t, err, backend.Internal, "before Configure")
}

func TestNoScriptIsStartedWithoutTime(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"provision": `: >"$OUT"; echo '{"status":"done"}'`}, nil)
	out := filepath.Join(t.TempDir(), "out")
	op := withEnv(someOp(t), map[string]cty.Value{"OUT": cty.StringVal(out)})
	op.Deadline = time.Now().Add(-time.Second)
	_, _, err := provision(t.Context(), b, op)
	wantFailure(t, err, backend.Retryable, "no time left")
	if _, err := os.Stat(out); !os.IsNotExist(err) {
		t.Errorf("it was started: %v", err)
	}
}

func TestASuspensionLeavesTheRecordedOutputs(t *testing.T) {
	t.Parallel()
	script := `echo '{"status":"done","outputs":{"url":"other"},"state":{"locked":true}}'`
	b := configured(t, map[string]string{"suspend": script, "resume": script}, attributes{"output": outputBlocks(map[string]attributes{"url": {}})})
	r := &recorder{}
	result, err := b.Suspend(t.Context(), backend.SuspendRequest{Op: someOp(t)}, r)
	if err != nil || !result.Outputs.IsNull() || string(result.State) != `{"state":{"locked":true}}` {
		t.Errorf("%v, %s, %v", result.Outputs, result.State, err)
	}
	if len(r.lines) != 1 || !strings.Contains(r.lines[0], `script "suspend" returned outputs`) {
		t.Errorf("the log says %q", r.lines)
	}
}
