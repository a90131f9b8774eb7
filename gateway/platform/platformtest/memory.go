package platformtest

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/secret"
)

// Memory is a platform.Lifecycle that keeps its promises in memory: repeats,
// conflicts and dead ids are those of the engine, and every backend succeeds
// at once. It is safe for concurrent use.
type Memory struct {
	scope   gateway.Scope
	names   []string
	slow    bool
	options []string // that orders may have; nil: any

	mu         sync.Mutex
	byExternal map[string]*gateway.Resource
	byProvider map[string]*gateway.Resource
	orders     []gateway.Order
	delivered  []gateway.Delivery
}

var _ platform.Lifecycle = (*Memory)(nil)

// NewMemory makes a Memory whose resources have config vars of these names.
func NewMemory(scope gateway.Scope, configVars ...string) *Memory {
	return &Memory{
		scope: scope, names: configVars,
		byExternal: map[string]*gateway.Resource{},
		byProvider: map[string]*gateway.Resource{},
	}
}

// Offer makes options of any other name be refused, as those are that the
// files of a gateway do not declare.
func (m *Memory) Offer(options ...string) *Memory {
	m.options = append([]string{}, options...)
	return m
}

// Slow makes new resources stay in provisioning, as they do with a slow backend
// when the budget runs out on a platform that accepts; Finish ends that.
func (m *Memory) Slow() *Memory {
	m.slow = true
	return m
}

// Finish makes every resource that is being provisioned active.
func (m *Memory) Finish() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.slow = false
	for _, r := range m.byProvider {
		if r.State == gateway.Provisioning {
			r.State = gateway.Active
		}
	}
}

// Orders returns the orders it was given, repeats included.
func (m *Memory) Orders() []gateway.Order {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]gateway.Order(nil), m.orders...)
}

// Deliveries returns what it was told had reached the platform.
func (m *Memory) Deliveries() []gateway.Delivery {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]gateway.Delivery(nil), m.delivered...)
}

// Count returns how many resources were ever made.
func (m *Memory) Count() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.byProvider)
}

// Provision implements platform.Lifecycle.
func (m *Memory) Provision(_ context.Context, o gateway.Order) (gateway.Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.orders = append(m.orders, o)
	r, ok := m.byExternal[o.ExternalID]
	if ok && r.State == gateway.Deprovisioned {
		if m.scope.DeadID == gateway.DeadIDGone {
			return gateway.Delivery{}, gateway.Errorf(gateway.Gone, "This resource was removed.")
		}
		ok = false
	}
	if !ok {
		if m.refuses(o) {
			return gateway.Delivery{}, gateway.Errorf(gateway.Refused, "There is no such option.")
		}
		r = m.make(o)
	}
	if r.Plan != o.Plan || r.Region != o.Region || !maps.Equal(r.Options, o.Options) {
		return gateway.Delivery{}, gateway.Errorf(gateway.Conflict, "This id was ordered differently before.")
	}
	if r.State == gateway.Provisioning {
		return gateway.Delivery{Resource: *r}, nil
	}
	return m.deliver(r, "is ready."), nil
}

// refuses reports whether an order has an option that is not offered.
func (m *Memory) refuses(o gateway.Order) bool {
	for name := range o.Options {
		if m.options != nil && !slices.Contains(m.options, name) {
			return true
		}
	}
	return false
}

// make adds a resource. The lock is held.
func (m *Memory) make(o gateway.Order) *gateway.Resource {
	id := fmt.Sprintf("res_%026d", len(m.byProvider))
	r := &gateway.Resource{
		ID: id, ProviderID: id, ShortID: id[len(id)-12:], Kind: gateway.KindAddon,
		Platform: m.scope.Platform, Addon: m.scope.Addon, ExternalID: o.ExternalID,
		Plan: o.Plan, Region: o.Region, Name: o.Name, App: o.App, Options: o.Options, Owner: o.Owner,
		UserID: o.UserID, CallbackURL: o.CallbackURL, LogToken: o.LogToken, LogDrainURL: o.LogDrainURL,
		State: gateway.Active, ConfigRev: 1,
	}
	if m.slow {
		r.State, r.Accepted = gateway.Provisioning, true
	}
	m.byExternal[o.ExternalID], m.byProvider[id] = r, r
	return r
}

// ChangePlan implements platform.Lifecycle.
func (m *Memory) ChangePlan(_ context.Context, id, plan string) (gateway.Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, err := m.living(id)
	if err != nil {
		return gateway.Delivery{}, err
	}
	r.Plan = plan
	return m.deliver(r, "has another plan."), nil
}

// Suspend implements platform.Lifecycle.
func (m *Memory) Suspend(_ context.Context, id, reason string) (gateway.Delivery, error) {
	return m.move(id, gateway.Suspended, reason)
}

// Resume implements platform.Lifecycle.
func (m *Memory) Resume(_ context.Context, id string) (gateway.Delivery, error) {
	return m.move(id, gateway.Active, "")
}

// move suspends or resumes; neither has a message.
func (m *Memory) move(id string, to gateway.State, reason string) (gateway.Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, err := m.living(id)
	if err != nil {
		return gateway.Delivery{}, err
	}
	r.State, r.Reason = to, reason
	return gateway.Delivery{Resource: *r}, nil
}

// living finds a resource that was not removed. The lock is held.
func (m *Memory) living(id string) (*gateway.Resource, error) {
	r, ok := m.byProvider[id]
	switch {
	case !ok:
		return nil, errUnknown()
	case r.State == gateway.Deprovisioned:
		return nil, gateway.Errorf(gateway.Gone, "This resource was removed.")
	}
	return r, nil
}

// Deprovision implements platform.Lifecycle.
func (m *Memory) Deprovision(_ context.Context, id string) (gateway.Delivery, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.byProvider[id]
	if !ok {
		return gateway.Delivery{}, errUnknown()
	}
	if r.State != gateway.Deprovisioned {
		r.State, r.DeletedAt = gateway.Deprovisioned, time.Now()
	}
	return gateway.Delivery{Resource: *r, Message: r.Addon + " is removed."}, nil
}

// Resource implements platform.Lifecycle.
func (m *Memory) Resource(_ context.Context, id string) (gateway.Resource, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	r, ok := m.byProvider[id]
	if !ok {
		return gateway.Resource{}, errUnknown()
	}
	return *r, nil
}

// Delivered implements platform.Lifecycle.
func (m *Memory) Delivered(_ context.Context, d gateway.Delivery) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.delivered = append(m.delivered, d)
	return nil
}

// deliver renders config vars that stay the same for the life of a resource.
func (m *Memory) deliver(r *gateway.Resource, message string) gateway.Delivery {
	vars := make([]gateway.ConfigVar, 0, len(m.names))
	for _, name := range m.names {
		vars = append(vars, gateway.ConfigVar{Name: name, Value: secret.New("value of " + name + " & " + r.ID), Sensitive: true})
	}
	return gateway.Delivery{Resource: *r, ConfigVars: vars, Message: r.Addon + " " + message}
}

func errUnknown() error { return gateway.Errorf(gateway.NotFound, "There is no such resource.") }
