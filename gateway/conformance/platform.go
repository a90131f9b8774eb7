package conformance

import (
	"context"
	"net/http"
	"time"

	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/spec"
)

// Tested is what a platform's folder provides, whatever is sold there.
type Tested interface {
	Name() string  // as commands and folders name it: "clevercloud"
	Title() string // as people do: "Clever Cloud"

	// ManifestRules are the rules that ReadManifest's problems may name.
	ManifestRules() []Head

	// ReadManifest reads the document that a vendor gives to the platform and
	// reports everything that is wrong with it, not only the first.
	ReadManifest(text []byte, how Reading) (Provider, []Problem)

	// Vars returns what the platform's exchange files mention.
	Vars(Provider) spec.Vars

	// Checks are those that no exchange file can state.
	Checks() []Check
}

// Platform is a marketplace for add-ons.
type Platform interface {
	Tested

	// PlansInManifest tells whether the platform learns of plans from the
	// manifest. Where it does not, somebody has to name them.
	PlansInManifest() bool

	Client(Provider) Client

	// StandIn makes a stand-in of the platform's own API, which accepts the
	// provider's credentials; nil where the platform has none.
	StandIn(Provider) StandIn
}

// ServerPlatform is a platform that rents servers from its providers, in place
// of selling add-ons.
type ServerPlatform interface {
	Tested

	// Discover asks a provider what it says of itself, for as much of it as there
	// is: the checks judge it. The credentials that it names have no values yet.
	Discover(ctx context.Context, p Provider, timeout time.Duration) Provider

	// Collections are what calls make things in. Those of one are removed before
	// those of the next.
	Collections() []Collection

	// Provide makes what an exchange mentions and only a run can know, such as the
	// id of a server, and returns it by its name; nil: there is no such thing. why
	// says what stands against it.
	Provide(ctx context.Context, s *Session, name string) (known spec.Vars, why string)
}

// Collection is a path below a provider's address: POST to it makes a thing,
// DELETE below it removes one.
type Collection struct {
	Path  string // "servers"; empty: the address itself
	Thing string // "server"

	// Slow things go on for a while after their removal was answered, and count
	// until then.
	Slow bool
}

// Reading says how a manifest is read.
type Reading struct {
	Environment Environment

	// Password and Salt stand in place of the manifest's; empty: they do not.
	// A manifest in a repository had better not hold them.
	Password, Salt secret.Value
}

// StandIn is a platform's own API as the tester serves it. Besides what
// providers send it, it hears of everything that the tester sends to them.
type StandIn interface {
	http.Handler
	Sent(Request)
	Answered(Request, spec.Answer)
}

// Settler is a StandIn of a platform that lets a provider promise a resource
// (202) and learns on its own API when that is there.
type Settler interface {
	StandIn

	// Settle waits until what an answer promises is there, at most so long, and
	// reports whether it is.
	Settle(ctx context.Context, r Request, a spec.Answer, patience time.Duration) bool
}

// Problem is one thing that is wrong with a manifest.
type Problem struct {
	Rule string // the id of a ManifestRule
	Text string // "password can't be blank"

	// Fatal means that nothing can be sent: an address or a credential is
	// missing, or the document cannot be read.
	Fatal bool

	// Unreadable means that no other rule could be looked at.
	Unreadable bool
}

// Head says what a check is about.
type Head struct {
	ID     string // "CC-P1"
	Group  Group
	Title  string // the rule in one sentence
	Level  spec.Level
	Source string // which document
	Says   string // its sentence; empty where the rule is ours
	Note   string

	// Platform says what the platform does with a provider that breaks the
	// rule.
	Platform string
}

// Check is a check that no exchange file can state.
type Check struct {
	Head
	Needs []string // ids of checks, or names of exchanges, that must hold first

	// Last checks look at what all others have sent, so they run after them.
	Last bool

	Run func(context.Context, *Session) Finding
}

// Finding is what a check found. Without problems and without a reason to skip
// it the rule holds.
type Finding struct {
	Problems []string
	Skipped  string // why it does not apply
	Blocked  string // why it could not be judged
}
