package shell

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// slow is a service that needs three looks until it is ready. It notes each
// call in $LOG.
func slow() map[string]string {
	note := `echo "$ADDONGW_VERB ${ADDONGW_PENDING-} $(sed -n 's/.*"state":\([^,]*\),.*/\1/p')" >>"$LOG"
`
	return map[string]string{
		"provision":   note + `echo '{"status":"pending","state":1,"retry_after":0.1,"message":"started"}'`,
		"deprovision": note + `echo '{"status":"pending","state":1,"retry_after":0.1}'`,
		"read": note + `
looks=$(grep -c ^read "$LOG")
if [ "$looks" -lt 3 ]; then echo '{"status":"pending","state":'$((looks + 1))',"retry_after":0.1}'
elif [ "${ADDONGW_PENDING-}" = deprovision ]; then exit 66
else echo '{"status":"done","outputs":{"host":"h"},"state":"ready"}'; fi`,
	}
}

func slowBackend(t *testing.T, texts map[string]string) (*Backend, backend.Op, string) {
	t.Helper()
	b := configured(t, texts, attributes{"output": outputBlocks(map[string]attributes{"host": {}})})
	log := filepath.Join(t.TempDir(), "log")
	return b, withEnv(someOp(t), map[string]cty.Value{"LOG": cty.StringVal(log)}), log
}

func TestPendingWorkIsReadUntilItIsDone(t *testing.T) {
	t.Parallel()
	b, op, log := slowBackend(t, slow())
	result, r := mustProvision(t, b, op)
	if diff := cmp.Diff("provision  null\nread provision 1\nread provision 2\nread provision 3\n", readFile(t, log)); diff != "" {
		t.Errorf("calls (-want +got):\n%s", diff)
	}
	if got := result.Outputs.Cty().GetAttr("host").AsString(); got != "h" || string(result.State) != `{"state":"ready"}` {
		t.Errorf("outputs %q, state %s", got, result.State)
	}
	var last json.RawMessage
	if len(r.checkpoints) == 3 {
		last = r.checkpoints[2]
	}
	if got, want := string(last), `{"state":3,"pending":{"verb":"provision","operation_id":"op_1"}}`; got != want {
		t.Errorf("checkpoints %s, want three and the last %s", r.checkpoints, want)
	}
}

func TestNextAttemptGoesOnWithRead(t *testing.T) {
	t.Parallel()
	b, op, log := slowBackend(t, slow())
	op.State = json.RawMessage(`{"state":7,"pending":{"verb":"provision","operation_id":"op_1"}}`)
	mustProvision(t, b, op)
	if first, _, _ := strings.Cut(readFile(t, log), "\n"); first != "read provision 7" {
		t.Errorf("it began with %q", first)
	}
}

func TestAnotherOperationDoesNotGoOnWithRead(t *testing.T) {
	t.Parallel()
	b, op, log := slowBackend(t, slow())
	op.OperationID = "op_2"
	op.State = json.RawMessage(`{"state":7,"pending":{"verb":"provision","operation_id":"op_1"}}`)
	mustProvision(t, b, op)
	if first, _, _ := strings.Cut(readFile(t, log), "\n"); first != "provision  7" {
		t.Errorf("it began with %q", first)
	}
}

func TestPendingAtTheDeadlineIsRetryableAndKept(t *testing.T) {
	t.Parallel()
	texts := slow()
	texts["read"] = `echo '{"status":"pending","retry_after":60,"message":"half way"}'`
	b, op, _ := slowBackend(t, texts)
	begun := time.Now()
	_, r, err := provision(t.Context(), b, op)
	f := wantFailure(t, err, backend.Retryable, "still pending", "half way")
	if f.RetryAfter != time.Minute {
		t.Errorf("retry after %v", f.RetryAfter)
	}
	if time.Since(begun) > 10*time.Second {
		t.Error("it waited for a time that could not be enough")
	}
	if got := string(r.checkpoints[len(r.checkpoints)-1]); !strings.Contains(got, `"state":1,"pending"`) {
		t.Errorf("kept is %s", got)
	}
}

func TestCancelledCallStopsWaiting(t *testing.T) {
	t.Parallel()
	texts := slow()
	texts["provision"] = `: >"$LOG"; echo '{"status":"pending","retry_after":15}'`
	b, op, log := slowBackend(t, texts)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		for ctx.Err() == nil {
			if _, err := os.Stat(log); err == nil {
				return
			}
			time.Sleep(time.Millisecond)
		}
	}()
	_, _, err := provision(ctx, b, op)
	wantFailure(t, err, backend.Retryable)
}

func TestPendingDeprovisionEndsWhenNothingIsFound(t *testing.T) {
	t.Parallel()
	b, op, log := slowBackend(t, slow())
	_, err := b.Deprovision(t.Context(), backend.DeprovisionRequest{Op: op, Mode: backend.ModePurge}, &recorder{})
	if err != nil {
		t.Fatal(err)
	}
	if got := strings.Count(readFile(t, log), "read deprovision"); got != 3 {
		t.Errorf("%d looks", got)
	}
}

