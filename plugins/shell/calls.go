package shell

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
)

// call is one life-cycle call, or one of an action, on its way through the scripts.
type call struct {
	verb    backend.Verb // the script that runs
	pending backend.Verb // when read goes on with another verb, or an action with itself: that verb
	op      backend.Op
	oldPlan backend.Plan            // change_plan
	mode    backend.DeprovisionMode // deprovision
	reason  string                  // suspend
	phase   backend.RotatePhase     // rotate
	action  string                  // invoke
	args    backend.Value           // invoke
	state   json.RawMessage         // the script's own
	foreign bool                    // what makes the resource has said that the name belongs to somebody else
	secrets masker
	events  backend.Events
}

// goal is the verb that the gateway asked for.
func (c call) goal() backend.Verb {
	if c.pending != "" {
		return c.pending
	}
	return c.verb
}

// goOn is the call that asks read how far the verb has come. An action is asked
// itself: only it knows what it has begun.
func (c call) goOn() call {
	c.pending = c.goal()
	if c.action == "" {
		c.verb = backend.VerbRead
	}
	return c
}

// name is what the script is called with.
func (c call) name() string {
	if c.action != "" {
		return c.action
	}
	return string(c.verb)
}

// unfinished is the name of what the script goes on with; empty: of nothing.
func (c call) unfinished() string {
	if c.pending == backend.VerbInvoke {
		return c.action
	}
	return string(c.pending)
}

// makes reports whether the call makes the resource, and removes whether it
// removes it again. Of actions the name says so.
func (c call) makes() bool {
	return c.goal() == backend.VerbProvision || strings.HasPrefix(c.action, "create_")
}

func (c call) removes() bool {
	return c.goal() == backend.VerbDeprovision || strings.HasPrefix(c.action, "delete_")
}

// Provision runs the script provision.
func (b *Backend) Provision(ctx context.Context, req backend.ProvisionRequest, events backend.Events) (backend.Result, error) {
	return b.finish(ctx, call{verb: backend.VerbProvision, op: req.Op, events: events})
}

// ChangePlan runs the script change_plan. Without one no plan can be changed.
func (b *Backend) ChangePlan(ctx context.Context, req backend.ChangePlanRequest, events backend.Events) (backend.Result, error) {
	return b.finish(ctx, call{verb: backend.VerbChangePlan, op: req.Op, oldPlan: req.OldPlan, events: events})
}

// Deprovision runs the script deprovision.
func (b *Backend) Deprovision(ctx context.Context, req backend.DeprovisionRequest, events backend.Events) (backend.Result, error) {
	return b.finish(ctx, call{verb: backend.VerbDeprovision, op: req.Op, mode: req.Mode, events: events})
}

// Suspend runs the script suspend. Without one the gateway only records that
// the resource is suspended.
func (b *Backend) Suspend(ctx context.Context, req backend.SuspendRequest, events backend.Events) (backend.Result, error) {
	return b.finish(ctx, call{verb: backend.VerbSuspend, op: req.Op, reason: req.Reason, events: events})
}

// Resume runs the script resume.
func (b *Backend) Resume(ctx context.Context, req backend.ResumeRequest, events backend.Events) (backend.Result, error) {
	return b.finish(ctx, call{verb: backend.VerbResume, op: req.Op, events: events})
}

// Rotate runs the script rotate. Without one no credentials can be replaced.
func (b *Backend) Rotate(ctx context.Context, req backend.RotateRequest, events backend.Events) (backend.Result, error) {
	return b.finish(ctx, call{verb: backend.VerbRotate, op: req.Op, phase: req.Phase, events: events})
}

// Read runs the script read.
func (b *Backend) Read(ctx context.Context, req backend.ReadRequest) (backend.ReadResponse, error) {
	events := logOnly{b.logger.With("resource", req.Op.ResourceID, "addon", req.Op.Addon)}
	s, c, err := b.begin(call{verb: backend.VerbRead, op: req.Op, events: events})
	if err != nil {
		return backend.ReadResponse{}, err
	}
	a, err := s.execute(ctx, c, b.patience)
	if err != nil {
		return backend.ReadResponse{}, err
	}
	if a.pending {
		return backend.ReadResponse{}, b.notReady(c, a)
	}
	outputs, err := s.outputsOf(c, a)
	if err != nil {
		return backend.ReadResponse{}, err
	}
	for i := range a.drift {
		a.drift[i] = c.clean(a.drift[i])
	}
	return backend.ReadResponse{Outputs: outputs, Drift: a.drift}, nil
}

// begin opens the state of an earlier call. Work that is pending goes on where
// it was.
func (b *Backend) begin(c call) (*settings, call, error) {
	s := b.settings.Load()
	if s == nil {
		return nil, c, backend.Failf(backend.Internal, "called before Configure")
	}
	old, err := openState(c.op.State)
	if err != nil {
		return nil, c, backend.Failf(backend.Internal, "%v", err)
	}
	c.foreign = old.Foreign
	c.state, c.secrets = old.State, newMasker(append(secretsOf(c.op, s.outputs), declared.MarkedIn(c.args)...))
	if old.Pending.isFor(c) {
		c = c.goOn()
	}
	return s, c, nil
}

