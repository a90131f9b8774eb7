package pluginhost

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"sync"
	"syscall"
	"time"

	"github.com/hashicorp/go-plugin/runner"

	"github.com/addongw/addongw/plugins/backend"
)

// afterlife is how long the output of a dead process is still read. Its
// children may hold the pipes open for ever.
const afterlife = 500 * time.Millisecond

// pluginRunner is one plugin process. go-plugin's own runner lets the process
// share the gateway's standard input and waits for its output before it
// notices its death; this one does neither.
type pluginRunner struct {
	path           string
	local          bool      // refuse sockets other than unix ones
	rest           io.Writer // gets what the plugin prints on standard output after the handshake
	handshake      firstWords
	env            []string
	stdout, stderr *os.File
	lifeline       *os.File // the plugin exits when this is closed

	mu        sync.Mutex
	cmd       *exec.Cmd // nil before the start
	killed    bool      // perhaps before the start
	collected bool      // its number may belong to somebody else

	exited chan struct{} // closed when the process is dead
	status error         // how it ended; valid once exited is closed
}

var _ runner.Runner = (*pluginRunner)(nil)

// newPluginRunner prepares a process.
func newPluginRunner(path string, local bool, rest io.Writer) *pluginRunner {
	return &pluginRunner{path: path, local: local, rest: rest, exited: make(chan struct{})}
}

// prepare sets the whole environment of the process. handshake is what
// go-plugin wants it to hold; nothing comes from the host but PATH.
func (r *pluginRunner) prepare(handshake []string) {
	r.env = append([]string{
		"PATH=" + searchPath(),
		"LANG=C.UTF-8",
		backend.LifelineEnv + "=3", // the first of ExtraFiles
	}, handshake...)
}

func searchPath() string {
	if path := os.Getenv("PATH"); path != "" {
		return path
	}
	return "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
}

// Start starts the process. The context is go-plugin's and means nothing here.
func (r *pluginRunner) Start(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.killed {
		return errors.New("stopped before it was started")
	}
	stdoutRead, stdoutWrite, err1 := os.Pipe()
	stderrRead, stderrWrite, err2 := os.Pipe()
	lifelineRead, lifelineWrite, err3 := os.Pipe()
	defer closeAll(stdoutWrite, stderrWrite, lifelineRead)
	r.stdout, r.stderr, r.lifeline = stdoutRead, stderrRead, lifelineWrite

	cmd := exec.Command(r.path)
	cmd.Env = r.env
	cmd.Dir = "/"
	cmd.Stdout, cmd.Stderr, cmd.ExtraFiles = stdoutWrite, stderrWrite, []*os.File{lifelineRead}
	// Its own process group: signals from a terminal are for the gateway.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	err := errors.Join(err1, err2, err3)
	if err == nil {
		err = cmd.Start()
	}
	if err != nil {
		closeAll(r.stdout, r.stderr, r.lifeline)
		return err
	}
	r.cmd = cmd
	go r.await()
	return nil
}

func closeAll(files ...*os.File) {
	for _, file := range files {
		_ = file.Close() // of a nil file too; nothing of ours was written to it
	}
}

// await notes the end of the process, and ends what it left in its process
// group.
func (r *pluginRunner) await() {
	if awaitEnd(r.cmd.Process.Pid) {
		// Before it is collected: the number of a group whose leader is gone may
		// go to somebody else.
		_ = r.Kill(context.Background())
		r.ending()
	}
	r.status = r.cmd.Wait()
	r.ending()
	deadline := time.Now().Add(afterlife)
	_ = r.stdout.SetReadDeadline(deadline) // pipes have deadlines; an error would only mean more patience
	_ = r.stderr.SetReadDeadline(deadline)
	close(r.exited)
}

// ended says how the process ended, for operators.
func (r *pluginRunner) ended() string {
	<-r.exited
	if r.status == nil {
		return "exit status 0"
	}
	return r.status.Error()
}

// Wait is called once, when all output has been read.
func (r *pluginRunner) Wait(context.Context) error {
	<-r.exited
	closeAll(r.stdout, r.stderr, r.lifeline)
	return r.status
}

// ending makes Kill do nothing from now on.
func (r *pluginRunner) ending() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.collected = true
}

// Kill ends the process and its process group at once, or keeps it from
// starting.
func (r *pluginRunner) Kill(context.Context) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.killed = true
	if r.cmd == nil || r.collected {
		return nil
	}
	return syscall.Kill(-r.cmd.Process.Pid, syscall.SIGKILL)
}

// Stdout is where the handshake comes from, which is the first line. What
// follows is for the log: go-plugin would drop it, and stop to read over a long
// line, which blocks whoever writes more.
func (r *pluginRunner) Stdout() io.ReadCloser {
	return &firstLine{ReadCloser: r.stdout, first: &r.handshake, rest: r.rest}
}

// firstLine gives the first line of a stream, and the end of it, to its reader,
// and everything between to rest.
type firstLine struct {
	io.ReadCloser
	first *firstWords
	rest  io.Writer // never fails
	over  bool
}

func (f *firstLine) Read(p []byte) (int, error) {
	for {
		n, err := f.ReadCloser.Read(p)
		if f.over {
			_, _ = f.rest.Write(p[:n])
			if err != nil {
				return 0, err
			}
			continue
		}
		first, rest, over := bytes.Cut(p[:n], []byte{'\n'})
		f.first.add(first)
		if !over {
			return n, err
		}
		f.over = true
		_, _ = f.rest.Write(rest)
		return len(first) + 1, err
	}
}

// Stderr is where log lines come from.
func (r *pluginRunner) Stderr() io.ReadCloser { return r.stderr }

// Name is the path of the binary.
func (r *pluginRunner) Name() string { return r.path }

// ID is the process id; empty before the start.
func (r *pluginRunner) ID() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.cmd == nil {
		return ""
	}
	return strconv.Itoa(r.cmd.Process.Pid)
}

// Diagnose has nothing to add to what the plugin printed.
func (r *pluginRunner) Diagnose(context.Context) string { return "" }

// PluginToHost checks the address that the plugin says it listens on.
func (r *pluginRunner) PluginToHost(network, address string) (string, string, error) {
	if network != "unix" && r.local {
		return "", "", fmt.Errorf("it listens on %s; without TLS only unix sockets are used", network)
	}
	return network, address, nil
}

// HostToPlugin is for callbacks, of which there are none.
func (r *pluginRunner) HostToPlugin(network, address string) (string, string, error) {
	return network, address, nil
}
