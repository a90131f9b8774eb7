package backend

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync/atomic"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

// MaxMessage is the most that one message may hold, in bytes, in both
// directions.
const MaxMessage = 4 << 20

// NewGRPCServer makes a server that survives panics of its handlers and bounds
// messages. Serve and backendtest use it; go-plugin passes options.
func NewGRPCServer(options []grpc.ServerOption) *grpc.Server {
	return grpc.NewServer(append(options,
		grpc.MaxRecvMsgSize(MaxMessage),
		grpc.MaxSendMsgSize(MaxMessage),
		grpc.ChainUnaryInterceptor(recoverUnary),
		grpc.ChainStreamInterceptor(recoverStream),
	)...)
}

// Register serves b on s.
func Register(s grpc.ServiceRegistrar, b Backend) {
	backendpb.RegisterBackendServer(s, &server{backend: b})
}

// server answers calls from the wire with a Backend.
type server struct {
	backendpb.UnimplementedBackendServer
	backend Backend

	configuring atomic.Bool // Configure was called
	configured  atomic.Bool // and succeeded
	described   atomic.Pointer[Description]
	resources   resourceLocks
}

func (s *server) Describe(ctx context.Context, m *backendpb.DescribeRequest) (*backendpb.DescribeResponse, error) {
	x, err := s.backend.Describe(ctx, DescribeRequest{HostVersion: m.GetHostVersion()})
	if err == nil {
		err = keepsItsWord(s.backend, x.Capabilities, x.Actions)
	}
	if err != nil {
		return nil, statusError(err)
	}
	s.described.Store(&x)
	e := &encoder{plainJSON: true}
	return reply(e.description(x), e)
}

func (s *server) ValidateConfig(ctx context.Context, m *backendpb.ValidateConfigRequest) (*backendpb.ValidateConfigResponse, error) {
	d := &decoder{}
	req := ValidateConfigRequest{Config: d.value("config", m.GetConfig())}
	if d.err != nil {
		return nil, malformed(d.err)
	}
	resp, err := s.backend.ValidateConfig(ctx, req)
	if err == nil {
		err = keepsItsWord(s.backend, nil, resp.Actions)
	}
	if err != nil {
		return nil, statusError(err)
	}
	e := &encoder{plainJSON: true}
	return reply(e.validateConfigResponse(resp), e)
}

func (s *server) ValidatePlan(ctx context.Context, m *backendpb.ValidatePlanRequest) (*backendpb.ValidatePlanResponse, error) {
	d := &decoder{}
	req := ValidatePlanRequest{Config: d.value("config", m.GetConfig()), Plan: d.plan(m.GetPlan())}
	if d.err != nil {
		return nil, malformed(d.err)
	}
	resp, err := s.backend.ValidatePlan(ctx, req)
	if err != nil {
		return nil, statusError(err)
	}
	e := &encoder{plainJSON: true}
	return reply(&backendpb.ValidatePlanResponse{Diagnostics: e.diagnostics(resp.Diagnostics)}, e)
}

func (s *server) Configure(ctx context.Context, m *backendpb.ConfigureRequest) (*backendpb.ConfigureResponse, error) {
	d := &decoder{}
	req := ConfigureRequest{Config: d.value("config", m.GetConfig())}
	if d.err != nil {
		return nil, malformed(d.err)
	}
	if s.configuring.Swap(true) {
		return nil, status.Error(codes.FailedPrecondition, "Configure is called once per process")
	}
	resp, err := s.backend.Configure(ctx, req)
	if err != nil {
		return nil, statusError(err)
	}
	s.configured.Store(!resp.Diagnostics.HasErrors())
	e := &encoder{plainJSON: true}
	return reply(&backendpb.ConfigureResponse{Diagnostics: e.diagnostics(resp.Diagnostics)}, e)
}

func (s *server) Provision(m *backendpb.ProvisionRequest, stream grpc.ServerStreamingServer[backendpb.Event]) error {
	d := &decoder{}
	req := ProvisionRequest{Op: d.op(m.GetOp())}
	return s.run(stream, req.Op, req.Op.ResourceID, d.err, func(ctx context.Context, events Events) (Result, error) {
		return s.backend.Provision(ctx, req, events)
	})
}

