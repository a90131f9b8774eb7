// Command plugin is a backend plugin that does what a test asks for in the
// params of a plan.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

func main() { backend.Serve(&testing{}) }

type testing struct{ config settings }

type settings struct {
	Mode     string `json:"mode"`
	Password string `json:"password"`
	Dir      string `json:"dir"`
}

func (t *testing) Describe(context.Context, backend.DescribeRequest) (backend.Description, error) {
	text := func(name string) backend.Attribute { return backend.Attribute{Name: name, Type: cty.String} }
	return backend.Description{
		Name:         "testing",
		Version:      "1.2.3",
		Capabilities: []backend.Capability{backend.CanRead, backend.CanSuspend, backend.CanRotate},
		Actions:      []string{"echo", "look", "leak", "crash_once", "panic", "unauthorized", "list"},
		Config:       backend.Schema{Attributes: []backend.Attribute{text("mode"), {Name: "password", Type: cty.String, Sensitive: true}, text("dir")}},
		Plan:         backend.Schema{Attributes: []backend.Attribute{text("do")}},
		Outputs: backend.Schema{Attributes: []backend.Attribute{
			{Name: "name", Type: cty.String, Required: true},
			{Name: "port", Type: cty.Number},
			{Name: "url", Type: cty.String, Sensitive: true},
			{Name: "tags", Type: cty.List(cty.String)},
			{Name: "password", Type: cty.String, Sensitive: true, Generated: 20},
		}},
	}, nil
}

func (t *testing) ValidateConfig(_ context.Context, req backend.ValidateConfigRequest) (backend.ValidateConfigResponse, error) {
	var config settings
	if err := req.Config.Decode(&config); err != nil {
		return backend.ValidateConfigResponse{}, err
	}
	switch config.Mode {
	case "crash_validate":
		os.Exit(4)
	case "panic_validate":
		panic("out of cheese")
	}
	var resp backend.ValidateConfigResponse
	switch config.Mode {
	case "actions":
		resp.Actions, resp.ActionsOnly = []string{"verify"}, true
	case "bad_actions":
		resp.Actions = []string{"Verify"}
	}
	if !req.Config.Known("password") {
		resp.Diagnostics = backend.Diagnostics{{Severity: backend.SeverityWarning, Summary: "Password unknown", Path: cty.GetAttrPath("password")}}
	}
	return resp, nil
}

func (t *testing) ValidatePlan(context.Context, backend.ValidatePlanRequest) (backend.ValidatePlanResponse, error) {
	return backend.ValidatePlanResponse{}, nil
}

func (t *testing) Configure(_ context.Context, req backend.ConfigureRequest) (backend.ConfigureResponse, error) {
	if err := req.Config.Decode(&t.config); err != nil {
		return backend.ConfigureResponse{}, err
	}
	switch t.config.Mode {
	case "refuse":
		return backend.ConfigureResponse{Diagnostics: backend.Diagnostics{{Summary: "Wrong password " + t.config.Password}}}, nil
	case "panic_configure":
		panic("out of cheese for " + t.config.Password)
	case "goroutine_panic":
		go func() { panic("out of cheese for " + t.config.Password) }()
		select {}
	case "crash_configure":
		fmt.Fprintln(os.Stderr, "cannot live with "+t.config.Password)
		raw("and these were my last words\n")
		os.Exit(5)
	case "crash_later":
		time.AfterFunc(20*time.Millisecond, func() { os.Exit(6) })
	}
	return backend.ConfigureResponse{}, nil
}

// raw writes to the process's own standard error.
func raw(text string) { _, _ = syscall.Write(2, []byte(text)) }

