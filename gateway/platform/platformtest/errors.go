package platformtest

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/addongw/addongw/gateway"
)

// canary is text that must never reach a platform.
const canary = "canary-7f1d4c"

func (s Subject) everyKindHasAStatus(t *testing.T) {
	for _, kind := range gateway.Kinds() {
		if status := s.Statuses[kind]; status < 400 || status > 599 {
			t.Errorf("%s has status %d", kind, status)
		}
	}
	if len(s.Statuses) != len(gateway.Kinds()) {
		t.Errorf("the table has %d statuses for %d kinds", len(s.Statuses), len(gateway.Kinds()))
	}
}

func (s Subject) everyKindReachesThePlatform(t *testing.T) {
	for _, kind := range gateway.Kinds() {
		failing := &Failing{Fail: func() error {
			return &gateway.Error{Kind: kind, Message: "A sentence for the customer.", Cause: errors.New(canary), RetryAfter: 1500 * time.Millisecond}
		}}
		url := s.serve(t, failing)
		for _, call := range s.calls() {
			a := s.send(t, url, call, s.basic())
			if a.status != s.Statuses[kind] {
				t.Errorf("%s %s: %s gives status %d, the table says %d", call.Method, call.Path, kind, a.status, s.Statuses[kind])
			}
			if !strings.Contains(a.body, "A sentence for the customer.") {
				t.Errorf("%s %s: %s gives %q, without the sentence", call.Method, call.Path, kind, a.body)
			}
			if got := a.header.Get("Retry-After"); got != "2" {
				t.Errorf("%s %s: %s gives Retry-After %q, want whole seconds, rounded up", call.Method, call.Path, kind, got)
			}
			a.checkError(t, fmt.Sprintf("%s %s: %s", call.Method, call.Path, kind))
		}
	}
}

func (s Subject) causesStayWithUs(t *testing.T) {
	url := s.serve(t, &Failing{Fail: func() error { return fmt.Errorf("dial %s: refused", canary) }})
	for _, call := range s.calls() {
		a := s.send(t, url, call, s.basic())
		if a.status != s.Statuses[gateway.Internal] {
			t.Errorf("%s %s: an unclassified error gives status %d", call.Method, call.Path, a.status)
		}
		a.checkError(t, call.Method+" "+call.Path)
	}
}

func (s Subject) panicBecomesInternal(t *testing.T) {
	url := s.serve(t, &Failing{Fail: func() error { panic(canary) }})
	for _, call := range s.calls() {
		a := s.send(t, url, call, s.basic())
		if a.status != s.Statuses[gateway.Internal] {
			t.Errorf("%s %s: a panic gives status %d", call.Method, call.Path, a.status)
		}
		a.checkError(t, call.Method+" "+call.Path)
	}
}

// checkError judges an error's answer: JSON, not cached, and nothing in it
// that is ours to keep.
func (a answer) checkError(t *testing.T, what string) {
	t.Helper()
	if got := a.header.Get("Content-Type"); got != "application/json" {
		t.Errorf("%s: Content-Type is %q", what, got)
	}
	if got := a.header.Get("Cache-Control"); got != "no-store" {
		t.Errorf("%s: Cache-Control is %q", what, got)
	}
	var body map[string]any
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		t.Errorf("%s: the body is no JSON object: %v", what, err)
	}
	for _, leak := range []string{canary, "goroutine", ".go:"} {
		if strings.Contains(a.body, leak) || headerHolds(a.header, leak) {
			t.Errorf("%s: the answer holds %q", what, leak)
		}
	}
}

func headerHolds(h http.Header, text string) bool {
	for _, values := range h {
		if strings.Contains(strings.Join(values, "\n"), text) {
			return true
		}
	}
	return false
}
