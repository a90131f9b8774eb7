package clevercloud_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
)

func (p *provider) provision(w http.ResponseWriter, r *http.Request) {
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
	p.callEarly(order["id"])
	made, f := p.make(order)
	if f != nil {
		p.refuse(w, f)
		return
	}
	if p.defect == "JSON under another name" {
		w = &renamed{ResponseWriter: w}
	}
	p.answer(w, p.created(), p.delivery(made))
}

// renamed says that JSON is plain text.
type renamed struct{ http.ResponseWriter }

func (r *renamed) WriteHeader(status int) {
	r.Header().Set("Content-Type", "text/plain")
	r.ResponseWriter.WriteHeader(status)
}

func (p *provider) created() int {
	if p.defect == "201 for an order" {
		return http.StatusCreated
	}
	return http.StatusOK
}

func (p *provider) delivery(r *resource) map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	answer := map[string]any{"id": any(r.id), "config": r.config, "message": "Ready."}
	switch p.defect {
	case "id is a number":
		answer["id"] = json.Number(r.id)
	case "message is an object":
		answer["message"] = map[string]string{"en": "Ready."}
	}
	return answer
}

func (p *provider) readOrder(body map[string]any) (map[string]string, *refusal) {
	fields, f := p.texts(body, "addon_id", "heroku_id", "owner_id", "owner_name", "user_id", "plan", "region", "callback_url")
	if f != nil {
		return nil, f
	}
	if fields["id"], f = p.orderID(fields["addon_id"], fields["heroku_id"]); f != nil {
		return nil, f
	}
	for name := range body {
		if p.defect == "fields that nobody documents" && (name == "new_field" || name == "PLAN") {
			return nil, &refusal{400, "No such field."}
		}
	}
	if fields["plan"] == "" && p.defect == "an order without a plan" {
		fields["plan"] = "basic"
	}
	if fields["plan"] == "" {
		return nil, &refusal{400, "A plan, please."}
	}
	if !offered(fields["plan"]) && p.defect != "any plan accepted" {
		return nil, &refusal{422, "No such plan."}
	}
	if !strings.EqualFold(fields["region"], "eu") && p.defect != "any region accepted" {
		return nil, &refusal{422, "No such region."}
	}
	return fields, p.options(body)
}

func (p *provider) orderID(current, legacy string) (string, *refusal) {
	switch {
	case p.defect == "orders of the current generation":
		current = ""
	case p.defect == "orders of the legacy generation":
		legacy = ""
	case p.defect == "both ids" && current != "" && legacy != "":
		return "", &refusal{400, "Two ids."}
	case p.defect == "each generation for itself" && legacy != "" && current == "":
		return "legacy " + legacy, nil
	}
	switch {
	case current != "" && legacy != "" && current != legacy && p.defect != "two different ids":
		return "", &refusal{400, "Two ids."}
	case current == "" && legacy == "" && p.defect != "an order without an id":
		return "", &refusal{400, "An id, please."}
	case current != "":
		return current, nil
	default:
		return legacy, nil
	}
}

func offered(plan string) bool { return plan == "basic" || plan == "premium" }

func (p *provider) options(body map[string]any) *refusal {
	v, given := body["options"]
	object, ok := v.(map[string]any)
	switch {
	case !given && p.defect == "options must be there":
		return &refusal{400, "Options, please."}
	case p.defect == "options of any type":
		if text, ok := object["no-such-option"].(string); ok && text != "" {
			return &refusal{422, "No such option."}
		}
		return nil
	case v != nil && !ok:
		return &refusal{400, "Options are no object."}
	}
	for _, value := range object {
		if _, ok := value.(string); !ok {
			return &refusal{400, "An option is no text."}
		}
		if p.defect != "any option accepted" {
			return &refusal{422, "No such option."}
		}
	}
	return nil
}

func (p *provider) find(order string) *resource {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.byOrder[order]
}

