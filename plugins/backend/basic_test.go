package backend

import (
	"context"
	"errors"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

// least is as little of a plugin as there can be.
type least struct{ Basic }

var _ Backend = least{}

func (least) Describe(context.Context, DescribeRequest) (Description, error) {
	return Description{Name: "least", Version: "1.0.0"}, nil
}

func (least) Provision(context.Context, ProvisionRequest, Events) (Result, error) {
	return Result{}, nil
}

func (least) Deprovision(context.Context, DeprovisionRequest, Events) (Result, error) {
	return Result{}, nil
}

func TestBasicClaimsNothingThatItDoesNotDo(t *testing.T) {
	b := dial(t, func(s *grpc.Server) { Register(s, least{}) })
	if resp, err := b.ValidateConfig(t.Context(), ValidateConfigRequest{}); err != nil || len(resp.Diagnostics) > 0 {
		t.Errorf("ValidateConfig: %+v, %v", resp, err)
	}
	if resp, err := b.ValidatePlan(t.Context(), ValidatePlanRequest{}); err != nil || len(resp.Diagnostics) > 0 {
		t.Errorf("ValidatePlan: %+v, %v", resp, err)
	}
	if resp, err := b.Configure(t.Context(), ConfigureRequest{}); err != nil || len(resp.Diagnostics) > 0 {
		t.Fatalf("Configure: %+v, %v", resp, err)
	}
	if health, err := b.Health(t.Context(), HealthRequest{}); err != nil || !health.OK || health.Detail == "" {
		t.Errorf("Health: %+v, %v", health, err)
	}
	for name, err := range lifecycleCalls(t, b) {
		var failure *Failure
		switch refused := errors.As(err, &failure) && failure.Class == Unsupported; name {
		case "Provision", "Deprovision":
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		default:
			if !refused {
				t.Errorf("%s: %v, want %s", name, err, Unsupported)
			}
		}
	}
}

// newer is a plugin of a later version, which can do more than we know of.
type newer struct{ strange }

func (newer) Describe(context.Context, *backendpb.DescribeRequest) (*backendpb.DescribeResponse, error) {
	m := &backendpb.DescribeResponse{Name: "newer", Version: "9.0.0", Capabilities: []string{"levitate", "read"}}
	m.ProtoReflect().SetUnknown(protowire.AppendString(protowire.AppendTag(nil, 999, protowire.BytesType), "a field of later"))
	return m, nil
}

func TestAPluginOfALaterVersionIsUnderstoodAsFarAsItGoes(t *testing.T) {
	failure := &backendpb.Event{Event: &backendpb.Event_Failure{Failure: &backendpb.Failure{Class: 99, Message: "of a new kind"}}}
	b := dial(t, func(s *grpc.Server) {
		backendpb.RegisterBackendServer(s, &newer{strange{events: []*backendpb.Event{{}, failure}}})
	})
	d, err := b.Describe(t.Context(), DescribeRequest{})
	if err != nil || d.Check() != nil || len(d.Capabilities) != 2 {
		t.Errorf("Describe: %+v, %v", d, err)
	}
	var refused *Failure
	if _, err = b.Provision(t.Context(), ProvisionRequest{}, nil); !errors.As(err, &refused) || refused.Class != Internal || refused.Message != "of a new kind" {
		t.Errorf("Provision: %v, want %s", err, Internal)
	}
}
