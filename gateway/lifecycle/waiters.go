package lifecycle

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// work is an operation with its resource, as they were recorded in one
// transaction.
type work struct {
	res   ResourceRecord
	op    OperationRecord
	input *backend.Op // what op.InputSealed holds, where it is known already
}

// waiters tells requests of this process when an operation ends. It only saves
// polling: whoever waits also looks at the row.
type waiters struct {
	mu    sync.Mutex
	tasks map[string]*watch
}

// watch is all that wait for one operation.
type watch struct {
	users int
	done  chan struct{} // closed once end is set
	end   work
}

func newWaiters() *waiters { return &waiters{tasks: map[string]*watch{}} }

// join begins to wait; leave must follow.
func (w *waiters) join(operationID string) *watch {
	w.mu.Lock()
	defer w.mu.Unlock()
	one, ok := w.tasks[operationID]
	if !ok {
		one = &watch{done: make(chan struct{})}
		w.tasks[operationID] = one
	}
	one.users++
	return one
}

func (w *waiters) leave(operationID string, one *watch) {
	w.mu.Lock()
	defer w.mu.Unlock()
	one.users--
	if one.users == 0 && w.tasks[operationID] == one {
		delete(w.tasks, operationID)
	}
}

// tell wakes everybody who waits for the operation.
func (w *waiters) tell(end work) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if one, ok := w.tasks[end.op.ID]; ok {
		one.end = end
		close(one.done)
		delete(w.tasks, end.op.ID)
	}
}

// How often a waiting request looks at the row: for operations that another
// process runs, and in case a wake-up is lost.
const (
	firstPoll = 50 * time.Millisecond
	lastPoll  = 500 * time.Millisecond
)

// waited is what a request knows when its waiting has ended.
type waited struct {
	work        // as far as it is known
	over  bool  // the operation is over, or parked
	cause error // why nobody waits any longer; nil: the budget ended
}

// wait waits until the operation of begun is over, or ctx or the budget end.
// one was joined before the operation was looked up or written, so no end is
// missed.
func (s *Scoped) wait(ctx context.Context, budget <-chan struct{}, begun work, one *watch) waited {
	e := s.engine
	poll := time.NewTimer(firstPoll)
	defer poll.Stop()
	for every := firstPoll; ; every = min(2*every, lastPoll) {
		select {
		case <-one.done:
			return waited{work: one.end, over: true}
		case <-budget:
			return waited{work: begun}
		case <-ctx.Done():
			return waited{work: begun, cause: ctx.Err()}
		case <-poll.C:
		}
		end, over, err := e.look(ctx, begun.op.ID)
		if err != nil && ctx.Err() == nil {
			e.log.Warn("waiting operation not read", "operation", begun.op.ID, "error", err)
		}
		if over {
			return waited{work: end, over: true}
		}
		poll.Reset(every)
	}
}

// look reads an operation and reports whether it is over or parked.
func (e *Engine) look(ctx context.Context, operationID string) (end work, over bool, err error) {
	end.op, err = e.store.OperationRecord(ctx, operationID)
	if err != nil || (end.op.Live() && !end.op.Parked()) {
		return end, false, err
	}
	end.res, err = e.store.ResourceRecord(ctx, end.op.ResourceID)
	return end, err == nil, err
}

// answer is what a platform is told about an operation that was waited for.
func (e *Engine) answer(end waited) (gateway.Delivery, error) {
	switch {
	case !end.over:
		return gateway.Delivery{}, unfinished(end.cause)
	case end.op.State == gateway.OperationDone:
		return e.deliver(end.res, backend.Verb(end.op.Verb))
	case end.op.State == gateway.OperationFailed:
		return gateway.Delivery{}, &gateway.Error{
			Kind: end.op.FailureKind, Message: end.op.FailureMessage, Cause: errors.New(end.op.Error),
		}
	case end.op.State == gateway.OperationCancelled:
		return gateway.Delivery{}, gateway.Errorf(gateway.Gone, "The service was removed before this was done.")
	default:
		return gateway.Delivery{}, &gateway.Error{
			Kind:    gateway.Unavailable,
			Message: "This takes longer than usual: our team has to look at it. Please try again later.",
			Cause:   errors.New("the operation is parked: " + end.op.Error),
		}
	}
}
