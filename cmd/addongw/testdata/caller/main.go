// Command caller is a backend plugin that writes down the calls that a real one
// would make. It evaluates what they consist of itself.
package main

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

func main() { backend.Serve(&caller{}) }

type caller struct {
	backend.Basic
	Dir string `json:"dir"`
}

func (c *caller) Describe(context.Context, backend.DescribeRequest) (backend.Description, error) {
	call := backend.Schema{Attributes: []backend.Attribute{
		{Name: "path", Type: cty.String, Required: true, Expression: true},
		{Name: "body", Type: cty.DynamicPseudoType, Sensitive: true, Expression: true},
		{Name: "outputs", Type: cty.Map(cty.String), Sensitive: true, Expression: true, Own: []string{"response"}},
	}}
	return backend.Description{
		Name: "caller", Version: "1.0.0", Capabilities: []backend.Capability{backend.CanChangePlan},
		Config: backend.Schema{
			Attributes: []backend.Attribute{{Name: "dir", Type: cty.String, Required: true, FilePath: true}},
			Blocks: []backend.Block{
				{Name: "provision", Min: 1, Max: 1, Body: call}, {Name: "change_plan", Max: 1, Body: call}, {Name: "deprovision", Min: 1, Max: 1, Body: call},
			},
		},
		Plan:    backend.Schema{Attributes: []backend.Attribute{{Name: "tier", Type: cty.String, Required: true}}},
		Outputs: backend.Schema{Attributes: []backend.Attribute{{Name: "account_id", Type: cty.String}, {Name: "api_key", Type: cty.String, Sensitive: true}}},
	}, nil
}

func (c *caller) Configure(_ context.Context, req backend.ConfigureRequest) (backend.ConfigureResponse, error) {
	return backend.ConfigureResponse{}, req.Config.Decode(c)
}

func (c *caller) Provision(ctx context.Context, req backend.ProvisionRequest, _ backend.Events) (backend.Result, error) {
	outputs, err := c.call(ctx, "provision", req.Op)
	return backend.Result{Outputs: backend.NewValue(outputs)}, err
}

func (c *caller) ChangePlan(ctx context.Context, req backend.ChangePlanRequest, _ backend.Events) (backend.Result, error) {
	_, err := c.call(ctx, "change_plan", req.Op)
	return backend.Result{Outputs: req.Op.Outputs}, err
}

func (c *caller) Deprovision(ctx context.Context, req backend.DeprovisionRequest, _ backend.Events) (backend.Result, error) {
	_, err := c.call(ctx, "deprovision", req.Op)
	return backend.Result{}, err
}

// call writes a call down, waits while there is a file "hold", and returns the
// outputs.
func (c *caller) call(ctx context.Context, verb string, op backend.Op) (cty.Value, error) {
	block := op.Config.Cty().GetAttr(verb)
	line := map[string]json.RawMessage{"verb": quoted(verb), "operation": quoted(op.OperationID)}
	for _, name := range []string{"path", "body"} {
		v, err := evaluate(block, name, nil)
		if err != nil {
			return cty.NilVal, err
		}
		v, _ = v.UnmarkDeep()
		if line[name], err = (ctyjson.SimpleJSONValue{Value: v}).MarshalJSON(); err != nil {
			return cty.NilVal, err
		}
	}
	if err := c.write(line); err != nil {
		return cty.NilVal, err
	}
	if _, err := os.Stat(filepath.Join(c.Dir, "hold")); err == nil {
		<-ctx.Done()
		return cty.NilVal, ctx.Err()
	}
	return evaluate(block, "outputs", map[string]cty.Value{"response": cty.ObjectVal(map[string]cty.Value{
		"id": cty.StringVal("acct-" + op.ShortID), "key": cty.StringVal("key-of-" + op.ShortID),
	})})
}

func evaluate(block cty.Value, name string, own map[string]cty.Value) (cty.Value, error) {
	e, err := expr.FromValue(block.GetAttr(name))
	if err != nil {
		return cty.NilVal, err
	}
	v, err := e.Value(own)
	if err != nil {
		return cty.NilVal, backend.Failf(backend.Invalid, "%v", err)
	}
	return v, nil
}

func (c *caller) write(line map[string]json.RawMessage) error {
	text, err := json.Marshal(line)
	if err != nil {
		return err
	}
	file, err := os.OpenFile(filepath.Join(c.Dir, "calls"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	if _, err := file.Write(append(text, '\n')); err != nil {
		return err
	}
	return file.Close()
}

func quoted(text string) json.RawMessage {
	b, _ := json.Marshal(text) // a string always has a form
	return b
}
