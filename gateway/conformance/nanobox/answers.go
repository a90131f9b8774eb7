package nanobox

import (
	"context"
	"encoding/json"
	"fmt"
	"mime"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
)

// route is what a call was, without the thing that it was about.
func route(s *conformance.Session, call conformance.Call) string {
	base, _ := url.Parse(s.Provider.BaseURL)
	u, err := url.Parse(call.Request.URL)
	if err != nil || base == nil {
		return call.Request.Method
	}
	parts := strings.Split(strings.TrimPrefix(u.EscapedPath(), base.EscapedPath()), "/")
	if len(parts) > 2 && (parts[1] == servers || parts[1] == keys) {
		parts[2] = "…"
	}
	return call.Request.Method + " " + strings.Join(parts, "/")
}

// add adds what is not there yet.
func add(problems []string, problem string) []string {
	if slices.Contains(problems, problem) {
		return problems
	}
	return append(problems, problem)
}

// refusals looks back at everything that was not success.
func refusals(_ context.Context, s *conformance.Session) conformance.Finding {
	var problems []string
	for _, call := range s.Calls() {
		if call.Err != nil || call.Answer.Status < 400 {
			continue
		}
		if why := unreadable(call); why != "" {
			problems = add(problems, fmt.Sprintf("%s: the answer %d %s", route(s, call), call.Answer.Status, why))
		}
	}
	return finding(problems)
}

// unreadable says why the dashboard cannot show a refusal; empty: it can.
func unreadable(call conformance.Call) string {
	media, _, _ := mime.ParseMediaType(call.Answer.Header.Get("Content-Type"))
	var body map[string]any
	if json.Unmarshal(call.Answer.Body, &body) != nil || media != "application/json" {
		return "is not JSON"
	}
	list, isList := body["errors"].([]any)
	switch {
	case !isList:
		return "has no list of errors"
	case len(list) == 0:
		return "has an empty list of errors"
	case slices.ContainsFunc(list, func(v any) bool { return !isText(v) }):
		return "has errors that are not text"
	}
	return ""
}

// echoes looks for credentials in refusals. Short ones would be found by chance.
func echoes(_ context.Context, s *conformance.Session) conformance.Finding {
	const shortest = 6
	var problems []string
	for _, call := range s.Calls() {
		if call.Answer.Status < 400 {
			continue
		}
		for _, c := range append(slices.Clone(s.Provider.Credentials), s.Provider.Others...) {
			if value := c.Value.Reveal(); len(value) >= shortest && strings.Contains(string(call.Answer.Body), value) {
				problems = add(problems, fmt.Sprintf("%s: the answer %d holds the value of %s", route(s, call), call.Answer.Status, c.Key))
			}
		}
	}
	return finding(problems)
}

// within is the check that a call never took longer, answered or not.
func within(method, path string, limit time.Duration) judge {
	return slow(func(at string, _ conformance.Call) bool { return at == method+" "+path }, limit)
}

// held is the check that a call that succeeds is not held open until its work is
// done.
func held(method, path string) judge {
	return slow(func(at string, call conformance.Call) bool {
		return at == method+" "+path && call.Answer.Succeeded()
	}, atOnce)
}

func heldChanges(ctx context.Context, s *conformance.Session) conformance.Finding {
	return slow(func(at string, call conformance.Call) bool {
		return (strings.HasPrefix(at, "DELETE /servers/") || strings.HasPrefix(at, "PATCH /servers/")) && call.Answer.Succeeded()
	}, atOnce)(ctx, s)
}

func slow(meant func(at string, call conformance.Call) bool, limit time.Duration) judge {
	return func(_ context.Context, s *conformance.Session) conformance.Finding {
		var worst conformance.Call
		for _, call := range s.Calls() {
			if call.Took > limit && call.Took > worst.Took && meant(route(s, call), call) {
				worst = call
			}
		}
		if worst.Took == 0 {
			return conformance.Finding{}
		}
		return conformance.Finding{Problems: []string{
			fmt.Sprintf("%s took %s, more than %.0f seconds", route(s, worst), conformance.Duration(worst.Took), limit.Seconds()),
		}}
	}
}
