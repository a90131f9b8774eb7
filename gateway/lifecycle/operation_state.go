package lifecycle

import (
	"fmt"

	"github.com/addongw/addongw/gateway"
)

// The life of an operation. A parked one is pending without run_at and has
// waiting_for; only an operator moves it on. One whose backend is not in the
// configuration is put aside likewise, until the next configuration; so is one
// whose platform's API is not there or refuses us, which an operator may move, too.
// One that needs its caller's credentials, which a restart has forgotten, waits
// for that caller's next call. See credentials.go.
//
//	   intent, no free slot               intent, inline
//	            │                               │
//	            ▼            claim              ▼
//	  ┌──── pending ────────────────────────► running ──── succeed ──► done
//	  │       ▲  ▲ │                          │ │ │ │
//	  │resume │  │ └◄── retry, orphan, park ──┘ │ │ └───── refuse ───► failed
//	  └───────┘  │                              │ │                      │
//	             ├── (its clean-up) ◄───────────┼─┼──────────────────────┘
//	             ├── (the purge, due later, of what a soft deprovision that is done has kept)
//	             └── (the completion, of an accepted order whose provision is done)
//	          cancel                            │ └── cancel (requested while running)
//	  pending ──────────────────► cancelled ◄───┘
//
// A call that is running when its operation is cancelled is left to end, for
// at most one call's timeout: stopping it would leave an unknown outcome
// beside a server that may still be at work. Its result goes to the
// deprovision that waits behind it.
//
// A suspend that its backend cannot do, or has not done in all its attempts, is
// cancelled once a resume waits behind it, and the other way round: what needs an
// operator keeps no lane then. One that is still being tried is not: what comes
// behind it comes after it.

// opEvent is something that happens to an operation.
type opEvent string

const (
	claim   opEvent = "claim"
	succeed opEvent = "succeed" // the result is recorded
	retry   opEvent = "retry"   // outcome unknown or a passing trouble
	orphan  opEvent = "orphan"  // its owner died
	park    opEvent = "park"    // an operator must look, or its backend come back
	resume  opEvent = "resume"  // that has happened
	refuse  opEvent = "refuse"  // the backend's final no, or attempts spent
	cancel  opEvent = "cancel"  // the resource is not wanted any more, or the opposite of a suspend or resume is
)

// operationMoves is the whole table: what is not in it cannot happen.
var operationMoves = map[gateway.OperationState]map[opEvent]gateway.OperationState{
	gateway.OperationPending: {
		claim:  gateway.OperationRunning,
		resume: gateway.OperationPending,
		cancel: gateway.OperationCancelled,
	},
	gateway.OperationRunning: {
		succeed: gateway.OperationDone,
		retry:   gateway.OperationPending,
		orphan:  gateway.OperationPending,
		park:    gateway.OperationPending,
		refuse:  gateway.OperationFailed,
		cancel:  gateway.OperationCancelled,
	},
	gateway.OperationDone:      {},
	gateway.OperationFailed:    {},
	gateway.OperationCancelled: {},
}

// moveOperation returns the state after an event.
func moveOperation(from gateway.OperationState, ev opEvent) (gateway.OperationState, error) {
	if to, ok := operationMoves[from][ev]; ok {
		return to, nil
	}
	return from, fmt.Errorf("an operation that is %s cannot %s", from, ev)
}
