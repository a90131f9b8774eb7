package conformance

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"

	"github.com/addongw/addongw/spec"
)

// play plays an exchange and stops at the first step that goes wrong: later
// ones build on it.
func play(ctx context.Context, s *Session, e spec.Exchange, vars spec.Vars) Finding {
	for name := e.Lacks(vars); name != ""; name = e.Lacks(vars) {
		known, why := s.provide(ctx, name)
		if why != "" {
			return Finding{Blocked: why}
		}
		if _, ok := known[name]; !ok {
			return Finding{Skipped: lacking(name)}
		}
		maps.Copy(vars, known)
	}
	var promised string // the title of a step whose resource may not be there yet
	for _, step := range e.Steps {
		request, err := step.Request(vars)
		if err != nil {
			return Finding{Problems: []string{fmt.Sprintf("%s: %v", step.Title, err)}}
		}
		answers, unsettled, err := sendAll(ctx, s, request, step.Times)
		if closedEarly(request.Body, err) {
			return Finding{Blocked: step.Title + ": the connection was closed before all of the body was sent, which may be a refusal"}
		}
		if problems := judge(step, answers, err, vars); len(problems) > 0 {
			if promised != "" && refused(answers) {
				return Finding{Blocked: tooEarly(promised, step.Title, s)}
			}
			return finding(step, problems)
		}
		if unsettled {
			promised = step.Title
		}
	}
	return Finding{}
}

// closedEarly reports that a long body met a closed connection. A server may
// have answered and hung up; whether its answer is still there to be read is
// chance.
func closedEarly(body []byte, err error) bool {
	const long = 256 << 10
	return err != nil && len(body) > long && !errors.Is(err, errNotSent) && !errors.Is(err, errTooLate)
}

// refused reports that every answer is a refusal.
func refused(answers []spec.Answer) bool {
	for _, a := range answers {
		if a.Status < 400 {
			return false
		}
	}
	return len(answers) > 0
}

// tooEarly says that a refusal may only mean that a resource is not there yet.
func tooEarly(promised, title string, s *Session) string {
	why := fmt.Sprintf("%s: refused, but %s was answered 202 and is not completed", title, strings.TrimPrefix(promised, "given "))
	if s.StandIn == nil {
		why += "; --listen shows when it is"
	}
	return why
}

// sendAll sends a request so often at once. unsettled is true when an answer
// only promises what was asked for.
func sendAll(ctx context.Context, s *Session, request spec.Request, times int) (answers []spec.Answer, unsettled bool, err error) {
	answers, failures, promises := make([]spec.Answer, times), make([]error, times), make([]bool, times)
	var sending sync.WaitGroup
	for i := range times {
		sending.Go(func() {
			call, err := s.Send(ctx, Request{Method: request.Method, URL: request.URL, Header: request.Header, Body: request.Body})
			answers[i], failures[i], promises[i] = call.Answer, err, call.Unsettled
		})
	}
	sending.Wait()
	for _, err := range failures {
		if err != nil {
			return nil, false, err
		}
	}
	return answers, slices.Contains(promises, true), nil
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

		"config_vars": "no names of config vars are known; a manifest has them (--manifest)",

		"plan_options":       "the manifest gives the plan no options",
		"other_plan_options": "the manifest gives the second plan no options",
		"log_drain":          "the manifest asks for no log drain",

		"credential_fields": "the provider asks for no credentials",
		"other_credentials": "there is no second customer; give the credentials of one in ADDONGW_CREDENTIAL2_<KEY>",
		"size_elsewhere":    "every size is in the default region",
		"can_reboot":        "the metadata says that servers cannot be rebooted",
		"no_can_reboot":     "the metadata says that servers can be rebooted",
		"can_rename":        "the metadata says that servers cannot be renamed",
		"no_can_rename":     "the metadata says that servers can be renamed",
		"key_reference":     "the metadata says that keys are not registered",
		"no_key_reference":  "the metadata says that keys are registered",
		"key_mode":          "the metadata says that passwords open servers",
		"password_mode":     "the metadata says that keys open servers",
	}
	if text, ok := words[name]; ok {
		return text
	}
	return "nothing is known of the provider's " + name
}
