package clevercloud_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	username = "acme-db"
	password = "correct-horse-battery-staple-and-36-c"
	salt     = "k4mR8vZ2qT6wX0yB3nD7fG1hJ5lP9sUcE8aQo"
)

// provider is a small provider of add-ons, written by hand as vendors do. It is
// right but for one defect.
type provider struct {
	defect string
	api    string // where the infos API is

	mu      sync.Mutex
	byOrder map[string]*resource
	byID    map[string]*resource
	made    int
	called  bool // the infos API, early

	// For orders that arrive at once.
	repeated, met bool
	together      chan struct{}
}

type resource struct {
	order, id, plan string
	config          map[string]any
	gone            bool
}

func newProvider(t *testing.T, defect, api string) (*provider, []byte) {
	p := &provider{defect: defect, api: api, byOrder: map[string]*resource{}, byID: map[string]*resource{}, together: make(chan struct{})}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	urls := map[string]string{"base_url": server.URL + "/resources", "sso_url": server.URL + "/sso"}
	manifest, err := json.Marshal(map[string]any{"id": username, "name": "Acme", "api": map[string]any{
		"config_vars": []string{"ACME_DB_URL", "ACME_DB_PORT"}, "regions": []string{"eu"}, "password": password, "sso_salt": salt,
		"production": map[string]string{"base_url": "https://acme.example/resources", "sso_url": "https://acme.example/sso"}, "test": urls,
	}})
	if err != nil {
		t.Fatal(err)
	}
	return p, manifest
}

// alive counts what a customer could use.
func (p *provider) alive() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, r := range p.byID {
		if !r.gone {
			n++
		}
	}
	return n
}

// refusal is a status with a sentence for the customer.
type refusal struct {
	status  int
	message string
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	address := r.URL.EscapedPath()
	if strings.Contains(address, "//") && p.defect == "redirects doubled slashes" {
		http.Redirect(w, r, strings.ReplaceAll(address, "//", "/"), http.StatusMovedPermanently)
		return
	}
	address = strings.TrimSuffix(strings.ReplaceAll(address, "//", "/"), "/")
	if address == "/sso" {
		p.signOn(w, r)
		return
	}
	if !p.authentic(r) {
		if p.defect != "401 without a challenge" {
			w.Header().Set("WWW-Authenticate", `Basic realm="acme"`)
		}
		p.refuse(w, &refusal{401, "Wrong credentials."})
		return
	}
	segments := strings.Split(strings.TrimPrefix(address, "/resources"), "/")
	id := ""
	if len(segments) > 1 {
		id, _ = url.PathUnescape(segments[1])
	}
	switch {
	case !strings.HasPrefix(address, "/resources") || len(segments) > 2:
		p.refuse(w, &refusal{404, "Not found."})
	case id == "" && r.Method == http.MethodPost:
		p.provision(w, r)
	case id == "":
		w.Header().Set("Allow", "POST")
		p.refuse(w, &refusal{405, "Not this method."})
	case r.Method == http.MethodPut:
		p.changePlan(w, r, id)
	case r.Method == http.MethodDelete:
		p.deprovision(w, r, id)
	default:
		w.Header().Set("Allow", "DELETE, PUT")
		p.refuse(w, &refusal{405, "Not this method."})
	}
}

func (p *provider) authentic(r *http.Request) bool {
	name, given, ok := r.BasicAuth()
	switch p.defect {
	case "no credentials on removals":
		if r.Method == http.MethodDelete {
			return true
		}
	case "user name not checked":
		return ok && given == password
	case "password not checked":
		return ok && name == username
	case "any password that begins right":
		return ok && name == username && strings.HasPrefix(given, password)
	case "any prefix of the password":
		return ok && name == username && strings.HasPrefix(password, given)
	}
	return ok && name == username && given == password
}

func (p *provider) refuse(w http.ResponseWriter, f *refusal) {
	message := f.message
	if p.defect == "errors leak internals" && f.status == 400 {
		message += " goroutine 7 [running]: main.(*api).provision(/srv/acme/api.go:52)"
	}
	p.answer(w, f.status, map[string]any{"message": message})
}

