package shell

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"syscall"
	"time"
)

// process is one run of a script.
type process struct {
	path     string // absolute
	argument string // the verb
	env      []string
	dir      string // working directory
	stdin    []byte
	stderr   io.Writer // must not fail
	account  *account  // nil: our own
	patience patience
}

// ending tells how a process ended.
type ending struct {
	code    int            // exit code; -1 after a signal
	signal  syscall.Signal // 0: it exited
	stdout  []byte
	stopped bool // we stopped it, because ctx ended
}

// errTooMuch ends a script that prints more than an answer may have.
var errTooMuch = fmt.Errorf("printed more than %d bytes on standard output", maxAnswer)

// run starts the script and waits until it and all of its process group have
// ended. When ctx ends, the group gets SIGTERM, and SIGKILL when its time of
// grace is over. An error means that the script did not run, or ran but printed
// too much.
func (p process) run(ctx context.Context) (ending, error) {
	guard, err := startGuard()
	if err != nil {
		return ending{}, err
	}
	defer guard.end()

	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	out := &capture{overflow: func() { stop(errTooMuch) }}
	cmd := exec.Command(p.path, p.argument) // not CommandContext: that one would kill the script and spare its children
	cmd.Dir, cmd.Env = p.dir, p.env
	cmd.Stdin, cmd.Stdout, cmd.Stderr = bytes.NewReader(p.stdin), out, p.stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pgid: guard.group()}
	if p.account != nil {
		cmd.SysProcAttr.Credential = &p.account.credential
	}
	cmd.WaitDelay = p.patience.straggle
	if err := cmd.Start(); err != nil {
		return ending{}, fmt.Errorf("start: %w", err)
	}
	stopped := guard.wait(ctx, cmd, p.patience.grace)
	if out.full {
		return ending{}, errTooMuch
	}
	return endingOf(cmd.ProcessState, out.buffer.Bytes(), stopped), nil
}

func endingOf(state *os.ProcessState, stdout []byte, stopped bool) ending {
	e := ending{code: state.ExitCode(), stdout: stdout, stopped: stopped}
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		e.signal = status.Signal()
	}
	return e
}

// guard is a small process that leads a script's process group and kills the
// group when the plugin dies. It waits on a pipe whose other end only the
// plugin holds, so no way of dying escapes it, not even SIGKILL. Because it is
// there before the script, there is no moment without a guard, and because it
// stays until the end, the group's number can't go to somebody else's process.
//
// A parent-death signal would reach the script alone, not its children.
type guard struct {
	cmd  *exec.Cmd
	hold *os.File
}

// guardProgram ignores the signals that are meant for the script.
const guardProgram = `trap "" HUP INT TERM; read -r line; kill -KILL 0`

func startGuard() (*guard, error) {
	wait, hold, err := os.Pipe()
	if err != nil {
		return nil, fmt.Errorf("make a pipe: %w", err)
	}
	defer func() { _ = wait.Close() }()
	cmd := exec.Command("/bin/sh", "-c", guardProgram)
	cmd.Env = []string{"PATH=" + searchPath}
	cmd.Dir = "/"
	cmd.Stdin = wait
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		_ = hold.Close()
		return nil, fmt.Errorf("start a guard for the script: %w", err)
	}
	return &guard{cmd: cmd, hold: hold}, nil
}

// group is the number of the process group.
func (g *guard) group() int { return g.cmd.Process.Pid }

// wait returns when cmd has ended, which it makes happen when ctx ends; then
// it reports true.
func (g *guard) wait(ctx context.Context, cmd *exec.Cmd, grace time.Duration) (stopped bool) {
	ended := make(chan struct{})
	go func() {
		_ = cmd.Wait() // what it says is in cmd.ProcessState, or about pipes that others held open
		close(ended)
	}()
	select {
	case <-ended:
		return false
	case <-ctx.Done():
	}
	g.signal(syscall.SIGTERM)
	patience := time.NewTimer(grace)
	defer patience.Stop()
	select {
	case <-ended:
	case <-patience.C:
		g.signal(syscall.SIGKILL)
		<-ended
	}
	return true
}

func (g *guard) signal(s syscall.Signal) { _ = syscall.Kill(-g.group(), s) }

// end kills what is left of the group, the guard included.
func (g *guard) end() {
	g.signal(syscall.SIGKILL)
	_ = g.hold.Close()
	_ = g.cmd.Wait()
}

// capture keeps standard output up to the size of an answer.
type capture struct {
	buffer   bytes.Buffer
	full     bool
	overflow func() // called once
}

func (c *capture) Write(p []byte) (int, error) {
	if c.full {
		return 0, errTooMuch
	}
	if c.buffer.Len()+len(p) > maxAnswer {
		c.full = true
		c.overflow()
		return 0, errTooMuch // the pipe is closed, so that the script ends by itself if it can
	}
	return c.buffer.Write(p)
}

// isPassing reports whether a process could not be started for a reason that
// goes away: too many processes or open files, no memory.
func isPassing(err error) bool {
	for _, e := range []error{syscall.EAGAIN, syscall.ENOMEM, syscall.EMFILE, syscall.ENFILE, syscall.ETXTBSY} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}
