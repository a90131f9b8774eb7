package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// Backend is a plugin process with a configuration, kept running. Its methods
// may be called concurrently.
type Backend struct {
	host   *Host
	spec   Spec
	config backend.Value
	log    *pluginLog

	halt    chan struct{} // closed when running calls are cut off and the process is to be stopped
	stopped chan struct{} // closed when it is

	mu      sync.Mutex
	state   state
	changed chan struct{} // closed at the next change of state
	running int           // calls
	idle    chan struct{} // closed when closing and no call runs
}

// state is what calls need to know about the process.
type state struct {
	proc    *process  // nil while none runs
	reason  string    // why none runs
	open    bool      // the breaker is open: do not wait
	until   time.Time // when the next start is tried
	closing bool      // no new calls
}

var _ lifecycle.Backend = (*Backend)(nil)

const (
	healthTimeout = 5 * time.Second
	maxRetryAfter = time.Hour // a plugin's wish for patience beyond that is not granted
)

// Launch starts a plugin with the load attributes of a config block, and keeps
// it running until Close. Texts in secrets, and those marked as sensitive in
// config, never appear in what it logs or answers. Errors are those of Open
// and *ConfigureError.
func (h *Host) Launch(ctx context.Context, spec Spec, config backend.Value, secrets []string) (*Backend, error) {
	masker := newMasker(h.options.Redact, slices.Concat(secrets, sensitiveTexts(config)))
	b := &Backend{
		host:    h,
		spec:    spec,
		config:  config,
		log:     h.newLog(spec, masker),
		halt:    make(chan struct{}),
		stopped: make(chan struct{}),
		changed: make(chan struct{}),
		idle:    make(chan struct{}),
	}
	if err := h.beginLaunch(); err != nil {
		return nil, err
	}
	defer h.launching.Done()
	ctx, cancel := until(ctx, h.closing)
	defer cancel()
	p, err := b.start(ctx)
	if err != nil {
		return nil, err
	}
	if !h.keep(b) {
		p.stop(ctx)
		return nil, errClosed
	}
	b.set(state{proc: p})
	go b.supervise(p)
	return b, nil
}

// beginLaunch lets Close wait for a backend that is on its way.
func (h *Host) beginLaunch() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if isClosed(h.closing) {
		return errClosed
	}
	h.launching.Add(1)
	return nil
}

// keep remembers a running backend, unless the host was closed meanwhile.
func (h *Host) keep(b *Backend) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if isClosed(h.closing) {
		return false
	}
	h.all[b] = struct{}{}
	return true
}

// Description is how the running plugin described itself; ok is false while
// none runs.
func (b *Backend) Description() (d backend.Description, ok bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.state.proc == nil {
		return backend.Description{}, false
	}
	return b.state.proc.description, true
}

// Health asks the plugin whether calls can succeed now, and says in plain words
// where they can't. A backend without a process is not healthy.
func (b *Backend) Health(ctx context.Context) backend.HealthResponse {
	p, release, err := b.acquire(ctx)
	if err != nil {
		return backend.HealthResponse{Detail: err.Error()}
	}
	defer release()
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	resp, err := p.backend.Health(ctx, backend.HealthRequest{})
	if err != nil {
		resp = backend.HealthResponse{Detail: b.why(p, err)}
	}
	for _, class := range backend.Classes() { // of a Failure that the plugin made a text of
		resp.Detail = strings.TrimPrefix(resp.Detail, string(class)+": ")
	}
	resp.Detail = b.log.masker.line(resp.Detail, 300)
	return resp
}

