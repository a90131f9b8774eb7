package backendtest_test

import (
	"context"
	"errors"
	"testing"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/backendtest"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// evaluating is a backend that compares an expression with the operation.
type evaluating struct{ *memory }

func (e evaluating) Describe(ctx context.Context, req backend.DescribeRequest) (backend.Description, error) {
	d, err := e.memory.Describe(ctx, req)
	d.Config.Blocks = []backend.Block{{Name: "call", Max: 1, Body: backend.Schema{Attributes: []backend.Attribute{
		{Name: "label", Type: cty.String, Sensitive: true, Expression: true},
	}}}}
	return d, err
}

// label mentions what a suite knows and what only the author of a test does.
const label = `"${platform.id} ${addon.id} ${resource.short_id} ${plan.id} ${coalesce(output.name, "new")} ${output.password == null}"`

func labelOf(config backend.Value) (cty.Value, error) {
	e, err := expr.FromValue(config.Cty().GetAttr("call").GetAttr("label"))
	if err != nil {
		return cty.NilVal, err
	}
	v, err := e.Value(nil)
	v, _ = v.Unmark()
	return v, err
}

func (e evaluating) ValidateConfig(ctx context.Context, req backend.ValidateConfigRequest) (backend.ValidateConfigResponse, error) {
	if v, err := labelOf(req.Config); err != nil || v.IsKnown() {
		return backend.ValidateConfigResponse{}, errors.Join(errors.New("something is known of an operation"), err)
	}
	return e.memory.ValidateConfig(ctx, req)
}

func (e evaluating) Configure(ctx context.Context, req backend.ConfigureRequest) (backend.ConfigureResponse, error) {
	if v, err := labelOf(req.Config); err != nil || !v.IsNull() {
		return backend.ConfigureResponse{}, errors.Join(errors.New("there is an expression"), err)
	}
	return e.memory.Configure(ctx, req)
}

func (e evaluating) compare(op backend.Op) error {
	name := "new"
	if op.Outputs.Known("name") {
		name = op.Outputs.Cty().GetAttr("name").AsString()
	}
	v, err := labelOf(op.Config)
	if want := cty.StringVal("here " + op.Addon + " " + op.ShortID + " " + op.Plan.ID + " " + name + " false"); err != nil || !v.RawEquals(want) {
		return errors.Join(backend.Failf(backend.Internal, "the expression is not about the operation"), err)
	}
	return nil
}

func (e evaluating) Provision(ctx context.Context, req backend.ProvisionRequest, events backend.Events) (backend.Result, error) {
	if err := e.compare(req.Op); err != nil {
		return backend.Result{}, err
	}
	return e.memory.Provision(ctx, req, events)
}

func (e evaluating) ChangePlan(ctx context.Context, req backend.ChangePlanRequest, events backend.Events) (backend.Result, error) {
	if err := e.compare(req.Op); err != nil {
		return backend.Result{}, err
	}
	return e.memory.ChangePlan(ctx, req, events)
}

func (e evaluating) Deprovision(ctx context.Context, req backend.DeprovisionRequest, events backend.Events) (backend.Result, error) {
	if err := e.compare(req.Op); err != nil {
		return backend.Result{}, err
	}
	return e.memory.Deprovision(ctx, req, events)
}

func (e evaluating) Rotate(ctx context.Context, req backend.RotateRequest, events backend.Events) (backend.Result, error) {
	if err := e.compare(req.Op); err != nil {
		return backend.Result{}, err
	}
	return e.memory.Rotate(ctx, req, events)
}

func (e evaluating) Suspend(ctx context.Context, req backend.SuspendRequest, events backend.Events) (backend.Result, error) {
	if err := e.compare(req.Op); err != nil {
		return backend.Result{}, err
	}
	return e.memory.Suspend(ctx, req, events)
}

func (e evaluating) Read(ctx context.Context, req backend.ReadRequest) (backend.ReadResponse, error) {
	if err := e.compare(req.Op); err != nil {
		return backend.ReadResponse{}, err
	}
	return e.memory.Read(ctx, req)
}

// TestExpressionsAreAboutTheOperation: the suite ships them as a gateway does.
func TestExpressionsAreAboutTheOperation(t *testing.T) {
	m := &memory{}
	s := subjectOf(m)
	s.Backend = evaluating{m}
	config := s.Config.Cty().AsValueMap()
	config["call"] = cty.ObjectVal(map[string]cty.Value{"label": expr.Source{Text: label, Roots: map[string]cty.Value{
		"platform": cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal("here")}),
	}}.Value()})
	s.Config = backend.NewValue(cty.ObjectVal(config))
	backendtest.Run(t, s)
}
