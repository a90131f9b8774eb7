package lifecycle

import (
	"context"
	"sync"
	"time"
)

// marks collects which config reached a platform and writes it in batches: an
// answer must not wait for a flush of the disk to say that it was sent. A mark
// lost in a crash makes the resource look undelivered, which is harmless: the
// platform's own repeat marks it again, and so does a push.
type marks struct {
	record  func(tx Tx, id string, rev int64) error
	mu      sync.Mutex
	waiting map[string]int64 // revision by resource id
	wake    chan struct{}
}

// marksDelay is how long a mark waits for company: long enough that the marks of
// one busy client share a flush of the disk, too.
const marksDelay = 50 * time.Millisecond

func newMarks(record func(tx Tx, id string, rev int64) error) *marks {
	return &marks{record: record, waiting: map[string]int64{}, wake: make(chan struct{}, 1)}
}

func (m *marks) add(id string, rev int64) {
	m.mu.Lock()
	m.waiting[id] = max(m.waiting[id], rev)
	m.mu.Unlock()
	select {
	case m.wake <- struct{}{}:
	default:
	}
}

// rev returns the revision of a mark that is not written yet, or 0.
func (m *marks) rev(id string) int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.waiting[id]
}

// run writes marks until ctx ends. It tells when it has written some.
func (m *marks) run(ctx context.Context, store Transactor, written func(), failed func(error)) {
	for {
		select {
		case <-m.wake:
		case <-ctx.Done():
			return
		}
		select {
		case <-time.After(marksDelay):
		case <-ctx.Done():
			return
		}
		if err := m.flush(ctx, store); err == nil {
			written()
		} else if ctx.Err() == nil {
			failed(err)
		}
	}
}

// flush writes what waits. On an error everything goes on waiting for the next
// mark's flush.
func (m *marks) flush(ctx context.Context, store Transactor) error {
	m.mu.Lock()
	batch := make(map[string]int64, len(m.waiting))
	for id, rev := range m.waiting {
		batch[id] = rev
	}
	m.mu.Unlock()
	if len(batch) == 0 {
		return nil
	}
	err := store.Update(ctx, func(tx Tx) error {
		for id, rev := range batch {
			if err := m.record(tx, id, rev); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, rev := range batch {
		if m.waiting[id] == rev {
			delete(m.waiting, id)
		}
	}
	return nil
}