func (p *provider) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// body reads one JSON object of text, of lists and of objects.
func (p *provider) body(r *http.Request) (map[string]any, *refusal) {
	if kind := r.Header.Get("Content-Type"); kind != "" && !strings.HasPrefix(kind, "application/json") && p.defect != "takes forms" {
		return nil, &refusal{415, "JSON, please."}
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, 1<<20+1))
	if err != nil || len(text) > 1<<20 {
		_, _ = io.Copy(io.Discard, r.Body) // or the connection is closed, which takes half a second
		return nil, &refusal{413, "Too much."}
	}
	return parse(text)
}

func parse(text []byte) (map[string]any, *refusal) {
	bad := &refusal{400, "The body is not one JSON object."}
	if strings.ToValidUTF8(string(text), "") != string(text) {
		return nil, bad
	}
	seen := map[string]bool{}
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, bad
	}
	object := map[string]any{}
	for d.More() {
		key, err := d.Token()
		name, _ := key.(string)
		var value any
		if err != nil || seen[name] || d.Decode(&value) != nil {
			return nil, bad
		}
		seen[name], object[name] = true, value
	}
	if _, err := d.Token(); err != nil {
		return nil, bad
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, bad
	}
	return object, nil
}

// texts returns fields that must be text where they are there.
func texts(body map[string]any, names ...string) (map[string]string, *refusal) {
	found := map[string]string{}
	for _, name := range names {
		v, ok := body[name]
		text, isText := v.(string)
		if ok && v != nil && !isText || len(text) > 255 || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' }) {
			return nil, &refusal{400, name + " is no text."}
		}
		found[name] = text
	}
	return found, nil
}

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
	p.answer(w, p.created(), p.delivery(made))
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
	fields, f := texts(body, "addon_id", "heroku_id", "owner_id", "owner_name", "user_id", "plan", "region", "callback_url")
	if f != nil {
		return nil, f
	}
	id := fields["addon_id"]
	if id == "" {
		id = fields["heroku_id"]
	} else if fields["heroku_id"] != "" && fields["heroku_id"] != id {
		return nil, &refusal{400, "Two ids."}
	}
	fields["id"] = id
	if id == "" || fields["plan"] == "" {
		return nil, &refusal{400, "An id and a plan, please."}
	}
	if !offered(fields["plan"]) && p.defect != "any plan accepted" {
		return nil, &refusal{422, "No such plan."}
	}
	if !strings.EqualFold(fields["region"], "eu") && p.defect != "any region accepted" {
		return nil, &refusal{422, "No such region."}
	}
	return fields, options(body["options"])
}

func offered(plan string) bool { return plan == "basic" || plan == "premium" }

func options(v any) *refusal {
	object, ok := v.(map[string]any)
	if v != nil && !ok {
		return &refusal{400, "Options are no object."}
	}
	for _, value := range object {
		if _, ok := value.(string); !ok {
			return &refusal{400, "An option is no text."}
		}
		return &refusal{422, "No such option."}
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
	case known.gone:
		return nil, &refusal{410, "It is gone."}
	case known.plan != order["plan"]:
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
	r := &resource{order: order["id"], id: id, plan: order["plan"], config: map[string]any{"ACME_DB_URL": "postgres://" + id, "ACME_DB_PORT": "5432"}}
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
	p.answer(w, 200, map[string]any{"config": known.config, "message": "Changed."})
}

func (p *provider) change(body map[string]any, id string) *refusal {
	fields, f := texts(body, "addon_id", "heroku_id", "plan")
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
	case known.gone:
		return &refusal{410, "It is gone."}
	case fields["addon_id"] != "" && fields["addon_id"] != known.order, fields["heroku_id"] != "" && fields["heroku_id"] != known.order:
		return &refusal{400, "It has another id."}
	case fields["plan"] == "":
		return &refusal{400, "A plan, please."}
	case !offered(fields["plan"]):
		return &refusal{422, "No such plan."}
	case p.defect != "plan changes without effect":
		known.plan = fields["plan"]
	}
	return nil
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
