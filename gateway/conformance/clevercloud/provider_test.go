package clevercloud_test

import (
	"net/http"
	"testing"

	"github.com/addongw/addongw/gateway/conformance/conformancetest"
)

const salt = conformancetest.Salt

type (
	resource = conformancetest.Resource
	refusal  = conformancetest.Refusal
)

func refused(status int, message string) *refusal { return conformancetest.Refused(status, message) }

// provider is a vendor on Clever Cloud.
type provider struct {
	*conformancetest.Vendor
	api    string // where the infos API is
	called bool   // the infos API, early
}

func newProvider(t *testing.T, defect, api string) (*provider, []byte) {
	p := &provider{Vendor: conformancetest.NewVendor("acme-db", defect, "message"), api: api}
	production, test := p.Serve(t, p)
	return p, conformancetest.Manifest(t, map[string]any{"id": p.Username, "name": "Acme", "api": map[string]any{
		"config_vars": conformancetest.ConfigVars, "regions": []string{"eu"}, "password": conformancetest.Password, "sso_salt": salt,
		"production": production, "test": test,
	}})
}

// Call answers the platform.
func (p *provider) Call(w http.ResponseWriter, r *http.Request, address string) {
	p.Route(w, r, address, conformancetest.Operations{Provision: p.provision, ChangePlan: p.changePlan, Deprovision: p.deprovision})
}
