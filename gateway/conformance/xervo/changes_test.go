package xervo_test

import (
	"encoding/json"
	"io"
	"net/http"
)

func (p *provider) changePlan(w http.ResponseWriter, r *http.Request, id string) {
	body, f := p.body(r)
	var known *resource
	if f == nil {
		known, f = p.change(body, id)
	}
	if f != nil {
		p.refuse(w, r, f)
		return
	}
	status, answer := http.StatusOK, p.delivery(known)
	delete(answer, "id")
	answer["message"] = "Changed."
	switch p.defect {
	case "201 for a plan change":
		status = http.StatusCreated
	case "plan changes without a message":
		delete(answer, "message")
	case "plan changes without config":
		delete(answer, "config")
	case "plan changes with half the config":
		answer["config"] = map[string]string{"ACME_DB_URL": "postgres://" + id}
	}
	p.answer(w, status, answer)
}

func (p *provider) change(body map[string]any, id string) (*resource, *refusal) {
	order, f := p.texts(body)
	if f != nil {
		return nil, f
	}
	given, f := p.platformID(order)
	if f != nil {
		return nil, f
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known := p.byID[id]
	if known == nil && p.defect == "changes the plan of what never was" {
		return &resource{}, nil
	}
	switch {
	case known == nil:
		return nil, &refusal{404, "Never heard of it."}
	case known.gone && p.defect != "changes the plan of what is gone":
		return nil, &refusal{410, "It is gone."}
	case given != "" && given != known.order && p.defect != "changes the plan of somebody else", given == "" && p.defect == "plan changes need an id":
		return nil, &refusal{400, "It has another id."}
	case order["plan"] == "":
		return nil, &refusal{400, "A plan, please."}
	case !offered(order["plan"]) && p.defect != "changes to any plan":
		return nil, &refusal{422, "No such plan."}
	case p.defect == "plan changes fail", p.defect == "dia's plan changes fail" && order["modulus_id"] != "":
		return nil, &refusal{503, "Something failed."}
	case p.defect == "a repeated plan change fails" && known.changed == order["plan"]:
		return nil, &refusal{409, "That was done."}
	case known.plan == order["plan"] && p.defect == "the same plan is a mistake":
		return nil, &refusal{409, "It has that plan."}
	case p.defect != "plan changes without effect":
		known.plan, known.changed = order["plan"], order["plan"]
	}
	return known, nil
}

func (p *provider) deprovision(w http.ResponseWriter, r *http.Request, id string) {
	if p.defect == "reads the body of removals" {
		if text, _ := io.ReadAll(r.Body); len(text) > 0 && !json.Valid(text) {
			p.refuse(w, r, &refusal{400, "That is no JSON."})
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
	case known != nil && !again && p.defect == "the first removal fails":
		p.refuse(w, r, &refusal{503, "Try again."})
	case known == nil && p.defect != "removes what never was":
		p.refuse(w, r, &refusal{404, "Never heard of it."})
	case again && p.defect == "the second removal fails":
		p.refuse(w, r, &refusal{410, "It is gone already."})
	case p.defect == "204 for a removal":
		w.WriteHeader(http.StatusNoContent)
	default:
		p.answer(w, 200, map[string]any{"message": "Removed."})
	}
}
