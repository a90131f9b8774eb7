package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/diagnostic"
)

// Orphans compares the resources that live with what the configuration has.
// Each add-on, platform, plan, region or backend that resources still need and
// that is gone is one error (AG701) with the ways out, and so is each provider
// with its sizes; one that a plan's params suit no longer is one, too. A deprecated plan whose last day has passed is a
// warning (AG702) while resources have it. What was renamed is not gone,
// whether the resources are stored under the old name or the new one.
//
// Several diagnostics may stand at one place: do not merge them.
func (c *Config) Orphans(inUse []gateway.InUse) hcl.Diagnostics {
	o := &orphanage{Config: c, found: map[lack]*orphans{}}
	for _, row := range inUse {
		if row.Count > 0 {
			o.row(row)
		}
	}
	var diags hcl.Diagnostics
	for _, l := range slices.SortedFunc(maps.Keys(o.found), func(x, y lack) int { return cmp.Compare(x.of, y.of) }) {
		f := o.found[l]
		f.diagnostic.Summary = l.summary(f.count)
		diags = append(diags, f.diagnostic)
	}
	diagnostic.Sort(diags)
	return diags
}

// orphanage sorts rows of resources by what they lack.
type orphanage struct {
	*Config
	found map[lack]*orphans
}

// orphans are the resources that lack one thing.
type orphans struct {
	count      int
	diagnostic *hcl.Diagnostic // without its summary
}

// lack says what resources do that can't be served: they "use" the plan "free"
// of acme-db.
type lack struct{ one, many, of string }

func (l lack) summary(count int) string {
	if count == 1 {
		return "1 live resource " + l.one + " " + l.of
	}
	return fmt.Sprintf("%d live resources %s %s", count, l.many, l.of)
}

func using(format string, args ...any) lack { return lack{"uses", "use", fmt.Sprintf(format, args...)} }

// miss counts resources that lack something. describe is called once.
func (o *orphanage) miss(count int, l lack, describe func() *hcl.Diagnostic) {
	f, known := o.found[l]
	if !known {
		f = &orphans{diagnostic: describe()}
		o.found[l] = f
	}
	f.count += count
}

func (o *orphanage) row(row gateway.InUse) {
	if o.rents[row.Platform] {
		o.rentedRow(row)
		return
	}
	a, ok := o.addons[o.today(gateway.RenamedAddon, "", row.Addon)]
	if !ok {
		o.miss(row.Count, lack{"belongs", "belong", fmt.Sprintf("to the add-on %q, which is gone", row.Addon)}, func() *hcl.Diagnostic {
			return orphan(hcl.Range{}, "", fmt.Sprintf("bring addon %q back, with retired = true, until they are gone", row.Addon),
				fmt.Sprintf("or, if it has another name now, say there: previously = [%q]", row.Addon))
		})
	}
	var at hcl.Range
	if ok {
		at = a.content.ValueRange("backend")
	}
	o.backend(row, at)
	if ok {
		o.parts(row, a)
	}
}

// parts looks for what the resources need of their add-on.
func (o *orphanage) parts(row gateway.InUse, a *addon) {
	at, in := a.content.Range, a.title()
	if _, sold := a.platforms[row.Platform]; !sold {
		o.miss(row.Count, using("the platform %q of %s", row.Platform, a.ID), func() *hcl.Diagnostic {
			return orphan(at, in, fmt.Sprintf("keep platform %q { … } until they are gone", row.Platform),
				"to sell nothing new there, set plans = [] in it")
		})
	}
	if a.region(row.Region) == nil {
		o.miss(row.Count, using("the region %q of %s", row.Region, a.ID), func() *hcl.Diagnostic {
			return orphan(at, in, fmt.Sprintf("keep region %q { … } until they are gone", row.Region),
				"to sell nothing new there, leave it out of the regions of the platforms or plans")
		})
	}
	p := a.plan(o.today(gateway.RenamedPlan, a.ID, row.Plan))
	if p == nil {
		o.miss(row.Count, using("plan %q of %s", row.Plan, a.ID), func() *hcl.Diagnostic {
			return orphan(at, in, fmt.Sprintf("keep plan %q { … } with deprecated {} in it", row.Plan),
				fmt.Sprintf("or say in the plan that takes its place: previously = [%q]", row.Plan))
		})
		return
	}
	o.plan(row, a, p)
}

// plan looks at a plan that is there.
func (o *orphanage) plan(row gateway.InUse, a *addon, p *plan) {
	if d := p.deprecated; d != nil && d.expired(o.now()) {
		o.miss(row.Count, using("plan %q of %s, which ended on %s", p.ID, a.ID, d.until.Format(dateForm)), func() *hcl.Diagnostic {
			return diagnostic.Warn("", d.content.ValueRange("until"), diagnostic.Info{
				Code: "AG702", In: fmt.Sprintf("%s, plan %q", a.title(), p.ID), Hint: "give their customers another plan, or a later day",
			})
		})
	}
	b := o.backends[o.today(gateway.RenamedBackend, "", row.Backend)]
	if b == nil {
		return
	}
	if _, suits := p.as(b); suits {
		return
	}
	o.miss(row.Count, using("plan %q of %s with backend.%s", p.ID, a.ID, b.Name), func() *hcl.Diagnostic {
		return orphan(p.content.Range, a.title(), "its params do not suit that backend any more",
			"give the plan its former params and backend, with deprecated {}, and the new ones to a new plan")
	})
}

// backend looks for the backend that made the resources. at is where the block
// that they belong to names one; empty where that is gone.
func (o *orphanage) backend(row gateway.InUse, at hcl.Range) {
	name := o.today(gateway.RenamedBackend, "", row.Backend)
	if _, there := o.backends[name]; there || row.Backend == "" {
		return
	}
	o.miss(row.Count, using("backend.%s", row.Backend), func() *hcl.Diagnostic {
		return orphan(at, "", "keep its block until they are gone; no new ones are made by a backend that nothing refers to",
			fmt.Sprintf("or, if it has another name now, say there: previously = [%q]", row.Backend))
	})
}

// orphan makes the error of a missing name, without its summary. Where nothing
// of the files is near, it has no place.
func orphan(at hcl.Range, in, keep, otherwise string) *hcl.Diagnostic {
	d := diagnostic.New("", at, diagnostic.Info{Code: "AG701", In: in, Hint: keep, Notes: []string{otherwise}})
	if at.Filename == "" {
		d.Subject = nil
	}
	return d
}
