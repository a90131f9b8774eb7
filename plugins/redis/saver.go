package redis

import (
	"context"
	"sync"
	"time"
)

// saver lets calls that come while a save runs share the next one.
type saver struct {
	running sync.Mutex // one save at a time

	mu   sync.Mutex
	next *round // that has not begun; nil: nobody waits
}

// round is one save and all who wait for it.
type round struct {
	done chan struct{}
	err  error
}

// saveTimeout bounds a save, whoever waits for it. Fifty thousand users need
// five seconds.
const saveTimeout = 30 * time.Second

// save returns when a save that began after the call has ended.
func (s *saver) save(ctx context.Context, do func(context.Context) error) error {
	s.mu.Lock()
	r := s.next
	if r == nil {
		r = &round{done: make(chan struct{})}
		s.next = r
		go s.run(context.WithoutCancel(ctx), r, do)
	}
	s.mu.Unlock()
	select {
	case <-r.done:
		return r.err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *saver) run(ctx context.Context, r *round, do func(context.Context) error) {
	s.running.Lock()
	defer s.running.Unlock()
	s.mu.Lock()
	s.next = nil // who comes now is too late for this one
	s.mu.Unlock()
	ctx, cancel := context.WithTimeout(ctx, saveTimeout)
	defer cancel()
	r.err = do(ctx)
	close(r.done)
}
