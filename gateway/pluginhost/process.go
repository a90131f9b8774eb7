package pluginhost

import (
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/hashicorp/go-hclog"
	"github.com/hashicorp/go-plugin"
	"github.com/hashicorp/go-plugin/runner"
	"google.golang.org/grpc"
	grpcbackoff "google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/addongw/addongw/gateway/semver"
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendpb"
)

const (
	startTimeout   = 30 * time.Second // from nothing to a description
	connectTimeout = 5 * time.Second  // for the handshakes on the socket
	stopTimeout    = 3 * time.Second  // from the shutdown call to SIGKILL; go-plugin waits 2 s by itself
)

// process is one running plugin that has described itself.
type process struct {
	spec        Spec
	path        string
	client      *plugin.Client
	runner      *pluginRunner
	log         *pluginLog
	streams     []*lineWriter
	backend     backend.Client
	conn        *grpc.ClientConn
	description backend.Description
	saysMore    atomic.Bool // its description has fields that we do not know
	stage       Stage       // of the start
	stopping    sync.Once
}

// start starts a plugin process and lets it describe itself. Everything is made
// anew for each start: a command, a client and a hash cannot be used twice.
func (h *Host) start(ctx context.Context, spec Spec, log *pluginLog) (*process, error) {
	path, err := h.Find(spec.Name)
	if err != nil {
		return nil, err
	}
	p := &process{spec: spec, path: path, log: log, stage: StageStart}
	log.forget()
	p.streams = []*lineWriter{log.stream("stderr"), log.stream("stdout"), log.stream("stderr"), log.stream("stdout")}
	p.runner = newPluginRunner(path, !spec.TLS, p.streams[3])
	p.client = plugin.NewClient(p.clientConfig(h.sockets.path))

	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	ctx, stop := until(ctx, h.closing)
	defer stop()
	if err := p.connect(ctx, h.options.HostVersion); err != nil {
		p.stop(context.Background())
		return nil, p.startError(ctx, err)
	}
	h.logger.Debug("plugin started", "plugin", spec.Name, "backend", spec.Backend, "version", p.description.Version, "pid", p.runner.ID())
	return p, nil
}

func (p *process) clientConfig(socketDir string) *plugin.ClientConfig {
	return &plugin.ClientConfig{
		HandshakeConfig:  backend.Handshake(),
		VersionedPlugins: backend.Plugins(nil),
		AllowedProtocols: []plugin.Protocol{plugin.ProtocolGRPC},
		AutoMTLS:         p.spec.TLS,
		SkipHostEnv:      true,
		StartTimeout:     startTimeout,
		UnixSocketConfig: &plugin.UnixSocketConfig{TempDir: socketDir},
		// go-plugin parses log lines with an unchecked type assertion unless the
		// logger is off.
		Logger:     hclog.New(&hclog.LoggerOptions{Level: hclog.Off}),
		Stderr:     p.streams[0],
		SyncStdout: p.streams[1],
		SyncStderr: p.streams[2],
		RunnerFunc: func(_ hclog.Logger, cmd *exec.Cmd, _ string) (runner.Runner, error) {
			if err := verify(p.spec.Name, p.path, p.spec.Checksum); err != nil {
				return nil, err
			}
			p.runner.prepare(cmd.Env)
			return p.runner, nil
		},
		GRPCDialOptions: []grpc.DialOption{
			grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(backend.MaxMessage), grpc.MaxCallSendMsgSize(backend.MaxMessage)),
			grpc.WithMaxHeaderListSize(64 << 10), // bounds the text of errors
			grpc.WithConnectParams(grpc.ConnectParams{Backoff: grpcbackoff.DefaultConfig, MinConnectTimeout: connectTimeout}),
			grpc.WithStreamInterceptor(refuseCallbacks),
			grpc.WithUnaryInterceptor(p.lookForMore),
		},
	}
}

// refuseCallbacks keeps the stream closed on which a plugin may ask to be
// connected to. Nobody answers there, and every request would wait five seconds
// in a goroutine of its own.
func refuseCallbacks(ctx context.Context, desc *grpc.StreamDesc, conn *grpc.ClientConn, method string, open grpc.Streamer, opts ...grpc.CallOption) (grpc.ClientStream, error) {
	if method == "/plugin.GRPCBroker/StartStream" {
		return nil, status.Error(codes.Unimplemented, "plugins cannot call the gateway")
	}
	return open(ctx, desc, conn, method, opts...)
}

// lookForMore notes whether a description has fields of a later version, which we
// ignore.
func (p *process) lookForMore(ctx context.Context, method string, request, reply any, conn *grpc.ClientConn, invoke grpc.UnaryInvoker, opts ...grpc.CallOption) error {
	err := invoke(ctx, method, request, reply, conn, opts...)
	if description, ok := reply.(*backendpb.DescribeResponse); ok && err == nil {
		p.saysMore.Store(hasUnknown(description.ProtoReflect()))
	}
	return err
}

func hasUnknown(m protoreflect.Message) bool {
	found := len(m.GetUnknown()) > 0
	m.Range(func(field protoreflect.FieldDescriptor, v protoreflect.Value) bool {
		switch {
		case field.Message() == nil || field.IsMap(): // no map holds messages
		case field.IsList():
			for i := range v.List().Len() {
				found = found || hasUnknown(v.List().Get(i).Message())
			}
		default:
			found = found || hasUnknown(v.Message())
		}
		return !found
	})
	return found
}

