package clevercloud

import (
	"strings"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/spec"
)

// Platform is Clever Cloud.
type Platform struct{}

var _ conformance.Platform = Platform{}

// Name is that of the folder in spec, too.
func (Platform) Name() string { return "clevercloud" }

// Title is the platform's name.
func (Platform) Title() string { return "Clever Cloud" }

// PlansInManifest is false: plans are made in the console.
func (Platform) PlansInManifest() bool { return false }

// Client makes the current generation's requests.
func (Platform) Client(p conformance.Provider) conformance.Client { return client{p} }

// Vars returns what the exchange files mention.
func (Platform) Vars(p conformance.Provider) spec.Vars {
	vars := conformance.Vars(p)
	if p.Region != "" {
		vars["region_upper"], vars["region_lower"] = strings.ToUpper(p.Region), strings.ToLower(p.Region)
	}
	return vars
}
