package lifecycle

import (
	"slices"
	"sync"

	"github.com/addongw/addongw/plugins/backend"
)

// slots bounds the calls to each backend. Deprovisions have slots of their own,
// half as many: a rush of them never delays an order, and the other way round.
// Calls to platforms have slots by platform.
type slots struct {
	mu     sync.Mutex
	queues map[slotKey]*slotQueue
}

type slotKey struct {
	backend string // of calls to platforms: the platform
	queue   queue
}

// queue is one of the queues that have workers of their own.
type queue string

const (
	ordersQueue queue = "orders" // provision, change_plan, suspend, resume, rotate, and changes of servers
	dropsQueue  queue = "drops"  // deprovision
	callsQueue  queue = "calls"  // the platforms' own APIs
	asksQueue         = "ask"    // actions that a request waits for, a queue for each: no work may keep them waiting
)

func queueOf(verb backend.Verb) queue {
	switch {
	case callsPlatform(verb):
		return callsQueue
	case verb == backend.VerbDeprovision:
		return dropsQueue
	default:
		return ordersQueue
	}
}

type slotQueue struct {
	used    int
	backlog bool // due operations wait for a slot: requests must queue behind them
}

func newSlots() *slots { return &slots{queues: map[slotKey]*slotQueue{}} }

func keyFor(backendName string, verb backend.Verb) slotKey {
	return slotKey{backend: backendName, queue: queueOf(verb)}
}

func (k slotKey) size(l Limits) int {
	if k.queue == dropsQueue {
		return max(1, l.Concurrency/2)
	}
	return l.Concurrency
}

func (s *slots) queue(k slotKey) *slotQueue {
	q, ok := s.queues[k]
	if !ok {
		q = &slotQueue{}
		s.queues[k] = q
	}
	return q
}

// takeInline takes a slot for a request that wants to run at once, unless the
// slots are used up or others wait for one already.
func (s *slots) takeInline(k slotKey, l Limits) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queue(k)
	if q.backlog || q.used >= k.size(l) {
		return false
	}
	q.used++
	return true
}

// take takes a slot for a due operation. Without one it is remembered that
// operations wait.
func (s *slots) take(k slotKey, l Limits) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queue(k)
	if q.used >= k.size(l) {
		q.backlog = true
		return false
	}
	q.used++
	return true
}

// give returns a slot and reports whether operations wait for it.
func (s *slots) give(k slotKey) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	q := s.queue(k)
	q.used--
	return q.backlog
}

// settleBacklog forgets that operations wait, save for the full backends: a
// look at the queue has placed all others.
func (s *slots) settleBacklog(of queue, full []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, q := range s.queues {
		if k.queue == of && !slices.Contains(full, k.backend) {
			q.backlog = false
		}
	}
}
