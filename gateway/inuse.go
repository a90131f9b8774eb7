package gateway

// InUse counts the living resources that the same names of the configuration
// are needed for. A resource lives until nothing is left of it: one that is
// being removed, or whose data is kept until it is purged, counts. One that is
// changing its plan needs both and counts for each.
type InUse struct {
	Platform, Addon, Plan, Region, Backend string
	Count                                  int
}

// Renamed says which name an operator has given another.
type Renamed string

// What can be renamed without orphaning resources.
const (
	RenamedAddon   Renamed = "addon"
	RenamedPlan    Renamed = "plan"
	RenamedBackend Renamed = "backend" // by its whole name, "postgres.main"
)

// Rename tells that resources stored under the name From belong to To now
// ("previously" in HCL).
type Rename struct {
	What     Renamed
	Addon    string // of a plan: the add-on's name now
	From, To string
}
