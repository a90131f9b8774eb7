package lifecycle_test

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// What the gateways that are killed act on, and what outlives them: files.

type dyingBackends struct{ plan childPlan }

func (b dyingBackends) Backend(name string) (lifecycle.Backend, lifecycle.Limits, bool) {
	return fileWorld(b), lifecycle.Limits{MinBackoff: time.Millisecond}, name == backendName
}

// fileWorld makes a folder for each resource, which outlives the processes.
type fileWorld struct{ plan childPlan }

func (w fileWorld) Run(_ context.Context, call lifecycle.Call, _ func(string, []byte)) (backend.Result, error) {
	call = asVerb(call)
	if call.Verb == backend.VerbRotate {
		call.Mode = backend.DeprovisionMode(call.Phase) // what the table calls it
	}
	w.plan.dieAt(beforeCall, call.Verb, call.Mode)
	if err := w.act(call); err != nil {
		return backend.Result{}, err
	}
	if w.plan.Story == cancelling && call.Verb == backend.VerbProvision {
		w.plan.reached <- struct{}{}
		<-w.plan.dropped
	}
	if w.plan.Story == accepting && call.Verb == backend.VerbProvision {
		w.plan.reached <- struct{}{}
		<-w.plan.accepted
	}
	w.plan.dieAt(insideCall, call.Verb, call.Mode)
	switch {
	case call.Verb == backend.VerbSuspend, call.Verb == backend.VerbResume, call.Phase == backend.RotateCommit, call.Phase == backend.RotateAbort:
		return backend.Result{}, nil
	case call.Mode == backend.ModeSoft:
		return backend.Result{PurgeAfter: time.Now()}, nil
	case call.Verb == backend.VerbDeprovision:
		return backend.Result{}, nil
	case call.Verb == backend.VerbInvoke:
		return backend.Result{}, nil
	case w.plan.Story == compensating, w.plan.Story == spoiling:
		return backend.Result{}, backend.Failf(backend.Invalid, "refused after all")
	}
	return backend.Result{Outputs: backend.NewValue(cty.ObjectVal(map[string]cty.Value{
		"host": cty.StringVal("host"), "plan": cty.StringVal(call.Op.Plan.ID),
	}))}, nil
}

// act ensures the thing. It notes every call, every making, and whatever
// contradicts what was there before.
func (w fileWorld) act(call lifecycle.Call) error {
	thing := filepath.Join(w.plan.Dir, "world", call.Op.ResourceID)
	w.note(string(call.Verb) + string(call.Mode))
	switch {
	case call.Mode == backend.ModeSoft:
		return replace(filepath.Join(thing, "locked"), "")
	case call.Verb == backend.VerbDeprovision:
		return os.RemoveAll(thing)
	case call.Verb == backend.VerbSuspend:
		return replace(filepath.Join(thing, "suspended"), "")
	case call.Verb == backend.VerbResume:
		return os.RemoveAll(filepath.Join(thing, "suspended"))
	case call.Verb == backend.VerbInvoke:
		return w.reboot(call)
	}
	password := filepath.Join(thing, "password")
	switch call.Phase {
	case backend.RotateStage:
		return replace(filepath.Join(thing, "staged"), call.Op.Secrets["password"])
	case backend.RotateCommit, backend.RotateAbort:
		return errors.Join(replace(password, call.Op.Secrets["password"]), os.RemoveAll(filepath.Join(thing, "staged")))
	}
	first, err := os.ReadFile(password)
	if errors.Is(err, fs.ErrNotExist) {
		w.note("made")
		if err := os.MkdirAll(thing, 0o700); err != nil {
			return err
		}
		return replace(password, call.Op.Secrets["password"])
	}
	if err == nil && string(first) != call.Op.Secrets["password"] {
		w.note("changed-password")
	}
	return err
}

func (w fileWorld) note(word string) { w.plan.note(word) }

func (p childPlan) note(word string) {
	f, err := os.OpenFile(filepath.Join(p.Dir, "calls"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	must(err)
	_, err = f.WriteString(word + "\n")
	must(errors.Join(err, f.Close()))
}

// dyingMoon is the platform's own API. It keeps what orders are completed with
// in a file.
type dyingMoon struct{ plan childPlan }

func (m dyingMoon) Platform(name, addon string) (lifecycle.Platform, bool) {
	return m, name == platformName && addon == addonName
}

func (m dyingMoon) Scopes() []gateway.Scope { return nil }

func (m dyingMoon) Particulars(context.Context, gateway.Resource) (gateway.Particulars, error) {
	return gateway.Particulars{}, nil
}

func (m dyingMoon) List(context.Context) ([]gateway.Listed, error) { return nil, nil }

func (m dyingMoon) Push(context.Context, gateway.Resource, []gateway.ConfigVar) error {
	m.plan.note("push")
	return nil
}

func (m dyingMoon) Complete(_ context.Context, _ gateway.Resource, vars []gateway.ConfigVar) error {
	m.plan.dieAt(beforeCall, verbComplete, "")
	m.plan.note(string(verbComplete))
	if err := replace(filepath.Join(m.plan.Dir, "completed"), vars[0].Value.Reveal()); err != nil {
		return err
	}
	m.plan.dieAt(insideCall, verbComplete, "")
	return nil
}

// replace writes a file so that a kill leaves all of it or nothing.
func replace(path, text string) error {
	if err := os.WriteFile(path+".new", []byte(text), 0o600); err != nil {
		return err
	}
	return os.Rename(path+".new", path)
}
