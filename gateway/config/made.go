package config

import (
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/schema"
)

// soldScope is what a plan itself says of where it is sold.
type soldScope struct {
	regions   []string // ours; nil: all
	platforms []string // nil: all
}

func (s soldScope) region(id string) bool { return s.regions == nil || slices.Contains(s.regions, id) }

func (s soldScope) platform(name string) bool {
	return s.platforms == nil || slices.Contains(s.platforms, name)
}

// soldScope reads the regions and platforms of a plan.
func (l *loader) soldScope(a *addon, p *plan) {
	var platforms []string
	for _, c := range a.content.Blocks("platform") {
		platforms = append(platforms, c.Label(0))
	}
	p.backend = l.maker(p.content, fmt.Sprintf("%s, plan %q", a.title(), p.ID))
	p.scope = soldScope{
		regions:   l.subset(a, p.content, "region", a.regionIDs()),
		platforms: l.subset(a, p.content, "platform", platforms),
	}
}

// subset reads a setting that lists some of the add-on's regions or platforms;
// nil where nobody wrote it, and where it says nothing that can be kept to.
func (l *loader) subset(a *addon, c *schema.Content, kind string, known []string) []string {
	name := kind + "s"
	if !c.Has(name) || !c.Known(name) {
		return nil
	}
	chosen, wrong := []string{}, false
	for i, id := range c.Texts(name) {
		at := elementRange(c, name, i)
		switch {
		case !slices.Contains(known, id):
			wrong = true
			if !a.content.Meant(kind) {
				l.add(unknownPart(kind, id, at, known))
			}
		case slices.Contains(chosen, id):
			l.add(diagnostic.New(fmt.Sprintf("%q stands twice in this list", id), at, diagnostic.Info{Code: "AG207"}))
		default:
			chosen = append(chosen, id)
		}
	}
	if wrong {
		return nil
	}
	return chosen
}

func unknownPart(kind, id string, at hcl.Range, known []string) *hcl.Diagnostic {
	info := diagnostic.Info{Code: "AG302", Hint: diagnostic.DidYouMean(id, known)}
	if list := diagnostic.List(known); list != "" {
		info.Notes = []string{kind + "s: " + list}
	}
	return diagnostic.New(fmt.Sprintf("This add-on has no %s %q", kind, id), at, info)
}

// madeIn is what makes the plan's resources in a region: the plan's own
// backend, else the region's or the add-on's. It is nil after an error.
func (p *plan) madeIn(r *region) *loadedBackend {
	if p.content.Has("backend") {
		return p.backend
	}
	return r.backend
}

// makersOf lists what may make resources of a plan, each once.
func (a *addon) makersOf(p *plan) []*loadedBackend {
	var list []*loadedBackend
	for _, r := range a.regions {
		b := p.madeIn(r)
		if b != nil && p.scope.region(r.ID) && !slices.Contains(list, b) {
			list = append(list, b)
		}
	}
	return list
}

// backends lists what may make the add-on's resources, each once.
func (a *addon) backends() []*loadedBackend {
	var list []*loadedBackend
	for _, p := range a.plans {
		for _, b := range a.makersOf(p) {
			if !slices.Contains(list, b) {
				list = append(list, b)
			}
		}
	}
	return list
}

// needsBackend reports that nothing says what makes the resources of some plan
// in some region.
func (l *loader) needsBackend(a *addon) {
	if a.content.Has("backend") {
		return
	}
	settled := func(r *region) bool {
		needs := func(p *plan) bool { return p.scope.region(r.ID) && !p.content.Has("backend") }
		return r.content.Has("backend") || len(a.plans) > 0 && !slices.ContainsFunc(a.plans, needs)
	}
	if len(a.regions) == 0 || !slices.ContainsFunc(a.regions, func(r *region) bool { return !settled(r) }) {
		return
	}
	hint := "add: backend = backend.TYPE.NAME"
	if names := slices.Collect(maps.Keys(l.config.backends)); len(names) == 1 {
		hint = "add: backend = backend." + names[0]
	}
	l.add(diagnostic.New(`This addon needs "backend"`, a.content.Range, diagnostic.Info{Code: "AG204", Hint: hint}))
}

// checkSold warns of plans that nobody can order. Those that are deprecated
// are kept for the resources that have them.
func (l *loader) checkSold(a *addon) {
	if len(a.order) == 0 || a.Retired {
		return
	}
	for _, p := range a.plans {
		if p.deprecated != nil || slices.ContainsFunc(a.order, func(m *mounted) bool { return m.sells(p) }) {
			continue
		}
		l.add(diagnostic.Warn(fmt.Sprintf("The plan %q is sold nowhere", p.ID), p.content.Range, diagnostic.Info{
			Code: "AG232", Hint: "add it to the plans of a platform, in a region that is sold there",
			Notes: []string{"a plan that is only kept for resources that have it says so: deprecated {}"},
		}))
	}
}

// sells reports whether the platform sells the plan in some region.
func (m *mounted) sells(p *plan) bool {
	return slices.Contains(m.plans, p) && slices.ContainsFunc(m.regions, func(r *region) bool { return p.scope.region(r.ID) })
}
