package redis_test

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/redis"
	"github.com/addongw/addongw/plugins/redis/redistest"
)

// used is a world with one server that holds something precious.
func used(t *testing.T, extra attributes) (*world, backend.Op, outputs) {
	t.Helper()
	w := dedicatedWorld(t, extra)
	op, out := w.provision(newOp(dedicatedPlan(16, 10)))
	w.use(op)
	return w, op, out
}

// kill ends a process for good and returns when it is gone.
func kill(t *testing.T, pids ...int) {
	t.Helper()
	for _, pid := range pids {
		ok(t, "kill", syscall.Kill(pid, syscall.SIGKILL))
	}
	for _, pid := range pids {
		await(t, fmt.Sprintf("process %d ends", pid), func() bool {
			stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
			return err != nil || strings.Contains(string(stat), ") Z ")
		})
	}
}

// the returns the only one there is.
func the(t *testing.T, what string, pids []int) int {
	t.Helper()
	if len(pids) != 1 {
		t.Fatalf("%s: got processes %v, want one", what, pids)
	}
	return pids[0]
}

// wantBack waits until the customer finds what is his, at the old address, in
// the only server that there is.
func (w *world) wantBack(op backend.Op) {
	w.t.Helper()
	c := w.customer(op)
	await(w.t, "the customer finds his data", func() bool {
		return c.Get(w.t.Context(), "precious").Val() == "seven"
	})
	the(w.t, "servers", redistest.Servers(w.t, w.folderOf(op)))
}

func TestAServerThatIsKilledComesBackByItself(t *testing.T) {
	t.Parallel()
	w, op, _ := used(t, nil)
	for range 3 {
		kill(t, the(t, "servers", redistest.Servers(t, w.folder)))
		w.wantBack(op)
	}
}

func TestARunnerThatIsKilledIsReplacedAndItsServersGoOn(t *testing.T) {
	t.Parallel()
	w, op, _ := used(t, nil)
	server, runner := the(t, "servers", redistest.Servers(t, w.folder)), the(t, "runners", redistest.Runners(t, w.folder))
	kill(t, runner)
	await(t, "another runner begins", func() bool {
		now := redistest.Runners(t, w.folder)
		return len(now) == 1 && now[0] != runner
	})
	w.wantBack(op)
	if now := the(t, "servers", redistest.Servers(t, w.folder)); now != server {
		t.Errorf("the server is process %d, and was %d", now, server)
	}
	kill(t, server) // which is not a child of the new runner
	w.wantBack(op)
}

func TestAfterARebootWhatRanRunsAgain(t *testing.T) {
	t.Parallel()
	w, op, out := used(t, nil)
	asleep, _ := w.provision(newOp(dedicatedPlan(16, 10)))
	w.suspend(asleep)
	kept, _ := w.provision(newOp(dedicatedPlan(16, 10)))
	w.soft(kept)
	w.b.Close()
	kill(t, append(redistest.Runners(t, w.folder), redistest.Servers(t, w.folder)...)...)

	w.b = configured(t, w.config)
	w.wantBack(op)
	if found, drift := w.read(op); found.Port != out.Port || len(drift) > 0 {
		t.Errorf("port %d, drift %q; want port %d", found.Port, drift, out.Port)
	}
	the(t, "servers", redistest.Servers(t, w.folder))
	w.resume(asleep)
	if got := len(redistest.Servers(t, w.folder)); got != 2 {
		t.Errorf("%d servers, want 2", got)
	}
}

// doomedEnv makes this test binary provision in a directory and wait to be
// killed.
const doomedEnv = "REDIS_TEST_DOOMED"

func TestDoomedPlugin(t *testing.T) {
	folder, asked := os.LookupEnv(doomedEnv)
	if !asked {
		t.Skip("it is only for the test below")
	}
	w := &world{t: t, folder: folder}
	w.b = configured(t, dedicatedConfig(t, folder, nil))
	op, out := w.provision(newOp(dedicatedPlan(16, 10)))
	w.use(op)
	fmt.Println("doomed", out.Port, out.Username, op.Secrets["password"])
	select {}
}

