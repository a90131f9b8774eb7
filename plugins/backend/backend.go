package backend

import (
	"context"
	"encoding/json"
	"log/slog"
	"time"
)

// Backend makes, changes and removes the real thing behind an add-on.
//
// Calls arrive concurrently, but never two at once for one resource. A call
// may be repeated at any time with the same operation id, because the process,
// the gateway or the machine died before its answer was recorded: every step
// must be "ensure", never "create". Returning any error that is not a
// [*Failure] means that the outcome is unknown; the gateway repeats the call.
type Backend interface {
	// Describe says who the plugin is and what may be configured. It is pure
	// and is called before Configure.
	Describe(ctx context.Context, req DescribeRequest) (Description, error)

	// ValidateConfig checks a config block. It is pure and offline: secrets
	// and live attributes arrive as unknown values (see [Value.Known]), and no
	// connection may be made. Problems are diagnostics, not errors.
	ValidateConfig(ctx context.Context, req ValidateConfigRequest) (ValidateConfigResponse, error)

	// ValidatePlan checks the params of one plan. Pure and offline.
	ValidatePlan(ctx context.Context, req ValidatePlanRequest) (ValidatePlanResponse, error)

	// Configure hands over the load-phase attributes of the config block with
	// their secrets. It is called once per process, before any call below.
	// What the server itself says no to is a diagnostic; a server that does
	// not answer is not (calls will say RETRYABLE).
	Configure(ctx context.Context, req ConfigureRequest) (ConfigureResponse, error)

	// Provision ensures that the resource exists as Op says and returns its
	// outputs. A repeat returns the same outputs.
	Provision(ctx context.Context, req ProvisionRequest, events Events) (Result, error)

	// ChangePlan ensures that the resource has the plan in Op. A change that
	// cannot be made is UNSUPPORTED and leaves the resource as it was.
	ChangePlan(ctx context.Context, req ChangePlanRequest, events Events) (Result, error)

	// Deprovision ensures that nothing of the resource is left or, in mode soft,
	// that only its data is, for a while. An absent resource is success.
	Deprovision(ctx context.Context, req DeprovisionRequest, events Events) (Result, error)

	// Read looks at the resource without changing anything. An absent one is
	// NOT_FOUND. Unlike the calls above it may come while another call for the
	// same resource runs. Somebody may be waiting: where outputs are measured,
	// the gateway waits two seconds for it.
	Read(ctx context.Context, req ReadRequest) (ReadResponse, error)

	// Health reports whether calls can succeed now.
	Health(ctx context.Context, req HealthRequest) (HealthResponse, error)
}

// Suspender is a Backend that can take a resource out of its customer's hands
// for a while. It declares CanSuspend; a Backend that does not needs neither of
// the methods: the gateway records the state all the same.
type Suspender interface {
	// Suspend ensures that the customer cannot use the resource and that nothing
	// of it is lost. What is suspended already is success.
	Suspend(ctx context.Context, req SuspendRequest, events Events) (Result, error)

	// Resume ensures that the customer can use the resource as before, with the
	// same outputs. What was never suspended is success.
	Resume(ctx context.Context, req ResumeRequest, events Events) (Result, error)
}

// Rotator is a Backend that can replace a resource's credentials without a moment
// in which none work. It declares CanRotate.
type Rotator interface {
	// Rotate ensures what the phase says. Each may be repeated, and rotations follow
	// each other in a resource's life. Between a stage and its commit or abort lie
	// hours or days: a plan change, a suspend, a resume or a deprovision that comes
	// then finds two sets of credentials and treats both alike.
	Rotate(ctx context.Context, req RotateRequest, events Events) (Result, error)
}

// StateUpgrader is a Backend that rewrites the states that earlier versions of it
// left. It declares CanUpgradeState. Without it they come as they were left.
type StateUpgrader interface {
	// UpgradeState returns a state as this version would have left it. It reads
	// nothing but the request and changes nothing, and its repeats return the same.
	UpgradeState(ctx context.Context, req UpgradeStateRequest) (UpgradeStateResponse, error)
}

// Invoker is a Backend with actions: calls by name for what is no life-cycle call,
// such as a reboot, or a check of a caller's credentials. It declares them, in
// [Description] or, where they depend on the configuration, in
// [ValidateConfigResponse].
type Invoker interface {
	// Invoke makes one call of an action.
	//
	// With an Op.OperationID it is an operation like the calls of [Backend]: every
	// step is "ensure", it may be repeated at any time, and no other call for the
	// resource overlaps with it. Without one it is a look, which changes nothing:
	// it is not repeated, its State and its checkpoints are not kept, and it may
	// come while another call for the resource runs. Without an Op.ResourceID it is
	// about no resource, and any number of such calls run at once.
	//
	// An action that is not there is UNSUPPORTED; a caller whose Op.Credential is
	// refused, UNAUTHORIZED; what it is about and is not there, NOT_FOUND.
	Invoke(ctx context.Context, req InvokeRequest, events Events) (Result, error)
}

