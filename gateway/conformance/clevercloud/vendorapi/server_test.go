package vendorapi_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway/conformance/clevercloud/vendorapi"
)

func call(t *testing.T, url, password, method, path, body string) int {
	t.Helper()
	r, err := http.NewRequest(method, url+path, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	r.SetBasicAuth("acme", password)
	r.Header.Set("Content-Type", "application/json")
	response, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	_ = response.Body.Close()
	return response.StatusCode
}

func TestTheStandInCountsACallWhileAnOrderIsHandled(t *testing.T) {
	s := vendorapi.New("acme", "secret", 0)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.Order(vendorapi.App{ID: "addon_1"})
	s.Order(vendorapi.App{ID: "addon_2"})
	if got := call(t, server.URL, "secret", "PUT", "/v2/vendor/apps/addon_1", `{"config": {}}`); got != 404 || s.Early() != 1 {
		t.Errorf("a call without a reply: %d, %d early", got, s.Early())
	}
	time.AfterFunc(50*time.Millisecond, func() { s.Replied("addon_2") })
	if got := call(t, server.URL, "secret", "GET", "/v2/vendor/apps/addon_2", ""); got != 404 || s.Early() != 1 {
		t.Errorf("a call that crosses the reply: %d, %d early", got, s.Early())
	}
	if got := call(t, server.URL, "secret", "GET", "/v2/vendor/apps/addon_2", ""); got != 200 {
		t.Errorf("a call after the reply: %d", got)
	}
}

func TestTheStandInIsAsStrictAsThePlatform(t *testing.T) {
	s := vendorapi.New("acme", "secret", 0)
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	s.Order(vendorapi.App{ID: "addon_1"})
	s.Replied("addon_1")
	for name, tc := range map[string]struct {
		password, method, path, body string
		want                         int
	}{
		"a wrong password":      {"other", "GET", "/v2/vendor/apps", "", 401},
		"an unknown add-on":     {"secret", "GET", "/v2/vendor/apps/addon_2", "", 404},
		"an unknown address":    {"secret", "GET", "/v2/vendor", "", 404},
		"an unknown method":     {"secret", "DELETE", "/v2/vendor/apps/addon_1", "", 404},
		"no config":             {"secret", "PUT", "/v2/vendor/apps/addon_1", `{}`, 400},
		"config that is no map": {"secret", "PUT", "/v2/vendor/apps/addon_1", `{"config": {"A": 1}}`, 400},
		"a config":              {"secret", "PUT", "/v2/vendor/apps/addon_1", `{"config": {"A": "1"}}`, 200},
	} {
		if got := call(t, server.URL, tc.password, tc.method, tc.path, tc.body); got != tc.want {
			t.Errorf("%s: %d, want %d", name, got, tc.want)
		}
	}
	if got := s.Pushes("addon_1"); len(got) != 1 || got[0]["A"] != "1" {
		t.Errorf("pushed %v", got)
	}
}
