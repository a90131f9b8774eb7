package nanobox

import (
	"context"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

const (
	// livingLife is how long it may take until a region that lost its place in
	// the catalog, and holds servers, is listed without plans.
	livingLife = 10 * time.Second
	// fetchLimit bounds one call of the action catalog, and coldLimit how long a
	// request waits for it: there is more to do in an order.
	fetchLimit = 60 * time.Second
	coldLimit  = 10 * time.Second
	// fetchRest is how long a backend that failed, or told what can't be sold from,
	// is left alone while something good is there.
	fetchRest = time.Minute
	// keptCatalog is the document that the last good answer is kept in.
	keptCatalog = "catalog"
)

// shelf is the catalog as it is served: from the files, or the last good one
// that the backend told.
type shelf struct {
	own      settings
	now      func() time.Time
	patience time.Duration // coldLimit

	mu       sync.Mutex
	good     *stock            // nil: none yet
	looked   bool              // whether a kept one was looked for
	fetching chan struct{}     // closed when the fetch that is running has ended; nil: none is
	failed   error             // how the last fetch went
	rest     time.Time         // until when no other is tried in the background
	living   []string          // regions that hold servers
	livingAt time.Time         // when that was asked
	extras   map[string][]byte // bodies with regions that hold servers and are sold no more
}

// stock is one catalog, encoded.
type stock struct {
	catalog catalog
	body    []byte
	at      time.Time // when the backend told it
	former  bool      // it told an earlier start, perhaps in another way
	poor    bool      // it lacks the defaults: it serves only where no other does
}

func newStock(c catalog, at time.Time) (*stock, error) {
	body, err := platform.Body(c.answer())
	return &stock{catalog: c, body: body, at: at}, err
}

func newShelf(own settings, now func() time.Time) (*shelf, error) {
	s := &shelf{own: own, now: now, patience: coldLimit}
	if own.source.backend {
		return s, nil
	}
	var err error
	s.good, err = newStock(own.catalog, time.Time{})
	return s, err
}

// begin asks the backend, whatever is kept: it may be another one, or tell
// something else, since the files were read again.
func (s *shelf) begin(ctx context.Context, servers platform.Servers) {
	if !s.own.source.backend {
		return
	}
	s.recall(ctx, servers)
	s.mu.Lock()
	done := s.fetch(ctx, servers)
	s.mu.Unlock()
	select {
	case <-done:
	case <-ctx.Done():
	}
}

// stock returns the catalog that is sold from. It waits for the backend only
// where nothing good enough is there, and not for long. The error is
// gateway.Busy: a repeat is right.
func (s *shelf) stock(ctx context.Context, servers platform.Servers) (*stock, error) {
	if !s.own.source.backend {
		return s.good, nil
	}
	s.recall(ctx, servers)
	s.mu.Lock()
	good := s.good
	servable := s.servable(good)
	fresh := servable && !good.former && !good.poor && s.now().Sub(good.at) < s.own.source.refresh
	if fresh || servable && s.fetching == nil && s.now().Before(s.rest) {
		s.mu.Unlock()
		return good, nil
	}
	done := s.fetch(ctx, servers)
	s.mu.Unlock()
	if servable {
		return good, nil
	}
	patience := time.NewTimer(s.patience)
	defer patience.Stop()
	select {
	case <-done:
		return s.fetched()
	case <-patience.C:
		return nil, gateway.Errorf(gateway.Busy, "The catalog is being read. Please try again later.")
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// servable reports whether a catalog is young enough to sell from.
func (s *shelf) servable(c *stock) bool {
	return c != nil && s.now().Sub(c.at) <= max(s.own.source.maxStale, s.own.source.refresh)
}

// fetched is what a fetch that was waited for has left.
func (s *shelf) fetched() (*stock, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return nil, &gateway.Error{Kind: gateway.Busy, Message: "The catalog can't be read at the moment. Please try again later.", Cause: s.failed}
	}
	return s.good, nil
}

// recall takes the last good catalog of an earlier start.
func (s *shelf) recall(ctx context.Context, servers platform.Servers) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.looked || s.good != nil {
		return
	}
	kept, err := servers.Kept(ctx, keptCatalog)
	if err != nil {
		s.looked = gateway.KindOf(err) == gateway.NotFound
		return
	}
	s.looked = true
	told, _, err := readCatalog(kept.Body)
	if err != nil {
		return // an older version's: the backend is asked
	}
	if stock, err := newStock(told, kept.At); err == nil {
		stock.former, stock.poor = true, s.unsold(told) != nil
		s.good = stock
	}
}

// fetch asks the backend, once at a time, and goes on when the request that
// began it has ended. s.mu is held.
func (s *shelf) fetch(ctx context.Context, servers platform.Servers) <-chan struct{} {
	if s.fetching != nil {
		return s.fetching
	}
	done := make(chan struct{})
	s.fetching = done
	go func() {
		bounded, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchLimit)
		defer cancel()
		fresh, problems, err := s.ask(bounded, servers)
		s.mu.Lock()
		defer s.mu.Unlock()
		defer close(done)
		s.fetching, s.failed = nil, err
		if err != nil || fresh.poor {
			s.rest = s.now().Add(fetchRest)
		}
		if err == nil && (!fresh.poor || !s.servable(s.good) || s.good.poor) {
			s.good, s.extras = fresh, nil
		}
		log := servers.Log()
		switch {
		case err != nil:
			log.Warn("the backend's catalog can't be used", "error", err, "problems", problems)
		case len(problems) > 0:
			log.Warn("the backend's catalog has mistakes", "problems", problems)
		}
	}()
	return done
}

