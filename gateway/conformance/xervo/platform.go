package xervo

import (
	"cmp"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/spec"
)

// Platform is Xervo.
type Platform struct{}

var (
	_ conformance.Platform = Platform{}
	_ conformance.Taker    = Platform{}
)

// Name is that of the folder in spec, too.
func (Platform) Name() string { return "xervo" }

// Title is the platform's name.
func (Platform) Title() string { return "Xervo" }

// PlansInManifest is false: the manifest knows no plans.
func (Platform) PlansInManifest() bool { return false }

// usualRegion is the region of the document's order.
const usualRegion = "amazon-web-services::us-east-1"

// Client makes the document's requests.
func (Platform) Client(p conformance.Provider) conformance.Client {
	p.Region = cmp.Or(p.Region, usualRegion)
	return client{p}
}

// Vars returns what the exchange files mention.
func (Platform) Vars(p conformance.Provider) spec.Vars {
	p.Region = cmp.Or(p.Region, usualRegion)
	return conformance.Vars(p)
}

// StandIn is nil: orders name a callback_url, but not what is there.
func (Platform) StandIn(conformance.Provider) conformance.StandIn { return nil }

// Takes is what dia takes for success.
func (Platform) Takes(g conformance.Group) []string {
	switch g {
	case conformance.Provision, conformance.PlanChange, conformance.Deprovision:
		return []string{"200"}
	case conformance.SSO:
		return []string{"302"}
	default:
		return nil
	}
}
