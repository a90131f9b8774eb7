package scalingo_test

import (
	"io"
	"net/http"

	"github.com/addongw/addongw/gateway/conformance/conformancetest"
)

func (p *provider) changePlan(w http.ResponseWriter, r *http.Request, id string) {
	if p.Defect == "no plan changes" {
		p.Refuse(w, r, refused(403, "No."))
		return
	}
	body, f := p.Body(r)
	if f == nil {
		f = p.change(body, id)
	}
	if f != nil {
		p.Refuse(w, r, f)
		return
	}
	p.Lock()
	defer p.Unlock()
	delivery := map[string]any{"message": "Changed."}
	if known := p.ByID[id]; known != nil {
		delivery["config"] = known.Config
	}
	status := http.StatusOK
	put := r.Method == http.MethodPut
	switch {
	case put && p.Defect == "201 for a plan change":
		status = http.StatusCreated
	case put && p.Defect == "202 for a plan change":
		status = http.StatusAccepted
	case put && p.Defect == "204 for a plan change":
		w.WriteHeader(http.StatusNoContent)
		return
	case put && p.Defect == "nothing for a plan change":
		return
	case p.Defect == "an undeclared config var on plan changes":
		delivery["config"] = conformancetest.Undeclared
	case put && p.Defect == "message of a plan change is null":
		delivery["message"] = nil
	}
	conformancetest.Answer(w, status, delivery)
}

func (p *provider) change(body map[string]any, id string) *refusal {
	fields, f := p.Texts(body, "plan")
	if f == nil {
		f = p.changedOptions(body)
	}
	p.Lock()
	defer p.Unlock()
	known, unsold := p.Sold(id)
	plan := fields["plan"]
	switch {
	case f != nil:
		return f
	case known == nil:
		return unsold
	case p.later && p.Defect == "plan changes refused once completed":
		return refused(409, "Not now.")
	case plan == "" && p.Defect == "a plan change without a plan":
		return nil
	case plan == "":
		return refused(422, "A plan, please.")
	case !conformancetest.Offered(plan) && p.Defect == "any plan on a change":
		return nil
	case !conformancetest.Offered(plan):
		return refused(422, "No such plan.")
	case known.Plan == plan && p.Defect == "the same plan refused":
		return refused(422, "It has that plan.")
	case p.Defect != "plan changes without effect":
		known.Plan = plan
	}
	return nil
}

func (p *provider) changedOptions(body map[string]any) *refusal {
	v, given := body["options"]
	object, _ := v.(map[string]any)
	switch {
	case given && v == nil && p.Defect == "null for options of a plan change refused":
		return refused(400, "Options, please.")
	case len(object) > 0 && p.Defect == "the new plan's own options refused":
		return refused(422, "No such option.")
	}
	rightly := &provider{Vendor: &conformancetest.Vendor{}}
	return rightly.options(body)
}

func (p *provider) suspend(w http.ResponseWriter, r *http.Request, id string, suspended bool) {
	p.Lock()
	known := p.ByID[id]
	repeated := known != nil && known.Suspended == suspended
	gone := known != nil && known.Gone
	if known != nil {
		known.Suspended = suspended
		if p.Defect == "what is suspended is lost" && !suspended {
			known.Config = map[string]any{"ACME_DB_URL": "postgres://another"}
		}
	}
	p.Unlock()
	text, _ := io.ReadAll(r.Body)
	switch {
	case len(text) > 0 && p.Defect == "a suspension with a body refused":
		p.Refuse(w, r, refused(400, "No body, please."))
	case p.Defect == "no suspensions":
		p.Refuse(w, r, refused(404, "Not found."))
	case known == nil && p.Defect != "suspends what never was":
		p.Refuse(w, r, refused(404, "Never heard of it."))
	case gone && p.Defect != "suspends what is gone":
		p.Refuse(w, r, refused(410, "It is gone."))
	case repeated && p.Defect == "the second suspension fails":
		p.Refuse(w, r, refused(409, "It is."))
	case p.Defect == "202 for a suspension":
		conformancetest.Answer(w, http.StatusAccepted, map[string]any{})
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

func (p *provider) deprovision(w http.ResponseWriter, r *http.Request, id string) {
	if p.stays(id) {
		p.Refuse(w, r, refused(409, "It is suspended."))
		return
	}
	switch f := p.Remove(r, id); {
	case f != nil:
		p.Refuse(w, r, f)
	case p.Defect == "200 for a removal":
		w.WriteHeader(http.StatusOK)
	case p.Defect == "a body behind a 204":
		behind204(w)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}

// stays reports whether a removal is refused, once.
func (p *provider) stays(id string) bool {
	p.Lock()
	defer p.Unlock()
	known := p.ByID[id]
	stays := p.Defect == "what is suspended stays" && known != nil && known.Suspended
	if stays {
		known.Suspended = false
	}
	return stays
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
