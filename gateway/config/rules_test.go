package config_test

import (
	"testing"

	"github.com/addongw/addongw/gateway/config"
)

// environ has every secret that the fixtures name.
func environ(name string) (string, bool) {
	value, ok := map[string]string{
		"PG_ADMIN_URL": adminURL, "CLEVER_PASSWORD": goodPassword, "CLEVER_SSO_SALT": goodPassword + "-salt",
	}[name]
	return value, ok
}

// withRules loads testdata/valid/rules.
func withRules(t *testing.T, vars map[string]string) *config.Config {
	t.Helper()
	c, _, diags := load(t, "testdata/valid/rules", config.Options{Secrets: true, Environ: environ, Vars: vars, Dialects: completeDialects()})
	return must(t, c, diags)
}

func TestRulesLoad(t *testing.T) { withRules(t, nil) }
