package sqlite

import (
	"path/filepath"
	"strings"
	"testing"
)

// TestWhatIsAskedAtEveryPollNeverReadsTheWholeTable is about statements of package
// sql; the conditions are written here as there.
func TestWhatIsAskedAtEveryPollNeverReadsTheWholeTable(t *testing.T) {
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "addongw.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for what, c := range map[string]struct{ statement, index string }{
		"what waits for credentials": {`SELECT id FROM operations o WHERE waiting_for = 'credentials' AND state = 'pending' AND EXISTS (
 SELECT 1 FROM resources r WHERE r.id = o.resource_id AND r.addon = 'a' AND r.platform = 'p' AND r.owner_id = 'o') ORDER BY created_at, id`, "operations_uncredentialed"},
		"rotations that are due": {`SELECT * FROM resources WHERE rotation_due IS NOT NULL AND rotation_due <= 1 AND state = 'active' ORDER BY rotation_due LIMIT 5`, "resources_rotating"},
		"old credentials":        {`SELECT * FROM resources WHERE addon = 'a' AND plan = 'p' AND state NOT IN ('deprovisioning', 'deprovisioned', 'failed') AND state = 'active' AND kind = 'addon' AND rotation = '' AND COALESCE(rotated_at, created_at) <= 1 AND id > 'r' AND NOT EXISTS (SELECT 1 FROM operations o WHERE o.resource_id = resources.id AND o.verb = 'rotate' AND o.created_at > 1) ORDER BY id LIMIT 5`, "resources_living"},
		"where servers are":      {`SELECT DISTINCT region FROM resources WHERE addon = 'a' AND platform = 'p' AND kind = 'server' AND state NOT IN ('deprovisioned', 'failed') ORDER BY region`, "resources_servers"},
		"how many servers":       {`SELECT 1 FROM resources WHERE addon = 'a' AND platform = 'p' AND kind = 'server' AND state NOT IN ('deprovisioned', 'failed') LIMIT 5`, "resources_servers"},
		"an order like before":   {`SELECT * FROM resources WHERE addon = 'a' AND platform = 'p' AND owner_id = 'o' AND region = 'r' AND kind = 'server' AND state NOT IN ('deprovisioned', 'failed') AND state <> 'deprovisioning' AND plan = 's' AND name = 'n' AND created_at > 1 ORDER BY id DESC LIMIT 1`, "resources_servers"},
	} {
		plan := s.ExplainAll(t, c.statement)
		if !strings.Contains(plan, c.index) || strings.Contains(plan, "SCAN resources") || strings.Contains(plan, "SCAN r\n") || strings.Contains(plan, "SCAN operations\n") {
			t.Errorf("%s:\n%s", what, plan)
		}
	}
}
