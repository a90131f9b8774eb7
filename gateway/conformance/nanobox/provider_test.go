package nanobox_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

// The credentials of two customers.
const (
	token      = "canary-token-of-ann-0123456789"
	otherToken = "canary-token-of-bob-0123456789"
)

// provider is a small provider of servers, written by hand as vendors do. It is
// right but for one defect. Modes are "reference", "object" and "password".
type provider struct {
	mode, defect string
	url          string

	mu       sync.Mutex
	made     int
	most     int // servers at once
	adding   int // keys at this moment
	servers  map[string]*machine
	keys     map[string]*key
	verified map[string]bool
	asked    map[string]int // how often what was called
}

type machine struct {
	owner, name                string
	deleted, rebooted, renamed bool

	// Work goes on with every question: tests do not depend on the clock.
	asked, deletions, sinceEnd int
}

// ready tells that it can be used: from the second question on.
func (m *machine) ready() bool { return m.asked > 1 }

// gone tells that it is not there any more: one question after it was cancelled.
func (m *machine) gone() bool { return m.deleted && m.sinceEnd > 1 }

type key struct {
	owner, name, text string
	deleted           bool
}

const capacity = 3

func newProvider(t *testing.T, mode, defect string) *provider {
	p := &provider{mode: mode, defect: defect, servers: map[string]*machine{}, keys: map[string]*key{}, verified: map[string]bool{}, asked: map[string]int{}}
	server := httptest.NewUnstartedServer(p)
	if defect == "headers in lower case are not seen" {
		server.Listener = blind{server.Listener}
	}
	server.Start()
	t.Cleanup(server.Close)
	p.url = server.URL + "/nanobox/acme"
	return p
}

// blind is for a server that does not see headers in lower case.
type blind struct{ net.Listener }

func (b blind) Accept() (net.Conn, error) {
	c, err := b.Listener.Accept()
	return blindConn{c}, err
}

type blindConn struct{ net.Conn }

func (c blindConn) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	copy(b, bytes.ReplaceAll(b[:n], []byte("\nauth-access-token:"), []byte("\nxuth-access-token:")))
	return n, err
}

// alive counts what was made and is still there.
func (p *provider) alive() (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, m := range p.servers {
		if !m.deleted {
			n++
		}
	}
	for _, k := range p.keys {
		if !k.deleted {
			n++
		}
	}
	return n
}

// room counts what still needs place.
func (p *provider) room() int {
	used := 0
	for _, m := range p.servers {
		if !m.gone() && (!m.deleted || !p.is("cancelled servers stay")) {
			used++
		}
	}
	return capacity - used
}

// is reports the defect.
func (p *provider) is(defect string) bool { return p.defect == defect }

// choose is a when the provider has the defect.
func choose[T any](defect bool, a, b T) T {
	if defect {
		return a
	}
	return b
}

// answer sends JSON; nil: nothing.
func (p *provider) answer(w http.ResponseWriter, status int, body any) {
	if body == nil {
		w.WriteHeader(status)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body)
}

