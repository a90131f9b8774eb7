package gateway

// Reconciliation compares what platforms list with the resources that are
// recorded here. It is a picture of one moment; nothing is changed by it.
type Reconciliation struct {
	Compared    []Compared
	Differences []Difference
}

// Compared is one add-on on one platform.
type Compared struct {
	Platform, Addon string
	Listed          int    // by the platform
	Living          int    // recorded here
	Error           string // why its listing could not be had; else empty
}

// Unlike says in which way platform and gateway differ about an add-on.
type Unlike string

// The ways in which they can differ.
const (
	UnknownHere  Unlike = "unknown_here"  // the platform lists what was never ordered from us
	EndedHere    Unlike = "ended_here"    // the platform lists what is deprovisioned or failed here
	UnknownThere Unlike = "unknown_there" // the platform does not list what is living here
	OtherPlan    Unlike = "other_plan"
)

// Difference is one add-on about which platform and gateway differ.
type Difference struct {
	Unlike                      Unlike
	Platform, Addon, ExternalID string
	App                         string   // where the listing names no more; see Listed
	PlatformPlan                string   // the platform's name of the plan it lists
	Resource                    Resource // ours; the zero Resource where there is none
}
