package scalingo_test

import (
	"encoding/json"
	"net/http"

	"github.com/addongw/addongw/gateway/conformance/conformancetest"
)

func (p *provider) provision(w http.ResponseWriter, r *http.Request) {
	if p.Defect == "no orders" {
		p.Refuse(w, r, refused(500, "Something went wrong."))
		return
	}
	body, f := p.Body(r)
	if f != nil {
		p.Refuse(w, r, f)
		return
	}
	order, f := p.readOrder(body)
	if f != nil {
		p.Refuse(w, r, f)
		return
	}
	made, again, f := p.make(order)
	if f != nil {
		p.Refuse(w, r, f)
		return
	}
	p.callEarly(made)
	if p.Defect == "204 for an order" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	status, delivery := p.delivery(made)
	p.Deliver(w, status, delivery)
	if p.later && !again {
		_ = http.NewResponseController(w).Flush() // without it the answer leaves after us
		p.working.Go(func() { p.complete(made) })
	}
}

func (p *provider) delivery(r *resource) (int, map[string]any) {
	body, status := p.Delivery(r), http.StatusCreated
	body["log_drain_url"] = "https://logs.acme.example/" + r.ID
	switch p.Defect {
	case "203 for an order":
		status = http.StatusNonAuthoritativeInfo
	case "no address for logs":
		delete(body, "log_drain_url")
	}
	p.Lock()
	defer p.Unlock()
	if p.later && (!r.Done || p.Defect == "202 for ever") {
		return http.StatusAccepted, map[string]any{"id": r.ID, "message": "Wait, please."}
	}
	return status, body
}

func (p *provider) readOrder(body map[string]any) (order resource, f *refusal) {
	for name := range body {
		if p.Defect == "fields that nobody documents" && name == "shard_id" {
			return order, refused(400, "No such field.")
		}
	}
	if _, isText := body["plan"].(string); body["plan"] != nil && !isText && p.Defect == "any type is text" {
		body["plan"] = "basic"
	}
	fields, f := p.Texts(body, "uuid", "app_id", "plan")
	order = resource{Order: fields["uuid"], App: fields["app_id"], Plan: fields["plan"]}
	_, hasOptions := body["options"]
	switch {
	case f != nil:
		return order, f
	case hasOptions && body["options"] == nil && p.Defect == "null for options refused":
		return order, refused(400, "Options, please.")
	case order.App == "" && p.Defect == "an order needs an app":
		return order, refused(422, "An app, please.")
	case order.Order == "" && p.Defect == "an order needs a uuid":
		return order, refused(422, "A uuid, please.")
	case order.App == "" && order.Order == "" && p.Defect != "an order without an id":
		return order, refused(422, "An app, please.")
	case order.Plan == "" && p.Defect == "an order without a plan":
		order.Plan = "basic"
	case order.Plan == "":
		return order, refused(422, "A plan, please.")
	case !conformancetest.Offered(order.Plan) && p.Defect != "any plan accepted":
		if p.Defect == "400 for an unknown plan" {
			return order, refused(400, "No such plan.")
		}
		return order, refused(422, "No such plan.")
	}
	return order, p.options(body)
}

// options knows one that the manifest gives to plans.
func (p *provider) options(body map[string]any) *refusal {
	v := body["options"]
	object, ok := v.(map[string]any)
	if v != nil && !ok {
		return refused(400, "Options are no object.")
	}
	for name, value := range object {
		_, isText := value.(string)
		_, isNumber := value.(json.Number)
		switch {
		case isNumber && p.Defect == "a number as an option refused":
			return refused(400, "An option is no text.")
		case !isText && !isNumber && value != true && value != false && p.Defect != "options of any type":
			return refused(400, "An option is neither text nor a number.")
		case name == "tier" && p.Defect == "a plan's own options refused":
			return refused(422, "No such option.")
		case name != "tier" && p.Defect == "an earlier manifest's option refused":
			return refused(422, "No such option.")
		}
	}
	return nil
}

// make makes a resource, or finds that of an order that came before.
func (p *provider) make(order resource) (made *resource, again bool, f *refusal) {
	repeated := func(known *resource) (*resource, *refusal) {
		made, f := p.again(known, order)
		again = made != nil
		return made, f
	}
	if known := p.ofApp(order); known != nil {
		p.Lock()
		defer p.Unlock()
		made, f = repeated(known)
		return made, again, f
	}
	made, f = p.Make(order.Order, order, repeated)
	return made, again, f
}

// ofApp finds the resource that an app has, with the defects that it has one
// only.
func (p *provider) ofApp(order resource) *resource {
	if p.Defect != "one resource for an app" && (p.Defect != "one resource for an app without uuid" || order.Order != "") {
		return nil
	}
	p.Lock()
	defer p.Unlock()
	for _, r := range p.ByID {
		if r.App == order.App && order.App != "" && !r.Gone {
			return r
		}
	}
	return nil
}

// again judges a repeated order. The lock is held.
func (p *provider) again(known *resource, order resource) (*resource, *refusal) {
	switch {
	case known.Gone && p.Defect == "an old uuid used again":
		return nil, nil
	case known.Gone:
		return nil, refused(410, "It is gone.")
	case known.Plan != order.Plan && p.Defect != "another plan under the same uuid":
		return nil, refused(409, "It has another plan.")
	}
	p.Renew(known)
	return known, nil
}
