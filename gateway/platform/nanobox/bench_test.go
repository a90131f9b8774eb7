package nanobox

import (
	"context"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// stub answers at once with what there is.
type stub struct{ platform.Servers }

func (stub) Fingerprint(context.Context, ...string) (string, error) { return "me", nil }

func (stub) Key(context.Context, gateway.Caller, string) (gateway.Key, error) {
	return gateway.Key{Resource: gateway.Resource{ID: "k", State: gateway.Active}, PublicKey: keyLine}, nil
}

func (stub) Order(context.Context, gateway.Caller, gateway.ServerOrder) (gateway.Server, error) {
	return gateway.Server{Resource: gateway.Resource{ID: "s", ProviderID: "s", State: gateway.Provisioning}}, nil
}

func (stub) Regions(context.Context) ([]string, error) { return nil, nil }

// BenchmarkOrder measures what the dialect adds to an order: route, find the
// credentials, compare them, decode, judge, encode. The budget is 60 µs and 120
// allocations.
func BenchmarkOrder(b *testing.B) {
	p := newTestProvider(b, common(without("verify", "create_key", "get_key", "delete_key")...), "", "verify {\naccept \"access_token\" {\nsha256 = [\"9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08\"]\n}\n}")
	router := httprouter.New()
	for _, route := range p.Routes(stub{}) {
		router.Handle(route.Method, route.Path, route.Handle)
	}
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequest(http.MethodPost, "/servers", strings.NewReader(`{"name":"nanobox.io-shop.1.1","region":"fra","size":"std-1","ssh_key":"k"}`))
		r.Header.Set("Auth-Access-Token", "test")
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		router.ServeHTTP(w, r)
		if w.Code != http.StatusCreated {
			b.Fatal(w.Code, w.Body)
		}
	}
}

func BenchmarkCatalog(b *testing.B) {
	p := newTestProvider(b, common(every()...))
	router := httprouter.New()
	for _, route := range p.Routes(stub{}) {
		router.Handle(route.Method, route.Path, route.Handle)
	}
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		router.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/catalog", nil))
		if w.Code != http.StatusOK {
			b.Fatal(w.Code, w.Body)
		}
	}
}