func (p *provider) refuse(w http.ResponseWriter, status int, why string) {
	var body any = map[string]any{"errors": []string{why}}
	switch {
	case p.is("errors is a text") && status == 422:
		body = map[string]any{"errors": why}
	case p.is("no errors") && status == 401:
		body = map[string]any{"errors": []string{}}
	case p.is("plain text for what is unknown") && status == 404:
		http.Error(w, "404 page not found", status)
		return
	case p.is("errors repeat the credentials") && status == 401:
		body = map[string]any{"errors": []string{"The token " + token + " is not this one."}}
	case p.is("errors leak internals") && status == 422:
		body = map[string]any{"errors": []string{why + " goroutine 7 [running]: main.order(/srv/acme/api.go:52)"}}
	}
	p.answer(w, status, body)
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	path, below := strings.CutPrefix(r.URL.Path, "/nanobox/acme")
	if strings.Contains(path, "//") {
		if p.is("redirects doubled slashes") {
			http.Redirect(w, r, strings.ReplaceAll(r.URL.Path, "//", "/"), http.StatusMovedPermanently)
			return
		}
		path = strings.ReplaceAll(path, "//", "/")
	}
	if !p.is("a slash at the end is another address") {
		path = strings.TrimRight(path, "/")
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	_, _ = io.Copy(io.Discard, r.Body) // else the server waits before it hangs up
	p.count(r.Method + " " + path)
	switch {
	case err != nil || !below:
		p.refuse(w, 404, "No such address.")
	case len(body) == 1<<20:
		p.refuse(w, choose(p.is("400 for what is too large"), 400, 413), "That is too large.")
	default:
		p.route(w, r, strings.Split(strings.TrimPrefix(path, "/"), "/"), body)
	}
}

func (p *provider) count(call string) int {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.asked[call]++
	return p.asked[call]
}

// methods are the routes that there are, with the ids left out.
var methods = map[string][]string{
	"meta": {"GET"}, "catalog": {"GET"}, "verify": {"POST"}, "keys": {"POST"}, "keys/*": {"GET", "DELETE"}, "servers": {"POST"},
	"servers/*": {"GET", "DELETE"}, "servers/*/reboot": {"PATCH"}, "servers/*/rename": {"PATCH"}, "servers/*/keys": {"PATCH"},
}

func (p *provider) route(w http.ResponseWriter, r *http.Request, parts []string, body []byte) {
	id := ""
	if len(parts) > 1 {
		id, parts[1] = parts[1], "*"
	}
	route := strings.Join(parts, "/")
	if p.is("a reboot by POST") && r.Method == "POST" && route == "servers/*/reboot" {
		r.Method = "PATCH"
		w.Header().Set("Allow", "PATCH")
		p.refuse(w, 404, "No such server.")
		return
	}
	allowed, known := methods[route]
	switch {
	case !known && p.is("anything is there"):
		p.answer(w, 200, map[string]any{})
	case !known:
		p.refuse(w, 404, "No such address.")
	case !contains(allowed, r.Method):
		if !p.is("405 without the methods") {
			w.Header().Set("Allow", strings.Join(allowed, ", "))
		}
		p.refuse(w, 405, "Not this method.")
	case route == "meta":
		p.meta(w)
	case route == "catalog":
		p.catalog(w)
	default:
		p.signed(w, r, route, id, body)
	}
}

func contains(list []string, text string) bool {
	return strings.Contains(" "+strings.Join(list, " ")+" ", " "+text+" ")
}

// tokens returns the values of the credential, in each of its spellings.
func (p *provider) tokens(r *http.Request) []string {
	var values []string
	for name, sent := range r.Header {
		name = strings.ToUpper(name)
		switch {
		case p.is("credentials with underscores are not seen") && name == "AUTH_ACCESS_TOKEN",
			p.is("credentials as the document prints them are not seen") && strings.HasPrefix(name, "HTTP_"):
			continue
		}
		if strings.TrimPrefix(strings.ReplaceAll(name, "_", "-"), "HTTP-") == "AUTH-ACCESS-TOKEN" {
			values = append(values, sent...)
		}
	}
	return values
}

// signed looks at the credentials of a call. A cancel may have them in its body.
func (p *provider) signed(w http.ResponseWriter, r *http.Request, route, id string, body []byte) {
	sent := p.tokens(r)
	var given struct{ Auth map[string]string }
	_ = json.Unmarshal(body, &given)
	if auth := given.Auth["access_token"]; r.Method == "DELETE" && auth != "" && route == "servers/*" {
		if len(sent) == 0 && !p.is("credentials in a body are not read") || p.is("credentials in a body count more") {
			sent = []string{auth}
		}
	}
	value := ""
	if len(sent) > 0 {
		value = sent[0]
	}
	for _, other := range sent {
		if other != value && p.is("conflicting credentials are accepted") {
			value = token
		} else if other != value {
			p.refuse(w, 400, "Two credentials.")
			return
		}
	}
	if len(sent) == 0 && strings.HasSuffix(route, "/rename") && p.is("renames without credentials") {
		w.WriteHeader(200)
		return
	}
	owner, why := p.owner(r, route, id, value, len(sent) > 0)
	switch {
	case why != 0:
		p.refuse(w, why, "These credentials are not good.")
	case route == "verify":
		p.verify(w, r, value)
	default:
		p.call(w, r, owner, route, id, body)
	}
}

// owner finds whose credentials they are.
func (p *provider) owner(r *http.Request, route, id, value string, sent bool) (owner string, refused int) {
	missing := choose(p.is("400 without credentials"), 400, 401)
	p.mu.Lock()
	_, there := p.servers[id]
	unverified := !p.verified[value]
	p.mu.Unlock()
	switch {
	case value == token:
		return "ann", 0
	case value == otherToken && p.is("only who has verified is known") && unverified && route == "servers/*" && !there && r.Method == "GET":
		return "", 401
	case value == otherToken && p.is("another customer sees servers") && strings.HasPrefix(route, "servers/") && there,
		value == otherToken && p.is("another customer sees keys") && route == "keys/*":
		return "ann", 0
	case value == otherToken:
		return "bob", 0
	case !sent && p.is("orders without credentials") && route == "servers",
		!sent && p.is("keys without credentials") && strings.HasPrefix(route, "keys"),
		sent && value == "" && p.is("empty credentials are good") && route == "verify",
		value != "" && p.is("any credentials are good") && route == "verify",
		value != "" && p.is("wrong credentials reach servers") && route == "servers/*" && r.Method == "GET":
		return "ann", 0
	case !sent:
		return "", missing
	default:
		return "", choose(p.is("403 for wrong credentials") && route == "verify" && value != "", 403, 401)
	}
}

func (p *provider) verify(w http.ResponseWriter, r *http.Request, value string) {
	p.mu.Lock()
	p.verified[value] = true
	p.mu.Unlock()
	switch {
	case p.is("verifying is slow") && p.count("slow") == 1:
		time.Sleep(5100 * time.Millisecond)
	case p.is("415 for an octet-stream") && r.Header.Get("Content-Type") == "application/octet-stream":
		p.refuse(w, 415, "JSON, please.")
		return
	case p.is("204 for good credentials"):
		w.WriteHeader(204)
		return
	case p.is("201 for good credentials"):
		w.WriteHeader(201)
		return
	case p.is("a word for good credentials"):
		_, _ = io.WriteString(w, "success")
		return
	}
	w.WriteHeader(200)
}

func (p *provider) call(w http.ResponseWriter, r *http.Request, owner, route, id string, body []byte) {
	switch route {
	case "keys":
		p.addKey(w, owner, body)
	case "keys/*":
		p.onKey(w, r, owner, id)
	case "servers":
		p.order(w, r, owner, body)
	default:
		p.onServer(w, r, owner, strings.TrimPrefix(strings.TrimPrefix(route, "servers/*"), "/"), id, body)
	}
}

// next makes an id.
func (p *provider) next(kind string) string {
	p.made++
	return fmt.Sprintf("%s%d", kind, p.made)
}
