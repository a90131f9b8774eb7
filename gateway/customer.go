package gateway

import "time"

// SignOn is a customer whom a platform sent, by single sign-on that its
// dialect has checked.
type SignOn struct {
	UserID        string
	Email         string
	EmailVerified bool   // the platform's signature covers Email
	NavData       string // the platform's own header, opaque

	// Proof, where set, is what the platform signed with: it opens one session
	// and no second one. It is remembered until ProofUntil, when it is too old
	// anyway.
	Proof      string
	ProofUntil time.Time
}

// Page is what the configuration says of a resource for its customer's page.
type Page struct {
	AddonName string
	Logo      string // a URL, or empty
	Support   string // a URL or an address, or empty
	DocsURL   string // or empty
	Plan      string // the name of the plan, as customers read it
	Region    string // the title of the region

	Platform       string   // as customers know it: "Clever Cloud"
	Dashboard      string   // the platform's own web address, for the way back
	FrameAncestors []string // origins whose pages may show ours in a frame; empty: none

	Session time.Duration // how long one sign-on lasts
}
