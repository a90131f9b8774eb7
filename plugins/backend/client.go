package backend

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"google.golang.org/grpc"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

// Client is the Backend at the other end of a connection. It has all calls;
// one that the other end does not know answers UNSUPPORTED.
type Client interface {
	Backend
	Suspender
	Rotator
	Invoker
}

// NewClient returns the Backend at the other end of conn.
//
// Its errors that are a *Failure are the plugin's answers; all others leave the
// outcome unknown, and keep the gRPC status in their chain. Texts from the
// plugin are passed on as they are: the caller masks them. What the plugin
// sends is checked: malformed values and states that are too large are errors.
func NewClient(conn grpc.ClientConnInterface) Client {
	return &client{rpc: backendpb.NewBackendClient(conn)}
}

// client makes calls on the wire.
type client struct{ rpc backendpb.BackendClient }

var _ Client = (*client)(nil)

func (c *client) Describe(ctx context.Context, req DescribeRequest) (Description, error) {
	m, err := c.rpc.Describe(ctx, &backendpb.DescribeRequest{HostVersion: req.HostVersion})
	if err != nil {
		return Description{}, callError(ctx, "Describe", err)
	}
	d := &decoder{}
	x := d.description(m)
	return x, d.err
}

func (c *client) ValidateConfig(ctx context.Context, req ValidateConfigRequest) (ValidateConfigResponse, error) {
	e := &encoder{plainJSON: true}
	out := &backendpb.ValidateConfigRequest{Config: e.value("config", req.Config)}
	if e.err != nil {
		return ValidateConfigResponse{}, e.err
	}
	m, err := c.rpc.ValidateConfig(ctx, out)
	if err != nil {
		return ValidateConfigResponse{}, callError(ctx, "ValidateConfig", err)
	}
	d := &decoder{}
	resp := d.validateConfigResponse(m)
	return resp, d.err
}

func (c *client) ValidatePlan(ctx context.Context, req ValidatePlanRequest) (ValidatePlanResponse, error) {
	e := &encoder{plainJSON: true}
	out := &backendpb.ValidatePlanRequest{Config: e.value("config", req.Config), Plan: e.plan(req.Plan)}
	if e.err != nil {
		return ValidatePlanResponse{}, e.err
	}
	m, err := c.rpc.ValidatePlan(ctx, out)
	if err != nil {
		return ValidatePlanResponse{}, callError(ctx, "ValidatePlan", err)
	}
	d := &decoder{}
	resp := ValidatePlanResponse{Diagnostics: d.diagnostics(m.GetDiagnostics())}
	return resp, d.err
}

func (c *client) Configure(ctx context.Context, req ConfigureRequest) (ConfigureResponse, error) {
	e := &encoder{plainJSON: true}
	out := &backendpb.ConfigureRequest{Config: e.value("config", req.Config)}
	if e.err != nil {
		return ConfigureResponse{}, e.err
	}
	m, err := c.rpc.Configure(ctx, out)
	if err != nil {
		return ConfigureResponse{}, callError(ctx, "Configure", err)
	}
	d := &decoder{}
	resp := ConfigureResponse{Diagnostics: d.diagnostics(m.GetDiagnostics())}
	return resp, d.err
}

// eventStream is what the life-cycle calls return on the wire.
type eventStream = grpc.ServerStreamingClient[backendpb.Event]

func (c *client) Provision(ctx context.Context, req ProvisionRequest, events Events) (Result, error) {
	e := &encoder{plainJSON: true}
	out := &backendpb.ProvisionRequest{Op: e.op(req.Op)}
	return follow(ctx, "Provision", e.err, events, func(ctx context.Context) (eventStream, error) {
		return c.rpc.Provision(ctx, out)
	})
}

func (c *client) ChangePlan(ctx context.Context, req ChangePlanRequest, events Events) (Result, error) {
	e := &encoder{plainJSON: true}
	out := &backendpb.ChangePlanRequest{Op: e.op(req.Op), OldPlan: e.plan(req.OldPlan)}
	return follow(ctx, "ChangePlan", e.err, events, func(ctx context.Context) (eventStream, error) {
		return c.rpc.ChangePlan(ctx, out)
	})
}

