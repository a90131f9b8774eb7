package redis

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"
)

// runnerSettings are what the runner has to know of the config block. It reads
// them, from the directory, at each start of a server.
type runnerSettings struct {
	Program string   `json:"redis_server"`
	Bind    []string `json:"bind"`
	User    string   `json:"user,omitempty"`
	TLS     tlsFiles `json:"tls,omitzero"`
	Cgroup  string   `json:"cgroup"`
	Runner  string   `json:"runner"`
}

// RunIfAsked is the first line of a program that is to be the runner too. As
// "PROGRAM run DIRECTORY" it keeps the servers of a directory alive and never
// returns; else it does nothing.
func RunIfAsked() {
	if len(os.Args) != 3 || os.Args[1] != "run" {
		return
	}
	log := slog.New(slog.NewTextHandler(os.Stderr, nil))
	r := &runner{directory: directory{os.Args[2]}, log: log, servers: map[string]*attempts{}, again: make(chan struct{}, 1)}
	if err := r.run(); err != nil {
		log.Error("the runner ends", "error", err)
		os.Exit(1)
	}
	os.Exit(0)
}

// runner keeps the servers of a directory alive. There is one at most, by a
// lock. It may die at any time: servers go on, and the next runner finds them
// by their locks.
type runner struct {
	directory directory
	log       *slog.Logger
	again     chan struct{}   // a server has ended: look soon
	caged     map[string]bool // servers known to be in their control groups

	mu      sync.Mutex
	servers map[string]*attempts // by name of the instance
}

// attempts are those to start one server.
type attempts struct {
	failed int       // in a row
	next   time.Time // not before
}

// How often a runner looks at its servers when nobody wakes it, the pauses
// between attempts to start one, and how long one must live to be well again.
const (
	runnerTick  = time.Second
	firstPause  = 100 * time.Millisecond
	longPause   = 30 * time.Second
	stableAfter = 10 * time.Second
)

// idleAfter is how long a runner stays that has nothing to run. Whoever needs one
// starts it.
var idleAfter = 5 * time.Minute

func (r *runner) run() error {
	keepFiles()
	held, err := tryLock(r.directory.runnerLock())
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s is no directory of the redis backend: start the gateway first, which makes it, or correct the path", r.directory.path)
	}
	if err != nil {
		return err
	}
	if held == nil {
		r.log.Info("another runner is at work", "directory", r.directory.path)
		return nil
	}
	defer runtime.KeepAlive(held)
	if err := os.WriteFile(r.directory.runnerFile("pid"), []byte(strconv.Itoa(os.Getpid())+"\n"), 0o600); err != nil {
		return err
	}
	defer func() { _ = removeFile(r.directory.runnerFile("pid")) }() // its number is soon another's
	woken, err := r.listen()
	if err != nil {
		return err
	}
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGINT, syscall.SIGTERM)
	signal.Ignore(syscall.SIGHUP)
	r.log.Info("the runner begins", "directory", r.directory.path)
	go r.keepFresh() // until this process ends
	needed := time.Now()
	for {
		if err := r.look(); err != nil {
			return err
		}
		if r.needed() {
			needed = time.Now()
		}
		if time.Since(needed) > idleAfter {
			r.log.Info("the runner ends: there is nothing to run")
			return nil
		}
		select {
		case <-woken:
			r.forgive()
			needed = time.Now()
		case <-r.again:
		case <-time.After(runnerTick):
		case s := <-stop:
			r.log.Info("the runner ends, and its servers go on", "signal", s.String())
			return nil
		}
	}
}

// listen returns a channel that tells of plugins that wait for a server.
func (r *runner) listen() (<-chan struct{}, error) {
	wake, err := os.OpenFile(r.directory.wakeFile(), os.O_RDWR, 0) // never at its end
	if err != nil {
		return nil, err
	}
	woken := make(chan struct{}, 1)
	go func() {
		for buffer := make([]byte, 64); ; {
			if _, err := wake.Read(buffer); err != nil {
				return
			}
			notify(woken)
		}
	}()
	return woken, nil
}

func notify(c chan<- struct{}) {
	select {
	case c <- struct{}{}:
	default: // somebody did already
	}
}

