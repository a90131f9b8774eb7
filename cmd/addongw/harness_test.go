package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// built holds the binaries under test, made once for the whole package.
var built struct {
	once sync.Once
	dir  string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if built.dir != "" {
		_ = os.RemoveAll(built.dir)
	}
	stopPostgres()
	os.Exit(code)
}

// binaries builds addongw and its plugins as make build does, and the plugins of
// other ages, and returns their folder.
func binaries(t testing.TB) string {
	t.Helper()
	built.once.Do(func() {
		built.dir, built.err = os.MkdirTemp("/tmp", "agw-bin")
		if built.err != nil {
			return
		}
		_ = os.Chmod(built.dir, 0o755)
		cmd := exec.Command("go", "build", "-o", built.dir, "./cmd/addongw",
			"./plugins/http/addongw-plugin-http", "./plugins/postgres/addongw-plugin-postgres",
			"./plugins/redis/addongw-plugin-redis", "./plugins/shell/addongw-plugin-shell",
			"./gateway/pluginhost/testdata/versions")
		cmd.Dir = root(t)
		if out, err := cmd.CombinedOutput(); err != nil {
			built.err = fmt.Errorf("build the binaries: %w\n%s", err, out)
		}
	})
	if built.err != nil {
		t.Fatal(built.err)
	}
	return built.dir
}

// root is the top of the repository.
func root(t testing.TB) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// copyExample copies an example into a folder of the test's own, so that
// stores and data stay there. The path is short: sockets live in it.
func copyExample(t testing.TB, name string) string {
	t.Helper()
	dir := tempDir(t)
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(root(t), "examples", name))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// changedExample is copyExample with replacements in the example's file.
func changedExample(t testing.TB, name string, oldnew ...string) string {
	t.Helper()
	dir := copyExample(t, name)
	file := filepath.Join(dir, "addongw.hcl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(oldnew); i += 2 {
		if !strings.Contains(string(text), oldnew[i]) {
			t.Fatalf("the example has no %q", oldnew[i])
		}
	}
	if err := os.WriteFile(file, []byte(strings.NewReplacer(oldnew...).Replace(string(text))), 0o644); err != nil {
		t.Fatal(err)
	}
	return dir
}

func tempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("/tmp", "agw-e2e")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// process is a running addongw.
type process struct {
	t    testing.TB
	cmd  *exec.Cmd
	URL  string // http://127.0.0.1:PORT
	dir  string
	done chan struct{}

	mu  sync.Mutex
	log bytes.Buffer
	out bytes.Buffer
}

// start runs addongw with args and waits until it is ready. The environment
// holds PATH, HOME and env only.
func start(t testing.TB, dir string, args []string, env ...string) *process {
	t.Helper()
	p := &process{t: t, dir: dir, done: make(chan struct{})}
	p.cmd = exec.Command(filepath.Join(binaries(t), "addongw"), args...)
	p.cmd.Dir = dir
	p.cmd.Env = append(bareEnvironment(dir), env...)
	p.cmd.Stdout = writerFunc(func(b []byte) { p.mu.Lock(); p.out.Write(b); p.mu.Unlock() })
	stderr, err := p.cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ready := make(chan string, 1)
	go p.follow(stderr, ready)
	t.Cleanup(p.Kill)
	select {
	case p.URL = <-ready:
	case <-p.done:
		t.Fatalf("addongw %s ended before it was ready:\n%s", strings.Join(args, " "), p.Log())
	case <-time.After(60 * time.Second):
		t.Fatalf("addongw %s is not ready after a minute:\n%s", strings.Join(args, " "), p.Log())
	}
	return p
}

// bareEnvironment holds what a process of a test needs. The proxy leads
// nowhere: no test calls a platform's real API.
func bareEnvironment(dir string) []string {
	return []string{"PATH=" + os.Getenv("PATH"), "HOME=" + dir, "HTTPS_PROXY=http://127.0.0.1:1"}
}

// follow keeps the log and finds the address in the line that says "ready".
func (p *process) follow(stderr io.Reader, ready chan<- string) {
	defer close(p.done)
	lines := bufio.NewScanner(stderr)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		p.mu.Lock()
		p.log.Write(lines.Bytes())
		p.log.WriteByte('\n')
		p.mu.Unlock()
		var line struct{ Event, Listen string }
		if json.Unmarshal(lines.Bytes(), &line) == nil && line.Event == "gateway.ready" {
			select {
			case ready <- "http://" + line.Listen:
			default:
			}
		}
	}
	_ = p.cmd.Wait()
}

// Log is what the process wrote to standard error so far.
func (p *process) Log() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.log.String()
}

// Out is what the process wrote to standard output so far.
func (p *process) Out() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

// Kill sends SIGKILL and waits for the end.
func (p *process) Kill() {
	_ = p.cmd.Process.Signal(syscall.SIGKILL)
	<-p.done
}

// Stop sends SIGTERM, waits for the end and returns the exit code.
func (p *process) Stop() int {
	p.t.Helper()
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.done:
	case <-time.After(30 * time.Second):
		p.t.Fatalf("addongw does not stop:\n%s", p.Log())
	}
	return p.cmd.ProcessState.ExitCode()
}

type writerFunc func([]byte)

func (f writerFunc) Write(b []byte) (int, error) { f(b); return len(b), nil }

// answer is what a platform receives.
type answer struct {
	Status int
	Body   string
	ID     string
	Config map[string]string
	Header http.Header
}

// call makes one request as Clever Cloud does.
type call struct {
	method, url, user, password, body string
}

func (c call) do() (answer, error) {
	var body io.Reader
	if c.body != "" {
		body = strings.NewReader(c.body)
	}
	req, err := http.NewRequest(c.method, c.url, body)
	if err != nil {
		return answer{}, err
	}
	if c.user != "" {
		req.SetBasicAuth(c.user, c.password)
	}
	if c.body != "" {
		req.Header.Set("Content-Type", "application/json")
	}
	client := &http.Client{Timeout: 60 * time.Second}
	defer client.CloseIdleConnections()
	resp, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = resp.Body.Close() }()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{}, err
	}
	a := answer{Status: resp.StatusCode, Body: string(text), Header: resp.Header}
	var parsed struct {
		ID     string            `json:"id"`
		Config map[string]string `json:"config"`
	}
	if json.Unmarshal(text, &parsed) == nil {
		a.ID, a.Config = parsed.ID, parsed.Config
	}
	return a, nil
}

func (c call) must(t testing.TB, status int) answer {
	t.Helper()
	a, err := c.do()
	if err != nil {
		t.Fatalf("%s %s: %v", c.method, c.url, err)
	}
	if a.Status != status {
		t.Fatalf("%s %s: %d, want %d: %s", c.method, c.url, a.Status, status, a.Body)
	}
	return a
}

// await polls until condition holds.
func await(t testing.TB, what string, within time.Duration, condition func() bool) {
	t.Helper()
	deadline := time.Now().Add(within)
	for !condition() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %s", what, within)
		}
		<-time.After(20 * time.Millisecond)
	}
}

// addongw runs one command to its end: soon, also where a gateway that should
// refuse to start serves.
func addongw(t testing.TB, dir string, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	return addongwFor(t, time.Minute, dir, env, args...)
}

// addongwFor is addongw for a command that takes longer.
func addongwFor(t testing.TB, limit time.Duration, dir string, env []string, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), limit)
	defer cancel()
	cmd := exec.CommandContext(ctx, filepath.Join(binaries(t), "addongw"), args...)
	cmd.Dir = dir
	cmd.Env = append(bareEnvironment(dir), env...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	err := cmd.Run()
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}
