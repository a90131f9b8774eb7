package platform

import (
	"net/url"
	"time"
)

// Sample is a request as the platform would make it, for people who try a
// mount out by hand.
type Sample struct {
	What   string // what it does: "provision"
	Method string
	Path   string // at the mount's prefix; "{id}" stands for the id that the provision answered
	User   string // of Basic auth
	Body   string // JSON; empty: none

	// SignOn, where set, makes the fields of the form that a customer's browser
	// sends to Path, signed at now: in the URL where Method is GET. Nothing else is
	// sent then.
	SignOn func(providerID string, now time.Time) url.Values
}
