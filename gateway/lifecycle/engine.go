package lifecycle

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// Options is what an Engine needs and may be told.
type Options struct {
	Store  Store        // required
	Sealer Sealer       // required
	Log    *slog.Logger // required

	// Redact removes known secrets from texts that backends wrote, before they
	// are stored or logged. Default: the text as it is.
	Redact func(text string) string
	// Version is the gateway's, for the table of nodes.
	Version string
	// Random is where ids come from. Default: crypto/rand.
	Random io.Reader
	// PollInterval is how often workers look for due operations when nobody
	// wakes them. Default: 1 s.
	PollInterval time.Duration
	// PushAfter is how long an answer may take to deliver config vars before
	// they are pushed to the platform's own API. Default: 15 s.
	PushAfter time.Duration
	// PlatformLimits bounds the calls to each platform's own API. Default: 4 at
	// once, and repeats from 1 s to 15 min apart for about a day.
	PlatformLimits Limits
	// DrainLimit bounds how long Stop waits for running backend calls before
	// it interrupts them. Default: 25 s.
	DrainLimit time.Duration
}

// Engine runs operations. Make one with New, give it configuration with
// Activate, then Start it.
type Engine struct {
	store        Store
	vault        vault
	log          *slog.Logger
	redact       func(string) string
	random       io.Reader
	node         Node
	pollInterval time.Duration
	drainLimit   time.Duration
	pushAfter    time.Duration

	platformLimits Limits

	active  atomic.Pointer[active]
	resumed struct {
		sync.Mutex
		by *active // the configuration that what waits for a backend was shown to
	}
	slots *slots
	held  *credentials // of those whose servers are being worked on
	looks *looks       // what was asked a moment ago

	fingerprints keyed
	waiters      *waiters
	marks        *marks
	orders       *dispatcher // provision, change_plan, suspend, resume, rotate and invoke
	drops        *dispatcher // deprovision
	calls        *dispatcher // the platforms' own APIs

	mu        sync.Mutex
	phase     phase
	running   int           // executions that have begun
	quiet     chan struct{} // closed when running falls to 0 while draining
	runCtx    context.Context
	interrupt context.CancelFunc // ends all running backend calls
	stopWork  context.CancelFunc // ends dispatchers and marks
	workers   sync.WaitGroup
}

// active is one configuration. A request and an attempt keep the one that they
// started with.
type active struct {
	catalog   Catalog
	backends  Backends
	platforms Platforms
}

// phase is how far the engine's own life has come.
type phase string

const (
	phaseNew      phase = "not started"
	phaseStarted  phase = "started"
	phaseDraining phase = "stopping"
)

// New makes an Engine. It does nothing until Start.
func New(o Options) (*Engine, error) {
	if o.Store == nil || o.Sealer == nil || o.Log == nil {
		return nil, errors.New("make the engine: Store, Sealer and Log are required")
	}
	e := &Engine{
		store: o.Store, vault: vault{o.Sealer}, log: o.Log, redact: o.Redact, random: o.Random,
		pollInterval: o.PollInterval, drainLimit: o.DrainLimit,
		pushAfter: o.PushAfter, platformLimits: withPlatformDefaults(o.PlatformLimits),
		slots: newSlots(), held: newCredentials(), looks: newLooks(), waiters: newWaiters(), phase: phaseNew,
	}
	e.marks = newMarks(e.recordDelivered)
	if e.redact == nil {
		e.redact = func(text string) string { return text }
	}
	if e.random == nil {
		e.random = rand.Reader
	}
	if e.pollInterval <= 0 {
		e.pollInterval = time.Second
	}
	if e.drainLimit <= 0 {
		e.drainLimit = 25 * time.Second
	}
	if e.pushAfter <= 0 {
		e.pushAfter = 15 * time.Second
	}
	id, _, err := newID("node_", e.random)
	if err != nil {
		return nil, fmt.Errorf("make the engine: %w", err)
	}
	e.node = Node{ID: id, Version: o.Version}
	e.orders = newDispatcher(e, backend.VerbProvision, backend.VerbChangePlan, backend.VerbSuspend, backend.VerbResume, backend.VerbRotate, backend.VerbInvoke)
	e.drops = newDispatcher(e, backend.VerbDeprovision)
	e.calls = newDispatcher(e, verbComplete, verbFetchOwner, verbPush)
	e.runCtx, e.interrupt = context.WithCancel(context.Background())
	return e, nil
}

// Activate makes a configuration the one that new requests and attempts use.
// Those that run keep theirs.
func (e *Engine) Activate(catalog Catalog, backends Backends, platforms Platforms) {
	e.active.Store(&active{catalog: catalog, backends: backends, platforms: platforms})
	e.wakeAll()
}

