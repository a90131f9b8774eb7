package backend

import (
	"encoding/json"
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

func (e *encoder) op(o Op) *backendpb.Op {
	e.fail("state", checkState(o.State))
	m := &backendpb.Op{
		OperationId: o.OperationID,
		ResourceId:  o.ResourceID,
		ShortId:     o.ShortID,
		Attempt:     int32(o.Attempt),
		Deadline:    encodeTime(o.Deadline),
		Addon:       o.Addon,
		Plan:        e.plan(o.Plan),
		Region:      &backendpb.Region{Id: o.Region.ID, Data: e.value("region.data", o.Region.Data)},
		Options:     e.value("options", o.Options),
		Config:      e.value("config", o.Config),
		Credential:  o.Credential,
		Outputs:     e.value("outputs", o.Outputs),
		State:       o.State,
		Secrets:     o.Secrets,
	}
	if size := proto.Size(m); size > maxOp {
		// An answer, because a repeat is as large.
		e.fail("the operation", Failf(Internal, "what the call is told has %d bytes; there may be %d", size, maxOp))
	}
	return m
}

// maxOp leaves room for what else is in a request: the plan from before a change
// and the arguments of an action.
const maxOp = MaxMessage - 512<<10

func (d *decoder) op(m *backendpb.Op) Op {
	d.fail("state", checkState(m.GetState()))
	return Op{
		OperationID: m.GetOperationId(),
		ResourceID:  m.GetResourceId(),
		ShortID:     m.GetShortId(),
		Attempt:     int(m.GetAttempt()),
		Deadline:    d.time("deadline", m.GetDeadline()),
		Addon:       m.GetAddon(),
		Plan:        d.plan(m.GetPlan()),
		Region:      Region{ID: m.GetRegion().GetId(), Data: d.value("region.data", m.GetRegion().GetData())},
		Options:     d.value("options", m.GetOptions()),
		Config:      d.value("config", m.GetConfig()),
		Credential:  m.GetCredential(),
		Outputs:     d.value("outputs", m.GetOutputs()),
		State:       decodeState(m.GetState()),
		Secrets:     m.GetSecrets(),
	}
}

func (e *encoder) plan(p Plan) *backendpb.Plan {
	return &backendpb.Plan{Id: p.ID, Params: e.value("plan.params", p.Params)}
}

func (d *decoder) plan(m *backendpb.Plan) Plan {
	return Plan{ID: m.GetId(), Params: d.value("plan.params", m.GetParams())}
}

func (e *encoder) result(r Result) *backendpb.Result {
	e.fail("state", checkState(r.State))
	e.fail("outputs", checkOutputs(r.Outputs))
	return &backendpb.Result{
		Outputs:    e.value("outputs", r.Outputs),
		State:      r.State,
		PurgeAfter: encodeTime(r.PurgeAfter),
	}
}

func (d *decoder) result(m *backendpb.Result) Result {
	d.fail("state", checkState(m.GetState()))
	return Result{
		Outputs:    d.outputs(m.GetOutputs()),
		State:      decodeState(m.GetState()),
		PurgeAfter: d.time("purge_after", m.GetPurgeAfter()),
	}
}

func (e *encoder) invokeRequest(r InvokeRequest) *backendpb.InvokeRequest {
	return &backendpb.InvokeRequest{Op: e.op(r.Op), Action: text(r.Action), Args: e.object("args", r.Args)}
}

func (d *decoder) invokeRequest(m *backendpb.InvokeRequest) InvokeRequest {
	return InvokeRequest{Op: d.op(m.GetOp()), Action: m.GetAction(), Args: d.object("args", m.GetArgs())}
}

// object encodes what goes into an action; object of the decoder makes an empty
// one of null, so that nobody has to ask.
func (e *encoder) object(what string, v Value) *backendpb.Value {
	object, err := CheckObject(v)
	e.fail(what, err)
	return e.value(what, object)
}

func (d *decoder) object(what string, m *backendpb.Value) Value {
	object, err := CheckObject(d.value(what, m))
	d.fail(what, err)
	return object
}

// outputs decodes what will be kept and sent with every later request.
func (d *decoder) outputs(m *backendpb.Value) Value {
	v := d.value("outputs", m)
	d.fail("outputs", checkOutputs(v))
	return v
}

func encodeMode(mode DeprovisionMode) backendpb.DeprovisionRequest_Mode {
	if mode == ModeSoft {
		return backendpb.DeprovisionRequest_MODE_SOFT
	}
	return backendpb.DeprovisionRequest_MODE_PURGE
}

func decodeMode(m backendpb.DeprovisionRequest_Mode) DeprovisionMode {
	if m == backendpb.DeprovisionRequest_MODE_SOFT {
		return ModeSoft
	}
	return ModePurge
}

func (e *encoder) rotateRequest(r RotateRequest) *backendpb.RotateRequest {
	phase, ok := phaseCodes()[r.Phase]
	if !ok {
		e.fail("phase", fmt.Errorf("there is no phase %q", r.Phase))
	}
	return &backendpb.RotateRequest{Op: e.op(r.Op), Phase: phase}
}

// rotateRequest refuses a phase that it does not know: to take it for another one
// could lock a customer out.
func (d *decoder) rotateRequest(m *backendpb.RotateRequest) RotateRequest {
	r := RotateRequest{Op: d.op(m.GetOp())}
	for phase, code := range phaseCodes() {
		if code == m.GetPhase() {
			r.Phase = phase
			return r
		}
	}
	d.fail("phase", fmt.Errorf("there is no phase %d", m.GetPhase()))
	return r
}

func phaseCodes() map[RotatePhase]backendpb.RotateRequest_Phase {
	return map[RotatePhase]backendpb.RotateRequest_Phase{
		RotateStage:  backendpb.RotateRequest_PHASE_STAGE,
		RotateCommit: backendpb.RotateRequest_PHASE_COMMIT,
		RotateAbort:  backendpb.RotateRequest_PHASE_ABORT,
	}
}

// encodeTime keeps the zero time apart from 1970.
func encodeTime(t time.Time) *timestamppb.Timestamp {
	if t.IsZero() {
		return nil
	}
	return timestamppb.New(t)
}

func (d *decoder) time(what string, m *timestamppb.Timestamp) time.Time {
	if m == nil {
		return time.Time{}
	}
	d.fail(what, m.CheckValid())
	return m.AsTime()
}

// decodeState makes an absent state nil, as plugins test for it.
func decodeState(state []byte) json.RawMessage {
	if len(state) == 0 {
		return nil
	}
	return state
}

func (e *encoder) readResponse(r ReadResponse) *backendpb.ReadResponse {
	e.fail("outputs", checkOutputs(r.Outputs))
	m := &backendpb.ReadResponse{Outputs: e.value("outputs", r.Outputs)}
	for _, sentence := range r.Drift {
		m.Drift = append(m.Drift, text(sentence))
	}
	return m
}

func (d *decoder) readResponse(m *backendpb.ReadResponse) ReadResponse {
	return ReadResponse{Outputs: d.outputs(m.GetOutputs()), Drift: m.GetDrift()}
}
