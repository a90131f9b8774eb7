package lifecycle

import (
	"context"
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

	// CheckPlanChange tells whether r may change to plan at all: it must be
	// offered on r's platform and region and be made by the same backend.
	CheckPlanChange(r gateway.Resource, plan string) error

	// Render evaluates the add-on's config vars for r, and the message for the
	// customer after verb. outputs holds the generated ones too.
	Render(r gateway.Resource, verb backend.Verb, outputs backend.Value) ([]gateway.ConfigVar, string, error)
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
	// for deprovision. checkpoint is called, one at a time, before Run returns.
	//
	// An error that is a *backend.Failure is the backend's answer. Every other
	// error leaves the outcome unknown: the caller repeats the call with the
	// same operation id. Run returns soon after ctx ends.
	Run(ctx context.Context, call Call, checkpoint func(step string, state []byte)) (backend.Result, error)
}

// Call is one backend call.
type Call struct {
	Verb    backend.Verb
	Op      backend.Op
	OldPlan backend.Plan            // change_plan only
	Mode    backend.DeprovisionMode // deprovision only
}

// Limits bounds the calls to one backend. Zero values mean the defaults.
type Limits struct {
	Concurrency int                            // calls at once; default 16
	Timeouts    map[backend.Verb]time.Duration // one call; default 20 s, deprovision 2 min
	MaxAttempts int                            // then a provision has failed, all else is parked for an operator; default 20
	MinBackoff  time.Duration                  // default 200 ms
	MaxBackoff  time.Duration                  // default 1 min
}
