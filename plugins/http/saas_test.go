package http

import (
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// saas is an API of mailboxes that misbehaves on demand. It keeps idempotency
// keys unless it is told not to.
type saas struct {
	*httptest.Server
	mu        sync.Mutex
	accounts  map[string]*account
	answers   map[string]reply // by idempotency key
	seen      []seen
	faults    []fault        // with the next requests
	unlucky   []fault        // with the next orders
	polls     map[string]int // of operations, how often they say "not yet"
	work      map[string]func() reply
	keyless   bool // it does not know idempotency keys
	doubles   bool // it makes another account for the same external_ref
	patience  int  // how often an operation says "not yet"
	made      int
	nextKey   int
	wantToken string
}

type account struct {
	ID        string   `json:"id"`
	Ref       string   `json:"external_ref"`
	Tier      string   `json:"tier"`
	Suspended bool     `json:"suspended"`
	Keys      []string `json:"keys"` // ids; the secret of a key is "key-" and its id
	Sent      int      `json:"sent"`
}

type reply struct {
	status  int
	body    any
	headers map[string]string
}

// seen is a request that arrived.
type seen struct {
	Method, Path, Query, Body string
	Header                    http.Header
}

// fault is something that goes wrong with one request. handle is the right
// answer.
type fault func(w http.ResponseWriter, r *http.Request, handle http.HandlerFunc)

func newSaaS(t testing.TB) *saas {
	s := &saas{accounts: map[string]*account{}, answers: map[string]reply{}, polls: map[string]int{}, work: map[string]func() reply{}, wantToken: "secret-token"}
	s.Server = httptest.NewUnstartedServer(s)
	s.Server.Config.ErrorLog = quiet()
	s.Start()
	t.Cleanup(s.Close)
	return s
}

func (s *saas) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	text, err := io.ReadAll(r.Body)
	if err != nil {
		return // half a request is none
	}
	s.mu.Lock()
	s.seen = append(s.seen, seen{r.Method, r.URL.EscapedPath(), r.URL.RawQuery, string(text), r.Header.Clone()})
	var f fault
	if len(s.faults) > 0 {
		f, s.faults = s.faults[0], s.faults[1:]
	}
	if f == nil && r.Method == "POST" && len(s.unlucky) > 0 {
		f, s.unlucky = s.unlucky[0], s.unlucky[1:]
	}
	s.mu.Unlock()
	handle := func(w http.ResponseWriter, r *http.Request) { s.write(w, s.handle(r, text)) }
	if f != nil {
		f(w, r, handle)
		return
	}
	handle(w, r)
}

