package platformtest

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// Stub is an engine that answers at once with one delivery, and counts what it
// is told of having reached the platform.
type Stub struct {
	platform.Lifecycle
	Delivery gateway.Delivery
	Told     int
}

// Provision implements platform.Lifecycle.
func (s *Stub) Provision(context.Context, gateway.Order) (gateway.Delivery, error) {
	return s.Delivery, nil
}

// ChangePlan implements platform.Lifecycle.
func (s *Stub) ChangePlan(context.Context, string, string) (gateway.Delivery, error) {
	return s.Delivery, nil
}

// Deprovision implements platform.Lifecycle.
func (s *Stub) Deprovision(context.Context, string) (gateway.Delivery, error) {
	return s.Delivery, nil
}

// Resource implements platform.Lifecycle.
func (s *Stub) Resource(context.Context, string) (gateway.Resource, error) {
	return s.Delivery.Resource, nil
}

// Delivered implements platform.Lifecycle.
func (s *Stub) Delivered(context.Context, gateway.Delivery) error {
	s.Told++
	return nil
}

// Orders is how a platform orders from a mount, for fuzzing and measuring.
type Orders struct {
	Mount      platform.Mount
	Username   string
	Success    int      // the status of an order that is served
	ConfigVars []string // the names that resources have
}

// Fuzz proves that whatever is ordered, the answer is one of ours and is JSON,
// and that no order without an id, a plan and a region reaches the engine.
func (o Orders) Fuzz(f *testing.F, seeds ...string) {
	for _, seed := range seeds {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		memory := NewMemory(o.Mount.Scope(), o.ConfigVars...)
		w := o.place(Router(o.Mount, memory), bytes.NewReader(body))
		if w.Code != o.Success && w.Code != 400 && w.Code != 422 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%q answers %d %s", body, w.Code, w.Body)
		}
		for _, order := range memory.Orders() {
			if order.ExternalID == "" || order.Plan == "" || order.Region == "" || order.Options == nil {
				t.Errorf("%q becomes %+v", body, order)
			}
		}
	})
}

// Benchmark measures what a dialect adds to a provision: route, authenticate,
// decode, encode. The budget is 60 µs and 120 allocations.
func (o Orders) Benchmark(b *testing.B, body string) {
	delivery, err := NewMemory(o.Mount.Scope(), o.ConfigVars...).Provision(b.Context(), gateway.Order{ExternalID: "order-1"})
	if err != nil {
		b.Fatal(err)
	}
	router := Router(o.Mount, &Stub{Delivery: delivery})
	b.ReportAllocs()
	for b.Loop() {
		if w := o.place(router, strings.NewReader(body)); w.Code != o.Success {
			b.Fatal(w.Body)
		}
	}
}

func (o Orders) place(router http.Handler, body io.Reader) *httptest.ResponseRecorder {
	r := httptest.NewRequest(http.MethodPost, platform.ResourcesPath, body)
	r.Header.Set("Content-Type", "application/json")
	r.SetBasicAuth(o.Username, Password)
	w := httptest.NewRecorder()
	router.ServeHTTP(w, r)
	return w
}
