package config

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/configvar"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/plugins/backend"
)

// Offer tells which backend makes such a resource and which outputs the engine
// must generate. What is not offered is gateway.Refused.
func (c *Config) Offer(platform, addonID, planID, regionID string) (gateway.Offer, error) {
	if c.rents[platform] {
		return c.serverOffer(platform, addonID, planID, regionID)
	}
	a, m, err := c.sold(platform, addonID)
	if err != nil {
		return gateway.Offer{}, err
	}
	p, r := a.plan(c.today(gateway.RenamedPlan, a.ID, planID)), a.region(regionID)
	switch {
	case p == nil || !slices.Contains(m.plans, p):
		return gateway.Offer{}, gateway.Errorf(gateway.Refused, "There is no plan %q.", planID)
	case r == nil || !slices.Contains(m.regions, r):
		return gateway.Offer{}, gateway.Errorf(gateway.Refused, "There is no region %q.", regionID)
	case !p.scope.region(r.ID):
		return gateway.Offer{}, gateway.Errorf(gateway.Refused, "The plan %q is not offered in the region %q.", p.Name, r.Title)
	}
	b := p.madeIn(r)
	offer := gateway.Offer{Backend: b.Name, Rotates: b.rotates(), Grace: p.grace}
	for _, o := range b.Description.Outputs.Attributes {
		if o.Generated > 0 {
			offer.Generated = append(offer.Generated, gateway.Generated{Name: o.Name, Length: o.Generated})
		}
	}
	return offer, nil
}

// Op evaluates what the backend is told about one operation on r. first is the
// Config of the resource's first provision: force_new settings keep its values.
func (c *Config) Op(r gateway.Resource, outputs, first backend.Value) (backend.Op, error) {
	if rented(r.Kind) {
		return c.serverOp(r, outputs, first)
	}
	u, err := c.use(r)
	if err != nil {
		return backend.Op{}, err
	}
	if r.Backend != "" && u.backend.Name != c.today(gateway.RenamedBackend, "", r.Backend) {
		return backend.Op{}, gateway.Fault(fmt.Errorf("there is no backend.%s, which made the resource", r.Backend))
	}
	op := backend.Op{
		ResourceID: r.ID, ShortID: r.ShortID, Addon: u.addon.ID,
		Plan:    u.plan.told(u.backend),
		Region:  backend.Region{ID: u.region.ID, Data: backend.NewValue(u.region.data)},
		Options: backend.NewValue(u.backend.told(u.options)),
		Outputs: outputs,
		Config:  backend.NewValue(cty.EmptyObjectVal),
	}
	if u.backend.body == nil {
		return op, nil
	}
	output := u.backend.none
	if !outputs.IsNull() {
		output = u.backend.knownOutputs(outputs)
	}
	config, diags := u.backend.body.Live(u.scopeIn(u.backend.content.Context, output), first.Cty())
	if diags.HasErrors() {
		return backend.Op{}, gateway.Fault(fmt.Errorf("evaluate the settings of backend.%s: %w", u.backend.Name, configvar.Failure(diags)))
	}
	op.Config = backend.NewValue(config)
	return op, nil
}

// OldPlan evaluates a plan that a resource is changed from.
func (c *Config) OldPlan(r gateway.Resource, planID string) (backend.Plan, error) {
	if rented(r.Kind) {
		return backend.Plan{}, sizeStays()
	}
	r.Plan = planID
	u, err := c.use(r)
	if err != nil {
		return backend.Plan{}, err
	}
	return u.plan.told(u.backend), nil
}

// Judge decides whether a new order may be taken: its plan must be offered on
// r's platform and region, and neither be deprecated nor belong to a retired
// add-on; its options be known and well formed, and every validate block hold.
func (c *Config) Judge(r gateway.Resource) ([]gateway.QuotaRule, error) {
	if _, err := c.Offer(r.Platform, r.Addon, r.Plan, r.Region); err != nil {
		return nil, err
	}
	if rented(r.Kind) {
		return nil, nil // its provider's dialect has judged it before
	}
	if err := c.closed(r.Addon, r.Plan); err != nil {
		return nil, err
	}
	return c.judgeOrder(r)
}

// JudgePlanChange decides whether r may change to the plan: it must be offered
// on r's platform and region, not be deprecated, and be made by the backend
// that made r, and the plan_change block that decides and every validate block
// must hold.
func (c *Config) JudgePlanChange(r gateway.Resource, planID string, outputs func(fresh bool) (backend.Value, error)) ([]gateway.QuotaRule, error) {
	if rented(r.Kind) {
		return nil, sizeStays()
	}
	offer, err := c.Offer(r.Platform, r.Addon, planID, r.Region)
	if err != nil {
		return nil, err
	}
	if err := c.withdrawn(r.Addon, planID); err != nil {
		return nil, err
	}
	b := c.backends[offer.Backend]
	if r.Backend != "" && offer.Backend != c.today(gateway.RenamedBackend, "", r.Backend) {
		return nil, gateway.Errorf(gateway.Unsupported, "The plan can't be changed to %q.", planID)
	}
	if b.asked && !slices.Contains(b.Description.Capabilities, backend.CanChangePlan) {
		return nil, gateway.Errorf(gateway.Unsupported, "Plans can't be changed.")
	}
	return c.judgeChange(r, planID, outputs)
}

