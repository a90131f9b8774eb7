package main

import (
	"encoding/json"
	"net/http"

	"github.com/addongw/addongw/gateway/conformance"
)

// shownExchange is the result as programs read it.
type shownExchange struct {
	Platform string       `json:"platform"`
	Verb     string       `json:"verb"`
	Request  sentMessage  `json:"request"`
	Answer   *gotMessage  `json:"answer"` // null: none came
	TookMS   int64        `json:"took_ms"`
	Repeats  *repeated    `json:"repeats,omitempty"`
	Verdict  shownVerdict `json:"verdict"`
}

type sentMessage struct {
	Method  string      `json:"method"`
	URL     string      `json:"url"`
	Headers http.Header `json:"headers"`
	Body    any         `json:"body"` // JSON where it is that, else text
}

type gotMessage struct {
	Status  int         `json:"status"`
	Headers http.Header `json:"headers"`
	Body    any         `json:"body"`
}

type repeated struct {
	Sent    int         `json:"sent"`
	Equal   bool        `json:"equal"`
	Number  int         `json:"number,omitempty"`  // of the first answer that differs
	Differs *gotMessage `json:"differs,omitempty"` // that answer
}

type shownVerdict struct {
	OK     bool   `json:"ok"`
	Reason string `json:"reason,omitempty"`
}

func (s *simulation) result(p prepared, o outcome, mask *mask) shownExchange {
	e := shownExchange{
		Platform: s.whose.Name(), Verb: s.verb, Answer: mask.answer(o.first), TookMS: o.first.Took.Milliseconds(),
		Request: sentMessage{p.request.Method, mask.Redact(p.request.URL), mask.header(p.request.Header), mask.body(p.request.Body)},
		Verdict: shownVerdict{o.wrong == "", mask.Redact(o.wrong)},
	}
	if s.repeat > 1 {
		e.Repeats = &repeated{Sent: o.sent, Equal: o.differs == nil, Number: o.number}
		if o.differs != nil {
			e.Repeats.Differs = mask.answer(*o.differs)
		}
	}
	return e
}

func (m *mask) answer(call conformance.Call) *gotMessage {
	if call.Err != nil {
		return nil
	}
	return &gotMessage{call.Answer.Status, m.header(call.Answer.Header), m.body(call.Answer.Body)}
}

func (m *mask) header(header http.Header) http.Header {
	masked := http.Header{}
	for name, values := range header {
		for _, v := range values {
			masked.Add(name, m.Redact(v))
		}
	}
	return masked
}

// body is nil for none.
func (m *mask) body(body []byte) any {
	if len(body) == 0 {
		return nil
	}
	text := m.Redact(string(body))
	if json.Valid([]byte(text)) {
		return json.RawMessage(text)
	}
	return text
}
