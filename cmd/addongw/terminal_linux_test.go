package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/addongw/addongw/gateway/scaffold"
)

// terminal is a program with a person at a real terminal.
type terminal struct {
	t    *testing.T
	cmd  *exec.Cmd
	keys *os.File
	done chan struct{}

	mu     sync.Mutex
	screen strings.Builder
}

// onTerminal starts addongw on a pseudo terminal of 80 columns.
func onTerminal(t *testing.T, dir string, args ...string) *terminal {
	t.Helper()
	return programOnTerminal(t, dir, filepath.Join(binaries(t), "addongw"), args...)
}

// programOnTerminal starts any program so, with addongw in its PATH.
func programOnTerminal(t *testing.T, dir, program string, args ...string) *terminal {
	t.Helper()
	master, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	fd := int(master.Fd())
	if err := unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(fd, unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 40, Col: 80}); err != nil {
		t.Fatal(err)
	}
	slave, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|syscall.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	term := &terminal{t: t, keys: master, done: make(chan struct{})}
	term.cmd = exec.Command(program, args...)
	term.cmd.Dir = dir
	term.cmd.Env = []string{"PATH=" + binaries(t) + ":" + os.Getenv("PATH"), "HOME=" + dir, "TERM=xterm", "NO_COLOR=1", "LANG=C.UTF-8"}
	term.cmd.Stdin, term.cmd.Stdout, term.cmd.Stderr = slave, slave, slave
	term.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
	if err := term.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	_ = slave.Close()
	go term.watch()
	t.Cleanup(func() {
		_ = term.cmd.Process.Kill()
		<-term.done
		_ = master.Close()
	})
	return term
}

// watch keeps what appears until the program has ended.
func (s *terminal) watch() {
	defer close(s.done)
	buffer := make([]byte, 4096)
	for {
		n, err := s.keys.Read(buffer)
		s.mu.Lock()
		s.screen.Write(buffer[:n])
		s.mu.Unlock()
		if err != nil { // nobody has the other side any more
			_ = s.cmd.Wait()
			return
		}
	}
}

func (s *terminal) text() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.screen.String()
}

// sees waits until text appears behind all that was waited for before.
func (s *terminal) sees(text string) {
	s.t.Helper()
	deadline := time.Now().Add(15 * time.Second)
	for {
		s.mu.Lock()
		whole := s.screen.String()
		if _, rest, ok := strings.Cut(whole, text); ok {
			s.screen.Reset()
			s.screen.WriteString(rest)
			s.mu.Unlock()
			return
		}
		s.mu.Unlock()
		if time.Now().After(deadline) {
			s.t.Fatalf("%q does not appear in %q", text, whole)
		}
		<-time.After(10 * time.Millisecond)
	}
}

func (s *terminal) types(keys string) {
	s.t.Helper()
	if _, err := s.keys.WriteString(keys); err != nil {
		s.t.Fatal(err)
	}
}

// ends waits for the end and returns the exit code.
func (s *terminal) ends() int {
	s.t.Helper()
	select {
	case <-s.done:
	case <-time.After(15 * time.Second):
		s.t.Fatalf("it does not end: %q", s.text())
	}
	return s.cmd.ProcessState.ExitCode()
}

func TestInitAsksForWhatTheFlagsLeaveOpen(t *testing.T) {
	dir := tempDir(t)
	s := onTerminal(t, dir, "init", "acme-files")
	s.sees("What makes the real thing? shell, postgres, redis, http, nanobox, blank [shell]: ")
	s.types("oracle\r")
	s.sees(`there is no template "oracle"`)
	s.types("\r")
	s.sees("Id of the add-on [acme-files]: ")
	s.types("Acme\r")
	s.sees("beginning with a letter")
	s.types("acme-one\r")
	if len(scaffold.Platforms()) > 1 {
		s.sees("Where is it sold? " + strings.Join(scaffold.Platforms(), ", ") + " [clevercloud]: ")
		s.types("\r")
	}
	s.sees("Next:")
	if code := s.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	if out, errOut, code := addongw(t, dir, nil, "manifest", "clevercloud", "acme-one", "-C", "acme-files"); code != 0 {
		t.Errorf("exit %d: %s%s", code, out, errOut)
	}

	s = onTerminal(t, dir, "init", "other", "--template", "blank", "--addon", "other", "--platform", "clevercloud")
	s.sees("Next:") // nothing was left open
}

func TestCtrlCWhileInitAsksLeavesNothing(t *testing.T) {
	dir := tempDir(t)
	s := onTerminal(t, dir, "init", "acme")
	s.sees("[shell]: ")
	s.types("\x03")
	if code := s.ends(); code != exitInterrupted {
		t.Errorf("exit code %d", code)
	}
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v was written, %v", left, err)
	}
}

func TestTheConsoleTalksToAPersonAtATerminal(t *testing.T) {
	s := onTerminal(t, initialized(t, "shell"), "console", "--plan", "large")
	s.sees("acme-db, plan large, region eu, platform clevercloud.")
	s.types("plan.par\t.quo\t\r") // completed twice
	s.sees("\r\n10240\r\n")
	s.types("output.\t")
	s.sees("output.password output.username\r\n")
	s.types("u\t\r")
	s.sees("(known after provisioning: string)")
	s.types("uppe\t\"a\")\r")
	s.sees(`"A"`)
	s.types("output.usrname\r")
	s.sees(`did you mean "username"?`)
	s.types(":quit\r")
	if code := s.ends(); code != 0 {
		t.Errorf("exit code %d", code)
	}
}

func TestTheConsoleGivesTheTerminalBack(t *testing.T) {
	s := onTerminal(t, initialized(t, "shell"), "console")
	before, err := unix.IoctlGetTermios(int(s.keys.Fd()), unix.TCGETS)
	if err != nil {
		t.Fatal(err)
	}
	s.sees("> ")
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.ends()
	after, err := unix.IoctlGetTermios(int(s.keys.Fd()), unix.TCGETS)
	if err != nil || *before != *after {
		t.Errorf("%+v, before %+v, %v", after, before, err)
	}
}

// wordsOfBash is the one function of bash-completion that the script needs, for
// machines without that package.
const wordsOfBash = `_get_comp_words_by_ref() { cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=("${COMP_WORDS[@]}") cword=$COMP_CWORD; }`

func TestBashCompletesWithTheScript(t *testing.T) {
	bash, err := exec.LookPath("bash")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal(err)
		}
		t.Skip("there is no bash")
	}
	const bashCompletion = "/usr/share/bash-completion/bash_completion"
	s := programOnTerminal(t, initialized(t, "shell"), bash, "--norc", "--noprofile")
	s.types("bind 'set bell-style none'; PS1='% '\r")
	s.types("if [ -r " + bashCompletion + " ]; then . " + bashCompletion + "; else " + wordsOfBash + "; fi\r")
	s.types("source <(addongw completion bash); echo rea''dy\r")
	s.sees("ready\r\n")
	for typed, want := range map[string]string{
		"addongw man\t": "addongw manifest ", "addongw manifest clevercloud ac\t": "addongw manifest clevercloud acme-db ",
		"addongw console --plan sm\t": "addongw console --plan small ",
	} {
		s.types(typed)
		s.sees(want)
		s.types("\x15") // empties the line
	}
	s.types("exit\r")
	s.ends()
}
