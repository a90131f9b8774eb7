package pgtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

const (
	superuser   = "pgtest_root"
	provisioner = "pgtest_provisioner"
)

// Server is a running PostgreSQL server.
type Server struct {
	binaries string // the folder of initdb and postgres
	folder   string // data, sockets and log
	user     *syscall.Credential
	port     int

	superPassword string

	mu           sync.Mutex
	provisioners map[string]string // passwords by role

	process  *exec.Cmd
	ended    chan struct{} // closed when process has ended; nil when none runs
	watcher  *exec.Cmd
	lifeline io.Closer
}

// Start starts a server that ends with the test. Where PostgreSQL is not
// installed the test is skipped, or fails in CI.
func Start(t testing.TB) *Server {
	t.Helper()
	server, err := Open()
	if err != nil {
		SkipOrFail(t, err)
	}
	t.Cleanup(func() {
		if err := server.Close(); err != nil {
			t.Errorf("close the test server: %v", err)
		}
	})
	return server
}

// SkipOrFail ends a test that has no server because of err: it is skipped
// where PostgreSQL is not installed, and fails for every other reason and
// wherever the environment says CI=true.
func SkipOrFail(t testing.TB, err error) {
	t.Helper()
	if errors.Is(err, ErrMissing) && os.Getenv("CI") != "true" {
		t.Skip(err)
	}
	t.Fatal(err)
}

// Open starts a server that runs until Close. The error is [ErrMissing] where
// PostgreSQL is not installed.
func Open() (*Server, error) {
	binaries, err := findBinaries(debianFolders)
	if err != nil {
		return nil, err
	}
	who, err := unprivileged()
	if err != nil {
		return nil, err
	}
	// Not the test's own temporary folder: a socket's path has at most 107 bytes.
	folder, err := os.MkdirTemp(roomy(), "pgtest-")
	if err != nil {
		return nil, fmt.Errorf("make the server's folder: %w", err)
	}
	s := &Server{binaries: binaries, folder: folder, user: who, superPassword: rand.Text(), provisioners: map[string]string{}}
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

func (s *Server) open() error {
	if err := s.initialise(); err != nil {
		return err
	}
	return s.launch()
}

// awaitReady returns when the server accepts connections.
func (s *Server) awaitReady() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	for {
		conn, err := pgx.Connect(ctx, s.AdminURL())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-s.ended:
			log, _ := s.Log()
			return fmt.Errorf("the server ended while starting: %s", strings.TrimSpace(log))
		case <-ctx.Done():
			return fmt.Errorf("wait for the server: %w", err)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// AdminURL is the URL of the superuser, in the database "postgres".
func (s *Server) AdminURL() string { return s.URL(superuser, s.superPassword, "postgres") }

// URL is a loopback URL without TLS.
func (s *Server) URL(user, password, database string) string {
	u := url.URL{
		Scheme: "postgres", User: url.UserPassword(user, password),
		Host: net.JoinHostPort("127.0.0.1", strconv.Itoa(s.port)), Path: "/" + database, RawQuery: "sslmode=disable",
	}
	return u.String()
}

// Port is the server's TCP port on 127.0.0.1.
func (s *Server) Port() int { return s.port }

// SocketFolder is where the server's unix socket is.
func (s *Server) SocketFolder() string { return s.folder }

// LogFile is the path of the server's log, which holds every statement.
func (s *Server) LogFile() string { return filepath.Join(s.folder, "server.log") }

// Log returns the server's log so far.
func (s *Server) Log() (string, error) {
	text, err := os.ReadFile(s.LogFile())
	return string(text), err
}

func (s *Server) dataFolder() string { return filepath.Join(s.folder, "data") }

// roomy is where servers keep their data: in memory where there is enough of it,
// which halves what the many databases of the tests take.
func roomy() string {
	const memory, enough = "/dev/shm", 6 << 30
	var fs syscall.Statfs_t
	if err := syscall.Statfs(memory, &fs); err != nil || fs.Bavail*uint64(fs.Bsize) < enough {
		return "/tmp"
	}
	return memory
}
