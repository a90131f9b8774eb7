package backend

import (
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

// FuzzMessagesNeverPanic reads bytes as every message that comes from the
// other side of the connection.
func FuzzMessagesNeverPanic(f *testing.F) {
	e := &encoder{plainJSON: true}
	for _, m := range []proto.Message{
		&backendpb.Event{Event: &backendpb.Event_Result{Result: e.result(Result{Outputs: sampleValue(), State: []byte(`{"a":1}`)})}},
		&backendpb.Event{Event: &backendpb.Event_Checkpoint{Checkpoint: &backendpb.Checkpoint{Step: "s", State: []byte("1")}}},
		&backendpb.DeprovisionRequest{Op: e.op(Op{ResourceID: "res_1", Outputs: sampleValue()}), Mode: backendpb.DeprovisionRequest_MODE_SOFT},
		e.rotateRequest(RotateRequest{Op: Op{OperationID: "op_1", Secrets: map[string]string{"password": "p"}}, Phase: RotateAbort}),
		e.invokeRequest(InvokeRequest{Op: Op{OperationID: "op_1"}, Action: "reboot", Args: sampleValue()}),
		e.readResponse(ReadResponse{Outputs: sampleValue(), Drift: []string{"d"}}),
	} {
		text, err := proto.Marshal(m)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		event := &backendpb.Event{}
		if proto.Unmarshal(text, event) == nil {
			readEvent(t, event)
		}
		described := &backendpb.DescribeResponse{}
		if proto.Unmarshal(text, described) == nil {
			d := &decoder{}
			if x := d.description(described); d.err == nil {
				_ = x.Check() // either way
			}
		}
		validated := &backendpb.ValidateConfigResponse{}
		if proto.Unmarshal(text, validated) == nil {
			d := &decoder{}
			if x := d.validateConfigResponse(validated); d.err == nil {
				_ = x.Check()
			}
		}
		looked := &backendpb.ReadResponse{}
		if proto.Unmarshal(text, looked) == nil {
			_ = (&decoder{}).readResponse(looked)
		}
		asked := &backendpb.DeprovisionRequest{}
		if proto.Unmarshal(text, asked) == nil {
			_ = (&decoder{}).op(asked.GetOp())
		}
		rotated := &backendpb.RotateRequest{}
		if proto.Unmarshal(text, rotated) == nil {
			d := &decoder{}
			if req := d.rotateRequest(rotated); d.err == nil && req.Phase == "" {
				t.Error("a rotation without a phase is accepted")
			}
		}
		invoked := &backendpb.InvokeRequest{}
		if proto.Unmarshal(text, invoked) == nil {
			readInvocation(t, invoked)
		}
	})
}

// readInvocation wants what was accepted to have arguments that can be looked at.
func readInvocation(t *testing.T, invoked *backendpb.InvokeRequest) {
	t.Helper()
	d := &decoder{}
	req := d.invokeRequest(invoked)
	if d.err != nil {
		return
	}
	if v := req.Args.Cty(); v.IsNull() || !v.IsWhollyKnown() || !v.Type().IsObjectType() {
		t.Errorf("the arguments are %#v", v)
	}
}

// readEvent wants what was accepted to survive being sent again.
func readEvent(t *testing.T, event *backendpb.Event) {
	t.Helper()
	result, err := deliver(event, discard{})
	if err != nil || result == nil {
		return
	}
	e, d := &encoder{}, &decoder{}
	again := d.result(e.result(*result))
	if e.err != nil || d.err != nil {
		t.Fatalf("sent again: %v, received again: %v", e.err, d.err)
	}
	if !again.PurgeAfter.Equal(result.PurgeAfter) || string(again.State) != string(result.State) || !again.Outputs.Cty().RawEquals(result.Outputs.Cty()) {
		t.Error("the result comes back as another one")
	}
}
