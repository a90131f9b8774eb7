package gateway

// ResourceFilter selects resources for a listing. Empty fields select
// everything.
type ResourceFilter struct {
	Platform, Addon, Plan, Region string
	State                         State
	Kind                          ResourceKind
	After                         string // the id of the last resource of the page before
	Limit                         int    // 0: 100; at most 1000
}

// OperationFilter selects operations for a listing, newest first. Empty fields
// select everything.
type OperationFilter struct {
	ResourceID string
	State      OperationState
	Waiting    bool   // only those that wait for somebody or something; see Operation.WaitingFor
	After      string // the id of the last operation of the page before
	Limit      int    // 0: 100; at most 1000
}
