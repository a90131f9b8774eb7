package nanobox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

func (p *provider) order(w http.ResponseWriter, r *http.Request, owner string, body []byte) {
	if p.is("orders must be of the type JSON") && r.Header.Get("Content-Type") != "application/json" {
		p.refuse(w, 415, "JSON, please.")
		return
	}
	object, readable := read(body)
	switch {
	case !json.Valid(body) && p.is("half an order breaks it"):
		p.refuse(w, 500, "Something failed.")
		return
	case !readable:
		p.refuse(w, choose(p.is("422 for what cannot be read"), 422, 400), "An order, please.")
		return
	}
	if status, why := p.judge(owner, object); status != 0 {
		p.refuse(w, status, why)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.room() == 0 {
		p.refuse(w, 409, "There is no room.")
		return
	}
	if p.is("orders are held open") && p.made > 2 && p.asked["held"] == 0 {
		p.asked["held"]++
		time.Sleep(2200 * time.Millisecond)
	}
	name, _ := object["name"].(string)
	id := p.next(choose(p.is("the id of a server is a number"), "", choose(p.is("the id of a server has signs"), "srv!", "srv_")))
	p.servers[id] = &machine{owner: owner, name: name}
	p.most = max(p.most, capacity-p.room())
	answer := map[string]any{"id": choose[any](p.is("the id of a server is a number"), json.Number(id), id)}
	if p.is("an order says more") {
		answer["status"] = "ordering"
	}
	p.answer(w, choose(p.is("200 for an order"), 200, 201), answer)
}

// judge says what is wrong with an order; 0: nothing is.
func (p *provider) judge(owner string, o map[string]any) (status int, why string) {
	texts := map[string]string{}
	for _, name := range []string{"name", "region", "size"} {
		text, isText := o[name].(string)
		if o[name] != nil && !isText && !p.is("orders of any type") {
			return 400, name + " is no text."
		}
		texts[name] = text
	}
	if texts["name"] == "" && !p.is("orders without a name") {
		return 400, "A name, please."
	}
	region, size := texts["region"], texts["size"]
	if !p.is("no defaults") {
		region, size = choose(region == "", "fra", region), choose(size == "", "std-1", size)
	}
	unknown := choose(p.is("400 for an unknown size"), 400, 422)
	switch {
	case region != "fra" && region != "ams" && !p.is("any region is known"):
		return unknown, "No such region."
	case size == "std-9" && region == "fra" && p.is("sizes of other regions are taken"):
		return 0, ""
	case !strings.HasPrefix(size, "std-") || region == "fra" && size == "std-9":
		if !p.is("any size is known") || size == "std-9" {
			return unknown, "No such size."
		}
	}
	return p.opens(owner, o["ssh_key"])
}

// opens judges the key of an order.
func (p *provider) opens(owner string, v any) (status int, why string) {
	text, isText := v.(string)
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case v == nil && p.mode == "reference", v == nil && p.mode == "password":
		return 0, "" // nobody demands one
	case !isText:
		return 400, "ssh_key is no text."
	case p.mode == "reference" && (p.keys[text] == nil || p.keys[text].owner != owner) && !p.is("any key is known"):
		return choose(p.is("400 for an unknown key"), 400, 422), "No such key."
	case p.mode == "object" && !isKey(text):
		return 400, "ssh_key is no public key."
	}
	return 0, ""
}

func (p *provider) onServer(w http.ResponseWriter, r *http.Request, owner, act, id string, body []byte) {
	p.mu.Lock()
	defer p.mu.Unlock()
	m := p.servers[id]
	if m != nil && m.deleted && r.Method == "GET" && !p.is("cancelled servers stay") {
		m.sinceEnd++
	}
	foreign := m != nil && m.owner != owner
	switch {
	case foreign && r.Method == "DELETE" && p.is("another customer's cancel is answered with success"):
		w.WriteHeader(200) // and it stays
	case p.off(act):
		p.refuse(w, choose(p.is("404 for what is switched off: "+act), 404, 501), "That is switched off.")
	case m == nil || foreign && !p.is("403 for somebody else's server") || m.gone() && r.Method != "DELETE":
		p.unknown(w, r, act, m != nil)
	case foreign:
		p.refuse(w, 403, "That is somebody else's.")
	case r.Method == "DELETE":
		p.cancel(w, m)
	case act == "reboot":
		p.reboot(w, m, body)
	case act == "rename":
		p.rename(w, m, body)
	case act == "keys":
		p.install(w, body)
	default:
		p.query(w, id, m)
	}
}

// off tells which routes the metadata switches off.
func (p *provider) off(act string) bool {
	return act == "keys" && p.mode != "password" || (act == "reboot" || act == "rename") && p.mode == "object"
}

