package lifecycle

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/addongw/addongw/gateway"
)

// Reconcile compares the listings of platforms with the resources here; an
// empty platform or add-on means all that are sold. It finds add-ons by the
// platform's id, or by the customer's application where a listing names no id,
// and changes nothing. A listing that cannot be had is
// noted, and the others are compared all the same.
func (e *Engine) Reconcile(ctx context.Context, platform, addon string) (gateway.Reconciliation, error) {
	a, err := e.configuration()
	if err != nil {
		return gateway.Reconciliation{}, err
	}
	var scopes []gateway.Scope
	if a.platforms != nil {
		for _, s := range a.platforms.Scopes() {
			if (platform == "" || s.Platform == platform) && (addon == "" || s.Addon == addon) {
				scopes = append(scopes, s)
			}
		}
	}
	if len(scopes) == 0 {
		return gateway.Reconciliation{}, gateway.Errorf(gateway.NotFound, "nothing of that is sold on a platform that lists its add-ons")
	}
	found := make([]comparison, len(scopes))
	var group sync.WaitGroup
	limit := make(chan struct{}, 4)
	for i, s := range scopes {
		group.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			found[i], found[i].err = e.compare(ctx, a, s)
		})
	}
	group.Wait()
	var all gateway.Reconciliation
	for _, c := range found {
		if c.err != nil {
			return gateway.Reconciliation{}, classified(c.err)
		}
		all.Compared = append(all.Compared, c.compared)
		all.Differences = append(all.Differences, c.differences...)
	}
	return all, nil
}

// comparison is what comparing one add-on on one platform came to.
type comparison struct {
	compared    gateway.Compared
	differences []gateway.Difference
	err         error // ours, not the platform's
}

func (e *Engine) compare(ctx context.Context, a *active, s gateway.Scope) (comparison, error) {
	c := comparison{compared: gateway.Compared{Platform: s.Platform, Addon: s.Addon}}
	api, ok := a.platforms.Platform(s.Platform, s.Addon)
	if !ok {
		return c, nil
	}
	asked := time.Now() // what came or went since then is not judged
	listed, err := api.List(ctx)
	if err != nil {
		c.compared.Error = clip(e.redact(err.Error()))
		return c, nil
	}
	c.compared.Listed = len(listed)
	if s.ListsApps {
		return c, e.compareApps(ctx, s, asked, listed, &c)
	}
	there := make(map[string]gateway.Listed, len(listed))
	for _, l := range listed {
		there[l.ExternalID] = l
	}
	if err := e.compareOurs(ctx, s, asked, there, &c); err != nil {
		return c, err
	}
	for _, l := range listed {
		if _, left := there[l.ExternalID]; !left {
			continue
		}
		if err := e.compareTheirs(ctx, s, asked, l, &c); err != nil {
			return c, err
		}
	}
	return c, nil
}

// compareOurs goes through the living resources and takes those that are
// listed out of there.
func (e *Engine) compareOurs(ctx context.Context, s gateway.Scope, asked time.Time, there map[string]gateway.Listed, c *comparison) error {
	return e.eachResource(ctx, s, func(r gateway.Resource) {
		if !exists(r.State) && r.State != gateway.Provisioning {
			return
		}
		c.compared.Living++
		l, listed := there[r.ExternalID]
		delete(there, r.ExternalID)
		switch {
		case r.State == gateway.Provisioning, !listed && r.CreatedAt.After(asked):
		case !listed:
			c.differ(s, gateway.UnknownThere, r, gateway.Listed{ExternalID: r.ExternalID})
		case hasOtherPlan(r, l, asked):
			c.differ(s, gateway.OtherPlan, r, l)
		}
	})
}

// hasOtherPlan reports whether a resource that rests has another plan than the
// one listed.
func hasOtherPlan(r gateway.Resource, l gateway.Listed, asked time.Time) bool {
	return r.State == gateway.Active && l.Plan != r.Plan && !r.UpdatedAt.After(asked)
}

// eachResource goes through all resources of a scope, whatever their state.
func (e *Engine) eachResource(ctx context.Context, s gateway.Scope, visit func(gateway.Resource)) error {
	f := gateway.ResourceFilter{Platform: s.Platform, Addon: s.Addon, Limit: 1000}
	for {
		page, err := e.store.Resources(ctx, f)
		if err != nil {
			return err
		}
		for _, r := range page {
			f.After = r.ID
			visit(r)
		}
		if len(page) < f.Limit {
			return nil
		}
	}
}

// compareTheirs judges an add-on that no living resource has.
func (e *Engine) compareTheirs(ctx context.Context, s gateway.Scope, asked time.Time, l gateway.Listed, c *comparison) error {
	ours, err := e.store.ResourceByExternalID(ctx, s.Platform, s.Addon, l.ExternalID)
	if errors.Is(err, ErrNotFound) {
		c.differ(s, gateway.UnknownHere, gateway.Resource{}, l)
		return nil
	}
	if err != nil {
		return err
	}
	if ended(ours.State) && !ours.UpdatedAt.After(asked) {
		c.differ(s, gateway.EndedHere, ours.Resource, l)
	}
	return nil
}

func ended(s gateway.State) bool { return s == gateway.Deprovisioned || s == gateway.Failed }

func (c *comparison) differ(s gateway.Scope, in gateway.Unlike, r gateway.Resource, l gateway.Listed) {
	c.differences = append(c.differences, gateway.Difference{
		Unlike: in, Platform: s.Platform, Addon: s.Addon, ExternalID: l.ExternalID, App: l.App, PlatformPlan: l.PlanName, Resource: r,
	})
}