func (c *client) Deprovision(ctx context.Context, req DeprovisionRequest, events Events) (Result, error) {
	e := &encoder{plainJSON: true}
	out := &backendpb.DeprovisionRequest{Op: e.op(req.Op), Mode: encodeMode(req.Mode)}
	return follow(ctx, "Deprovision", e.err, events, func(ctx context.Context) (eventStream, error) {
		return c.rpc.Deprovision(ctx, out)
	})
}

func (c *client) Suspend(ctx context.Context, req SuspendRequest, events Events) (Result, error) {
	e := &encoder{plainJSON: true}
	out := &backendpb.SuspendRequest{Op: e.op(req.Op), Reason: text(req.Reason)}
	return follow(ctx, "Suspend", e.err, events, func(ctx context.Context) (eventStream, error) {
		return c.rpc.Suspend(ctx, out)
	})
}

func (c *client) Resume(ctx context.Context, req ResumeRequest, events Events) (Result, error) {
	e := &encoder{plainJSON: true}
	out := &backendpb.ResumeRequest{Op: e.op(req.Op)}
	return follow(ctx, "Resume", e.err, events, func(ctx context.Context) (eventStream, error) {
		return c.rpc.Resume(ctx, out)
	})
}

func (c *client) Rotate(ctx context.Context, req RotateRequest, events Events) (Result, error) {
	e := &encoder{plainJSON: true}
	out := e.rotateRequest(req)
	return follow(ctx, "Rotate", e.err, events, func(ctx context.Context) (eventStream, error) {
		return c.rpc.Rotate(ctx, out)
	})
}

// Invoke returns an object, or an error: what an action returns is not compared
// with a schema, but nobody can do anything with a list.
func (c *client) Invoke(ctx context.Context, req InvokeRequest, events Events) (Result, error) {
	e := &encoder{plainJSON: true}
	out := e.invokeRequest(req)
	result, err := follow(ctx, "Invoke", e.err, events, func(ctx context.Context) (eventStream, error) {
		return c.rpc.Invoke(ctx, out)
	})
	if err != nil {
		return Result{}, err
	}
	if result.Outputs, err = CheckObject(result.Outputs); err != nil {
		return Result{}, fmt.Errorf("the outputs of action %s: %w", req.Action, err)
	}
	return result, nil
}

// follow opens a stream of events and hands them on until the call has ended.
func follow(ctx context.Context, method string, encodeErr error, events Events, open func(context.Context) (eventStream, error)) (Result, error) {
	if encodeErr != nil {
		return Result{}, encodeErr
	}
	if events == nil {
		events = discard{}
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends a stream that goes on after its result
	stream, err := open(ctx)
	if err != nil {
		return Result{}, callError(ctx, method, err)
	}
	for {
		event, err := stream.Recv()
		if errors.Is(err, io.EOF) {
			err = errNoResult
		}
		if err != nil {
			return Result{}, callError(ctx, method, err)
		}
		result, err := deliver(event, events)
		if err != nil {
			return Result{}, err
		}
		if result != nil {
			return *result, nil
		}
	}
}

func (c *client) Read(ctx context.Context, req ReadRequest) (ReadResponse, error) {
	e := &encoder{plainJSON: true}
	out := &backendpb.ReadRequest{Op: e.op(req.Op)}
	if e.err != nil {
		return ReadResponse{}, e.err
	}
	m, err := c.rpc.Read(ctx, out)
	if err != nil {
		return ReadResponse{}, callError(ctx, "Read", err)
	}
	d := &decoder{}
	if m.GetFailure() != nil {
		return ReadResponse{}, d.failure(m.GetFailure())
	}
	resp := d.readResponse(m)
	return resp, d.err
}

func (c *client) Health(ctx context.Context, _ HealthRequest) (HealthResponse, error) {
	m, err := c.rpc.Health(ctx, &backendpb.HealthRequest{})
	if err != nil {
		return HealthResponse{}, callError(ctx, "Health", err)
	}
	return HealthResponse{OK: m.GetOk(), Detail: m.GetDetail()}, nil
}

// discard is the Events of a caller that wants none.
type discard struct{}

func (discard) Checkpoint(string, json.RawMessage) {}
func (discard) Progress(string, int)               {}
func (discard) Log(slog.Level, string)             {}
