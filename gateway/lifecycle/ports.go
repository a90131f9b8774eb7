package lifecycle

import (
	"context"
	"encoding/json"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// Catalog is what the engine asks of the active configuration. All methods are
// pure and quick. Errors are *gateway.Error.
type Catalog interface {
	// Offer tells which backend makes such a resource and which outputs the
	// engine must generate. What is not offered is gateway.Refused.
	Offer(platform, addon, plan, region string) (gateway.Offer, error)

	// Op evaluates what the backend is told about one operation on r: plan,
	// region, options, and the live attributes of the backend's config block.
	// The engine fills OperationID, Attempt, Deadline, State and Secrets. r.Plan
	// is the plan the operation leads to. first is the Config of the resource's
	// first provision (null at the provision itself): force_new attributes are
	// taken from it.
	Op(r gateway.Resource, outputs, first backend.Value) (backend.Op, error)

	// OldPlan evaluates a plan that a resource is changed from.
	OldPlan(r gateway.Resource, plan string) (backend.Plan, error)

	// Judge decides whether a new order may be taken; r is the resource as it
	// would be recorded. It must be for sale, its options known and well
	// formed, and every rule of the add-on hold. The quotas are counted in the
	// transaction that records it. Repeats of an order are not judged again.
	Judge(r gateway.Resource) ([]gateway.QuotaRule, error)

	// JudgePlanChange decides whether r may change to plan: it must be offered
	// on r's platform and region, be made by the same backend, and every rule
	// hold. outputs returns the recorded ones, or, when the rule that decides
	// uses measured ones and asks for fresh, what the backend reads now; its
	// error is returned as it is. The quotas are counted in the transaction
	// that records the change.
	JudgePlanChange(r gateway.Resource, plan string, outputs func(fresh bool) (backend.Value, error)) ([]gateway.QuotaRule, error)

	// Page tells what a page for r's customer shows of the configuration.
	Page(r gateway.Resource) (gateway.Page, error)

	// SignOn evaluates where the add-on sends a customer who signs on: a URL of
	// the vendor's, or "" for our own page.
	SignOn(r gateway.Resource, s gateway.SignOn, outputs backend.Value) (url string, err error)

	// JudgeOutputs reports what is wrong with the outputs that an action returned
	// for the server or key r, an object in JSON.
	JudgeOutputs(r gateway.Resource, action string, outputs json.RawMessage) error

	// Render evaluates the add-on's config vars for r, and the message for the
	// customer after verb. outputs holds the generated ones too.
	Render(r gateway.Resource, verb backend.Verb, outputs backend.Value) (gateway.Rendered, error)
}

// Backends finds the running backend called name, such as "postgres.main". ok
// is false when the active configuration has none of that name: its operations
// wait until it is back.
type Backends interface {
	Backend(name string) (b Backend, limits Limits, ok bool)
}

// Backend is what the engine asks of a backend plugin.
type Backend interface {
	// Run makes one call of verb with op; oldPlan is set for change_plan, mode
	// for deprovision, reason for suspend, phase for rotate, action and args for
	// invoke. checkpoint is called, one at a time, before Run returns.
	// A read changes nothing, has no operation id, and returns the outputs as
	// they are now; it may come while another call for the resource runs.
	//
	// An error that is a *backend.Failure is the backend's answer. Every other
	// error leaves the outcome unknown: the caller repeats the call with the
	// same operation id. Run returns soon after ctx ends.
	Run(ctx context.Context, call Call, checkpoint func(step string, state []byte)) (backend.Result, error)
}

// Platforms finds the own API of the platform that an add-on is sold on. ok is
// false where the platform has none, or the configuration does not sell there:
// what waits for it waits on.
type Platforms interface {
	Platform(name, addon string) (p Platform, ok bool)
	// Scopes lists the add-ons on each platform that has an API.
	Scopes() []gateway.Scope
}

// Platform is what the engine asks of a platform's own API. Errors are
// *gateway.Error: NotFound while the platform does not know the resource (yet),
// Unavailable where a repeat is right, anything else where it is not.
type Platform interface {
	// Particulars asks who r belongs to.
	Particulars(ctx context.Context, r gateway.Resource) (gateway.Particulars, error)
	// Push replaces all config vars of r on the platform.
	Push(ctx context.Context, r gateway.Resource, vars []gateway.ConfigVar) error
	// Complete sends the config vars of a resource that its platform was only
	// promised, and then that it is there. gateway.Conflict: the config vars were
	// taken, and the platform refuses the rest: it has heard that already, or will
	// not hear it.
	Complete(ctx context.Context, r gateway.Resource, vars []gateway.ConfigVar) error
	// List returns all resources that the platform knows of the add-on.
	List(ctx context.Context) ([]gateway.Listed, error)
}

// Call is one backend call.
type Call struct {
	Verb    backend.Verb
	Op      backend.Op
	OldPlan backend.Plan            // change_plan only
	Mode    backend.DeprovisionMode // deprovision only
	Reason  string                  // suspend only
	Phase   backend.RotatePhase     // rotate only

	// Action and Args are of an invoke: one of the actions that the plugin has
	// declared, with an object. What it returns is the action's own affair: its
	// outputs are an object, and not compared with the outputs schema.
	Action string
	Args   backend.Value
}

// Limits bounds the calls to one backend. Zero values mean the defaults.
type Limits struct {
	Concurrency int                            // calls at once; default 16
	Timeouts    map[backend.Verb]time.Duration // one call; default 20 s, deprovision 2 min, invoke 10 min
	MaxAttempts int                            // then a provision has failed, all else is parked for an operator; default 20
	MinBackoff  time.Duration                  // default 200 ms
	MaxBackoff  time.Duration                  // default 1 min
}
