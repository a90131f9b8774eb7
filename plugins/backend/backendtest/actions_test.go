package backendtest_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
)

// actor is a memory that is reached by actions alone.
type actor struct{ memory }

const callersToken = "callers-token"

func (a *actor) ValidateConfig(ctx context.Context, req backend.ValidateConfigRequest) (backend.ValidateConfigResponse, error) {
	resp, err := a.memory.ValidateConfig(ctx, req)
	resp.Actions, resp.ActionsOnly = []string{"make", "touch", "unmake"}, true
	if a.fault == "keeps an action to itself" {
		resp.Actions = resp.Actions[:2]
	}
	return resp, err
}

// Provision must not be asked for: there is none.
func (a *actor) Provision(context.Context, backend.ProvisionRequest, backend.Events) (backend.Result, error) {
	return backend.Result{}, errors.New("there is nothing but actions")
}

func (a *actor) Invoke(ctx context.Context, req backend.InvokeRequest, events backend.Events) (backend.Result, error) {
	switch {
	case ctx.Err() != nil && a.fault == "acts past its deadline":
		select {}
	case ctx.Err() != nil:
		return backend.Result{}, ctx.Err()
	case req.Op.Credential["token"] != callersToken:
		return backend.Result{}, backend.Failf(backend.Unauthorized, "who are you?")
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	id := req.Op.ResourceID
	_, exists := a.resources[id]
	events.Checkpoint("begun", nil)
	if a.fault == "leaks a credential" {
		events.Progress("signed on with "+req.Op.Credential["token"], -1)
	}
	switch req.Action {
	case "make":
		a.resources[id] = ""
	case "touch":
		if a.resources[id] != "" && a.fault == "acts once" {
			return backend.Result{}, backend.Failf(backend.Conflict, "it was touched")
		}
		a.resources[id] = "touched"
	case "unmake":
		if !exists && a.fault == "unmakes once" {
			return backend.Result{}, backend.Failf(backend.Internal, "there is none")
		}
		if !exists {
			return backend.Result{}, backend.Failf(backend.NotFound, "there is none")
		}
		delete(a.resources, id)
	default:
		if a.fault != "does as it is told" {
			return backend.Result{}, backend.Failf(backend.Unsupported, "no %s", req.Action)
		}
	}
	return backend.Result{}, nil
}

func acting(fault string) backendtest.Subject {
	s := subject("")
	s.Backend = &actor{memory{fault: fault}}
	s.Op = func(*testing.T) backend.Op {
		return backend.Op{Plan: backend.Plan{ID: "basic"}, Credential: map[string]string{"token": callersToken}}
	}
	s.ChangeTo = nil
	s.Actions = &backendtest.Actions{
		Create: backendtest.Action{Name: "make"}, Change: []backendtest.Action{{Name: "touch"}}, Delete: backendtest.Action{Name: "unmake"},
	}
	return s
}

func TestABackendOfNothingButActionsPasses(t *testing.T) { backendtest.Run(t, acting("")) }

// TestActionsWithFault is run by TestEveryFaultOfActionsIsFound, in a process of
// its own.
func TestActionsWithFault(t *testing.T) {
	fault := os.Getenv(faultEnv)
	if fault == "" {
		t.Skip("run by TestEveryFaultOfActionsIsFound")
	}
	s := acting(fault)
	if fault == "is no invoker" {
		s.Backend = struct {
			backend.Backend
			backend.Suspender
			backend.Rotator
		}{s.Backend, s.Backend.(backend.Suspender), s.Backend.(backend.Rotator)}
	}
	backendtest.Run(t, s)
}

func TestEveryFaultOfActionsIsFound(t *testing.T) {
	for fault, want := range map[string]string{
		"is no invoker":             "declares actions, and is no backend.Invoker",
		"keeps an action to itself": `action "unmake" is not declared`,
		"does as it is told":        "an action that is not declared: <nil>, want UNSUPPORTED",
		"acts once":                 "touch, repeated: CONFLICT",
		"unmakes once":              "unmake, repeated: INTERNAL",
		"leaks a credential":        "a secret shows up",
		"acts past its deadline":    "goes on 10s after its context",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			run := exec.Command(os.Args[0], "-test.run=^TestActionsWithFault$", "-test.failfast")
			run.Env = append(os.Environ(), faultEnv+"="+fault)
			out, err := run.CombinedOutput()
			if err == nil || !strings.Contains(string(out), want) {
				t.Errorf("got %v, want %q in:\n%s", err, want, out)
			}
		})
	}
}
