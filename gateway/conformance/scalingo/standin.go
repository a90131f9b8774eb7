package scalingo

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/scalingo/ownapi"
	"github.com/addongw/addongw/spec"
)

// StandIn is the app add-on API.
func (Platform) StandIn(p conformance.Provider) conformance.StandIn {
	api := ownapi.New(p.Username, p.Password.Reveal(), 0).ByAnyID()
	if p.ConfigVarsSet {
		api.Declare(p.ConfigVars...)
	}
	return &standIn{Server: api, provider: p, news: make(chan struct{})}
}

// standIn tells the API of the orders that the tester places, and remembers
// what providers sent for them.
type standIn struct {
	*ownapi.Server
	provider conformance.Provider

	mu     sync.Mutex
	placed []order        // sent, and not answered yet
	addons []ownapi.Addon // answered
	sent   []delivery     // in their order
	gaveUp bool           // on an order that was not completed
	news   chan struct{}  // closed when something of the above changes
}

var _ conformance.Settler = (*standIn)(nil)

// Sent notes an order before it is sent.
func (s *standIn) Sent(r conformance.Request) {
	if o, ok := s.order(r); ok {
		s.change(func() { s.placed = append(s.placed, o) })
	}
}

// Answered notes what became of an order, a plan change or a removal.
func (s *standIn) Answered(r conformance.Request, a spec.Answer) {
	if o, ok := s.order(r); ok {
		s.change(func() {
			if i := slices.Index(s.uuids(), o.UUID); i >= 0 {
				s.placed = slices.Delete(s.placed, i, i+1)
			}
			if id := idOf(a.Body); a.Succeeded() && id != "" {
				s.add(ownapi.Addon{ID: id, UUID: o.UUID, App: o.AppID, Plan: o.Plan, Pending: a.Status == http.StatusAccepted})
			}
		})
		return
	}
	id, err := url.PathUnescape(strings.TrimPrefix(r.URL, s.provider.BaseURL+"/"))
	if err == nil && a.Succeeded() && r.Method == http.MethodDelete {
		s.Remove(id)
	}
}

// The two methods below are called while the lock is held.

func (s *standIn) uuids() (all []string) {
	for _, o := range s.placed {
		all = append(all, o.UUID)
	}
	return all
}

// add notes an add-on, unless it is that of a repeated order.
func (s *standIn) add(a ownapi.Addon) {
	if !slices.ContainsFunc(s.addons, func(known ownapi.Addon) bool { return known.ID == a.ID }) {
		s.addons = append(s.addons, a)
		s.Add(a)
	}
}

// change changes something, and tells everybody who waits.
func (s *standIn) change(what func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	what()
	close(s.news)
	s.news = make(chan struct{})
}

// await waits until something is true, at most so long.
func (s *standIn) await(ctx context.Context, patience time.Duration, isTrue func() bool) bool {
	late := time.NewTimer(patience)
	defer late.Stop()
	for {
		s.mu.Lock()
		ok, news := isTrue(), s.news
		s.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-news:
		case <-late.C:
			return false
		case <-ctx.Done():
			return false
		}
	}
}

// order reads the order in a request.
func (s *standIn) order(r conformance.Request) (o order, ok bool) {
	if !s.provider.Ordered(r) {
		return order{}, false
	}
	var body struct {
		Plan  string `json:"plan"`
		AppID string `json:"app_id"`
		UUID  string `json:"uuid"`
	}
	err := json.Unmarshal(r.Body, &body)
	return order{Plan: body.Plan, AppID: body.AppID, UUID: body.UUID}, err == nil
}

// idOf is the id in the answer to an order; empty: there is none.
func idOf(answer []byte) string {
	var body struct {
		ID string `json:"id"`
	}
	_ = json.Unmarshal(answer, &body) // a check is about that
	return body.ID
}

// Settle waits for the end of an order that was answered 202. Once that took
// too long, no other order is waited for: a run would take hours.
func (s *standIn) Settle(ctx context.Context, r conformance.Request, a spec.Answer, patience time.Duration) bool {
	if _, ok := s.order(r); !ok {
		return true
	}
	id, ended := idOf(a.Body), false
	if !s.await(ctx, patience, func() bool { ended = s.ended(id); return ended || s.gaveUp }) {
		s.change(func() { s.gaveUp = true })
	}
	if ended { // the provider has to read our answer yet
		s.await(ctx, reading, func() bool { return false })
	}
	return ended
}

// ended reports whether the end of an order was told. The lock is held.
func (s *standIn) ended(id string) bool {
	i := slices.IndexFunc(s.addons, func(a ownapi.Addon) bool { return a.ID == id })
	return i >= 0 && slices.ContainsFunc(s.sent, func(d delivery) bool { return d.end && d.accepted() && d.isFor(s.addons[i]) })
}

// reading is how long a provider may need from our answer to its next step.
const reading = 20 * time.Millisecond

// grace is how long a call waits for an answer that may have left the provider
// before it, and is not read yet.
const grace = time.Second

// ServeHTTP serves the API and remembers what was sent for which add-on.
func (s *standIn) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
	r.Body = io.NopCloser(bytes.NewReader(body))
	d, ok := readDelivery(r.Method, r.URL.EscapedPath(), body)
	if !ok {
		s.Server.ServeHTTP(w, r)
		return
	}
	d.early = !s.await(r.Context(), grace, func() bool { return slices.ContainsFunc(s.addons, d.isFor) })
	answer := &statusWriter{ResponseWriter: w}
	s.Server.ServeHTTP(answer, r)
	d.status = answer.status
	s.change(func() { s.sent = append(s.sent, d) })
}

// statusWriter remembers a status.
type statusWriter struct {
	http.ResponseWriter
	status int
}

// WriteHeader remembers it.
func (w *statusWriter) WriteHeader(status int) {
	w.status = status
	w.ResponseWriter.WriteHeader(status)
}