// Verb names a life-cycle call, in HCL, logs and scripts alike.
type Verb string

// The life-cycle verbs of this version.
const (
	VerbProvision   Verb = "provision"
	VerbChangePlan  Verb = "change_plan"
	VerbDeprovision Verb = "deprovision"
	VerbSuspend     Verb = "suspend"
	VerbResume      Verb = "resume"
	VerbRotate      Verb = "rotate"
	VerbRead        Verb = "read"
	VerbInvoke      Verb = "invoke" // of an action that the plugin declares
)

// Op is everything a plugin is told about one operation. The gateway evaluates
// it once, when the operation is recorded, stores it sealed, and sends the same
// one with every repeat; only Attempt, Deadline, State and Credential differ.
type Op struct {
	OperationID string    // the same over all repeats of one operation; empty: a look, which changes nothing
	ResourceID  string    // "res_…", the same for the resource's whole life; empty in an Invoke that is about none
	ShortID     string    // 12 characters [a-z2-7], unique: derive names of databases and users from it
	Attempt     int       // 1 for the first call of the operation
	Deadline    time.Time // the context ends then; what is not finished is repeated
	Addon       string    // the add-on's HCL label
	Plan        Plan
	Region      Region
	Options     Value             // what the customer chose; an object, as the Options schema says
	Config      Value             // the live attributes of the config block, evaluated for this operation
	Credential  map[string]string // a caller's own credentials; never stored, so it may be absent on a repeat
	Outputs     Value             // as last recorded; null before the first success
	State       json.RawMessage   // the plugin's own, as last returned or checkpointed; nil at first
	Secrets     map[string]string // generated outputs (a password) by name; made by the gateway, never logged
}

// Plan is a plan's id and its params as the Plan schema says.
type Plan struct {
	ID     string
	Params Value
}

// Region is a region's id and the data attribute of its block.
type Region struct {
	ID   string
	Data Value
}

// Result is what a finished life-cycle call returns.
type Result struct {
	// Outputs is an object with the attributes of the outputs schema, without
	// the generated ones; at most 256 KiB as JSON. A Deprovision, a Suspend, a
	// Resume, and a Rotate that commits or aborts, return none. Those of an Invoke are
	// any object of that size, which is not compared with the schema; null is an empty
	// one.
	Outputs Value

	// State is kept for the next call: JSON, at most 64 KiB, no secrets.
	State json.RawMessage

	// PurgeAfter is set by a soft Deprovision: the instant from which the
	// gateway may call Deprovision with ModePurge.
	PurgeAfter time.Time
}

// Events reports on a running call. Its methods may be called from any
// goroutine and do nothing after the call has returned.
type Events interface {
	// Checkpoint records how far the call has come. The state reaches the next
	// attempt as Op.State; nil leaves it as it was. It is an optimisation only: a
	// crash may fall between a step and its checkpoint. No secrets.
	Checkpoint(step string, state json.RawMessage)

	// Progress tells operators what is going on. Percent is 0 to 100, or -1
	// when unknown.
	Progress(message string, percent int)

	// Log writes a line to the gateway's log, with the operation's ids. Values
	// of Op.Secrets and of sensitive config attributes are masked.
	Log(level slog.Level, message string)
}

// DescribeRequest carries the gateway's version, such as "0.1.0".
type DescribeRequest struct{ HostVersion string }

// Description says who a plugin is and what may be configured.
type Description struct {
	Name         string // "postgres"
	Version      string // semantic version, without "v"
	Doc          string // one or two sentences
	Capabilities []Capability
	Actions      []string // that Invoke accepts, such as "reboot"; a plugin whose actions depend on its config lists none and returns them from ValidateConfig

	Config  Schema // the config block
	Plan    Schema // params of plans
	Options Schema // what a customer may choose
	Outputs Schema // what templates may use; a plugin whose outputs depend on its config returns them from ValidateConfig

	// StateVersion grows when the meaning of Result.State changes; from 1. It is
	// kept with each state: one of a higher version is never given to a plugin, one
	// of a lower version passes UpgradeState first. 0: versions are not told apart.
	StateVersion int
}

// Capability is an ability beyond provision and deprovision.
type Capability string

// The capabilities of this version.
const (
	CanChangePlan   Capability = "change_plan"
	CanSuspend      Capability = "suspend" // and resume; see Suspender
	CanRotate       Capability = "rotate"  // see Rotator
	CanRead         Capability = "read"
	CanUpgradeState Capability = "upgrade_state" // see StateUpgrader
)