func (p *provider) unknown(w http.ResponseWriter, r *http.Request, act string, was bool) {
	status := 404
	switch {
	case p.is("400 for a server that is not there") && r.Method == "GET" && !was, p.is("400 for a reboot of nothing") && act == "reboot" && !was,
		p.is("400 for a rename of nothing") && act == "rename" && !was:
		status = 400
	case p.is("cancels what never was") && r.Method == "DELETE" && !was:
		w.WriteHeader(200)
		return
	}
	p.refuse(w, status, "No such server.")
}

func (p *provider) query(w http.ResponseWriter, id string, m *machine) {
	m.asked++
	if p.is("a new server is not known yet") && m.asked == 1 {
		p.refuse(w, 404, "No such server.")
		return
	}
	answer := map[string]any{"id": id, "name": m.name, "status": "creating", "external_ip": nil, "internal_ip": nil}
	ready := m.ready() && !p.is("servers are never active")
	switch {
	case m.deleted:
		answer["status"] = choose(p.is("cancelled servers are active"), "active", "deleting")
	case m.rebooted:
		m.rebooted = false
		answer["status"] = "rebooting"
	case ready && p.is("orders come to nothing"):
		answer["status"] = "error"
	case ready:
		answer["status"] = "active"
	case p.is("a new server is active at once"):
		answer["status"] = "active"
	}
	if ready {
		answer["internal_ip"] = "10.20.0.15"
		if p.mode != "object" {
			answer["external_ip"] = "192.0.2.15"
		}
	}
	if p.mode == "password" && ready && !p.is("no password") || p.is("a password beside keys") {
		answer["password"] = "canary-password"
	}
	switch {
	case p.is("a server without a status"):
		delete(answer, "status")
	case p.is("a server without a name"):
		delete(answer, "name")
	case p.is("a server has its vendor's name") && !m.renamed:
		answer["name"] = "vm-" + id
	case p.is("active without an address"):
		answer["internal_ip"] = nil
	case p.is("active without an address outside"):
		answer["external_ip"] = nil
	}
	p.answer(w, choose(p.is("200 for asking for a server"), 200, 201), answer)
}

func (p *provider) cancel(w http.ResponseWriter, m *machine) {
	m.deletions++
	switch {
	case p.is("the first cancel fails") && m.deletions == 1:
		p.refuse(w, 500, "Something failed.")
		return
	case p.is("a second cancel fails") && m.deletions > 1:
		p.refuse(w, 404, "No such server.")
		return
	case p.is("cancels are held open") && p.asked["held"] == 0 && p.asked["POST /servers"] > 8:
		p.asked["held"]++
		time.Sleep(2200 * time.Millisecond)
	}
	m.deleted = true
	w.WriteHeader(choose(p.is("204 for a cancel"), 204, 200))
}

func (p *provider) reboot(w http.ResponseWriter, m *machine, body []byte) {
	object, _ := read(body)
	name, _ := object["name"].(string)
	switch {
	case name != "" && p.is("a new name is ignored"):
		p.refuse(w, 400, "That is no reboot.")
		return
	case name != "" && !p.is("a reboot with a name reboots"):
		m.name, m.renamed = name, true
		w.WriteHeader(200)
		return
	case len(body) > 0 && p.is("a reboot has no body"):
		p.refuse(w, 400, "No body, please.")
		return
	case !m.ready() || p.is("no reboot succeeds"):
		p.refuse(w, 409, "It is not active.")
		return
	}
	m.rebooted = true
	w.WriteHeader(choose(p.is("204 for a reboot"), 204, 200))
}

func (p *provider) rename(w http.ResponseWriter, m *machine, body []byte) {
	object, _ := read(body)
	name, _ := object["name"].(string)
	switch {
	case p.is("no rename succeeds") && name != "":
		p.refuse(w, 500, "Something failed.")
		return
	case name == "" && p.is("renames without a name"):
		w.WriteHeader(200)
		return
	case name == "":
		p.refuse(w, 400, "A name, please.")
		return
	case !p.is("a new name is ignored"):
		m.name, m.renamed = name, true
	}
	w.WriteHeader(choose(p.is("204 for a rename"), 204, 200))
}

func (p *provider) install(w http.ResponseWriter, body []byte) {
	object, _ := read(body)
	text, _ := object["key"].(string)
	switch {
	case p.is("no key is installed") && isKey(text):
		p.refuse(w, 500, "Something failed.")
	case !isKey(text) && (text == "" || !p.is("any text is installed")):
		p.refuse(w, 400, "A key, please.")
	default:
		w.WriteHeader(choose(p.is("204 for an installed key"), 204, 200))
	}
}