// ask makes one call, and keeps what it told for the next start. problems are
// what an operator should know of it.
func (s *shelf) ask(ctx context.Context, servers platform.Servers) (fresh *stock, problems []string, err error) {
	shown := credentials{}
	defer func() { // nothing above would stop it
		if cause := recover(); cause != nil {
			fresh, err = nil, shown.hidden(fmt.Errorf("panic: %v\n%s", cause, debug.Stack()))
		}
	}()
	call := gateway.ActionCall{Action: gateway.ActionCatalog, Credential: map[string]gateway.Secret{}, Args: map[string]any{}, Timeout: fetchLimit}
	for _, f := range s.own.credentials {
		shown[f.key] = s.own.source.credentials[f.key]
		call.Credential[f.key] = shown[f.key]
	}
	outputs, err := servers.Ask(ctx, call)
	if err != nil {
		return nil, nil, shown.hidden(err)
	}
	told, problems, err := readCatalog(outputs)
	if err != nil {
		return nil, problems, err
	}
	if fresh, err = newStock(told, s.now()); err != nil {
		return nil, problems, err
	}
	if err := s.unsold(told); err != nil {
		fresh.poor = true
		return fresh, append(problems, err.Error()), nil
	}
	if err := servers.Keep(ctx, keptCatalog, outputs); err != nil {
		problems = append(problems, "it is not kept for the next start: "+err.Error())
	}
	return fresh, problems, nil
}

// unsold tells that /meta names defaults that the backend does not sell.
func (s *shelf) unsold(told catalog) error {
	d := s.own.defaults
	if _, p, err := told.ordered(d.region, d.size); err != nil || p.id != d.plan {
		return fmt.Errorf("the default region %q, plan %q and size %q are not in it", d.region, d.plan, d.size)
	}
	return nil
}

// body is what GET /catalog answers: what is sold, and regions that hold
// servers still.
func (s *shelf) body(ctx context.Context, servers platform.Servers) ([]byte, error) {
	stock, err := s.stock(ctx, servers)
	if err != nil {
		return nil, err
	}
	extra := stock.catalog.missing(s.regions(ctx, servers))
	if len(extra) == 0 {
		return stock.body, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	key := strings.Join(extra, "\x00")
	if body, ok := s.extras[key]; ok && stock == s.good {
		return body, nil
	}
	body, err := platform.Body(stock.catalog.answer(extra...))
	if err == nil && stock == s.good {
		s.extras = map[string][]byte{key: body}
	}
	return body, err
}

// regions are those that hold servers. Where that can't be told, the last that
// were known serve: the catalog must not fail for it.
func (s *shelf) regions(ctx context.Context, servers platform.Servers) []string {
	s.mu.Lock()
	known, at := s.living, s.livingAt
	s.mu.Unlock()
	if !at.IsZero() && s.now().Sub(at) < livingLife {
		return known
	}
	found, err := servers.Regions(ctx)
	if err != nil {
		platform.NoteError(ctx, err)
		return known
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.living, s.livingAt = found, s.now()
	return found
}
