package lifecycle

import (
	"context"
	"errors"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// Scoped is the engine for one add-on on one platform: resources of others do
// not exist in it. Its errors are *gateway.Error.
//
// Provision, ChangePlan, Suspend and Resume write their intent before anything
// happens and wait at most the scope's budget, however small. A caller that goes away, or whose budget ends,
// changes nothing about the operation.
type Scoped struct {
	engine *Engine
	scope  gateway.Scope
	active *active // nil: the one that is active when a call arrives
}

// configuration returns the one that calls are judged by.
func (s *Scoped) configuration() (*active, error) {
	a, err := s.engine.configuration()
	if err == nil && s.active != nil {
		a = s.active
	}
	return a, err
}

// defaultBudget holds for a scope that names none.
const defaultBudget = 25 * time.Second

// budget starts the clock of one request: spent is closed when it has run out.
func (s *Scoped) budget() (spent <-chan struct{}, stop func()) {
	limit := s.scope.Budget
	if limit <= 0 {
		limit = defaultBudget
	}
	clock, stop := context.WithTimeout(context.Background(), limit)
	return clock.Done(), stop
}

// orderBudget starts the clock of an order.
func (s *Scoped) orderBudget() (spent <-chan struct{}, stop func()) {
	if s.scope.Accepts && s.scope.AtOnce {
		over := make(chan struct{})
		close(over)
		return over, func() {}
	}
	return s.budget()
}

// Resource returns a resource by its provider id. One that never existed is
// gateway.NotFound; a deprovisioned one is returned as it is.
func (s *Scoped) Resource(ctx context.Context, id string) (gateway.Resource, error) {
	r, err := s.record(ctx, id)
	if err != nil {
		return gateway.Resource{}, err
	}
	facts, err := s.engine.facts(r)
	if err != nil {
		return gateway.Resource{}, unreadable(err)
	}
	return facts, nil
}

// Delivered records that a 2xx answer with this delivery's config was written.
// The mark is durable a moment later; see marks.
func (s *Scoped) Delivered(_ context.Context, d gateway.Delivery) error {
	if d.Resource.ConfigRev > d.Resource.DeliveredRev {
		s.engine.marks.add(d.Resource.ID, d.Resource.ConfigRev)
	}
	return nil
}

// record finds a resource of the scope by its provider id.
func (s *Scoped) record(ctx context.Context, id string) (ResourceRecord, error) {
	r, err := s.engine.store.ResourceByProviderID(ctx, s.scope.Platform, s.scope.Addon, id)
	if errors.Is(err, ErrNotFound) {
		return ResourceRecord{}, gateway.Errorf(gateway.NotFound, "There is no such resource.")
	}
	if err != nil {
		return ResourceRecord{}, unrecorded(err)
	}
	return r, nil
}

// judged has act judge the resource as it is recorded and do what is asked of
// it, again where others changed it meanwhile.
func (s *Scoped) judged(ctx context.Context, id string, act func(a *active, budget <-chan struct{}, found ResourceRecord) (gateway.Delivery, error)) (gateway.Delivery, error) {
	a, err := s.configuration()
	if err != nil {
		return gateway.Delivery{}, err
	}
	budget, stop := s.budget()
	defer stop()
	return untilSettled(func() (gateway.Delivery, error) {
		found, err := s.record(ctx, id)
		if err != nil {
			return gateway.Delivery{}, err
		}
		return act(a, budget, found)
	})
}

// conflicts bounds how often a request starts over because others changed the
// same resource meanwhile. Each start-over means that somebody else got on.
const conflicts = 50

// errAgain: the rows changed between reading and writing; look again.
var errAgain = errors.New("the resource was changed meanwhile")

// again reports whether a write failed only because the rows had changed.
func again(err error) bool {
	for _, known := range []error{errAgain, ErrTaken, ErrShortIDTaken, ErrStale, ErrLaneBusy} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// untilSettled repeats f while it only lost races against other requests.
func untilSettled(f func() (gateway.Delivery, error)) (gateway.Delivery, error) {
	var err error
	for range conflicts {
		var d gateway.Delivery
		if d, err = f(); err == nil {
			return d, nil
		}
		if !again(err) {
			return gateway.Delivery{}, classified(err)
		}
	}
	return gateway.Delivery{}, &gateway.Error{
		Kind: gateway.Busy, Message: "The service is being changed by others. Please try again.",
		Cause: err, RetryAfter: repeatAfter,
	}
}

// liveOf returns the live operation of verb among live, which are in the order
// of their lane; the last one where there are several.
func liveOf(live []OperationRecord, verb backend.Verb) (OperationRecord, bool) {
	for i := len(live) - 1; i >= 0; i-- {
		if live[i].Verb == string(verb) {
			return live[i], true
		}
	}
	return OperationRecord{}, false
}
