package config

import (
	"fmt"
	"slices"

	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/gateway/diagnostic"
)

// Scope is what the config vars of an add-on may mention on one platform, for
// one plan in one region, while there is no resource: outputs are typed
// unknowns. An empty name stands for the first that goes with the others; the
// Case has those that were taken.
func (c *Config) Scope(addonID, planID, regionID, platformName string) (configvar.Case, error) {
	var none configvar.Case
	chosen, err := pick(c.Addons, addonID, "there is no add-on %q", func(a Addon) string { return a.ID })
	if err != nil {
		return none, err
	}
	a := c.addons[chosen.ID]
	places := a.places()
	if platformName != "" {
		m, err := pick(places, platformName, a.title()+" is not sold on %q", func(m *mounted) string { return m.name })
		if err != nil {
			return none, err
		}
		places = []*mounted{m}
	}
	var problem error
	for _, m := range places {
		found, err := a.caseNamed(m, planID, regionID)
		if err == nil {
			return found, nil
		}
		if problem == nil {
			problem = err
		}
	}
	return none, problem
}

func (a *addon) caseNamed(m *mounted, planID, regionID string) (configvar.Case, error) {
	p, err := pick(m.plans, planID, a.title()+" has no plan %q there", func(p *plan) string { return p.ID })
	if err != nil {
		return configvar.Case{}, err
	}
	sold := slices.DeleteFunc(slices.Clone(m.regions), func(r *region) bool { return !p.scope.region(r.ID) })
	r, err := pick(sold, regionID, a.title()+" has no region %q there", func(r *region) string { return r.ID })
	if err != nil {
		return configvar.Case{}, err
	}
	return a.caseOf(a.content.Context, m, p, r, newUnknowns(), a.optionValues.usual, p.madeIn(r).unknownOutput()), nil
}

// pick finds an item by its id, or takes the first.
func pick[T any](items []T, id, problem string, idOf func(T) string) (T, error) {
	var none T
	var ids []string
	for _, item := range items {
		if id == "" || idOf(item) == id {
			return item, nil
		}
		ids = append(ids, idOf(item))
	}
	return none, fmt.Errorf(problem+"; there is: %s", id, diagnostic.List(ids))
}
