package backend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/status"
	"google.golang.org/grpc/test/bufconn"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

// fake answers what its fields say and keeps what it was asked.
type fake struct {
	actions []string
	err     error
	result  Result
	during  func(context.Context, Events) // runs inside a life-cycle call
	asked   []any
}

func (f *fake) ask(req any) { f.asked = append(f.asked, req) }

func (f *fake) call(ctx context.Context, req any, events Events) (Result, error) {
	f.ask(req)
	if f.during != nil {
		f.during(ctx, events)
	}
	return f.result, f.err
}

func (f *fake) Describe(_ context.Context, req DescribeRequest) (Description, error) {
	f.ask(req)
	return Description{Name: "fake", Version: "1.0.0", Actions: f.actions}, f.err
}

func (f *fake) ValidateConfig(_ context.Context, req ValidateConfigRequest) (ValidateConfigResponse, error) {
	f.ask(req)
	return ValidateConfigResponse{}, f.err
}

func (f *fake) ValidatePlan(_ context.Context, req ValidatePlanRequest) (ValidatePlanResponse, error) {
	f.ask(req)
	return ValidatePlanResponse{Diagnostics: Diagnostics{{Severity: SeverityWarning, Summary: "hm"}}}, f.err
}

func (f *fake) Configure(_ context.Context, req ConfigureRequest) (ConfigureResponse, error) {
	f.ask(req)
	return ConfigureResponse{Diagnostics: Diagnostics{{Severity: SeverityWarning, Summary: "hm"}}}, f.err
}

func (f *fake) Provision(ctx context.Context, req ProvisionRequest, events Events) (Result, error) {
	return f.call(ctx, req, events)
}

func (f *fake) ChangePlan(ctx context.Context, req ChangePlanRequest, events Events) (Result, error) {
	return f.call(ctx, req, events)
}

func (f *fake) Deprovision(ctx context.Context, req DeprovisionRequest, events Events) (Result, error) {
	return f.call(ctx, req, events)
}

func (f *fake) Suspend(ctx context.Context, req SuspendRequest, events Events) (Result, error) {
	return f.call(ctx, req, events)
}

func (f *fake) Resume(ctx context.Context, req ResumeRequest, events Events) (Result, error) {
	return f.call(ctx, req, events)
}

func (f *fake) Rotate(ctx context.Context, req RotateRequest, events Events) (Result, error) {
	return f.call(ctx, req, events)
}

func (f *fake) Invoke(ctx context.Context, req InvokeRequest, events Events) (Result, error) {
	return f.call(ctx, req, events)
}

func (f *fake) Read(_ context.Context, req ReadRequest) (ReadResponse, error) {
	f.ask(req)
	return ReadResponse{Drift: []string{"size"}}, f.err
}

func (f *fake) Health(_ context.Context, req HealthRequest) (HealthResponse, error) {
	f.ask(req)
	return HealthResponse{OK: true, Detail: "bad byte \xff"}, f.err
}

