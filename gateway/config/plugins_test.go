package config_test

import (
	"context"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/postgres"
	"github.com/addongw/addongw/plugins/redis"
	"github.com/addongw/addongw/plugins/shell"
)

// inProcess answers for real plugins without a process of theirs: what a
// configuration asks of a plugin is pure.
type inProcess map[string]backend.Backend

func realPlugins() inProcess {
	return inProcess{"postgres": postgres.New(), "redis": redis.New(), "shell": shell.New()}
}

func (p inProcess) find(name string) (backend.Backend, error) {
	if b, ok := p[name]; ok {
		return b, nil
	}
	return nil, &config.PluginError{Missing: true, Searched: []string{"/usr/lib/addongw"}, Installed: []string{"postgres", "shell"}}
}

func (p inProcess) Describe(ctx context.Context, plugin config.Plugin) (backend.Description, error) {
	b, err := p.find(plugin.Name)
	if err != nil {
		return backend.Description{}, err
	}
	return b.Describe(ctx, backend.DescribeRequest{})
}

func (p inProcess) ValidateConfig(ctx context.Context, plugin config.Plugin, value backend.Value) (backend.ValidateConfigResponse, error) {
	b, err := p.find(plugin.Name)
	if err != nil {
		return backend.ValidateConfigResponse{}, err
	}
	return b.ValidateConfig(ctx, backend.ValidateConfigRequest{Config: value})
}

func (p inProcess) ValidatePlan(ctx context.Context, plugin config.Plugin, value backend.Value, plan backend.Plan) (backend.ValidatePlanResponse, error) {
	b, err := p.find(plugin.Name)
	if err != nil {
		return backend.ValidatePlanResponse{}, err
	}
	return b.ValidatePlan(ctx, backend.ValidatePlanRequest{Config: value, Plan: plan})
}
