package ownapi_test

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance/scalingo/ownapi"
	"github.com/addongw/addongw/gateway/conformance/standin"
)

func start(t *testing.T, s *ownapi.Server) string {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	return server.URL
}

func call(t *testing.T, url, password, method, path, body string) (int, string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("acme", password)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = response.Body.Close() }()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, strings.TrimSpace(string(text))
}

func TestTheStandInIsAsStrictAsThePlatform(t *testing.T) {
	s := ownapi.New("acme", "secret", 0).Declare("A", "B")
	url := start(t, s)
	s.Add(ownapi.Addon{ID: "res_1", UUID: "ad-1", App: "app-1", Plan: "small", Pending: true})
	for name, tc := range map[string]struct {
		password, method, path, body string
		want                         int
	}{
		"a wrong password":        {"other", "GET", "/v1/provider/apps", "", 401},
		"an unknown app":          {"secret", "GET", "/v1/provider/apps/app-2", "", 404},
		"an app without answer":   {"secret", "PATCH", "/v1/provider/apps/app-2", `{"config": {}}`, 404},
		"an unknown add-on":       {"secret", "PATCH", "/v1/provider/addons/ad-1/config", `{"config": {}}`, 404},
		"the end of an unknown":   {"secret", "POST", "/v1/provider/addons/ad-1/actions/provision", "", 404},
		"an unknown address":      {"secret", "GET", "/v1/provider", "", 404},
		"an unknown method":       {"secret", "DELETE", "/v1/provider/apps/app-1", "", 404},
		"no config":               {"secret", "PATCH", "/v1/provider/apps/app-1", `{}`, 400},
		"config that is a list":   {"secret", "PATCH", "/v1/provider/addons/res_1/config", `{"config": [{"name": "A", "value": "1"}]}`, 400},
		"config that is no text":  {"secret", "PATCH", "/v1/provider/apps/app-1", `{"config": {"A": 1}}`, 400},
		"config, not in manifest": {"secret", "PATCH", "/v1/provider/addons/res_1/config", `{"config": {"A": "1", "C": "1"}}`, 422},
	} {
		if got, answer := call(t, url, tc.password, tc.method, tc.path, tc.body); got != tc.want {
			t.Errorf("%s: %d %s, want %d", name, got, answer, tc.want)
		}
	}
	if config, restarts := s.Config("app-1"); len(config) != 0 || restarts != 0 || !s.Pending("res_1") {
		t.Errorf("refused calls changed something: %v, %d restarts", config, restarts)
	}
}

func TestAnOrderThatWasPromisedIsCompleted(t *testing.T) {
	for _, known := range []struct {
		name string
		s    *ownapi.Server
	}{
		{"res_1", ownapi.New("acme", "secret", 0)}, {"ad-1", ownapi.New("acme", "secret", 0).ByUUID()},
		{"res_1", ownapi.New("acme", "secret", 0).ByAnyID()}, {"ad-1", ownapi.New("acme", "secret", 0).ByAnyID()},
	} {
		name, s := known.name, known.s
		url := start(t, s)
		s.Add(ownapi.Addon{ID: "res_1", UUID: "ad-1", App: "app-1", Plan: "small", Pending: true})
		if got, answer := call(t, url, "secret", "PATCH", "/v1/provider/addons/"+name+"/config", `{"config": {"A": "1"}}`); got != 200 || !s.Pending("res_1") {
			t.Errorf("the config: %d %s", got, answer)
		}
		if got, answer := call(t, url, "secret", "POST", "/v1/provider/addons/"+name+"/actions/provision", ""); got != 200 || s.Pending("res_1") {
			t.Errorf("the end: %d %s", got, answer)
		}
		if got, answer := call(t, url, "secret", "PATCH", "/v1/provider/apps/app-1", `{"config": {"B": "2"}}`); got != 200 {
			t.Errorf("a push: %d %s", got, answer)
		}
		config, restarts := s.Config("app-1")
		if diff := cmp.Diff(map[string]string{"A": "1", "B": "2"}, config); diff != "" || restarts != 1 {
			t.Errorf("%d restarts, config (-want +got):\n%s", restarts, diff)
		}
	}
}

func TestAListingHasPages(t *testing.T) {
	s := ownapi.New("acme", "secret", 2)
	url := start(t, s)
	for _, id := range []string{"1", "2", "3"} {
		s.Add(ownapi.Addon{ID: "res_" + id, App: "app-" + id, Plan: "small"})
	}
	s.ChangePlan("res_3", "big")
	s.Remove("res_2")
	s.Add(ownapi.Addon{ID: "res_4", App: "app-1", Plan: "small"})
	for path, want := range map[string]string{
		"?page=1&per_page=50": `{"apps":[{"addon_provider_id":"1234567890abcdef","app_id":"app-1","plan":"small"},{"addon_provider_id":"1234567890abcdef","app_id":"app-3","plan":"big"}],` +
			`"meta":{"pagination":{"current_page":1,"next_page":2,"prev_page":null,"total_count":3,"total_pages":2}}}`,
		"?page=2": `{"apps":[{"addon_provider_id":"1234567890abcdef","app_id":"app-1","plan":"small"}],` +
			`"meta":{"pagination":{"current_page":2,"next_page":null,"prev_page":1,"total_count":3,"total_pages":2}}}`,
		"?page=9": `{"apps":[],"meta":{"pagination":{"current_page":9,"next_page":null,"prev_page":8,"total_count":3,"total_pages":2}}}`,
	} {
		if _, got := call(t, url, "secret", "GET", "/v1/provider/apps"+path, ""); got != want {
			t.Errorf("%s: %s", path, got)
		}
	}
}

func TestFaultsHappenInTheirOrder(t *testing.T) {
	s := ownapi.New("acme", "secret", 0)
	url := start(t, s)
	s.Own(ownapi.App{ID: "app-1", Name: "shop", OwnerEmail: "zoe@acme.example"})
	s.Add(ownapi.Addon{ID: "res_1", App: "app-1", Plan: "small", Pending: true})
	s.Fail(standin.Fault{Method: "POST", Path: "/actions/", Times: 2, Status: 502, Done: true})
	s.Fail(ownapi.TooMany)
	var got []int
	for range 2 {
		status, _ := call(t, url, "secret", "POST", "/v1/provider/addons/res_1/actions/provision", "")
		got = append(got, status)
	}
	status, body := call(t, url, "secret", "POST", "/v1/provider/addons/res_1/actions/provision", "")
	if diff := cmp.Diff([]int{502, 502}, got); diff != "" || status != 429 || body != "Rate limit exceeded" {
		t.Errorf("%v, then %d %s", got, status, body)
	}
	if s.Pending("res_1") {
		t.Error("what was asked for is not done")
	}
	s.Heal()
	if status, body := call(t, url, "secret", "GET", "/v1/provider/apps/app-1", ""); status != 200 || !strings.Contains(body, `"name":"shop","owner_email":"zoe@acme.example","plan":"small"`) {
		t.Errorf("healed: %d %s", status, body)
	}
	if calls := s.Calls(); len(calls) != 4 || calls[0] != (ownapi.Call{Method: "POST", Path: "/v1/provider/addons/res_1/actions/provision", Status: 502}) {
		t.Errorf("the calls are %v", calls)
	}
}
