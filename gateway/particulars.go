package gateway

// Particulars is what a platform's own API tells of a resource beyond its
// order. Empty fields are not known.
type Particulars struct {
	Name   string // what the customer calls it
	Owner  Owner
	Emails []string // of the owner's members; the first is Owner.Email
}

// Listed is one add-on as a platform's own API lists it: by its id, or, where a
// listing knows no more, by the customer's application that has it.
type Listed struct {
	ExternalID string // the platform's id; empty where its listing names applications, see Scope.ListsApps
	App        string // see Resource.App
	Plan       string // our id of the plan; empty: we offer no plan of that name
	PlanName   string // the platform's name of the plan
	OwnerID    string
}