// Run makes one call, as lifecycle.Backend says. Outputs are checked against
// the outputs schema and have its types and marks; those of an action are an
// object. Secrets of the call, a caller's credentials among them, are masked in
// everything the plugin says. An invoke without an operation id is a look: like a
// read it leaves the state as it is. A state that is returned begins with the
// version that the plugin gives its states; one of an earlier version is upgraded
// before the call, and with one of a later version the error is a
// *LaterStateError.
func (b *Backend) Run(ctx context.Context, call lifecycle.Call, checkpoint func(step string, state []byte)) (backend.Result, error) {
	p, release, err := b.acquire(ctx)
	if err != nil {
		return backend.Result{}, err
	}
	defer release()
	call.Op = expr.Current(p.description.Config, call.Op)
	defer b.log.masker.add(slices.Concat(secretsOf(call.Op), sensitiveTexts(call.Args)))()
	ctx, cancel := until(ctx, b.halt)
	defer cancel()

	if err := b.offers(p.description, call); err != nil {
		return backend.Result{}, err
	}
	kept := call.Op.State
	if call.Op.State, err = b.readable(ctx, p, kept); err != nil {
		return backend.Result{}, err
	}
	result, err := b.ask(ctx, p, call, checkpoint)
	if err != nil {
		return backend.Result{}, err
	}
	if isLook(call) || call.Verb == backend.VerbRead {
		return backend.Result{Outputs: result.Outputs, State: kept}, nil
	}
	result.State = stamp(p.description.StateVersion, result.State)
	return result, nil
}

// ask makes a call that the plugin offers, with a state that it reads, and checks
// what it returns.
func (b *Backend) ask(ctx context.Context, p *process, call lifecycle.Call, checkpoint func(step string, state []byte)) (backend.Result, error) {
	events := &events{ctx: ctx, call: call, log: b.log}
	if checkpoint != nil && !isLook(call) {
		events.checkpoint = func(step string, state []byte) { checkpoint(step, stamp(p.description.StateVersion, state)) }
	}
	result, err := p.call(ctx, call, events)
	if err != nil {
		return backend.Result{}, b.callError(p, nameOf(call), err)
	}
	switch {
	case call.Verb == backend.VerbInvoke:
		return result, nil
	case !hasOutputs(call):
		result.Outputs = backend.Value{}
		return result, nil
	}
	schema := p.description.Outputs
	if b.spec.Outputs != nil {
		schema = *b.spec.Outputs
	}
	result.Outputs, err = schema.CheckOutputs(result.Outputs)
	if err != nil {
		return backend.Result{}, b.callError(p, nameOf(call), err)
	}
	return result, nil
}

// isLook reports whether call is an action that changes nothing.
func isLook(call lifecycle.Call) bool {
	return call.Verb == backend.VerbInvoke && call.Op.OperationID == ""
}

// nameOf is what a call is called in texts.
func nameOf(call lifecycle.Call) string {
	switch call.Verb {
	case backend.VerbInvoke:
		return string(call.Verb) + " " + call.Action
	case backend.VerbRotate:
		return string(call.Verb) + " " + string(call.Phase)
	default:
		return string(call.Verb)
	}
}

// hasOutputs reports whether a call returns outputs.
func hasOutputs(call lifecycle.Call) bool {
	switch call.Verb {
	case backend.VerbDeprovision, backend.VerbSuspend, backend.VerbResume:
		return false
	case backend.VerbRotate:
		return call.Phase == backend.RotateStage
	default:
		return true
	}
}

// offers refuses what the plugin did not say it can do.
func (b *Backend) offers(d backend.Description, call lifecycle.Call) error {
	if call.Verb == backend.VerbInvoke {
		actions := d.Actions
		if len(b.spec.Actions) > 0 {
			actions = b.spec.Actions
		}
		if !slices.Contains(actions, call.Action) {
			return backend.Failf(backend.Unsupported, "backend %s has no action %q", b.spec.Backend, call.Action)
		}
		return nil
	}
	needs := map[backend.Verb]backend.Capability{
		backend.VerbChangePlan: backend.CanChangePlan,
		backend.VerbSuspend:    backend.CanSuspend,
		backend.VerbResume:     backend.CanSuspend,
		backend.VerbRotate:     backend.CanRotate,
		backend.VerbRead:       backend.CanRead,
	}
	if capability, ok := needs[call.Verb]; ok && !slices.Contains(d.Capabilities, capability) {
		return backend.Failf(backend.Unsupported, "plugin %s cannot %s", d.Name, call.Verb)
	}
	return nil
}