func (s *saas) write(w http.ResponseWriter, a reply) {
	for name, value := range a.headers {
		w.Header().Set(name, value)
	}
	if a.body == nil {
		w.WriteHeader(a.status)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(a.status)
	_ = json.NewEncoder(w).Encode(a.body)
}

func problem(status int, text string) reply {
	return reply{status: status, body: map[string]any{"error": map[string]string{"message": text}}}
}

// handle is the API: it replays the answer to a key that it knows.
func (s *saas) handle(r *http.Request, body []byte) reply {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.URL.Path == "/v2/health" {
		return reply{status: 200}
	}
	if r.Header.Get("Authorization") != "Bearer "+s.wantToken {
		return problem(401, "no token")
	}
	key := r.Header.Get("Idempotency-Key")
	sent := key != "" && !s.keyless
	key += " " + r.Method + " " + r.URL.Path
	if old, known := s.answers[key]; known && sent {
		return old
	}
	answer := s.route(r, body)
	if r.Method != "GET" && answer.status < 500 {
		s.answers[key] = answer
	}
	return answer
}

func (s *saas) route(r *http.Request, body []byte) reply {
	var sent struct {
		Ref  string `json:"external_ref"`
		Tier string `json:"tier"`
	}
	_ = json.Unmarshal(body, &sent)
	path := strings.Split(strings.TrimPrefix(r.URL.EscapedPath(), "/v2/"), "/")
	switch {
	case path[0] == "operations":
		return s.operation(path[1])
	case path[0] == "slow":
		path = path[1:]
		return s.later(func() reply { return s.accountsOf(r, path, sent.Ref, sent.Tier) })
	}
	return s.accountsOf(r, path, sent.Ref, sent.Tier)
}

func (s *saas) later(do func() reply) reply {
	id := fmt.Sprint("w", len(s.work)+1)
	s.work[id], s.polls[id] = do, s.patience
	return reply{status: 202, headers: map[string]string{"Location": "/v2/operations/" + id}, body: map[string]string{"id": id, "state": "queued"}}
}

// operation does the work at the last question before it is done.
func (s *saas) operation(id string) reply {
	do, known := s.work[id]
	if !known {
		return problem(404, "no such operation")
	}
	if s.polls[id] > 0 {
		s.polls[id]--
		return reply{status: 202, body: map[string]string{"state": "running"}}
	}
	if do != nil {
		done := do()
		s.work[id] = nil
		s.answers["done "+id] = done
	}
	a := s.answers["done "+id]
	a.headers = nil
	if a.body == nil {
		a.status = 200
	}
	return a
}

func (s *saas) accountsOf(r *http.Request, path []string, ref, tier string) reply {
	if path[0] != "accounts" {
		return problem(404, "no such path")
	}
	if len(path) == 1 {
		if r.Method == "POST" {
			return s.create(ref, tier)
		}
		return reply{status: 200, body: s.list(r.URL.Query().Get("external_ref"))}
	}
	a := s.accounts[path[1]]
	if a == nil {
		return problem(404, "no such account")
	}
	switch what := strings.Join(append([]string{r.Method}, path[2:]...), " "); what {
	case "GET":
	case "PATCH":
		a.Tier = tier
	case "DELETE":
		delete(s.accounts, a.ID)
		return reply{status: 204}
	case "POST suspend":
		a.Suspended = true
	case "POST resume":
		a.Suspended = false
	case "POST keys":
		s.nextKey++
		id := fmt.Sprint("k", s.nextKey)
		a.Keys = append(a.Keys, id)
		return reply{status: 201, body: map[string]string{"key_id": id, "key": "key-" + id}}
	default:
		if len(path) == 4 && r.Method == "DELETE" {
			if !slices.Contains(a.Keys, path[3]) {
				return problem(404, "no such key")
			}
			a.Keys = slices.DeleteFunc(a.Keys, func(id string) bool { return id == path[3] })
			return reply{status: 204}
		}
		return problem(404, "no such path")
	}
	return reply{status: 200, body: s.shown(a)}
}

func (s *saas) create(ref, tier string) reply {
	for _, a := range s.accounts {
		if a.Ref == ref && !s.doubles {
			return problem(409, "external_ref is taken")
		}
	}
	if tier == "unknown" {
		return problem(422, "no such tier")
	}
	s.made++
	a := &account{ID: fmt.Sprint("acc", s.made), Ref: ref, Tier: tier, Keys: []string{fmt.Sprint("k0-", s.made)}}
	s.accounts[a.ID] = a
	return reply{status: 201, body: s.shown(a)}
}

func (s *saas) list(ref string) []any {
	list := []any{}
	for _, a := range s.accounts {
		if a.Ref == ref {
			list = append(list, s.shown(a)["account"])
		}
	}
	return list
}

func (s *saas) shown(a *account) map[string]any {
	return map[string]any{"account": map[string]any{
		"id": a.ID, "key_id": a.Keys[len(a.Keys)-1], "key": "key-" + a.Keys[len(a.Keys)-1], "tier": a.Tier, "sent": a.Sent, "big": json.Number("9007199254740993"),
	}}
}

// quiet is the log of a server whose faults are wanted.
func quiet() *log.Logger { return log.New(io.Discard, "", 0) }

// next makes the next requests go wrong.
func (s *saas) next(faults ...fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, faults...)
}

// requests lists what arrived, as "METHOD path".
func (s *saas) requests() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, r := range s.seen {
		list = append(list, r.Method+" "+r.Path)
	}
	return list
}

func (s *saas) last() seen {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[len(s.seen)-1]
}

// ofRef lists the accounts of a resource, with what matters of each.
func (s *saas) ofRef(ref string) []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var list []string
	for _, a := range s.accounts {
		if a.Ref == ref {
			list = append(list, fmt.Sprintf("account tier=%s suspended=%t keys=%d", a.Tier, a.Suspended, len(a.Keys)))
		}
	}
	return list
}

func (s *saas) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.accounts)
}

// makes is how many accounts there ever were.
func (s *saas) makes() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.made
}

// right lets a request through.
func right(w http.ResponseWriter, r *http.Request, handle http.HandlerFunc) { handle(w, r) }