// dial serves what register registers and returns a client.
func dial(t *testing.T, register func(*grpc.Server)) Client {
	t.Helper()
	listener := bufconn.Listen(1 << 20)
	server := NewGRPCServer(nil)
	register(server)
	go func() { _ = server.Serve(listener) }() // ends with Stop
	t.Cleanup(server.Stop)
	conn, err := grpc.NewClient("passthrough:plugin",
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithContextDialer(func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return NewClient(conn)
}

// serve connects to f, described and configured as by the gateway.
func serve(t *testing.T, f *fake) Client {
	t.Helper()
	b := dial(t, func(s *grpc.Server) { Register(s, f) })
	if _, err := b.Describe(t.Context(), DescribeRequest{}); err != nil {
		t.Fatalf("describe: %v", err)
	}
	if resp, err := b.Configure(t.Context(), ConfigureRequest{}); err != nil || len(resp.Diagnostics) != 1 {
		t.Fatalf("configure: %v %v", resp, err)
	}
	f.asked = nil
	return b
}

// isUnknown reports whether err leaves the outcome unknown.
func isUnknown(err error) bool {
	var failure *Failure
	return err != nil && !errors.As(err, &failure)
}

func TestEveryRequestArrivesWhole(t *testing.T) {
	f := &fake{}
	b := dial(t, func(s *grpc.Server) { Register(s, f) })
	ctx := t.Context()
	arrived := func(want any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%T: %v", want, err)
		}
		if diff := cmp.Diff([]any{want}, f.asked, equalities()); diff != "" {
			t.Errorf("%T (-want +got):\n%s", want, diff)
		}
		f.asked = nil
	}
	describe := fill[DescribeRequest](t)
	_, err := b.Describe(ctx, describe)
	arrived(describe, err)
	validateConfig := fill[ValidateConfigRequest](t)
	_, err = b.ValidateConfig(ctx, validateConfig)
	arrived(validateConfig, err)
	validatePlan := fill[ValidatePlanRequest](t)
	_, err = b.ValidatePlan(ctx, validatePlan)
	arrived(validatePlan, err)
	configure := fill[ConfigureRequest](t)
	_, err = b.Configure(ctx, configure)
	arrived(configure, err)
	provision := fill[ProvisionRequest](t)
	_, err = b.Provision(ctx, provision, nil)
	arrived(provision, err)
	changePlan := fill[ChangePlanRequest](t)
	_, err = b.ChangePlan(ctx, changePlan, nil)
	arrived(changePlan, err)
	deprovision := fill[DeprovisionRequest](t)
	_, err = b.Deprovision(ctx, deprovision, nil)
	arrived(deprovision, err)
	suspend := fill[SuspendRequest](t)
	_, err = b.Suspend(ctx, suspend, nil)
	arrived(suspend, err)
	resume := fill[ResumeRequest](t)
	_, err = b.Resume(ctx, resume, nil)
	arrived(resume, err)
	rotate := fill[RotateRequest](t)
	_, err = b.Rotate(ctx, rotate, nil)
	arrived(rotate, err)
	invoke := fill[InvokeRequest](t)
	_, err = b.Invoke(ctx, invoke, nil)
	arrived(invoke, err)
	read := fill[ReadRequest](t)
	_, err = b.Read(ctx, read)
	arrived(read, err)
	health := fill[HealthRequest](t)
	_, err = b.Health(ctx, health)
	arrived(health, err)
}

func TestEventsArriveInOrderAndTheResultLast(t *testing.T) {
	var late Events
	f := &fake{result: fill[Result](t), during: func(_ context.Context, events Events) {
		events.Checkpoint("one", json.RawMessage(`{"n":1}`))
		events.Progress("half \xff", 50)
		events.Progress("who knows", -7)
		events.Log(slog.LevelWarn+1, "look")
		events.Checkpoint("two", nil)
		late = events
	}}
	b := serve(t, f)
	w := &recorder{}
	result, err := b.Provision(t.Context(), ProvisionRequest{}, w)
	if err != nil {
		t.Fatal(err)
	}
	late.Log(slog.LevelInfo, "too late") // does nothing
	if diff := cmp.Diff(f.result, result, equalities()); diff != "" {
		t.Errorf("result (-want +got):\n%s", diff)
	}
	want := []string{`one {"n":1}`, "half \uFFFD 50", "who knows -1", "WARN look", "two "}
	if diff := cmp.Diff(want, w.events); diff != "" {
		t.Errorf("events (-want +got):\n%s", diff)
	}
}

type recorder struct{ events []string }

func (r *recorder) Checkpoint(step string, state json.RawMessage) {
	r.events = append(r.events, step+" "+string(state))
}

func (r *recorder) Progress(message string, percent int) {
	r.events = append(r.events, fmt.Sprint(message, " ", percent))
}

func (r *recorder) Log(level slog.Level, message string) {
	r.events = append(r.events, level.String()+" "+message)
}

func TestAFailureIsAnAnswerAndAnythingElseIsAnAccident(t *testing.T) {
	want := fill[*Failure](t)
	f := &fake{err: fmt.Errorf("wrapped: %w", want)}
	answers := serveFailing(t, f)
	for name, err := range lifecycleCalls(t, answers) {
		var got *Failure
		if !errors.As(err, &got) {
			t.Errorf("%s: %v", name, err)
			continue
		}
		if diff := cmp.Diff(want, got, equalities()); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	f.err = errors.New("who knows \xff")
	for name, err := range lifecycleCalls(t, answers) {
		if !isUnknown(err) || status.Code(err) != codes.Unknown {
			t.Errorf("%s: a plain error arrives as %v", name, err)
		}
	}
	f.err = status.Error(codes.Unimplemented, "from somewhere else")
	for name, err := range lifecycleCalls(t, answers) {
		if !isUnknown(err) {
			t.Errorf("%s: somebody else's status arrives as %v", name, err)
		}
	}
}

// serveFailing configures f before it starts to fail.
func serveFailing(t *testing.T, f *fake) Client {
	t.Helper()
	err := f.err
	f.err = nil
	b := serve(t, f)
	f.err = err
	return b
}

func lifecycleCalls(t *testing.T, b Client) map[string]error {
	t.Helper()
	errs := map[string]error{}
	_, errs["Provision"] = b.Provision(t.Context(), ProvisionRequest{}, nil)
	_, errs["ChangePlan"] = b.ChangePlan(t.Context(), ChangePlanRequest{}, nil)
	_, errs["Deprovision"] = b.Deprovision(t.Context(), DeprovisionRequest{}, nil)
	_, errs["Suspend"] = b.Suspend(t.Context(), SuspendRequest{}, nil)
	_, errs["Resume"] = b.Resume(t.Context(), ResumeRequest{}, nil)
	_, errs["Rotate"] = b.Rotate(t.Context(), RotateRequest{Phase: RotateStage}, nil)
	_, errs["Invoke"] = b.Invoke(t.Context(), InvokeRequest{}, nil)
	_, errs["Read"] = b.Read(t.Context(), ReadRequest{})
	return errs
}

func TestABackendThatCannotDoMoreSaysSo(t *testing.T) {
	b := dial(t, func(s *grpc.Server) { Register(s, struct{ Backend }{&fake{}}) })
	errs := map[string]error{}
	_, errs["Suspend"] = b.Suspend(t.Context(), SuspendRequest{}, nil)
	_, errs["Resume"] = b.Resume(t.Context(), ResumeRequest{}, nil)
	_, errs["Rotate"] = b.Rotate(t.Context(), RotateRequest{Phase: RotateCommit}, nil)
	_, errs["Invoke"] = b.Invoke(t.Context(), InvokeRequest{}, nil)
	for name, err := range errs {
		var failure *Failure
		if !errors.As(err, &failure) || failure.Class != Unsupported {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestCallsBeforeConfigureAndASecondConfigureAreRefused(t *testing.T) {
	f := &fake{}
	b := dial(t, func(s *grpc.Server) { Register(s, f) })
	for name, err := range lifecycleCalls(t, b) {
		if status.Code(err) != codes.FailedPrecondition {
			t.Errorf("%s before Configure: %v", name, err)
		}
	}
	if _, err := b.Health(t.Context(), HealthRequest{}); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("Health before Configure: %v", err)
	}
	if len(f.asked) > 0 {
		t.Errorf("the backend saw %v", f.asked)
	}
	if _, err := b.Configure(t.Context(), ConfigureRequest{}); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Configure(t.Context(), ConfigureRequest{}); status.Code(err) != codes.FailedPrecondition {
		t.Errorf("second Configure: %v", err)
	}
}

func TestAPanicEndsTheCallAlone(t *testing.T) {
	f := &fake{during: func(context.Context, Events) { panic("hush") }}
	b := serve(t, f)
	_, err := b.Provision(t.Context(), ProvisionRequest{}, nil)
	if !isUnknown(err) || status.Code(err) != codes.Internal || strings.Contains(err.Error(), "hush") || !regexp.MustCompile(`panic in Provision at /.*/server_test\.go:\d+$`).MatchString(err.Error()) {
		t.Errorf("a panic arrives as %v", err)
	}
	f.during = nil
	if _, err := b.Provision(t.Context(), ProvisionRequest{}, nil); err != nil {
		t.Errorf("the next call, for the same resource: %v", err)
	}
	f.during = func(context.Context, Events) { cty.StringVal("hush").AsBigFloat() }
	if _, err := b.Provision(t.Context(), ProvisionRequest{}, nil); !isUnknown(err) || !strings.Contains(err.Error(), "/server_test.go:") {
		t.Errorf("a panic in a library arrives as %v", err)
	}
	f.during = func(context.Context, Events) { // the second panic hides the first
		defer func() { panic("hush") }()
		panic("hush")
	}
	if _, err := b.Provision(t.Context(), ProvisionRequest{}, nil); !isUnknown(err) || !strings.Contains(err.Error(), "/server_test.go:") {
		t.Errorf("a panic in a panic arrives as %v", err)
	}
	f.during = nil
	f.err = (*Failure)(nil)
	if _, err := b.Read(t.Context(), ReadRequest{}); !isUnknown(err) {
		t.Errorf("a panic in a unary call arrives as %v", err)
	}
}

func TestARepeatWaitsForTheCallThatWasGivenUp(t *testing.T) {
	entered, finish := make(chan struct{}, 2), make(chan struct{})
	var mu sync.Mutex
	inside, most := 0, 0
	f := &fake{during: func(context.Context, Events) { // ignores its context
		mu.Lock()
		inside++
		most = max(most, inside)
		mu.Unlock()
		entered <- struct{}{}
		<-finish
		mu.Lock()
		inside--
		mu.Unlock()
	}}
	b := serve(t, f)
	ctx, giveUp := context.WithCancel(t.Context())
	first := make(chan error)
	go func() { _, err := b.Provision(ctx, ProvisionRequest{Op: Op{ResourceID: "res_1"}}, nil); first <- err }()
	<-entered
	giveUp()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Fatalf("the first call: %v", err)
	}
	impatient, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := b.Provision(impatient, ProvisionRequest{Op: Op{ResourceID: "res_1"}}, nil); !isUnknown(err) {
		t.Errorf("a repeat with little time: %v", err)
	}
	second := make(chan error)
	go func() {
		_, err := b.Provision(t.Context(), ProvisionRequest{Op: Op{ResourceID: "res_1"}}, nil)
		second <- err
	}()
	close(finish)
	if err := <-second; err != nil || most != 1 {
		t.Errorf("the repeat: %v, %d calls at once", err, most)
	}
}

func TestACheckpointThatCannotBeKeptEndsTheCall(t *testing.T) {
	f := &fake{during: func(_ context.Context, events Events) { events.Checkpoint("bad", json.RawMessage("{")) }}
	if _, err := serve(t, f).Provision(t.Context(), ProvisionRequest{}, nil); !isUnknown(err) || !strings.Contains(err.Error(), "not JSON") {
		t.Errorf("got %v", err)
	}
}

// strange speaks the protocol its own way.
type strange struct {
	backendpb.UnimplementedBackendServer
	events []*backendpb.Event
}

func (s *strange) Provision(_ *backendpb.ProvisionRequest, stream grpc.ServerStreamingServer[backendpb.Event]) error {
	for _, event := range s.events {
		if err := stream.Send(event); err != nil {
			return err
		}
	}
	return nil
}

func TestStreamsThatEndOddlyLeaveTheOutcomeUnknown(t *testing.T) {
	progress := &backendpb.Event{Event: &backendpb.Event_Progress{Progress: &backendpb.Progress{}}}
	result := &backendpb.Event{Event: &backendpb.Event_Result{Result: &backendpb.Result{}}}
	badCheckpoint := &backendpb.Event{Event: &backendpb.Event_Checkpoint{Checkpoint: &backendpb.Checkpoint{State: []byte("{")}}}
	badResult := &backendpb.Event{Event: &backendpb.Event_Result{Result: &backendpb.Result{Outputs: &backendpb.Value{Msgpack: []byte{0xc1}}}}}
	for name, events := range map[string][]*backendpb.Event{
		"nothing":          nil,
		"progress alone":   {progress},
		"a bad checkpoint": {badCheckpoint, result},
		"a bad result":     {badResult},
	} {
		b := dial(t, func(s *grpc.Server) { backendpb.RegisterBackendServer(s, &strange{events: events}) })
		if _, err := b.Provision(t.Context(), ProvisionRequest{}, nil); !isUnknown(err) {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := dial(t, func(s *grpc.Server) {
		backendpb.RegisterBackendServer(s, &strange{events: []*backendpb.Event{{}, progress, result, badCheckpoint}})
	})
	if _, err := b.Provision(t.Context(), ProvisionRequest{}, nil); err != nil {
		t.Errorf("an event of a later version, and one after the result: %v", err)
	}
}

func TestWhatThePluginDoesNotImplementIsUnsupported(t *testing.T) {
	b := dial(t, func(s *grpc.Server) { backendpb.RegisterBackendServer(s, &strange{}) })
	errs := lifecycleCalls(t, b)
	delete(errs, "Provision")
	for name, err := range errs {
		var failure *Failure
		if !errors.As(err, &failure) || failure.Class != Unsupported {
			t.Errorf("%s: %v", name, err)
		}
	}
}
