package nanobox

import (
	"context"
	"errors"
	"log/slog"
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
	// fetchLimit bounds one call of the action catalog; fetchRest is how long a
	// backend that failed is left alone while something good is there.
	fetchLimit = 60 * time.Second
	fetchRest  = 30 * time.Second
	// keptCatalog is the document that the last good answer is kept in.
	keptCatalog = "catalog"
)

// shelf is the catalog as it is served: from the files, or the last good one
// that the backend told.
type shelf struct {
	own settings
	now func() time.Time

	mu       sync.Mutex
	good     *stock            // nil: none yet
	looked   bool              // whether a kept one was looked for
	fetching chan struct{}     // closed when the fetch that is running has ended; nil: none is
	failed   error             // how the last fetch went
	rest     time.Time         // until when no other is tried in the background
	news     []string          // what the next request's log line says
	living   []string          // regions that hold servers
	livingAt time.Time         // when that was asked
	extras   map[string][]byte // bodies with regions that hold servers and are sold no more
}

// stock is one catalog, encoded.
type stock struct {
	catalog catalog
	body    []byte
	at      time.Time // when the backend told it
}

func newStock(c catalog, at time.Time) (*stock, error) {
	body, err := platform.Body(c.answer())
	return &stock{catalog: c, body: body, at: at}, err
}

func newShelf(own settings, now func() time.Time) (*shelf, error) {
	s := &shelf{own: own, now: now}
	if own.source.backend {
		return s, nil
	}
	var err error
	s.good, err = newStock(own.catalog, time.Time{})
	return s, err
}

// begin has a catalog at hand before the first customer asks.
func (s *shelf) begin(ctx context.Context, servers platform.Servers) {
	if s.own.source.backend {
		_, _ = s.stock(ctx, servers) // the first request tells what was wrong
	}
}

// stock returns the catalog that is sold from. It waits for the backend only
// where nothing good enough is there. The error is gateway.Busy: a repeat is
// right.
func (s *shelf) stock(ctx context.Context, servers platform.Servers) (*stock, error) {
	if !s.own.source.backend {
		return s.good, nil
	}
	s.recall(ctx, servers)
	s.mu.Lock()
	good := s.good
	age := time.Duration(0)
	if good != nil {
		age = s.now().Sub(good.at)
	}
	servable := good != nil && age <= max(s.own.source.maxStale, s.own.source.refresh)
	switch {
	case servable && age < s.own.source.refresh:
		s.mu.Unlock()
		return good, nil
	case servable && s.fetching == nil && s.now().Before(s.rest):
		s.mu.Unlock()
		return good, nil
	}
	done := s.fetch(ctx, servers)
	s.mu.Unlock()
	if servable {
		return good, nil
	}
	select {
	case <-done:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return s.fetched()
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
		fresh, dropped, err := s.ask(bounded, servers)
		s.mu.Lock()
		defer s.mu.Unlock()
		defer close(done)
		s.fetching, s.failed, s.news = nil, err, dropped
		if err != nil {
			s.rest = s.now().Add(fetchRest)
			s.news = append(s.news, err.Error())
			return
		}
		s.good, s.extras = fresh, nil
	}()
	return done
}

// ask makes one call, and keeps what it told for the next start.
func (s *shelf) ask(ctx context.Context, servers platform.Servers) (*stock, []string, error) {
	call := gateway.ActionCall{Action: gateway.ActionCatalog, Credential: map[string]gateway.Secret{}, Args: map[string]any{}, Timeout: fetchLimit}
	shown := credentials{}
	for _, f := range s.own.credentials {
		shown[f.key] = s.own.source.credentials[f.key]
		call.Credential[f.key] = shown[f.key]
	}
	outputs, err := servers.Ask(ctx, call)
	if err != nil {
		return nil, nil, shown.hidden(err)
	}
	told, dropped, err := readCatalog(outputs)
	if err != nil {
		return nil, dropped, err
	}
	fresh, err := newStock(told, s.now())
	if err != nil {
		return nil, dropped, err
	}
	if err := s.unsold(told); err != nil {
		dropped = append(dropped, err.Error())
	}
	if err := servers.Keep(ctx, keptCatalog, outputs); err != nil {
		dropped = append(dropped, "it is not kept for the next start: "+err.Error())
	}
	return fresh, dropped, nil
}

// unsold tells that /meta names defaults that the backend does not sell.
func (s *shelf) unsold(told catalog) error {
	d := s.own.defaults
	if _, p, err := told.ordered(d.region, d.size); err != nil || p.id != d.plan {
		return errors.New("the default region, plan and size are not in it")
	}
	return nil
}

// body is what GET /catalog answers: what is sold, and regions that hold
// servers still.
func (s *shelf) body(ctx context.Context, servers platform.Servers) ([]byte, error) {
	stock, err := s.stock(ctx, servers)
	s.note(ctx)
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

// note tells the log what the backend's catalog lacked, once.
func (s *shelf) note(ctx context.Context) {
	s.mu.Lock()
	news := s.news
	s.news = nil
	s.mu.Unlock()
	if len(news) > 0 {
		platform.Note(ctx, slog.Any("catalog", news))
	}
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
