package config_test

import (
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// fakeCaller is a plugin that makes calls and looks at their answers: it
// evaluates expressions itself.
func fakeCaller() backend.Description {
	call := func(own ...string) []backend.Attribute {
		return []backend.Attribute{
			{Name: "method", Type: cty.String, Default: cty.StringVal("POST")},
			{Name: "path", Type: cty.String, Required: true, Expression: true, Own: own},
			{Name: "body", Type: cty.DynamicPseudoType, Sensitive: true, Expression: true, Own: own},
			{Name: "outputs", Type: cty.Map(cty.String), Sensitive: true, Expression: true, Own: append([]string{"response"}, own...)},
		}
	}
	return backend.Description{
		Name: "caller", Version: "1.0.0", Capabilities: []backend.Capability{backend.CanChangePlan, backend.CanRotate},
		Config: backend.Schema{
			Attributes: []backend.Attribute{{Name: "base_url", Type: cty.String}},
			Blocks: []backend.Block{
				{Name: "provision", Max: 1, Body: backend.Schema{Attributes: call()}},
				{Name: "change_plan", Max: 1, Body: backend.Schema{Attributes: call()}},
				{Name: "action", Labels: []string{"name"}, Body: backend.Schema{Attributes: call("args", "credential")}},
			},
		},
		Plan: backend.Schema{Attributes: []backend.Attribute{{Name: "tier", Type: cty.String, Required: true}, {Name: "size", Type: cty.Number}}},
		Outputs: backend.Schema{Attributes: []backend.Attribute{
			{Name: "account_id", Type: cty.String}, {Name: "api_key", Type: cty.String, Sensitive: true},
		}},
	}
}

// callerAnswer lists the actions that there are blocks for, and what there is
// none for.
func callerAnswer(config cty.Value) backend.ValidateConfigResponse {
	lacks := []backend.Capability{backend.CanRotate}
	if config.GetAttr("change_plan").IsNull() {
		lacks = append(lacks, backend.CanChangePlan)
	}
	return backend.ValidateConfigResponse{
		Lacks:       lacks,
		Actions:     slices.Sorted(maps.Keys(config.GetAttr("action").AsValueMap())),
		ActionsOnly: config.GetAttr("provision").IsNull(),
	}
}
