package xervo_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway/conformance/conformancetest"
)

const (
	username = "acme_db"
	salt     = conformancetest.Salt
)

type (
	resource = conformancetest.Resource
	refusal  = conformancetest.Refusal
)

func refused(status int, message string) *refusal { return conformancetest.Refused(status, message) }

// provider is a vendor on Xervo.
type provider struct {
	*conformancetest.Vendor
	codes map[string]bool // that lead to a page, once
}

func newProvider(t *testing.T, defect string) (*provider, []byte) {
	p := &provider{Vendor: conformancetest.NewVendor(username, defect, "message"), codes: map[string]bool{}}
	production, test := p.Serve(t, p)
	return p, conformancetest.Manifest(t, map[string]any{"id": p.Username, "api": map[string]any{
		"config_vars": conformancetest.ConfigVars, "password": conformancetest.Password, "sso_salt": salt,
		"production": production, "test": test,
	}})
}

// ServeHTTP serves pages beside what the platform calls.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	switch {
	case p.Defect == "everything fails":
		conformancetest.Page(w, http.StatusInternalServerError)
	case strings.HasPrefix(r.URL.Path, "/dashboard"):
		p.page(w, r)
	default:
		p.Vendor.ServeHTTP(w, r)
	}
}

// Call answers the platform.
func (p *provider) Call(w http.ResponseWriter, r *http.Request, address string) {
	if r.Method == http.MethodGet && p.Defect == "anything may be read" {
		conformancetest.Answer(w, 200, map[string]any{"resources": []string{}})
		return
	}
	p.Route(w, r, address, conformancetest.Operations{Provision: p.provision, ChangePlan: p.changePlan, Deprovision: p.deprovision})
}

// refuse refuses what is right but for the credentials.
func (p *provider) refuse(w http.ResponseWriter, r *http.Request, f *refusal) {
	switch {
	case p.Defect == "every refused order is a 400" && r.Method == http.MethodPost,
		p.Defect == "every refused plan change is a 400" && r.Method == http.MethodPut,
		p.Defect == "400 for a removal of what never was" && r.Method == http.MethodDelete && f.Status == 404:
		f = refused(400, f.Message)
	}
	p.Refuse(w, r, f)
}
