package conformance

import (
	"context"
	"net/http"
	"sync"
	"time"

	"github.com/addongw/addongw/spec"
)

// Session is one check of a run, as a Check in Go sees it.
type Session struct {
	Provider Provider
	Client   Client
	StandIn  StandIn       // being served; nil: the provider cannot reach one
	Patience time.Duration // how long a promised resource is waited for
	Wait     time.Duration // how long a server may take until it can be used

	run *run

	mu    sync.Mutex
	calls []Call // of this check
}

// Send sends a request. It is noted in the report, and what it makes is
// removed at the end of the run. A request that is on its way is not given up
// when ctx ends: only its answer says what has to be removed.
func (s *Session) Send(ctx context.Context, r Request) (Call, error) {
	if ctx.Err() != nil {
		return Call{Request: r, Err: errNotSent}, errNotSent
	}
	if s.StandIn != nil {
		s.StandIn.Sent(r)
	}
	call, err := s.run.sender.Send(context.WithoutCancel(ctx), r)
	if s.StandIn != nil && err == nil {
		s.StandIn.Answered(r, call.Answer)
	}
	s.run.note(call)
	call.Unsettled = err == nil && call.Answer.Status == http.StatusAccepted && !s.settle(ctx, call)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls = append(s.calls, call)
	return call, err
}

// settle waits for what was promised: a platform does nothing with it before.
func (s *Session) settle(ctx context.Context, c Call) bool {
	settler, ok := s.StandIn.(Settler)
	return ok && settler.Settle(ctx, c.Request, c.Answer, s.Patience)
}

// Shared is what checks of one run hand to each other: they run one after
// another.
func (s *Session) Shared() map[string]any { return s.run.shared }

// Hold keeps something that the run has made from being removed after the check.
func (s *Session) Hold(collection, id string) { s.run.ledger.hold(collection, id) }

// Alive reports whether something that the run has made is still there, as far
// as anybody knows.
func (s *Session) Alive(collection, id string) bool { return s.run.ledger.alive(collection, id) }

// provide finds what an exchange mentions; why is empty where there is no such
// thing.
func (s *Session) provide(ctx context.Context, name string) (known spec.Vars, why string) {
	if s.run.servers == nil {
		return nil, ""
	}
	return s.run.servers.Provide(ctx, s, name)
}

// Calls returns everything that the run has sent so far.
func (s *Session) Calls() []Call {
	s.run.mu.Lock()
	defer s.run.mu.Unlock()
	return append([]Call(nil), s.run.calls...)
}
