package scalingo_test

import (
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"

	"github.com/addongw/addongw/gateway/conformance/conformancetest"
)

const salt = conformancetest.Salt

type (
	resource = conformancetest.Resource
	refusal  = conformancetest.Refusal
)

func refused(status int, message string) *refusal { return conformancetest.Refused(status, message) }

// provider is a vendor on Scalingo.
type provider struct {
	*conformancetest.Vendor
	api     string // where Scalingo's own API is
	later   bool   // orders are answered 202
	early   bool   // the API was called before an answer, once
	working sync.WaitGroup
}

func newProvider(t *testing.T, defect, api string, later bool) (*provider, []byte) {
	p := &provider{Vendor: conformancetest.NewVendor("acme-basic", defect, "error", "message"), api: api, later: later}
	t.Cleanup(p.working.Wait) // after the server was closed
	production, test := p.Serve(t, p)
	return p, conformancetest.Manifest(t, map[string]any{
		"name": "Acme", "username": p.Username, "password": conformancetest.Password, "sso_salt": salt, "log_drain": !later,
		"short_description": "A database in a minute", "description": "# Acme", "config_vars": conformancetest.ConfigVars,
		"production": production, "test": test,
		"plans": []map[string]any{
			{"name": "basic", "display_name": "Basic", "price": 0, "description": "Small", "options": map[string]string{"tier": "a"}},
			{"name": "premium", "display_name": "Premium", "price": 29.5, "description": "Large", "options": map[string]string{"tier": "b"}},
		},
	})
}

// Call answers the platform. An id may hold a slash, with that defect.
func (p *provider) Call(w http.ResponseWriter, r *http.Request, address string) {
	rest, below := strings.CutPrefix(address, "/resources")
	rest = strings.TrimPrefix(rest, "/")
	verb := ""
	for _, v := range []string{"suspend", "resume", "usage", "no-such-thing"} {
		if before, ok := strings.CutSuffix(rest, "/"+v); ok {
			rest, verb = before, v
		}
	}
	id, _ := url.PathUnescape(rest)
	switch {
	case !below, verb == "usage", verb == "no-such-thing":
		p.Refuse(w, r, refused(404, "Not found."))
	case id == "" && r.Method == http.MethodPost:
		p.provision(w, r)
	case id == "":
		p.NotAllowed(w, r, "POST")
	case verb != "":
		p.suspend(w, r, id, verb == "suspend")
	case r.Method == http.MethodPut, r.Method == http.MethodPatch && p.Defect != "no PATCH":
		p.changePlan(w, r, id)
	case r.Method == http.MethodDelete:
		p.deprovision(w, r, id)
	default:
		p.NotAllowed(w, r, "DELETE, PATCH, PUT")
	}
}
