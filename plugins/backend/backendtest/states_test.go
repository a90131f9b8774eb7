package backendtest_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
)

// upgrading is memory with states of version 2.
type upgrading struct {
	*memory
	calls int
}

func (u *upgrading) Describe(ctx context.Context, req backend.DescribeRequest) (backend.Description, error) {
	d, err := u.memory.Describe(ctx, req)
	d.StateVersion, d.Capabilities = 2, append(d.Capabilities, backend.CanUpgradeState)
	return d, err
}

func (u *upgrading) UpgradeState(_ context.Context, req backend.UpgradeStateRequest) (backend.UpgradeStateResponse, error) {
	u.calls++
	switch u.fault {
	case "upgrades to something else each time":
		return backend.UpgradeStateResponse{State: fmt.Append(nil, u.calls)}, nil
	case "upgrades to nothing":
		return backend.UpgradeStateResponse{}, nil
	}
	return backend.UpgradeStateResponse{State: req.State}, nil
}

func runUpgrading(t *testing.T, fault string) {
	s := subject(fault)
	s.Backend = &upgrading{memory: &memory{fault: fault}}
	s.OldStates = []backend.UpgradeStateRequest{{Version: 1, State: json.RawMessage(`{"n":1}`)}, {State: json.RawMessage(`{}`)}}
	backendtest.Run(t, s)
}

func TestABackendThatUpgradesStatesPasses(t *testing.T) { runUpgrading(t, "") }

// TestUpgradingWithFault is run by TestEveryFaultOfAnUpgradeIsFound, in a process
// of its own.
func TestUpgradingWithFault(t *testing.T) {
	fault := os.Getenv(faultEnv)
	if !strings.HasPrefix(fault, "upgrades") {
		t.Skip("run by TestEveryFaultOfAnUpgradeIsFound")
	}
	runUpgrading(t, fault)
}

func TestEveryFaultOfAnUpgradeIsFound(t *testing.T) {
	for fault, want := range map[string]string{
		"upgrades to something else each time": "version 1, repeated: 1 and then 2",
		"upgrades to nothing":                  `UpgradeState of {"n":1}, version 1: ""`,
	} {
		run := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestUpgradingWithFault$", "-test.failfast")
		run.Env = append(os.Environ(), faultEnv+"="+fault)
		if out, err := run.CombinedOutput(); err == nil || !strings.Contains(string(out), want) {
			t.Errorf("%s: %v, want %q in:\n%s", fault, err, want, out)
		}
	}
}
