package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance/all"
)

var resourceID = regexp.MustCompile(`res_[0-9a-z]{26}`)

// printedCommands returns the commands of the screen of "addongw dev" by what
// it says that they do.
func printedCommands(screen string) map[string]string {
	commands := map[string]string{}
	for _, found := range regexp.MustCompile(`(?m)^  # (.*)\n  (.*)$`).FindAllStringSubmatch(screen, -1) {
		commands[found[1]] = found[2] + "\n"
	}
	return commands
}

// TestThePrintedCommandsOfDevPlayAWholeLife does what somebody does who pastes
// the screen of "addongw dev" into another terminal.
func TestThePrintedCommandsOfDevPlayAWholeLife(t *testing.T) {
	for _, platform := range all.Platforms() {
		t.Run(platform.Name(), func(t *testing.T) { playPrintedCommands(t, platform.Name()) })
	}
}

func playPrintedCommands(t *testing.T, platform string) {
	dir := quickstartOn(t, platform)
	p, screen := startDev(t, dir)
	commands := printedCommands(screen)
	want := []string{"change the plan", "deprovision", "provision", "show"}
	if platform == "scalingo" {
		want = []string{"change the plan", "deprovision", "provision", "resume", "show", "suspend"}
	}
	calls := slices.DeleteFunc(slices.Sorted(maps.Keys(commands)), func(what string) bool { return strings.HasPrefix(what, "have everything tested") })
	if diff := cmp.Diff(want, calls); diff != "" {
		t.Fatalf("commands (-want +got):\n%s\n%s", diff, screen)
	}
	shown := paste(t, commands["provision"]+commands["show"])
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
	paste(t, "ID="+id+"; "+commands["change the plan"])
	if got := quota(); got != "10240" {
		t.Errorf("quota after the plan change %s, want 10240", got)
	}
	if suspend, has := commands["suspend"]; has {
		shown = paste(t, "ID="+id+"; "+suspend+commands["show"])
		if !regexp.MustCompile(`(?m)^state +suspended$`).MatchString(shown) {
			t.Errorf("suspended: %s", shown)
		}
		paste(t, "ID="+id+"; "+commands["resume"])
	}
	paste(t, "ID="+id+"; "+commands["deprovision"])
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

// TestDevSaysThatItListensElsewhere is about files that name an address for serve.
func TestDevSaysThatItListensElsewhere(t *testing.T) {
	t.Parallel()
	_, screen := startDev(t, changedExample(t, "quickstart", "127.0.0.1:8080", "127.0.0.1:9191"))
	if !strings.Contains(screen, "\nlisten = \"127.0.0.1:9191\" is for serve; here --port does it\n") {
		t.Errorf("the screen is\n%s", screen)
	}
}