func (s *server) ChangePlan(m *backendpb.ChangePlanRequest, stream grpc.ServerStreamingServer[backendpb.Event]) error {
	d := &decoder{}
	req := ChangePlanRequest{Op: d.op(m.GetOp()), OldPlan: d.plan(m.GetOldPlan())}
	return s.run(stream, req.Op, req.Op.ResourceID, d.err, func(ctx context.Context, events Events) (Result, error) {
		return s.backend.ChangePlan(ctx, req, events)
	})
}

func (s *server) Deprovision(m *backendpb.DeprovisionRequest, stream grpc.ServerStreamingServer[backendpb.Event]) error {
	d := &decoder{}
	req := DeprovisionRequest{Op: d.op(m.GetOp()), Mode: decodeMode(m.GetMode())}
	return s.run(stream, req.Op, req.Op.ResourceID, d.err, func(ctx context.Context, events Events) (Result, error) {
		return s.backend.Deprovision(ctx, req, events)
	})
}

func (s *server) Suspend(m *backendpb.SuspendRequest, stream grpc.ServerStreamingServer[backendpb.Event]) error {
	able, err := s.suspender()
	if err != nil {
		return err
	}
	d := &decoder{}
	req := SuspendRequest{Op: d.op(m.GetOp()), Reason: m.GetReason()}
	return s.run(stream, req.Op, req.Op.ResourceID, d.err, func(ctx context.Context, events Events) (Result, error) {
		return able.Suspend(ctx, req, events)
	})
}

func (s *server) Resume(m *backendpb.ResumeRequest, stream grpc.ServerStreamingServer[backendpb.Event]) error {
	able, err := s.suspender()
	if err != nil {
		return err
	}
	d := &decoder{}
	req := ResumeRequest{Op: d.op(m.GetOp())}
	return s.run(stream, req.Op, req.Op.ResourceID, d.err, func(ctx context.Context, events Events) (Result, error) {
		return able.Resume(ctx, req, events)
	})
}

// suspender is the backend, if it can suspend at all. One that cannot answers
// as one that was built before there was such a call.
func (s *server) suspender() (Suspender, error) {
	able, ok := s.backend.(Suspender)
	if !ok {
		return nil, status.Error(codes.Unimplemented, "this plugin cannot suspend")
	}
	return able, nil
}

// Rotate refuses a backend that cannot as suspender does.
func (s *server) Rotate(m *backendpb.RotateRequest, stream grpc.ServerStreamingServer[backendpb.Event]) error {
	able, ok := s.backend.(Rotator)
	if !ok {
		return status.Error(codes.Unimplemented, "this plugin cannot rotate credentials")
	}
	d := &decoder{}
	req := d.rotateRequest(m)
	return s.run(stream, req.Op, req.Op.ResourceID, d.err, func(ctx context.Context, events Events) (Result, error) {
		return able.Rotate(ctx, req, events)
	})
}

// Invoke locks the resource as a life-cycle call does, unless it only looks: whoever
// asks how a server is does not want to wait until it is made.
func (s *server) Invoke(m *backendpb.InvokeRequest, stream grpc.ServerStreamingServer[backendpb.Event]) error {
	able, ok := s.backend.(Invoker)
	if !ok {
		return status.Error(codes.Unimplemented, "this plugin has no actions")
	}
	d := &decoder{}
	req := d.invokeRequest(m)
	lock := req.Op.ResourceID
	if req.Op.OperationID == "" {
		lock = ""
	}
	return s.run(stream, req.Op, lock, d.err, func(ctx context.Context, events Events) (Result, error) {
		if err := s.declares(ctx, req.Action); err != nil {
			return Result{}, err
		}
		return able.Invoke(ctx, req, events)
	})
}

// declares refuses what is not among the actions that the backend describes. One
// whose actions depend on its configuration describes none, and judges for itself.
func (s *server) declares(ctx context.Context, action string) error {
	x := s.described.Load()
	if x == nil { // the gateway has asked before it calls
		now, err := s.backend.Describe(ctx, DescribeRequest{})
		if err != nil {
			return fmt.Errorf("see which actions there are: %w", err)
		}
		x = &now
	}
	if len(x.Actions) > 0 && !slices.Contains(x.Actions, action) {
		return Failf(Unsupported, "there is no action %q", action)
	}
	return nil
}

