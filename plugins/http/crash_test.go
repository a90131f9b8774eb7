package http

import (
	"strings"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
)

func crashes(t *testing.T, s *saas, text string) {
	t.Helper()
	backendtest.Crash(t, backendtest.Crashing{
		Subject: subject(t, text),
		Things:  func(_ *testing.T, op backend.Op) []string { return s.ofRef(op.ResourceID) },
	})
	if n := s.count(); n != 0 {
		t.Errorf("%d accounts are left", n)
	}
}

func TestAKilledPluginNeitherLosesNorDoublesAnything(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	crashes(t, s, s.mailwind(verbs+find))
}

func TestAKilledPluginGoesOnWithWorkInTheBackground(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	s.patience = 2
	crashes(t, s, s.mailwind(later+find))
}

// Without idempotency keys a repeat that ordered anew would make another account.
// Nothing can be done about keys of rotations then, which validate says.
func TestAnAPIWithoutIdempotencyKeysIsAskedFirst(t *testing.T) {
	t.Parallel()
	s := newSaaS(t)
	s.keyless = true
	before, rest, _ := strings.Cut(verbs, "rotate {")
	_, after, _ := strings.Cut(rest, "read {")
	crashes(t, s, s.mailwind(before+"read {"+after+find+"idempotency_header = \"\"\n"))
}
