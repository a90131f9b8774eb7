package gateway

import "time"

// OperationState is where an operation is. The moves allowed between states
// are in lifecycle's state machine.
type OperationState string

// The states of an operation.
const (
	OperationPending   OperationState = "pending"
	OperationRunning   OperationState = "running"
	OperationDone      OperationState = "done"
	OperationFailed    OperationState = "failed"
	OperationCancelled OperationState = "cancelled"
)

// OperationStates lists every state of an operation.
func OperationStates() []OperationState {
	return []OperationState{OperationPending, OperationRunning, OperationDone, OperationFailed, OperationCancelled}
}

// Operation is one recorded attempt to change a resource: the facts that are
// not secret. It is at once intent log, outbox and queue entry.
type Operation struct {
	ID         string // "op_" and 26 lower-case base32 characters; the same over all retries
	Lane       string // operations of one lane run one after the other
	ResourceID string
	Verb       string // provision, change_plan, deprovision, rotate, suspend, resume, invoke; on the platform's own API: complete, fetch_owner, push
	Action     string // the backend's action by which a server or key is made, changed or removed; else empty
	Mode       string // of a deprovision: "soft" (data may be kept for a while) or "purge"; of a rotate: its phase, "stage", "commit" or "abort"
	State      OperationState
	Step       string // the backend's last checkpoint, for operators
	Attempt    int    // how often the backend was called
	Plan       string // the plan it leads to
	WaitingFor string // while it is not due by itself: "human" (parked), "credentials" (its caller's next call brings them), "backend" (not configured), "platform" (no API of it configured, or it refuses us); else empty
	Error      string // for operators; no secrets

	RunAt      time.Time // when a pending one is due; zero while parked
	CreatedAt  time.Time
	FinishedAt time.Time // zero until done, failed or cancelled
}
