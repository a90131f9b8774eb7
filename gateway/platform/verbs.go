package platform

import (
	"context"
	"log/slog"

	"github.com/addongw/addongw/gateway"
)

// Provision hands an order to the engine. The request's log line says which plan
// was ordered, and which resource it became.
func Provision(ctx context.Context, lifecycle Lifecycle, order gateway.Order) (gateway.Delivery, error) {
	Note(ctx, slog.String("plan", order.Plan))
	delivery, err := lifecycle.Provision(ctx, order)
	if err == nil {
		Note(ctx, slog.String("resource", delivery.Resource.ID))
	}
	return delivery, err
}

// ChangePlan asks the engine to give the resource with this provider id another
// plan: the one that judge finds out for it. The request's log line names both.
func ChangePlan(ctx context.Context, lifecycle Lifecycle, id string, judge func(gateway.Resource) (plan string, err error)) (gateway.Delivery, error) {
	r, err := lifecycle.Resource(ctx, id)
	if err != nil {
		return gateway.Delivery{}, err
	}
	plan, err := judge(r)
	if err != nil {
		return gateway.Delivery{}, err
	}
	Note(ctx, slog.String("resource", r.ID), slog.String("plan", plan))
	return lifecycle.ChangePlan(ctx, r.ProviderID, plan)
}

// Deprovision tells the engine that the resource with this provider id must go.
// The request's log line names it, unless it never was.
func Deprovision(ctx context.Context, lifecycle Lifecycle, id string) (gateway.Delivery, error) {
	delivery, err := lifecycle.Deprovision(ctx, id)
	if err == nil {
		Note(ctx, slog.String("resource", delivery.Resource.ID))
	}
	return delivery, err
}
