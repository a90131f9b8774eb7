package standin

import (
	"crypto/subtle"
	"net/http"
	"strings"
	"sync"
)

// Counter is where calls arrive. It is safe for concurrent use.
type Counter struct {
	username, password string

	mu     sync.Mutex
	faults []Fault
}

// NewCounter makes a Counter for the provider with these credentials.
func NewCounter(username, password string) *Counter {
	return &Counter{username: username, password: password}
}

func (c *Counter) authentic(r *http.Request) bool {
	username, password, ok := r.BasicAuth()
	return ok && subtle.ConstantTimeCompare([]byte(username), []byte(c.username)) == 1 &&
		subtle.ConstantTimeCompare([]byte(password), []byte(c.password)) == 1
}

// Fail adds a fault. Of several that fit the oldest happens.
func (c *Counter) Fail(f Fault) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = append(c.faults, f)
}

// Heal clears all faults.
func (c *Counter) Heal() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.faults = nil
}

// Answer is the truth, unless a fault happens instead. Without the provider's
// credentials it is the refusal.
func (c *Counter) Answer(r *http.Request, refusal Answer, truth func() Answer) Answer {
	if !c.authentic(r) {
		return refusal
	}
	f, faulty := c.next(r)
	if !faulty {
		return truth()
	}
	if f.Done {
		_ = truth()
	}
	return f.answer(r)
}

func (c *Counter) next(r *http.Request) (Fault, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i, f := range c.faults {
		if f.Method != "" && f.Method != r.Method || !strings.Contains(r.URL.Path, f.Path) {
			continue
		}
		if f.Times == 1 {
			c.faults = append(c.faults[:i:i], c.faults[i+1:]...)
		} else if f.Times > 1 {
			c.faults[i].Times--
		}
		return f, true
	}
	return Fault{}, false
}
