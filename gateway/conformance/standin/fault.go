package standin

import (
	"cmp"
	"encoding/json"
	"net/http"
	"time"
)

// Fault is what is answered instead of the truth.
type Fault struct {
	Method string // of the calls it happens to; empty: all
	Path   string // a part of their path; empty: all
	Times  int    // how often; 0: until it is cleared

	Status int               // default: 200
	Header map[string]string // besides Content-Type: application/json
	Body   string            // as it is
	After  time.Duration     // how long the answer takes, at most as long as the caller waits
	Cut    bool              // the connection ends in the middle of the body
	Done   bool              // what was asked for is done all the same
	Act    func()            // called before the answer; may be nil
}

func (f Fault) answer(r *http.Request) Answer {
	if f.Act != nil {
		f.Act()
	}
	if f.After > 0 {
		select {
		case <-time.After(f.After):
		case <-r.Context().Done():
		}
	}
	return Answer{Status: cmp.Or(f.Status, http.StatusOK), Header: f.Header, Text: []byte(f.Body), Cut: f.Cut}
}

// Answer is an answer: Body as JSON, or Text as it is.
type Answer struct {
	Status int
	Header map[string]string
	Body   any
	Text   []byte
	Cut    bool
}

// Write sends the answer.
func (a Answer) Write(w http.ResponseWriter) {
	text := a.Text
	if a.Body != nil {
		text, _ = json.Marshal(a.Body) // of texts, numbers and lists: it cannot fail
	}
	w.Header().Set("Content-Type", "application/json")
	for name, value := range a.Header {
		w.Header().Set(name, value)
	}
	w.WriteHeader(a.Status)
	_, _ = w.Write(text)
	if a.Cut {
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler) // net/http's own way to drop a connection
	}
}
