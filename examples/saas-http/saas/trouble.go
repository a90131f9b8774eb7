package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"
)

// trouble stands in front of a service and has requests of partners go wrong.
type trouble struct {
	service http.Handler
	kinds   []string // in turn, for every request number every
	every   int

	mu   sync.Mutex
	seen int
	next []string // for the next requests, whatever the turn
}

func newTrouble(service http.Handler, kinds []string, every int) *trouble {
	return &trouble{service: service, kinds: kinds, every: max(every, 1)}
}

// kindsOfTrouble lists what can go wrong. "none" is for a request in between that
// goes well.
func kindsOfTrouble() []string {
	return []string{"500", "503", "before", "lost", "slow", "duplicate", "wrong-types", "truncated", "huge", "page", "redirect", "none"}
}

func (t *trouble) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/-/misbehave" {
		t.order(w, r)
		return
	}
	if !strings.HasPrefix(r.URL.Path, "/v2/") || r.URL.Path == "/v2/messages" {
		t.service.ServeHTTP(w, r)
		return
	}
	kind := t.turn()
	if kind != "none" {
		log.Printf("%s %s: %s", r.Method, r.URL.Path, kind)
	}
	t.misbehave(kind, w, r)
}

// order takes a list of what is to go wrong next.
func (t *trouble) order(w http.ResponseWriter, r *http.Request) {
	var kinds []string
	if err := json.NewDecoder(r.Body).Decode(&kinds); err != nil {
		http.Error(w, `send a list such as ["lost", "500"]`, http.StatusBadRequest)
		return
	}
	for _, kind := range kinds {
		if !slices.Contains(kindsOfTrouble(), kind) {
			http.Error(w, "there are "+strings.Join(kindsOfTrouble(), ", "), http.StatusBadRequest)
			return
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.next = append(t.next, kinds...)
	w.WriteHeader(http.StatusNoContent)
}

// turn is what happens to this request.
func (t *trouble) turn() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.next) > 0 {
		kind := t.next[0]
		t.next = t.next[1:]
		return kind
	}
	t.seen++
	if len(t.kinds) == 0 || t.seen%t.every != 0 {
		return "none"
	}
	return t.kinds[t.seen/t.every%len(t.kinds)]
}

// misbehave lets a request go wrong.
func (t *trouble) misbehave(kind string, w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return
	}
	serve := func(w http.ResponseWriter) {
		again := r.Clone(r.Context())
		again.Body = io.NopCloser(bytes.NewReader(body))
		t.service.ServeHTTP(w, again)
	}
	answer := httptest.NewRecorder()
	switch kind {
	case "500":
		refusal(500, "Something is broken.").write(w) // nothing was done
		return
	case "503":
		refusal(503, "Too much to do.").write(w)
		return
	case "before": // the connection breaks before anything is done
		panic(http.ErrAbortHandler)
	case "none":
		serve(w)
		return
	case "duplicate": // a proxy on the way sends the request twice
		serve(httptest.NewRecorder())
	}
	serve(answer) // the work is done; what is told is another matter
	switch kind {
	case "lost":
		panic(http.ErrAbortHandler)
	case "slow":
		select {
		case <-r.Context().Done():
		case <-time.After(time.Minute):
		}
	case "wrong-types":
		pass(w, answer, regexp.MustCompile(`"(acc|key|mw)_[A-Z2-7]+"`).ReplaceAll(answer.Body.Bytes(), []byte("7")))
	case "truncated":
		w.Header().Set("Content-Length", "1000")
		pass(w, answer, answer.Body.Bytes()[:answer.Body.Len()/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	case "huge":
		pass(w, answer, []byte(`{"account": {"id": "`+strings.Repeat("x", 2<<20)+`"}}`))
	case "page":
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>Please log in.</html>")
	case "redirect":
		http.Redirect(w, r, "http://127.0.0.1:1/v2/elsewhere", http.StatusTemporaryRedirect)
	default:
		pass(w, answer, answer.Body.Bytes())
	}
}

// pass tells what the service has answered, with another body.
func pass(w http.ResponseWriter, answer *httptest.ResponseRecorder, body []byte) {
	for name, lines := range answer.Header() {
		w.Header()[name] = lines
	}
	w.WriteHeader(answer.Code)
	_, _ = w.Write(body) // who has hung up reads nothing
}
