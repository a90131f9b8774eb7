package backendtest_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/plugins/backend/backendtest"
)

// TestProgramWithFault is run by TestAProgramThatDoesNotServeIsNamed, in a process of
// its own.
func TestProgramWithFault(t *testing.T) {
	fault, ok := strings.CutPrefix(os.Getenv(faultEnv), "program: ")
	if !ok {
		t.Skip("run by TestAProgramThatDoesNotServeIsNamed")
	}
	program := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(program, []byte("#!/bin/sh\n"+fault+"\n"), 0o700); err != nil {
		t.Fatal(err)
	}
	s := subject("")
	s.Backend, s.Program, s.Timeout = nil, program, time.Second
	backendtest.Run(t, s)
}

func TestAProgramThatDoesNotServeIsNamed(t *testing.T) {
	for fault, want := range map[string]string{
		"echo trouble >&2; exec sleep 600":     "program printed no handshake within 1s\n        trouble",
		"echo trouble >&2; echo hello; exit 1": "begins with \"hello\": want a handshake (a Go test needs backendtest.Main in its TestMain)\n        trouble",
		"yes | tr -d '\\n'":                    "begins with \"yyyy",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			run := exec.Command(os.Args[0], "-test.run=^TestProgramWithFault$", "-test.timeout=20s")
			run.Env = append(os.Environ(), fmt.Sprintf("%s=program: %s", faultEnv, fault))
			out, err := run.CombinedOutput()
			if err == nil || !strings.Contains(string(out), want) {
				t.Errorf("got %v, want %q in:\n%.3000s", err, want, out)
			}
		})
	}
}
