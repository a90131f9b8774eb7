package backendtest_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
)

// login is the one that the outputs of op name.
func login(op backend.Op) string {
	var outputs struct{ Login *string }
	if err := op.Outputs.Decode(&outputs); err != nil || outputs.Login == nil {
		return "a"
	}
	return *outputs.Login
}

func other(login string) string { return map[string]string{"a": "b", "b": "a"}[login] }

func (m *memory) works(_ *testing.T, op backend.Op) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	_, exists := m.resources[op.ResourceID]
	locked := m.locked[op.ResourceID]
	if m.fault == "knows one login when it suspends" && login(op) == "b" {
		locked = false
	}
	return exists && !locked && m.logins[op.ResourceID][login(op)] == op.Secrets["password"]
}

// Rotate gives the password to the other login.
func (m *memory) Rotate(ctx context.Context, req backend.RotateRequest, events backend.Events) (backend.Result, error) {
	switch {
	case ctx.Err() != nil && m.fault == "rotates never after a deadline":
		m.offended = true
		return backend.Result{}, ctx.Err()
	case m.offended:
		return backend.Result{}, backend.Failf(backend.Internal, "not again")
	case ctx.Err() != nil:
		return backend.Result{}, ctx.Err()
	case m.fault == "rotates nothing", m.fault == "commits only" && req.Phase != backend.RotateCommit:
		return backend.Result{}, backend.Failf(backend.Unsupported, "not this one")
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if req.Phase == backend.RotateStage {
		return m.stage(req.Op, events)
	}
	return m.end(req.Op, req.Phase)
}

func (m *memory) stage(op backend.Op, events backend.Events) (backend.Result, error) {
	mine, now := m.logins[op.ResourceID], login(op)
	switch _, staged := mine[other(now)]; {
	case staged && m.fault == "stages once":
		return backend.Result{}, backend.Failf(backend.Conflict, "there are two already")
	case m.fault == "replaces the password at once":
		delete(mine, now)
	case m.fault == "returns the old outputs":
		mine[other(now)] = op.Secrets["password"]
		return m.result(op, nil)
	}
	mine[other(now)] = op.Secrets["password"]
	if m.fault == "leaks the old password" {
		events.Progress("beside "+mine[now], -1)
	}
	events.Checkpoint("made", json.RawMessage(`{"half":"true"}`))
	v, err := backend.ObjectOf(map[string]string{"login": other(now)})
	if err != nil {
		return backend.Result{}, err
	}
	op.Outputs = v
	return m.result(op, map[string]string{"staged": "true"})
}

// end removes the login that is not in the outputs.
func (m *memory) end(op backend.Op, phase backend.RotatePhase) (backend.Result, error) {
	mine, gone := m.logins[op.ResourceID], other(login(op))
	_, staged := mine[gone]
	switch {
	case m.fault == "commits nothing" && phase == backend.RotateCommit, m.fault == "aborts nothing" && phase == backend.RotateAbort:
		return backend.Result{}, nil
	case m.fault == "commits once" && phase == backend.RotateCommit && !staged:
		return backend.Result{}, backend.Failf(backend.Conflict, "there is nothing staged")
	case m.fault == "aborts what was staged" && phase == backend.RotateAbort && !staged:
		return backend.Result{}, backend.Failf(backend.Conflict, "there is nothing staged")
	case m.fault == "aborts what it remembers" && phase == backend.RotateAbort && string(op.State) != `{"staged":"true"}`:
		return backend.Result{}, nil
	case m.fault == "aborts both" && phase == backend.RotateAbort && !staged:
		delete(mine, login(op))
	}
	if m.fault == "resumes what is over" && staged {
		mine["closed "+gone] = mine[gone]
	}
	delete(mine, gone)
	if m.fault == "returns outputs at the commit" {
		return m.result(op, nil)
	}
	return backend.Result{State: op.State}, nil
}

// Rotate writes and removes logins, and takes two steps for each, so that there is
// something between them.
func (s *shelf) Rotate(_ context.Context, req backend.RotateRequest, events backend.Events) (backend.Result, error) {
	folder := filepath.Join(s.dir, req.Op.ResourceID)
	now := login(req.Op)
	if req.Phase == backend.RotateStage {
		if s.fault == "takes the old login at once" {
			if err := os.RemoveAll(filepath.Join(folder, "login-"+now)); err != nil {
				return backend.Result{}, err
			}
		}
		events.Progress("write the new login", 0)
		if _, err := s.mustWrite(req.Op, "login-"+other(now), req.Op.Secrets["password"]); err != nil {
			return backend.Result{}, err
		}
		events.Progress("greet it", 50)
		if _, err := s.mustWrite(req.Op, "session-"+other(now), ""); err != nil {
			return backend.Result{}, err
		}
		result, err := s.result(folder, other(now))
		result.State = json.RawMessage(`{"staged":true}`)
		return result, err
	}
	if s.fault == "aborts what it remembers" && req.Phase == backend.RotateAbort && string(req.Op.State) != `{"staged":true}` {
		return backend.Result{}, nil
	}
	events.Progress("remove the other login", 0)
	if _, err := os.Stat(filepath.Join(folder, "login-"+other(now))); err != nil && s.fault == "aborts by halves" {
		return backend.Result{}, nil
	}
	if err := os.RemoveAll(filepath.Join(folder, "login-"+other(now))); err != nil {
		return backend.Result{}, err
	}
	events.Progress("end its sessions", 50)
	return backend.Result{State: req.Op.State}, os.RemoveAll(filepath.Join(folder, "session-"+other(now)))
}
