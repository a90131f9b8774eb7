// Command hostile is a backend plugin that breaks every rule of the protocol,
// one at a time: the name of its binary says which until it is configured, the
// config block and the params of plans which after that.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/hashicorp/go-plugin"
	"google.golang.org/grpc"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendpb"
)

func main() {
	go func() {
		_, _ = io.Copy(io.Discard, os.NewFile(3, "lifeline")) // tests that fail leave nothing behind
		os.Exit(0)
	}()
	mode := strings.TrimPrefix(filepath.Base(os.Args[0]), "addongw-plugin-")
	if handshake(mode) {
		return
	}
	s := &server{mode: mode}
	plugin.Serve(&plugin.ServeConfig{
		HandshakeConfig:  backend.Handshake(),
		VersionedPlugins: map[int]plugin.PluginSet{1: {backend.PluginName: &served{server: s}}},
		GRPCServer:       func(o []grpc.ServerOption) *grpc.Server { return grpc.NewServer(o...) },
	})
	if s.stubborn || mode == "stubborn" {
		signal.Ignore(syscall.SIGTERM, syscall.SIGINT)
		select {}
	}
}

type served struct {
	plugin.NetRPCUnsupportedPlugin
	server *server
}

func (p *served) GRPCServer(_ *plugin.GRPCBroker, s *grpc.Server) error {
	backendpb.RegisterBackendServer(s, p.server)
	return nil
}

func (p *served) GRPCClient(context.Context, *plugin.GRPCBroker, *grpc.ClientConn) (any, error) {
	return nil, nil
}

// handshake misbehaves before anything is served.
func handshake(mode string) bool {
	socket := filepath.Join(os.Getenv("PLUGIN_UNIX_SOCKET_DIR"), "s")
	switch mode {
	case "exit-at-once":
		os.Exit(9)
	case "not-a-handshake":
		fmt.Println("hello there")
	case "endless-handshake":
		for {
			if _, err := os.Stdout.WriteString(strings.Repeat("1|", 4096)); err != nil {
				break
			}
		}
	case "wrong-core":
		fmt.Println("9|1|unix|" + socket + "|grpc|")
	case "wrong-version":
		fmt.Println("1|7|unix|" + socket + "|grpc|")
	case "net-rpc":
		fmt.Println("1|1|unix|" + socket + "|netrpc|")
	case "no-socket":
		fmt.Println("1|1|unix|" + socket + "|grpc|")
	case "closed-stdout":
		os.Stdout.Close()
	case "odd-network":
		fmt.Println("1|1|carrier-pigeon|coop|grpc|")
	case "unasked-certificate":
		fmt.Println("1|1|unix|" + socket + "|grpc|" + certificate)
	case "exit-after-handshake", "mute":
		if _, err := net.Listen("unix", socket); err != nil {
			os.Exit(8)
		}
		fmt.Println("1|1|unix|" + socket + "|grpc|")
		if mode == "exit-after-handshake" {
			os.Exit(9)
		}
	default:
		return false
	}
	select {}
}

type server struct {
	backendpb.UnimplementedBackendServer
	mode     string
	password string
	stubborn bool
}

func text(name string) *backendpb.Attribute {
	return &backendpb.Attribute{Name: name, Type: []byte(`"string"`)}
}

func (s *server) Describe(ctx context.Context, _ *backendpb.DescribeRequest) (*backendpb.DescribeResponse, error) {
	d := &backendpb.DescribeResponse{
		Name: "hostile", Version: "1.0.0", Capabilities: []string{"read"}, Actions: []string{"perform"},
		Config:  &backendpb.Schema{Attributes: []*backendpb.Attribute{text("mode"), text("password"), text("dir")}},
		Plan:    &backendpb.Schema{Attributes: []*backendpb.Attribute{text("do")}},
		Outputs: &backendpb.Schema{Attributes: []*backendpb.Attribute{text("name")}},
	}
	switch s.mode {
	case "exit-in-describe":
		os.Exit(9)
	case "panic-in-describe":
		panic("at the disco")
	case "hang-in-describe":
		<-ctx.Done()
		select {}
	case "twice":
		d.Config.Attributes = append(d.Config.Attributes, text("mode"))
	case "bad-type":
		d.Plan.Attributes[0].Type = []byte(`["list",["tuple","x"`)
	case "no-type":
		d.Plan.Attributes[0].Type = nil
	case "bad-name":
		d.Name = "../../etc/passwd"
	case "million":
		d.Config.Attributes = make([]*backendpb.Attribute, 200_000)
		for i := range d.Config.Attributes {
			d.Config.Attributes[i] = &backendpb.Attribute{Name: fmt.Sprintf("a%d", i), Type: []byte(`"string"`)}
		}
	case "bad-action":
		d.Actions = []string{"../../provision"}
	case "two-wrong":
		d.Actions = []string{"Go", "Now"}
	case "many-actions":
		d.Actions = make([]string, 200_000)
	case "too-large":
		d.Doc = strings.Repeat("x", 5<<20)
	case "not-utf8":
		d.Doc = "\xff\xfe" // the encoder refuses it
	}
	return d, nil
}

