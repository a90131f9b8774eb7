package lifecycle

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

const (
	lookLimit = 5 * time.Second // somebody waits, and asks again
	lookAgain = 3 * time.Second // platforms poll: backends are not asked as often
	looksKept = 10 * time.Minute

	looksBatch = 256 // servers between two times of forgetting the others
)

// looks remembers when a backend was last asked about a server, and lets one
// request at a time ask.
type looks struct {
	mu   sync.Mutex
	last map[string]*look
}

type look struct {
	asking  chan struct{} // closed when the request that asks has its answer; nil: nobody asks
	tried   time.Time     // when somebody last asked
	at      time.Time     // when the backend last answered
	missing bool          // it did not know the server
}

func newLooks() *looks { return &looks{last: map[string]*look{}} }

func (l *looks) at(id string) time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	if one, ok := l.last[id]; ok {
		return one.at
	}
	return time.Time{}
}

// begin returns done where the caller is to ask now. Otherwise somebody has asked
// a moment ago, or does: then it waits for that, or for the end of ctx.
func (l *looks) begin(ctx context.Context, id string) (done func(missing, answered bool), missing bool) {
	l.mu.Lock()
	one, ok := l.last[id]
	if !ok {
		if len(l.last)%looksBatch == 0 {
			l.forget()
		}
		one = &look{}
		l.last[id] = one
	}
	if asking := one.asking; asking != nil {
		l.mu.Unlock()
		select {
		case <-asking:
		case <-ctx.Done():
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		return nil, one.missing
	}
	defer l.mu.Unlock()
	if time.Since(one.tried) < lookAgain {
		return nil, one.missing
	}
	asking := make(chan struct{})
	one.asking = asking
	return func(missing, answered bool) {
		l.mu.Lock()
		defer l.mu.Unlock()
		one.asking, one.tried = nil, time.Now()
		if answered {
			one.at, one.missing = one.tried, missing
		}
		close(asking)
	}, false
}

// forget drops what nobody has asked about for long. The mutex is held.
func (l *looks) forget() {
	for id, one := range l.last {
		if one.asking == nil && time.Since(one.tried) > looksKept {
			delete(l.last, id)
		}
	}
}

// Look is Server after the backend was asked. See platform.Servers.
func (s *Servers) Look(ctx context.Context, caller gateway.Caller, id string) (gateway.Server, error) {
	e := s.of.engine
	found, live, err := s.find(ctx, caller, gateway.KindServer, id)
	if err != nil {
		return gateway.Server{}, err
	}
	server, err := e.server(found, live)
	if err != nil || found.State != gateway.Active || server.Doing != "" {
		return server, err
	}
	done, missing := e.looks.begin(ctx, found.ID)
	if done == nil {
		return s.seen(ctx, caller, id, missing)
	}
	return s.seen(ctx, caller, id, s.lookNow(ctx, caller, found, server.Ref, done))
}

// lookNow asks the backend and records what it said. missing: it does not know
// the server.
func (s *Servers) lookNow(ctx context.Context, caller gateway.Caller, found ResourceRecord, ref string, done func(missing, answered bool)) (missing bool) {
	answered := false
	defer func() { done(missing, answered) }()
	said, err := s.askAbout(ctx, caller, found, ref)
	var failure *backend.Failure
	missing = errors.As(err, &failure) && failure.Class == backend.NotFound
	if err == nil {
		err = s.learn(ctx, found, said)
	}
	answered = err == nil || missing
	if !answered {
		e := s.of.engine
		e.log.Warn("server not looked at: what was known before is told", "resource", found.ID, "backend", found.Backend, "error", e.cleanText(err.Error(), opOf(caller)))
	}
	return missing
}

// seen is Server with what the backend did not know.
func (s *Servers) seen(ctx context.Context, caller gateway.Caller, id string, missing bool) (gateway.Server, error) {
	server, err := s.Server(ctx, caller, id)
	server.Missing = missing
	return server, err
}

// opOf is an input of which only the credentials are known, for cleanText.
func opOf(caller gateway.Caller) backend.Op {
	return backend.Op{Credential: revealed(caller.Credential)}
}

// askAbout calls get_server.
func (s *Servers) askAbout(ctx context.Context, caller gateway.Caller, found ResourceRecord, ref string) (backend.Value, error) {
	a, err := s.of.configuration()
	if err != nil {
		return backend.Value{}, err
	}
	facts, err := s.of.engine.vault.resource(found)
	if err != nil {
		return backend.Value{}, err
	}
	call, err := s.of.engine.readCall(a, facts, found)
	if err != nil {
		return backend.Value{}, err
	}
	call.Verb, call.Action, call.Op.Credential = backend.VerbInvoke, gateway.ActionGetServer, revealed(caller.Credential)
	if call.Args, err = valueOf(map[string]any{saidRef: ref}); err != nil {
		return backend.Value{}, err
	}
	said, err := s.of.engine.ask(ctx, a, found.Backend, call, lookLimit)
	if err != nil {
		return said, err
	}
	if why := s.of.engine.judgeSaid(a, facts, gateway.ActionGetServer, said); why != nil {
		return said, fmt.Errorf("what get_server answered: %w", why)
	}
	return said, nil
}

// learn records what a backend said of a server.
func (s *Servers) learn(ctx context.Context, found ResourceRecord, said backend.Value) error {
	e := s.of.engine
	recorded, err := e.vault.outputs(found)
	if err != nil {
		return err
	}
	merged, changed, err := withSaid(recorded, said)
	if err != nil || !changed {
		return err
	}
	next := found
	if next.OutputsSealed, err = e.vault.sealValue(merged, resourceAD(found.ID, outputsColumn)); err != nil {
		return err
	}
	err = e.store.Update(context.WithoutCancel(ctx), func(tx Tx) error {
		_, err := amend(next)(tx)
		return err
	})
	if errors.Is(err, ErrStale) {
		return nil // it was changed meanwhile; the next look sees
	}
	return err
}

// Ask makes one call of an action. See platform.Servers.
func (s *Servers) Ask(ctx context.Context, q gateway.ActionCall) (json.RawMessage, error) {
	e := s.of.engine
	a, err := s.of.configuration()
	if err != nil {
		return nil, err
	}
	facts := gateway.Resource{Kind: gateway.KindServer, Platform: s.of.scope.Platform, Addon: s.of.scope.Addon, Region: q.Region, Plan: q.Size}
	offer, err := a.catalog.Offer(facts.Platform, facts.Addon, q.Size, q.Region)
	if err != nil {
		return nil, classified(err)
	}
	facts.Backend = offer.Backend
	call := Call{Verb: backend.VerbInvoke, Action: q.Action}
	if call.Op, err = a.catalog.Op(facts, backend.Value{}, backend.Value{}); err != nil {
		return nil, classified(err)
	}
	if call.Args, err = valueOf(q.Args); err != nil {
		return nil, gateway.Fault(err)
	}
	call.Op.Addon, call.Op.Attempt, call.Op.Credential = facts.Addon, 1, revealed(q.Credential)
	said, err := e.ask(ctx, a, facts.Backend, call, q.Timeout)
	if err == nil {
		var text json.RawMessage
		if text, err = jsonOf(said); err == nil {
			return text, nil
		}
		err = backend.Failf(backend.Internal, "what %s answered: %v", q.Action, err)
	}
	reason := e.cleanText(err.Error(), call.Op)
	told := answerFor(asFailure(err), q.Action, func(text string) string { return e.cleanText(text, call.Op) })
	return nil, &gateway.Error{Kind: told.kind, Message: told.message, Cause: errors.New(q.Action + ": " + reason)}
}

// ask makes a call that a request waits for. Each action has slots of its own: a
// catalog that is fetched, or a server that does not answer, keeps nobody's
// credentials from being verified.
func (e *Engine) ask(ctx context.Context, a *active, name string, call Call, limit time.Duration) (backend.Value, error) {
	result, err := e.waitedCall(ctx, a, name, queue(asksQueue+" "+call.Action), call, limit)
	return result.Outputs, err
}
