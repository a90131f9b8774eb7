package conformance

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"

	"github.com/addongw/addongw/spec"
)

// play plays an exchange and stops at the first step that goes wrong: later
// ones build on it.
func play(ctx context.Context, s *Session, e spec.Exchange, vars spec.Vars) Finding {
	if name := e.Lacks(vars); name != "" {
		return Finding{Skipped: lacking(name)}
	}
	for _, step := range e.Steps {
		request, err := step.Request(vars)
		if err != nil {
			return Finding{Problems: []string{fmt.Sprintf("%s: %v", step.Title, err)}}
		}
		answers, err := sendAll(ctx, s, request, step.Times)
		if closedEarly(request, err) {
			return Finding{Blocked: step.Title + ": the connection was closed before all of the body was sent, which may be a refusal"}
		}
		if problems := judge(step, answers, err, vars); len(problems) > 0 {
			return finding(step, problems)
		}
	}
	return Finding{}
}

// closedEarly reports that a long body met a closed connection. A server may
// have answered and hung up; whether its answer is still there to be read is
// chance.
func closedEarly(r spec.Request, err error) bool {
	const long = 256 << 10
	return err != nil && len(r.Body) > long && !errors.Is(err, errNotSent) && !errors.Is(err, errTooLate)
}

func sendAll(ctx context.Context, s *Session, request spec.Request, times int) ([]spec.Answer, error) {
	answers, failures := make([]spec.Answer, times), make([]error, times)
	var sending sync.WaitGroup
	for i := range times {
		sending.Go(func() {
			call, err := s.Send(ctx, Request{Method: request.Method, URL: request.URL, Header: request.Header, Body: request.Body})
			answers[i], failures[i] = call.Answer, err
		})
	}
	sending.Wait()
	for _, err := range failures {
		if err != nil {
			return nil, err
		}
	}
	return answers, nil
}

func judge(step spec.Step, answers []spec.Answer, err error, vars spec.Vars) []string {
	switch {
	case err != nil:
		return []string{err.Error()}
	case step.Given:
		return step.Take(answers[0], vars)
	case len(answers) > 1:
		return step.CheckAll(answers, vars)
	default:
		return step.Check(answers[0], vars)
	}
}

// finding tells a broken rule from a rule that could not be tried.
func finding(step spec.Step, problems []string) Finding {
	if step.Given {
		return Finding{Blocked: fmt.Sprintf("%s: %s", step.Title, problems[0])}
	}
	if strings.HasPrefix(problems[0], "status is ") {
		problems = problems[:1] // the rest of another answer is beside the point
	}
	for i := range problems {
		problems[i] = step.Title + ": " + problems[i]
	}
	return Finding{Problems: problems}
}

// lacking says what must be given so that an exchange applies.
func lacking(name string) string {
	words := map[string]string{
		"plan":       "no plan is known; name one with --plan",
		"other_plan": "it takes two plans: --plan FIRST,SECOND",
		"sso_url":    "there is no address for sign-ons",
		"sso_salt":   "there is no salt for sign-ons",
		"region":     "no region is known; name one with --region",
	}
	if text, ok := words[name]; ok {
		return text
	}
	return "nothing is known of the provider's " + name
}
