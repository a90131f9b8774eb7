package xervo

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
	c := platformtest.Common(label)
	c.ID, c.Currency = "acme_db", "USD"
	c.Regions = map[string]string{"us-east-1": "virginia", "amazon-web-services::eu-west-3": "paris"}
	c.Plans = []platform.Plan{{ID: "hobby", Slug: "test"}, {ID: "standard", Slug: "basic"}}
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
	})
}

func TestEveryExchangeOfTheSpecificationHolds(t *testing.T) {
	m := newTestMount(t, common(), "")
	url := platformtest.Serve(t, m, platformtest.NewMemory(m.Scope(), "ACME_DB_URL", "ACME_DB_HOST").Offer())
	vars := spec.ProviderVars(url+resourcesPath, "acme_db", password)
	vars["plan"], vars["other_plan"], vars["region"] = "test", "basic", "amazon-web-services::us-east-1"
	vars["sso_url"], vars["sso_salt"] = url+"/sso", salt
	vars["config_vars"] = strings.Join([]string{"ACME_DB_URL", "ACME_DB_HOST"}, " ")
	platformtest.Replay(t, label, vars)
}
