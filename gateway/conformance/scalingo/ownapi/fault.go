package ownapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// Fault is what the server answers instead of the truth.
type Fault struct {
	Method string // of the calls it happens to; empty: all
	Path   string // a part of their path; empty: all
	Times  int    // how often; 0: until it is cleared

	Status int               // default: 200
	Header map[string]string // besides Content-Type: application/json
	Body   string            // as it is
	After  time.Duration     // how long the answer takes, at most as long as the caller waits
	Cut    bool              // the connection ends in the middle of the body
	Act    bool              // what was asked for is done all the same
}

// TooMany is the answer of the real API to more than 60 calls a minute.
var TooMany = Fault{Status: http.StatusTooManyRequests, Header: map[string]string{"Content-Type": "text/plain"}, Body: "Rate limit exceeded\n"}

// Fail adds a fault. Of several that fit the oldest happens.
func (s *Server) Fail(f Fault) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = append(s.faults, f)
}

// Heal clears all faults.
func (s *Server) Heal() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.faults = nil
}

func (s *Server) nextFault(r *http.Request) (Fault, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i, f := range s.faults {
		if f.Method != "" && f.Method != r.Method || !strings.Contains(r.URL.Path, f.Path) {
			continue
		}
		if f.Times == 1 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		} else if f.Times > 1 {
			s.faults[i].Times--
		}
		return f, true
	}
	return Fault{}, false
}

func (f Fault) reply(r *http.Request) reply {
	if f.After > 0 {
		select {
		case <-time.After(f.After):
		case <-r.Context().Done():
		}
	}
	status := f.Status
	if status == 0 {
		status = http.StatusOK
	}
	return reply{status: status, header: f.Header, text: []byte(f.Body), cut: f.Cut}
}

// reply is an answer: body as JSON, or text as it is.
type reply struct {
	status int
	header map[string]string
	body   any
	text   []byte
	cut    bool
}

func refusal(status int, text string) reply {
	return reply{status: status, body: map[string]string{"error": text}}
}

func (a reply) write(w http.ResponseWriter) {
	text := a.text
	if a.body != nil {
		text, _ = json.Marshal(a.body) // of texts, numbers and lists: it cannot fail
	}
	w.Header().Set("Content-Type", "application/json")
	for name, value := range a.header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(text)
	if a.cut {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // net/http's own way to drop a connection
	}
}