// call makes the call that verb names.
func (p *process) call(ctx context.Context, call lifecycle.Call, events backend.Events) (backend.Result, error) {
	switch call.Verb {
	case backend.VerbProvision:
		return p.backend.Provision(ctx, backend.ProvisionRequest{Op: call.Op}, events)
	case backend.VerbChangePlan:
		return p.backend.ChangePlan(ctx, backend.ChangePlanRequest{Op: call.Op, OldPlan: call.OldPlan}, events)
	case backend.VerbDeprovision:
		return p.backend.Deprovision(ctx, backend.DeprovisionRequest{Op: call.Op, Mode: call.Mode}, events)
	case backend.VerbSuspend:
		return p.backend.Suspend(ctx, backend.SuspendRequest{Op: call.Op, Reason: call.Reason}, events)
	case backend.VerbResume:
		return p.backend.Resume(ctx, backend.ResumeRequest{Op: call.Op}, events)
	case backend.VerbRotate:
		return p.backend.Rotate(ctx, backend.RotateRequest{Op: call.Op, Phase: call.Phase}, events)
	case backend.VerbInvoke:
		return p.backend.Invoke(ctx, backend.InvokeRequest{Op: call.Op, Action: call.Action, Args: call.Args}, events)
	case backend.VerbRead:
		found, err := p.backend.Read(ctx, backend.ReadRequest{Op: call.Op})
		for _, sentence := range found.Drift {
			events.Log(levelDrift, sentence)
		}
		return backend.Result{Outputs: found.Outputs}, err
	}
	return backend.Result{}, fmt.Errorf("no backend call is named %q", call.Verb)
}

// callError masks what ended a call. A failure stays a failure; everything else
// leaves the outcome unknown, and says so.
func (b *Backend) callError(p *process, verb string, err error) error {
	masker := b.log.masker
	if failure := (*backend.Failure)(nil); errors.As(err, &failure) {
		masked := *failure
		masked.Message = masker.line(failure.Message, 2000)
		masked.Customer = masker.line(failure.Customer, 500)
		masked.RetryAfter = min(failure.RetryAfter, maxRetryAfter)
		return &masked
	}
	text := fmt.Sprintf("backend %s: %s: the outcome is unknown: %s", b.spec.Backend, verb, b.why(p, err))
	return &maskedError{text: masker.line(text, 2000), err: timeUp(err)}
}

// why is what ended a call without an answer.
func (b *Backend) why(p *process, err error) string {
	switch {
	case isClosed(b.halt):
		return "the backend was stopped"
	case broken(err) && p.diedJustNow():
		return "the plugin died: " + p.runner.ended()
	}
	return plain(err)
}

// plain is what ended a call, without what gRPC and our side of it put around it; of
// every other error its text.
func plain(err error) string {
	type statusError interface {
		error
		GRPCStatus() *status.Status
	}
	if s, ok := errors.AsType[statusError](err); ok && s.GRPCStatus().Message() != "" {
		return s.GRPCStatus().Message()
	}
	return err.Error()
}

// timeUp lets a deadline that the plugin's side sees first be recognised like
// the context's own.
func timeUp(err error) error {
	if status.Code(err) == codes.DeadlineExceeded {
		return errors.Join(context.DeadlineExceeded, err)
	}
	return err
}

// broken reports whether the connection ended during a call, by itself or
// because we noticed the death of the process first.
func broken(err error) bool {
	code := status.Code(err)
	return code == codes.Unavailable || code == codes.Canceled
}

// diedJustNow reports whether the process is dead. The connection breaks a
// moment before the system tells about the process.
func (p *process) diedJustNow() bool {
	select {
	case <-p.runner.exited:
		return true
	case <-time.After(100 * time.Millisecond):
		return false
	}
}

// until is ctx, cancelled when end is closed.
func until(ctx context.Context, end <-chan struct{}) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		select {
		case <-end:
			cancel()
		case <-ctx.Done():
		}
	}()
	return ctx, cancel
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
