package main

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"
)

// account is what a partner orders.
type account struct {
	ID        string
	Ref       string // the partner's own name for it
	Tier      string
	Suspended bool
	Sent      int
	Keys      []key
}

type key struct{ ID, Secret string }

// tiers are what is sold, with the number of e-mails a month.
var tiers = map[string]int{"s0": 1000, "s1": 50000}

// service is the API: accounts for partners, and e-mail for their customers.
type service struct {
	token string
	work  time.Duration // how long an account takes to be made

	mu       sync.Mutex
	accounts map[string]*account
	answers  map[string]reply     // by idempotency key
	ready    map[string]time.Time // when the work of an account is done
}

func newService(token string, work time.Duration) *service {
	return &service{token: token, work: work, accounts: map[string]*account{}, answers: map[string]reply{}, ready: map[string]time.Time{}}
}

func (s *service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<16))
	if err != nil {
		return // half a request is none
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	switch path := r.URL.Path; {
	case path == "/v2/health":
		reply{status: 200}.write(w)
	case path == "/v2/messages":
		s.send(r).write(w)
	case path == "/-/accounts": // for whoever tries this out
		reply{status: 200, body: s.overview()}.write(w)
	case !s.isPartner(r):
		refusal(401, "This is not a partner's token.").write(w)
	default:
		s.once(r, body).write(w)
	}
}

func (s *service) isPartner(r *http.Request) bool {
	return subtle.ConstantTimeCompare([]byte(r.Header.Get("Authorization")), []byte("Bearer "+s.token)) == 1
}

// once answers a request that was made before as it was answered then.
func (s *service) once(r *http.Request, body []byte) reply {
	name := r.Method + " " + r.URL.Path + " " + r.Header.Get("Idempotency-Key")
	known := r.Header.Get("Idempotency-Key") != ""
	if before, again := s.answers[name]; again && known {
		return before
	}
	a := s.route(r, body)
	if known {
		s.answers[name] = a
	}
	return a
}

func (s *service) route(r *http.Request, body []byte) reply {
	var sent struct {
		Ref  string `json:"external_ref"`
		Tier string `json:"tier"`
	}
	if len(body) > 0 && json.Unmarshal(body, &sent) != nil {
		return refusal(400, "The body is no JSON.")
	}
	what, id, rest := parts(r.URL.Path)
	switch {
	case what == "operations":
		return s.operation(id)
	case what != "accounts":
		return refusal(404, "There is nothing here.")
	case id == "" && r.Method == "POST":
		return s.create(sent.Ref, sent.Tier)
	case id == "":
		return s.find(r.URL.Query().Get("external_ref"))
	}
	a := s.accounts[id]
	if a == nil {
		return refusal(404, "There is no such account.")
	}
	return s.change(a, r.Method+" "+rest, sent.Tier)
}

// parts takes "/v2/accounts/ID/…" apart.
func parts(path string) (what, id, rest string) {
	path = strings.TrimPrefix(path, "/v2/")
	what, path, _ = strings.Cut(path, "/")
	id, rest, _ = strings.Cut(path, "/")
	return what, id, rest
}

// create takes an order; the account is there a moment later.
func (s *service) create(ref, tier string) reply {
	switch {
	case tiers[tier] == 0:
		return refusal(422, "There is no such tier.")
	case ref == "":
		return refusal(422, "external_ref is missing.")
	}
	for _, a := range s.accounts {
		if a.Ref == ref {
			return refusal(409, "There is an account for this external_ref.")
		}
	}
	a := &account{ID: "acc_" + rand.Text()[:10], Ref: ref, Tier: tier, Keys: []key{newKey()}}
	s.accounts[a.ID], s.ready[a.ID] = a, time.Now().Add(s.work)
	return reply{status: 202, location: "/v2/operations/" + a.ID, body: map[string]string{"state": "queued"}}
}

func newKey() key { return key{ID: "key_" + rand.Text()[:10], Secret: "mw_" + rand.Text()} }

// operation tells how far the work is: 202, or 200 with the account.
func (s *service) operation(id string) reply {
	a := s.accounts[id]
	switch {
	case a == nil:
		return refusal(404, "There is no such operation.")
	case time.Now().Before(s.ready[id]):
		return reply{status: 202, body: map[string]string{"state": "running"}}
	}
	return reply{status: 200, body: a.shown()}
}

func (s *service) find(ref string) reply {
	list := []any{}
	for _, a := range s.accounts {
		if a.Ref == ref {
			list = append(list, a.shown()["account"])
		}
	}
	return reply{status: 200, body: list}
}

func (s *service) change(a *account, what, tier string) reply {
	old, isKey := strings.CutPrefix(what, "DELETE keys/")
	switch {
	case what == "GET ":
	case what == "PATCH " && tiers[tier] == 0:
		return refusal(422, "There is no such tier.")
	case what == "PATCH " && a.Sent > tiers[tier]:
		return refusal(409, "More e-mails were sent this month than this tier has.")
	case what == "PATCH ":
		a.Tier = tier
	case what == "DELETE ":
		delete(s.accounts, a.ID)
		return reply{status: 204}
	case what == "POST suspend", what == "POST resume":
		a.Suspended = what == "POST suspend"
	case what == "POST keys":
		k := newKey()
		a.Keys = append(a.Keys, k)
		return reply{status: 201, body: map[string]string{"key_id": k.ID, "key": k.Secret}}
	case isKey && slices.ContainsFunc(a.Keys, func(k key) bool { return k.ID == old }):
		a.Keys = slices.DeleteFunc(a.Keys, func(k key) bool { return k.ID == old })
		return reply{status: 204}
	default:
		return refusal(404, "There is nothing here.")
	}
	return reply{status: 200, body: a.shown()}
}

// shown is an account as partners see it, with its newest key.
func (a *account) shown() map[string]any {
	newest := a.Keys[len(a.Keys)-1]
	return map[string]any{"account": map[string]any{
		"id": a.ID, "tier": a.Tier, "suspended": a.Suspended, "sent": a.Sent, "key_id": newest.ID, "key": newest.Secret,
	}}
}

// overview lists the accounts without their keys.
func (s *service) overview() []map[string]any {
	list := []map[string]any{}
	for _, a := range s.accounts {
		list = append(list, map[string]any{"id": a.ID, "external_ref": a.Ref, "tier": a.Tier, "suspended": a.Suspended, "sent": a.Sent, "keys": len(a.Keys)})
	}
	slices.SortFunc(list, func(a, b map[string]any) int { return strings.Compare(fmt.Sprint(a["id"]), fmt.Sprint(b["id"])) })
	return list
}

// send is what customers' applications do.
func (s *service) send(r *http.Request) reply {
	for _, a := range s.accounts {
		if !slices.ContainsFunc(a.Keys, func(k key) bool { return k.Secret == r.Header.Get("X-Api-Key") }) {
			continue
		}
		if a.Suspended {
			return refusal(403, "This account is suspended.")
		}
		if a.Sent >= tiers[a.Tier] {
			return refusal(429, "No e-mail is left this month.")
		}
		a.Sent++
		return reply{status: 202, body: map[string]int{"left": tiers[a.Tier] - a.Sent}}
	}
	return refusal(401, "There is no such key.")
}
