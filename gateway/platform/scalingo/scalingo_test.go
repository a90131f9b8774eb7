package scalingo

import (
	"testing"

	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/spec"
)

const (
	password = platformtest.Password
	salt     = platformtest.Salt
)

// common is what config hands over for a correct block.
func common() platform.Common {
	c := platformtest.Common("scalingo")
	c.Currency, c.AddonRegions = "EUR", []string{"paris"}
	c.Summary, c.Description = "A database in a minute", "# Acme Postgres\nA database of your own & a backup every night."
	c.Logo = "https://acme.example/logo.png"
	c.Plans = []platform.Plan{
		{ID: "hobby", Slug: "free", Name: "Hobby", Description: "For one small app."},
		{ID: "standard", Slug: "premium", Name: "Standard", Description: "For **many** apps.", Price: 29.5, Options: map[string]string{"pool": "100", "tier": "b"}},
	}
	c.ConfigVars = []platform.ConfigVarName{
		{Name: "DATABASE_URL", Range: platformtest.Line(11)}, {Name: "acme_host", Range: platformtest.Line(12)},
	}
	c.Ranges["plans"], c.Ranges["log_drain_url"] = platformtest.Line(4), platformtest.Line(5)
	return c
}

func newTestMount(t *testing.T, c platform.Common, settings string) *mount {
	t.Helper()
	return platformtest.NewMount(t, Dialect{}, c, settings).(*mount)
}

func TestScalingoPassesTheSuite(t *testing.T) {
	for _, username := range []string{"", "acme-basic-auth"} {
		c := common()
		c.Username = username
		m := newTestMount(t, c, "")
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
		})
	}
}

func TestEveryExchangeOfTheSpecificationHolds(t *testing.T) {
	c := common()
	c.LogDrain = true
	m := newTestMount(t, c, "")
	url := platformtest.Serve(t, m, drained{platformtest.NewMemory(m.Scope(), "DATABASE_URL", "acme_host").Offer()})
	vars := spec.ProviderVars(url+resourcesPath, "acme-db", password)
	vars["plan"], vars["other_plan"] = "premium", "free"
	vars["plan_options"], vars["other_plan_options"] = `{"pool": "100", "tier": "a, as it was in an older manifest"}`, "{}"
	vars["sso_url"], vars["sso_salt"] = url+"/sso", salt
	vars["config_vars"] = "DATABASE_URL acme_host"
	vars["log_drain"] = "true"
	platformtest.Replay(t, "scalingo", vars)
}
