package xervo

import (
	"net"
	"strings"
	"testing"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclparse"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/gateway/server"
	"github.com/addongw/addongw/spec"
)

const (
	password = "correct-horse-battery-staple-and-36-c"
	salt     = "k4mR8vZ2qT6wX0yB3nD7fG1hJ5lP9sUcE8aQo"
)

// common is what config hands over for a correct block.
func common() platform.Common {
	return platform.Common{
		Addon: "acme-db", AddonName: "Acme Postgres", Currency: "USD",
		ID:       "acme_db",
		Password: secret.New(password), SSOSalt: secret.New(salt), PasswordKnown: true, SSOSaltKnown: true,
		SSOPath: "/sso", SSOSkew: time.Minute,
		BaseURL:     "https://addons.acme.example/xervo/acme-db",
		SSOURL:      "https://addons.acme.example/xervo/acme-db/sso",
		TestBaseURL: "https://addons.acme.example/xervo/acme-db",
		TestSSOURL:  "https://addons.acme.example/xervo/acme-db/sso",
		Regions:     map[string]string{"us-east-1": "virginia", "amazon-web-services::eu-west-3": "paris"}, DefaultRegion: "paris",
		Plans: []platform.Plan{{ID: "hobby", Slug: "test"}, {ID: "standard", Slug: "basic"}},
		ConfigVars: []platform.ConfigVarName{
			{Name: "ACME_DB_URL", Range: line(11)}, {Name: "ACME_DB_HOST", Range: line(12)},
		},
		Ranges: map[string]hcl.Range{
			"password": line(2), "sso_salt": line(3), "regions": line(4), "id": line(5), "username": line(6),
			"test.base_url": line(7), "test.sso_url": line(8), "sso_path": line(14), "mode": line(9), "base_url": line(10), "currency": line(13),
		},
		Block: line(1),
	}
}

func line(n int) hcl.Range {
	return hcl.Range{Filename: "acme-db.hcl", Start: hcl.Pos{Line: n, Column: 1}, End: hcl.Pos{Line: n, Column: 2}}
}

// decode reads own settings as an operator writes them.
func decode(t *testing.T, c platform.Common, text string) (platform.Mount, hcl.Diagnostics) {
	t.Helper()
	file, diags := hclparse.NewParser().ParseHCL([]byte(text), "acme-db.hcl")
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return Dialect{}.Decode(c, file.Body, nil)
}

func newTestMount(t *testing.T, c platform.Common, text string) *mount {
	t.Helper()
	m, diags := decode(t, c, text)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return m.(*mount)
}

// serve puts a mount behind the real server on a real listener.
func serve(t *testing.T, m platform.Mount, l platform.Lifecycle) string {
	t.Helper()
	const prefix = "/xervo/acme-db"
	s, err := server.New(server.Options{
		Mounts:    []server.Mount{{Prefix: prefix, Mount: m}},
		Lifecycle: func(gateway.Scope) platform.Lifecycle { return l },
		Landing:   &landing{},
	})
	if err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(t.Context(), listener) }()
	t.Cleanup(func() {
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return "http://" + listener.Addr().String() + prefix
}

func TestXervoPassesTheSuite(t *testing.T) {
	m := newTestMount(t, common(), "")
	platformtest.Run(t, platformtest.Subject{
		Mount: m, Username: "acme_db", Password: password, Salt: salt,
		Statuses:    statuses,
		Public:      []string{"/sso"},
		ConfigVars:  []string{"ACME_DB_URL", "ACME_DB_HOST"},
		Provision:   platformtest.Call{Method: "POST", Path: "/resources", Body: `{"xervo_id": "acme1", "plan": "test", "region": "us-east-1"}`},
		ChangePlan:  platformtest.Call{Method: "PUT", Path: "/resources/:id", Body: `{"plan": "basic"}`},
		Deprovision: platformtest.Call{Method: "DELETE", Path: "/resources/:id"},
		Serve:       func(t *testing.T, l platform.Lifecycle) string { return serve(t, m, l) },
	})
}

func TestEveryExchangeOfTheSpecificationHolds(t *testing.T) {
	m := newTestMount(t, common(), "")
	url := serve(t, m, platformtest.NewMemory(m.Scope(), "ACME_DB_URL", "ACME_DB_HOST").Offer())
	vars := spec.ProviderVars(url+resourcesPath, "acme_db", password)
	vars["plan"], vars["other_plan"], vars["region"] = "test", "basic", "amazon-web-services::us-east-1"
	vars["sso_url"], vars["sso_salt"] = url+"/sso", salt
	vars["config_vars"] = strings.Join([]string{"ACME_DB_URL", "ACME_DB_HOST"}, " ")
	platformtest.Replay(t, label, vars)
}