// connect brings the process up. go-plugin knows no contexts here and holds a
// lock that its Kill needs, so the end of ctx kills the process itself, which
// ends everything else.
func (p *process) connect(ctx context.Context, hostVersion string) error {
	connected := make(chan error, 1)
	go func() { connected <- p.dial() }()
	select {
	case err := <-connected:
		if err != nil {
			return err
		}
	case <-ctx.Done():
		p.kill()
		<-connected
		return ctx.Err()
	}
	return p.describe(ctx, hostVersion)
}

// dial makes the connection. go-plugin panics over some handshakes: over a
// certificate where TLS is off, for one.
func (p *process) dial() (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("its handshake makes no sense")
		}
	}()
	_, err = p.client.Start()
	if p.runner.ID() != "" {
		if problem := judge(p.runner.handshake.String(), p.spec.TLS); problem != nil {
			if problem.Remedy != "" {
				p.kill() // it serves, and nobody can ask it to end
			}
			return problem
		}
	}
	if err != nil {
		return err
	}
	protocol, err := p.client.Client()
	if err != nil {
		return err
	}
	conn, ok := protocol.(*plugin.GRPCClient)
	if !ok {
		return errors.New("it does not speak gRPC")
	}
	p.conn = conn.Conn
	p.backend = backend.NewClient(conn.Conn)
	return nil
}

func (p *process) describe(ctx context.Context, hostVersion string) error {
	var err error
	p.stage = StageDescribe
	p.description, err = p.backend.Describe(ctx, backend.DescribeRequest{HostVersion: hostVersion})
	if err != nil {
		return err
	}
	p.stage = StageCheck
	if err := p.description.Check(); err != nil {
		return fmt.Errorf("its description: %w", err)
	}
	return checkVersion(p.spec, p.path, p.description.Version)
}

// oneLine puts problems that were joined, one a line, into one.
func oneLine(problems string) string { return strings.ReplaceAll(problems, "\n", "; ") }

func checkVersion(spec Spec, path, have string) error {
	constraint, err := semver.Parse(spec.Version)
	if err != nil {
		return fmt.Errorf("version constraint %q: %w", spec.Version, err)
	}
	if !constraint.Admits(have) {
		return &VersionError{Name: spec.Name, Path: path, Version: have, Constraint: spec.Version}
	}
	return nil
}

// startError makes the error of a failed start. The process is dead by now, so
// everything it printed has been read.
func (p *process) startError(ctx context.Context, err error) error {
	if version := (*VersionError)(nil); errors.As(err, &version) {
		return version
	}
	if checksum := (*ChecksumError)(nil); errors.As(err, &checksum) {
		return checksum
	}
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	if p.stage == StageStart && p.runner.ID() != "" {
		p.stage = StageHandshake
	}
	if handshake := (*HandshakeError)(nil); errors.As(err, &handshake) && p.runner.handshake.String() == "" && !p.alive() {
		err = p.endedEarly(handshake)
	}
	masked := &maskedError{text: p.log.masker.line(p.log.whole(oneLine(plain(err))), 1000), err: err}
	words := p.log.last()
	if strings.HasPrefix(masked.text, strings.TrimSuffix(words, "…")) {
		words = "" // the cause says it all
	}
	return &StartError{Name: p.spec.Name, Path: p.path, Stage: p.stage, Cause: masked, Stderr: words}
}

// alive reports whether the process has not ended.
func (p *process) alive() bool {
	select {
	case <-p.runner.exited:
		return false
	default:
		return true
	}
}

// ping asks go-plugin's own health service whether the process still answers.
func (p *process) ping(ctx context.Context, timeout time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := grpc_health_v1.NewHealthClient(p.conn).Check(ctx, &grpc_health_v1.HealthCheckRequest{Service: plugin.GRPCServiceName})
	if status.Code(err) == codes.Unimplemented {
		return nil // it answered
	}
	return err
}

// stop ends the process: by asking first, by force when it does not go or when
// ctx ends. Calls that are still running fail. It returns when the process is
// dead and its output read. go-plugin waits for both without a limit; we do not.
func (p *process) stop(ctx context.Context) {
	p.stopping.Do(func() {
		ctx, cancel := context.WithTimeout(ctx, stopTimeout)
		defer cancel()
		defer context.AfterFunc(ctx, p.kill)()
		stopped := make(chan struct{})
		go func() {
			defer close(stopped)
			p.client.Kill()
		}()
		select {
		case <-stopped:
		case <-time.After(stopTimeout + 4*afterlife):
			p.log.logger.Error("plugin does not end", "pid", p.runner.ID(), "alive", p.alive())
		}
		for _, stream := range p.streams {
			stream.flush()
		}
		p.log.tellDropped()
	})
}

// kill ends the process by force. The shutdown call of a process that hangs
// never returns by itself.
func (p *process) kill() { _ = p.runner.Kill(context.Background()) } // if it fails, nothing else would help

// maskedError keeps an error for errors.Is and errors.As, and shows another
// text.
type maskedError struct {
	text string
	err  error
}

func (e *maskedError) Error() string { return e.text }
func (e *maskedError) Unwrap() error { return e.err }
