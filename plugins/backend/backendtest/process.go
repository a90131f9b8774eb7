package backendtest

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"

	"github.com/addongw/addongw/plugins/backend"
)

// fateEnv tells a process of Main when to die: "VERB EVENT DELAY".
const fateEnv = "BACKENDTEST_FATE"

// Main is the first line of a TestMain whose package calls [Crash]. In a
// process that Crash started as a plugin it serves b, as a plugin's main
// function does, and never returns; everywhere else it does nothing.
func Main(b backend.Backend) {
	text, asked := os.LookupEnv(fateEnv)
	if !asked {
		return
	}
	f, err := parseFate(text)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	backend.Serve(&mortal{Backend: b, fate: f})
	os.Exit(0)
}

// fate says at which event of which call a process kills itself: 1 is the
// first one, and the one after the last is the end of the call, whose answer is
// lost. Event 0 is never.
type fate struct {
	verb  string
	event int
	delay time.Duration // between the event and death, while the call goes on
}

func (f fate) String() string {
	return strings.Join([]string{f.verb, strconv.Itoa(f.event), f.delay.String()}, " ")
}

func parseFate(text string) (fate, error) {
	var f fate
	fields := strings.Split(text, " ")
	if len(fields) != 3 {
		return f, fmt.Errorf("%s is %q", fateEnv, text)
	}
	f.verb = fields[0]
	var err error
	if f.event, err = strconv.Atoi(fields[1]); err != nil {
		return f, err
	}
	f.delay, err = time.ParseDuration(fields[2])
	return f, err
}

// meet ends the process when n is the event to die at: without a farewell,
// whatever it is doing.
func (f fate) meet(n int) {
	if n != f.event {
		return
	}
	die := func() {
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
		select {}
	}
	if f.delay == 0 {
		die()
	}
	time.AfterFunc(f.delay, die)
}

// mortal is a backend whose process dies at an event.
type mortal struct {
	backend.Backend
	fate fate
}

func (m *mortal) Provision(ctx context.Context, req backend.ProvisionRequest, events backend.Events) (backend.Result, error) {
	return m.live("provision", events, func(e backend.Events) (backend.Result, error) { return m.Backend.Provision(ctx, req, e) })
}

func (m *mortal) ChangePlan(ctx context.Context, req backend.ChangePlanRequest, events backend.Events) (backend.Result, error) {
	return m.live("change_plan", events, func(e backend.Events) (backend.Result, error) { return m.Backend.ChangePlan(ctx, req, e) })
}

func (m *mortal) Deprovision(ctx context.Context, req backend.DeprovisionRequest, events backend.Events) (backend.Result, error) {
	return m.live(string(req.Mode), events, func(e backend.Events) (backend.Result, error) { return m.Backend.Deprovision(ctx, req, e) })
}

func (m *mortal) Suspend(ctx context.Context, req backend.SuspendRequest, events backend.Events) (backend.Result, error) {
	return m.live("suspend", events, func(e backend.Events) (backend.Result, error) {
		return m.Backend.(backend.Suspender).Suspend(ctx, req, e)
	})
}

func (m *mortal) Resume(ctx context.Context, req backend.ResumeRequest, events backend.Events) (backend.Result, error) {
	return m.live("resume", events, func(e backend.Events) (backend.Result, error) {
		return m.Backend.(backend.Suspender).Resume(ctx, req, e)
	})
}

func (m *mortal) Rotate(ctx context.Context, req backend.RotateRequest, events backend.Events) (backend.Result, error) {
	return m.live(killedPhase(req.Phase), events, func(e backend.Events) (backend.Result, error) {
		return m.Backend.(backend.Rotator).Rotate(ctx, req, e)
	})
}

func (m *mortal) UpgradeState(ctx context.Context, req backend.UpgradeStateRequest) (backend.UpgradeStateResponse, error) {
	return m.Backend.(backend.StateUpgrader).UpgradeState(ctx, req)
}

func (m *mortal) Invoke(ctx context.Context, req backend.InvokeRequest, events backend.Events) (backend.Result, error) {
	return m.live(killed(req.Action), events, func(e backend.Events) (backend.Result, error) {
		return m.Backend.(backend.Invoker).Invoke(ctx, req, e)
	})
}

// killed is what a fate calls an action.
func killed(action string) string { return "invoke:" + action }

// rotating is what the fates of rotations begin with.
const rotating = "rotate:"

// killedPhase is what a fate calls a phase.
func killedPhase(phase backend.RotatePhase) string { return rotating + string(phase) }

