package lifecycle

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// publicKeyOption is where a key's text is kept: it is no secret.
const publicKeyOption = "public_key"

// AddKey returns the caller's key of a name and text. See platform.Servers.
func (s *Servers) AddKey(ctx context.Context, caller gateway.Caller, order gateway.KeyOrder) (gateway.Key, error) {
	budget, stop := s.of.budget()
	defer stop()
	var key gateway.Key
	err := s.settled(func() error {
		found, err := s.of.engine.store.ResourceByExternalID(ctx, s.of.scope.Platform, s.of.scope.Addon, keyID(caller, order))
		switch {
		case errors.Is(err, ErrNotFound):
			found = ResourceRecord{}
		case err != nil:
			return unrecorded(err)
		}
		key, err = s.addKey(ctx, budget, caller, order, found)
		return err
	})
	return key, err
}

// keyID is the same for the same key of the same caller.
func keyID(caller gateway.Caller, order gateway.KeyOrder) string {
	digest := sha256.New()
	for _, part := range []string{caller.Identity, order.Name, order.PublicKey} {
		fmt.Fprintf(digest, "%d %s ", len(part), part)
	}
	return "key_" + hex.EncodeToString(digest.Sum(nil)[:20])
}

// addKey goes on from what is recorded of a key.
func (s *Servers) addKey(ctx context.Context, budget <-chan struct{}, caller gateway.Caller, order gateway.KeyOrder, found ResourceRecord) (gateway.Key, error) {
	live, err := s.of.engine.store.LiveOperations(ctx, found.ID)
	if err != nil {
		return gateway.Key{}, unrecorded(err)
	}
	if err := s.bring(ctx, caller, live); err != nil && !again(err) {
		return gateway.Key{}, unrecorded(err)
	}
	var end waited
	switch found.State {
	case gateway.Active:
		return s.of.engine.key(found)
	case gateway.Deprovisioning:
		return gateway.Key{}, s.of.awaitRemoval(ctx, budget, found)
	case "", gateway.Deprovisioned, gateway.Failed:
		return s.newKey(ctx, budget, caller, order, found)
	default:
		op, ok := liveOf(live, backend.VerbProvision)
		if !ok {
			return gateway.Key{}, s.of.awaitCleanUp(ctx, budget, live)
		}
		if end, err = s.of.attach(ctx, budget, op); err != nil {
			return gateway.Key{}, err
		}
	}
	return s.keyAt(end)
}

// awaitCleanUp waits for the clean-up of what could not be made; errAgain then
// says that it may be tried anew.
func (s *Scoped) awaitCleanUp(ctx context.Context, budget <-chan struct{}, live []OperationRecord) error {
	if len(live) == 0 {
		return errAgain // it ended between two reads
	}
	end, err := s.attach(ctx, budget, live[len(live)-1])
	if err != nil {
		return err
	}
	if end.over && !end.op.Live() {
		return errAgain
	}
	_, err = s.engine.answer(end)
	return err
}

// keyAt is what a caller hears of a key whose making was waited for.
func (s *Servers) keyAt(end waited) (gateway.Key, error) {
	if _, err := s.of.engine.answer(end); err != nil {
		return gateway.Key{}, err
	}
	return s.of.engine.key(end.res)
}

// newKey records a key. One that failed before is tried anew.
func (s *Servers) newKey(ctx context.Context, budget <-chan struct{}, caller gateway.Caller, order gateway.KeyOrder, failed ResourceRecord) (gateway.Key, error) {
	a, err := s.of.configuration()
	if err != nil {
		return gateway.Key{}, err
	}
	id, short, err := newID("res_", s.of.engine.random)
	if err != nil {
		return gateway.Key{}, err
	}
	facts := s.facts(gateway.KindSSHKey, id, short, caller)
	facts.ExternalID, facts.Name, facts.Options = keyID(caller, order), order.Name, map[string]string{publicKeyOption: order.PublicKey}
	write := func(row ResourceRecord) func(tx Tx) (ResourceRecord, error) {
		return func(tx Tx) (ResourceRecord, error) {
			begun := row
			begun.Version, begun.CreatedAt, begun.UpdatedAt = 1, tx.Now(), tx.Now()
			return begun, tx.InsertResource(begun)
		}
	}
	if failed.State == gateway.Failed {
		facts.ID, facts.ShortID, facts.ProviderID = failed.ID, failed.ShortID, failed.ProviderID
		write = func(row ResourceRecord) func(tx Tx) (ResourceRecord, error) {
			next := failed
			next.State, next.Backend = row.State, row.Backend
			next.Reason, next.LastError, next.OutputsSealed, next.StateSealed = "", "", nil, nil
			return amend(next)
		}
	}
	if order.Args == nil {
		return s.keepKey(ctx, a, facts, write)
	}
	row, it, err := s.provisionIntent(a, facts, doing{action: gateway.ActionCreateKey, args: order.Args, caller: caller})
	if err != nil {
		return gateway.Key{}, err
	}
	end, err := s.of.launch(ctx, budget, a, it, write(row))
	if err != nil {
		return gateway.Key{}, err
	}
	return s.keyAt(end)
}

// keepKey records a key that no backend knows.
func (s *Servers) keepKey(ctx context.Context, a *active, facts gateway.Resource, write func(ResourceRecord) func(Tx) (ResourceRecord, error)) (gateway.Key, error) {
	offer, err := a.catalog.Offer(facts.Platform, facts.Addon, "", "")
	if err != nil {
		return gateway.Key{}, classified(err)
	}
	facts.Backend, facts.State = offer.Backend, gateway.Active
	var kept ResourceRecord
	err = s.of.engine.store.Update(context.WithoutCancel(ctx), func(tx Tx) (err error) {
		kept, err = write(ResourceRecord{Resource: facts})(tx)
		return err
	})
	switch {
	case again(err):
		return gateway.Key{}, err
	case err != nil:
		return gateway.Key{}, unrecorded(fmt.Errorf("record the key %s: %w", facts.ID, err))
	}
	return s.of.engine.key(kept)
}

// Key returns a key of the caller's. See platform.Servers.
func (s *Servers) Key(ctx context.Context, caller gateway.Caller, id string) (gateway.Key, error) {
	found, _, err := s.find(ctx, caller, gateway.KindSSHKey, id)
	if err != nil {
		return gateway.Key{}, err
	}
	return s.of.engine.key(found)
}

// key is what is known of a key.
func (e *Engine) key(r ResourceRecord) (gateway.Key, error) {
	facts, err := e.facts(r)
	if err != nil {
		return gateway.Key{}, unreadable(err)
	}
	key := gateway.Key{Resource: facts, PublicKey: r.Options[publicKeyOption], Ref: r.ID}
	outputs, err := e.vault.outputs(r)
	if err == nil {
		key.Ref, err = refOf(outputs, r.ID)
	}
	if err != nil {
		return key, unreadable(err)
	}
	return key, nil
}

// RemoveKey records that a key must go. See platform.Servers.
func (s *Servers) RemoveKey(ctx context.Context, caller gateway.Caller, id string, args map[string]any) error {
	if args != nil {
		return s.remove(ctx, gateway.KindSSHKey, id, doing{action: gateway.ActionDeleteKey, args: args, caller: caller})
	}
	return s.settled(func() error {
		found, live, err := s.find(ctx, caller, gateway.KindSSHKey, id)
		switch {
		case err != nil, found.State == gateway.Deprovisioning, found.State == gateway.Deprovisioned:
			return err
		case len(live) > 0:
			return gateway.Errorf(gateway.Busy, "The key is still being set up. Please try again.")
		}
		return s.forget(ctx, found)
	})
}
