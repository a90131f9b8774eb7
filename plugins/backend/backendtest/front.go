package backendtest

import (
	"context"
	"maps"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// front does what a gateway does on the way to a backend: the expressions of a
// config get the values of what an operation is about. What the author of a
// test gave them as roots beside that stays.
type front struct {
	backend.Backend
	config, outputs backend.Schema
}

var _ backend.Client = front{}

// reached is the bench with another way to its backend.
func (b *bench) reached(remote backend.Backend) *bench {
	other := *b
	other.remote = front{Backend: remote, config: b.description.Config, outputs: b.outputs}
	return &other
}

func (f front) ValidateConfig(ctx context.Context, req backend.ValidateConfigRequest) (backend.ValidateConfigResponse, error) {
	req.Config = f.withRoots(req.Config, unknownRoots())
	return f.Backend.ValidateConfig(ctx, req)
}

func (f front) ValidatePlan(ctx context.Context, req backend.ValidatePlanRequest) (backend.ValidatePlanResponse, error) {
	req.Config = f.withRoots(req.Config, unknownRoots())
	return f.Backend.ValidatePlan(ctx, req)
}

func (f front) Provision(ctx context.Context, req backend.ProvisionRequest, events backend.Events) (backend.Result, error) {
	req.Op = f.op(req.Op)
	return f.Backend.Provision(ctx, req, events)
}

func (f front) ChangePlan(ctx context.Context, req backend.ChangePlanRequest, events backend.Events) (backend.Result, error) {
	req.Op = f.op(req.Op)
	return f.Backend.ChangePlan(ctx, req, events)
}

func (f front) Deprovision(ctx context.Context, req backend.DeprovisionRequest, events backend.Events) (backend.Result, error) {
	req.Op = f.op(req.Op)
	return f.Backend.Deprovision(ctx, req, events)
}

func (f front) Rotate(ctx context.Context, req backend.RotateRequest, events backend.Events) (backend.Result, error) {
	req.Op = f.op(req.Op)
	return f.Backend.(backend.Rotator).Rotate(ctx, req, events)
}

func (f front) Suspend(ctx context.Context, req backend.SuspendRequest, events backend.Events) (backend.Result, error) {
	req.Op = f.op(req.Op)
	return f.Backend.(backend.Suspender).Suspend(ctx, req, events)
}

func (f front) Resume(ctx context.Context, req backend.ResumeRequest, events backend.Events) (backend.Result, error) {
	req.Op = f.op(req.Op)
	return f.Backend.(backend.Suspender).Resume(ctx, req, events)
}

func (f front) Invoke(ctx context.Context, req backend.InvokeRequest, events backend.Events) (backend.Result, error) {
	req.Op = f.op(req.Op)
	return f.Backend.(backend.Invoker).Invoke(ctx, req, events)
}

func (f front) Read(ctx context.Context, req backend.ReadRequest) (backend.ReadResponse, error) {
	req.Op = f.op(req.Op)
	return f.Backend.Read(ctx, req)
}

func (f front) UpgradeState(ctx context.Context, req backend.UpgradeStateRequest) (backend.UpgradeStateResponse, error) {
	return f.Backend.(backend.StateUpgrader).UpgradeState(ctx, req)
}

func (f front) op(op backend.Op) backend.Op {
	op.Config = f.withRoots(op.Config, map[string]map[string]cty.Value{
		"addon":  {"id": cty.StringVal(op.Addon)},
		"plan":   {"id": cty.StringVal(op.Plan.ID), "params": op.Plan.Params.Cty()},
		"region": {"id": cty.StringVal(op.Region.ID), "data": op.Region.Data.Cty()},
		"resource": {
			"id": cty.StringVal(op.ResourceID), "short_id": cty.StringVal(op.ShortID), "plan": cty.StringVal(op.Plan.ID), "region": cty.StringVal(op.Region.ID),
			"options": op.Options.Cty(),
		},
		"output": f.noOutputs(),
	})
	return expr.Current(f.config, op)
}

// noOutputs are the outputs before the first success.
func (f front) noOutputs() map[string]cty.Value {
	none := map[string]cty.Value{}
	for _, a := range f.outputs.Attributes {
		none[a.Name] = cty.NullVal(a.Type.WithoutOptionalAttributesDeep())
		if a.Sensitive {
			none[a.Name] = none[a.Name].Mark(backend.Sensitive)
		}
	}
	return none
}

// unknownRoots are what is known before any operation: nothing.
func unknownRoots() map[string]map[string]cty.Value {
	return map[string]map[string]cty.Value{"addon": nil, "plan": nil, "platform": nil, "region": nil, "resource": nil, "output": nil}
}

// withRoots gives expressions the roots that are known, by their members; a root
// without any is unknown.
func (f front) withRoots(config backend.Value, known map[string]map[string]cty.Value) backend.Value {
	if !f.config.HasExpressions() {
		return config
	}
	return backend.NewValue(f.config.MapAttributes(config.Cty(), func(a backend.Attribute, v cty.Value) cty.Value {
		if !a.Expression {
			return v
		}
		return expr.WithRoots(v, func(roots map[string]cty.Value) {
			for name, members := range known {
				roots[name] = joined(roots[name], members)
			}
		})
	}))
}

// joined is a root with more members, which win.
func joined(root cty.Value, members map[string]cty.Value) cty.Value {
	if members == nil {
		return cty.DynamicVal
	}
	all := map[string]cty.Value{}
	if root != cty.NilVal && root.IsKnown() && !root.IsNull() && root.Type().IsObjectType() {
		bare, _ := root.Unmark()
		maps.Copy(all, bare.AsValueMap())
	}
	maps.Copy(all, members)
	return cty.ObjectVal(all)
}