func TestServerAndRunnerOutliveThePluginAndItsProcessGroup(t *testing.T) {
	t.Parallel()
	folder := redistest.Directory(t)
	cmd := exec.Command(os.Args[0], "-test.run", "^TestDoomedPlugin$")
	cmd.Env = append(os.Environ(), doomedEnv+"="+folder)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	extra, err := os.Open(os.DevNull) // something that must not be inherited
	ok(t, "open", err)
	defer func() { _ = extra.Close() }()
	cmd.ExtraFiles = []*os.File{extra}
	out, err := cmd.StdoutPipe()
	ok(t, "pipe", err)
	ok(t, "start", cmd.Start())
	var port, username, password string
	for lines := bufio.NewScanner(out); password == "" && lines.Scan(); {
		_, _ = fmt.Sscanf(lines.Text(), "doomed %s %s %s", &port, &username, &password)
	}
	if password == "" {
		t.Fatal("the plugin does not come so far")
	}
	server, runner := the(t, "servers", redistest.Servers(t, folder)), the(t, "runners", redistest.Runners(t, folder))
	ok(t, "kill the plugin's process group", syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL)) // as the lifeline does
	_ = cmd.Wait()

	customer := redistest.Client("127.0.0.1:"+port, username, password)
	defer func() { _ = customer.Close() }()
	if got := customer.Get(t.Context(), "precious"); got.Val() != "seven" {
		t.Errorf("the customer: %v", got)
	}
	if now := the(t, "runners", redistest.Runners(t, folder)); now != runner {
		t.Errorf("the runner is process %d, and was %d", now, runner)
	}
	wantAlone(t, server, folder)
	wantAlone(t, runner, folder)

	kill(t, server)
	await(t, "the server comes back without any plugin", func() bool { return customer.Get(t.Context(), "precious").Val() == "seven" })
	again := the(t, "servers", redistest.Servers(t, folder))
	wantAlone(t, again, folder)
	kill(t, runner, again) // and now everything
	w := &world{t: t, folder: folder}
	w.b = configured(t, dedicatedConfig(t, folder, nil))
	await(t, "the server comes back with the next plugin", func() bool { return customer.Get(t.Context(), "precious").Val() == "seven" })
	the(t, "servers", redistest.Servers(t, folder))
}

// wantAlone fails unless a process leads a session of its own and has open
// nothing but its own files, in the directory or of the system.
func wantAlone(t *testing.T, pid int, folder string) {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	ok(t, "read stat", err)
	_, rest, _ := strings.Cut(string(stat), ") ")
	if fields := strings.Fields(rest); fields[3] != strconv.Itoa(pid) { // state ppid pgrp session
		t.Errorf("process %d is in session %s", pid, fields[3])
	}
	open, err := filepath.Glob(fmt.Sprintf("/proc/%d/fd/*", pid))
	ok(t, "list open files", err)
	for _, fd := range open {
		to, err := os.Readlink(fd)
		if err != nil {
			continue // closed meanwhile
		}
		ours := strings.HasPrefix(to, folder+"/") || strings.HasPrefix(to, "anon_inode:") ||
			strings.HasPrefix(to, "/sys/fs/cgroup/cpu") // Go's own, to know its share of the machine
		null := to == os.DevNull && filepath.Base(fd) == "0"
		socket := strings.HasPrefix(to, "socket:") && pid == the(t, "servers", redistest.Servers(t, folder))
		pipe := strings.HasPrefix(to, "pipe:") && !inherited(t, to)
		if !ours && !null && !socket && !pipe {
			t.Errorf("process %d has %s open as %s", pid, to, filepath.Base(fd))
		}
	}
}

// inherited reports whether we have the pipe open too.
func inherited(t *testing.T, pipe string) bool {
	t.Helper()
	open, err := filepath.Glob("/proc/self/fd/*")
	ok(t, "list open files", err)
	for _, fd := range open {
		if to, err := os.Readlink(fd); err == nil && to == pipe {
			return true
		}
	}
	return false
}

func TestManyRunnersAndPluginsMakeOneServer(t *testing.T) {
	t.Parallel()
	w, op, _ := used(t, nil)
	for range 3 {
		other := configured(t, w.config)
		t.Cleanup(other.Close)
	}
	program, err := os.Executable()
	ok(t, "find this program", err)
	for range 5 {
		cmd := exec.Command(program, "run", w.folder)
		ok(t, "start another runner", cmd.Start())
		ok(t, "another runner", cmd.Wait()) // it sees that there is one, and ends
	}
	kill(t, append(redistest.Runners(t, w.folder), redistest.Servers(t, w.folder)...)...)
	w.wantBack(op)
	await(t, "one runner is left", func() bool { return len(redistest.Runners(t, w.folder)) == 1 })
}

func TestAServerThatDoesNotEndIsEnded(t *testing.T) {
	t.Parallel()
	w := &world{t: t, folder: redistest.Directory(t), b: redis.New()}
	t.Cleanup(w.b.Close)
	w.b.SetGrace(time.Second)
	ok(t, "configure", errorsOf(configure(t, w.b, dedicatedConfig(t, w.folder, nil))))
	op, _ := w.provision(newOp(dedicatedPlan(16, 10)))
	w.use(op)
	c := w.customer(op)
	forever := make(chan error, 1)
	go func() { forever <- c.Eval(t.Context(), "redis.call('set', 'x', 1) while true do end", nil).Err() }()
	await(t, "the script runs", func() bool {
		within, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		defer cancel()
		return w.customer(op).Ping(within).Err() != nil
	})
	w.suspend(op)
	if servers := redistest.Servers(t, w.folder); len(servers) > 0 {
		t.Errorf("the server goes on: %v", servers)
	}
	<-forever
	w.resume(op)
	w.wantBack(op)
	w.purge(op)
	wantEmpty(t, w.folder)
}