func (t *testing) Provision(ctx context.Context, req backend.ProvisionRequest, events backend.Events) (backend.Result, error) {
	var params struct{ Do string }
	if err := req.Op.Plan.Params.Decode(&params); err != nil {
		return backend.Result{}, err
	}
	outputs := map[string]any{"name": req.Op.ShortID, "port": 5432, "url": "db://u:" + req.Op.Secrets["password"] + "@h", "tags": []string{"a", "b"}}
	var state any = map[string]int{"pid": os.Getpid()}
	switch params.Do {
	case "crash":
		os.Exit(3)
	case "crash_once":
		marker := filepath.Join(t.config.Dir, req.Op.OperationID)
		if _, err := os.Stat(marker); err != nil {
			_ = os.WriteFile(marker, nil, 0o600)
			os.Exit(3)
		}
	case "panic":
		panic("at the disco")
	case "goroutine_panic":
		go func() { panic("out of reach of any interceptor") }()
		<-ctx.Done()
	case "hang":
		events.Checkpoint("hanging", nil)
		<-ctx.Done()
		return backend.Result{}, ctx.Err()
	case "stop_answering":
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		<-ctx.Done() // other threads take a moment to stop
	case "look_around":
		state = surroundings()
	case "leak":
		t.leak(events, req.Op.Secrets["password"])
		return backend.Result{}, &backend.Failure{Class: backend.Quota, Message: "full: " + req.Op.Secrets["password"], Customer: "no room for " + t.config.Password}
	case "bad_log":
		raw("{\"@level\":1}\n{\"@level\":\"info\",\"@message\":{}}\n[]\nnull\n{\"level\":\"warn\",\"msg\":\"still here\",\"n\":7}\n")
	case "long_line":
		line := make([]byte, 1<<20)
		for i := range line {
			line[i] = 'x'
		}
		raw(string(line) + "\n")
	case "missing":
		delete(outputs, "port")
	case "extra":
		outputs["surprise"] = "hush-hush"
	case "wrong":
		outputs["port"] = "hush-hush"
	case "null":
		outputs["name"] = nil
	case "generated":
		outputs["password"] = "hush-hush"
	case "big_state":
		state = string(make([]byte, backend.MaxState))
	case "report":
		events.Checkpoint("one", json.RawMessage(`{"n":1}`))
		events.Progress("half", 50)
		events.Log(slog.LevelWarn, "look here")
		events.Checkpoint("two", json.RawMessage(`{"n":2}`))
	case "error":
		return backend.Result{}, errors.New("no idea about " + t.config.Password)
	case "child":
		child := exec.Command("sleep", "300")
		child.Stderr, child.Stdout = os.NewFile(2, "stderr"), os.NewFile(1, "stdout")
		if err := child.Start(); err != nil {
			return backend.Result{}, err
		}
		state = map[string]int{"pid": os.Getpid(), "child": child.Process.Pid}
		defer runtime.KeepAlive(child)
	}
	v, err := backend.ObjectOf(outputs)
	if err != nil {
		return backend.Result{}, err
	}
	encoded, err := json.Marshal(state)
	return backend.Result{Outputs: v, State: encoded}, err
}

func (t *testing) leak(events backend.Events, password string) {
	fmt.Println("stdout", password)
	fmt.Fprintln(os.Stderr, "stderr", password, t.config.Password)
	raw("raw " + password + "\n")
	backend.Logger().Info("logger", "key", password)
	events.Log(slog.LevelInfo, "event "+password)
	events.Progress("progress "+password, -1)
	events.Checkpoint("step "+password, nil)
}

// surroundings tells what the process got from its parent.
func surroundings() any {
	stdin, _ := io.ReadAll(os.Stdin)
	cwd, _ := os.Getwd()
	status, _ := os.ReadFile("/proc/self/status")
	return map[string]any{"env": os.Environ(), "args": os.Args, "cwd": cwd, "stdin": string(stdin), "status": string(status)}
}

func (t *testing) ChangePlan(context.Context, backend.ChangePlanRequest, backend.Events) (backend.Result, error) {
	return backend.Result{}, errors.New("must not be called: the capability is not declared")
}

func (t *testing) Deprovision(_ context.Context, req backend.DeprovisionRequest, _ backend.Events) (backend.Result, error) {
	if req.Mode == backend.ModeSoft {
		return backend.Result{PurgeAfter: time.Unix(1700000000, 0)}, nil
	}
	return backend.Result{}, nil
}

