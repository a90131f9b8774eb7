package platformtest

import (
	"context"
	"sync/atomic"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// Failing is a platform.Lifecycle whose every method calls Fail. It counts the
// calls, so that a test can prove that none was made.
type Failing struct {
	Fail  func() error
	calls atomic.Int64
}

var _ platform.Lifecycle = (*Failing)(nil)

// Calls returns how often it was asked for anything.
func (f *Failing) Calls() int64 { return f.calls.Load() }

func (f *Failing) fail() error {
	f.calls.Add(1)
	return f.Fail()
}

// Provision implements platform.Lifecycle.
func (f *Failing) Provision(context.Context, gateway.Order) (gateway.Delivery, error) {
	return gateway.Delivery{}, f.fail()
}

// ChangePlan implements platform.Lifecycle.
func (f *Failing) ChangePlan(context.Context, string, string) (gateway.Delivery, error) {
	return gateway.Delivery{}, f.fail()
}

// Deprovision implements platform.Lifecycle.
func (f *Failing) Deprovision(context.Context, string) (gateway.Delivery, error) {
	return gateway.Delivery{}, f.fail()
}

// Suspend implements platform.Lifecycle.
func (f *Failing) Suspend(context.Context, string, string) (gateway.Delivery, error) {
	return gateway.Delivery{}, f.fail()
}

// Resume implements platform.Lifecycle.
func (f *Failing) Resume(context.Context, string) (gateway.Delivery, error) {
	return gateway.Delivery{}, f.fail()
}

// Resource implements platform.Lifecycle.
func (f *Failing) Resource(context.Context, string) (gateway.Resource, error) {
	return gateway.Resource{}, f.fail()
}

// Delivered implements platform.Lifecycle.
func (f *Failing) Delivered(context.Context, gateway.Delivery) error { return f.fail() }
