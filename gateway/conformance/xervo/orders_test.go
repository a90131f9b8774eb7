package xervo_test

import (
	"crypto/rand"
	"net/http"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway/conformance/conformancetest"
)

// fields are those that an order may have, besides options.
var fields = []string{"xervo_id", "modulus_id", "heroku_id", "email", "plan", "region", "callback_url"}

// texts returns the members that must be text where they are there.
func (p *provider) texts(body map[string]any) (map[string]string, *refusal) {
	for name := range body {
		if p.Defect == "unknown fields refused" && !slices.Contains(fields, name) && name != "options" {
			return nil, refused(400, name+" is unknown.")
		}
	}
	return p.Texts(body, fields...)
}

// platformID finds the platform's id under its three names.
func (p *provider) platformID(order map[string]string) (string, *refusal) {
	names := []string{"xervo_id", "modulus_id", "heroku_id"}
	if p.Defect == "modulus_id not understood" {
		names = names[:1]
	}
	var ids []string
	for _, name := range names {
		if id := order[name]; id != "" {
			ids = append(ids, id)
		}
	}
	switch {
	case len(ids) == 0:
		return "", nil
	case p.Defect == "ids that differ accepted":
		return ids[0], nil
	case len(slices.Compact(ids)) > 1, p.Defect == "one name for the id only" && len(order) > 0 && order["modulus_id"] != "" && order["xervo_id"] != "":
		return "", refused(400, "Two ids.")
	default:
		return ids[0], nil
	}
}

func (p *provider) provision(w http.ResponseWriter, r *http.Request) {
	order, f := p.readOrder(r)
	var made *resource
	if f == nil {
		wanted := resource{Order: order["id"], Plan: order["plan"], Region: order["region"]}
		made, f = p.Make(p.key(order), wanted, func(known *resource) (*resource, *refusal) { return p.again(known, wanted) })
	}
	if f != nil {
		p.refuse(w, r, f)
		return
	}
	status := http.StatusOK
	if p.Defect == "201 for an order" {
		status = http.StatusCreated
	}
	p.Deliver(w, status, p.Delivery(made))
}

func (p *provider) readOrder(r *http.Request) (map[string]string, *refusal) {
	body, f := p.Body(r)
	if f != nil {
		return nil, f
	}
	order, f := p.texts(body)
	if f != nil {
		return nil, f
	}
	id, f := p.platformID(order)
	if f != nil {
		return nil, f
	}
	if id == "" && p.Defect == "orders without an id" {
		id = rand.Text()
	}
	if order["plan"] == "" && p.Defect == "orders without a plan" {
		order["plan"] = "basic"
	}
	order["id"] = id
	switch {
	case id == "" || order["plan"] == "":
		return nil, refused(400, "An id and a plan, please.")
	case p.Defect == "orders fail":
		return nil, refused(503, "Something failed.")
	case !conformancetest.Offered(order["plan"]) && p.Defect != "any plan accepted":
		return nil, refused(422, "No such plan.")
	case !strings.HasSuffix(order["region"], "us-east-1") && p.Defect == "unknown regions refused":
		return nil, refused(422, "No such region.")
	default:
		return order, p.options(body)
	}
}

func (p *provider) options(body map[string]any) *refusal {
	v, given := body["options"]
	object, ok := v.(map[string]any)
	if given && !ok && (v != nil || p.Defect == "null for options refused") {
		return refused(400, "Options are no object.")
	}
	for _, value := range object {
		if _, ok := value.(string); !ok && p.Defect != "options of any type" {
			return refused(400, "An option is no text.")
		} else if ok && p.Defect != "any option accepted" {
			return refused(422, "No such option.")
		}
	}
	return nil
}

// key is what an order is known by.
func (p *provider) key(order map[string]string) string {
	if p.Defect == "each name of the id has its own orders" && order["xervo_id"] == "" {
		return "modulus:" + order["id"]
	}
	return order["id"]
}

// again returns the resource of an earlier order, which may be gone: then there
// is a new one. The lock is held.
func (p *provider) again(known *resource, order resource) (*resource, *refusal) {
	switch {
	case known.Gone && p.Defect == "what was removed can never be ordered again":
		return nil, refused(410, "It is gone.")
	case known.Gone && p.Defect == "what was removed comes back":
		known.Gone = false
	case known.Gone:
		return nil, nil
	case known.Plan != order.Plan && p.Defect != "another plan is no conflict",
		known.Region != order.Region && p.Defect == "a region has one name":
		return nil, refused(409, "It is another order.")
	}
	p.Renew(known)
	return known, nil
}