func (s *server) ValidateConfig(ctx context.Context, _ *backendpb.ValidateConfigRequest) (*backendpb.ValidateConfigResponse, error) {
	switch s.mode {
	case "hang-in-validate":
		<-ctx.Done()
		select {}
	case "many-problems":
		resp := &backendpb.ValidateConfigResponse{}
		for range 100_000 {
			resp.Diagnostics = append(resp.Diagnostics, &backendpb.Diagnostic{Summary: "no"})
		}
		return resp, nil
	}
	return &backendpb.ValidateConfigResponse{}, nil
}

func (s *server) ValidatePlan(ctx context.Context, _ *backendpb.ValidatePlanRequest) (*backendpb.ValidatePlanResponse, error) {
	if s.mode == "hang-in-validate" {
		<-ctx.Done()
		select {}
	}
	return &backendpb.ValidatePlanResponse{}, nil
}

func (s *server) Configure(ctx context.Context, m *backendpb.ConfigureRequest) (*backendpb.ConfigureResponse, error) {
	var config struct{ Mode, Password, Dir string }
	if err := json.Unmarshal(m.GetConfig().GetJson(), &config); err != nil {
		return nil, err
	}
	s.password = config.Password
	switch config.Mode {
	case "exit":
		os.Exit(9)
	case "panic":
		panic("at the disco")
	case "hang":
		_ = os.WriteFile(filepath.Join(config.Dir, "pid"), fmt.Append(nil, os.Getpid()), 0o600)
		<-ctx.Done()
		select {}
	case "stubborn":
		s.stubborn = true
	case "exit-while-marked":
		if _, err := os.Stat(filepath.Join(config.Dir, "marker")); err == nil {
			os.Exit(9)
		}
	case "no-output":
		_ = syscall.Close(1)
		_ = syscall.Close(2)
	}
	return &backendpb.ConfigureResponse{}, nil
}

func (s *server) Health(ctx context.Context, _ *backendpb.HealthRequest) (*backendpb.HealthResponse, error) {
	return &backendpb.HealthResponse{Ok: true}, nil
}

func (s *server) Read(ctx context.Context, m *backendpb.ReadRequest) (*backendpb.ReadResponse, error) {
	switch do(m.GetOp()) {
	case "hang":
		<-ctx.Done()
		select {}
	case "drift":
		return &backendpb.ReadResponse{Drift: make([]string, 500_000)}, nil
	}
	return &backendpb.ReadResponse{}, nil
}

func do(op *backendpb.Op) string {
	var params struct{ Do string }
	_ = json.Unmarshal(op.GetPlan().GetParams().GetJson(), &params)
	return params.Do
}

type stream = grpc.ServerStreamingServer[backendpb.Event]

func (s *server) Deprovision(m *backendpb.DeprovisionRequest, events stream) error {
	return s.perform(m.GetOp(), events)
}

func (s *server) Invoke(m *backendpb.InvokeRequest, events stream) error {
	return s.perform(m.GetOp(), events)
}

func (s *server) Provision(m *backendpb.ProvisionRequest, events stream) error {
	return s.perform(m.GetOp(), events)
}

// raw writes to the process's own standard error or output.
func raw(fd int, text string) { _, _ = syscall.Write(fd, []byte(text)) }

// child starts a process that holds all that it can.
func child(session bool, extra ...*os.File) int {
	cmd := exec.Command("sleep", "300")
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = os.NewFile(1, "stdout"), os.NewFile(2, "stderr"), extra
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: session}
	if err := cmd.Start(); err != nil {
		return 0
	}
	kept = append(kept, cmd)
	return cmd.Process.Pid
}

// kept keeps finalizers from closing the descriptors of children.
var kept []*exec.Cmd
