package lifecycle

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/addongw/addongw/plugins/backend"
)

// dispatcher claims due operations of some verbs and has them executed. Its
// goroutine only claims; every execution has a goroutine and a slot of its own.
type dispatcher struct {
	engine *Engine
	verbs  []backend.Verb // of one queue
	woken  chan struct{}
}

// dueBatch is how many operations are looked up at once.
const dueBatch = 64

func newDispatcher(e *Engine, verbs ...backend.Verb) *dispatcher {
	return &dispatcher{engine: e, verbs: verbs, woken: make(chan struct{}, 1)}
}

// wake makes the dispatcher look for work soon. It never blocks.
func (d *dispatcher) wake() {
	select {
	case d.woken <- struct{}{}:
	default:
	}
}

func (d *dispatcher) run(ctx context.Context) {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-d.woken:
		case <-timer.C:
		}
		next, err := d.claimDue(ctx)
		if err != nil && ctx.Err() == nil {
			d.engine.log.Error("due operations not claimed", "error", err)
		}
		timer.Reset(next)
	}
}

// claimDue claims and starts everything that is due and has a slot. It returns
// how long to sleep when nobody wakes it.
func (d *dispatcher) claimDue(ctx context.Context) (time.Duration, error) {
	e := d.engine
	a := e.active.Load()
	if a == nil {
		return e.pollInterval, nil
	}
	if err := e.resumeWaiting(ctx, a); err != nil {
		return e.pollInterval, err
	}
	r := round{dispatcher: d, active: a}
	for {
		due, err := e.store.Due(ctx, DueQuery{Verbs: d.verbs, ExcludeBackends: r.full, Limit: dueBatch})
		if err != nil {
			return e.pollInterval, err
		}
		progress, err := r.place(ctx, due.Operations)
		if err != nil {
			return e.pollInterval, err
		}
		if len(due.Operations) < dueBatch || !progress {
			e.slots.settleBacklog(queueOf(d.verbs[0]), r.full)
			return sleep(due.Next, e.pollInterval), nil
		}
	}
}

func sleep(next, poll time.Duration) time.Duration {
	if next > 0 && next < poll {
		return next
	}
	return poll
}

// round is one look at the queue.
type round struct {
	*dispatcher
	active *active
	full   []string // backends without a free slot
}

// placed is an operation for which a slot is taken.
type placed struct {
	DueOperation
	key   slotKey
	lease time.Duration
}

// place takes a slot for each operation that can have one, claims those in one
// transaction, and starts them. progress is false when another look at the
// queue would find the same.
func (r *round) place(ctx context.Context, due []DueOperation) (progress bool, err error) {
	var batch []placed
	known := len(r.full)
	for _, op := range due {
		if p, ok := r.takeSlot(op); ok {
			batch = append(batch, p)
		}
	}
	claimed, err := r.claim(ctx, batch)
	started := map[string]work{}
	for _, c := range claimed {
		started[c.op.ID] = c
	}
	for _, p := range batch {
		if c, ok := started[p.ID]; ok {
			go r.engine.runToEnd(r.active, c, p.key) // not the key of its backend, which may have another name since
			continue
		}
		r.engine.release(p.key)
		r.engine.end()
	}
	return len(claimed) > 0 || len(r.full) > known, err
}

// takeSlot takes a slot for op and counts its execution in. One whose backend
// the configuration does not have gets one too: its execution puts it aside.
func (r *round) takeSlot(op DueOperation) (placed, bool) {
	e := r.engine
	if slices.Contains(r.full, op.Backend) {
		return placed{}, false
	}
	limits := e.limitsFor(r.active, op.Backend, r.verbs[0])
	key := keyFor(op.Backend, r.verbs[0])
	if !e.slots.take(key, limits) {
		r.full = append(r.full, op.Backend)
		return placed{}, false
	}
	if !e.begin() {
		e.release(key)
		return placed{}, false
	}
	longest := limits.longest(r.verbs)
	if op.Invokes {
		longest = limits.timeout(backend.VerbInvoke)
	}
	return placed{DueOperation: op, key: key, lease: longest + leaseGrace}, true
}

// claim makes the operations of the batch running that still can be. An error
// means that none is.
func (r *round) claim(ctx context.Context, batch []placed) ([]work, error) {
	if len(batch) == 0 {
		return nil, nil
	}
	var claimed []work
	err := r.engine.store.Update(ctx, func(tx Tx) error {
		claimed = nil
		for _, p := range batch {
			op, err := tx.Claim(p.ID, r.engine.node.ID, p.lease)
			if errors.Is(err, ErrLaneBusy) {
				continue // somebody else was quicker
			}
			if err != nil {
				return err
			}
			res, err := tx.ResourceRecord(op.ResourceID)
			if err != nil {
				return err
			}
			claimed = append(claimed, work{res: res, op: op})
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return claimed, nil
}

// release gives a slot back and wakes the dispatcher that waits for it.
func (e *Engine) release(key slotKey) {
	if !e.slots.give(key) {
		return
	}
	switch key.queue {
	case callsQueue:
		e.calls.wake()
	case dropsQueue:
		e.drops.wake()
	default:
		e.orders.wake()
	}
}

// runToEnd executes an operation that is running, owned by this node and
// counted in, and gives its slot back.
func (e *Engine) runToEnd(a *active, current work, key slotKey) {
	defer e.end()
	defer e.release(key)
	e.execute(a, current)
}
