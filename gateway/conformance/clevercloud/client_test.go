package clevercloud_test

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/clevercloud"
	"github.com/addongw/addongw/gateway/secret"
)

func client() conformance.Client {
	return clevercloud.Platform{}.Client(conformance.Provider{
		BaseURL: "https://a.example/r", SSOURL: "https://a.example/s", Plans: []string{"basic"}, Salt: secret.New(salt),
	})
}

func TestAnOrderIsThatOfTheDocument(t *testing.T) {
	r := client().Provision(conformance.Order{ID: "addon_1"})
	if r.Method != "POST" || r.URL != "https://a.example/r" || !r.Basic || r.Header.Get("Content-Type") != "application/json" {
		t.Errorf("the request is %+v", r)
	}
	want := `{"addon_id":"addon_1","owner_id":"orga_3d5c0f0e","owner_name":"My Company","user_id":"user_81a2c7d4","plan":"basic","region":"EU",` +
		`"callback_url":"https://api.clever-cloud.com/v2/vendor/apps/addon_1","options":{}}`
	if diff := cmp.Diff(want, string(r.Body)); diff != "" {
		t.Errorf("body (-want +got):\n%s", diff)
	}
	var a, b struct {
		ID string `json:"addon_id"`
	}
	for _, drawn := range []any{&a, &b} {
		if err := json.Unmarshal(client().Provision(conformance.Order{}).Body, drawn); err != nil {
			t.Fatal(err)
		}
	}
	if a.ID == "" || a.ID == b.ID {
		t.Errorf("two orders have the ids %q and %q", a.ID, b.ID)
	}
}

func TestOtherCallsNameTheResource(t *testing.T) {
	change, removal := client().ChangePlan("a/b", conformance.Order{ID: "addon_1", Plan: "premium"}), client().Deprovision("a/b")
	if change.Method != "PUT" || change.URL != "https://a.example/r/a%2Fb" || string(change.Body) != `{"addon_id":"addon_1","plan":"premium"}` {
		t.Errorf("a plan change is %s %s %s", change.Method, change.URL, change.Body)
	}
	if removal.Method != "DELETE" || removal.URL != change.URL || removal.Body != nil || removal.Header.Get("Content-Type") != "" {
		t.Errorf("a removal is %+v", removal)
	}
	if _, ok := client().Suspend("x"); ok {
		t.Error("Clever Cloud suspends")
	}
	if _, ok := client().Resume("x"); ok {
		t.Error("Clever Cloud resumes")
	}
}

// The values are those of vector C1, whose signature was computed elsewhere.
func TestASignOnFitsTheVector(t *testing.T) {
	s := client().SignOn("addon-res-01", conformance.Person{ID: "user_cccdddee-efff-4445-5566-6777888999aa", Email: "me@my.self"}, time.UnixMilli(1699999990000))
	const signature = "5bce036a692d8fa0350b82dd5ce64b94ef4aecbb704df17be2ec664f4598e9206663d60cd983f67882e1d6ddc959a339c1fe216abbf912a963ba071c85c4cea0"
	if got := s.Values().Get("signature"); got != signature {
		t.Errorf("the signature is %s", got)
	}
	r := s.Request()
	if r.Method != "POST" || r.URL != "https://a.example/s" || r.Basic || r.Header.Get("Content-Type") != "application/x-www-form-urlencoded" {
		t.Errorf("the request is %+v", r)
	}
}
