package nanobox

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
)

// The catalog as the action of that name tells it: every value raw, because one
// that is wrong costs its spec, not the catalog.
type toldCatalog struct {
	Regions []toldRegion `json:"regions"`
}

type toldRegion struct {
	ID    any        `json:"id"`
	Name  any        `json:"name"`
	Plans []toldPlan `json:"plans"`
}

type toldPlan struct {
	ID    any        `json:"id"`
	Name  any        `json:"name"`
	Specs []toldSpec `json:"specs"`
}

type toldSpec struct {
	ID       any `json:"id"`
	Name     any `json:"name"`
	RAM      any `json:"ram"`
	CPU      any `json:"cpu"`
	Disk     any `json:"disk"`
	Transfer any `json:"transfer"`
	Hour     any `json:"dollars_per_hr"`
	Month    any `json:"dollars_per_mo"`
}

// readCatalog judges what a backend sells by the rules that hold for files.
// What breaks one is left out, and named in dropped by its place; nothing left is
// an error.
func readCatalog(outputs json.RawMessage) (c catalog, dropped []string, err error) {
	var told toldCatalog
	if err := json.Unmarshal(outputs, &told); err != nil {
		return catalog{}, nil, errors.New("the catalog of the backend has not the form that is expected: {regions: [{id, name, plans: [{id, name, specs: […]}]}]}")
	}
	drop := func(format string, args ...any) {
		if len(dropped) < 20 { // enough to see what is wrong
			dropped = append(dropped, fmt.Sprintf(format, args...))
		}
	}
	for i, r := range told.Regions {
		at := fmt.Sprintf("regions[%d]", i)
		own := region{id: textOf(r.ID), name: textOf(r.Name)}
		if own.name == "" {
			own.name = own.id
		}
		if _, twice := c.region(own.id); own.id == "" || twice {
			drop("%s is left out: its id is no text, or another region has it", at)
			continue
		}
		own.readPlans(at, r.Plans, drop)
		c.regions = append(c.regions, own)
	}
	if len(c.regions) == 0 {
		return catalog{}, dropped, errors.New("the catalog of the backend has no region")
	}
	if _, sizes := c.summary(); sizes == 0 { // platforms would take every size out of use
		return catalog{}, dropped, errors.New("the catalog of the backend has no size")
	}
	return c, dropped, nil
}

func (r *region) readPlans(at string, plans []toldPlan, drop func(string, ...any)) {
	known := map[string]bool{}
	for i, p := range plans {
		at := fmt.Sprintf("%s.plans[%d]", at, i)
		own := plan{id: textOf(p.ID), name: textOf(p.Name)}
		if own.name == "" {
			own.name = own.id
		}
		if own.id == "" || known[own.id] {
			drop("%s is left out: its id is no text, or another plan has it", at)
			continue
		}
		known[own.id] = true
		for j, told := range p.Specs {
			s, err := told.read()
			if _, _, twice := r.size(s.ID); err == nil && (twice || own.has(s.ID)) {
				err = errors.New("another spec of the region has its id")
			}
			if err != nil {
				drop("%s.specs[%d] is left out: %v", at, j, err)
				continue
			}
			own.specs = append(own.specs, s)
		}
		r.plans = append(r.plans, own)
	}
}

func (p plan) has(id string) bool {
	for _, s := range p.specs {
		if s.ID == id {
			return true
		}
	}
	return false
}

// read names the member at fault and never its value.
func (t toldSpec) read() (spec, error) {
	s := spec{ID: textOf(t.ID), Name: textOf(t.Name)}
	if s.ID == "" {
		return s, errors.New("id is no text")
	}
	var ok bool
	if s.RAM, ok = wholeOf(t.RAM); !ok {
		return s, errors.New("ram is no whole number")
	}
	if s.Disk, ok = wholeOf(t.Disk); !ok {
		return s, errors.New("disk is no whole number")
	}
	if s.CPU, ok = t.CPU.(float64); !ok || s.CPU <= 0 {
		return s, errors.New("cpu is no number above 0")
	}
	switch v := t.Transfer.(type) {
	case float64, string:
		s.Transfer = encoded(v)
	default:
		return s, errors.New("transfer is neither a number nor a text")
	}
	hour, perHour := priceOf(t.Hour)
	month, perMonth := priceOf(t.Month)
	if (!perHour && t.Hour != nil) || (!perMonth && t.Month != nil) || (!perHour && !perMonth) {
		return s, errors.New("dollars_per_hr and dollars_per_mo must be numbers; one of them may be absent")
	}
	s.Hour, s.Month = bothPrices(hour, perHour, month, perMonth)
	return s, nil
}

func textOf(v any) string {
	text, _ := v.(string)
	return text
}

func wholeOf(v any) (int64, bool) {
	n, ok := v.(float64)
	return int64(n), ok && n == math.Trunc(n) && n >= 0 && n <= math.MaxInt32
}

func priceOf(v any) (float64, bool) {
	n, ok := v.(float64)
	return n, ok && n >= 0
}