func (m *mortal) live(verb string, events backend.Events, call func(backend.Events) (backend.Result, error)) (backend.Result, error) {
	if verb != m.fate.verb {
		return call(events)
	}
	c := &counted{Events: events, fate: m.fate}
	result, err := call(c)
	c.count()
	return result, err
}

// counted is the Events of a call whose process may die.
type counted struct {
	backend.Events
	fate fate

	mu sync.Mutex
	n  int
}

func (c *counted) count() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.n++
	c.fate.meet(c.n)
}

func (c *counted) Checkpoint(step string, state json.RawMessage) {
	c.Events.Checkpoint(step, state)
	c.count()
}

func (c *counted) Progress(message string, percent int) {
	c.Events.Progress(message, percent)
	c.count()
}

func (c *counted) Log(level slog.Level, message string) {
	c.Events.Log(level, message)
	c.count()
}

// process is a plugin: this test binary, which serves its backend, or another
// program.
type process struct {
	cmd      *exec.Cmd
	lifeline *os.File
	stderr   bytes.Buffer
	ended    chan struct{}
	ending   sync.Once
	remote   backend.Backend
}

// start starts a plugin process, which ends with the test. Where the subject names
// no program it is this test binary, which meets its fate.
func start(t *testing.T, s Subject, f fate) *process {
	t.Helper()
	program, err := orSelf(s.Program)
	if err != nil {
		t.Fatal(err)
	}
	// Not the test's own folder: a socket's path has at most 107 bytes.
	folder, err := os.MkdirTemp("/tmp", "addongw-test-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(folder) })
	theirs, ours, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	p := &process{cmd: exec.Command(program), lifeline: ours, ended: make(chan struct{})}
	p.cmd.Dir = "/"
	p.cmd.Env = []string{
		"PATH=" + os.Getenv("PATH"), "LANG=C.UTF-8", fateEnv + "=" + f.String(),
		backend.CookieKey + "=" + backend.CookieValue, "PLUGIN_PROTOCOL_VERSIONS=" + strconv.Itoa(backend.ProtocolVersion),
		"PLUGIN_UNIX_SOCKET_DIR=" + folder, backend.LifelineEnv + "=3",
	}
	p.cmd.ExtraFiles = []*os.File{theirs}
	p.cmd.Stderr = &p.stderr
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = theirs.Close() // the plugin has its own
	t.Cleanup(p.end)
	hangs := time.AfterFunc(s.timeout(), p.killGroup)
	lines := bufio.NewReaderSize(out, 64<<10)
	line, _ := lines.ReadSlice('\n') // without its end it is no handshake
	first := strings.TrimSpace(string(line))
	began := hangs.Stop()
	go func() {
		_, _ = io.Copy(io.Discard, lines) // or a plugin that prints would stand still
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	if !began {
		p.end()
		t.Fatalf("%s printed no handshake within %v\n%s", program, s.timeout(), p.stderr.String())
	}
	p.connect(t, first)
	return p
}

func orSelf(program string) (string, error) {
	if program == "" {
		return self()
	}
	return filepath.Abs(program)
}

// self is this test binary, or the same without the race detector, with which the
// many processes take several times as long to start and to work. It lies beside
// the binary, in a folder that "go test" removes.
var self = sync.OnceValues(func() (string, error) {
	ours, err := os.Executable()
	if err != nil || !raced {
		return ours, err
	}
	plain := ours + ".plain"
	if exec.Command("go", "test", "-c", "-o", plain, ".").Run() != nil { // without its sources, for one
		return ours, nil
	}
	return plain, nil
})

// connect reads go-plugin's handshake: core version, protocol version, network,
// address, protocol.
func (p *process) connect(t *testing.T, handshake string) {
	t.Helper()
	fields := strings.Split(handshake, "|")
	if len(fields) < 5 || fields[2] != "unix" || fields[4] != "grpc" {
		p.end()
		t.Fatalf("%s begins with %.200q: want a handshake (a Go test needs backendtest.Main in its TestMain)\n%s", p.cmd.Path, handshake, p.stderr.String())
	}
	conn, err := grpc.NewClient("unix:"+fields[3],
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(backend.MaxMessage), grpc.MaxCallSendMsgSize(backend.MaxMessage)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() }) // the process is gone anyway
	p.remote = backend.NewClient(conn)
}

// kill ends the process if it lives.
func (p *process) kill() { _ = p.cmd.Process.Kill() }

// killGroup ends what it has started, too. It must not have been collected.
func (p *process) killGroup() { _ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL) }

// end ends all of it, and waits for its end.
func (p *process) end() {
	p.ending.Do(func() {
		select {
		case <-p.ended:
		default:
			p.killGroup()
		}
		<-p.ended
		_ = p.lifeline.Close()
	})
}