func TestPendingDeprovisionIsNotDoneWhileReadFindsIt(t *testing.T) {
	t.Parallel()
	texts := slow()
	texts["read"] = `echo '{"status":"done","outputs":{"host":"h"}}'`
	b, op, _ := slowBackend(t, texts)
	_, err := b.Deprovision(t.Context(), backend.DeprovisionRequest{Op: op, Mode: backend.ModePurge}, &recorder{})
	wantFailure(t, err, backend.Internal, "should be gone")
}

func TestPendingWithoutAReadScriptIsInternal(t *testing.T) {
	t.Parallel()
	texts := slow()
	delete(texts, "read")
	b, op, _ := slowBackend(t, texts)
	_, _, err := provision(t.Context(), b, op)
	wantFailure(t, err, backend.Internal, "no script", "read")
}

func TestFailedReadKeepsWorkPending(t *testing.T) {
	t.Parallel()
	texts := slow()
	texts["read"] = `echo '{"state":9,"retry_after":2}'; exit 75`
	b, op, _ := slowBackend(t, texts)
	_, r, err := provision(t.Context(), b, op)
	if f := wantFailure(t, err, backend.Retryable); f.RetryAfter != 2*time.Second {
		t.Errorf("retry after %v", f.RetryAfter)
	}
	if got, want := string(r.checkpoints[len(r.checkpoints)-1]), `{"state":9,"pending":{"verb":"provision","operation_id":"op_1"}}`; got != want {
		t.Errorf("kept is %s, want %s", got, want)
	}
}

func TestReadOfAPendingResourceIsRetryable(t *testing.T) {
	t.Parallel()
	b, op, _ := slowBackend(t, slow())
	_, err := b.Read(t.Context(), backend.ReadRequest{Op: op})
	wantFailure(t, err, backend.Retryable, "still pending")
}

// A stage that is given up while it goes on is taken back, even under the same
// operation id: nobody asks read how far the stage has come.
func TestAPendingStageCanBeTakenBack(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{
		"rotate": `echo "$1 $ADDONGW_PHASE" >>"$OUT"
if [ "$ADDONGW_PHASE" = stage ]; then echo '{"status":"pending","retry_after":0.1}'; else echo '{"status":"done"}'; fi`,
		"read": `echo "$1 $ADDONGW_PENDING $ADDONGW_PHASE" >>"$OUT"; echo '{"status":"pending","retry_after":60}'`,
	}, nil)
	out := filepath.Join(t.TempDir(), "out")
	op := withEnv(someOp(t), map[string]cty.Value{"OUT": cty.StringVal(out)})
	r := &recorder{}
	_, err := b.Rotate(t.Context(), backend.RotateRequest{Op: op, Phase: backend.RotateStage}, r)
	wantFailure(t, err, backend.Retryable, "still pending")
	op.State = r.checkpoints[len(r.checkpoints)-1]
	if _, err := b.Rotate(t.Context(), backend.RotateRequest{Op: op, Phase: backend.RotateStage}, &recorder{}); err == nil {
		t.Error("a stage that is pending is done")
	}
	if _, err := b.Rotate(t.Context(), backend.RotateRequest{Op: op, Phase: backend.RotateAbort}, &recorder{}); err != nil {
		t.Error(err)
	}
	want := "rotate stage\nread rotate stage\nread rotate stage\nrotate abort\n"
	if diff := cmp.Diff(want, readFile(t, out)); diff != "" {
		t.Errorf("what ran (-want +got):\n%s", diff)
	}
}

func TestOnlyAStageReturnsOutputs(t *testing.T) {
	t.Parallel()
	b := configured(t, map[string]string{"rotate": `echo '{"status":"done","outputs":{"url":"other"}}'`}, attributes{"output": outputBlocks(map[string]attributes{"url": {}})})
	for _, phase := range []backend.RotatePhase{backend.RotateStage, backend.RotateCommit, backend.RotateAbort} {
		r := &recorder{}
		result, err := b.Rotate(t.Context(), backend.RotateRequest{Op: someOp(t), Phase: phase}, r)
		if err != nil || result.Outputs.IsNull() == (phase == backend.RotateStage) {
			t.Errorf("%s: %v, %v", phase, result.Outputs, err)
		}
		if warned := strings.Contains(r.log(), "returned outputs"); warned == (phase == backend.RotateStage) {
			t.Errorf("%s: the log says %q", phase, r.log())
		}
	}
	b = configured(t, map[string]string{"rotate": `echo '{"status":"done"}'`}, attributes{"output": outputBlocks(map[string]attributes{"url": {}})})
	_, err := b.Rotate(t.Context(), backend.RotateRequest{Op: someOp(t), Phase: backend.RotateStage}, &recorder{})
	wantFailure(t, err, backend.Internal, "output url is missing")
}
