package nanobox_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

func (p *provider) meta(w http.ResponseWriter) {
	if p.is("the metadata is slow") && p.count("slow") == 2 {
		time.Sleep(5100 * time.Millisecond)
	}
	m := map[string]any{
		"id": "acme", "name": "Acme Cloud", "server_nick_name": "Box", "default_region": "fra", "default_size": "std-1", "default_plan": "standard",
		"can_reboot": p.mode != "object", "can_rename": p.mode != "object", "ssh_auth_method": "key", "ssh_key_method": "reference", "ssh_user": "root",
		"internal_iface": "eth1", "external_iface": any("eth0"), "bootstrap_script": "https://acme.example/bootstrap.sh",
		"credential_fields": []any{map[string]any{"key": "access_token", "label": "API token"}}, "instructions": "Paste it.",
	}
	switch p.mode {
	case "object":
		m["ssh_key_method"], m["external_iface"] = "object", nil
	case "password":
		m["ssh_auth_method"] = "password"
	}
	switch p.defect {
	case "the id is a number":
		m["id"] = 7
	case "no credential_fields":
		delete(m, "credential_fields")
	case "can_reboot is a text":
		m["can_reboot"] = "yes"
	case "no default size":
		delete(m, "default_size")
	case "instructions that say nothing":
		m["instructions"] = ""
	case "no default plan":
		delete(m, "default_plan")
	case "no ssh_auth_method":
		delete(m, "ssh_auth_method")
	case "a key method of its own":
		m["ssh_key_method"] = "sealed"
	case "a long bootstrap script":
		m["bootstrap_script"] = "https://acme.example/" + strings.Repeat("x", 255)
	case "an interface is a number":
		m["external_iface"] = 1
	case "a credential without a label":
		m["credential_fields"] = []any{map[string]any{"key": "access_token", "label": ""}}
	case "two credentials in one header":
		m["credential_fields"] = []any{map[string]any{"key": "access_token", "label": "A"}, map[string]any{"key": "Access-Token", "label": "B"}}
	case "the default plan is nowhere":
		m["default_plan"] = "premium"
	case "the default size is in another plan":
		m["default_plan"] = "large"
	case "another id than was registered":
		m["id"] = "acme2"
	}
	p.answer(w, choose(p.is("201 for the metadata"), 201, 200), m)
}

func (p *provider) catalog(w http.ResponseWriter) {
	spec := func(id string) map[string]any {
		return map[string]any{"id": id, "ram": 2048, "cpu": 0.25, "disk": 40, "transfer": "unlimited", "dollars_per_hr": 0.009, "dollars_per_mo": 6}
	}
	plan := func(id, size string) map[string]any {
		return map[string]any{"id": id, "name": id, "title": id, "specs": []any{spec(size)}}
	}
	region := func(id string, plans ...any) map[string]any {
		return map[string]any{"id": any(id), "name": id, "plans": append([]any{}, plans...)}
	}
	standard, last := plan("standard", "std-1"), plan("large", "std-9")
	ams := region("ams", last)
	first := standard["specs"].([]any)[0].(map[string]any)
	switch p.defect {
	case "a plan without an id":
		delete(last, "id")
	case "the id of a region is a number":
		ams["id"] = 7
	case "a region without plans":
		delete(ams, "plans")
	case "RAM with a unit":
		first["ram"] = "2048MB"
	case "half a gigabyte of disk":
		first["disk"] = 40.5
	case "no price":
		first["dollars_per_hr"] = nil
	case "a word for a price":
		first["dollars_per_mo"] = "unknown"
	case "a word for CPUs":
		first["cpu"] = "two"
	case "RAM is a text":
		first["ram"] = "2048"
	case "no transfer":
		first["transfer"] = nil
	case "another title":
		last["title"] = "Large machines"
	case "a size twice":
		standard["specs"] = []any{first, first}
	}
	regions := []any{region("fra", standard, plan("large", "std-2")), ams, region("old")}
	switch {
	case p.is("the catalog is an object"):
		p.answer(w, 200, map[string]any{"regions": regions})
	default:
		p.answer(w, choose(p.is("201 for the catalog"), 201, 200), regions)
	}
}

func isKey(text string) bool { return strings.HasPrefix(text, "ssh-ed25519 ") }

// read reads a body.
func read(body []byte) (map[string]any, bool) {
	var object map[string]any
	return object, json.Unmarshal(body, &object) == nil && object != nil
}

func (p *provider) addKey(w http.ResponseWriter, owner string, body []byte) {
	if p.mode != "reference" {
		p.refuse(w, choose(p.is("404 for keys"), 404, 501), "There are no keys.")
		return
	}
	object, _ := read(body)
	name, _ := object["id"].(string)
	if named, _ := object["name"].(string); name == "" || p.is("the name of a key is name only") {
		name = named
	}
	text, isText := object["key"].(string)
	switch {
	case name == "" || !isText && object["key"] != nil,
		text == "" && !p.is("keys without a text"),
		text != "" && !isKey(text) && !p.is("any text is a key"):
		p.refuse(w, 400, "A name and a key, please.")
		return
	}
	p.mu.Lock()
	p.adding++
	p.mu.Unlock()
	if p.is("keys at once are doubled") {
		time.Sleep(30 * time.Millisecond)
	}
	p.mu.Lock()
	id := p.keep(owner, name, text)
	p.adding--
	p.mu.Unlock()
	p.answer(w, choose(p.is("200 for a key"), 200, 201), map[string]any{"id": choose[any](p.is("the id of a key is a number"), json.Number(strings.TrimLeft(id, "k")), id)})
}

// keep returns the id of a key, a new one unless it is known.
func (p *provider) keep(owner, name, text string) string {
	for id, k := range p.keys {
		switch {
		case k.deleted || k.owner != owner || k.name != name:
		case k.text == text && !p.is("a key twice has two ids") && (p.adding < 2 || !p.is("keys at once are doubled")):
			return id
		case k.text != text && p.is("the name is the key"):
			return id
		}
	}
	id := p.next(choose(p.is("the id of a key is a number"), "", choose(p.is("the id of a key has signs"), "k!", "k")))
	p.keys[id] = &key{owner: owner, name: name, text: text}
	return id
}

func (p *provider) onKey(w http.ResponseWriter, r *http.Request, owner, id string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.keys[id]
	switch {
	case p.mode != "reference":
		p.refuse(w, 501, "There are no keys.")
	case k == nil || k.owner != owner:
		p.refuse(w, choose(p.is("400 for a key that is not there"), 400, 404), "No such key.")
	case k.deleted && (!p.is("deleted keys stay") || r.Method == "DELETE"):
		p.refuse(w, choose(p.is("400 for a key that was deleted"), 400, 404), "No such key.")
	case r.Method == "DELETE":
		k.deleted = true
		w.WriteHeader(choose(p.is("204 for a deleted key"), 204, 200))
	default:
		answer := map[string]any{"id": choose[any](p.is("the id of a key is a number"), json.Number(id), id), "name": k.name, "public_key": k.text}
		if p.is("a key without its text") {
			delete(answer, "public_key")
			answer["key"] = k.text
		}
		p.answer(w, choose(p.is("200 for asking for a key"), 200, 201), answer)
	}
}
