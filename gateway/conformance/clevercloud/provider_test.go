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
	order, id, plan, region string
	config                  map[string]any
	gone                    bool
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
	segments := strings.Split(strings.TrimPrefix(address, "/resources"), "/")
	id := ""
	if len(segments) > 1 {
		id, _ = url.PathUnescape(segments[1])
	}
	switch {
	case !strings.HasPrefix(address, "/resources") || len(segments) > 2:
		p.refuse(w, &refusal{404, "Not found."})
	case id == "" && r.Method == http.MethodPost && p.defect == "orders refused without a sentence":
		p.provision(&silent{ResponseWriter: w}, r)
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
	case "credentials that cannot be read":
		if r.Header.Get("Authorization") != "" && !ok {
			return true
		}
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
	body := map[string]any{"message": message}
	if p.defect == "a 401 without a sentence" && f.status == 401 {
		body = map[string]any{"code": 401}
	}
	p.answer(w, f.status, body)
}

func (p *provider) answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

// body reads one JSON object of text, of lists and of objects.
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

// texts returns fields that must be text where they are there.
func (p *provider) texts(body map[string]any, names ...string) (map[string]string, *refusal) {
	found := map[string]string{}
	for _, name := range names {
		v, ok := body[name]
		text, isText := v.(string)
		if p.defect == "any type is text" && v != nil && !isText {
			text, isText = fmt.Sprint(v), true
		}
		if ok && v != nil && !isText || len(text) > 255 && name != "owner_name" || strings.ContainsFunc(text, func(c rune) bool { return c < ' ' }) {
			return nil, &refusal{400, name + " is no text."}
		}
		found[name] = text
	}
	return found, nil
}
