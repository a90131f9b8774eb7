package backendtest_test

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
)

func TestMain(m *testing.M) {
	backendtest.Main(&shelf{})
	os.Exit(m.Run())
}

// shelf is a backend that outlives its process: a folder for each resource,
// with one fault.
type shelf struct{ dir, fault string }

func (s *shelf) Describe(context.Context, backend.DescribeRequest) (backend.Description, error) {
	return backend.Description{
		Name: "shelf", Version: "0.1.0", Capabilities: []backend.Capability{backend.CanChangePlan, backend.CanSuspend, backend.CanRotate},
		Actions: []string{"make", "paint", "unmake"},
		Config:  backend.Schema{Attributes: []backend.Attribute{{Name: "dir", Type: cty.String}, {Name: "fault", Type: cty.String}}},
		Outputs: backend.Schema{Attributes: []backend.Attribute{
			{Name: "path", Type: cty.String}, {Name: "login", Type: cty.String}, {Name: "password", Type: cty.String, Sensitive: true, Generated: 24},
		}},
	}, nil
}

func (s *shelf) ValidateConfig(context.Context, backend.ValidateConfigRequest) (backend.ValidateConfigResponse, error) {
	return backend.ValidateConfigResponse{}, nil
}

func (s *shelf) ValidatePlan(context.Context, backend.ValidatePlanRequest) (backend.ValidatePlanResponse, error) {
	return backend.ValidatePlanResponse{}, nil
}

func (s *shelf) Configure(_ context.Context, req backend.ConfigureRequest) (backend.ConfigureResponse, error) {
	config := struct{ Dir, Fault *string }{&s.dir, &s.fault}
	return backend.ConfigureResponse{}, req.Config.Decode(&config)
}

func (s *shelf) Provision(_ context.Context, req backend.ProvisionRequest, events backend.Events) (backend.Result, error) {
	folder := filepath.Join(s.dir, req.Op.ResourceID)
	events.Progress("make the folder", 0)
	err := os.Mkdir(folder, 0o700)
	if errors.Is(err, fs.ErrExist) && s.fault == "takes the half for the whole" {
		return s.result(folder, "a")
	}
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return backend.Result{}, err
	}
	events.Progress("write the plan", 50)
	name := "plan"
	if s.fault == "names by chance" {
		name += rand.Text()
	}
	if err := os.WriteFile(filepath.Join(folder, name), []byte(req.Op.Plan.ID), 0o600); err != nil {
		return backend.Result{}, err
	}
	events.Progress("write the login", 90)
	if err := os.WriteFile(filepath.Join(folder, "login-a"), []byte(req.Op.Secrets["password"]), 0o600); err != nil {
		return backend.Result{}, err
	}
	return s.result(folder, "a")
}

func (s *shelf) result(folder, login string) (backend.Result, error) {
	outputs, err := backend.ObjectOf(map[string]string{"path": folder, "login": login})
	return backend.Result{Outputs: outputs, State: json.RawMessage(`{"finished":true}`)}, err
}

func (s *shelf) ChangePlan(_ context.Context, req backend.ChangePlanRequest, events backend.Events) (backend.Result, error) {
	events.Progress("write the plan", 0)
	return s.mustWrite(req.Op, "plan", req.Op.Plan.ID)
}

func (s *shelf) mustWrite(op backend.Op, name, text string) (backend.Result, error) {
	folder := filepath.Join(s.dir, op.ResourceID)
	if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
		return backend.Result{}, err
	}
	return s.result(folder, login(op))
}

func (s *shelf) Deprovision(_ context.Context, req backend.DeprovisionRequest, events backend.Events) (backend.Result, error) {
	folder := filepath.Join(s.dir, req.Op.ResourceID)
	if s.fault == "removes what it remembers" && req.Op.State == nil {
		return backend.Result{}, nil
	}
	if _, err := os.Stat(folder); req.Mode == backend.ModeSoft && err == nil {
		events.Progress("write the date", 0)
		if _, err := os.Stat(filepath.Join(folder, "kept")); err == nil && s.fault == "promises once" {
			return backend.Result{}, nil
		}
		result, err := s.mustWrite(req.Op, "kept", "")
		return backend.Result{State: result.State, PurgeAfter: time.Unix(2e9, 0)}, err
	}
	events.Progress("remove the folder", 0)
	return backend.Result{}, os.RemoveAll(folder)
}

// Suspend takes two steps, so that there is something between them.
func (s *shelf) Suspend(_ context.Context, req backend.SuspendRequest, events backend.Events) (backend.Result, error) {
	folder := filepath.Join(s.dir, req.Op.ResourceID)
	if _, err := os.Stat(filepath.Join(folder, "closed")); err == nil && s.fault == "suspends by halves" {
		return backend.Result{}, nil
	}
	events.Progress("close it", 0)
	if _, err := s.mustWrite(req.Op, "closed", ""); err != nil {
		return backend.Result{}, err
	}
	events.Progress("lock it", 50)
	_, err := s.mustWrite(req.Op, "locked", "")
	return backend.Result{}, err
}

func (s *shelf) Resume(_ context.Context, req backend.ResumeRequest, events backend.Events) (backend.Result, error) {
	folder := filepath.Join(s.dir, req.Op.ResourceID)
	events.Progress("unlock it", 0)
	if err := os.RemoveAll(filepath.Join(folder, "locked")); err != nil {
		return backend.Result{}, err
	}
	events.Progress("open it", 50)
	return backend.Result{}, os.RemoveAll(filepath.Join(folder, "closed"))
}

