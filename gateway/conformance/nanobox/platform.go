package nanobox

import (
	"github.com/addongw/addongw/gateway/conformance"
)

// Platform is Nanobox.
type Platform struct{}

var (
	_ conformance.ServerPlatform = Platform{}
	_ conformance.Taker          = Platform{}
)

// Name is that of the folder in spec, too.
func (Platform) Name() string { return "nanobox" }

// Title is the platform's name.
func (Platform) Title() string { return "Nanobox" }

// The collections.
const (
	servers = "servers"
	keys    = "keys"
)

// Collections are servers, and keys, which servers may need to the end.
func (Platform) Collections() []conformance.Collection {
	return []conformance.Collection{
		{Path: servers, Thing: "server", Slow: true},
		{Path: keys, Thing: "key"},
	}
}

// Takes is 200 for credentials, which Microbox core compares. Nothing is known of
// what the dashboard compared elsewhere; published providers differ.
func (Platform) Takes(g conformance.Group) []string {
	if g == conformance.Auth {
		return []string{"200"}
	}
	return []string{"2xx"}
}
