package lifecycle

import (
	"cmp"
	"fmt"

	"github.com/addongw/addongw/gateway"
)

// fullMessages are what customers read when a quota is reached.
var fullMessages = map[gateway.Counted]string{
	gateway.CountedAll:      "There is no place left for this service at the moment. Please try again later.",
	gateway.CountedPerOwner: "You have as many of this service as one owner may have.",
	gateway.CountedPerPlan:  "There is no place left on this plan at the moment. Please try again later or choose another plan.",
}

// checkQuotas refuses what tx has just written of r where it is one too many.
// The count is part of the transaction: of orders that arrive together, exactly
// as many pass as there are places.
func checkQuotas(tx Tx, r gateway.Resource, quotas []gateway.QuotaRule) error {
	for _, rule := range quotas {
		message, known := fullMessages[rule.Counts]
		if !known {
			return gateway.Fault(fmt.Errorf("there is no quota that counts %q", rule.Counts))
		}
		which, counted := livingWith(r, rule.Counts)
		if !counted {
			continue
		}
		most := max(0, rule.Max)
		n, err := tx.CountLiving(which, most+1)
		if err != nil {
			return err
		}
		if n > most {
			return gateway.Errorf(gateway.Quota, "%s", message)
		}
	}
	return nil
}

// livingWith selects what is counted together with r; counted is false for the
// quota of an owner whom the platform does not tell.
func livingWith(r gateway.Resource, counts gateway.Counted) (which Living, counted bool) {
	which.Addon = r.Addon
	switch counts {
	case gateway.CountedPerOwner:
		which.Platform, which.Owner = r.Platform, r.Owner.ID
		return which, r.Owner.ID != ""
	case gateway.CountedPerPlan:
		which.Plan = cmp.Or(r.DesiredPlan, r.Plan)
	}
	return which, true
}
