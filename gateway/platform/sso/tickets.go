package sso

import (
	"container/list"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"sync"
	"time"
)

// Tickets hands out random texts, each of which stands for a value until its
// time is over: a code that works once, a session. Only digests of the texts
// are kept. It is safe for concurrent use.
type Tickets[T any] struct {
	most int
	now  func() time.Time

	mu    sync.Mutex
	byKey map[[sha256.Size]byte]*list.Element
	order *list.List            // of ticket[T], oldest first
	held  map[string]*list.List // by holder: the holder's elements of order, oldest first
}

type ticket[T any] struct {
	key    [sha256.Size]byte
	value  T
	until  time.Time
	holder string
	own    *list.Element // in held
}

// mostOfOne is how many tickets one holder may have: whoever repeats a good
// sign-on again and again loses their own, and nobody else's.
const mostOfOne = 50

// NewTickets makes Tickets that remember at most so many: one more, and the
// oldest is forgotten.
func NewTickets[T any](most int, now func() time.Time) *Tickets[T] {
	return &Tickets[T]{
		most: most, now: now,
		byKey: map[[sha256.Size]byte]*list.Element{}, order: list.New(), held: map[string]*list.List{},
	}
}

// Issue returns a new text of 43 characters that stands for value until then,
// and belongs to a holder, such as a resource. The text fits into a URL, a
// cookie and a form as it is.
func (t *Tickets[T]) Issue(holder string, value T, until time.Time) string {
	var random [32]byte
	_, _ = rand.Read(random[:]) // never fails: crypto/rand ends the process instead
	text := base64.RawURLEncoding.EncodeToString(random[:])
	key := sha256.Sum256([]byte(text))

	t.mu.Lock()
	defer t.mu.Unlock()
	for e := t.order.Front(); e != nil && (t.order.Len() >= t.most || t.over(e)); e = t.order.Front() {
		t.remove(e)
	}
	of := t.held[holder]
	if of == nil {
		of = list.New()
	} else if of.Len() >= mostOfOne {
		t.remove(of.Front().Value.(*list.Element))
	}
	t.held[holder] = of
	own := of.PushBack(nil)
	own.Value = t.order.PushBack(ticket[T]{key: key, value: value, until: until, holder: holder, own: own})
	t.byKey[key] = own.Value.(*list.Element)
	return text
}

// Look returns what text stands for; ok is false when it stands for nothing,
// or no more.
func (t *Tickets[T]) Look(text string) (value T, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.find(text)
	if e == nil {
		return value, false
	}
	return e.Value.(ticket[T]).value, true
}

// Take is Look for the only time: the text stands for nothing afterwards.
func (t *Tickets[T]) Take(text string) (value T, ok bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	e := t.find(text)
	if e == nil {
		return value, false
	}
	t.remove(e)
	return e.Value.(ticket[T]).value, true
}

// find returns a ticket whose time is not over. The lock is held.
func (t *Tickets[T]) find(text string) *list.Element {
	e, ok := t.byKey[sha256.Sum256([]byte(text))]
	if !ok {
		return nil
	}
	if t.over(e) {
		t.remove(e)
		return nil
	}
	return e
}

func (t *Tickets[T]) over(e *list.Element) bool {
	return !t.now().Before(e.Value.(ticket[T]).until)
}

func (t *Tickets[T]) remove(e *list.Element) {
	gone := e.Value.(ticket[T])
	delete(t.byKey, gone.key)
	t.order.Remove(e)
	of := t.held[gone.holder]
	of.Remove(gone.own)
	if of.Len() == 0 {
		delete(t.held, gone.holder)
	}
}
