package pgtest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"time"
)

// asUser makes cmd run as who; nil means as ourselves.
func asUser(cmd *exec.Cmd, who *syscall.Credential) *exec.Cmd {
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: who, Setpgid: true}
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "LANG=C", "LC_ALL=C", "TZ=UTC"}
	return cmd
}

// initialise makes the server's folder with its data in it.
func (s *Server) initialise() error {
	passwordFile := filepath.Join(s.folder, "password")
	if err := os.WriteFile(passwordFile, []byte(s.superPassword+"\n"), 0o600); err != nil {
		return fmt.Errorf("write the password file: %w", err)
	}
	if s.user != nil {
		for _, path := range []string{s.folder, passwordFile} {
			if err := os.Chown(path, int(s.user.Uid), int(s.user.Gid)); err != nil {
				return fmt.Errorf("give %s to the server's user: %w", path, err)
			}
		}
	}
	cmd := asUser(exec.Command(filepath.Join(s.binaries, "initdb"),
		"--pgdata", s.dataFolder(), "--username", superuser, "--pwfile", passwordFile,
		"--auth", "scram-sha-256", "--encoding", "UTF8", "--locale", "C", "--no-sync", "--no-instructions"), s.user)
	cmd.Dir = s.folder
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, bytes.TrimSpace(out))
	}
	return os.Remove(passwordFile)
}

// launch starts the server on a free port. Another process may take the port
// between our look and the server's bind: then the server ends at once, and
// the next port is tried.
func (s *Server) launch() error {
	var err error
	for range 5 {
		if err = s.launchOnce(); err == nil {
			return nil
		}
		s.kill()
		s.port = 0
	}
	return err
}

func (s *Server) launchOnce() error {
	if s.port == 0 {
		port, err := freePort()
		if err != nil {
			return err
		}
		s.port = port
	}
	log, err := os.OpenFile(s.LogFile(), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return fmt.Errorf("open the server's log: %w", err)
	}
	defer log.Close()
	s.process = asUser(exec.Command(filepath.Join(s.binaries, "postgres"), s.arguments()...), s.user)
	s.process.Dir = s.folder
	s.process.Stdout, s.process.Stderr = log, log
	if err := s.process.Start(); err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	s.ended = make(chan struct{})
	go func(process *exec.Cmd, ended chan struct{}) {
		_ = process.Wait()
		close(ended)
	}(s.process, s.ended)
	if err := s.awaitReady(); err != nil {
		return err
	}
	return s.watch()
}

func (s *Server) arguments() []string {
	args := []string{"-D", s.dataFolder()}
	for _, setting := range []string{
		"listen_addresses=127.0.0.1", "port=" + strconv.Itoa(s.port), "unix_socket_directories=" + s.folder,
		"max_connections=300", "shared_buffers=32MB", "fsync=off", "full_page_writes=off",
		"log_statement=all", "log_connections=on", "log_disconnections=on", "log_line_prefix=%m [%p] %u@%d %a ",
	} {
		args = append(args, "-c", setting)
	}
	return args
}

func freePort() (int, error) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer listener.Close()
	return listener.Addr().(*net.TCPAddr).Port, nil
}

// watch starts a shell that ends the server and removes its folder when this
// process dies without calling Close: it then reads the end of a pipe.
func (s *Server) watch() error {
	s.watcher = exec.Command("/bin/sh", "-c", `cat >/dev/null; kill -QUIT "$0" 2>/dev/null; rm -rf "$1"`,
		strconv.Itoa(s.process.Process.Pid), s.folder)
	s.watcher.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	var err error
	if s.lifeline, err = s.watcher.StdinPipe(); err != nil {
		return fmt.Errorf("make the watcher's pipe: %w", err)
	}
	if err := s.watcher.Start(); err != nil {
		return fmt.Errorf("start the watcher: %w", err)
	}
	return nil
}

// kill ends the watcher first, so that it can't reach a process that is no
// longer ours, then the server: politely, then not.
func (s *Server) kill() {
	if s.watcher != nil && s.watcher.Process != nil {
		_ = syscall.Kill(-s.watcher.Process.Pid, syscall.SIGKILL)
		_ = s.watcher.Wait()
		_ = s.lifeline.Close()
		s.watcher = nil
	}
	if s.ended == nil {
		return
	}
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGKILL} {
		_ = s.process.Process.Signal(signal)
		select {
		case <-s.ended:
			s.ended = nil
			return
		case <-time.After(10 * time.Second):
		}
	}
}

var _ io.Closer = (*Server)(nil)

// Close ends the server and removes its folder. A second call does nothing.
func (s *Server) Close() error {
	s.kill()
	return os.RemoveAll(s.folder)
}

// Restart ends the server at once, as a crash does, and starts it again on
// the same data and, unless somebody took it meanwhile, on the same port.
func (s *Server) Restart() error {
	if s.ended == nil {
		return errors.New("restart: the server is closed")
	}
	_ = s.process.Process.Signal(syscall.SIGQUIT)
	s.kill()
	return s.launch()
}
