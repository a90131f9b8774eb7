package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/schema"
)

// offer settles the plans and regions that the platform sells.
func (p *platformReader) offer(c *schema.Content, m *mounted) {
	m.plans = p.offeredPlans(c)
	slugs := p.slugs(c)
	for _, offered := range m.plans {
		slug := offered.ID
		if s, ok := slugs[offered.ID]; ok {
			slug = s
		}
		if taken, again := p.common.PlanBySlug(slug); again {
			p.add(diagnostic.New(fmt.Sprintf("The plans %s and %s are both called %q here", taken.ID, offered.ID, slug),
				c.ValueRange("plan_names"), diagnostic.Info{Code: "AG207"}))
			continue
		}
		p.common.Plans = append(p.common.Plans, platform.Plan{
			ID: offered.ID, Slug: slug, Name: offered.Name, Description: offered.Plan.Description, Price: offered.Price, Features: offered.Features,
			Options: offered.Options, Unlisted: offered.Unlisted,
		})
		if _, named := slugs[offered.ID]; !named {
			p.formerSlug(offered)
		}
	}
	m.regions = p.offeredRegions(c)
	p.common.DefaultRegion = p.of.defaultRegion()
	if len(m.regions) > 0 && !slices.ContainsFunc(m.regions, func(r *region) bool { return r.ID == p.common.DefaultRegion }) {
		p.common.DefaultRegion = m.regions[0].ID
	}
}

func (p *platformReader) offeredPlans(c *schema.Content) []*plan {
	var offered []*plan
	if !c.Has("plans") {
		for _, x := range p.of.plans {
			if x.scope.platform(p.name) {
				offered = append(offered, x)
			}
		}
		return offered
	}
	for i, id := range c.Texts("plans") {
		at := elementRange(c, "plans", i)
		found := p.of.plan(id)
		switch {
		case found == nil:
			p.unknownName(p.of, "plan", id, at, p.of.planIDs())
		case slices.Contains(offered, found):
			p.add(diagnostic.New(fmt.Sprintf("%q stands twice in this list", id), at, diagnostic.Info{Code: "AG207"}))
		case !found.scope.platform(p.name):
			p.add(diagnostic.New(fmt.Sprintf("The plan %q is not for this platform", id), at, diagnostic.Info{
				Code: "AG233", Hint: "take it out of the list, or add the platform to the plan's own",
				Also: []diagnostic.Place{{Range: found.content.ValueRange("platforms"), Text: "the platforms that it is for"}},
			}))
		default:
			offered = append(offered, found)
		}
	}
	return offered
}

func (p *platformReader) slugs(c *schema.Content) map[string]string {
	slugs := c.Map("plan_names")
	for _, id := range slices.Sorted(maps.Keys(slugs)) {
		if p.of.plan(id) == nil {
			p.unknownName(p.of, "plan", id, schema.KeyRange(c.Expr("plan_names"), id), p.of.planIDs())
		}
	}
	return slugs
}

// offeredRegions reads the map of regions: their names and ours.
func (p *platformReader) offeredRegions(c *schema.Content) []*region {
	p.common.AddonRegions = p.of.regionIDs()
	if p.of.content.Meant("region") {
		p.common.AddonRegions = nil
	}
	if !c.Has("regions") {
		return p.of.regions
	}
	p.common.Regions = map[string]string{}
	given := c.Map("regions")
	var ours []string
	for _, theirs := range slices.Sorted(maps.Keys(given)) {
		id := given[theirs]
		p.common.Regions[theirs] = id
		if p.of.region(id) == nil {
			p.unknownName(p.of, "region", id, schema.EntryRange(c.Expr("regions"), theirs), p.of.regionIDs())
			continue
		}
		ours = append(ours, id)
	}
	var offered []*region
	for _, r := range p.of.regions {
		if slices.Contains(ours, r.ID) {
			offered = append(offered, r)
		}
	}
	return offered
}

// unknownName reports a plan or region that the add-on does not have.
func (l *loader) unknownName(a *addon, kind, id string, at hcl.Range, known []string) {
	if len(known) == 0 || a.content.Meant(kind) {
		return // it may be one that could not be read
	}
	l.add(unknownPart(kind, id, at, known))
}

func (a *addon) planIDs() (ids []string) {
	for _, x := range a.plans {
		ids = append(ids, x.ID)
	}
	return ids
}

func (a *addon) regionIDs() (ids []string) {
	for _, x := range a.regions {
		ids = append(ids, x.ID)
	}
	return ids
}

// elementRange is where the i-th element of a list is written.
func elementRange(c *schema.Content, name string, i int) hcl.Range {
	if items, diags := hcl.ExprList(c.Expr(name)); !diags.HasErrors() && i < len(items) {
		return items[i].Range()
	}
	return c.ValueRange(name)
}
