package scalingo_test

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
	username = "acme-basic"
	password = "correct-horse-battery-staple-and-36-c"
	salt     = "k4mR8vZ2qT6wX0yB3nD7fG1hJ5lP9sUcE8aQo"
)

// provider is a small provider of add-ons, written by hand as vendors do. It is
// right but for one defect.
type provider struct {
	defect string
	api    string // where Scalingo's own API is
	later  bool   // orders are answered 202

	mu      sync.Mutex
	byUUID  map[string]*resource
	byID    map[string]*resource
	made    int
	early   bool // the API was called before an answer, once
	working sync.WaitGroup

	// For orders that arrive at once.
	repeated, met bool
	together      chan struct{}
}

type resource struct {
	uuid, app, id, plan   string
	config                map[string]any
	gone, suspended, done bool
}

func newProvider(t *testing.T, defect, api string, later bool) (*provider, []byte) {
	p := &provider{
		defect: defect, api: api, later: later,
		byUUID: map[string]*resource{}, byID: map[string]*resource{}, together: make(chan struct{}),
	}
	server := httptest.NewServer(p)
	t.Cleanup(func() { server.Close(); p.working.Wait() })
	manifest, err := json.Marshal(map[string]any{
		"name": "Acme", "username": username, "password": password, "sso_salt": salt, "log_drain": !later,
		"short_description": "A database in a minute", "description": "# Acme", "config_vars": []string{"ACME_URL", "ACME_PORT"},
		"production": map[string]string{"base_url": "https://acme.example/resources", "sso_url": "https://acme.example/sso"},
		"test":       map[string]string{"base_url": server.URL + "/resources", "sso_url": server.URL + "/sso"},
		"plans": []map[string]any{
			{"name": "basic", "display_name": "Basic", "price": 0, "description": "Small", "options": map[string]string{"tier": "a"}},
			{"name": "premium", "display_name": "Premium", "price": 29.5, "description": "Large", "options": map[string]string{"tier": "b"}},
		},
	})
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
	if p.defect == "the body before the credentials" && r.Method == http.MethodPost && address == "/resources" {
		text, _ := io.ReadAll(r.Body)
		if _, f := parse(text); f != nil && len(text) < 100 {
			p.refuse(w, f)
			return
		}
		r.Body = io.NopCloser(bytes.NewReader(text))
	}
	if !p.authentic(r) {
		if p.defect != "401 without a challenge" {
			w.Header().Set("WWW-Authenticate", `Basic realm="acme"`)
		}
		p.refuse(w, &refusal{401, "Wrong credentials."})
		return
	}
	p.route(w, r, address)
}

// route finds what a call is about. An id may hold a slash, with that defect.
func (p *provider) route(w http.ResponseWriter, r *http.Request, address string) {
	rest, below := strings.CutPrefix(address, "/resources")
	rest = strings.TrimPrefix(rest, "/")
	verb := ""
	for _, v := range []string{"suspend", "resume", "usage", "no-such-thing"} {
		if before, ok := strings.CutSuffix(rest, "/"+v); ok {
			rest, verb = before, v
		}
	}
	id, _ := url.PathUnescape(rest)
	switch {
	case !below, verb == "usage", verb == "no-such-thing":
		p.refuse(w, &refusal{404, "Not found."})
	case id == "" && r.Method == http.MethodPost && p.defect == "orders refused without a sentence":
		p.provision(&silent{ResponseWriter: w}, r)
	case id == "" && r.Method == http.MethodPost:
		p.provision(w, r)
	case id == "":
		if p.defect != "405 without the methods" {
			w.Header().Set("Allow", "POST")
		}
		p.refuse(w, &refusal{405, "Not this method."})
	case verb != "":
		p.suspend(w, r, id, verb == "suspend")
	case r.Method == http.MethodPut, r.Method == http.MethodPatch && p.defect != "no PATCH":
		p.changePlan(w, r, id)
	case r.Method == http.MethodDelete:
		p.deprovision(w, r, id)
	default:
		w.Header().Set("Allow", "DELETE, PATCH, PUT")
		p.refuse(w, &refusal{405, "Not this method."})
	}
}

func (p *provider) authentic(r *http.Request) bool {
	name, given, ok := r.BasicAuth()
	switch p.defect {
	case "credentials that cannot be read":
		if r.Header.Get("Authorization") != "" && !ok {
			return true
		}
	case "no credentials on removals":
		if r.Method == http.MethodDelete {
			return true
		}
	case "no credentials on suspensions":
		if strings.HasSuffix(r.URL.Path, "/suspend") {
			return true
		}
	case "user name not checked":
		return ok && given == password
	case "password not checked":
		return ok && name == username
	case "any password that begins right": // as Scalingo's boilerplate
		return ok && name == username && strings.HasPrefix(given, password)
	}
	return ok && name == username && given == password
}

func (p *provider) refuse(w http.ResponseWriter, f *refusal) {
	message := f.message
	if p.defect == "errors leak internals" && f.status == 422 {
		message += " PG::UniqueViolation at /app/models/resource.rb:52"
	}
	body := map[string]any{"error": message, "message": message}
	if p.defect == "a 401 without a sentence" && f.status == 401 {
		body = map[string]any{"code": 401}
	}
	answer(w, f.status, body)
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// silent takes the sentence out of refusals.
type silent struct {
	http.ResponseWriter
	refused bool
}

func (s *silent) WriteHeader(status int) {
	s.refused = status >= 400
	s.ResponseWriter.WriteHeader(status)
}

func (s *silent) Write(text []byte) (int, error) {
	if s.refused {
		text = []byte("{}")
	}
	return s.ResponseWriter.Write(text)
}

// body reads one JSON object.
func (p *provider) body(r *http.Request) (map[string]any, *refusal) {
	kind := r.Header.Get("Content-Type")
	if kind != "" && !strings.HasPrefix(kind, "application/json") && p.defect != "takes forms" || kind != "application/json" && p.defect == "one content type only" {
		return nil, &refusal{415, "JSON, please."}
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, 4<<20))
	if err != nil || len(text) > 1<<20 && p.defect != "bodies of any length" {
		_, _ = io.Copy(io.Discard, r.Body) // or the connection is closed, which takes half a second
		return nil, &refusal{413, "Too much."}
	}
	body, f := parse(text)
	if p.defect != "more behind the object" && f == nil && !json.Valid(text) {
		f = &refusal{400, "There is more than one JSON object."}
	}
	if f != nil && p.defect == "half a body breaks an order" && r.Method == http.MethodPost || f != nil && p.defect == "half a body breaks a plan change" && r.Method == http.MethodPut {
		return nil, &refusal{500, "Something went wrong."}
	}
	return body, f
}

func parse(text []byte) (map[string]any, *refusal) {
	bad := &refusal{400, "The body is not one JSON object."}
	if strings.ToValidUTF8(string(text), "") != string(text) {
		return nil, bad
	}
	d := json.NewDecoder(bytes.NewReader(text))
	if open, err := d.Token(); err != nil || open != json.Delim('{') {
		return nil, bad
	}
	object := map[string]any{}
	for d.More() {
		key, err := d.Token()
		name, _ := key.(string)
		var value any
		if _, seen := object[name]; err != nil || seen || d.Decode(&value) != nil {
			return nil, bad
		}
		object[name] = value
	}
	if _, err := d.Token(); err != nil {
		return nil, bad
	}
	return object, nil
}