// forgive lets every server be tried at once: somebody waits for one.
func (r *runner) forgive() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, a := range r.servers {
		a.next = time.Time{}
	}
}

// look starts what should run and does not. The runner of a directory that was
// removed has nothing left to do.
func (r *runner) look() error {
	all, err := r.directory.instances()
	if err != nil {
		return err
	}
	r.cage(all)
	r.trim(r.directory.runnerFile("log"))
	for _, i := range all {
		r.trim(i.logFile())
		if !r.due(i) {
			continue
		}
		if err := r.ensure(i); err != nil {
			r.tell(i, err)
			_ = r.failed(i, err) // looked at again at the next tick, or later
		}
	}
	return nil
}

// needed reports whether there is something to run, or a service manager that
// would start another runner at once.
func (r *runner) needed() bool {
	settings, err := r.settings()
	return err != nil || settings.Runner == runnerService || r.directory.busy()
}

// cage makes sure of the control groups of servers that run, once: the runner
// before us may have died between starting one and limiting it.
func (r *runner) cage(all []instance) {
	settings, err := r.settings()
	if err != nil || settings.Cgroup == cgroupOff {
		return
	}
	caged := map[string]bool{}
	for _, i := range all {
		caged[i.name()] = r.caged[i.name()] || r.confine(i, settings)
	}
	r.caged = caged
}

// confine reports false where no server runs yet.
func (r *runner) confine(i instance, s runnerSettings) bool {
	ctx, cancel := context.WithTimeout(context.Background(), askTime)
	defer cancel()
	pid, err := i.peer(ctx)
	if err != nil {
		return false
	}
	record, err := readRecord(i)
	if err == nil {
		err = confine(i.name(), record.Limits, pid)
	}
	if err != nil && s.Cgroup == cgroupRequired {
		r.log.Error("the kernel does not limit a server's memory", "server", i.name(), "error", sentence(err))
	}
	return true
}

func (r *runner) due(i instance) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	a, known := r.servers[i.name()]
	return !known || time.Now().After(a.next)
}

// failed notes why a server does not run, and returns the pause before the next
// attempt.
func (r *runner) failed(i instance, why error) time.Duration {
	r.mu.Lock()
	a := r.servers[i.name()]
	if a == nil {
		a = &attempts{}
		r.servers[i.name()] = a
	}
	wait := min(firstPause<<min(a.failed, 20), longPause)
	a.failed++
	a.next = time.Now().Add(wait)
	r.mu.Unlock()
	r.log.Error("a server does not run", "server", i.name(), "error", why, "again_in", wait.String())
	return wait
}

// tell notes why a server could not be started, for a call that waits for it.
func (r *runner) tell(i instance, why error) {
	if err := writeFile(i.failureFile(), []byte(why.Error()), 0o600); err != nil && !errors.Is(err, fs.ErrNotExist) {
		r.log.Error("note why", "server", i.name(), "error", err)
	}
}

func (r *runner) well(i instance) {
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.servers, i.name())
}

// ensure starts a server if it is to run and does not. Its lock comes first:
// while we hold it nobody else starts one or removes it, and the record that we
// then read stays true until we have.
func (r *runner) ensure(i instance) error {
	if record, err := readRecord(i); errors.Is(err, fs.ErrNotExist) || err == nil && record.Phase != phaseOn {
		return nil
	}
	held, err := tryLock(i.lockFile())
	if errors.Is(err, fs.ErrNotExist) || held == nil && err == nil {
		return nil // gone, or it runs
	}
	if err != nil {
		return err
	}
	defer func() { _ = held.Close() }()
	record, err := readRecord(i)
	if errors.Is(err, fs.ErrNotExist) || err == nil && record.Phase != phaseOn {
		return nil
	}
	if err != nil {
		return err
	}
	settings, err := r.settings()
	if err != nil {
		return err
	}
	return r.start(i, record, settings, held)
}

func (r *runner) settings() (runnerSettings, error) {
	var s runnerSettings
	text, err := os.ReadFile(r.directory.settingsFile())
	if err != nil {
		return s, err
	}
	return s, json.Unmarshal(text, &s)
}

