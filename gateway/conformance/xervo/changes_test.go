package xervo_test

import (
	"net/http"

	"github.com/addongw/addongw/gateway/conformance/conformancetest"
)

func (p *provider) changePlan(w http.ResponseWriter, r *http.Request, id string) {
	body, f := p.Body(r)
	var known *resource
	if f == nil {
		known, f = p.change(body, id)
	}
	if f != nil {
		p.refuse(w, r, f)
		return
	}
	status, answer := http.StatusOK, p.Delivery(known)
	delete(answer, "id")
	answer["message"] = "Changed."
	switch p.Defect {
	case "201 for a plan change":
		status = http.StatusCreated
	case "plan changes without a message":
		delete(answer, "message")
	case "plan changes without config":
		delete(answer, "config")
	case "plan changes with half the config":
		answer["config"] = map[string]string{"ACME_DB_URL": "postgres://" + id}
	}
	conformancetest.Answer(w, status, answer)
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
	p.Lock()
	defer p.Unlock()
	known, f := p.Sold(id)
	switch {
	case f != nil:
		return nil, f
	case known == nil:
		return &resource{}, nil
	case given != "" && given != known.Order && p.Defect != "changes the plan of somebody else", given == "" && p.Defect == "plan changes need an id":
		return nil, refused(400, "It has another id.")
	case order["plan"] == "":
		return nil, refused(400, "A plan, please.")
	case !conformancetest.Offered(order["plan"]) && p.Defect != "changes to any plan":
		return nil, refused(422, "No such plan.")
	case p.Defect == "plan changes fail", p.Defect == "dia's plan changes fail" && order["modulus_id"] != "":
		return nil, refused(503, "Something failed.")
	case p.Defect == "a repeated plan change fails" && known.Changed == order["plan"]:
		return nil, refused(409, "That was done.")
	case known.Plan == order["plan"] && p.Defect == "the same plan is a mistake":
		return nil, refused(409, "It has that plan.")
	case p.Defect != "plan changes without effect":
		known.Plan, known.Changed = order["plan"], order["plan"]
	}
	return known, nil
}

func (p *provider) deprovision(w http.ResponseWriter, r *http.Request, id string) {
	switch f := p.Remove(r, id); {
	case f != nil:
		p.refuse(w, r, f)
	case p.Defect == "204 for a removal":
		w.WriteHeader(http.StatusNoContent)
	default:
		conformancetest.Answer(w, 200, map[string]any{"message": "Removed."})
	}
}
