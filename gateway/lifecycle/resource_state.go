package lifecycle

import (
	"fmt"

	"github.com/addongw/addongw/gateway"
)

// The life of a resource. A provision that fails keeps its resource in
// "provisioning" until the clean-up is done; an order repeated meanwhile queues
// behind the clean-up, which then leaves the state alone. Where the backend
// keeps the data of a deprovisioned resource for a while, its purge is an
// operation that waits until it is due; the platform notices nothing of it.
//
//	             order
//	               │                 ┌── order again (behind the clean-up)
//	               ▼                 │
//	        ┌► provisioning ◄────────┘      plan order
//	  order │      │  │                 ┌──────────────────┐
//	  again │      │  └─ provisioned ─► active               ▼
//	        │      │                    ▲  │            updating
//	        │  cleaned up               │  │                │ │
//	        │      ▼                    └──┼─ plan changed ─┘ │
//	        └── failed                  ▲  │                  │
//	               │                    └──┼─ plan refused ───┤
//	               │                       │                  │
//	               └────────── drop order ─┴──────────────────┘  (from provisioning too)
//	                               ▼
//	                        deprovisioning ── dropped ──► deprovisioned ◄─┐ (a tombstone,
//	                                                             └─ purged ┘   its data perhaps kept)
//
// Active and suspended say what is wanted: the backend follows, in operations of
// the resource's lane, and whatever becomes of them, the state stays.
//
//	  active ── suspend order ──► suspended ── drop order ──► deprovisioning
//	     ▲                            │
//	     └─────── resume order ───────┘
//
// Servers and keys live the same life without plan changes and suspensions. What
// changes them (reboot, rename) leaves the state as it is. A key that no backend
// knows is active at once, and gone at once; so is what failed and was cleaned up.

// event is something that happens to a resource.
type event string

const (
	ordered        event = "ordered"         // a repeated order for a resource that is not there (yet)
	provisioned    event = "provisioned"     // the backend made it and its config vars are rendered
	cleanedUp      event = "cleaned up"      // what a failed provision left is gone
	planOrdered    event = "plan ordered"    // another plan is wanted
	planChanged    event = "plan changed"    // the backend changed it
	planRefused    event = "plan refused"    // the backend said no; the old plan stays
	suspendOrdered event = "suspend ordered" // its customer may not use it
	resumeOrdered  event = "resume ordered"  // its customer may again
	dropOrdered    event = "drop ordered"    // it must go
	dropped        event = "dropped"         // it is gone for its platform
	purged         event = "purged"          // what was kept of it is gone too
)

// resourceMoves is the whole table: what is not in it cannot happen.
var resourceMoves = map[gateway.State]map[event]gateway.State{
	gateway.Provisioning: {
		ordered:     gateway.Provisioning,
		provisioned: gateway.Active,
		cleanedUp:   gateway.Failed,
		dropOrdered: gateway.Deprovisioning,
	},
	gateway.Active: {
		planOrdered:    gateway.Updating,
		suspendOrdered: gateway.Suspended,
		dropOrdered:    gateway.Deprovisioning,
	},
	gateway.Updating: {
		planChanged: gateway.Active,
		planRefused: gateway.Active,
		dropOrdered: gateway.Deprovisioning,
	},
	gateway.Suspended: {
		resumeOrdered: gateway.Active,
		dropOrdered:   gateway.Deprovisioning,
	},
	gateway.Failed: {
		ordered:     gateway.Provisioning,
		dropOrdered: gateway.Deprovisioning,
	},
	gateway.Deprovisioning: {
		dropped: gateway.Deprovisioned,
	},
	gateway.Deprovisioned: {
		purged: gateway.Deprovisioned,
	},
}

// moveResource returns the state after an event.
func moveResource(from gateway.State, ev event) (gateway.State, error) {
	if to, ok := resourceMoves[from][ev]; ok {
		return to, nil
	}
	return from, fmt.Errorf("a resource that is %s cannot be %s", from, ev)
}