// start starts a server that inherits its lock, and waits for its end in the
// background. It has a session of its own, an empty environment, and nothing
// else of ours.
func (r *runner) start(i instance, record record, s runnerSettings, held *os.File) error {
	who, problem := lookUpAccount(s.User)
	if problem != nil {
		return errors.New(problem.Summary)
	}
	if occupied(s.Bind, record.Port) {
		return fmt.Errorf("port %d of %s is in use by another process; end that one (ss -ltnp 'sport = %d' shows it)", record.Port, strings.Join(s.Bind, ", "), record.Port)
	}
	if err := r.writeConfig(i, record, s, who); err != nil {
		return err
	}
	log, err := openLog(i.logFile())
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	cmd := exec.Command(s.Program, "./"+filepath.Base(i.configFile()))
	cmd.Dir = i.folder
	cmd.Env = []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8"}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.ExtraFiles = []*os.File{held}
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Credential: who.credential()}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start %s: %w", s.Program, err)
	}
	if s.Cgroup != cgroupOff {
		if err := confine(i.name(), record.Limits, cmd.Process.Pid); err != nil && s.Cgroup == cgroupRequired {
			_ = cmd.Process.Kill()
			_ = cmd.Wait()
			return fmt.Errorf("limit its memory: %w", err)
		}
	}
	_ = removeFile(i.failureFile()) // or it would be told once more
	r.log.Info("a server begins", "server", i.name(), "port", record.Port, "pid", cmd.Process.Pid)
	go r.await(i, cmd, time.Now())
	return nil
}

func (r *runner) writeConfig(i instance, record record, s runnerSettings, who *account) error {
	password, err := os.ReadFile(i.adminFile())
	if err != nil {
		return err
	}
	text := configFile(record, s, hashOf(strings.TrimSpace(string(password))))
	return errors.Join(writeFile(i.configFile(), []byte(text), 0o600), who.give(i.configFile()))
}

// await waits for the end of a server. One that was to end is no failure.
func (r *runner) await(i instance, cmd *exec.Cmd, begun time.Time) {
	err := cmd.Wait()
	if time.Since(begun) > stableAfter {
		r.well(i)
	}
	record, unread := readRecord(i)
	if unread != nil || record.Phase != phaseOn {
		r.well(i)
		return
	}
	if err == nil {
		err = errors.New("it was asked to")
	}
	why := fmt.Errorf("it ended (%w): %s", err, lastLine(i.logFile()))
	if time.Since(begun) < stableAfter && cmd.ProcessState.ExitCode() > 0 {
		r.tell(i, why)
	}
	time.Sleep(r.failed(i, why))
	notify(r.again)
}

func openLog(path string) (*os.File, error) {
	return os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
}

// maxLog is when the end of a log is put aside and the log begins anew. A
// customer's script can write into the one of its server, as much as it likes.
const maxLog = 1 << 20

func (r *runner) trim(path string) {
	info, err := os.Stat(path)
	if err != nil || info.Size() <= maxLog {
		return // or there is none yet
	}
	end, err := tail(path, maxLog)
	if err == nil {
		err = writeFile(path+".1", end, 0o600)
	}
	if err = errors.Join(err, os.Truncate(path, 0)); err != nil { // its writers append
		r.log.Error("a log is cut off", "path", path, "error", sentence(err))
	}
}

// lastLine is what a server said before it ended.
func lastLine(path string) string {
	text, err := tail(path, 2000)
	if err != nil {
		return "it left no log"
	}
	lines := strings.Split(strings.TrimSpace(string(text)), "\n")
	return strings.TrimSpace(lines[len(lines)-1])
}

// tail is the end of a file, which may be larger than our memory.
func tail(path string, most int64) ([]byte, error) {
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }()
	info, err := file.Stat()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(file, max(0, info.Size()-most), most))
}

// poke wakes the runner. It reports false where there is none.
func (d directory) poke() (bool, error) {
	wake, err := os.OpenFile(d.wakeFile(), os.O_WRONLY|syscall.O_NONBLOCK, 0)
	if errors.Is(err, syscall.ENXIO) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	_, err = wake.Write([]byte{1})
	if err = errors.Join(err, wake.Close()); errors.Is(err, syscall.EAGAIN) {
		err = nil // full: it has much to wake up for
	}
	return true, err
}
