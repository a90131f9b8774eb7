package redistest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// ErrMissing says that Redis is not installed.
var ErrMissing = errors.New("redis-server is not installed (make setup installs it)")

// Binary is the path of redis-server.
func Binary() (string, error) {
	for _, name := range []string{"redis-server", "/usr/bin/redis-server", "/usr/local/bin/redis-server"} {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrMissing
}

// SkipOrFail ends a test that has no server because of err: it is skipped where
// Redis is not installed, and fails for every other reason and wherever the
// environment says CI=true.
func SkipOrFail(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	t.Fatal(err)
}

// User is whom servers run as; "" where they run as ourselves.
func User() string {
	if os.Geteuid() != 0 {
		return ""
	}
	for _, name := range []string{"redis", "nobody"} {
		if _, err := user.Lookup(name); err == nil {
			return name
		}
	}
	return ""
}

func credential() (*syscall.Credential, error) {
	name := User()
	if name == "" {
		return nil, nil
	}
	found, err := user.Lookup(name)
	if err != nil {
		return nil, err
	}
	uid, err := strconv.ParseUint(found.Uid, 10, 32)
	gid, err2 := strconv.ParseUint(found.Gid, 10, 32)
	return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, errors.Join(err, err2)
}

// Directory makes a folder for the dedicated mode. The test is skipped, or
// fails in CI, where Redis is not installed.
func Directory(t testing.TB) string {
	t.Helper()
	if _, err := Binary(); err != nil {
		SkipOrFail(t, err)
	}
	// Not the test's own temporary folder: a socket's path has at most 107 bytes.
	folder, err := os.MkdirTemp("/tmp", "redistest-")
	if err != nil {
		t.Fatal(err)
	}
	Guard(t, folder)
	return folder
}

// Guard has everything that works in a folder end with the test, however that
// ends, and the folder removed.
func Guard(t testing.TB, folder string) {
	t.Helper()
	end, err := guard(folder)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(end)
}

// cleaner ends all processes that work in a folder or are the runner of it, and
// removes it. It begins when its standard input ends: when the test does, or
// the test process.
const cleaner = `cat >/dev/null
for n in 1 2 3; do
  for p in /proc/[0-9]*; do
    case "$(readlink $p/cwd)/" in "$1"/*) kill -KILL "${p#/proc/}" ;; esac
    case "$(tr '\000' ' ' <$p/cmdline)" in *" run $1 ") kill -KILL "${p#/proc/}" ;; esac
  done
done 2>/dev/null
for f in "$1"/*; do
  for c in /sys/fs/cgroup /sys/fs/cgroup/memory; do rmdir "$c/addongw-redis/${f##*/}"; done
done 2>/dev/null
rm -rf "$1"`

// guard starts the cleaner of a folder and returns what lets it begin.
func guard(folder string) (end func(), err error) {
	cmd := exec.Command("/bin/sh", "-c", cleaner, "sh", folder)
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	return func() {
		_ = stdin.Close()
		_ = cmd.Wait()
	}, nil
}

// Servers are the numbers of the servers that work in a folder, which is that of
// one of them or of all.
func Servers(t testing.TB, folder string) []int {
	t.Helper()
	return processes(t, func(proc string) bool {
		at, err := os.Readlink(filepath.Join(proc, "cwd"))
		return err == nil && strings.HasPrefix(at+"/", folder+"/")
	})
}

// Runners are the numbers of the runners of a folder.
func Runners(t testing.TB, folder string) []int {
	t.Helper()
	return processes(t, func(proc string) bool {
		line, err := os.ReadFile(filepath.Join(proc, "cmdline"))
		return err == nil && strings.HasSuffix(string(line), "\x00run\x00"+folder+"\x00")
	})
}

func processes(t testing.TB, is func(proc string) bool) []int {
	t.Helper()
	all, err := filepath.Glob("/proc/[0-9]*")
	if err != nil {
		t.Fatal(err)
	}
	var list []int
	for _, proc := range all {
		if is(proc) {
			n, err := strconv.Atoi(filepath.Base(proc))
			if err != nil {
				t.Fatal(err)
			}
			list = append(list, n)
		}
	}
	return list
}

// blocks counts those that Ports has given out.
var blocks atomic.Int64

// portBlock is how many ports one call of Ports can give.
const portBlock = 50

// Ports are so many ports in a row, 50 at most, that nobody listens on now,
// below those that systems give to clients. No two calls of a process get the
// same.
func Ports(t testing.TB, n int) (first, last int) {
	t.Helper()
	for range 100 {
		block := (int64(os.Getpid())*7 + blocks.Add(1)) % 400
		first = 10000 + int(block)*portBlock
		if last = first + n - 1; allFree(first, last) {
			return first, last
		}
	}
	t.Fatal("there are no free ports")
	return 0, 0
}

func allFree(first, last int) bool {
	for port := first; port <= last; port++ {
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			return false
		}
		_ = listener.Close()
	}
	return true
}

// Server is a running Redis with an ACL file and an administrator.
type Server struct {
	folder   string
	port     int
	password string
	end      func()
	process  *exec.Cmd
}

