package lifecycle

import (
	"context"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// ChangePlan gives the resource another plan. The plan it already has is
// success without an operation; the plan that a running change leads to is
// waited for; any other plan while an operation runs is gateway.Busy.
func (s *Scoped) ChangePlan(ctx context.Context, id, plan string) (gateway.Delivery, error) {
	return s.judged(ctx, id, func(a *active, budget <-chan struct{}, found ResourceRecord) (gateway.Delivery, error) {
		switch found.State {
		case gateway.Active, gateway.Suspended:
			if found.Plan == plan {
				return s.engine.deliver(found, backend.VerbChangePlan)
			}
			if found.State == gateway.Suspended {
				return gateway.Delivery{}, gateway.Errorf(gateway.Refused, "The service is suspended; its plan can be changed once it is resumed.")
			}
			return s.beginPlanChange(ctx, budget, a, found, plan)
		case gateway.Updating:
			return s.joinPlanChange(ctx, budget, found, plan)
		case gateway.Provisioning:
			return gateway.Delivery{}, busy("The service is still being set up. Please try again in a moment.")
		case gateway.Failed:
			return gateway.Delivery{}, gateway.Errorf(gateway.Conflict, "The service could not be set up, so its plan cannot be changed.")
		default:
			return gateway.Delivery{}, gateway.Errorf(gateway.Gone, "This service was removed.")
		}
	})
}

func busy(message string) *gateway.Error {
	return &gateway.Error{Kind: gateway.Busy, Message: message, RetryAfter: repeatAfter}
}

// joinPlanChange waits for the running change if it leads to plan.
func (s *Scoped) joinPlanChange(ctx context.Context, budget <-chan struct{}, found ResourceRecord, plan string) (gateway.Delivery, error) {
	if found.DesiredPlan != plan {
		return gateway.Delivery{}, busy("Another change of plan is being made. Please try again in a moment.")
	}
	live, err := s.engine.store.LiveOperations(ctx, found.ID)
	if err != nil {
		return gateway.Delivery{}, unrecorded(err)
	}
	op, ok := liveOf(live, backend.VerbChangePlan)
	if !ok {
		return gateway.Delivery{}, errAgain // it ended between two reads
	}
	end, err := s.attach(ctx, budget, op)
	if err != nil {
		return gateway.Delivery{}, err
	}
	return s.engine.answer(end)
}

// beginPlanChange evaluates the change and records it. A suspend or resume that
// the backend still does is waited for: behind one that comes to need an operator
// the change would keep its opposite, which replaces it, from being ordered.
func (s *Scoped) beginPlanChange(ctx context.Context, budget <-chan struct{}, a *active, found ResourceRecord, plan string) (gateway.Delivery, error) {
	e := s.engine
	live, err := e.store.LiveOperations(ctx, found.ID)
	if err != nil {
		return gateway.Delivery{}, unrecorded(err)
	}
	if !alone(live, found.ID) {
		return gateway.Delivery{}, s.letFinish(ctx, budget, found)
	}
	facts, err := e.vault.resource(found)
	if err != nil {
		return gateway.Delivery{}, unreadable(err)
	}
	quotas, err := a.catalog.JudgePlanChange(facts, plan, e.outputsFor(ctx, a, facts, found))
	if err != nil {
		return gateway.Delivery{}, classified(err)
	}
	next := found
	if next.State, err = moveResource(found.State, planOrdered); err != nil {
		return gateway.Delivery{}, err
	}
	next.DesiredPlan = plan
	input, old, err := s.planChangeInput(a, facts, &next)
	if err != nil {
		return gateway.Delivery{}, err
	}
	it, err := e.newIntent(a, next, backend.VerbChangePlan, plan, input, true)
	if err != nil {
		return gateway.Delivery{}, err
	}
	it.quotas = quotas
	if it.op.OldPlanSealed, err = e.vault.sealPlan(old, operationAD(it.op.ID, oldPlanColumn)); err != nil {
		e.abandon(it)
		return gateway.Delivery{}, err
	}
	end, err := s.launch(ctx, budget, a, it, amend(next))
	if err != nil {
		return gateway.Delivery{}, err
	}
	return e.answer(end)
}

// planChangeInput evaluates what the backend is told about a change to
// row.DesiredPlan. Outputs that must be generated and are not there yet, such
// as after an upgrade of the plugin, are added to row.
func (s *Scoped) planChangeInput(a *active, facts gateway.Resource, row *ResourceRecord) (input backend.Op, old backend.Plan, err error) {
	e := s.engine
	if old, err = a.catalog.OldPlan(facts, facts.Plan); err != nil {
		return input, old, classified(err)
	}
	offer, err := a.catalog.Offer(facts.Platform, facts.Addon, row.DesiredPlan, facts.Region)
	if err != nil {
		return input, old, classified(err)
	}
	have, err := e.vault.secrets(*row)
	if err != nil {
		return input, old, unreadable(err)
	}
	secrets := generate(have, offer.Generated)
	if row.SecretsSealed, err = e.vault.sealJSON(secrets, resourceAD(row.ID, secretsColumn)); err != nil {
		return input, old, err
	}
	facts.Plan = row.DesiredPlan
	if input, err = e.evaluate(a, facts, *row); err != nil {
		return input, old, err
	}
	input.Secrets = secrets
	return input, old, nil
}

// evaluate asks the catalog what the backend is told about an operation on a
// resource that was provisioned before.
func (e *Engine) evaluate(a *active, facts gateway.Resource, row ResourceRecord) (backend.Op, error) {
	outputs, err := e.vault.outputs(row)
	if err != nil {
		return backend.Op{}, unreadable(err)
	}
	first, err := e.vault.openValue(row.FirstConfigSealed, resourceAD(row.ID, firstConfigColumn))
	if err != nil {
		return backend.Op{}, unreadable(err)
	}
	input, err := a.catalog.Op(facts, outputs, first)
	if err != nil {
		return backend.Op{}, classified(err)
	}
	input.Outputs = outputs
	return input, nil
}
