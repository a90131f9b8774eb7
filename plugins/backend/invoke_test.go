package backend

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

func TestAnActionThatIsNotDeclaredIsUnsupported(t *testing.T) {
	f := &fake{actions: []string{"reboot", "rename"}}
	undescribed := dial(t, func(s *grpc.Server) { Register(s, f) })
	if _, err := undescribed.Configure(t.Context(), ConfigureRequest{}); err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string]Client{"described": serve(t, f), "not described before": undescribed} {
		f.asked = nil
		_, err := b.Invoke(t.Context(), InvokeRequest{Action: "destroy"}, nil)
		var failure *Failure
		if !errors.As(err, &failure) || failure.Class != Unsupported || !strings.Contains(failure.Message, `"destroy"`) {
			t.Errorf("%s: %v", name, err)
		}
		for _, req := range f.asked {
			if _, invoked := req.(InvokeRequest); invoked {
				t.Errorf("%s: the backend was called", name)
			}
		}
		if _, err := b.Invoke(t.Context(), InvokeRequest{Action: "rename"}, nil); err != nil {
			t.Errorf("%s: a declared one: %v", name, err)
		}
	}
	none := &fake{}
	if _, err := serve(t, none).Invoke(t.Context(), InvokeRequest{Action: "destroy"}, nil); err != nil || len(none.asked) != 1 {
		t.Errorf("a backend that describes none judges for itself: %v, asked %v", err, none.asked)
	}
}

// oddOutputs are what no action may return, by what is said of it.
func oddOutputs() map[string]cty.Value {
	return map[string]cty.Value{
		"a list":         cty.TupleVal([]cty.Value{cty.StringVal("hush-hush")}),
		"a text":         cty.StringVal("hush-hush"),
		"a number":       cty.NumberIntVal(17),
		"an unknown":     cty.UnknownVal(cty.EmptyObject),
		"with unknowns":  cty.ObjectVal(map[string]cty.Value{"ref": cty.UnknownVal(cty.String)}),
		"a large object": cty.ObjectVal(map[string]cty.Value{"ref": cty.StringVal(strings.Repeat("x", MaxOutputs))}),
	}
}

// odd answers an action with an event.
type odd struct {
	backendpb.UnimplementedBackendServer
	answer *backendpb.Event
}

func (o *odd) Invoke(_ *backendpb.InvokeRequest, stream grpc.ServerStreamingServer[backendpb.Event]) error {
	return stream.Send(o.answer)
}

func TestOutputsOfActionsThatAreNoObjectsAreRefused(t *testing.T) {
	for name, v := range oddOutputs() {
		f := &fake{result: Result{Outputs: NewValue(v)}}
		_, err := serve(t, f).Invoke(t.Context(), InvokeRequest{Action: "reboot"}, nil)
		if !isUnknown(err) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s comes from a plugin in Go: %v", name, err)
		}
		e := &encoder{}
		answer := &backendpb.Event{Event: &backendpb.Event_Result{Result: &backendpb.Result{Outputs: e.value("outputs", NewValue(v))}}}
		if e.err != nil {
			t.Fatal(e.err)
		}
		b := dial(t, func(s *grpc.Server) { backendpb.RegisterBackendServer(s, &odd{answer: answer}) })
		if _, err := b.Invoke(t.Context(), InvokeRequest{Action: "reboot"}, nil); !isUnknown(err) || strings.Contains(err.Error(), "hush") {
			t.Errorf("%s comes from any plugin: %v", name, err)
		}
	}
	secret := cty.ObjectVal(map[string]cty.Value{"password": cty.StringVal("x").Mark(Sensitive), "n": cty.NumberIntVal(1)})
	for name, c := range map[string]struct{ sent, want cty.Value }{
		"nothing":   {cty.NullVal(cty.DynamicPseudoType), cty.EmptyObjectVal},
		"a map":     {cty.MapVal(map[string]cty.Value{"a": cty.True}), cty.ObjectVal(map[string]cty.Value{"a": cty.True})},
		"a secret":  {secret, secret},
		"all of it": {secret.Mark(Sensitive), secret.Mark(Sensitive)},
	} {
		f := &fake{result: Result{Outputs: NewValue(c.sent)}}
		result, err := serve(t, f).Invoke(t.Context(), InvokeRequest{Action: "reboot"}, nil)
		if err != nil || !result.Outputs.Cty().RawEquals(c.want) {
			t.Errorf("%s arrives as %#v, %v", name, result.Outputs.Cty(), err)
		}
	}
}