func (p *provider) make(order map[string]string) (*resource, *refusal) {
	if p.defect == "doubles at once" {
		if known := p.find(order["id"]); known != nil {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.repeated = true
			return p.again(known, order)
		}
		p.meet()
	} else if p.defect != "doubles on retry" {
		p.mu.Lock()
		defer p.mu.Unlock()
		if known := p.byOrder[order["id"]]; known != nil {
			return p.again(known, order)
		}
		return p.add(order), nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.add(order), nil
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

func (p *provider) again(known *resource, order map[string]string) (*resource, *refusal) {
	switch {
	case known.gone && p.defect == "an old id used again":
		return p.add(order), nil
	case known.gone:
		return nil, &refusal{410, "It is gone."}
	case p.defect == "regions compared by their case" && known.region != order["region"]:
		return nil, &refusal{409, "It is in another region."}
	case known.plan != order["plan"] && p.defect != "another plan under the same id":
		return nil, &refusal{409, "It has another plan."}
	case p.defect == "another config on retry":
		known.config = map[string]any{"ACME_DB_URL": fmt.Sprint("postgres://", time.Now().UnixNano())}
	}
	return known, nil
}

func (p *provider) add(order map[string]string) *resource {
	p.made++
	id := fmt.Sprint(1000 + p.made)
	if p.defect == "an id with a colon" {
		id = "acme:" + id
	}
	r := &resource{order: order["id"], id: id, plan: order["plan"], region: order["region"], config: map[string]any{"ACME_DB_URL": "postgres://" + id, "ACME_DB_PORT": "5432"}}
	switch p.defect {
	case "an undeclared config var":
		r.config["ACME_DB_HOST"] = "db"
	case "a config var is a number":
		r.config["ACME_DB_PORT"] = 5432
	}
	p.byOrder[r.order], p.byID[r.id] = r, r
	return r
}

// callEarly asks the platform for an order that is not answered yet.
func (p *provider) callEarly(order string) {
	if p.defect != "calls the platform while an order is handled" {
		return
	}
	p.mu.Lock()
	early := !p.called
	p.called = true
	p.mu.Unlock()
	if !early {
		return
	}
	r, err := http.NewRequest(http.MethodGet, p.api+"/v2/vendor/apps/"+order, nil)
	if err != nil {
		return
	}
	r.SetBasicAuth(username, password)
	if response, err := http.DefaultClient.Do(r); err == nil {
		_ = response.Body.Close()
	}
}

func (p *provider) changePlan(w http.ResponseWriter, r *http.Request, id string) {
	body, f := p.body(r)
	if f == nil {
		f = p.change(body, id)
	}
	if f != nil {
		p.refuse(w, f)
		return
	}
	p.mu.Lock()
	known := p.byID[id]
	p.mu.Unlock()
	if known == nil {
		p.answer(w, 200, map[string]any{})
		return
	}
	config := known.config
	if p.defect == "an undeclared config var on plan changes" {
		config = map[string]any{"ACME_DB_HOST": "db"}
	}
	if p.defect == "204 for a plan change" {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	p.answer(w, 200, map[string]any{"config": config, "message": "Changed."})
}

func (p *provider) change(body map[string]any, id string) *refusal {
	fields, f := p.texts(body, "addon_id", "heroku_id", "plan")
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.byID[id]
	switch {
	case f != nil:
		return f
	case known == nil && p.defect == "changes the plan of what never was":
		return nil
	case known == nil:
		return &refusal{404, "Never heard of it."}
	case known.gone && p.defect != "changes the plan of what is gone":
		return &refusal{410, "It is gone."}
	case p.defect == "plan changes of the legacy generation" && fields["heroku_id"] != "" && fields["addon_id"] == "":
		return &refusal{400, "An id, please."}
	case p.defect == "plan changes need the id" && fields["addon_id"] == "" && fields["heroku_id"] == "":
		return &refusal{400, "An id, please."}
	case p.defect != "a plan change for another id" && differs(known.order, fields["addon_id"], fields["heroku_id"]):
		return &refusal{400, "It has another id."}
	case fields["plan"] == "" && p.defect == "any plan on a change":
		return nil
	case fields["plan"] == "":
		return &refusal{400, "A plan, please."}
	case !offered(fields["plan"]) && p.defect != "any plan on a change":
		return &refusal{422, "No such plan."}
	case known.plan == fields["plan"] && p.defect == "the same plan refused":
		return &refusal{422, "It has that plan."}
	case p.defect != "plan changes without effect":
		known.plan = fields["plan"]
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
	if p.defect == "reads the body of removals" {
		if text, _ := io.ReadAll(r.Body); len(text) > 0 && !json.Valid(text) {
			p.refuse(w, &refusal{400, "That is no JSON."})
			return
		}
	}
	p.mu.Lock()
	known := p.byID[id]
	again := known != nil && known.gone
	if known != nil {
		known.gone = true
	}
	p.mu.Unlock()
	switch {
	case known == nil && p.defect != "removes what never was":
		p.refuse(w, &refusal{404, "Never heard of it."})
	case again && p.defect == "the second removal fails":
		p.refuse(w, &refusal{410, "It is gone already."})
	case p.defect == "204 for a removal":
		w.WriteHeader(http.StatusNoContent)
	default:
		p.answer(w, 200, map[string]any{"message": "Removed."})
	}
}
