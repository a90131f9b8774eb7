package scalingo_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
)

func (p *provider) provision(w http.ResponseWriter, r *http.Request) {
	if p.defect == "no orders" {
		p.refuse(w, &refusal{500, "Something went wrong."})
		return
	}
	body, f := p.body(r)
	if f != nil {
		p.refuse(w, f)
		return
	}
	order, f := p.readOrder(body)
	if f != nil {
		p.refuse(w, f)
		return
	}
	made, again, f := p.make(order)
	if f != nil {
		p.refuse(w, f)
		return
	}
	p.callEarly(made)
	if p.defect == "JSON under another name" {
		w = &renamed{ResponseWriter: w}
	}
	if p.defect == "204 for an order" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	status, delivery := p.delivery(made)
	answer(w, status, delivery)
	if p.later && !again {
		_ = http.NewResponseController(w).Flush() // without it the answer leaves after us
		p.working.Go(func() { p.complete(made) })
	}
}

// renamed says that JSON is plain text.
type renamed struct{ http.ResponseWriter }

func (r *renamed) WriteHeader(status int) {
	r.Header().Set("Content-Type", "text/plain")
	r.ResponseWriter.WriteHeader(status)
}

func (p *provider) delivery(r *resource) (int, map[string]any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	body := map[string]any{"id": any(r.id), "config": r.config, "message": "Ready.", "log_drain_url": "https://logs.acme.example/" + r.id}
	status := http.StatusCreated
	switch p.defect {
	case "id is a number":
		body["id"] = json.Number(r.id)
	case "203 for an order":
		status = http.StatusNonAuthoritativeInfo
	case "message is an object":
		body["message"] = map[string]string{"en": "Ready."}
	case "no address for logs":
		delete(body, "log_drain_url")
	case "null for a config":
		body["config"] = nil
	}
	if p.later && (!r.done || p.defect == "202 for ever") {
		return http.StatusAccepted, map[string]any{"id": r.id, "message": "Wait, please."}
	}
	return status, body
}

func (p *provider) readOrder(body map[string]any) (order resource, f *refusal) {
	for name := range body {
		if p.defect == "fields that nobody documents" && name == "shard_id" {
			return order, &refusal{400, "No such field."}
		}
	}
	fields, f := p.texts(body, "uuid", "app_id", "plan")
	order = resource{uuid: fields["uuid"], app: fields["app_id"], plan: fields["plan"]}
	_, hasOptions := body["options"]
	switch {
	case f != nil:
		return order, f
	case hasOptions && body["options"] == nil && p.defect == "null for options refused":
		return order, &refusal{400, "Options, please."}
	case order.app == "" && p.defect == "an order needs an app":
		return order, &refusal{422, "An app, please."}
	case order.uuid == "" && p.defect == "an order needs a uuid":
		return order, &refusal{422, "A uuid, please."}
	case order.app == "" && order.uuid == "" && p.defect != "an order without an id":
		return order, &refusal{422, "An app, please."}
	case order.plan == "" && p.defect == "an order without a plan":
		order.plan = "basic"
	case order.plan == "":
		return order, &refusal{422, "A plan, please."}
	case !offered(order.plan) && p.defect != "any plan accepted":
		if p.defect == "400 for an unknown plan" {
			return order, &refusal{400, "No such plan."}
		}
		return order, &refusal{422, "No such plan."}
	}
	return order, p.options(body)
}

// texts returns fields that must be text where they are there.
func (p *provider) texts(body map[string]any, names ...string) (map[string]string, *refusal) {
	found := map[string]string{}
	for _, name := range names {
		v, ok := body[name]
		text, isText := v.(string)
		if p.defect == "any type is text" && v != nil && !isText {
			text, isText = "basic", true
		}
		odd := len(text) > 255 || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' })
		if ok && v != nil && !isText || odd && p.defect != "any id of an order" {
			return nil, &refusal{400, name + " is no text."}
		}
		found[name] = text
	}
	return found, nil
}

func offered(plan string) bool { return plan == "basic" || plan == "premium" }

// options knows one that the manifest gives to plans.
func (p *provider) options(body map[string]any) *refusal {
	v := body["options"]
	object, ok := v.(map[string]any)
	if v != nil && !ok {
		return &refusal{400, "Options are no object."}
	}
	for name, value := range object {
		_, isText := value.(string)
		_, isNumber := value.(float64)
		switch {
		case isNumber && p.defect == "a number as an option refused":
			return &refusal{400, "An option is no text."}
		case !isText && !isNumber && value != true && value != false && p.defect != "options of any type":
			return &refusal{400, "An option is neither text nor a number."}
		case name == "tier" && p.defect == "a plan's own options refused":
			return &refusal{422, "No such option."}
		case name != "tier" && p.defect != "any option accepted" && (p.defect != "options of any type" || isText):
			return &refusal{422, "No such option."}
		}
	}
	return nil
}

func (p *provider) find(uuid string) *resource {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byUUID[uuid]
}

// make makes a resource, or finds that of an order that came before.
func (p *provider) make(order resource) (made *resource, again bool, f *refusal) {
	if p.defect == "doubles at once" && order.uuid != "" {
		if known := p.find(order.uuid); known != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.repeated = true
			return p.again(known, order)
		}
		p.meet()
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.add(order), false, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.byUUID[order.uuid]
	if p.defect == "one resource for an app" || p.defect == "one resource for an app without uuid" && order.uuid == "" {
		for _, r := range p.byID {
			if r.app == order.app && order.app != "" && !r.gone {
				known = r
			}
		}
	}
	if known == nil || p.defect == "doubles on retry" {
		return p.add(order), false, nil
	}
	return p.again(known, order)
}

// meet waits for another order on its way, once and after it has seen a repeat:
// that is when the tester sends several at once.
func (p *provider) meet() {
	p.mu.Lock()
	wait := p.repeated && !p.met
	p.mu.Unlock()
	if !wait {
		return
	}
	select {
	case p.together <- struct{}{}:
	case <-p.together:
	case <-time.After(10 * time.Second):
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.met = true
}

func (p *provider) again(known *resource, order resource) (*resource, bool, *refusal) {
	switch {
	case known.gone && p.defect == "an old uuid used again":
		return p.add(order), false, nil
	case known.gone:
		return nil, true, &refusal{410, "It is gone."}
	case known.plan != order.plan && p.defect != "another plan under the same uuid":
		return nil, true, &refusal{409, "It has another plan."}
	case p.defect == "another config on retry":
		known.config = map[string]any{"ACME_URL": fmt.Sprint("postgres://", time.Now().UnixNano())}
	}
	return known, true, nil
}

func (p *provider) add(order resource) *resource {
	p.made++
	order.id = fmt.Sprint(1000 + p.made)
	switch p.defect {
	case "an id with a slash":
		order.id = "acme/" + order.id
	case "a long id":
		order.id = strings.Repeat("x", 256) + order.id
	}
	order.config = map[string]any{"ACME_URL": "postgres://" + order.id, "ACME_PORT": "5432"}
	switch p.defect {
	case "an undeclared config var":
		order.config["ACME_HOST"] = "db"
	case "a config var is a number":
		order.config["ACME_PORT"] = 5432
	}
	r := &order
	p.byID[r.id] = r
	if r.uuid != "" {
		p.byUUID[r.uuid] = r
	}
	return r
}
