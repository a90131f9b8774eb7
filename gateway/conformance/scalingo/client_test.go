package scalingo_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/scalingo"
	"github.com/addongw/addongw/gateway/secret"
)

func client() conformance.Client {
	return scalingo.Platform{}.Client(conformance.Provider{
		BaseURL: "https://a.example/r", SSOURL: "https://a.example/s", Plans: []string{"free", "premium"}, Salt: secret.New(sampleSalt),
		PlanOptions: map[string]map[string]string{"premium": {"tier": "b"}},
	})
}

const sampleSalt = "esidTavOnreboudWavwoadBildyon3"

func TestOrdersAreThoseOfScalingosTester(t *testing.T) {
	for want, o := range map[string]conformance.Order{
		`{"plan":"free","app_id":"app-1","options":null,"uuid":"ad-1"}`:                            {ID: "ad-1", App: "app-1"},
		`{"plan":"premium","app_id":"app-1","options":{"tier":"b"},"uuid":"ad-1"}`:                 {ID: "ad-1", App: "app-1", Plan: "premium"},
		`{"plan":"premium","app_id":"app-1","options":{"size":"2","tier":"b"},"uuid":"ad-1"}`:      {ID: "ad-1", App: "app-1", Plan: "premium", Options: map[string]string{"size": "2"}},
		`{"plan":"free","app_id":"5343eccd646aa30e3e000003","options":{"size":"2"},"uuid":"ad-1"}`: {ID: "ad-1", Options: map[string]string{"size": "2"}},
	} {
		r := client().Provision(o)
		if diff := cmp.Diff(want, string(r.Body)); diff != "" {
			t.Errorf("body (-want +got):\n%s", diff)
		}
		if r.Method != "POST" || r.URL != "https://a.example/r" || !r.Basic || r.Header.Get("Accept") != "application/json" || r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("the request is %+v", r)
		}
	}
	var a, b struct{ UUID string }
	for _, drawn := range []any{&a, &b} {
		if err := json.Unmarshal(client().Provision(conformance.Order{}).Body, drawn); err != nil {
			t.Fatal(err)
		}
	}
	if a.UUID == "" || a.UUID == b.UUID {
		t.Errorf("two orders have the ids %q and %q", a.UUID, b.UUID)
	}
}

func TestOtherCallsNameTheResource(t *testing.T) {
	change, removal := client().ChangePlan("a/b", conformance.Order{Plan: "premium"}), client().Deprovision("a/b")
	if change.Method != "PUT" || change.URL != "https://a.example/r/a%2Fb" || string(change.Body) != `{"plan":"premium","options":{"tier":"b"}}` {
		t.Errorf("a plan change is %s %s %s", change.Method, change.URL, change.Body)
	}
	if removal.Method != "DELETE" || removal.URL != change.URL || removal.Body != nil || removal.Header.Get("Content-Type") != "" {
		t.Errorf("a removal is %+v", removal)
	}
	suspension, ok := client().Suspend("a/b")
	if !ok || suspension.Method != "POST" || suspension.URL != change.URL+"/suspend" || suspension.Body != nil {
		t.Errorf("a suspension is %+v", suspension)
	}
	if resumption, ok := client().Resume("a/b"); !ok || resumption.URL != change.URL+"/resume" {
		t.Errorf("a resumption is %+v", resumption)
	}
}

// The values are those of vector S13, whose token was computed elsewhere.
func TestASignOnFitsTheVector(t *testing.T) {
	r := client().SignOn("example_app_3083", conformance.Person{Email: "ann@example.com"}, time.Unix(1600073910, 0)).Request()
	const want = "https://a.example/s?id=example_app_3083&timestamp=1600073910&token=c162b418b4cb19b44c23f4e547c6e146d9d35594"
	if r.Method != "GET" || r.URL != want || r.Basic || r.Body != nil {
		t.Errorf("the request is %s %s", r.Method, r.URL)
	}
}
