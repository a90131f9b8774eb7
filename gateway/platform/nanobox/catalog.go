package nanobox

import (
	"encoding/json"
	"slices"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway"
)

// catalog is regions with what is sold there, retired things included.
type catalog struct{ regions []region }

type region struct {
	id, name string
	plans    []plan
	retired  bool
}

type plan struct {
	id, name string
	specs    []spec
}

// spec is a size of servers, with the fields that /catalog shows.
type spec struct {
	ID       string          `json:"id"`
	Name     string          `json:"name,omitempty"`
	RAM      int64           `json:"ram"` // MB
	CPU      float64         `json:"cpu"`
	Disk     int64           `json:"disk"`     // GB
	Transfer json.RawMessage `json:"transfer"` // a number of TB, or a text
	Hour     float64         `json:"dollars_per_hr"`
	Month    float64         `json:"dollars_per_mo"`

	retired bool
	at      hcl.Range
}

// regionAnswer, planAnswer and spec are what GET /catalog answers. The first
// document knows a plan's title, every client since then its id and name.
type regionAnswer struct {
	ID    string       `json:"id"`
	Name  string       `json:"name"`
	Plans []planAnswer `json:"plans"`
}

type planAnswer struct {
	ID    string `json:"id"`
	Name  string `json:"name"`
	Title string `json:"title"`
	Specs []spec `json:"specs"`
}

// answer lists what is for sale. A region that is retired, or that is in extra
// because servers live there still, has no plans: a dashboard breaks for
// customers whose region is gone.
func (c catalog) answer(extra ...string) []regionAnswer {
	list := make([]regionAnswer, 0, len(c.regions)+len(extra))
	for _, r := range c.regions {
		list = append(list, r.answer())
	}
	for _, id := range extra {
		list = append(list, regionAnswer{ID: id, Name: id, Plans: []planAnswer{}})
	}
	return list
}

func (r region) answer() regionAnswer {
	a := regionAnswer{ID: r.id, Name: r.name, Plans: []planAnswer{}}
	if r.retired {
		return a
	}
	for _, p := range r.plans {
		a.Plans = append(a.Plans, planAnswer{ID: p.id, Name: p.name, Title: p.name, Specs: p.listed()})
	}
	return a
}

// listed are the specs for sale, never nil.
func (p plan) listed() []spec {
	list := make([]spec, 0, len(p.specs))
	for _, s := range p.specs {
		if !s.retired {
			list = append(list, s)
		}
	}
	return list
}

func (c catalog) region(id string) (region, bool) {
	at := slices.IndexFunc(c.regions, func(r region) bool { return r.id == id })
	if at < 0 {
		return region{}, false
	}
	return c.regions[at], true
}

// size finds a spec of a region, a retired one too, with its plan.
func (r region) size(id string) (spec, plan, bool) {
	for _, p := range r.plans {
		for _, s := range p.specs {
			if s.ID == id {
				return s, p, true
			}
		}
	}
	return spec{}, plan{}, false
}

// missing are those of the ids that the catalog has no region for.
func (c catalog) missing(ids []string) []string {
	var list []string
	for _, id := range ids {
		if _, ok := c.region(id); !ok && id != "" && !slices.Contains(list, id) {
			list = append(list, id)
		}
	}
	slices.Sort(list)
	return list
}

// ordered finds what an order asks for. Errors are gateway.Refused.
func (c catalog) ordered(regionID, sizeID string) (spec, plan, error) {
	r, ok := c.region(regionID)
	if !ok || r.retired {
		return spec{}, plan{}, gateway.Errorf(gateway.Refused, "This region is not offered.")
	}
	s, p, ok := r.size(sizeID)
	if !ok || s.retired {
		return spec{}, plan{}, gateway.Errorf(gateway.Refused, "This size is not offered in this region.")
	}
	return s, p, nil
}

// summary counts regions and different sizes.
func (c catalog) summary() (regions, sizes int) {
	known := map[string]bool{}
	for _, r := range c.regions {
		for _, p := range r.plans {
			for _, s := range p.specs {
				known[s.ID] = true
			}
		}
	}
	return len(c.regions), len(known)
}

// args are a spec as the action create_server is told it.
func (s spec) args() map[string]any {
	var transfer any
	_ = json.Unmarshal(s.Transfer, &transfer) // it was encoded here
	return map[string]any{
		"ram": float64(s.RAM), "cpu": s.CPU, "disk": float64(s.Disk), "transfer": transfer,
		"dollars_per_hr": s.Hour, "dollars_per_mo": s.Month,
	}
}
