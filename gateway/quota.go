package gateway

// Counted says which living resources of an add-on a quota counts together.
type Counted string

// What a quota counts.
const (
	CountedAll      Counted = "resources"           // all of the add-on, on every platform
	CountedPerOwner Counted = "resources_per_owner" // those of one owner on one platform; owners that the platform does not tell are not counted
	CountedPerPlan  Counted = "per_plan"            // those of one plan, on every platform, counting changes that lead to it
)

// QuotaRule bounds how many living resources of an add-on there may be. What is
// deprovisioned, being removed or never came about does not count.
type QuotaRule struct {
	Counts Counted
	Max    int // the new one included
}
