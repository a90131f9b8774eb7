package clevercloud

import (
	"strings"
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
	c := platformtest.Common("clevercloud")
	c.Currency = "EUR"
	c.Regions = map[string]string{"eu": "paris", "us": "virginia"}
	c.Plans = []platform.Plan{{ID: "hobby", Slug: "basic"}, {ID: "standard", Slug: "premium"}}
	c.ConfigVars = []platform.ConfigVarName{
		{Name: "ACME_DB_URL", Range: platformtest.Line(11)}, {Name: "ACME_DB_HOST", Range: platformtest.Line(12)},
	}
	c.Ranges["regions"], c.Ranges["id"] = platformtest.Line(4), platformtest.Line(5)
	return c
}

func newTestMount(t *testing.T, c platform.Common, settings string) *mount {
	t.Helper()
	return platformtest.NewMount(t, Dialect{}, c, settings).(*mount)
}

func TestCleverCloudPassesTheSuite(t *testing.T) {
	m := newTestMount(t, common(), "")
	platformtest.Run(t, platformtest.Subject{
		Mount: m, Username: "acme-db", Password: password, Salt: salt,
		Statuses:    statuses,
		Public:      []string{"/sso"},
		Provision:   platformtest.Call{Method: "POST", Path: "/resources", Body: `{"addon_id": "addon_1", "plan": "basic", "region": "EU"}`},
		ChangePlan:  platformtest.Call{Method: "PUT", Path: "/resources/:id", Body: `{"plan": "premium"}`},
		Deprovision: platformtest.Call{Method: "DELETE", Path: "/resources/:id"},
	})
}

func TestEveryExchangeOfTheSpecificationHolds(t *testing.T) {
	for _, generation := range []string{both, current, legacy} {
		t.Run(generation, func(t *testing.T) {
			m := newTestMount(t, common(), `generation = "`+generation+`"`)
			url := platformtest.Serve(t, m, platformtest.NewMemory(m.Scope(), "ACME_DB_URL", "ACME_DB_HOST").Offer())
			vars := spec.ProviderVars(url+resourcesPath, "acme-db", password)
			vars["plan"], vars["other_plan"] = "basic", "premium"
			vars["region"], vars["region_upper"], vars["region_lower"] = "EU", "EU", "eu"
			vars["sso_url"], vars["sso_salt"] = strings.TrimSuffix(url, resourcesPath)+"/sso", salt
			vars["config_vars"] = strings.Join([]string{"ACME_DB_URL", "ACME_DB_HOST"}, " ")
			exchanges(t, generation, vars)
		})
	}
}

// exchanges replays every file; a sign-on with a token alone is what the
// current generation refuses.
func exchanges(t *testing.T, generation string, vars spec.Vars) {
	if generation != current {
		platformtest.Replay(t, "clevercloud", vars)
		return
	}
	platformtest.Replay(t, "clevercloud", vars, "clevercloud/sso-legacy")
}
