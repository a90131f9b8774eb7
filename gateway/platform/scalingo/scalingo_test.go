package scalingo

import (
	"net"
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
		Addon: "acme-db", AddonName: "Acme Postgres", Currency: "EUR",
		Summary: "A database in a minute", Description: "# Acme Postgres\nA database of your own & a backup every night.",
		Logo: "https://acme.example/logo.png",
		ID:   "acme-db", Password: secret.New(password), SSOSalt: secret.New(salt), PasswordKnown: true, SSOSaltKnown: true,
		SSOPath:     "/sso",
		BaseURL:     "https://addons.acme.example/scalingo/acme-db",
		SSOURL:      "https://addons.acme.example/scalingo/acme-db/sso",
		TestBaseURL: "https://addons.acme.example/scalingo/acme-db",
		TestSSOURL:  "https://addons.acme.example/scalingo/acme-db/sso",
		SSOSkew:     time.Minute, DefaultRegion: "paris", AddonRegions: []string{"paris"},
		Plans: []platform.Plan{
			{ID: "hobby", Slug: "free", Name: "Hobby", Description: "For one small app."},
			{ID: "standard", Slug: "premium", Name: "Standard", Description: "For **many** apps.", Price: 29.5, Options: map[string]string{"pool": "100", "tier": "b"}},
		},
		ConfigVars: []platform.ConfigVarName{
			{Name: "DATABASE_URL", Range: line(11)}, {Name: "acme_host", Range: line(12)},
		},
		Ranges: map[string]hcl.Range{
			"password": line(2), "sso_salt": line(3), "plans": line(4), "username": line(6), "log_drain_url": line(5),
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

func newTestMount(t *testing.T, c platform.Common, text string) platform.Mount {
	t.Helper()
	m, diags := decode(t, c, text)
	if diags.HasErrors() {
		t.Fatal(diags)
	}
	return m
}

// serve puts a mount behind the real server on a real listener.
func serve(t *testing.T, m platform.Mount, l platform.Lifecycle) string {
	t.Helper()
	const prefix = "/scalingo/acme-db"
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

func TestScalingoPassesTheSuite(t *testing.T) {
	for _, username := range []string{"", "acme-basic-auth"} {
		c := common()
		c.Username = username
		m := newTestMount(t, c, "").(*mount)
		if username == "" && m.username != "acme-db" {
			t.Errorf("by default the user name is %q", m.username)
		}
		platformtest.Run(t, platformtest.Subject{
			Mount: m, Username: m.username, Password: password, Salt: salt,
			Statuses:    statuses,
			Public:      []string{"/sso"},
			Provision:   platformtest.Call{Method: "POST", Path: "/resources", Body: `{"uuid": "ad-1", "app_id": "app-1", "plan": "free"}`},
			ChangePlan:  platformtest.Call{Method: "PATCH", Path: "/resources/:id", Body: `{"plan": "premium"}`},
			Deprovision: platformtest.Call{Method: "DELETE", Path: "/resources/:id"},
			Serve:       func(t *testing.T, l platform.Lifecycle) string { return serve(t, m, l) },
		})
	}
}

func TestEveryExchangeOfTheSpecificationHolds(t *testing.T) {
	c := common()
	c.LogDrain = true
	m := newTestMount(t, c, "")
	url := serve(t, m, drained{platformtest.NewMemory(m.Scope(), "DATABASE_URL", "acme_host").Offer()})
	vars := spec.ProviderVars(url+resourcesPath, "acme-db", password)
	vars["plan"], vars["other_plan"] = "premium", "free"
	vars["plan_options"], vars["other_plan_options"] = `{"pool": "100", "tier": "a, as it was in an older manifest"}`, "{}"
	vars["sso_url"], vars["sso_salt"] = url+"/sso", salt
	vars["config_vars"] = "DATABASE_URL acme_host"
	vars["log_drain"] = "true"
	platformtest.Replay(t, "scalingo", vars)
}