// finish runs the script of a verb and, as long as the answer is "pending",
// the script read, until the work is done or time is up. Of an action the same
// script runs again. What the scripts know is checkpointed on the way, so that a
// later attempt goes on from there.
func (b *Backend) finish(ctx context.Context, c call) (backend.Result, error) {
	if !c.op.Deadline.IsZero() {
		var cancel context.CancelFunc
		ctx, cancel = context.WithDeadline(ctx, c.op.Deadline)
		defer cancel()
	}
	s, c, err := b.begin(c)
	if err != nil {
		return backend.Result{}, err
	}
	if c.removes() && c.foreign {
		c.events.Log(slog.LevelWarn, "nothing is removed: what should have made it said that the name exists and is not ours")
		return backend.Result{}, nil
	}
	for {
		a, err := s.execute(ctx, c, b.patience)
		if a.state != nil {
			c.state = a.state
		}
		c.foreign = c.makes() && isConflict(err)
		if c.goal() == backend.VerbDeprovision && isNotFound(err) {
			return backend.Result{}, nil // there is nothing left to remove
		}
		if err == nil && !a.pending {
			return s.resultOf(c, a)
		}
		if a.pending {
			c = c.goOn()
		}
		if lost := c.checkpoint(a, err); lost != nil {
			return backend.Result{}, lost
		}
		if err != nil {
			return backend.Result{}, err
		}
		if !pause(ctx, a.wait(b.patience.look)) {
			return backend.Result{}, b.notReady(c, a)
		}
	}
}

func isNotFound(err error) bool { return isFailure(err, backend.NotFound) }

func isConflict(err error) bool { return isFailure(err, backend.Conflict) }

func isFailure(err error, class backend.Class) bool {
	var f *backend.Failure
	return errors.As(err, &f) && f.Class == class
}

// checkpoint records a state that is not a result's: of work that goes on, and
// of a failure that told how far it came.
func (c call) checkpoint(a answer, failure error) error {
	if failure != nil && a.state == nil && !c.foreign {
		return nil
	}
	k := kept{State: c.state, Foreign: c.foreign}
	step := c.name()
	if c.pending != "" {
		k.Pending = &pending{Verb: c.pending, Action: c.action, Phase: c.phase, OperationID: c.op.OperationID}
		step = "pending"
	}
	text, err := sealState(k, c.secrets)
	if err != nil {
		return backend.Failf(backend.Internal, "script %q: %v", c.name(), err)
	}
	c.events.Checkpoint(step, text)
	return nil
}

// resultOf is what the gateway records of a call that is done.
func (s *settings) resultOf(c call, a answer) (backend.Result, error) {
	switch c.goal() {
	case backend.VerbDeprovision:
		return deprovisioned(c, a)
	case backend.VerbSuspend, backend.VerbResume:
		return turned(c, a)
	case backend.VerbRotate:
		if c.phase != backend.RotateStage {
			return turned(c, a)
		}
	case backend.VerbInvoke:
		return invoked(c, a)
	}
	outputs, err := s.outputsOf(c, a)
	if err != nil {
		return backend.Result{}, err
	}
	secrets := newMasker(append(secretsOf(c.op, s.outputs), declared.Secrets(outputs, s.outputs)...))
	state, err := sealState(kept{State: c.state}, secrets)
	if err != nil {
		return backend.Result{}, backend.Failf(backend.Internal, "script %q: %v", c.name(), err)
	}
	return backend.Result{Outputs: outputs, State: state}, nil
}

// deprovisioned is a result without outputs: a script that returns some says
// that the resource is still there.
func deprovisioned(c call, a answer) (backend.Result, error) {
	if len(a.outputs) > 0 {
		return backend.Result{}, backend.Failf(backend.Internal,
			"script %q returned outputs of a resource that should be gone", c.name())
	}
	r := backend.Result{}
	if c.mode == backend.ModeSoft && !a.purgeAfter.IsZero() {
		state, err := sealState(kept{State: c.state}, c.secrets)
		if err != nil {
			return backend.Result{}, backend.Failf(backend.Internal, "script %q: %v", c.name(), err)
		}
		r.PurgeAfter, r.State = a.purgeAfter, state
	}
	return r, nil
}

// turned is a result without outputs: those that are recorded stay, whatever the
// script, or read after it, says.
func turned(c call, a answer) (backend.Result, error) {
	if len(a.outputs) > 0 && c.pending == "" {
		c.events.Log(slog.LevelWarn, fmt.Sprintf("script %q returned outputs; those that are recorded stay", c.name()))
	}
	state, err := sealState(kept{State: c.state}, c.secrets)
	if err != nil {
		return backend.Result{}, backend.Failf(backend.Internal, "script %q: %v", c.name(), err)
	}
	return backend.Result{State: state}, nil
}

func (s *settings) outputsOf(c call, a answer) (backend.Value, error) {
	outputs, err := matchOutputs(s.outputs, a.outputs)
	if err != nil {
		return backend.Value{}, backend.Failf(backend.Internal, "script %q: %s", c.name(), c.clean(err.Error()))
	}
	return outputs, nil
}

// usualWait is the time until read is asked again when a script does not say.
const usualWait = 5 * time.Second

func (a answer) wait(least time.Duration) time.Duration {
	if a.retryAfter == 0 {
		return usualWait
	}
	return max(a.retryAfter, least)
}

// pause waits, unless ctx would end before the time is over: then there is no
// point in waiting and it reports false at once.
func pause(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// notReady is the failure of work that goes on in the background.
func (b *Backend) notReady(c call, a answer) error {
	f := backend.Failf(backend.Retryable, "script %q: still pending", c.name())
	if a.message != "" {
		f.Message += ": " + c.clean(a.message)
	}
	f.RetryAfter = a.wait(b.patience.look)
	return f
}

// logOnly is the events of a call that has none: lines go to the plugin's log.
type logOnly struct{ logger *slog.Logger }

func (logOnly) Checkpoint(string, json.RawMessage) {}
func (logOnly) Progress(string, int)               {}

func (l logOnly) Log(level slog.Level, message string) {
	l.logger.Log(context.Background(), level, message)
}