// Suspend returns its reason as its state, and outputs, which it must not.
func (t *testing) Suspend(_ context.Context, req backend.SuspendRequest, _ backend.Events) (backend.Result, error) {
	if req.Reason == "unsupported" {
		return backend.Result{}, backend.Failf(backend.Unsupported, "not this one")
	}
	state, err := json.Marshal(req.Reason)
	return backend.Result{State: state, Outputs: backend.NewValue(cty.StringVal("surprise"))}, err
}

func (t *testing) Resume(_ context.Context, req backend.ResumeRequest, _ backend.Events) (backend.Result, error) {
	return backend.Result{State: json.RawMessage(`"resumed"`)}, nil
}

// Rotate returns its phase as its state and, in every phase, outputs, which a commit
// must not.
func (t *testing) Rotate(_ context.Context, req backend.RotateRequest, events backend.Events) (backend.Result, error) {
	var params struct{ Do string }
	if err := req.Op.Plan.Params.Decode(&params); err != nil {
		return backend.Result{}, err
	}
	if params.Do == "leak" {
		t.leak(events, req.Op.Secrets["password"])
		var old struct{ Password string }
		if err := req.Op.Outputs.Decode(&old); err != nil {
			return backend.Result{}, err
		}
		t.leak(events, old.Password)
		return backend.Result{}, fmt.Errorf("neither %s nor %s", old.Password, req.Op.Secrets["password"])
	}
	outputs := map[string]any{"name": req.Op.ShortID + "_b", "port": 5432, "url": "db://" + req.Op.Secrets["password"], "tags": []string{}}
	if params.Do == "missing" {
		delete(outputs, "name")
	}
	v, err := backend.ObjectOf(outputs)
	if err != nil {
		return backend.Result{}, err
	}
	state, err := json.Marshal(req.Phase)
	return backend.Result{State: state, Outputs: v}, err
}

// Invoke answers with what it was asked.
func (t *testing) Invoke(_ context.Context, req backend.InvokeRequest, events backend.Events) (backend.Result, error) {
	switch req.Action {
	case "unauthorized":
		return backend.Result{}, backend.Failf(backend.Unauthorized, "the server refuses %s", req.Op.Credential["access-token"])
	case "leak":
		t.leak(events, req.Op.Credential["access-token"])
		return backend.Result{}, fmt.Errorf("no idea about %s", req.Op.Credential["access-token"])
	case "crash_once":
		marker := filepath.Join(t.config.Dir, req.Op.OperationID)
		if _, err := os.Stat(marker); err != nil {
			_ = os.WriteFile(marker, nil, 0o600)
			os.Exit(3)
		}
	case "panic":
		panic("at the disco")
	case "list":
		return backend.Result{Outputs: backend.NewValue(cty.TupleVal([]cty.Value{cty.StringVal("hush-hush")}))}, nil
	}
	events.Log(slog.LevelWarn, "look here")
	events.Checkpoint("done", json.RawMessage(`{"n":2}`))
	return backend.Result{Outputs: backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"action": cty.StringVal(req.Action), "args": req.Args.Cty(), "token": cty.StringVal(req.Op.Credential["access-token"]),
	})), State: json.RawMessage(`{"n":3}`)}, nil
}

func (t *testing) Read(_ context.Context, req backend.ReadRequest) (backend.ReadResponse, error) {
	return backend.ReadResponse{}, backend.Failf(backend.NotFound, "no %s", req.Op.ResourceID)
}

func (t *testing) Health(context.Context, backend.HealthRequest) (backend.HealthResponse, error) {
	switch t.config.Mode {
	case "sick":
		return backend.HealthResponse{Detail: backend.Failf(backend.Retryable, "no server").Error()}, nil
	case "health_error":
		return backend.HealthResponse{}, errors.New("connection refused")
	}
	return backend.HealthResponse{OK: true, Detail: "fine, " + t.config.Password}, nil
}