// Start takes over what a dead gateway left and starts the workers. It returns
// once orders can be taken; ctx bounds only the start itself.
func (e *Engine) Start(ctx context.Context) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.phase != phaseNew {
		return fmt.Errorf("start the engine: it is %s already", e.phase)
	}
	orphans, err := e.store.Join(ctx, e.node)
	if err != nil {
		return fmt.Errorf("start the engine: %w", err)
	}
	if orphans > 0 {
		e.log.Info("operations taken over", "count", orphans)
	}
	if a := e.active.Load(); a != nil {
		if err := e.resumeWaiting(ctx, a); err != nil {
			return fmt.Errorf("start the engine: %w", err)
		}
	}
	working, stop := context.WithCancel(context.Background())
	e.stopWork = stop
	e.workers.Go(func() { e.orders.run(working) })
	e.workers.Go(func() { e.drops.run(working) })
	e.workers.Go(func() { e.calls.run(working) })
	e.workers.Go(func() { e.pushUndelivered(working) })
	e.workers.Go(func() { e.stepDue(working) })
	e.workers.Go(func() { e.rotateAged(working) })
	e.workers.Go(func() {
		e.marks.run(working, e.store, e.calls.wake, func(err error) { e.log.Error("delivery marks not written", "error", err) })
	})
	e.phase = phaseStarted
	return nil
}

// resumeWaiting makes what waits for its backend or platform due, once for
// each configuration: any may have it. Where it does not, the operation is put
// aside again.
func (e *Engine) resumeWaiting(ctx context.Context, a *active) error {
	e.resumed.Lock()
	defer e.resumed.Unlock()
	if e.resumed.by == a {
		return nil
	}
	err := e.store.Update(ctx, func(tx Tx) error {
		return errors.Join(tx.ResumeWaiting(waitingForBackend), tx.ResumeWaiting(waitingForPlatform))
	})
	if err == nil {
		e.resumed.by = a
	}
	return err
}

// Stop takes no more work, waits for running backend calls until the drain
// limit or ctx ends, interrupts what is left, and returns. What is unfinished
// lies in the store and goes on at the next Start.
func (e *Engine) Stop(ctx context.Context) error {
	quiet, begun := e.drain()
	if !begun {
		return nil
	}
	e.stopWork()
	limit, cancel := context.WithTimeout(ctx, e.drainLimit)
	defer cancel()
	left := false
	select {
	case <-quiet:
	case <-limit.Done():
		left = true
	}
	e.interrupt()
	if left {
		// An interrupted call returns soon and only has to record that its
		// outcome is unknown. Whatever does not is taken over at the next start.
		select {
		case <-quiet:
			left = false
		case <-time.After(2 * time.Second):
		}
	}
	e.workers.Wait()
	flushCtx, done := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer done()
	if err := e.marks.flush(flushCtx, e.store); err != nil {
		return fmt.Errorf("stop the engine: write delivery marks: %w", err)
	}
	if left {
		return errors.New("stop the engine: backend calls are still running; they are repeated at the next start")
	}
	return nil
}

// drain refuses new work from now on. begun is false when there is nothing to
// stop.
func (e *Engine) drain() (quiet <-chan struct{}, begun bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.phase != phaseStarted {
		return nil, false
	}
	e.phase = phaseDraining
	done := make(chan struct{})
	e.quiet = done
	if e.running == 0 {
		close(done)
	}
	return done, true
}

// Ready reports why orders cannot be taken; nil when they can.
func (e *Engine) Ready() error {
	e.mu.Lock()
	phase := e.phase
	e.mu.Unlock()
	if phase != phaseStarted {
		return fmt.Errorf("the engine is %s", phase)
	}
	if e.active.Load() == nil {
		return errors.New("no configuration is active")
	}
	return nil
}

// configuration returns the one to use for a new request.
func (e *Engine) configuration() (*active, error) {
	if err := e.Ready(); err != nil {
		return nil, unrecorded(err)
	}
	return e.active.Load(), nil
}

// begin counts an execution in; false when the engine takes no more.
func (e *Engine) begin() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.phase != phaseStarted {
		return false
	}
	e.running++
	return true
}

// end counts an execution out.
func (e *Engine) end() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.running--
	if e.running == 0 && e.phase == phaseDraining {
		close(e.quiet)
	}
}

func (e *Engine) wakeAll() {
	e.orders.wake()
	e.drops.wake()
	e.calls.wake()
}

// For binds the engine to one add-on on one platform, and to the configuration
// that is active now: whoever was bound before a reload goes on as it began.
func (e *Engine) For(scope gateway.Scope) *Scoped {
	return &Scoped{engine: e, scope: scope, active: e.active.Load()}
}
