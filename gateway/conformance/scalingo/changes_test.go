package scalingo_test

import (
	"io"
	"net/http"
)

func (p *provider) changePlan(w http.ResponseWriter, r *http.Request, id string) {
	switch p.defect {
	case "no plan changes":
		p.refuse(w, &refusal{403, "No."})
		return
	case "plan changes refused without a sentence":
		w = &silent{ResponseWriter: w}
	}
	body, f := p.body(r)
	if f == nil {
		f = p.change(body, id)
	}
	if f != nil {
		p.refuse(w, f)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	delivery := map[string]any{"message": "Changed."}
	if known := p.byID[id]; known != nil {
		delivery["config"] = known.config
	}
	status := http.StatusOK
	put := r.Method == http.MethodPut
	switch {
	case put && p.defect == "201 for a plan change":
		status = http.StatusCreated
	case put && p.defect == "202 for a plan change":
		status = http.StatusAccepted
	case put && p.defect == "204 for a plan change":
		w.WriteHeader(http.StatusNoContent)
		return
	case put && p.defect == "nothing for a plan change":
		return
	case p.defect == "an undeclared config var on plan changes":
		delivery["config"] = map[string]any{"ACME_HOST": "db"}
	case put && p.defect == "message of a plan change is null":
		delivery["message"] = nil
	}
	answer(w, status, delivery)
}

func (p *provider) change(body map[string]any, id string) *refusal {
	fields, f := p.texts(body, "plan")
	if f == nil {
		f = p.changedOptions(body)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	known, plan := p.byID[id], fields["plan"]
	switch {
	case f != nil:
		return f
	case known == nil && p.defect == "changes the plan of what never was":
		return nil
	case known == nil:
		return &refusal{404, "Never heard of it."}
	case known.gone && p.defect != "changes the plan of what is gone":
		return &refusal{410, "It is gone."}
	case p.later && p.defect == "plan changes refused once completed":
		return &refusal{409, "Not now."}
	case plan == "" && p.defect == "a plan change without a plan":
		return nil
	case plan == "":
		return &refusal{422, "A plan, please."}
	case !offered(plan) && p.defect == "any plan on a change":
		return nil
	case !offered(plan):
		return &refusal{422, "No such plan."}
	case known.plan == plan && p.defect == "the same plan refused":
		return &refusal{422, "It has that plan."}
	case p.defect != "plan changes without effect":
		known.plan = plan
	}
	return nil
}

func (p *provider) changedOptions(body map[string]any) *refusal {
	v, given := body["options"]
	object, _ := v.(map[string]any)
	switch {
	case given && v == nil && p.defect == "null for options of a plan change refused":
		return &refusal{400, "Options, please."}
	case len(object) > 0 && p.defect == "the new plan's own options refused":
		return &refusal{422, "No such option."}
	}
	rightly := &provider{}
	return rightly.options(body)
}

func (p *provider) suspend(w http.ResponseWriter, r *http.Request, id string, suspended bool) {
	p.mu.Lock()
	known := p.byID[id]
	repeated := known != nil && known.suspended == suspended
	gone := known != nil && known.gone
	if known != nil {
		known.suspended = suspended
		if p.defect == "what is suspended is lost" && !suspended {
			known.config = map[string]any{"ACME_URL": "postgres://another"}
		}
	}
	p.mu.Unlock()
	text, _ := io.ReadAll(r.Body)
	switch {
	case len(text) > 0 && p.defect == "a suspension with a body refused":
		p.refuse(w, &refusal{400, "No body, please."})
	case p.defect == "no suspensions":
		p.refuse(w, &refusal{404, "Not found."})
	case known == nil && p.defect != "suspends what never was":
		p.refuse(w, &refusal{404, "Never heard of it."})
	case gone && p.defect != "suspends what is gone":
		p.refuse(w, &refusal{410, "It is gone."})
	case repeated && p.defect == "the second suspension fails":
		p.refuse(w, &refusal{409, "It is."})
	case p.defect == "202 for a suspension":
		answer(w, http.StatusAccepted, map[string]any{})
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (p *provider) deprovision(w http.ResponseWriter, r *http.Request, id string) {
	if p.defect == "reads the body of removals" {
		if text, _ := io.ReadAll(r.Body); len(text) > 0 {
			p.refuse(w, &refusal{400, "That is no object."})
			return
		}
	}
	p.mu.Lock()
	known := p.byID[id]
	again := known != nil && known.gone
	if p.defect == "what is suspended stays" && known != nil && known.suspended {
		known.suspended = false
		p.mu.Unlock()
		p.refuse(w, &refusal{409, "It is suspended."})
		return
	}
	if known != nil {
		known.gone = true
	}
	p.mu.Unlock()
	switch {
	case known == nil && p.defect == "removals refused without a sentence":
		w.WriteHeader(http.StatusNotFound)
	case known == nil && p.defect != "removes what never was":
		p.refuse(w, &refusal{404, "Never heard of it."})
	case again && p.defect == "the second removal fails":
		p.refuse(w, &refusal{410, "It is gone already."})
	case p.defect == "200 for a removal":
		w.WriteHeader(http.StatusOK)
	case p.defect == "a body behind a 204":
		behind204(w)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// behind204 writes what net/http refuses to.
func behind204(w http.ResponseWriter) {
	connection, buffer, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return
	}
	defer func() { _ = connection.Close() }()
	_, _ = buffer.WriteString("HTTP/1.1 204 No Content\r\nContent-Length: 4\r\n\r\nnull")
	_ = buffer.Flush()
}
