package platformtest

import (
	"testing"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
)

// Subject is a dialect's mount under test, with valid settings.
type Subject struct {
	Mount              platform.Mount
	Username, Password string // its Basic credentials
	Salt               string // its single sign-on secret

	// Statuses is the dialect's table, one status for every kind.
	Statuses map[gateway.Kind]int

	// Public lists the routes that need no Basic credentials ("/sso").
	Public []string

	// ConfigVars lists the names that resources have, for dialects that deliver
	// none but complete ones.
	ConfigVars []string

	// The verbs as this platform asks for them. In Path, ":id" stands for the
	// resource's id. Every body is a good one.
	Provision, ChangePlan, Deprovision Call
}

func (s Subject) serve(t *testing.T, l platform.Lifecycle) string {
	t.Helper()
	return Serve(t, s.Mount, l)
}

// Call is a request to a mount.
type Call struct {
	Method, Path, Body string
}

// Run tests everything that all platforms have in common.
func Run(t *testing.T, s Subject) {
	t.Run("every kind of error has a status", s.everyKindHasAStatus)
	t.Run("every kind of error reaches the platform in its form", s.everyKindReachesThePlatform)
	t.Run("causes stay with us", s.causesStayWithUs)
	t.Run("a panic becomes an internal error", s.panicBecomesInternal)
	t.Run("nobody gets in without both halves of the credentials", s.credentials)
	t.Run("bodies that cannot be read are refused before anything happens", s.badBodies)
	t.Run("errors about a body never quote it", s.badBodiesAreNotQuoted)
	t.Run("unknown addresses and methods are answered in the platform's form", s.addresses)
	t.Run("a delivery is recorded once it was answered", s.deliveries)
	t.Run("the manifest shows secrets on demand only", s.manifest)
	t.Run("the scope names add-on, platform, budget and dead ids", s.scope)
}
