package sso

import (
	"crypto/sha256"
	"sync"
	"time"
)

// Spent remembers what must not be used again, such as the proof of a sign-on,
// until it is too old anyway. Only digests are kept. It lives in the memory of
// one process and is safe for concurrent use.
type Spent struct {
	most int
	now  func() time.Time

	mu    sync.Mutex
	until map[[sha256.Size]byte]time.Time
	swept time.Time
}

// NewSpent makes a Spent that remembers at most so many proofs. One more is
// refused: whoever can sign that often within a window is no customer.
func NewSpent(most int, now func() time.Time) *Spent {
	return &Spent{most: most, now: now, until: map[[sha256.Size]byte]time.Time{}}
}

// sweepEvery is how often what is over is forgotten.
const sweepEvery = time.Minute

// Spend reports whether proof was not spent before, and remembers it.
func (s *Spent) Spend(proof string, until time.Time) bool {
	key, now := sha256.Sum256([]byte(proof)), s.now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if now.Sub(s.swept) >= sweepEvery || len(s.until) >= s.most {
		s.sweep(now)
	}
	if end, spent := s.until[key]; spent && !now.After(end) || len(s.until) >= s.most {
		return false
	}
	s.until[key] = until
	return true
}

// sweep forgets what is over. The lock is held.
func (s *Spent) sweep(now time.Time) {
	s.swept = now
	for key, end := range s.until {
		if now.After(end) {
			delete(s.until, key)
		}
	}
}
