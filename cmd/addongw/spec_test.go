package main

import (
	"testing"

	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/spec"
)

// TestTheRealGatewayDoesWhatTheSpecSays plays every exchange file against the
// real binary with real scripts behind it: the dialect's own test has a
// life cycle in memory there.
func TestTheRealGatewayDoesWhatTheSpecSays(t *testing.T) {
	p := startQuickstart(t, copyExample(t, "quickstart"))
	vars := spec.ProviderVars(p.URL+"/clevercloud/tinyfiles/resources", "tinyfiles", password)
	vars["plan"], vars["other_plan"] = "small", "large"
	vars["region"], vars["region_upper"], vars["region_lower"] = "EU", "EU", "eu"
	vars["sso_url"], vars["sso_salt"] = p.URL+"/clevercloud/tinyfiles/sso", ssoSalt
	vars["config_vars"] = "TINYFILES_URL TINYFILES_QUOTA_MB"
	platformtest.Replay(t, "clevercloud", vars)
}
