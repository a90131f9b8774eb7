package lifecycle

import (
	"context"
	"errors"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// What a Store answers when rows are not as the engine expected.
var (
	// ErrNotFound: there is no such row.
	ErrNotFound = errors.New("no such row")
	// ErrTaken: a living resource already has this platform, add-on and
	// external id.
	ErrTaken = errors.New("the external id is taken by a living resource")
	// ErrShortIDTaken: another resource has this id or short id; draw again.
	ErrShortIDTaken = errors.New("the short id is taken")
	// ErrStale: the row has changed since it was read.
	ErrStale = errors.New("the row has changed since it was read")
	// ErrFenced: the operation is no longer run by this owner and attempt.
	ErrFenced = errors.New("the operation belongs to somebody else now")
	// ErrLaneBusy: the operation cannot run now. It is not pending any more,
	// not due, or another one of its lane comes first.
	ErrLaneBusy = errors.New("another operation of the lane comes first")
	// ErrClosed: the store is closed.
	ErrClosed = errors.New("the store is closed")
)

// Store is what the engine asks of a database. Every column that may hold a
// secret arrives sealed; all times are the database's.
type Store interface {
	Transactor
	Reader
	Queue
}

// Transactor changes rows.
type Transactor interface {
	// Update runs fn in one transaction. When Update returns nil its effects
	// are durable, power loss included; when it returns an error there are
	// none. fn consists of statements on tx and nothing that waits: it may share
	// a commit with others, and it may be run again from its beginning, so
	// what it assigns outside must be assigned anew by every run. The end of
	// ctx matters only until fn begins.
	Update(ctx context.Context, fn func(tx Tx) error) error
}

// Reader reads committed rows outside of transactions. A row that does not
// exist is ErrNotFound.
type Reader interface {
	// ResourceByExternalID returns the living resource with the platform's id,
	// else the youngest deprovisioned one.
	ResourceByExternalID(ctx context.Context, platform, addon, externalID string) (ResourceRecord, error)
	// ResourceByProviderID finds by the id the platform knows, deprovisioned
	// ones included, within one platform and add-on.
	ResourceByProviderID(ctx context.Context, platform, addon, providerID string) (ResourceRecord, error)
	ResourceRecord(ctx context.Context, id string) (ResourceRecord, error)
	OperationRecord(ctx context.Context, id string) (OperationRecord, error)
	// LiveOperations returns the pending and running operations of a resource
	// in the order of their lane.
	LiveOperations(ctx context.Context, resourceID string) ([]OperationRecord, error)
	// LastInput returns the newest operation of the resource that still has
	// its input.
	LastInput(ctx context.Context, resourceID string) (OperationRecord, error)
	// InUse counts the resources that are not failed, and of which something is
	// left, by the names of the configuration that they need.
	InUse(ctx context.Context) ([]gateway.InUse, error)
	// Resources lists resources, newest first.
	Resources(ctx context.Context, f gateway.ResourceFilter) ([]gateway.Resource, error)
	// Undelivered lists, by id and after one, active resources whose newest
	// config nobody has received, that were not changed since, and of which
	// neither a push is live, nor a completion, which delivers it too; save for
	// one that waits for a human.
	Undelivered(ctx context.Context, since time.Duration, after string, limit int) ([]gateway.Resource, error)
	// ServerRegions lists the regions of a provider's servers that live, those that
	// are being removed included.
	ServerRegions(ctx context.Context, platform, provider string) ([]string, error)
	// AwaitingCredentials lists the operations on servers and keys of an owner that
	// wait for the owner's credentials.
	AwaitingCredentials(ctx context.Context, platform, provider, owner string) ([]OperationRecord, error)
	// RotationsDue lists active resources whose rotation's next step is due, the
	// longest due first.
	RotationsDue(ctx context.Context, limit int) ([]gateway.Resource, error)
	// Unrotated lists, by id and after one, active resources without a rotation whose
	// credentials are as old as the rule allows, and for which no step of one was
	// ordered for a while.
	Unrotated(ctx context.Context, rule gateway.RotationRule, rest time.Duration, after string, limit int) ([]gateway.Resource, error)
	// Document returns what KeepDocument stored.
	Document(ctx context.Context, name string) (DocumentRecord, error)
}

// Queue hands out work.
type Queue interface {
	// Join records that the node is alive and gives back every operation
	// whose owner is not: they become pending and due. It returns how many.
	Join(ctx context.Context, node Node) (int, error)
	// Due returns operations that may be claimed now, the longest due first,
	// and when the next one becomes due (zero: none is scheduled).
	Due(ctx context.Context, q DueQuery) (DueList, error)
}

// Node is one running gateway process.
type Node struct {
	ID      string
	Version string
}

// DueQuery selects claimable operations.
type DueQuery struct {
	Verbs           []backend.Verb
	ExcludeBackends []string // those without a free slot
	Limit           int
}

// DueList is what Due found.
type DueList struct {
	Operations []DueOperation
	Next       time.Duration // until the next scheduled operation of these verbs is due; 0: none
}

// DueOperation names an operation that may be claimed.
type DueOperation struct {
	ID, Backend string
	Invokes     bool // its call is that of an action
}

// Tx is one transaction.
type Tx interface {
	// Now is the database's clock, the same during the whole transaction,
	// whole milliseconds.
	Now() time.Time
	ResourceTx
	OperationTx
	FencedTx
}

// ResourceTx changes resources.
type ResourceTx interface {
	ResourceRecord(id string) (ResourceRecord, error)
	// InsertResource writes a new row: ErrTaken, ErrShortIDTaken.
	InsertResource(r ResourceRecord) error
	// UpdateResource writes what may change of a row, if its version is still
	// r.Version, and counts the version up. Otherwise it is ErrStale.
	UpdateResource(r ResourceRecord) error
	// MarkDelivered raises DeliveredRev to rev; a lower one changes nothing. Where a
	// rotation waits for rev, its next step becomes due after its grace.
	MarkDelivered(id string, rev int64) error
	// SetRotation writes Rotation, RotatedAt and BeforeSealed, which UpdateResource
	// leaves alone. It does not count the version up.
	SetRotation(r ResourceRecord) error
	// SetParticulars replaces name and owner. It does not count the version up:
	// nothing else changes them.
	SetParticulars(id string, p gateway.Particulars) error
	// CountLiving counts resources that are not failed, being removed or gone,
	// and stops at most. The count must hold until the transaction commits: a
	// store whose transactions overlap takes a lock for the add-on first, or
	// has the loser of a conflict run again.
	CountLiving(which Living, most int) (int, error)
	// Rename gives resources, and their live operations, the names that are
	// valid now, all at once: what a rename has changed no other of the same
	// call changes again. It returns how many names of resources it changed, and
	// counts their versions up, so that whoever read an old name cannot write it back.
	//
	// A repeat changes nothing. Where a rename's From is the To of another, a
	// repeat alone could not tell an old name from a new one: so the store
	// remembers the renames of the last call, and leaves such a one out.
	//
	// ErrTaken: two living resources would have one external id.
	Rename(renames []gateway.Rename) (int, error)

	// Twin returns a server of r's owner, name, region and size that was ordered
	// after since and is neither being removed nor gone, the youngest; ErrNotFound
	// where there is none. It must hold until the transaction commits; see
	// CountLiving.
	Twin(r ResourceRecord, since time.Time) (ResourceRecord, error)

	// KeepDocument stores a document, in place of an earlier one of its name.
	KeepDocument(name string, d DocumentRecord) error
	// FirstDocument is KeepDocument unless there is one already. It returns the one
	// that is kept.
	FirstDocument(name string, d DocumentRecord) (DocumentRecord, error)
}

// DocumentRecord is something that is kept beside resources. One of its fields
// is set.
type DocumentRecord struct {
	Body   []byte
	Sealed []byte
	KeptAt time.Time // the Store sets it
}

// Living selects the resources that a quota counts together: of an add-on,
// narrowed by what is not empty.
type Living struct {
	Addon           string
	Platform, Owner string // both or none
	Plan            string // on it, or being changed to it; not with Owner

	// Servers counts those of the provider Addon on Platform, with those that are
	// being removed: until that is done they take up room.
	Servers bool
}

// OperationTx changes operations that nobody runs.
type OperationTx interface {
	LiveOperations(resourceID string) ([]OperationRecord, error)
	// InsertOperation writes a new row at the end of its lane, pending, or
	// running where the lane has nothing live (else ErrLaneBusy).
	InsertOperation(op OperationRecord) error
	// AwaitingCredentials is Reader's, within the transaction.
	AwaitingCredentials(platform, provider, owner string) ([]OperationRecord, error)
	// UpdatePending writes what may change of a pending operation. One that is
	// not pending any more is ErrStale.
	UpdatePending(op OperationRecord) error
	// ResumeWaiting makes every pending operation due that waits for what.
	ResumeWaiting(what string) error
	// RequestCancel tells whoever runs the operation that its result is not
	// wanted any more. One that is not running is ErrStale.
	RequestCancel(id string) error
	// ForgetInputs erases the inputs of all operations of the resource.
	ForgetInputs(resourceID string) error
}

// FencedTx starts, keeps and ends the running of operations.
type FencedTx interface {
	// Claim makes a due pending operation running, owned by node, and counts
	// its attempt up, if no other of its lane runs or comes first; else
	// ErrLaneBusy.
	Claim(id, node string, lease time.Duration) (OperationRecord, error)
	// Settle writes the end of an attempt, if op.Owner still runs op.Attempt;
	// else ErrFenced.
	Settle(op OperationRecord) error
	// Checkpoint keeps how far a running attempt has come, fenced likewise.
	Checkpoint(f Fence, step string, stateSealed []byte) error
}

// Fence names one attempt of one owner.
type Fence struct {
	OperationID string
	Owner       string
	Attempt     int
}

// ResourceRecord is a resource's row: the facts, and what is sealed beside
// them. LogToken is nil in a record; it is in LogTokenSealed.
type ResourceRecord struct {
	gateway.Resource
	Version int64 // counts the changes; see ResourceTx.UpdateResource

	OutputsSealed     []byte // the outputs with the generated ones
	SecretsSealed     []byte // the generated outputs by name
	StateSealed       []byte // the backend's own state
	DeliverySealed    []byte // the rendered config vars and the messages
	FirstConfigSealed []byte // the live config attributes of the first provision
	LogTokenSealed    []byte
	BeforeSealed      []byte // while credentials are rotated: what they were
}

// OperationRecord is an operation's row: the facts, what is sealed beside
// them, and who runs it.
type OperationRecord struct {
	gateway.Operation
	Backend         string // "postgres.main"; of a call to a platform's API the platform, "clevercloud"
	Seq             int64  // its place in the lane; the Store gives it
	Owner           string // the node that runs it, or ran it last
	LeaseUntil      time.Time
	MaxAttempts     int
	CancelRequested bool
	Credentialed    bool // its call needs the credentials of whoever ordered, which only memory has
	Acted           bool // the backend has succeeded and its outputs are recorded: only rendering is left

	InputSealed   []byte // the backend.Op
	ArgsSealed    []byte // of an action: its arguments
	OldPlanSealed []byte // change_plan: the plan before
	StateSealed   []byte // the last checkpoint's state

	FailureKind    gateway.Kind // of a failed one: what the platform is told
	FailureMessage string       // safe for customers
}

// Fence names the attempt that the record is about.
func (op OperationRecord) Fence() Fence {
	return Fence{OperationID: op.ID, Owner: op.Owner, Attempt: op.Attempt}
}

// Live reports whether the operation is not over.
func (op OperationRecord) Live() bool {
	return op.State == gateway.OperationPending || op.State == gateway.OperationRunning
}

// calls is the verb of the backend's call.
func (op OperationRecord) calls() backend.Verb {
	if op.Action != "" {
		return backend.VerbInvoke
	}
	return backend.Verb(op.Verb)
}

// Parked reports whether the operation waits for an operator, or for its
// caller's credentials. One that waits for its backend does not: the next configuration moves it on.
func (op OperationRecord) Parked() bool {
	return op.State == gateway.OperationPending && op.WaitingFor != "" && op.WaitingFor != waitingForBackend
}