// run makes one life-cycle call and ends its stream with a result, a failure or
// a status. It is the only one that has the lock of that name; with an empty name
// there is no lock.
func (s *server) run(stream grpc.ServerStreamingServer[backendpb.Event], op Op, lock string, decodeErr error, call func(context.Context, Events) (Result, error)) error {
	ctx := stream.Context()
	unlock, err := s.admit(ctx, op, lock, decodeErr)
	if err != nil {
		return err
	}
	defer unlock()
	events := &eventSender{stream: stream}
	defer events.close()

	result, err := call(ctx, events)
	if sendErr := events.close(); sendErr != nil {
		return statusError(sendErr)
	}
	e := &encoder{plainJSON: true}
	var last backendpb.Event
	if failure := (*Failure)(nil); errors.As(err, &failure) {
		last.Event = &backendpb.Event_Failure{Failure: e.failure(failure)}
	} else if err != nil {
		return statusError(err)
	} else {
		last.Event = &backendpb.Event_Result{Result: e.result(result)}
	}
	if e.err != nil {
		return statusError(e.err)
	}
	return stream.Send(&last)
}

func (s *server) Read(ctx context.Context, m *backendpb.ReadRequest) (*backendpb.ReadResponse, error) {
	d := &decoder{}
	req := ReadRequest{Op: d.op(m.GetOp())}
	unlock, err := s.admit(ctx, req.Op, req.Op.ResourceID, d.err)
	if err != nil {
		return nil, err
	}
	defer unlock()
	resp, err := s.backend.Read(ctx, req)
	e := &encoder{plainJSON: true}
	if failure := (*Failure)(nil); errors.As(err, &failure) {
		return reply(&backendpb.ReadResponse{Failure: e.failure(failure)}, e)
	}
	if err != nil {
		return nil, statusError(err)
	}
	return reply(e.readResponse(resp), e)
}

// UpgradeState needs no lock: it touches no resource.
func (s *server) UpgradeState(ctx context.Context, m *backendpb.UpgradeStateRequest) (*backendpb.UpgradeStateResponse, error) {
	able, ok := s.backend.(StateUpgrader)
	if !ok {
		return nil, status.Error(codes.Unimplemented, "this plugin upgrades no states")
	}
	if err := checkState(m.GetState()); err != nil {
		return nil, malformed(err)
	}
	resp, err := able.UpgradeState(ctx, UpgradeStateRequest{Version: int(m.GetVersion()), State: decodeState(m.GetState())})
	if err == nil {
		err = checkState(resp.State)
	}
	if err != nil {
		return nil, statusError(err)
	}
	return &backendpb.UpgradeStateResponse{State: resp.State}, nil
}

func (s *server) Health(ctx context.Context, _ *backendpb.HealthRequest) (*backendpb.HealthResponse, error) {
	if !s.configured.Load() {
		return nil, notConfigured()
	}
	resp, err := s.backend.Health(ctx, HealthRequest{})
	if err != nil {
		return nil, statusError(err)
	}
	return &backendpb.HealthResponse{Ok: resp.OK, Detail: text(resp.Detail)}, nil
}

// admit lets a call in: its request was readable, the plugin is configured,
// and no earlier call with the same lock is still at work.
func (s *server) admit(ctx context.Context, op Op, lock string, decodeErr error) (unlock func(), err error) {
	if decodeErr != nil {
		return nil, malformed(decodeErr)
	}
	if !s.configured.Load() {
		return nil, notConfigured()
	}
	if lock == "" {
		return func() {}, nil
	}
	unlock, waited, err := s.resources.lock(ctx, lock)
	if waited {
		Logger().Log(ctx, slog.LevelWarn, "waited for an earlier call to end", "resource", op.ResourceID, "operation", op.OperationID)
	}
	if err != nil {
		return nil, statusError(err)
	}
	return unlock, nil
}

func malformed(err error) error { return status.Error(codes.InvalidArgument, text(err.Error())) }

func notConfigured() error {
	return status.Error(codes.FailedPrecondition, "Configure must succeed first")
}

// reply sends m unless something in it could not be encoded.
func reply[M any](m *M, e *encoder) (*M, error) {
	if e.err != nil {
		return nil, statusError(e.err)
	}
	return m, nil
}
