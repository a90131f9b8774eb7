package clevercloud_test

import (
	"net/http"
	"strings"

	"github.com/addongw/addongw/gateway/conformance/conformancetest"
)

func (p *provider) provision(w http.ResponseWriter, r *http.Request) {
	body, f := p.Body(r)
	var order, made *resource
	if f == nil {
		order, f = p.readOrder(body)
	}
	if f == nil {
		p.callEarly(order.Order)
		made, f = p.Make(order.Order, *order, func(known *resource) (*resource, *refusal) { return p.again(known, order) })
	}
	if f != nil {
		p.Refuse(w, r, f)
		return
	}
	p.Deliver(w, p.created(), p.Delivery(made))
}

func (p *provider) created() int {
	if p.Defect == "201 for an order" {
		return http.StatusCreated
	}
	return http.StatusOK
}

func (p *provider) readOrder(body map[string]any) (*resource, *refusal) {
	fields, f := p.Texts(body, "addon_id", "heroku_id", "owner_id", "owner_name", "user_id", "plan", "region", "callback_url")
	if f != nil {
		return nil, f
	}
	id, f := p.orderID(fields["addon_id"], fields["heroku_id"])
	if f != nil {
		return nil, f
	}
	for name := range body {
		if p.Defect == "fields that nobody documents" && (name == "new_field" || name == "PLAN") {
			return nil, refused(400, "No such field.")
		}
	}
	if fields["plan"] == "" && p.Defect == "an order without a plan" {
		fields["plan"] = "basic"
	}
	if fields["plan"] == "" {
		return nil, refused(400, "A plan, please.")
	}
	if !conformancetest.Offered(fields["plan"]) && p.Defect != "any plan accepted" {
		return nil, refused(422, "No such plan.")
	}
	if !strings.EqualFold(fields["region"], "eu") && p.Defect != "any region accepted" {
		return nil, refused(422, "No such region.")
	}
	return &resource{Order: id, Plan: fields["plan"], Region: fields["region"]}, p.options(body)
}

func (p *provider) orderID(current, legacy string) (string, *refusal) {
	switch {
	case p.Defect == "orders of the current generation":
		current = ""
	case p.Defect == "orders of the legacy generation":
		legacy = ""
	case p.Defect == "both ids" && current != "" && legacy != "":
		return "", refused(400, "Two ids.")
	case p.Defect == "each generation for itself" && legacy != "" && current == "":
		return "legacy " + legacy, nil
	}
	switch {
	case current != "" && legacy != "" && current != legacy && p.Defect != "two different ids":
		return "", refused(400, "Two ids.")
	case current == "" && legacy == "" && p.Defect != "an order without an id":
		return "", refused(400, "An id, please.")
	case current != "":
		return current, nil
	default:
		return legacy, nil
	}
}

func (p *provider) options(body map[string]any) *refusal {
	v, given := body["options"]
	object, ok := v.(map[string]any)
	switch {
	case !given && p.Defect == "options must be there":
		return refused(400, "Options, please.")
	case p.Defect == "options of any type":
		if text, ok := object["no-such-option"].(string); ok && text != "" {
			return refused(422, "No such option.")
		}
		return nil
	case v != nil && !ok:
		return refused(400, "Options are no object.")
	}
	for _, value := range object {
		if _, ok := value.(string); !ok {
			return refused(400, "An option is no text.")
		}
		if p.Defect != "any option accepted" {
			return refused(422, "No such option.")
		}
	}
	return nil
}

// again judges a repeated order. The lock is held.
func (p *provider) again(known, order *resource) (*resource, *refusal) {
	switch {
	case known.Gone && p.Defect == "an old id used again":
		return nil, nil
	case known.Gone:
		return nil, refused(410, "It is gone.")
	case p.Defect == "regions compared by their case" && known.Region != order.Region:
		return nil, refused(409, "It is in another region.")
	case known.Plan != order.Plan && p.Defect != "another plan under the same id":
		return nil, refused(409, "It has another plan.")
	}
	p.Renew(known)
	return known, nil
}

// callEarly asks the platform for an order that is not answered yet.
func (p *provider) callEarly(order string) {
	if p.Defect != "calls the platform while an order is handled" {
		return
	}
	p.Lock()
	early := !p.called
	p.called = true
	p.Unlock()
	if !early {
		return
	}
	r, err := http.NewRequest(http.MethodGet, p.api+"/v2/vendor/apps/"+order, nil)
	if err != nil {
		return
	}
	r.SetBasicAuth(p.Username, conformancetest.Password)
	if response, err := http.DefaultClient.Do(r); err == nil {
		_ = response.Body.Close()
	}
}

func (p *provider) changePlan(w http.ResponseWriter, r *http.Request, id string) {
	body, f := p.Body(r)
	if f == nil {
		f = p.change(body, id)
	}
	known := p.Find(id)
	switch {
	case f != nil:
		p.Refuse(w, r, f)
	case known == nil:
		conformancetest.Answer(w, 200, map[string]any{})
	case p.Defect == "204 for a plan change":
		w.WriteHeader(http.StatusNoContent)
	case p.Defect == "an undeclared config var on plan changes":
		conformancetest.Answer(w, 200, map[string]any{"config": conformancetest.Undeclared, "message": "Changed."})
	default:
		conformancetest.Answer(w, 200, map[string]any{"config": known.Config, "message": "Changed."})
	}
}

func (p *provider) change(body map[string]any, id string) *refusal {
	fields, f := p.Texts(body, "addon_id", "heroku_id", "plan")
	p.Lock()
	defer p.Unlock()
	known, unsold := p.Sold(id)
	switch {
	case f != nil:
		return f
	case known == nil:
		return unsold
	case p.Defect == "plan changes of the legacy generation" && fields["heroku_id"] != "" && fields["addon_id"] == "":
		return refused(400, "An id, please.")
	case p.Defect == "plan changes need the id" && fields["addon_id"] == "" && fields["heroku_id"] == "":
		return refused(400, "An id, please.")
	case p.Defect != "a plan change for another id" && differs(known.Order, fields["addon_id"], fields["heroku_id"]):
		return refused(400, "It has another id.")
	case fields["plan"] == "" && p.Defect == "any plan on a change":
		return nil
	case fields["plan"] == "":
		return refused(400, "A plan, please.")
	case !conformancetest.Offered(fields["plan"]) && p.Defect != "any plan on a change":
		return refused(422, "No such plan.")
	case known.Plan == fields["plan"] && p.Defect == "the same plan refused":
		return refused(422, "It has that plan.")
	case p.Defect != "plan changes without effect":
		known.Plan = fields["plan"]
	}
	return nil
}

// differs reports whether one of the ids that were sent is another.
func differs(known string, sent ...string) bool {
	known = strings.TrimPrefix(known, "legacy ")
	for _, id := range sent {
		if id != "" && id != known {
			return true
		}
	}
	return false
}

func (p *provider) deprovision(w http.ResponseWriter, r *http.Request, id string) {
	switch f := p.Remove(r, id); {
	case f != nil:
		p.Refuse(w, r, f)
	case p.Defect == "204 for a removal":
		w.WriteHeader(http.StatusNoContent)
	default:
		conformancetest.Answer(w, 200, map[string]any{"message": "Removed."})
	}
}
