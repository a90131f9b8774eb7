package nanobox

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform/platformtest"
)

// FuzzCredentials finds headers that are read as what nobody sent, or shown.
func FuzzCredentials(f *testing.F) {
	for _, seed := range [][4]string{
		{"Auth-Access-Token", "abc", "Auth_access_token", "abc"}, {"HTTP_AUTH_ACCESS_TOKEN", "abc", "Auth-Access-Token", "abd"},
		{"Http-Http-Auth-Access-Token", "a", "", ""}, {"auth-access-token", " ", "AUTH_ACCESS_TOKEN", "%0a%ff"}, {"Auth-", "x", "Auth--Access-Token", "\x00"},
	} {
		f.Add(seed[0], seed[1], seed[2], seed[3])
	}
	p := newTestProvider(f, common(every()...), `label = "Access token"`, "label = \"x\"\ndecode = \"percent\"")
	f.Fuzz(func(t *testing.T, name, value, other, second string) {
		found, err := p.readCredentials(http.Header{name: {value}, other: {second}}, nil)
		if err != nil {
			kind := gateway.KindOf(err)
			if kind != gateway.Invalid && kind != gateway.Unauthorized {
				t.Errorf("%v", err)
			}
			if gateway.Message(err) != `The credential "access_token" is missing.` && len(value) > 30 && strings.Contains(err.Error(), value) {
				t.Errorf("the error shows the value: %v", err)
			}
			return
		}
		got := found["access_token"].Reveal()
		if got == "" || strings.ContainsAny(got, "\x00\r\x7f\t") {
			t.Errorf("%q, %q read as %q", value, second, got)
		}
		fits := func(name string) bool {
			name = strings.ToLower(strings.ReplaceAll(name, "_", "-"))
			return name == "auth-access-token" || name == "http-auth-access-token"
		}
		if !fits(name) && !fits(other) {
			t.Errorf("%q and %q are no credentials", name, other)
		}
	})
}

// fuzzed sends a body to a route of a provider without a network between.
func fuzzed(t *testing.T, p *provider, s *platformtest.Servers, method, path, body string, header http.Header) *httptest.ResponseRecorder {
	t.Helper()
	router := httprouter.New()
	for _, route := range p.Routes(s) {
		router.Handle(route.Method, route.Path, route.Handle)
	}
	r := httptest.NewRequest(method, path, strings.NewReader(body))
	r.Header = header
	w := httptest.NewRecorder()
	router.ServeHTTP(w, r)
	if w.Code > 499 {
		t.Errorf("%s %q: %d %s", method, body, w.Code, w.Body)
	}
	if w.Code > 299 {
		checkError(t, method+" "+path, answer{status: w.Code, body: w.Body.String(), header: w.Header()})
	}
	return w
}

// FuzzOrder finds bodies that are no orders and make a server.
func FuzzOrder(f *testing.F) {
	for _, seed := range []string{
		`{"name":"n","ssh_key":"` + keyLine + `"}`, `{"name":"n","region":"ams","size":"big-1","ssh_key":"` + otherKey + `","more":1}`,
		`{"name":"","ssh_key":null}`, `{"name":"n","region":null,"size":"std-0"}`, `[]`, ``, `{"name":"\u0000"}`, `{"ssh_key":{"a":1}}`,
	} {
		f.Add(seed)
	}
	p := newTestProvider(f, common(without("create_key", "get_key", "delete_key")...), "", "ssh {\nkey_method = \"object\"\n}\nserver {\nvendor_name = lower(resource.name)\n}")
	f.Fuzz(func(t *testing.T, body string) {
		s := platformtest.NewServers()
		w := fuzzed(t, p, s, "POST", "/servers", body, http.Header{"Auth-Access-Token": {token}})
		orders := s.Orders()
		if (w.Code == 201) != (len(orders) == 1) {
			t.Fatalf("%d, and %d orders", w.Code, len(orders))
		}
		for _, o := range orders {
			if _, _, err := p.own.catalog.ordered(o.Region, o.Size); err != nil || o.Name == "" {
				t.Errorf("%q makes %+v", body, o)
			}
		}
	})
}

// FuzzCancel finds bodies of DELETE that let somebody in.
func FuzzCancel(f *testing.F) {
	for _, seed := range []string{
		`{"auth":{"access_token":"` + token + `"}}`, `{"auth":{"Access-Token":"x","access_token":"y"}}`, `{"auth":[]}`, `{"auth":{"access_token":null}}`, ``, `{`, `{"auth":{}}`,
	} {
		f.Add(seed)
	}
	p := newTestProvider(f, common(every()...))
	f.Fuzz(func(t *testing.T, body string) {
		s := platformtest.NewServers()
		order := fuzzed(t, newTestProvider(t, common(every()...), "", "ssh {\nauth_method = \"password\"\n}"), s, "POST", "/servers", `{"name":"n"}`, http.Header{"Auth-Access-Token": {token}})
		id := answer{body: order.Body.String()}.member(t, "id").(string)
		w := fuzzed(t, p, s, "DELETE", "/servers/"+id, body, http.Header{})
		if w.Code == 200 && !strings.Contains(body, token) && !strings.Contains(body, `\u`) {
			t.Errorf("%q cancels a server", body)
		}
		if (w.Code == 200) != (len(s.Acts()) == 1) {
			t.Errorf("%q: %d, and %v", body, w.Code, s.Acts())
		}
	})
}
