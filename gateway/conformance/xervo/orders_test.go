package xervo_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"
)

// fields are those that an order may have.
var fields = []string{"xervo_id", "modulus_id", "heroku_id", "email", "plan", "region", "callback_url", "options"}

// texts returns the members that must be text where they are there.
func (p *provider) texts(body map[string]any) (map[string]string, *refusal) {
	found := map[string]string{}
	for name, v := range body {
		text, isText := v.(string)
		switch {
		case name == "options":
			continue
		case !slices.Contains(fields, name):
			if p.defect == "unknown fields refused" {
				return nil, &refusal{400, name + " is unknown."}
			}
			continue
		case v != nil && !isText && p.defect == "any type":
			text = fmt.Sprint(v)
			if name == "plan" {
				text = "basic"
			}
		case v != nil && !isText:
			return nil, &refusal{400, name + " is no text."}
		case (len(text) > 255 || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' })) && p.defect != "any platform id":
			return nil, &refusal{400, name + " is too long, or no text."}
		}
		found[name] = text
	}
	return found, nil
}

// platformID finds the platform's id under its three names.
func (p *provider) platformID(order map[string]string) (string, *refusal) {
	names := []string{"xervo_id", "modulus_id", "heroku_id"}
	if p.defect == "modulus_id not understood" {
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
	case p.defect == "ids that differ accepted":
		return ids[0], nil
	case len(slices.Compact(ids)) > 1, p.defect == "one name for the id only" && len(order) > 0 && order["modulus_id"] != "" && order["xervo_id"] != "":
		return "", &refusal{400, "Two ids."}
	default:
		return ids[0], nil
	}
}

func (p *provider) provision(w http.ResponseWriter, r *http.Request) {
	order, f := p.readOrder(r)
	var made *resource
	if f == nil {
		made, f = p.make(order)
	}
	if f != nil {
		p.refuse(w, r, f)
		return
	}
	status := http.StatusOK
	if p.defect == "201 for an order" {
		status = http.StatusCreated
	}
	p.answer(w, status, p.delivery(made))
}

func (p *provider) delivery(r *resource) map[string]any {
	p.mu.Lock()
	defer p.mu.Unlock()
	answer := map[string]any{"id": any(r.id), "config": r.config, "message": "Ready."}
	switch p.defect {
	case "id is a number":
		answer["id"] = json.Number(r.id)
	case "orders without a message":
		delete(answer, "message")
	}
	return answer
}

func (p *provider) readOrder(r *http.Request) (map[string]string, *refusal) {
	body, f := p.body(r)
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
	if id == "" && p.defect == "orders without an id" {
		id = fmt.Sprint("nobody", p.count())
	}
	if order["plan"] == "" && p.defect == "orders without a plan" {
		order["plan"] = "basic"
	}
	order["id"] = id
	switch {
	case id == "" || order["plan"] == "":
		return nil, &refusal{400, "An id and a plan, please."}
	case p.defect == "orders fail":
		return nil, &refusal{503, "Something failed."}
	case !offered(order["plan"]) && p.defect != "any plan accepted":
		return nil, &refusal{422, "No such plan."}
	case !strings.HasSuffix(order["region"], "us-east-1") && p.defect == "unknown regions refused":
		return nil, &refusal{422, "No such region."}
	default:
		return order, p.options(body)
	}
}

func offered(plan string) bool { return plan == "basic" || plan == "premium" }

func (p *provider) options(body map[string]any) *refusal {
	v, given := body["options"]
	object, ok := v.(map[string]any)
	if given && !ok && (v != nil || p.defect == "null for options refused") {
		return &refusal{400, "Options are no object."}
	}
	for _, value := range object {
		if _, ok := value.(string); !ok && p.defect != "options of any type" {
			return &refusal{400, "An option is no text."}
		} else if ok && p.defect != "any option accepted" {
			return &refusal{422, "No such option."}
		}
	}
	return nil
}

func (p *provider) count() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.made++
	return p.made
}

// key is what an order is known by.
func (p *provider) key(order map[string]string) string {
	if p.defect == "each name of the id has its own orders" && order["xervo_id"] == "" {
		return "modulus:" + order["id"]
	}
	return order["id"]
}

func (p *provider) make(order map[string]string) (*resource, *refusal) {
	id := fmt.Sprint(1000 + p.count())
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.byOrder[p.key(order)]
	if known != nil && p.defect != "doubles on retry" {
		p.repeated = true
		if again, f := p.again(known, order); again != nil || f != nil {
			return again, f
		}
	}
	if p.defect == "doubles at once" {
		p.meet()
	}
	return p.add(id, order), nil
}

// meet lets two orders wait for each other, once and after a repeat was seen:
// that is when the tester sends several at once.
func (p *provider) meet() {
	if !p.repeated || p.waited == 2 {
		return
	}
	p.waited++
	p.mu.Unlock()
	select {
	case p.together <- struct{}{}:
	case <-p.together:
	case <-time.After(10 * time.Second):
	}
	p.mu.Lock()
}

// again returns the resource of an earlier order, which may be gone: then there
// is a new one.
func (p *provider) again(known *resource, order map[string]string) (*resource, *refusal) {
	switch {
	case known.gone && p.defect == "what was removed can never be ordered again":
		return nil, &refusal{410, "It is gone."}
	case known.gone && p.defect == "what was removed comes back":
		known.gone = false
	case known.gone:
		return nil, nil
	case known.plan != order["plan"] && p.defect != "another plan is no conflict",
		known.region != order["region"] && p.defect == "a region has one name":
		return nil, &refusal{409, "It is another order."}
	case p.defect == "another config on retry":
		known.config = map[string]any{"ACME_DB_URL": fmt.Sprint("postgres://", time.Now().UnixNano()), "ACME_DB_PORT": "5432"}
	}
	return known, nil
}

func (p *provider) add(id string, order map[string]string) *resource {
	if p.defect == "an id with a colon" {
		id = "acme:" + id
	}
	r := &resource{id: id, order: order["id"], plan: order["plan"], region: order["region"], config: p.config(id)}
	p.byOrder[p.key(order)], p.byID[id] = r, r
	return r
}

func (p *provider) config(id string) map[string]any {
	config := map[string]any{"ACME_DB_URL": "postgres://" + id, "ACME_DB_PORT": "5432"}
	switch p.defect {
	case "a config var is missing":
		delete(config, "ACME_DB_PORT")
	case "a config var is empty":
		config["ACME_DB_PORT"] = ""
	case "a config var is null":
		config["ACME_DB_PORT"] = nil
	case "a config var is a number":
		config["ACME_DB_PORT"] = 5432
	case "an undeclared config var":
		config["ACME_DB_HOST"] = "db"
	}
	return config
}
