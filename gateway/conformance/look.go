package conformance

import (
	"context"
	"fmt"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/addongw/addongw/spec"
)

// internals are signs that an answer tells strangers how a provider is made.
var internals = []struct {
	what    string
	pattern *regexp.Regexp
}{
	{"a stack trace", regexp.MustCompile(`goroutine \d+ \[|Traceback \(most recent call last\)|Exception in thread|(?m)^\s+at \S+ ?\(.*:\d+\)|\.(go|py|rb|js|ts|php|java|scala|ex):\d+`)},
	{"a panic", regexp.MustCompile(`panic: |runtime error: `)},
	{"a path on the server", regexp.MustCompile(`/(home|root|usr|var|opt|srv|app|etc)/[\w.-]+/`)},
	{"a database's error", regexp.MustCompile(`SQLSTATE|syntax error at or near|pq: |ER_[A-Z_]{5,}|sqlite3?[.:_]|(?i)duplicate key value|violates .* constraint`)},
	{"a query", regexp.MustCompile(`(?i)\b(select\s.+\sfrom|insert\s+into|update\s\S+\sset|delete\s+from)\s`)},
	{"an address inside", regexp.MustCompile(`\b(127\.0\.0\.1|10\.\d+\.\d+\.\d+|192\.168\.\d+\.\d+|localhost):\d+|dial tcp|ECONNREFUSED`)},
	{"the name of a class", regexp.MustCompile(`\b(java|scala|org|com)\.[a-z]+(\.[a-z]+)*\.[A-Z]\w+(Exception|Error)\b|\*errors\.errorString`)},
}

// Leaks is the check that no error of the whole run tells internals. It never
// quotes what it found.
func Leaks(id string) Check {
	return Check{
		Head: Head{
			ID: id, Group: Answers, Title: "Errors tell nothing about the provider's insides", Level: spec.Should, Source: "addongw",
			Platform: "The platform shows errors to its customers, and keeps them in logs that others read.",
		},
		Last: true,
		Run: func(_ context.Context, s *Session) Finding {
			var f Finding
			for _, call := range s.Calls() {
				found := leaks(call)
				if len(found) == 0 {
					continue
				}
				problem := fmt.Sprintf("%s: the answer %d holds %s", s.shape(call), call.Answer.Status, strings.Join(found, ", "))
				if !slices.Contains(f.Problems, problem) && len(f.Problems) < 5 {
					f.Problems = append(f.Problems, problem)
				}
			}
			return f
		},
	}
}

func leaks(call Call) (found []string) {
	if call.Answer.Status < 400 {
		return nil
	}
	// An error page may repeat the address that was asked for.
	text := strings.ReplaceAll(string(call.Answer.Body), path(call.Request.URL), "")
	for _, internal := range internals {
		if internal.pattern.MatchString(text) {
			found = append(found, internal.what)
		}
	}
	return found
}

// shape is what a call was, without the resource.
func (s *Session) shape(call Call) string {
	at := path(call.Request.URL)
	if base := path(s.Provider.BaseURL); len(at) > len(base)+1 && strings.HasPrefix(at, base+"/") {
		at = base + "/…"
	}
	return call.Request.Method + " " + at
}

func path(address string) string {
	u, err := url.Parse(address)
	if err != nil {
		return ""
	}
	return u.EscapedPath()
}

// Patience is the check that every answer of the whole run came in time.
func Patience(id string, limit time.Duration, consequence string) Check {
	return Check{
		Head: Head{
			ID: id, Group: Answers, Level: spec.Should, Source: "addongw", Platform: consequence,
			Title: fmt.Sprintf("Every answer comes within %.0f seconds", limit.Seconds()),
		},
		Last: true,
		Run: func(_ context.Context, s *Session) Finding {
			var f Finding
			slow, worst := 0, Call{}
			for _, call := range s.Calls() {
				if call.Took <= limit {
					continue
				}
				if slow++; call.Took > worst.Took {
					worst = call
				}
			}
			if slow > 0 {
				f.Problems = []string{fmt.Sprintf("%s took longer, at worst %s: %s", count(slow, "call"), Duration(worst.Took), s.shape(worst))}
			}
			return f
		},
	}
}
