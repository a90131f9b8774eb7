package backend

import "context"

// Basic answers the calls that a simple plugin leaves out; embed it. It claims
// nothing that it does not do: what the schemas accept is accepted, a plan cannot be
// changed, and nothing can be read. Describe, Provision and Deprovision are left to
// the plugin.
//
// A plugin that writes one of these methods, ChangePlan or Read, declares
// [CanChangePlan] or [CanRead] with it.
type Basic struct{}

// ValidateConfig finds nothing wrong: the gateway has compared the config block
// with its schema.
func (Basic) ValidateConfig(context.Context, ValidateConfigRequest) (ValidateConfigResponse, error) {
	return ValidateConfigResponse{}, nil
}

// ValidatePlan finds nothing wrong: the gateway has compared the params with their
// schema.
func (Basic) ValidatePlan(context.Context, ValidatePlanRequest) (ValidatePlanResponse, error) {
	return ValidatePlanResponse{}, nil
}

// Configure takes note of nothing.
func (Basic) Configure(context.Context, ConfigureRequest) (ConfigureResponse, error) {
	return ConfigureResponse{}, nil
}

// ChangePlan is UNSUPPORTED.
func (Basic) ChangePlan(context.Context, ChangePlanRequest, Events) (Result, error) {
	return Result{}, Failf(Unsupported, "this plugin cannot change plans")
}

// Read is UNSUPPORTED: that does not say whether the resource exists.
func (Basic) Read(context.Context, ReadRequest) (ReadResponse, error) {
	return ReadResponse{}, Failf(Unsupported, "this plugin cannot read resources")
}

// Health says that the process runs, which is all that it knows.
func (Basic) Health(context.Context, HealthRequest) (HealthResponse, error) {
	return HealthResponse{OK: true, Detail: "the plugin runs; it does not look at what it works on"}, nil
}
