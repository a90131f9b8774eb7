package scalingo

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/platformtest"
)

// FuzzProvision: whatever is ordered, the answer is one of ours, is JSON, and
// no order without an id reaches the engine.
func FuzzProvision(f *testing.F) {
	for _, seed := range []string{
		`{"uuid": "ad-1", "app_id": "app-1", "plan": "free", "options": {}}`,
		`{"app_id": "app-1", "plan": "premium", "options": {"pool": 100, "tier": null, "x": true}}`,
		`{"uuid": 1}`, `{"options": {"a": [null]}}`, `[]`, ``, `{"uuid": "\u0000"}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		m := newMount(common(), settings{})
		memory := platformtest.NewMemory(m.Scope(), "DATABASE_URL")
		router := httprouter.New()
		for _, route := range m.Routes(memory, nil) {
			router.Handle(route.Method, route.Path, route.Handle)
		}
		r := httptest.NewRequest("POST", resourcesPath, bytes.NewReader(body))
		r.SetBasicAuth("acme-db", password)
		w := httptest.NewRecorder()
		router.ServeHTTP(w, r)
		if w.Code != 201 && w.Code != 400 && w.Code != 422 || !json.Valid(w.Body.Bytes()) {
			t.Errorf("%q answers %d %s", body, w.Code, w.Body)
		}
		for _, o := range memory.Orders() {
			if o.ExternalID == "" || o.Plan == "" || o.Region == "" || o.Options == nil {
				t.Errorf("%q becomes %+v", body, o)
			}
		}
	})
}

// stubLifecycle answers at once with one delivery.
type stubLifecycle struct {
	platform.Lifecycle
	delivery gateway.Delivery
}

func (s stubLifecycle) Provision(context.Context, gateway.Order) (gateway.Delivery, error) {
	return s.delivery, nil
}

func (s stubLifecycle) Delivered(context.Context, gateway.Delivery) error { return nil }

// BenchmarkProvision measures what a dialect adds to a provision: route,
// authenticate, decode, encode. The budget is 60 µs and 120 allocations.
func BenchmarkProvision(b *testing.B) {
	m := newMount(common(), settings{})
	router := httprouter.New()
	memory := platformtest.NewMemory(m.Scope(), "DATABASE_URL", "DATABASE_HOST", "DATABASE_NAME", "POOL_MAX")
	delivery, err := memory.Provision(b.Context(), gateway.Order{ExternalID: "ad-1"})
	if err != nil {
		b.Fatal(err)
	}
	for _, route := range m.Routes(stubLifecycle{delivery: delivery}, nil) {
		router.Handle(route.Method, route.Path, route.Handle)
	}
	body := `{"uuid":"ad-11111111-2222-3333-4444-555555555555","app_id":"54100930736f7563d5030000","plan":"premium","shard_id":"osc-fr1",` +
		`"options":{"pool":"100","tier":"b","version":16}}`
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest("POST", resourcesPath, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		r.SetBasicAuth("acme-db", password)
		w := httptest.NewRecorder()
		router.ServeHTTP(w, r)
		if w.Code != 201 {
			b.Fatal(w.Body)
		}
	}
}
