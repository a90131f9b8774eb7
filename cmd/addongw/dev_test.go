package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

var resourceID = regexp.MustCompile(`res_[0-9a-z]{26}`)

// printedCommands returns the four commands of the screen of "addongw dev", in
// its order.
func printedCommands(t *testing.T, screen string) []string {
	t.Helper()
	var commands []string
	for line := range strings.Lines(screen) {
		if command, ok := strings.CutPrefix(line, "  "); ok && !strings.HasPrefix(command, "#") {
			commands = append(commands, command)
		}
	}
	if len(commands) != 4 {
		t.Fatalf("the screen has %d commands, want provision, show, change, deprovision:\n%s", len(commands), screen)
	}
	return commands
}

// TestThePrintedCommandsOfDevPlayAWholeLife does what somebody does who pastes
// the screen of "addongw dev" into another terminal.
func TestThePrintedCommandsOfDevPlayAWholeLife(t *testing.T) {
	dir := copyExample(t, "quickstart")
	p, screen := startDev(t, dir)
	commands := printedCommands(t, screen)
	shown := paste(t, commands[0]+commands[1])
	id := resourceID.FindString(shown)
	if id == "" || !regexp.MustCompile(`(?m)^state +active$`).MatchString(shown) {
		t.Fatalf("provision and show: %s", shown)
	}
	folder := filepath.Join(dir, "data", id)
	quota := func() string {
		text, err := os.ReadFile(filepath.Join(folder, "quota_mb"))
		if err != nil {
			t.Fatal(err)
		}
		return strings.TrimSpace(string(text))
	}
	if got := quota(); got != "100" {
		t.Errorf("quota %s, want 100", got)
	}
	paste(t, "ID="+id+"; "+commands[2])
	if got := quota(); got != "10240" {
		t.Errorf("quota after the plan change %s, want 10240", got)
	}
	paste(t, "ID="+id+"; "+commands[3])
	await(t, "the customer's folder gone", 10*time.Second, func() bool {
		_, err := os.Stat(folder)
		return os.IsNotExist(err)
	})
	if code := p.Stop(); code != 0 {
		t.Errorf("exit code %d", code)
	}
	left, err := filepath.Glob(filepath.Join(dir, "addongw-dev-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("dev left %v", left)
	}
}

// paste runs lines as a person does who pastes them into a terminal.
func paste(t *testing.T, lines string) string {
	t.Helper()
	out, err := exec.Command("sh", "-ec", lines).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", lines, err, out)
	}
	return string(out)
}

// startDev starts "addongw dev" and returns its screen.
func startDev(t *testing.T, dir string) (*process, string) {
	t.Helper()
	p := start(t, dir, []string{"dev", dir, "--port", "0"}, "TMPDIR="+dir)
	await(t, "the whole screen", 10*time.Second, func() bool { return strings.Contains(p.Out(), "Ctrl-C ends it") })
	return p, p.Out()
}

func TestDevSaysWhatItLeavesBehind(t *testing.T) {
	dir := copyExample(t, "quickstart")
	p, screen := startDev(t, dir)
	command := regexp.MustCompile(`(?m)^  (ANSWER=.*)$`).FindStringSubmatch(screen)[1]
	out, err := exec.Command("sh", "-ec", command).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	p.Stop()
	if !strings.Contains(p.Log(), "1 resource not deprovisioned") {
		t.Errorf("nothing is said of the resource left behind:\n%s", p.Log())
	}
}
