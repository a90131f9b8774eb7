package lifecycle_test

import (
	"context"
	"encoding/json"
	"sync"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/lifecycle"
	"github.com/addongw/addongw/plugins/backend"
)

// world is what backends act on, idempotently by resource id, with hooks
// around each act.
type world struct {
	mu      sync.Mutex
	things  map[string]thing
	made    map[string]int // how often a thing came into being
	calls   []lifecycle.Call
	now     map[string]int // calls at this moment, by resource
	peak    int
	running int

	// before and after may fail or hold a call; both may be nil.
	before func(ctx context.Context, call lifecycle.Call, checkpoint func(string, []byte)) error
	after  func(ctx context.Context, call lifecycle.Call) error
	state  json.RawMessage // what successful calls return
	silent bool            // calls are not noted: for benchmarks
	keep   time.Time       // what a soft deprovision returns as PurgeAfter; zero: it purges
	used   int64           // what a read says of storage_mb

	said map[string]map[string]cty.Value // what actions answer; absent: what is usual
}

type thing struct {
	plan, password string
	staged         string // the password that works, too
	locked         bool   // deprovisioned softly
	suspended      bool
	name           string          // of a server
	done           map[string]bool // the operations that were carried out on it
	reboots        int
}

func newWorld() *world {
	return &world{things: map[string]thing{}, made: map[string]int{}, now: map[string]int{}}
}

// Run is lifecycle.Backend.
func (w *world) Run(ctx context.Context, call lifecycle.Call, checkpoint func(string, []byte)) (backend.Result, error) {
	before, after := w.enter(call)
	defer w.leave(call)
	if before != nil {
		if err := before(ctx, call, checkpoint); err != nil {
			return backend.Result{}, err
		}
	}
	result := w.act(call)
	if after != nil {
		if err := after(ctx, call); err != nil {
			return backend.Result{}, err
		}
	}
	return result, nil
}

func (w *world) enter(call lifecycle.Call) (before func(context.Context, lifecycle.Call, func(string, []byte)) error, after func(context.Context, lifecycle.Call) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if !w.silent {
		w.calls = append(w.calls, call)
	}
	w.running++
	w.peak = max(w.peak, w.running)
	if call.Verb == backend.VerbRead || call.Op.OperationID == "" {
		return w.before, w.after // it may come at any time
	}
	w.now[call.Op.ResourceID]++
	if w.now[call.Op.ResourceID] > 1 {
		panic("two calls at once for one resource")
	}
	return w.before, w.after
}

func (w *world) leave(call lifecycle.Call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.running--
	if call.Verb != backend.VerbRead && call.Op.OperationID != "" {
		w.now[call.Op.ResourceID]--
	}
}

func (w *world) act(call lifecycle.Call) backend.Result {
	w.mu.Lock()
	defer w.mu.Unlock()
	id := call.Op.ResourceID
	switch {
	case call.Verb == backend.VerbInvoke:
		return w.invoke(call)
	case call.Verb == backend.VerbRead:
		return backend.Result{Outputs: backend.NewValue(cty.ObjectVal(map[string]cty.Value{
			"host": cty.StringVal("host-" + call.Op.ShortID), "plan": cty.StringVal(call.Op.Plan.ID), "storage_mb": cty.NumberIntVal(w.used),
		}))}
	case call.Mode == backend.ModeSoft && !w.keep.IsZero():
		kept := w.things[id]
		kept.locked = true
		w.things[id] = kept
		return backend.Result{PurgeAfter: w.keep, State: w.state}
	case call.Verb == backend.VerbDeprovision:
		delete(w.things, id)
		return backend.Result{}
	case call.Verb == backend.VerbSuspend, call.Verb == backend.VerbResume:
		kept := w.things[id]
		kept.suspended = call.Verb == backend.VerbSuspend
		w.things[id] = kept
		return backend.Result{State: w.state}
	}
	if call.Verb == backend.VerbRotate {
		return w.rotate(call)
	}
	if _, there := w.things[id]; !there {
		w.made[id]++
	}
	w.things[id] = thing{plan: call.Op.Plan.ID, password: call.Op.Secrets["password"], staged: w.things[id].staged}
	return backend.Result{
		Outputs: backend.NewValue(cty.ObjectVal(map[string]cty.Value{
			"host": cty.StringVal("host-" + call.Op.ShortID), "plan": cty.StringVal(call.Op.Plan.ID),
		})),
		State: w.state,
	}
}

// rotate takes one step of a rotation. A committed one has one password again.
func (w *world) rotate(call lifecycle.Call) backend.Result {
	kept := w.things[call.Op.ResourceID]
	result := backend.Result{State: w.state}
	switch call.Phase {
	case backend.RotateStage:
		kept.staged = call.Op.Secrets["password"]
		result.Outputs = backend.NewValue(cty.ObjectVal(map[string]cty.Value{
			"host": cty.StringVal("host-" + call.Op.ShortID), "plan": cty.StringVal(call.Op.Plan.ID),
		}))
	case backend.RotateCommit, backend.RotateAbort:
		kept.password, kept.staged = call.Op.Secrets["password"], ""
	default:
		panic("no phase")
	}
	w.things[call.Op.ResourceID] = kept
	return result
}

// hook sets the hooks.
func (w *world) hook(before func(context.Context, lifecycle.Call, func(string, []byte)) error, after func(context.Context, lifecycle.Call) error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.before, w.after = before, after
}

// fail makes every call of verb end with err, before it acts.
func (w *world) fail(verb backend.Verb, err error) {
	w.hook(func(_ context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		if call.Verb == verb {
			return err
		}
		return nil
	}, nil)
}

func (w *world) thing(id string) (thing, bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	found, ok := w.things[id]
	return found, ok
}

func (w *world) count() (things, made int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, n := range w.made {
		made += n
	}
	return len(w.things), made
}

// callsOf returns the calls of verb.
func (w *world) callsOf(verb backend.Verb) (calls []lifecycle.Call) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.calls {
		if c.Verb == verb {
			calls = append(calls, c)
		}
	}
	return calls
}

// gate holds calls of a verb until it is opened or their context ends.
type gate struct {
	reached chan lifecycle.Call
	open    chan struct{}
}

func newGate() *gate {
	return &gate{reached: make(chan lifecycle.Call, 1000), open: make(chan struct{})}
}

func (g *gate) hold(ctx context.Context, call lifecycle.Call) error {
	g.reached <- call
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// holdAt makes the calls of verb wait at g before they act.
func (w *world) holdAt(g *gate, verb backend.Verb) {
	w.hook(func(ctx context.Context, call lifecycle.Call, _ func(string, []byte)) error {
		if call.Verb == verb {
			return g.hold(ctx, call)
		}
		return nil
	}, nil)
}
