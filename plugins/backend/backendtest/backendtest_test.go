package backendtest_test

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
)

// memory is a backend that keeps its resources in a map, with one fault.
type memory struct {
	fault string

	mu        sync.Mutex
	resources map[string]string    // resource id → plan
	kept      map[string]time.Time // resource id → when to purge
	locked    map[string]bool      // resource id → suspended
	logins    map[string]logins    // resource id → who may come in
	answers   int
	offended  bool
}

// logins are passwords by login: "a", and "b" while or after credentials are rotated.
type logins map[string]string

const configSecret = "config-secret"

func (m *memory) Describe(context.Context, backend.DescribeRequest) (backend.Description, error) {
	name := "memory"
	if m.fault == "bad name" {
		name = "Memory!"
	}
	return backend.Description{
		Name:         name,
		Version:      "0.1.0",
		Capabilities: m.capabilities(),
		Config: backend.Schema{Attributes: []backend.Attribute{
			{Name: "password", Type: cty.String, Required: true, Sensitive: true},
			{Name: "prefix", Type: cty.String, Live: true},
		}},
		Outputs: backend.Schema{Attributes: []backend.Attribute{
			{Name: "name", Type: cty.String, Required: true},
			{Name: "plan", Type: cty.String, Required: true},
			{Name: "login", Type: cty.String, Required: true},
			{Name: "password", Type: cty.String, Sensitive: true, Generated: 24},
			{Name: "size", Type: cty.Number, Measured: true},
		}},
	}, nil
}

func (m *memory) capabilities() []backend.Capability {
	switch m.fault {
	case "suspends in secret":
		return []backend.Capability{backend.CanChangePlan, backend.CanRead, backend.CanRotate}
	case "rotates in secret":
		return []backend.Capability{backend.CanChangePlan, backend.CanRead, backend.CanSuspend}
	}
	return []backend.Capability{backend.CanChangePlan, backend.CanRead, backend.CanSuspend, backend.CanRotate}
}

func (m *memory) ValidateConfig(_ context.Context, req backend.ValidateConfigRequest) (backend.ValidateConfigResponse, error) {
	if m.fault == "needs secrets to validate" && !req.Config.Known("password") {
		return backend.ValidateConfigResponse{Diagnostics: backend.Diagnostics{{Summary: "No password"}}}, nil
	}
	return backend.ValidateConfigResponse{}, nil
}

func (m *memory) ValidatePlan(context.Context, backend.ValidatePlanRequest) (backend.ValidatePlanResponse, error) {
	return backend.ValidatePlanResponse{}, nil
}

func (m *memory) Configure(_ context.Context, req backend.ConfigureRequest) (backend.ConfigureResponse, error) {
	if !req.Config.Known("password") || req.Config.Known("prefix") {
		return backend.ConfigureResponse{}, errors.New("live attributes are null here, load attributes are not")
	}
	m.resources, m.kept, m.locked, m.logins = map[string]string{}, map[string]time.Time{}, map[string]bool{}, map[string]logins{}
	return backend.ConfigureResponse{}, nil
}

