package lifecycle_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/lifecycle"
)

// soon is how soon a rig that pushes does so.
const soon = 20 * time.Millisecond

// moon is the own API of the platform that the tests sell on.
type moon struct {
	t testing.TB

	mu     sync.Mutex
	early  map[string]bool // external ids whose order is being handled: nobody may call
	pushes map[string][]string
	ready  map[string][]string // what orders were completed with
	calls  map[string]int      // by "push ext-1"
	listed []gateway.Listed
	byApp  bool // it lists applications
	told   gateway.Particulars

	// before may fail or hold a call; it may be nil. what is "fetch", "push" or
	// "complete".
	before func(ctx context.Context, what string, r gateway.Resource) error
	// after runs once the platform has acted.
	after func(what string, r gateway.Resource) error
	gone  bool // the configuration does not have it
}

func newMoon(t testing.TB) *moon {
	return &moon{
		t: t, early: map[string]bool{}, pushes: map[string][]string{}, ready: map[string][]string{}, calls: map[string]int{},
		told: gateway.Particulars{
			Name: "my database", Owner: gateway.Owner{Name: "Zoë", Email: "zoe@acme.example"}, Emails: []string{"zoe@acme.example", "bob@acme.example"},
		},
	}
}

// newMoonRig is a rig whose platform has an API. What is undelivered is not
// pushed while a test may last.
func newMoonRig(t testing.TB) *rig { return newPushRig(t, time.Hour) }

// newPushRig is a rig that pushes what is undelivered after a while.
func newPushRig(t testing.TB, pushAfter time.Duration) *rig {
	r := newRig(t)
	r.moon, r.pushAfter = newMoon(t), pushAfter
	r.restart()
	return r
}

func (r *rig) platforms() lifecycle.Platforms {
	if r.moon == nil {
		return nil
	}
	return r.moon
}

var _ lifecycle.Platforms = (*moon)(nil)

// Platform makes a moon the Platforms of its engine.
func (m *moon) Platform(name, addon string) (lifecycle.Platform, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m, !m.gone && name == platformName && addon == addonName
}

func (m *moon) Scopes() []gateway.Scope {
	m.mu.Lock()
	defer m.mu.Unlock()
	return []gateway.Scope{{Platform: platformName, Addon: addonName, ListsApps: m.byApp}}
}

func (m *moon) set(change func(*moon)) {
	m.mu.Lock()
	defer m.mu.Unlock()
	change(m)
}

// fail makes calls of one sort fail until err is nil.
func (m *moon) fail(what string, err error) {
	m.set(func(m *moon) {
		m.before = func(_ context.Context, w string, _ gateway.Resource) error {
			if w == what {
				return err
			}
			return nil
		}
	})
}

func (m *moon) enter(ctx context.Context, what string, r gateway.Resource) error {
	m.mu.Lock()
	m.calls[what+" "+r.ExternalID]++
	if m.early[r.ExternalID] {
		m.t.Errorf("%s of %s is called while its order is handled", what, r.ExternalID)
	}
	before := m.before
	m.mu.Unlock()
	if before == nil {
		return nil
	}
	return before(ctx, what, r)
}

func (m *moon) leave(what string, r gateway.Resource) error {
	m.mu.Lock()
	after := m.after
	m.mu.Unlock()
	if after == nil {
		return nil
	}
	return after(what, r)
}

func (m *moon) Particulars(ctx context.Context, r gateway.Resource) (gateway.Particulars, error) {
	if err := m.enter(ctx, "fetch", r); err != nil {
		return gateway.Particulars{}, err
	}
	m.mu.Lock()
	told := m.told
	m.mu.Unlock()
	return told, m.leave("fetch", r)
}

func (m *moon) Push(ctx context.Context, r gateway.Resource, vars []gateway.ConfigVar) error {
	if err := m.enter(ctx, "push", r); err != nil {
		return err
	}
	m.mu.Lock()
	m.pushes[r.ExternalID] = append(m.pushes[r.ExternalID], vars[0].Value.Reveal())
	m.mu.Unlock()
	return m.leave("push", r)
}

func (m *moon) Complete(ctx context.Context, r gateway.Resource, vars []gateway.ConfigVar) error {
	if err := m.enter(ctx, "complete", r); err != nil {
		return err
	}
	m.mu.Lock()
	m.ready[r.ExternalID] = append(m.ready[r.ExternalID], vars[0].Value.Reveal())
	m.mu.Unlock()
	return m.leave("complete", r)
}

// completed returns what an order was completed with.
func (m *moon) completed(id string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.ready[id]...)
}

func (m *moon) List(ctx context.Context) ([]gateway.Listed, error) {
	if err := m.enter(ctx, "list", gateway.Resource{}); err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.listed, nil
}

// pushed returns what was pushed for an order.
func (m *moon) pushed(id string) []string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]string(nil), m.pushes[id]...)
}

func (m *moon) called(what, id string) int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.calls[what+" "+id]
}

// deliver tells the engine that an answer has reached the platform.
func (r *rig) deliver(d gateway.Delivery) {
	r.t.Helper()
	if err := r.scoped().Delivered(context.Background(), d); err != nil {
		r.t.Fatal(err)
	}
}

// restedAs waits until nothing of a resource is live and its story is as told.
func (r *rig) restedAs(id, story string) {
	r.t.Helper()
	deadline := time.Now().Add(10 * time.Second)
	for r.story(id) != story {
		if time.Now().After(deadline) {
			r.t.Fatalf("the story is %q, want %q", r.story(id), story)
		}
		time.Sleep(2 * time.Millisecond)
	}
}
