package gateway

import "time"

// Secret is text that must not be printed. Its implementation
// (gateway/secret.Value) formats as "[redacted]" everywhere; Reveal is the
// only way to the text, so that a search for Reveal finds every use.
type Secret interface {
	Reveal() string
}

// ResourceKind tells what sort of thing a resource is. The engine treats all
// kinds alike.
type ResourceKind string

// The kinds of resources.
const (
	KindAddon  ResourceKind = "addon"   // one provisioned add-on
	KindServer ResourceKind = "server"  // one rented server
	KindSSHKey ResourceKind = "ssh_key" // a key that servers are reached with
)

// ResourceKinds lists every kind of resource.
func ResourceKinds() []ResourceKind { return []ResourceKind{KindAddon, KindServer, KindSSHKey} }

// State is where a resource is in its life. The moves allowed between states
// are in lifecycle's state machine.
type State string

// The states of a resource.
const (
	Provisioning   State = "provisioning"
	Active         State = "active"
	Updating       State = "updating"
	Suspended      State = "suspended" // its customer may not use it for now; nothing of it is lost
	Deprovisioning State = "deprovisioning"
	Deprovisioned  State = "deprovisioned" // a tombstone, never revived
	Failed         State = "failed"        // the provision failed and was cleaned up
)

// States lists every state of a resource.
func States() []State {
	return []State{Provisioning, Active, Updating, Suspended, Deprovisioning, Deprovisioned, Failed}
}

// Owner is who the platform says the resource belongs to. Platforms that do
// not tell leave the fields empty.
type Owner struct {
	ID    string
	Name  string
	Email string
}

// Resource is one provisioned add-on instance: the facts that are not secret.
// Outputs, rendered config vars and the backend's state are kept sealed beside
// it and never appear in this struct.
type Resource struct {
	ID         string // "res_" and 26 lower-case base32 characters; never changes
	ShortID    string // 12 base32 characters, unique; safe in names of databases and roles
	ProviderID string // the id the platform knows it by; ID unless the platform demands another form
	Kind       ResourceKind

	Platform   string // "clevercloud"
	Addon      string // the label in HCL
	ExternalID string // the platform's own id

	Plan        string // our plan id; of a server the id of its spec
	DesiredPlan string // the plan a running change leads to; else empty
	Region      string // our region id
	Backend     string // "postgres.main": what made it

	Name        string // what the customer called it, where the platform tells
	App         string // the platform's id of the customer's application, where it tells
	Options     map[string]string
	Owner       Owner
	OwnerEmails []string // of the owner's members, where the platform's own API tells
	UserID      string
	CallbackURL string
	LogToken    Secret // nil where the platform sends none
	LogDrainURL string

	State  State
	Reason string // why it is suspended, or why a server could not be made, for customers and operators; else empty
	// LockedOut: the backend has suspended it, or may have, and has not resumed it
	// since. What is wanted is in State.
	LockedOut bool
	Accepted  bool   // its platform was answered before it was there, and must be told when it is
	LastError string // for operators; no secrets

	ConfigRev    int64 // grows with each change of the outputs
	DeliveredRev int64 // the newest ConfigRev a 2xx answer carried; 0: never delivered

	Rotation  Rotation
	RotatedAt time.Time // when its credentials were last replaced; zero: never

	CreatedAt time.Time
	UpdatedAt time.Time
	DeletedAt time.Time // zero while it lives
}

// Delivered reports whether a platform ever received the resource's config.
func (r Resource) Delivered() bool { return r.DeliveredRev > 0 }

// ConfigVar is one name and value handed to the customer's application.
type ConfigVar struct {
	Name      string
	Value     Secret // always hidden from logs, even when Sensitive is false
	Sensitive bool   // the value depends on something secret: masked on pages
}

// Order is what a dialect asks the engine to provision. Plan and Region are
// our own ids, mapped and defaulted by the dialect.
type Order struct {
	ExternalID  string
	Plan        string
	Region      string
	Name        string
	App         string // see Resource.App
	Options     map[string]string
	Owner       Owner
	UserID      string
	CallbackURL string
	LogToken    Secret // may be nil
	LogDrainURL string
}

// Delivery is what a dialect sends back: the resource with its config vars as
// recorded when the last operation finished, and the message for the customer.
type Delivery struct {
	Resource    Resource
	ConfigVars  []ConfigVar
	Message     string
	LogDrainURL string // where the platform is to send the application's logs; else empty
}

// Rendered is what the configuration makes of a resource and its outputs.
type Rendered struct {
	ConfigVars  []ConfigVar
	Message     string // for the customer
	LogDrainURL string // see Delivery
}

// DeadID says what an order means whose external id belongs to a
// deprovisioned resource.
type DeadID string

// What a dead external id means.
const (
	DeadIDGone  DeadID = "gone"  // the order is refused with Gone
	DeadIDReuse DeadID = "reuse" // the order makes a new resource
)

// Scope binds calls to one add-on on one platform, with the platform's rules
// as far as the engine must know them. A resource outside the scope does not
// exist for its caller.
type Scope struct {
	Platform string
	Addon    string
	Budget   time.Duration // how long a request may wait for an operation; the operation itself goes on
	DeadID   DeadID

	// Accepts tells that the platform takes "accepted" for an answer to an order
	// and is told on its own API when the resource is there.
	Accepts bool
	AtOnce  bool // orders are not waited for at all, where Accepts; everything else is

	// ListsApps tells that the platform's listing names the applications of its
	// customers, and no ids of resources. An empty one does not tell it.
	ListsApps bool
}

// Offer is what the configuration says about one add-on × plan × region.
type Offer struct {
	Backend   string // "postgres.main"
	Generated []Generated
	Rotates   bool          // the backend can replace credentials
	Grace     time.Duration // how long old ones work beside new ones; see Rotation
}

// Generated is a secret output that the gateway itself makes (a password)
// before the first backend call, so that every retry uses the same one.
type Generated struct {
	Name   string
	Length int // characters from [A-Za-z0-9]
}