func (m *memory) Provision(ctx context.Context, req backend.ProvisionRequest, events backend.Events) (backend.Result, error) {
	if m.fault == "ignores its context" && ctx.Err() != nil {
		select {}
	}
	if !req.Op.Config.Known("prefix") {
		return backend.Result{}, errors.New("the live attributes are missing")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if _, exists := m.resources[req.Op.ResourceID]; exists && m.fault == "provisions once" {
		return backend.Result{}, backend.Failf(backend.Conflict, "there is one")
	}
	events.Checkpoint("begun", nil)
	if m.fault == "leaks into progress" {
		events.Progress("password is "+req.Op.Secrets["password"], 10)
	}
	if m.fault == "leaks into a checkpoint" {
		events.Checkpoint("made", json.RawMessage(`{"token":"`+req.Op.Secrets["password"]+`"}`))
	}
	if m.fault == "leaks into state" {
		return m.result(req.Op, req.Op.Secrets)
	}
	m.resources[req.Op.ResourceID] = req.Op.Plan.ID
	m.logins[req.Op.ResourceID] = logins{"a": req.Op.Secrets["password"]}
	return m.result(req.Op, nil)
}

func (m *memory) result(op backend.Op, state map[string]string) (backend.Result, error) {
	m.answers++
	outputs := map[string]any{"name": op.ShortID, "plan": op.Plan.ID, "login": login(op), "size": m.answers}
	switch m.fault {
	case "outputs vary":
		outputs["name"] = m.answers
	case "outputs differ":
		outputs["name"] = op.ShortID + strings.Repeat("x", m.answers)
	case "measures nothing":
		outputs["size"] = nil
	case "forgets an output":
		delete(outputs, "plan")
	}
	v, err := backend.ObjectOf(outputs)
	if err != nil {
		return backend.Result{}, err
	}
	encoded, err := json.Marshal(state)
	return backend.Result{Outputs: v, State: encoded}, err
}

func (m *memory) ChangePlan(_ context.Context, req backend.ChangePlanRequest, _ backend.Events) (backend.Result, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fault != "forgets the plan" {
		m.resources[req.Op.ResourceID] = req.Op.Plan.ID
	}
	if m.fault == "knows one login when it changes a plan" {
		delete(m.logins[req.Op.ResourceID], other(login(req.Op)))
	}
	return m.result(req.Op, nil)
}

func (m *memory) Deprovision(ctx context.Context, req backend.DeprovisionRequest, events backend.Events) (backend.Result, error) {
	if ctx.Err() != nil {
		if m.fault == "removes past its deadline" {
			select {}
		}
		return backend.Result{}, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	id := req.Op.ResourceID
	_, exists := m.resources[id]
	events.Checkpoint("begun", json.RawMessage(`{"removing":true}`))
	switch {
	case m.locked[id] && m.fault == "removes only what is in use":
		return backend.Result{}, backend.Failf(backend.Internal, "resume it first")
	case len(m.logins[id]) > 1 && m.fault == "knows one login when it removes":
		return backend.Result{}, backend.Failf(backend.Internal, "somebody else has a login")
	case !exists && m.kept[id].IsZero() && m.fault == "deprovisions once":
		return backend.Result{}, backend.Failf(backend.Internal, "there is none")
	case string(req.Op.State) == `{"removing":true}` && m.fault == "trusts its checkpoint":
		return backend.Result{}, nil
	case m.fault == "purges what was not kept" && exists && req.Mode == backend.ModePurge:
		return backend.Result{}, backend.Failf(backend.Internal, "keep it first")
	case req.Mode == backend.ModeSoft && (exists || !m.kept[id].IsZero()):
		return m.keep(id)
	}
	if m.fault != "keeps everything" {
		delete(m.resources, id)
		delete(m.logins, id)
	}
	delete(m.kept, id)
	if m.fault == "purges later" {
		return backend.Result{PurgeAfter: time.Now()}, nil
	}
	return backend.Result{}, nil
}

func (m *memory) keep(id string) (backend.Result, error) {
	if m.kept[id].IsZero() || m.fault == "postpones the purge" {
		m.kept[id] = time.Now().Add(time.Hour)
	}
	if m.fault != "shows what is kept" {
		delete(m.resources, id)
	}
	return backend.Result{PurgeAfter: m.kept[id]}, nil
}

func (m *memory) Suspend(ctx context.Context, req backend.SuspendRequest, _ backend.Events) (backend.Result, error) {
	return m.lock(ctx, req.Op, true)
}

func (m *memory) Resume(ctx context.Context, req backend.ResumeRequest, _ backend.Events) (backend.Result, error) {
	return m.lock(ctx, req.Op, false)
}

func (m *memory) lock(ctx context.Context, op backend.Op, locked bool) (backend.Result, error) {
	if ctx.Err() != nil {
		return backend.Result{}, ctx.Err()
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	switch id := op.ResourceID; {
	case m.fault == "suspends nothing", locked && m.fault == "resumes only":
		return backend.Result{}, backend.Failf(backend.Unsupported, "not this one")
	case m.locked[id] == locked && m.fault == "turns once":
		return backend.Result{}, backend.Failf(backend.Conflict, "it is so already")
	case m.fault == "knows one login when it resumes" && !locked:
		delete(m.logins[id], other(login(op)))
	case !locked && m.fault == "resumes what is over":
		for name, password := range m.logins[id] {
			m.logins[id][strings.TrimPrefix(name, "closed ")] = password
		}
	case !locked && m.fault == "comes back changed":
		m.resources[id] = "other"
	case locked && m.fault == "returns outputs":
		return m.result(op, nil)
	}
	m.locked[op.ResourceID] = locked
	return backend.Result{}, nil
}

func (m *memory) Read(_ context.Context, req backend.ReadRequest) (backend.ReadResponse, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	plan, exists := m.resources[req.Op.ResourceID]
	if exists && m.fault == "reads slowly" {
		time.Sleep(3 * time.Second)
	}
	if !exists && m.fault == "reads the absent" {
		plan, exists = "basic", true
	}
	if !exists && m.fault == "leaks on failure" {
		return backend.ReadResponse{}, backend.Failf(backend.NotFound, "nothing found with %s", configSecret)
	}
	if !exists {
		return backend.ReadResponse{}, backend.Failf(backend.NotFound, "no %s", req.Op.ResourceID)
	}
	req.Op.Plan.ID = plan
	result, err := m.result(req.Op, nil)
	return backend.ReadResponse{Outputs: result.Outputs}, err
}

func (m *memory) Health(context.Context, backend.HealthRequest) (backend.HealthResponse, error) {
	return backend.HealthResponse{OK: m.fault != "is ill"}, nil
}

func subject(fault string) backendtest.Subject {
	return backendtest.Subject{
		Backend: &memory{fault: fault},
		Config: backend.NewValue(cty.ObjectVal(map[string]cty.Value{
			"password": cty.StringVal(configSecret).Mark(backend.Sensitive),
			"prefix":   cty.StringVal("p-"),
		})),
		Op:       func(*testing.T) backend.Op { return backend.Op{Plan: backend.Plan{ID: "basic"}} },
		ChangeTo: &backend.Plan{ID: "large"},
		Timeout:  10 * time.Second,
	}
}

// subjectOf is a subject whose suite looks which logins work.
func subjectOf(m *memory) backendtest.Subject {
	s := subject("")
	s.Backend, s.Works = m, m.works
	return s
}

func TestASoundBackendPasses(t *testing.T) { backendtest.Run(t, subjectOf(&memory{})) }

func TestABackendThatSuspendsNothingPasses(t *testing.T) {
	backendtest.Run(t, subject("suspends nothing"))
}

func TestABackendThatRotatesNothingPasses(t *testing.T) {
	backendtest.Run(t, subject("rotates nothing"))
}

const faultEnv = "BACKENDTEST_FAULT"

// TestWithFault is run by TestEveryFaultIsFound, in a process of its own.
func TestWithFault(t *testing.T) {
	fault := os.Getenv(faultEnv)
	if fault == "" {
		t.Skip("run by TestEveryFaultIsFound")
	}
	backendtest.Run(t, subjectOf(&memory{fault: fault}))
}

func TestEveryFaultIsFound(t *testing.T) {
	for fault, want := range map[string]string{
		"bad name":                    `name "Memory!"`,
		"needs secrets to validate":   "ValidateConfig, without secrets",
		"is ill":                      "Health",
		"provisions once":             "Provision, repeated: CONFLICT",
		"outputs vary":                "output name is number, not string",
		"outputs differ":              "output name differs",
		"forgets an output":           "output plan is missing",
		"leaks into progress":         "a secret shows up in Events.Progress: ",
		"leaks into a checkpoint":     `a secret shows up in the state of checkpoint "made": "{\"token\":\"[redacted]\"}"`,
		"leaks into state":            "a secret shows up in Result.State: ",
		"leaks on failure":            "a secret shows up in the error: ",
		"forgets the plan":            "output plan differs",
		"deprovisions once":           "Deprovision, purge, repeated: INTERNAL",
		"keeps everything":            "Read of an absent resource",
		"reads the absent":            "Read of an absent resource",
		"ignores its context":         "Provision goes on 10s after its context",
		"removes past its deadline":   "Deprovision, soft goes on 10s after its context",
		"measures nothing":            "Provision: measured output size is null",
		"reads slowly":                "Read, within 2s",
		"postpones the purge":         "Deprovision, soft, repeated: PurgeAfter is",
		"shows what is kept":          "Read of an absent resource: <nil>",
		"purges later":                "Deprovision, purge: PurgeAfter is",
		"purges what was not kept":    "INTERNAL: keep it first",
		"suspends in secret":          "capability suspend is false",
		"resumes only":                "must both be UNSUPPORTED, or neither",
		"turns once":                  "Suspend, repeated: CONFLICT",
		"comes back changed":          "output plan differs",
		"returns outputs":             "Suspend returns outputs",
		"removes only what is in use": "Deprovision, soft, while suspended: INTERNAL",
		"trusts its checkpoint":       "Deprovision, soft, after being cut off: PurgeAfter is",

		"rotates in secret":                      "capability rotate is false",
		"aborts only":                            "stage and abort must both be UNSUPPORTED, or neither",
		"stages once":                            "Rotate, stage, repeated: CONFLICT",
		"returns the old outputs":                "after the stage: which credentials work",
		"replaces the password at once":          "after the stage: which credentials work",
		"returns outputs at the commit":          "Rotate, commit returns outputs",
		"commits once":                           "Rotate, commit, repeated: CONFLICT",
		"commits nothing":                        "after the commit: which credentials work",
		"aborts nothing":                         "after the abort: which credentials work",
		"aborts what it remembers":               "after an abort of half a stage: which credentials work",
		"aborts what was staged":                 "Rotate, abort, repeated: CONFLICT",
		"aborts both":                            "after the abort: which credentials work",
		"leaks the old password":                 "Rotate, stage: a secret shows up",
		"knows one login when it changes a plan": "after a plan change: which credentials work",
		"knows one login when it suspends":       "while suspended: which credentials work",
		"resumes what is over":                   "after a resume that follows a rotation: which credentials work",
		"knows one login when it resumes":        "after the resume: which credentials work",
		"knows one login when it removes":        "Deprovision, soft, while staged: INTERNAL",
		"rotates never after a deadline":         "Rotate, stage, after being cut off: INTERNAL",
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			run := exec.Command(os.Args[0], "-test.run=^TestWithFault$", "-test.failfast")
			run.Env = append(os.Environ(), faultEnv+"="+fault)
			out, err := run.CombinedOutput()
			if err == nil || !strings.Contains(string(out), want) {
				t.Errorf("got %v, want %q in:\n%s", err, want, out)
			}
		})
	}
}