func TestTheRunnerOfARemovedDirectoryEnds(t *testing.T) {
	t.Parallel()
	w := dedicatedWorld(t, nil)
	await(t, "the runner begins", func() bool { return len(redistest.Runners(t, w.folder)) == 1 })
	w.b.Close()
	await(t, "the directory is gone", func() bool { return os.RemoveAll(w.folder) == nil }) // the runner may be writing its first files
	await(t, "the runner ends", func() bool { return len(redistest.Runners(t, w.folder)) == 0 })
}

func TestWithARunnerAsAServiceNoneIsStarted(t *testing.T) {
	t.Parallel()
	folder := redistest.Directory(t)
	b := redis.New()
	t.Cleanup(b.Close)
	ok(t, "configure", errorsOf(configure(t, b, dedicatedConfig(t, folder, attributes{"runner": str("service")}))))
	w := &world{t: t, folder: folder, b: b}
	op := newOp(dedicatedPlan(16, 10))
	_, err := b.Provision(t.Context(), backend.ProvisionRequest{Op: op}, &recorder{})
	if f := wantClass(t, err, backend.Retryable); !strings.Contains(f.Message, "start the service") {
		t.Errorf("message %q", f.Message)
	}
	program, err := os.Executable()
	ok(t, "find this program", err)
	service := exec.Command(program, "run", folder)
	ok(t, "start the service", service.Start())
	t.Cleanup(func() { _ = service.Process.Kill(); _ = service.Wait() })
	await(t, "the service has begun", func() bool {
		health, err := b.Health(t.Context(), backend.HealthRequest{})
		return err == nil && health.OK
	})
	op, _ = w.provision(op)
	w.use(op)
	ok(t, "stop the service", service.Process.Signal(syscall.SIGTERM))
	ok(t, "the service", service.Wait())
	w.wantBack(op) // it went on
}

func errorsOf(found backend.Diagnostics) error {
	if found.HasErrors() {
		return fmt.Errorf("%+v", found)
	}
	return nil
}

// TestAServerComesBackOnAFullDisk: its start writes nothing that is there.
func TestAServerComesBackOnAFullDisk(t *testing.T) {
	t.Parallel()
	w, op, _ := used(t, nil)
	config := filepath.Join(w.folderOf(op), "redis.conf")
	before, err := os.Stat(config)
	ok(t, "look", err)
	kill(t, redistest.Servers(t, w.folder)...)
	w.wantBack(op)
	if after, err := os.Stat(config); err != nil || !os.SameFile(before, after) {
		t.Errorf("%s was written anew (%v)", config, err)
	}
}

func TestARunnerWithNothingToRunEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		runner string
		ends   bool
	}{"of ours": {"own", true}, "of a service manager": {"service", false}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := dedicatedWorldOf(t, c.runner)
			pidFile := filepath.Join(w.folder, ".runner", "pid")
			op, _ := w.provision(newOp(dedicatedPlan(8, 5)))
			time.Sleep(2 * time.Second) // longer than it may be idle
			runner := the(t, "runners", redistest.Runners(t, w.folder))
			if text, err := os.ReadFile(pidFile); err != nil || strings.TrimSpace(string(text)) != strconv.Itoa(runner) {
				t.Errorf("%s says %q (%v), want %d", pidFile, text, err, runner)
			}
			w.suspend(op)
			if !c.ends {
				time.Sleep(2 * time.Second)
				if again := the(t, "runners", redistest.Runners(t, w.folder)); again != runner {
					t.Errorf("another runner, %d, has taken the place of %d", again, runner)
				}
				return
			}
			await(t, "it ends", func() bool { return len(redistest.Runners(t, w.folder)) == 0 })
			if exists(pidFile) {
				t.Error("its pid is left")
			}
			time.Sleep(1500 * time.Millisecond) // as long as it takes to miss one
			if again := redistest.Runners(t, w.folder); len(again) > 0 {
				t.Errorf("the runners %v were started for nothing", again)
			}
			w.resume(op)
			w.purge(op)
		})
	}
}

// dedicatedWorldOf is one whose first runner waits a second for something to run.
func dedicatedWorldOf(t *testing.T, runner string) *world {
	t.Helper()
	w := &world{t: t, folder: redistest.Directory(t)}
	w.config = dedicatedConfig(t, w.folder, attributes{"runner": str(runner)})
	w.b = newBackend(t)
	_ = configure(t, w.b, w.config) // which makes the directory
	pidFile := filepath.Join(w.folder, ".runner", "pid")
	if runner == "own" {
		await(t, "one begins that waits longer", func() bool { return exists(pidFile) })
		kill(t, the(t, "runners", redistest.Runners(t, w.folder)))
		ok(t, "forget it", os.Remove(pidFile))
	}
	cmd := exec.Command(os.Args[0], "run", w.folder)
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), idleVariable + "=1s"}
	ok(t, "start a runner", cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	await(t, "it begins", func() bool { return exists(pidFile) })
	return w
}
