package xervo_test

import (
	"crypto/sha1"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/conformancetest"
	"github.com/addongw/addongw/gateway/conformance/xervo"
	"github.com/addongw/addongw/gateway/secret"
)

func newClient() conformance.Client {
	return xervo.Platform{}.Client(conformance.Provider{
		Name: username, Username: username, BaseURL: "https://acme.example/resources", SSOURL: "https://acme.example/sso",
		Password: secret.New(conformancetest.Password), Salt: secret.New(salt), Plans: []string{"basic", "premium"},
	})
}

func TestRequestsAreThoseOfTheDocument(t *testing.T) {
	c := newClient()
	json := http.Header{"Content-Type": {"application/json"}}
	for _, tc := range []struct {
		got, want conformance.Request
	}{
		{c.Provision(conformance.Order{ID: "acme_db1"}), conformance.Request{
			Method: "POST", URL: "https://acme.example/resources", Header: json, Basic: true,
			Body: []byte(`{"xervo_id":"acme_db1","email":"user@example.com","plan":"basic","region":"amazon-web-services::us-east-1",` +
				`"callback_url":"https://api.xervo.io/vendor/apps/acme_db1","options":{}}`),
		}},
		{c.Provision(conformance.Order{ID: "acme_db1", Plan: "premium", Region: "us-east-1", Options: map[string]string{"size": "2"}}), conformance.Request{
			Method: "POST", URL: "https://acme.example/resources", Header: json, Basic: true,
			Body: []byte(`{"xervo_id":"acme_db1","email":"user@example.com","plan":"premium","region":"us-east-1",` +
				`"callback_url":"https://api.xervo.io/vendor/apps/acme_db1","options":{"size":"2"}}`),
		}},
		{c.ChangePlan("3/0", conformance.Order{ID: "acme_db1", Plan: "premium"}), conformance.Request{
			Method: "PUT", URL: "https://acme.example/resources/3%2F0", Header: json, Basic: true,
			Body: []byte(`{"xervo_id":"acme_db1","plan":"premium"}`),
		}},
		{c.ChangePlan("300", conformance.Order{}), conformance.Request{
			Method: "PUT", URL: "https://acme.example/resources/300", Header: json, Basic: true, Body: []byte(`{"plan":"basic"}`),
		}},
		{c.Deprovision("300"), conformance.Request{Method: "DELETE", URL: "https://acme.example/resources/300", Header: http.Header{}, Basic: true}},
	} {
		if diff := cmp.Diff(tc.want, tc.got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", tc.want.Method, diff)
		}
	}
}

func TestIDsBeginWithTheAddOnsAndAreNotDrawnTwice(t *testing.T) {
	c := newClient()
	first, second := c.NewID(), c.NewID()
	if first == second || strings.Trim(strings.TrimPrefix(first, username), "0123456789") != "" || len(first) != len(username)+20 {
		t.Errorf("%s, then %s", first, second)
	}
}

func TestXervoSuspendsNothing(t *testing.T) {
	c := newClient()
	if _, ok := c.Suspend("300"); ok {
		t.Error("there is a call that suspends")
	}
	if _, ok := c.Resume("300"); ok {
		t.Error("there is a call that resumes")
	}
}

func TestASignOnIsAFormThatAPageCanPost(t *testing.T) {
	at := time.Unix(1369950166, 999)
	sum := sha1.Sum([]byte("300:" + salt + ":1369950166"))
	token := hex.EncodeToString(sum[:])
	want := conformance.Request{
		Method: "POST", URL: "https://acme.example/sso", Header: http.Header{"Content-Type": {"application/x-www-form-urlencoded"}},
		Body: []byte("email=ann%2Bx%40example.com&id=300&nav-data=&timestamp=1369950166&token=" + token),
	}
	got := newClient().SignOn("300", conformance.Person{ID: "user_1", Email: "ann+x@example.com"}, at).Request()
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("sign-on (-want +got):\n%s", diff)
	}
}

func TestOnlyTheStatusesThatDiaTakesAreSuccess(t *testing.T) {
	for _, tc := range []struct {
		group  conformance.Group
		status int
		want   bool
	}{
		{conformance.Provision, 200, true},
		{conformance.Provision, 201, false},
		{conformance.PlanChange, 200, true},
		{conformance.Deprovision, 200, true},
		{conformance.Deprovision, 204, false},
		{conformance.SSO, 302, true},
		{conformance.SSO, 303, false},
		{conformance.Suspend, 200, false},
	} {
		if ok, _ := conformance.Taken(xervo.Platform{}, tc.group, tc.status); ok != tc.want {
			t.Errorf("%s, %d: %v", tc.group, tc.status, ok)
		}
	}
}