// Capabilities lists those of this version.
func Capabilities() []Capability {
	return []Capability{CanChangePlan, CanSuspend, CanRotate, CanRead, CanUpgradeState}
}

// ValidateConfigRequest carries the whole config block: load attributes with
// secrets unknown, live attributes unknown as far as they are.
type ValidateConfigRequest struct{ Config Value }

// ValidateConfigResponse carries the problems found and, where they depend on
// the configuration, the schemas and actions that replace those of Describe.
type ValidateConfigResponse struct {
	Diagnostics Diagnostics
	Outputs     *Schema  // nil: as described
	Plan        *Schema  // nil: as described
	Actions     []string // none: as described
	ActionsOnly bool     // with this configuration there is no provision and no deprovision: it makes no add-ons

	// Lacks are capabilities of Describe that are not there with this configuration,
	// so that files which need them are refused before a call is UNSUPPORTED.
	Lacks []Capability
}

// ValidatePlanRequest carries the config block and the params of one plan.
type ValidatePlanRequest struct {
	Config Value
	Plan   Plan
}

// ValidatePlanResponse carries the problems found; paths lead into the params.
type ValidatePlanResponse struct{ Diagnostics Diagnostics }

// ConfigureRequest carries the load attributes of the config block, secrets
// included; live attributes are null.
type ConfigureRequest struct{ Config Value }

// ConfigureResponse carries the problems found.
type ConfigureResponse struct{ Diagnostics Diagnostics }

// ProvisionRequest asks for a resource.
type ProvisionRequest struct{ Op Op }

// ChangePlanRequest asks for another plan. Op.Plan is the new one.
type ChangePlanRequest struct {
	Op      Op
	OldPlan Plan
}

// DeprovisionMode tells whether customer data may be kept for a while.
type DeprovisionMode string

// The modes of Deprovision.
const (
	// ModeSoft locks the customer out and keeps the data until PurgeAfter, which
	// is the same at every repeat; from then on the resource is NOT_FOUND to
	// Read. A plugin that keeps nothing purges and returns no PurgeAfter.
	ModeSoft DeprovisionMode = "soft"

	// ModePurge removes everything, also what no soft call came before.
	ModePurge DeprovisionMode = "purge"
)

// DeprovisionRequest asks for a resource to be removed.
type DeprovisionRequest struct {
	Op   Op
	Mode DeprovisionMode
}

// SuspendRequest asks for a resource to be taken out of its customer's hands.
type SuspendRequest struct {
	Op     Op
	Reason string // a sentence for the customer, as the platform gave it; may be empty
}

// ResumeRequest asks for a resource to be given back.
type ResumeRequest struct{ Op Op }

// RotatePhase is a step of replacing credentials.
type RotatePhase string

// The phases of Rotate.
const (
	// RotateStage ensures that new credentials work beside the current ones.
	// Op.Secrets holds the new generated values, Op.Outputs the current outputs. The
	// Result has all outputs as they are with the new credentials; a login's name may
	// change. Afterwards every call but an abort is told of the new ones. Where a
	// commit or an abort keeps failing, an operator may begin anew: then a stage comes
	// without it.
	RotateStage RotatePhase = "stage"

	// RotateCommit ensures that only the staged credentials work; sessions of the old
	// ones are ended. Op.Outputs are the staged outputs, Op.Secrets the new generated
	// values.
	RotateCommit RotatePhase = "commit"

	// RotateAbort ensures that only the credentials from before the stage work, also
	// when the stage was carried out by half. Op.Outputs and Op.Secrets are those from
	// before. What was never staged is success.
	RotateAbort RotatePhase = "abort"
)

// RotateRequest asks for a step of replacing a resource's credentials.
type RotateRequest struct {
	Op    Op
	Phase RotatePhase
}

// InvokeRequest asks for an action.
type InvokeRequest struct {
	Op     Op
	Action string // one that was declared
	Args   Value  // an object, whose members the action knows; no secrets, which are in Op.Credential
}

// ReadRequest names a resource to look at. Op.OperationID is empty.
type ReadRequest struct{ Op Op }

// ReadResponse is what was found.
type ReadResponse struct {
	Outputs Value    // as now; without the generated ones
	Drift   []string // what differs from the plan, one sentence each
}

// UpgradeStateRequest carries a state that another version of the plugin left.
type UpgradeStateRequest struct {
	Version int // that version's StateVersion, lower than today's; 0: not known, because it had none
	State   json.RawMessage
}

// UpgradeStateResponse carries what it is today: JSON, at most 64 KiB, no secrets.
type UpgradeStateResponse struct{ State json.RawMessage }

// HealthRequest has no fields yet.
type HealthRequest struct{}

// HealthResponse reports whether calls can succeed now. Detail has no secrets.
type HealthResponse struct {
	OK     bool
	Detail string
}
