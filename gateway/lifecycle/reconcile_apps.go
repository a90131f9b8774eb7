package lifecycle

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/addongw/addongw/gateway"
)

// compareApps compares a listing whose entries name a customer's application
// and a plan, and no id of the add-on. An application may have several
// resources of one add-on, so that entries and resources of one are paired, and
// what is left over differs. A resource whose order named no application is in
// no such listing and not judged.
func (e *Engine) compareApps(ctx context.Context, s gateway.Scope, asked time.Time, listed []gateway.Listed, c *comparison) error {
	apps := map[string]*appComparison{}
	of := func(app string) *appComparison {
		if apps[app] == nil {
			apps[app] = &appComparison{}
		}
		return apps[app]
	}
	for _, l := range listed {
		of(l.App).listed = append(of(l.App).listed, l)
	}
	err := e.eachResource(ctx, s, func(r gateway.Resource) {
		living := exists(r.State) || r.State == gateway.Provisioning
		if living {
			c.compared.Living++
		}
		if r.App != "" && (living || apps[r.App] != nil) {
			of(r.App).add(r, living)
		}
	})
	if err != nil {
		return err
	}
	for _, app := range slices.Sorted(maps.Keys(apps)) {
		apps[app].judge(s, asked, c)
	}
	return nil
}

// appComparison is what a platform lists of an application beside what is
// recorded of it.
type appComparison struct {
	listed                []gateway.Listed
	living, ending, ended []gateway.Resource
}

func (a *appComparison) add(r gateway.Resource, living bool) {
	switch {
	case living:
		a.living = append(a.living, r)
	case ended(r.State):
		a.ended = append(a.ended, r)
	default: // it is being removed, so it is listed no more or not for long
		a.ending = append(a.ending, r)
	}
}

// judge pairs what has the same plan, then what is left. What was delivered is
// paired first: an order that was repeated without an id left the other one.
func (a *appComparison) judge(s gateway.Scope, asked time.Time, c *comparison) {
	named := len(a.listed) > 0
	slices.SortStableFunc(a.living, func(x, y gateway.Resource) int { return rank(x) - rank(y) })
	a.living = slices.DeleteFunc(a.living, func(r gateway.Resource) bool {
		_, found := a.take(func(l gateway.Listed) bool { return l.Plan == r.Plan })
		return found
	})
	for _, r := range a.living {
		l, found := a.take(func(gateway.Listed) bool { return true })
		switch {
		case found && hasOtherPlan(r, l, asked):
			c.differ(s, gateway.OtherPlan, r, l)
		case found, r.State == gateway.Provisioning, r.CreatedAt.After(asked):
		case !named, !r.Delivered(): // one entry may stand for all that an application really has
			c.differ(s, gateway.UnknownThere, r, gateway.Listed{ExternalID: r.ExternalID, App: r.App})
		}
	}
	a.judgeRest(s, asked, c)
}

// judgeRest judges entries that no living resource has.
func (a *appComparison) judgeRest(s gateway.Scope, asked time.Time, c *comparison) {
	for _, l := range a.listed[min(len(a.ending), len(a.listed)):] {
		if len(a.ended) == 0 {
			c.differ(s, gateway.UnknownHere, gateway.Resource{}, l)
			continue
		}
		last := a.ended[len(a.ended)-1]
		a.ended = a.ended[:len(a.ended)-1]
		if !last.UpdatedAt.After(asked) {
			l.ExternalID = last.ExternalID
			c.differ(s, gateway.EndedHere, last, l)
		}
	}
}

// rank says in which order resources are paired.
func rank(r gateway.Resource) int {
	switch {
	case r.Delivered():
		return 0
	case r.State == gateway.Provisioning:
		return 1
	default:
		return 2
	}
}

// take takes the first entry that fits out of the listing.
func (a *appComparison) take(fits func(gateway.Listed) bool) (gateway.Listed, bool) {
	i := slices.IndexFunc(a.listed, fits)
	if i < 0 {
		return gateway.Listed{}, false
	}
	l := a.listed[i]
	a.listed = slices.Delete(a.listed, i, i+1)
	return l, true
}