func TestArgumentsThatAreNoObjectAreNeitherSentNorTaken(t *testing.T) {
	for name, v := range oddOutputs() {
		if name == "a large object" {
			continue // arguments are bounded by the message alone
		}
		f := &fake{}
		if _, err := serve(t, f).Invoke(t.Context(), InvokeRequest{Action: "reboot", Args: NewValue(v)}, nil); !isUnknown(err) || len(f.asked) > 0 {
			t.Errorf("%s is sent: %v", name, err)
		}
		e := &encoder{}
		d := &decoder{}
		if d.invokeRequest(&backendpb.InvokeRequest{Args: e.value("args", NewValue(v))}); d.err == nil {
			t.Errorf("%s is taken", name)
		}
	}
	f := &fake{}
	if _, err := serve(t, f).Invoke(t.Context(), InvokeRequest{Action: "verify"}, nil); err != nil {
		t.Fatal(err)
	}
	if got := f.asked[0].(InvokeRequest).Args.Cty(); !got.RawEquals(cty.EmptyObjectVal) {
		t.Errorf("no arguments arrive as %#v", got)
	}
}

func TestAPanicInAnActionEndsTheCallAlone(t *testing.T) {
	f := &fake{during: func(context.Context, Events) { panic("hush") }}
	b := serve(t, f)
	req := InvokeRequest{Op: Op{OperationID: "op_1", ResourceID: "res_1"}, Action: "reboot"}
	if _, err := b.Invoke(t.Context(), req, nil); !isUnknown(err) || status.Code(err) != codes.Internal || strings.Contains(err.Error(), "hush") {
		t.Errorf("a panic arrives as %v", err)
	}
	f.during = nil
	if _, err := b.Invoke(t.Context(), req, nil); err != nil {
		t.Errorf("the next call, for the same resource: %v", err)
	}
}

func TestOnlyOperationsOnAResourceWaitForEachOther(t *testing.T) {
	entered, finish := make(chan struct{}, 10), make(chan struct{})
	f := &crowd{during: func() { entered <- struct{}{}; <-finish }}
	b := dial(t, func(s *grpc.Server) { Register(s, f) })
	if _, err := b.Configure(t.Context(), ConfigureRequest{}); err != nil {
		t.Fatal(err)
	}
	answers := make(chan error, 10)
	invoke := func(ctx context.Context, op Op) {
		go func() {
			_, err := b.Invoke(ctx, InvokeRequest{Op: op, Action: "reboot"}, nil)
			answers <- err
		}()
	}
	for what, op := range map[string]Op{
		"an operation":                     {OperationID: "op_1", ResourceID: "res_1"},
		"a look meanwhile":                 {ResourceID: "res_1"},
		"another look":                     {ResourceID: "res_1"},
		"an operation on no resource":      {OperationID: "op_2"},
		"another operation on no resource": {OperationID: "op_3"},
		"a check of credentials":           {},
		"another check":                    {},
	} {
		invoke(t.Context(), op)
		select {
		case <-entered:
		case <-time.After(10 * time.Second):
			t.Fatalf("%s waits for another call", what)
		}
	}
	for what, call := range map[string]func(context.Context) error{
		"a repeat": func(ctx context.Context) error {
			_, err := b.Invoke(ctx, InvokeRequest{Op: Op{OperationID: "op_1", ResourceID: "res_1"}, Action: "reboot"}, nil)
			return err
		},
		"a deprovision": func(ctx context.Context) error {
			_, err := b.Deprovision(ctx, DeprovisionRequest{Op: Op{OperationID: "op_4", ResourceID: "res_1"}}, nil)
			return err
		},
	} {
		impatient, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		if err := call(impatient); !isUnknown(err) {
			t.Errorf("%s while the action is at work: %v", what, err)
		}
		cancel()
	}
	close(finish)
	for range 7 {
		if err := <-answers; err != nil {
			t.Error(err)
		}
	}
	if len(entered) > 0 {
		t.Errorf("%d calls more began", len(entered))
	}
}

// crowd lets calls in at once.
type crowd struct {
	fake
	during func()
}

func (c *crowd) Invoke(context.Context, InvokeRequest, Events) (Result, error) {
	c.during()
	return Result{}, nil
}
