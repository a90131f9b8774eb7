package config

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway"
)

// rentedRow looks for what servers and keys need: their provider, its region
// and size, and the backend that made them. Keys have neither region nor size.
func (o *orphanage) rentedRow(row gateway.InUse) {
	p := o.providers[row.Addon]
	if p == nil || p.platform != row.Platform {
		o.miss(row.Count, lack{"belongs", "belong", fmt.Sprintf("to the provider %q, which is gone", row.Addon)}, func() *hcl.Diagnostic {
			return orphan(hcl.Range{}, "", fmt.Sprintf("bring provider %q %q back until they are gone", row.Platform, row.Addon),
				"it can't have another name: the platform knows it by this one")
		})
		o.backend(row, hcl.Range{})
		return
	}
	o.backend(row, p.content.ValueRange("backend"))
	at, in := p.content.Range, title(p.content)
	if row.Region != "" && !p.bound.Region(row.Region) {
		o.miss(row.Count, using("the region %q of %s", row.Region, p.id), func() *hcl.Diagnostic {
			return orphan(at, in, fmt.Sprintf("keep region %q { retired = true } until they are gone", row.Region),
				"a region that is retired has no sizes to order, and the platform still finds it")
		})
		return // the sizes of a region that is gone are gone with it
	}
	if row.Plan != "" && !p.bound.Size(row.Region, row.Plan) {
		o.miss(row.Count, using("the size %q in the region %q of %s", row.Plan, row.Region, p.id), func() *hcl.Diagnostic {
			return orphan(at, in, fmt.Sprintf("keep spec %q { retired = true } in a plan of that region until they are gone", row.Plan),
				"a size that is retired is not in the catalog, and nobody can order it")
		})
	}
}
