package rules

import (
	"strings"
	"testing"
)

func TestTheRemedyForAConfigVarIsAName(t *testing.T) {
	for name, want := range map[string]string{
		"DATABASE_HOST": "ACME_DB_HOST", "DATABASE_REPLICA_HOST": "ACME_DB_REPLICA_HOST", "URL": "ACME_DB_URL",
		"ACME_HOST": "ACME_DB_HOST", "ACME_DB": "ACME_DB_URL", "ACME_DB_": "ACME_DB_URL", "ACMEDB_URL": "ACME_DB_URL",
		"acme_db_url": "ACME_DB_URL", "ACME-DB-URL": "ACME_DB_URL", "ACME_DB_url": "ACME_DB_URL", "": "ACME_DB_URL", "é": "ACME_DB_URL",
	} {
		got := nearestVar("ACME_DB_", name)
		if got != want {
			t.Errorf("%q: %q, want %q", name, got, want)
		}
		if rest, ok := strings.CutPrefix(got, "ACME_DB_"); !ok || !varPattern.MatchString(rest) {
			t.Errorf("%q: the remedy %q breaks the rule", name, got)
		}
	}
}
