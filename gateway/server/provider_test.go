package server

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/julienschmidt/httprouter"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// echoProvider answers every call with the route that it reached, and with the
// scope that it may ask the engine in.
type echoProvider struct{ name string }

// echoServers is an engine that says only whom it is bound to.
type echoServers struct {
	platform.Servers
	scope gateway.Scope
}

func (p echoProvider) Scope() gateway.Scope {
	return gateway.Scope{Platform: "echo", Addon: p.name}
}

func (echoProvider) Manifest() ([]byte, error) { return nil, nil }
func (p echoProvider) NotFound() http.Handler  { return echoMount{name: p.name}.NotFound() }
func (p echoProvider) MethodNotAllowed() http.Handler {
	return echoMount{name: p.name}.MethodNotAllowed()
}
func (echoProvider) Begin(context.Context, platform.Servers) {}
func (echoProvider) Judge(string, json.RawMessage) error     { return nil }
func (echoProvider) Region(string) bool                      { return true }
func (echoProvider) Size(string, string) bool                { return true }
func (echoProvider) Identity() string                        { return "" }
func (echoProvider) Summary() (regions, sizes int)           { return 0, 0 }
func (p echoProvider) Routes(s platform.Servers) []platform.Route {
	var routes []platform.Route
	for _, r := range [][2]string{
		{"GET", "/"}, {"GET", "/meta"}, {"POST", "/servers"}, {"GET", "/servers/:id"}, {"PATCH", "/servers/:id/reboot"}, {"PATCH", "/servers/:id/rename"},
	} {
		routes = append(routes, platform.Route{Method: r[0], Path: r[1], Handle: func(w http.ResponseWriter, _ *http.Request, params httprouter.Params) {
			_, _ = fmt.Fprintf(w, "%s %s %s %s", s.(echoServers).scope.Addon, r[0], r[1], params.ByName("id"))
		}})
	}
	return routes
}

func providerOptions() Options {
	return Options{
		Mounts: []Mount{
			{Prefix: "/nanobox/acme", Provider: echoProvider{name: "acme"}},
			{Prefix: "/echo/a", Mount: echoMount{name: "a"}},
		},
		Servers: func(scope gateway.Scope) platform.Servers { return echoServers{scope: scope} },
	}
}

func TestAProviderIsServedBesideTheMounts(t *testing.T) {
	s := start(t, providerOptions())
	const notFound, notTaken = `404 {"message":"There is nothing at this address.","of":"acme"}`, `405 {"message":"This address does not take this method.","of":"acme"}`
	for request, want := range map[[2]string]string{
		{"GET", "/nanobox/acme"}:                             "acme GET / ",
		{"GET", "/nanobox/acme/"}:                            "acme GET / ",
		{"GET", "/nanobox/acme/meta"}:                        "acme GET /meta ",
		{"GET", "//nanobox//acme//meta//"}:                   "acme GET /meta ",
		{"POST", "/nanobox/acme/servers/"}:                   "acme POST /servers ",
		{"GET", "/nanobox/acme/servers/a.b-c_d:e"}:           "acme GET /servers/:id a.b-c_d:e",
		{"GET", "/nanobox/acme/servers/a%2Eb%3Ae"}:           "acme GET /servers/:id a.b:e",
		{"GET", "/nanobox/acme/servers/.."}:                  "acme GET /servers/:id ..",
		{"GET", "/nanobox/acme/servers/meta"}:                "acme GET /servers/:id meta",
		{"PATCH", "/nanobox/acme/servers/a:1/reboot"}:        "acme PATCH /servers/:id/reboot a:1",
		{"PATCH", "/nanobox/acme/servers/a%2Freboot"}:        notTaken,
		{"PATCH", "/nanobox/acme/servers/a%2F..%2Fb/rename"}: "acme PATCH /servers/:id/rename a/../b",
		{"GET", "/nanobox/acme%2Fmeta"}:                      `404 {"message":"There is nothing at this address."}`,
		{"GET", "/nanobox%2Facme/meta"}:                      `404 {"message":"There is nothing at this address."}`,
		{"PATCH", "/nanobox/acme/servers//reboot"}:           notTaken, // it is /servers/reboot: a server of that name
		{"GET", "/nanobox/acme/nothing"}:                     notFound,
		{"GET", "/nanobox/acme/servers/a/reboot/b"}:          notFound,
		{"POST", "/nanobox/acme/meta"}:                       notTaken,
		{"HEAD", "/nanobox/acme/meta"}:                       "405 ",
		{"DELETE", "/echo/a/resources/1"}:                    `{"id":"1","of":"a"}`,
	} {
		answer := s.raw(t, requestFor(request))
		head, body, _ := strings.Cut(answer, "\r\n\r\n")
		got := strings.TrimSuffix(body, "\n")
		code := status(t, answer)
		if code != 200 {
			got = fmt.Sprint(code, " ", got)
		}
		if got != want {
			t.Errorf("%s %s answers %q, want %q", request[0], request[1], got, want)
		}
		if strings.Contains(head, "Location:") {
			t.Errorf("%s %s is redirected", request[0], request[1])
		}
		if code == 405 && !strings.Contains(head, "\r\nAllow: GET") {
			t.Errorf("%s %s does not say what is allowed: %s", request[0], request[1], head)
		}
	}
	eventually(t, "the log", func() bool { return strings.Contains(s.log.String(), `"route":"/nanobox/acme/servers/:id/reboot"`) })
	if text := s.log.String(); strings.Contains(text, "a.b-c_d:e") || !strings.Contains(text, `"platform":"echo","addon":"acme"`) {
		t.Errorf("the log is %s", text)
	}
}

func requestFor(r [2]string) string { return request(r[0], r[1], "") }

func TestAMountIsOneThingOrTheOther(t *testing.T) {
	s := start(t, providerOptions())
	for name, mounts := range map[string][]Mount{
		"neither": {{Prefix: "/x"}},
		"both":    {{Prefix: "/x", Mount: echoMount{}, Provider: echoProvider{}}},
		"a path of another": {
			{Prefix: "/x", Mount: echoMount{}},
			{Prefix: "/x", Provider: echoProvider{}},
		},
	} {
		if err := s.Swap(mounts); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	alone := start(t, Options{})
	if err := alone.Swap([]Mount{{Prefix: "/x", Provider: echoProvider{}}}); err == nil || !strings.Contains(err.Error(), "nothing that a provider could ask") {
		t.Errorf("a provider without an engine: %v", err)
	}
}