// Start starts a server that ends with the test. Further lines are for its
// configuration.
func Start(t testing.TB, lines ...string) *Server {
	t.Helper()
	server, err := Open(lines...)
	if err != nil {
		SkipOrFail(t, err)
	}
	t.Cleanup(server.Close)
	return server
}

// Open starts a server that runs until Close. The error is [ErrMissing] where
// Redis is not installed.
func Open(lines ...string) (*Server, error) {
	if _, err := Binary(); err != nil {
		return nil, err
	}
	folder, err := os.MkdirTemp("/tmp", "redistest-")
	if err != nil {
		return nil, err
	}
	s := &Server{folder: folder, password: rand.Text()}
	if s.end, err = guard(folder); err != nil {
		return nil, err
	}
	if err := s.open(lines); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Server) open(lines []string) error {
	for range 5 { // somebody may take the port between our look and the server's
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			return err
		}
		s.port = listener.Addr().(*net.TCPAddr).Port
		_ = listener.Close()
		if err := s.prepare(lines); err != nil {
			return err
		}
		if err = s.launch(); err == nil {
			return nil
		} else if !strings.Contains(err.Error(), "ended") {
			return err
		}
	}
	return errors.New("the server does not start: " + s.Log())
}

func (s *Server) prepare(lines []string) error {
	config := append([]string{
		"port " + strconv.Itoa(s.port), "bind 127.0.0.1", "dir " + s.folder, `save ""`,
		"aclfile " + s.ACLFile(), "loglevel debug",
	}, lines...)
	admin := "user admin on >" + s.password + " ~* &* +@all\nuser default off resetchannels -@all\n"
	err := errors.Join(
		os.WriteFile(s.config(), []byte(strings.Join(config, "\n")+"\n"), 0o600),
		os.WriteFile(s.ACLFile(), []byte(admin), 0o600))
	who, err2 := credential()
	if err = errors.Join(err, err2); err != nil || who == nil {
		return err
	}
	for _, path := range []string{s.folder, s.config(), s.ACLFile()} {
		err = errors.Join(err, os.Chown(path, int(who.Uid), int(who.Gid)))
	}
	return err
}

func (s *Server) launch() error {
	program, err := Binary()
	if err != nil {
		return err
	}
	log, err := os.OpenFile(filepath.Join(s.folder, "redis.log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer func() { _ = log.Close() }()
	who, err := credential()
	if err != nil {
		return err
	}
	s.process = exec.Command(program, s.config())
	s.process.Dir = s.folder
	s.process.Env = []string{"PATH=/usr/bin:/bin", "LANG=C.UTF-8"}
	s.process.Stdout, s.process.Stderr = log, log
	s.process.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Credential: who}
	if err := s.process.Start(); err != nil {
		return err
	}
	ended := make(chan struct{})
	go func(process *exec.Cmd) {
		_ = process.Wait()
		close(ended)
	}(s.process)
	return s.awaitReady(ended)
}

func (s *Server) awaitReady(ended chan struct{}) error {
	admin := s.Admin()
	defer func() { _ = admin.Close() }()
	for deadline := time.Now().Add(time.Minute); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if admin.Ping(context.Background()).Err() == nil {
			return nil
		}
		select {
		case <-ended:
			return errors.New("the server ended while starting")
		default:
		}
	}
	return errors.New("the server does not answer within a minute")
}

// Restart ends the server with SIGKILL and starts it again.
func (s *Server) Restart() error {
	if err := s.process.Process.Kill(); err != nil {
		return err
	}
	for admin := s.Admin(); ; time.Sleep(5 * time.Millisecond) {
		if admin.Ping(context.Background()).Err() != nil {
			_ = admin.Close()
			return s.launch()
		}
	}
}

// Close ends the server and removes its folder.
func (s *Server) Close() { s.end() }

func (s *Server) config() string { return filepath.Join(s.folder, "redis.conf") }

// ACLFile is where the server keeps its users.
func (s *Server) ACLFile() string { return filepath.Join(s.folder, "users.acl") }

// Addr is the server's address on loopback.
func (s *Server) Addr() string { return net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)) }

// Port is its port.
func (s *Server) Port() int { return s.port }

// Password is the administrator's, whose name is admin.
func (s *Server) Password() string { return s.password }

// URL is for the administrator.
func (s *Server) URL() string { return fmt.Sprintf("redis://admin:%s@%s", s.password, s.Addr()) }

// Admin is a client of the administrator.
func (s *Server) Admin() *redis.Client { return Client(s.Addr(), "admin", s.password) }

// Client makes a client that repeats nothing.
func Client(addr, username, password string) *redis.Client {
	return redis.NewClient(&redis.Options{
		Addr: addr, Username: username, Password: password,
		Protocol: 2, MaxRetries: -1, DialerRetries: 1, DisableIdentity: true, ContextTimeoutEnabled: true,
	})
}

// Log is what the server has said.
func (s *Server) Log() string {
	text, err := os.ReadFile(filepath.Join(s.folder, "redis.log"))
	if err != nil {
		return err.Error()
	}
	return string(text)
}
