package xervo_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
)

const (
	username = "acme_db"
	password = "correct-horse-battery-staple-and-36-c"
	salt     = "k4mR8vZ2qT6wX0yB3nD7fG1hJ5lP9sUcE8aQo"
)

// provider is a small provider of add-ons, written by hand as vendors do. It is
// right but for one defect.
type provider struct {
	defect string

	mu       sync.Mutex
	byOrder  map[string]*resource
	byID     map[string]*resource
	made     int
	codes    map[string]bool // that lead to a page, once
	together chan struct{}   // orders that wait for each other
	repeated bool            // an order has come again
	waited   int             // orders that did
}

type resource struct {
	id, order, plan, region string
	changed                 string // the plan of the last change
	config                  map[string]any
	gone                    bool
}

func newProvider(t *testing.T, defect string) (*provider, []byte) {
	p := &provider{
		defect: defect, byOrder: map[string]*resource{}, byID: map[string]*resource{},
		codes: map[string]bool{}, together: make(chan struct{}),
	}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	manifest, err := json.Marshal(map[string]any{"id": username, "api": map[string]any{
		"config_vars": []string{"ACME_DB_URL", "ACME_DB_PORT"}, "password": password, "sso_salt": salt,
		"production": map[string]string{"base_url": "https://acme.example/resources", "sso_url": "https://acme.example/sso"},
		"test":       map[string]string{"base_url": server.URL + "/resources", "sso_url": server.URL + "/sso"},
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
	if p.defect == "everything fails" {
		page(w, http.StatusInternalServerError)
		return
	}
	address := r.URL.EscapedPath()
	if strings.Contains(address, "//") && p.defect == "redirects doubled slashes" {
		http.Redirect(w, r, strings.ReplaceAll(address, "//", "/"), http.StatusMovedPermanently)
		return
	}
	address = strings.TrimSuffix(strings.ReplaceAll(address, "//", "/"), "/")
	switch {
	case address == "/sso":
		p.signOn(w, r)
	case strings.HasPrefix(address, "/dashboard"):
		p.page(w, r)
	default:
		if f := p.admit(w, r); f != nil {
			p.refuse(w, r, f)
			return
		}
		p.call(w, r, address)
	}
}

func (p *provider) call(w http.ResponseWriter, r *http.Request, address string) {
	segments := strings.Split(strings.TrimPrefix(address, "/resources"), "/")
	id := ""
	if len(segments) > 1 {
		id, _ = url.PathUnescape(segments[1])
	}
	switch {
	case r.Method == http.MethodGet && p.defect == "anything may be read":
		p.answer(w, 200, map[string]any{"resources": []string{}})
	case !strings.HasPrefix(address, "/resources") || len(segments) > 2:
		p.refuse(w, r, &refusal{404, "Not found."})
	case id == "" && r.Method == http.MethodPost:
		p.provision(w, r)
	case id == "":
		w.Header().Set("Allow", "POST")
		p.refuse(w, r, &refusal{405, "Not this method."})
	case r.Method == http.MethodPut:
		p.changePlan(w, r, id)
	case r.Method == http.MethodDelete:
		p.deprovision(w, r, id)
	default:
		w.Header().Set("Allow", "DELETE, PUT")
		p.refuse(w, r, &refusal{405, "Not this method."})
	}
}

// admit looks at the credentials, and at nothing else.
func (p *provider) admit(w http.ResponseWriter, r *http.Request) *refusal {
	if p.defect == "the body before the credentials" && r.Method == http.MethodPost {
		text, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(text))
		if len(text) > 0 && !json.Valid(text) {
			return &refusal{400, "That is no JSON."}
		}
	}
	if p.authentic(r) {
		return nil
	}
	if p.defect != "401 without a challenge" {
		w.Header().Set("WWW-Authenticate", `Basic realm="acme"`)
	}
	if _, _, ok := r.BasicAuth(); !ok && r.Header.Get("Authorization") != "" && p.defect == "credentials that cannot be read are a failure" {
		return &refusal{500, "Something failed."}
	}
	return &refusal{401, "Wrong credentials."}
}

func (p *provider) authentic(r *http.Request) bool {
	name, given, ok := r.BasicAuth()
	switch p.defect {
	case "no credentials on removals":
		if r.Method == http.MethodDelete {
			return true
		}
	case "no credentials on plan changes":
		if r.Method == http.MethodPut {
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

func (p *provider) refuse(w http.ResponseWriter, r *http.Request, f *refusal) {
	message := f.message
	switch {
	case p.defect == "errors leak internals" && f.status == 400:
		message += " goroutine 7 [running]: main.(*api).provision(/srv/acme/api.go:52)"
	case p.defect == "401 without a sentence" && f.status == 401,
		p.defect == "refused orders say nothing" && f.status == 422 && r.Method == http.MethodPost,
		p.defect == "refused plan changes say nothing" && f.status == 422 && r.Method == http.MethodPut:
		message = ""
	case p.defect == "every refused order is a 400" && r.Method == http.MethodPost && f.status != 401 && f.status != 404,
		p.defect == "every refused plan change is a 400" && r.Method == http.MethodPut && f.status != 401,
		p.defect == "400 for a removal of what never was" && r.Method == http.MethodDelete && f.status == 404:
		f.status = 400
	}
	p.answer(w, f.status, map[string]any{"message": message})
}

func (p *provider) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	if p.defect == "orders are answered as text" && status == http.StatusOK {
		w.Header().Set("Content-Type", "text/plain")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// body reads one JSON object.
func (p *provider) body(r *http.Request) (map[string]any, *refusal) {
	kind := r.Header.Get("Content-Type")
	forms := p.defect == "takes forms" || p.defect == "takes plan changes as forms" && r.Method == http.MethodPut
	if kind == "" && p.defect == "demands a Content-Type" || kind != "" && !strings.HasPrefix(kind, "application/json") && !forms {
		return nil, &refusal{415, "JSON, please."}
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil || len(text) > 1<<20 && p.defect != "any length" {
		return nil, &refusal{413, "Too much."}
	}
	object, ok := p.parse(text)
	switch {
	case ok:
		return object, nil
	case p.defect == "half an order is a failure" && r.Method == http.MethodPost, p.defect == "half a plan change is a failure" && r.Method == http.MethodPut:
		return nil, &refusal{500, "Something failed."}
	default:
		return nil, &refusal{400, "The body is not one JSON object."}
	}
}

// parse refuses what two readers could read differently. Numbers keep their
// digits.
func (p *provider) parse(text []byte) (map[string]any, bool) {
	if strings.ToValidUTF8(string(text), "") != string(text) {
		return nil, false
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, false
	}
	object := map[string]any{}
	for d.More() {
		key, err := d.Token()
		name, _ := key.(string)
		_, again := object[name]
		var value any
		if err != nil || again && p.defect != "a name twice" || d.Decode(&value) != nil {
			return nil, false
		}
		object[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, false
	}
	_, err := d.Token()
	return object, err == io.EOF
}
