package platformtest

import (
	"bytes"
	"errors"
	"net/http"
	"slices"
	"sync"
	"testing"

	"github.com/addongw/addongw/spec"
)

// Replay plays every exchange of a platform against a provider, whose
// addresses and credentials are in vars. Every step must pass: a dialect of
// ours does what our files say, whatever their level. An exchange that needs
// something vars lacks fails too. Abilities that a provider lacks on purpose
// are left out by name.
func Replay(t *testing.T, platform string, vars spec.Vars, without ...string) {
	exchanges, err := spec.Exchanges(platform)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range exchanges {
		if e.Level == spec.May && slices.Contains(without, e.Name) {
			continue
		}
		t.Run(e.Name, func(t *testing.T) { play(t, e, vars.Clone()) })
	}
}

// play stops at the first step that goes wrong: later ones build on it.
func play(t *testing.T, e spec.Exchange, vars spec.Vars) {
	for _, step := range e.Steps {
		request, err := step.Request(vars)
		var missing *spec.MissingError
		if errors.As(err, &missing) {
			t.Fatalf("%s (line %d): the test gives no %s", step.Title, step.Line, missing.Name)
		}
		if err != nil {
			t.Fatalf("%s (line %d): %v", step.Title, step.Line, err)
		}
		answers := make([]spec.Answer, step.Times)
		var sending sync.WaitGroup
		for i := range answers {
			sending.Go(func() { answers[i] = perform(t, request) })
		}
		sending.Wait()
		if t.Failed() {
			return
		}
		problems := judge(step, answers, vars)
		for _, problem := range problems {
			t.Errorf("%s\n%s (line %d): %s", e.Title, step.Title, step.Line, problem)
		}
		if len(problems) > 0 {
			return
		}
	}
}

// judge is as strict with steps that only prepare as with any other.
func judge(step spec.Step, answers []spec.Answer, vars spec.Vars) []string {
	if len(answers) > 1 {
		return step.CheckAll(answers, vars)
	}
	return step.Check(answers[0], vars)
}

// perform may run beside others, so it does not end the test.
func perform(t *testing.T, request spec.Request) spec.Answer {
	r, err := http.NewRequestWithContext(t.Context(), request.Method, request.URL, bytes.NewReader(request.Body))
	if err != nil {
		t.Errorf("make request: %v", err)
		return spec.Answer{}
	}
	r.Header = request.Header.Clone()
	got, err := try(r)
	if err != nil {
		t.Errorf("%s %s: %v", request.Method, request.URL, err)
	}
	return spec.Answer{Status: got.status, Header: got.header, Body: []byte(got.body)}
}
