package http

import (
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
)

func rotate(t *testing.T, h *hosted, op backend.Op, phase backend.RotatePhase) (backend.Result, *recorder, error) {
	t.Helper()
	r := &recorder{}
	result, err := h.Rotate(t.Context(), backend.RotateRequest{Op: op, Phase: phase}, r)
	return result, r, err
}

func (s *saas) keys(id string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return strings.Join(s.accounts[id].Keys, " ")
}

func TestARotation(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, s.mailwind(verbs+find))
	op, _ := mustProvision(t, h, someOp(t))
	before := op

	// Staged twice, it is one new key, and both work.
	staged, _, err := rotate(t, h, op, backend.RotateStage)
	if err != nil {
		t.Fatal(err)
	}
	again := op
	again.Attempt = 2
	second, _, err := rotate(t, h, again, backend.RotateStage)
	if err != nil || output(t, second.Outputs, "api_key") != output(t, staged.Outputs, "api_key") {
		t.Errorf("the repeat: %v", err)
	}
	if got := s.keys("acc1"); got != "k0-1 k1" || output(t, staged.Outputs, "key_id") != "k1" || output(t, staged.Outputs, "account_id") != "acc1" {
		t.Errorf("keys %s", got)
	}
	if strings.Contains(string(staged.State), "key-") {
		t.Errorf("a secret is in the state %s", staged.State)
	}

	// Whatever comes between does not end it.
	op = following(op, staged)
	suspended, err := h.Suspend(t.Context(), backend.SuspendRequest{Op: op}, &recorder{})
	if err != nil {
		t.Fatal(err)
	}
	op = following(op, suspended)
	committed, _, err := rotate(t, h, op, backend.RotateCommit)
	if err != nil || !committed.Outputs.IsNull() {
		t.Errorf("commit: %v", err)
	}
	if got := s.keys("acc1"); got != "k1" {
		t.Errorf("after the commit the keys are %s", got)
	}
	op.Attempt = 2
	if _, _, err = rotate(t, h, op, backend.RotateCommit); err != nil {
		t.Errorf("the commit, repeated: %v", err)
	}

	// The next one is taken back.
	op = following(op, committed)
	op.Outputs = staged.Outputs
	staged, _, err = rotate(t, h, op, backend.RotateStage)
	if err != nil || s.keys("acc1") != "k1 k2" {
		t.Fatalf("%v: keys %s", err, s.keys("acc1"))
	}
	op.OperationID, op.State = "op_9", staged.State // the outputs are those from before
	if _, _, err = rotate(t, h, op, backend.RotateAbort); err != nil || s.keys("acc1") != "k1" {
		t.Errorf("abort: %v: keys %s", err, s.keys("acc1"))
	}
	if _, err := deprovision(t, h, before); err != nil || s.count() != 0 {
		t.Errorf("deprovision: %v", err)
	}
}

// A key whose answer was lost works, so it is ended too.
func TestAStageWithoutAnAnswerIsTakenBack(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{"at once": verbs, "in the background": later} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSaaS(t)
			h := configured(t, s.mailwind(text+find))
			op, _ := mustProvision(t, h, someOp(t))
			s.next(lost)
			_, r, err := rotate(t, h, op, backend.RotateStage)
			wantUnknown(t, err)
			op.OperationID, op.State = "op_9", r.lastState()
			s.next(hangUp)
			_, r, err = rotate(t, h, op, backend.RotateAbort)
			wantUnknown(t, err) // nobody knows yet
			if _, _, err = rotate(t, h, r.again(op), backend.RotateAbort); err != nil || s.keys("acc1") != "k0-1" {
				t.Errorf("abort: %v: keys %s", err, s.keys("acc1"))
			}

			// What was refused has made nothing.
			s.next(says(402, "{}"))
			_, r, err = rotate(t, h, op, backend.RotateStage)
			wantFailure(t, err, backend.Quota)
			op.State = r.lastState()
			s.next(says(402, "{}"))
			if _, _, err = rotate(t, h, op, backend.RotateAbort); err != nil || s.keys("acc1") != "k0-1" {
				t.Errorf("abort: %v: keys %s", err, s.keys("acc1"))
			}
		})
	}
}

// Where a repeat would make another key, or make again what has failed, there is
// nothing to learn from it.
func TestAStageIsNotRepeatedInVain(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	failing := strings.Replace(later, "\nrotate {\n  poll {", "\nrotate {\n  poll {\n    failed = response.status == 203", 1)
	for text, trouble := range map[string]fault{verbs + "idempotency_header = \"\"\n": lost, failing: says(203, "")} {
		h := configured(t, s.mailwind(text+find))
		op, _ := mustProvision(t, h, someOp(t))
		s.next(trouble)
		if _, r, err := rotate(t, h, op, backend.RotateStage); err == nil {
			t.Error("the stage has not failed")
		} else {
			op.State = r.lastState()
		}
		before := len(s.requests())
		if _, _, err := rotate(t, h, op, backend.RotateAbort); err != nil || len(s.requests()) != before {
			t.Errorf("abort: %v: %q", err, s.requests()[before:])
		}
		if _, err := deprovision(t, h, op); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheEndOfARotationThatNeverWas(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	h := configured(t, s.mailwind(verbs+find))
	op, _ := mustProvision(t, h, someOp(t))
	_, r, err := rotate(t, h, op, backend.RotateAbort)
	if err != nil || !strings.Contains(strings.Join(r.lines, ""), "nothing is sent") {
		t.Errorf("%v, %q", err, r.lines)
	}
	if got := s.keys("acc1"); got != "k0-1" {
		t.Errorf("keys %s", got)
	}
	h = configured(t, s.mailwind(strings.NewReplacer("rotate {", "rotate {", "rotate_commit {", "action \"a\" {", "rotate_abort {", "action \"b\" {", "old_output", "output", "new_output", "output").Replace(verbs)+find))
	for _, phase := range []backend.RotatePhase{backend.RotateCommit, backend.RotateAbort} {
		if _, _, err := rotate(t, h, op, phase); err != nil {
			t.Errorf("%s without a block: %v", phase, err)
		}
	}
	without := strings.NewReplacer("rotate {", "action \"c\" {", "rotate_commit {", "action \"a\" {", "rotate_abort {", "action \"b\" {", "old_output", "output", "new_output", "output").Replace(verbs)
	h = configured(t, s.mailwind(without))
	_, _, err = rotate(t, h, op, backend.RotateStage)
	wantFailure(t, err, backend.Unsupported)
}