// Page tells what a page for r's customer shows of the configuration.
func (c *Config) Page(r gateway.Resource) (gateway.Page, error) {
	if rented(r.Kind) {
		return gateway.Page{}, noPage(r.Kind)
	}
	u, err := c.use(r)
	if err != nil {
		return gateway.Page{}, err
	}
	page := gateway.Page{
		AddonName: u.addon.Name, Logo: u.addon.Logo, Support: u.addon.Support, DocsURL: u.addon.DocsURL,
		Plan: u.plan.Name, Region: u.region.Title,
	}
	if mount := u.platform.mount; mount != nil {
		profile := mount.Profile()
		page.Platform, page.Dashboard, page.FrameAncestors = profile.Name, profile.Dashboard, profile.FrameAncestors
	}
	u.signOnPage(&page)
	return page, nil
}

// PlatformAPI finds the own API of the platform that an add-on is sold on.
// ok is false where there is none.
func (c *Config) PlatformAPI(name, addonID string) (api platform.API, ok bool) {
	_, m, err := c.sold(name, addonID)
	if err != nil || m.mount == nil {
		return nil, false
	}
	api = m.mount.API()
	return api, api != nil
}

// Render evaluates the config vars for r, where its logs go, and the message
// for the customer after verb.
func (c *Config) Render(r gateway.Resource, verb backend.Verb, outputs backend.Value) (rendered gateway.Rendered, err error) {
	if rented(r.Kind) {
		return gateway.Rendered{}, nil // nothing of a server becomes a config var
	}
	u, err := c.use(r)
	if err != nil {
		return gateway.Rendered{}, err
	}
	scope := u.scope(u.backend.knownOutputs(outputs))
	for _, v := range u.platform.vars {
		value, ok, err := configvar.Render(v.name, v.expr, scope)
		if err != nil {
			return gateway.Rendered{}, gateway.Fault(err)
		}
		if ok {
			rendered.ConfigVars = append(rendered.ConfigVars, value)
		}
	}
	if rendered.LogDrainURL, err = u.logDrain(scope); err != nil {
		return gateway.Rendered{}, gateway.Fault(err)
	}
	if rendered.Message, err = u.message(verb, scope); err != nil {
		return gateway.Rendered{}, gateway.Fault(err)
	}
	return rendered, nil
}

// sold finds an add-on on a platform.
func (c *Config) sold(platform, addonID string) (*addon, *mounted, error) {
	a, ok := c.addons[c.today(gateway.RenamedAddon, "", addonID)]
	if !ok {
		return nil, nil, gateway.Errorf(gateway.Refused, "There is no add-on %q.", addonID)
	}
	m, ok := a.platforms[platform]
	if !ok {
		return nil, nil, gateway.Errorf(gateway.Refused, "The add-on %q is not offered here.", addonID)
	}
	return a, m, nil
}

// use is all that the configuration knows about one resource.
type use struct {
	resource gateway.Resource
	addon    *addon
	platform *mounted
	plan     *plan
	region   *region
	backend  *loadedBackend
	options  cty.Value // typed
}

// use looks up what r is made of, under the names it has now. Plans and regions
// that its platform no longer sells are found as well: the resource is there.
// So is the backend that made it, which need not be the one that would today;
// where it is gone, the one that would stands in, for pages and messages.
func (c *Config) use(r gateway.Resource) (use, error) {
	a, m, err := c.sold(r.Platform, r.Addon)
	if err != nil {
		return use{}, err
	}
	u := use{resource: r, addon: a, platform: m, plan: a.plan(c.today(gateway.RenamedPlan, a.ID, r.Plan)), region: a.region(r.Region)}
	if u.plan == nil {
		return use{}, gateway.Errorf(gateway.Refused, "There is no plan %q.", r.Plan)
	}
	if u.region == nil {
		return use{}, gateway.Errorf(gateway.Refused, "There is no region %q.", r.Region)
	}
	u.resource.Addon, u.resource.Plan = a.ID, u.plan.ID
	u.options = a.recorded(r.Options)
	u.backend = c.backends[c.today(gateway.RenamedBackend, "", r.Backend)]
	if u.backend == nil {
		u.backend = u.plan.madeIn(u.region)
	}
	suits := u.backend != nil
	if suits {
		u.plan, suits = u.plan.as(u.backend)
	}
	if !suits {
		return use{}, gateway.Fault(fmt.Errorf("the plan %s of %s has no params for backend %s, which made the resource", r.Plan, a.ID, r.Backend))
	}
	return u, nil
}

func (u use) scope(output cty.Value) *hcl.EvalContext {
	return u.scopeIn(u.addon.content.Context, output)
}

// scopeIn is the scope for expressions that another block than the add-on has.
func (u use) scopeIn(parent *hcl.EvalContext, output cty.Value) *hcl.EvalContext {
	return liveScope(parent, u.addon.value, u.platform.value, u.plan.of(u.backend), u.region.value, resourceValue(u.resource, u.options), output)
}

// message renders the add-on's message after verb, or the usual one. After a
// suspension and its end there is none: the platform has a word for them, and
// only the vendor has more to say.
func (u use) message(verb backend.Verb, scope *hcl.EvalContext) (string, error) {
	if expr := u.addon.message(verb); expr != nil {
		text, _, ok, err := configvar.Text(expr, scope)
		if err != nil {
			return "", fmt.Errorf("render the message after %s: %w", verb, err)
		}
		if ok {
			return text, nil
		}
	}
	switch verb {
	case backend.VerbChangePlan:
		return fmt.Sprintf("%s is now on %s.", u.addon.Name, u.plan.Name), nil
	case backend.VerbDeprovision:
		return u.addon.Name + " is being removed.", nil
	case backend.VerbSuspend, backend.VerbResume:
		return "", nil
	}
	return u.addon.Name + " is ready.", nil
}