// Invoke paints in two steps; the other actions do as the life-cycle calls.
func (s *shelf) Invoke(ctx context.Context, req backend.InvokeRequest, events backend.Events) (backend.Result, error) {
	switch req.Action {
	case "make":
		return s.Provision(ctx, backend.ProvisionRequest{Op: req.Op}, events)
	case "unmake":
		return s.Deprovision(ctx, backend.DeprovisionRequest{Op: req.Op, Mode: backend.ModePurge}, events)
	}
	folder := filepath.Join(s.dir, req.Op.ResourceID)
	if _, err := os.Stat(filepath.Join(folder, "primer")); err == nil && s.fault == "paints by halves" {
		return backend.Result{}, nil
	}
	var args struct{ Colour string }
	if err := req.Args.Decode(&args); err != nil {
		return backend.Result{}, err
	}
	events.Progress("prime it", 0)
	if _, err := s.mustWrite(req.Op, "primer", ""); err != nil {
		return backend.Result{}, err
	}
	events.Progress("paint it", 50)
	return s.mustWrite(req.Op, "paint", args.Colour)
}

func (s *shelf) Read(context.Context, backend.ReadRequest) (backend.ReadResponse, error) {
	return backend.ReadResponse{}, backend.Failf(backend.Unsupported, "no")
}

func (s *shelf) Health(context.Context, backend.HealthRequest) (backend.HealthResponse, error) {
	return backend.HealthResponse{OK: true}, nil
}

func crashing(t *testing.T, fault string) backendtest.Crashing {
	dir := t.TempDir()
	return backendtest.Crashing{
		Subject: backendtest.Subject{
			Config: backend.NewValue(cty.ObjectVal(map[string]cty.Value{"dir": cty.StringVal(dir), "fault": cty.StringVal(fault)})),
			Op:     func(*testing.T) backend.Op { return backend.Op{Plan: backend.Plan{ID: "basic"}} }, ChangeTo: &backend.Plan{ID: "large"},
			Works: func(_ *testing.T, op backend.Op) bool {
				folder := filepath.Join(dir, op.ResourceID)
				password, err := os.ReadFile(filepath.Join(folder, "login-"+login(op)))
				_, closed := os.Stat(filepath.Join(folder, "closed"))
				return err == nil && closed != nil && string(password) == op.Secrets["password"]
			},
			Actions: &backendtest.Actions{
				Create: backendtest.Action{Name: "make"}, Delete: backendtest.Action{Name: "unmake"},
				Change: []backendtest.Action{{Name: "paint", Args: backend.NewValue(cty.ObjectVal(map[string]cty.Value{"colour": cty.StringVal("red")}))}},
			},
		},
		Things: func(t *testing.T, op backend.Op) []string {
			return entries(t, filepath.Join(dir, op.ResourceID))
		},
		Use: func(t *testing.T, op backend.Op) {
			if err := os.WriteFile(filepath.Join(dir, op.ResourceID, "data"), []byte("7"), 0o600); err != nil {
				t.Fatal(err)
			}
		},
	}
}

// entries are a folder's files with what is in them, and the folder itself.
func entries(t *testing.T, folder string) []string {
	t.Helper()
	var list []string
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			list = append(list, path)
			return err
		}
		text, err := os.ReadFile(filepath.Clean(path))
		name, _, _ := strings.Cut(d.Name(), "plan")
		if name == "" {
			path = filepath.Join(folder, "plan") // whatever else is in its name
		}
		if strings.HasPrefix(d.Name(), "login-") {
			text = nil // a password is nobody else's
		}
		list = append(list, path+": "+string(text))
		return err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestASoundBackendSurvivesItsProcess(t *testing.T) { backendtest.Crash(t, crashing(t, "")) }

// TestCrashWithFault is run by TestEveryLossIsFound, in a process of its own.
func TestCrashWithFault(t *testing.T) {
	fault := os.Getenv(faultEnv)
	if fault == "" {
		t.Skip("run by TestEveryLossIsFound")
	}
	backendtest.Crash(t, crashing(t, fault))
}

func TestEveryLossIsFound(t *testing.T) {
	for fault, want := range map[string]string{
		"takes the half for the whole": `lost ["`,
		"names by chance":              `doubled ["`,
		"removes what it remembers":    `left over ["`,
		"suspends by halves":           `lost ["`,
		"paints by halves":             `paint, killed 0s after "paint it": lost ["`,
		"promises once":                `lost ["the purge date"]`,
		"takes the old login at once":  `rotate, stage, killed 0s after "write the new login": the customer is locked out`,
		"aborts what it remembers":     `rotate, stage, given up, killed 0s after "greet it": lost [], doubled ["`,
		"aborts by halves":             `rotate, abort, killed 0s after "end its sessions": lost [], doubled ["`,
	} {
		t.Run(fault, func(t *testing.T) {
			t.Parallel()
			run := exec.Command(os.Args[0], "-test.run=^TestCrashWithFault$")
			run.Env = append(os.Environ(), faultEnv+"="+fault)
			out, err := run.CombinedOutput()
			if err == nil || !strings.Contains(string(out), want) {
				t.Errorf("got %v, want %q in:\n%s", err, want, out)
			}
		})
	}
}
