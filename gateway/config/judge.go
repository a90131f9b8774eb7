package config

import (
	"errors"
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/plugins/backend"
)

// judgement is one request on its way through the rules of an add-on. What
// cannot be judged is never let through: it ends in gateway.Fault.
type judgement struct {
	use               // with the plan before a change
	plan    *plan     // the one that is asked for
	request cty.Value // request.*
	current cty.Value // the plan before; null at a provision

	// outputs is nil at a provision. Both forms are asked for once at most.
	outputs         func(fresh bool) (backend.Value, error)
	recorded, fresh cty.Value
}

// judgeOrder judges a new order of what is for sale.
func (c *Config) judgeOrder(r gateway.Resource) ([]gateway.QuotaRule, error) {
	u, err := c.use(r)
	if err != nil {
		return nil, err
	}
	options, err := u.addon.ordered(r.Options)
	if err != nil {
		return nil, err
	}
	j := &judgement{use: u, plan: u.plan, current: noPlan(),
		request: requestValue(r, backend.VerbProvision, u.plan.ID, u.region.ID, options)}
	if err := j.validate(); err != nil {
		return nil, err
	}
	return j.quotas(func(*quota) bool { return true })
}

// judgeChange judges a change to a plan that is for sale and that the backend
// can make.
func (c *Config) judgeChange(r gateway.Resource, planID string, outputs func(fresh bool) (backend.Value, error)) ([]gateway.QuotaRule, error) {
	u, err := c.use(r)
	if err != nil {
		return nil, err
	}
	j := &judgement{use: u, plan: u.addon.plan(planID), current: u.plan.of(u.backend), outputs: outputs,
		request: requestValue(r, backend.VerbChangePlan, planID, u.region.ID, u.options)}
	if err := j.changeRule(); err != nil {
		return nil, err
	}
	if err := j.validate(); err != nil {
		return nil, err
	}
	// Nothing is added to the add-on and its owners by another plan.
	return j.quotas(func(q *quota) bool { return q.counts == gateway.CountedPerPlan })
}

func (j *judgement) changeRule() error {
	rule := j.addon.changeRule(j.use.plan.ID, j.plan.ID)
	if rule == nil {
		return nil
	}
	scope, err := j.scope(rule.uses)
	if err != nil {
		return err
	}
	allowed, err := holds(rule.allow, scope)
	if err != nil {
		return gateway.Fault(fmt.Errorf("judge a change of plan: %w", err))
	}
	if allowed {
		return nil
	}
	return refuse(gateway.Unsupported, rule.reason, scope)
}

func (j *judgement) validate() error {
	for _, v := range j.addon.rules.validations {
		scope, err := j.scope(v.uses)
		if err != nil {
			return err
		}
		ok, err := holds(v.condition, scope)
		if err != nil {
			return gateway.Fault(fmt.Errorf("judge a request by %s: %w", v.in, err))
		}
		if !ok {
			return refuse(v.kind, v.message, scope)
		}
	}
	return nil
}

func (j *judgement) quotas(counts func(*quota) bool) ([]gateway.QuotaRule, error) {
	var list []gateway.QuotaRule
	for _, q := range j.addon.rules.quotas {
		if q.plan != "" && q.plan != j.plan.ID || !counts(q) {
			continue
		}
		scope, err := j.scope(q.uses)
		if err != nil {
			return nil, err
		}
		rule, bounded, err := q.rule(scope)
		if err != nil {
			return nil, err
		}
		if bounded {
			list = append(list, rule)
		}
	}
	return list, nil
}

// scope makes the scope of a rule, with the outputs as far as it uses them.
func (j *judgement) scope(uses outputUse) (*hcl.EvalContext, error) {
	output, err := j.output(uses)
	if err != nil {
		return nil, err
	}
	u := j.use
	return requestScope(u.addon.content.Context, u.addon, u.platform.value, j.plan.of(u.backend), u.region.value, j.request, j.current, output), nil
}

func (j *judgement) output(uses outputUse) (cty.Value, error) {
	if j.outputs == nil || uses.none() {
		return j.backend.none, nil
	}
	kept, fresh := &j.recorded, j.backend.measures(uses)
	if fresh || j.fresh != cty.NilVal {
		kept = &j.fresh
	}
	if *kept == cty.NilVal {
		recorded, err := j.outputs(fresh)
		if err != nil {
			return cty.NilVal, err
		}
		*kept = j.backend.knownOutputs(recorded)
	}
	return *kept, nil
}

// measures reports whether some of the outputs are measured by the plugin.
func (b *loadedBackend) measures(uses outputUse) bool {
	return slices.ContainsFunc(b.Description.Outputs.Attributes, func(a backend.Attribute) bool {
		return a.Measured && (uses.whole || slices.Contains(uses.names, a.Name))
	})
}

// refuse evaluates what a customer reads. A sentence that turns out to be
// sensitive is not said.
func refuse(kind gateway.Kind, message hcl.Expression, scope *hcl.EvalContext) error {
	text, sensitive, ok, err := configvar.Text(message, scope)
	switch {
	case err != nil:
		return gateway.Fault(fmt.Errorf("say why a request is refused: %w", err))
	case sensitive:
		return gateway.Fault(fmt.Errorf("say why a request is refused: %s: it is sensitive", message.Range()))
	case !ok || text == "":
		return gateway.Errorf(kind, "This request was refused.")
	}
	return gateway.Errorf(kind, "%s", text)
}

// holds evaluates a condition. What is neither true nor false is an error.
func holds(condition hcl.Expression, scope *hcl.EvalContext) (bool, error) {
	v, diags := condition.Value(scope)
	if diags.HasErrors() {
		return false, configvar.Failure(diags)
	}
	v, err := plainValue(v, cty.Bool)
	if err == nil && v.IsNull() {
		err = errors.New("it is null")
	}
	if err != nil {
		return false, fmt.Errorf("%s: %w", condition.Range(), err)
	}
	return v.True(), nil
}

// plainValue converts a value that must be known, without its marks. The error
// holds no value.
func plainValue(v cty.Value, want cty.Type) (cty.Value, error) {
	v, _ = v.UnmarkDeep()
	converted, err := convert.Convert(v, want)
	if err != nil {
		return cty.NilVal, errors.New("it has the wrong type")
	}
	if !converted.IsKnown() {
		return cty.NilVal, errors.New("it is not known")
	}
	return converted, nil
}
