// Command versions is a backend plugin of another age than the gateway's: the
// name of its binary says which.
//
//	older     protocol 1, from before there were suspend, rotate and actions
//	boasting  the same, but it claims that it can
//	newer     protocols 1 and 2, and abilities, fields and events of later
//	future    protocols 2 and 3
//	state-N   states of version N, and from 2 on upgrades of those of before
//	reads-N   states of version N, and no upgrades
//	breaks-N  states of version N, and an upgrade that fails
//	loses-N   states of version N, and an upgrade that returns none
//
// Their states tell which state they were given.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"
	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendpb"
)

func main() {
	go func() {
		_, _ = io.Copy(io.Discard, os.NewFile(3, "lifeline")) // tests that fail leave nothing behind
		os.Exit(0)
	}()
	age := strings.TrimPrefix(filepath.Base(os.Args[0]), "addongw-plugin-")
	served := plugin.PluginSet{backend.PluginName: &ages{server: &server{age: age}}}
	versions := map[int]plugin.PluginSet{1: served}
	switch age {
	case "newer":
		versions[2] = served
	case "future":
		versions = map[int]plugin.PluginSet{2: served, 3: served}
	}
	plugin.Serve(&plugin.ServeConfig{HandshakeConfig: backend.Handshake(), VersionedPlugins: versions, GRPCServer: backend.NewGRPCServer})
}

type ages struct {
	plugin.NetRPCUnsupportedPlugin
	server *server
}

func (p *ages) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	service := backendpb.Backend_ServiceDesc
	if p.server.age == "older" || p.server.age == "boasting" {
		of := func(s grpc.StreamDesc) bool {
			return slices.Contains([]string{"Provision", "ChangePlan", "Deprovision"}, s.StreamName)
		}
		service.Streams = slices.DeleteFunc(slices.Clone(service.Streams), func(s grpc.StreamDesc) bool { return !of(s) })
	}
	s.RegisterService(&service, p.server)
	return nil
}

func (p *ages) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

type server struct {
	backendpb.UnimplementedBackendServer
	age string
}

// later adds a field that does not exist yet.
func later[M proto.Message](m M) M {
	m.ProtoReflect().SetUnknown(protowire.AppendVarint(protowire.AppendTag(nil, 999, protowire.VarintType), 1))
	return m
}

func (s *server) Describe(context.Context, *backendpb.DescribeRequest) (*backendpb.DescribeResponse, error) {
	name := &backendpb.Attribute{Name: "name", Type: []byte(`"string"`), Required: true}
	d := &backendpb.DescribeResponse{
		Name: s.age, Version: "1.0.0", Capabilities: []string{"change_plan", "read"},
		Outputs: &backendpb.Schema{Attributes: []*backendpb.Attribute{name}},
	}
	switch s.age {
	case "boasting":
		d.Capabilities, d.Actions = append(d.Capabilities, "suspend", "rotate"), []string{"reboot"}
	default:
		d.StateVersion = int32(s.stateVersion())
		if d.StateVersion > 1 && !strings.HasPrefix(s.age, "reads") {
			d.Capabilities = append(d.Capabilities, "upgrade_state")
		}
	case "newer":
		d.Capabilities = append(d.Capabilities, "levitate")
		later(name) // the others are as they are today
	}
	return d, nil
}

func (s *server) ValidateConfig(context.Context, *backendpb.ValidateConfigRequest) (*backendpb.ValidateConfigResponse, error) {
	return &backendpb.ValidateConfigResponse{}, nil
}

func (s *server) ValidatePlan(context.Context, *backendpb.ValidatePlanRequest) (*backendpb.ValidatePlanResponse, error) {
	return &backendpb.ValidatePlanResponse{}, nil
}

func (s *server) Configure(context.Context, *backendpb.ConfigureRequest) (*backendpb.ConfigureResponse, error) {
	return &backendpb.ConfigureResponse{}, nil
}

func (s *server) Health(context.Context, *backendpb.HealthRequest) (*backendpb.HealthResponse, error) {
	return &backendpb.HealthResponse{Ok: true}, nil
}

var outputs = &backendpb.Value{Json: []byte(`{"name":"it"}`)}

func (s *server) Read(context.Context, *backendpb.ReadRequest) (*backendpb.ReadResponse, error) {
	return &backendpb.ReadResponse{Outputs: outputs}, nil
}

// stateVersion is the number at the end of the binary's name.
func (s *server) stateVersion() int {
	_, number, _ := strings.Cut(s.age, "-")
	version, _ := strconv.Atoi(number) // 0 where there is none
	return version
}

func (s *server) UpgradeState(_ context.Context, m *backendpb.UpgradeStateRequest) (*backendpb.UpgradeStateResponse, error) {
	if strings.HasPrefix(s.age, "breaks") {
		return nil, errors.New("cannot make head or tail of it")
	}
	if strings.HasPrefix(s.age, "loses") {
		return &backendpb.UpgradeStateResponse{}, nil
	}
	return &backendpb.UpgradeStateResponse{State: fmt.Appendf(nil, `{"upgraded_from":%d,"was":%s}`, m.GetVersion(), m.GetState())}, nil
}

// left is the state that a call leaves: it tells what it was given.
func (s *server) left(op *backendpb.Op) []byte {
	if s.stateVersion() == 0 {
		return nil
	}
	given := op.GetState()
	if len(given) == 0 {
		given = []byte("null")
	}
	return fmt.Appendf(nil, `{"given":%s}`, given)
}

func (s *server) Provision(m *backendpb.ProvisionRequest, stream grpc.ServerStreamingServer[backendpb.Event]) error {
	if s.age == "newer" {
		if err := stream.Send(later(&backendpb.Event{})); err != nil {
			return err
		}
	}
	state := s.left(m.GetOp())
	if err := stream.Send(&backendpb.Event{Event: &backendpb.Event_Checkpoint{Checkpoint: &backendpb.Checkpoint{Step: "made", State: state}}}); err != nil {
		return err
	}
	return stream.Send(&backendpb.Event{Event: &backendpb.Event_Result{Result: &backendpb.Result{Outputs: outputs, State: state}}})
}

func (s *server) ChangePlan(m *backendpb.ChangePlanRequest, stream grpc.ServerStreamingServer[backendpb.Event]) error {
	if state := s.left(m.GetOp()); state != nil {
		return stream.Send(&backendpb.Event{Event: &backendpb.Event_Result{Result: &backendpb.Result{Outputs: outputs, State: state}}})
	}
	return stream.Send(&backendpb.Event{Event: &backendpb.Event_Failure{Failure: &backendpb.Failure{Class: 99, Message: "of a kind of later"}}})
}

func (s *server) Deprovision(_ *backendpb.DeprovisionRequest, stream grpc.ServerStreamingServer[backendpb.Event]) error {
	return stream.Send(&backendpb.Event{Event: &backendpb.Event_Result{Result: &backendpb.Result{}}})
}
