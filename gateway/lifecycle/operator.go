package lifecycle

import (
	"context"

	"github.com/addongw/addongw/gateway"
)

// SuspendByHand takes an add-on's resource out of its customer's hands because an
// operator says so, whether or not its platform knows of such a thing; see
// Scoped.Suspend. The reason is a sentence for the customer. A platform that
// suspends and resumes itself has the last word when it does so later.
func (e *Engine) SuspendByHand(ctx context.Context, resourceID, reason string) (gateway.Resource, error) {
	return e.turnByHand(ctx, resourceID, func(s *Scoped, id string) (gateway.Delivery, error) {
		return s.Suspend(ctx, id, reason)
	})
}

// ResumeByHand gives a resource back to its customer; see SuspendByHand.
func (e *Engine) ResumeByHand(ctx context.Context, resourceID string) (gateway.Resource, error) {
	return e.turnByHand(ctx, resourceID, func(s *Scoped, id string) (gateway.Delivery, error) {
		return s.Resume(ctx, id)
	})
}

func (e *Engine) turnByHand(ctx context.Context, resourceID string, turn func(s *Scoped, id string) (gateway.Delivery, error)) (gateway.Resource, error) {
	found, err := e.resourceByID(ctx, resourceID)
	if err != nil {
		return gateway.Resource{}, err
	}
	if found.Kind != gateway.KindAddon {
		return gateway.Resource{}, gateway.Errorf(gateway.Conflict, "Only resources of add-ons can be suspended, and this is a %s.", kindWords[found.Kind])
	}
	d, err := turn(e.For(gateway.Scope{Platform: found.Platform, Addon: found.Addon}), found.ProviderID)
	return d.Resource, err
}

// kindWords are the kinds that nobody can suspend.
var kindWords = map[gateway.ResourceKind]string{gateway.KindServer: "server", gateway.KindSSHKey: "key"}
