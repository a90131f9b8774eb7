package clevercloud

import (
	"cmp"
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

// usualRegion is what requests carry, in the capitals of the documents.
const usualRegion = "EU"

// Client makes the current generation's requests.
func (Platform) Client(p conformance.Provider) conformance.Client {
	p.Region = cmp.Or(p.Region, usualRegion)
	return client{p}
}

// Vars returns what the exchange files mention.
func (Platform) Vars(p conformance.Provider) spec.Vars {
	p.Region = cmp.Or(p.Region, usualRegion)
	vars := conformance.Vars(p)
	vars["region_upper"], vars["region_lower"] = strings.ToUpper(p.Region), strings.ToLower(p.Region)
	return vars
}
