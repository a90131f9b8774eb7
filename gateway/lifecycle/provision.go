package lifecycle

import (
	"context"
	"errors"
	"maps"
	"time"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// Provision returns the resource of the order's external id, making it if
// there is none. A repeat with the same plan, region and options returns the
// first one's result; one that differs is gateway.Conflict. See accepted.go for
// platforms that take a promise for an answer.
func (s *Scoped) Provision(ctx context.Context, order gateway.Order) (gateway.Delivery, error) {
	a, err := s.configuration()
	if err != nil {
		return gateway.Delivery{}, err
	}
	budget, stop := s.orderBudget()
	defer stop()
	return untilSettled(func() (gateway.Delivery, error) {
		found, err := s.engine.store.ResourceByExternalID(ctx, s.scope.Platform, s.scope.Addon, order.ExternalID)
		if errors.Is(err, ErrNotFound) {
			return s.provisionNew(ctx, budget, a, order)
		}
		if err != nil {
			return gateway.Delivery{}, unrecorded(err)
		}
		return s.provisionAgain(ctx, budget, a, order, found)
	})
}

// provisionAgain judges an order whose external id is known.
func (s *Scoped) provisionAgain(ctx context.Context, budget <-chan struct{}, a *active, order gateway.Order, found ResourceRecord) (gateway.Delivery, error) {
	switch found.State {
	case gateway.Deprovisioned:
		if s.scope.DeadID == gateway.DeadIDReuse {
			return s.provisionNew(ctx, budget, a, order)
		}
		return gateway.Delivery{}, gateway.Errorf(gateway.Gone, "This service was removed.")
	case gateway.Deprovisioning:
		if s.scope.DeadID == gateway.DeadIDReuse {
			return gateway.Delivery{}, s.awaitRemoval(ctx, budget, found)
		}
		return gateway.Delivery{}, gateway.Errorf(gateway.Gone, "This service was removed.")
	}
	if found.Plan != order.Plan || found.Region != order.Region || !maps.Equal(found.Options, order.Options) {
		return gateway.Delivery{}, gateway.Errorf(gateway.Conflict, "A service with this id exists already, with another plan, region or options.")
	}
	if exists(found.State) {
		return s.engine.deliver(found, backend.VerbProvision)
	}
	return s.provisionUnfinished(ctx, budget, a, found)
}

// awaitRemoval waits until what has an order's id is gone; errAgain then says
// that a new one may take its place.
func (s *Scoped) awaitRemoval(ctx context.Context, budget <-chan struct{}, found ResourceRecord) error {
	live, err := s.engine.store.LiveOperations(ctx, found.ID)
	if err != nil {
		return unrecorded(err)
	}
	removal, ok := liveOf(live, backend.VerbDeprovision)
	if !ok {
		return errAgain // it ended between two reads
	}
	end, err := s.attach(ctx, budget, removal)
	if err != nil {
		return err
	}
	if end.over && !end.op.Live() {
		return errAgain
	}
	return &gateway.Error{
		Kind: gateway.Busy, Message: "The service with this id is still being removed. Please try again in a moment.",
		Cause: end.cause, RetryAfter: repeatAfter,
	}
}

// provisionUnfinished attaches to the operation that makes found, or begins
// another one where the last has failed: behind its clean-up, if that is not
// done.
func (s *Scoped) provisionUnfinished(ctx context.Context, budget <-chan struct{}, a *active, found ResourceRecord) (gateway.Delivery, error) {
	live, err := s.engine.store.LiveOperations(ctx, found.ID)
	if err != nil {
		return gateway.Delivery{}, unrecorded(err)
	}
	if op, ok := liveOf(live, backend.VerbProvision); ok {
		end, err := s.attach(ctx, budget, op)
		if err != nil {
			return gateway.Delivery{}, err
		}
		return s.answerOrder(ctx, end)
	}
	if cleanUp, ok := liveOf(live, backend.VerbDeprovision); ok && cleanUp.Parked() {
		return s.engine.answer(waited{work: work{res: found, op: cleanUp}, over: true})
	}
	if found.State == gateway.Provisioning && len(live) == 0 {
		return gateway.Delivery{}, errAgain // it was made between two reads: repeats are not judged
	}
	facts, err := s.engine.vault.resource(found)
	if err != nil {
		return gateway.Delivery{}, unreadable(err)
	}
	next := found
	if next.State, err = moveResource(found.State, ordered); err != nil {
		return gateway.Delivery{}, errAgain // it moved on between two reads
	}
	// What a failed provision left is gone, so nothing of it is told.
	next.OutputsSealed, next.StateSealed, next.LastError = nil, nil, ""
	it, err := s.provisionIntent(a, facts, &next, len(live) == 0)
	if err != nil {
		return gateway.Delivery{}, err
	}
	end, err := s.launch(ctx, budget, a, it, amend(next))
	if err != nil {
		return gateway.Delivery{}, err
	}
	return s.answerOrder(ctx, end)
}

// provisionNew begins a resource for an order.
func (s *Scoped) provisionNew(ctx context.Context, budget <-chan struct{}, a *active, order gateway.Order) (gateway.Delivery, error) {
	id, short, err := newID("res_", s.engine.random)
	if err != nil {
		return gateway.Delivery{}, err
	}
	facts := gateway.Resource{
		ID: id, ShortID: short, ProviderID: id, Kind: gateway.KindAddon,
		Platform: s.scope.Platform, Addon: s.scope.Addon, ExternalID: order.ExternalID,
		Plan: order.Plan, Region: order.Region, Name: order.Name, App: order.App, Options: order.Options,
		Owner: order.Owner, UserID: order.UserID, CallbackURL: order.CallbackURL,
		LogToken: order.LogToken, LogDrainURL: order.LogDrainURL,
		State: gateway.Provisioning, CreatedAt: time.Now(), UpdatedAt: time.Now(),
	}
	row := ResourceRecord{Resource: facts}
	it, err := s.provisionIntent(a, facts, &row, true)
	if err != nil {
		return gateway.Delivery{}, err
	}
	row.LogToken = nil
	if order.LogToken != nil {
		row.LogTokenSealed, err = s.engine.vault.seal([]byte(order.LogToken.Reveal()), resourceAD(id, logTokenColumn))
		if err != nil {
			s.engine.abandon(it)
			return gateway.Delivery{}, err
		}
	}
	end, err := s.launch(ctx, budget, a, it, func(tx Tx) (ResourceRecord, error) {
		begun := row
		begun.Version, begun.CreatedAt, begun.UpdatedAt = 1, tx.Now(), tx.Now()
		return begun, tx.InsertResource(begun)
	})
	if err != nil {
		return gateway.Delivery{}, err
	}
	return s.answerOrder(ctx, end)
}

// provisionIntent judges the order and evaluates what the backend will be told, once and for all
// attempts, and puts into row what is kept with the resource: its backend, the
// generated secrets, and the configuration of its first provision.
func (s *Scoped) provisionIntent(a *active, facts gateway.Resource, row *ResourceRecord, alone bool) (*intent, error) {
	e := s.engine
	offer, err := a.catalog.Offer(s.scope.Platform, s.scope.Addon, facts.Plan, facts.Region)
	if err != nil {
		return nil, classified(err)
	}
	facts.Backend, row.Backend = offer.Backend, offer.Backend
	facts.State = gateway.Provisioning
	quotas, err := a.catalog.Judge(facts)
	if err != nil {
		return nil, classified(err)
	}
	have, err := e.vault.secrets(*row)
	if err != nil {
		return nil, unreadable(err)
	}
	secrets := generate(have, offer.Generated)
	if row.SecretsSealed, err = e.vault.sealJSON(secrets, resourceAD(row.ID, secretsColumn)); err != nil {
		return nil, err
	}
	input, err := a.catalog.Op(facts, backend.Value{}, backend.Value{})
	if err != nil {
		return nil, classified(err)
	}
	input.Secrets = secrets
	if row.FirstConfigSealed, err = e.vault.sealValue(input.Config, resourceAD(row.ID, firstConfigColumn)); err != nil {
		return nil, err
	}
	it, err := e.newIntent(a, *row, backend.VerbProvision, facts.Plan, input, alone)
	if err != nil {
		return nil, err
	}
	it.quotas = quotas
	return it, nil
}