// lost does what was asked for, and never answers.
func lost(_ http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
	handle(httptest.NewRecorder(), r)
	panic(http.ErrAbortHandler)
}

// hangUp does nothing, and never answers.
func hangUp(http.ResponseWriter, *http.Request, http.HandlerFunc) { panic(http.ErrAbortHandler) }

// says answers by itself and does nothing.
func says(status int, body string, headers ...string) fault {
	return func(w http.ResponseWriter, _ *http.Request, _ http.HandlerFunc) {
		for i := 0; i+1 < len(headers); i += 2 {
			w.Header().Set(headers[i], headers[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, body)
	}
}

// carriesOut does what was asked for, and answers something else.
func carriesOut(answer fault) fault {
	return func(w http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
		handle(httptest.NewRecorder(), r)
		answer(w, r, handle)
	}
}

// slow does what was asked for, and answers when nobody listens any more.
func slow(_ http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
	handle(httptest.NewRecorder(), r)
	select {
	case <-r.Context().Done():
	case <-time.After(20 * time.Second):
	}
}

// cutOff breaks off in the middle of the answer.
func cutOff(w http.ResponseWriter, r *http.Request, handle http.HandlerFunc) {
	answer := httptest.NewRecorder()
	handle(answer, r)
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Content-Length", fmt.Sprint(answer.Body.Len()))
	w.WriteHeader(answer.Code)
	_, _ = w.Write(answer.Body.Bytes()[:answer.Body.Len()/2])
	_ = http.NewResponseController(w).Flush()
	panic(http.ErrAbortHandler)
}

// mailwind is the config block of a backend for a saas. more is added to it.
func (s *saas) mailwind(more string) string { return mailwindAt(s.URL, more) }

func mailwindAt(url, more string) string {
	return connection(url) + `
output "account_id" { 
  type = string 
}
output "api_key" {
  type      = string
  sensitive = true
}
output "key_id" {
  type = string
}
output "sent" {
  type     = number
  measured = true
}
` + more
}

// connection is what every config block here begins with.
func connection(url string) string {
	return `
base_url          = "` + url + `/v2"
headers           = { Authorization = "Bearer ${secret("token")}" }
private_addresses = true
settle            = "50ms"
`
}

// verbs are the blocks of an API that answers at once.
const verbs = `
provision {
  path    = "/accounts"
  body    = { external_ref = resource.id, tier = plan.params.tier }
  message = response.body.error.message
  outputs = {
    account_id = response.body.account.id
    api_key    = response.body.account.key
    key_id     = response.body.account.key_id
    sent       = try(response.body.account.sent, 0)
  }
}
change_plan {
  path = "/accounts/${output.account_id}"
  body = { tier = plan.params.tier }
}
deprovision {
  path = "/accounts/${output.account_id}"
}
suspend {
  path = "/accounts/${output.account_id}/suspend"
  body = { reason = operation.reason }
}
resume {
  path = "/accounts/${output.account_id}/resume"
}
rotate {
  path    = "/accounts/${output.account_id}/keys"
  outputs = { api_key = response.body.key, key_id = response.body.key_id }
}
rotate_commit {
  method = "DELETE"
  path   = "/accounts/${output.account_id}/keys/${old_output.key_id}"
}
rotate_abort {
  method = "DELETE"
  path   = "/accounts/${output.account_id}/keys/${new_output.key_id}"
}
read {
  path    = "/accounts/${output.account_id}"
  outputs = { sent = response.body.account.sent }
}
health {
  path = "/health"
}
`

// find is the block that looks for an account whose order was never answered.
const find = `
find {
  path    = "/accounts"
  query   = { external_ref = resource.id }
  outputs = length(response.body) == 0 ? null : {
    account_id = response.body[0].id
    api_key    = response.body[0].key
    key_id     = response.body[0].key_id
    sent       = response.body[0].sent
  }
}
`

// later are the blocks of an API that works in the background.
var later = inTheBackground(verbs, "provision", "change_plan", "deprovision", "suspend", "resume", "rotate")

// inTheBackground makes blocks poll.
func inTheBackground(text string, blocks ...string) string {
	for _, name := range blocks {
		before, rest, _ := strings.Cut(text, "\n"+name+" {\n")
		text = before + "\n" + name + " {\n  poll {\n    interval = \"10ms\"\n  }\n" + strings.Replace(rest, "\"/accounts", "\"/slow/accounts", 1)
	}
	return text
}
