// Command noop is a backend plugin that makes nothing: what is left of an order
// is the gateway's own work. While the file that its setting "gate" names
// exists, a provision waits.
package main

import (
	"context"
	"os"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

func main() { backend.Serve(&noop{}) }

type noop struct {
	backend.Backend // nil: what is not here is never called
	gate            string
}

func (n *noop) Describe(context.Context, backend.DescribeRequest) (backend.Description, error) {
	return backend.Description{
		Name: "noop", Version: "1.0.0", Doc: "Makes nothing.",
		Capabilities: []backend.Capability{backend.CanChangePlan, backend.CanRead},
		Config:       backend.Schema{Attributes: []backend.Attribute{{Name: "gate", Type: cty.String, Doc: "Provisions wait while this file exists."}}},
		Outputs: backend.Schema{Attributes: []backend.Attribute{
			{Name: "host", Type: cty.String, Doc: "A name."},
			{Name: "password", Type: cty.String, Sensitive: true, Generated: 32, Doc: "Made by the gateway."},
		}},
	}, nil
}

func (n *noop) ValidateConfig(context.Context, backend.ValidateConfigRequest) (backend.ValidateConfigResponse, error) {
	return backend.ValidateConfigResponse{}, nil
}

func (n *noop) ValidatePlan(context.Context, backend.ValidatePlanRequest) (backend.ValidatePlanResponse, error) {
	return backend.ValidatePlanResponse{}, nil
}

func (n *noop) Configure(_ context.Context, req backend.ConfigureRequest) (backend.ConfigureResponse, error) {
	var config struct {
		Gate string `json:"gate"`
	}
	err := req.Config.Decode(&config)
	n.gate = config.Gate
	return backend.ConfigureResponse{}, err
}

func (n *noop) Provision(ctx context.Context, req backend.ProvisionRequest, _ backend.Events) (backend.Result, error) {
	for n.gate != "" && exists(n.gate) && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
	}
	return outputs(req.Op), ctx.Err()
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}

func (n *noop) ChangePlan(_ context.Context, req backend.ChangePlanRequest, _ backend.Events) (backend.Result, error) {
	return outputs(req.Op), nil
}

func (n *noop) Deprovision(context.Context, backend.DeprovisionRequest, backend.Events) (backend.Result, error) {
	return backend.Result{}, nil
}

func (n *noop) Read(_ context.Context, req backend.ReadRequest) (backend.ReadResponse, error) {
	return backend.ReadResponse{Outputs: outputs(req.Op).Outputs}, nil
}

func (n *noop) Health(context.Context, backend.HealthRequest) (backend.HealthResponse, error) {
	return backend.HealthResponse{OK: true}, nil
}

func outputs(op backend.Op) backend.Result {
	return backend.Result{Outputs: backend.NewValue(cty.ObjectVal(map[string]cty.Value{"host": cty.StringVal("host-" + op.ShortID)}))}
}
