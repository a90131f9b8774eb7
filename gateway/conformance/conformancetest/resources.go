package conformancetest

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

// Resource is what a Vendor has sold.
type Resource struct {
	ID     string // the Vendor's
	Order  string // the platform's id of it
	App    string
	Plan   string
	Region string
	Config map[string]any
	Gone   bool

	Changed         string // the plan of the last change
	Suspended, Done bool
}

// Alive counts what a customer could use.
func (v *Vendor) Alive() (n int) {
	v.Lock()
	defer v.Unlock()
	for _, r := range v.ByID {
		if !r.Gone {
			n++
		}
	}
	return n
}

// Find finds a resource that was ever there; nil: none.
func (v *Vendor) Find(id string) *Resource {
	v.Lock()
	defer v.Unlock()
	return v.ByID[id]
}

// Make makes a resource for an order, or finds that of an order that came
// before with the same key. Again judges such an order while the lock is held;
// without a resource and a refusal there will be another one.
func (v *Vendor) Make(key string, order Resource, again func(*Resource) (*Resource, *Refusal)) (*Resource, *Refusal) {
	if v.Defect == "doubles at once" && key != "" && !v.known(key) {
		v.meet()
		v.Lock()
		defer v.Unlock()
		return v.add(key, order), nil
	}
	v.Lock()
	defer v.Unlock()
	if known := v.ByOrder[key]; known != nil && v.Defect != "doubles on retry" {
		v.repeated = true
		if made, f := again(known); made != nil || f != nil {
			return made, f
		}
	}
	return v.add(key, order), nil
}

func (v *Vendor) known(key string) bool {
	v.Lock()
	defer v.Unlock()
	return v.ByOrder[key] != nil
}

// meet waits for another order on its way, once and after it has seen a repeat:
// that is when the tester sends several at once.
func (v *Vendor) meet() {
	v.Lock()
	wait := v.repeated && !v.met
	v.Unlock()
	if !wait {
		return
	}
	select {
	case v.together <- struct{}{}:
	case <-v.together:
	case <-v.parted:
	case <-time.After(10 * time.Second):
	}
	v.Lock()
	defer v.Unlock()
	if !v.met {
		v.met = true
		close(v.parted)
	}
}

// add adds a resource. The lock is held.
func (v *Vendor) add(key string, order Resource) *Resource {
	v.made++
	order.ID = fmt.Sprint(1000 + v.made)
	switch v.Defect {
	case "an id with a colon":
		order.ID = "acme:" + order.ID
	case "an id with a slash":
		order.ID = "acme/" + order.ID
	case "a long id":
		order.ID = strings.Repeat("x", 256) + order.ID
	}
	order.Config = v.config(order.ID)
	v.ByID[order.ID] = &order
	if key != "" {
		v.ByOrder[key] = &order
	}
	return &order
}

// Renew gives a resource another config, with that defect. The lock is held.
func (v *Vendor) Renew(r *Resource) {
	if v.Defect == "another config on retry" {
		r.Config = map[string]any{"ACME_DB_URL": fmt.Sprint("postgres://", time.Now().UnixNano()), "ACME_DB_PORT": "5432"}
	}
}

// Remove removes a resource, whatever it says then.
func (v *Vendor) Remove(r *http.Request, id string) *Refusal {
	if v.Defect == "reads the body of removals" {
		if text, _ := io.ReadAll(r.Body); len(text) > 0 {
			return Refused(400, "That is no JSON.")
		}
	}
	v.Lock()
	defer v.Unlock()
	known := v.ByID[id]
	again := known != nil && known.Gone
	if known != nil {
		known.Gone = true
	}
	switch {
	case known != nil && !again && v.Defect == "the first removal fails":
		return Refused(503, "Try again.")
	case known == nil && v.Defect != "removes what never was":
		return Refused(404, "Never heard of it.")
	case again && v.Defect == "the second removal fails":
		return Refused(410, "It is gone already.")
	default:
		return nil
	}
}

// Sold finds a resource whose plan may be changed. None and no refusal is a
// defect. The lock is held.
func (v *Vendor) Sold(id string) (*Resource, *Refusal) {
	known := v.ByID[id]
	switch {
	case known == nil && v.Defect == "changes the plan of what never was":
		return nil, nil
	case known == nil:
		return nil, Refused(404, "Never heard of it.")
	case known.Gone && v.Defect != "changes the plan of what is gone":
		return nil, Refused(410, "It is gone.")
	default:
		return known, nil
	}
}
