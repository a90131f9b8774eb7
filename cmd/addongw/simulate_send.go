package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"time"

	"github.com/addongw/addongw/gateway/conformance"
)

// outcome is what came of a request that was sent once or more.
type outcome struct {
	first   conformance.Call
	sent    int
	wrong   string            // why the platform takes an answer for a failure; empty: it takes all
	differs *conformance.Call // the first answer that is not as the first
	number  int               // of that one, or of the wrong one
}

// send sends the request as often as is wanted, remembers what comes of it, and
// shows it.
func (s *simulation) send(ctx context.Context, p prepared) error {
	sender := conformance.NewSender(s.provider, s.timeout)
	defer sender.Close()
	mask := s.mask(p)
	var o outcome
	for o.sent < s.repeat {
		call, err := sender.Send(ctx, p.request)
		if ctx.Err() != nil {
			return s.interrupted(p, ctx.Err())
		}
		o.sent++
		mask.learn(call)
		if o.sent == 1 {
			o.first = call
		} else if o.differs == nil && !sameAnswer(o.first, call) {
			o.differs, o.number = &call, o.sent
		}
		if wrong := s.judge(p, call, mask); wrong != "" && o.wrong == "" {
			o.wrong = wrong
			if o.sent > 1 {
				o.wrong = fmt.Sprintf("answer %d: %s", o.sent, wrong)
			}
		}
		if err := s.keep(p, call); err != nil {
			return err
		}
		if err != nil {
			break // whoever does not answer once is not asked a thousand times
		}
	}
	return s.report(p, o, mask)
}

// interrupted ends a call that nobody waits for any more.
func (s *simulation) interrupted(p prepared, err error) error {
	hint := ""
	if s.makes() {
		hint = s.again(p)
	}
	return &exitError{code: exitInterrupted, err: fmt.Errorf("interrupted while the provider was asked: %w", err), hint: hint}
}

// again says how to find out what came of an order without an answer.
func (s *simulation) again(p prepared) string {
	if s.kind != "" {
		return fmt.Sprintf("The %s may have been made all the same, and is not remembered here; look for it where your vendor shows them.", s.kind)
	}
	return "It may have been made all the same; the same order again: --id " + shellQuote(p.about.PlatformID)
}

// judge says why the platform takes a call for a failure; empty: it does not.
func (s *simulation) judge(p prepared, call conformance.Call, mask *mask) string {
	if call.Err != nil {
		return call.Err.Error()
	}
	wrong := s.misses(p, call)
	if said := mask.sentence(call.Answer.Body); wrong != "" && said != "" {
		wrong += ": " + said
	}
	return wrong
}

// misses says what an answer lacks that the platform needs.
func (s *simulation) misses(p prepared, call conformance.Call) string {
	if ok, want := conformance.Taken(s.whose, p.group, call.Answer.Status); !ok {
		return fmt.Sprintf("status is %d; %s takes %s", call.Answer.Status, s.whose.Title(), want)
	}
	if s.makes() && conformance.AnsweredID(call.Answer) == "" {
		return `the answer has no "id"`
	}
	return ""
}

// keep remembers what a call has changed. What was made is remembered although
// the platform might not take the answer: it must be removed all the same.
func (s *simulation) keep(p prepared, call conformance.Call) error {
	succeeded := call.Err == nil && call.Answer.Status/100 == 2
	r := p.about
	switch {
	case s.makes() && succeeded:
		if r.ID = conformance.AnsweredID(call.Answer); r.ID == "" {
			return nil
		}
		r.MadeAt = time.Now().UTC().Truncate(time.Second)
		return s.memory.remember(r)
	case s.verb == doChangePlan && succeeded && r.Known():
		r.Plan = s.plan
		return s.memory.remember(r)
	case s.removes() && r.Known() && (succeeded || gone(call.Answer.Status)):
		return s.memory.forget(r)
	}
	return nil
}

// makes reports whether the verb makes something that is remembered, and
// removes whether it ends that.
func (s *simulation) makes() bool   { return s.verb == doProvision || makesOf(s.verb) }
func (s *simulation) removes() bool { return s.verb == doDeprovision || removesOf(s.verb) }

// Known tells what is remembered from what only somebody has named.
func (r made) Known() bool { return !r.MadeAt.IsZero() }

// gone reports whether a provider says that it has no such resource.
func gone(status int) bool { return status == http.StatusNotFound || status == http.StatusGone }

// sameAnswer compares answers as a platform does: status and body. Where a
// sign-on leads to differs each time.
func sameAnswer(a, b conformance.Call) bool {
	if a.Answer.Status != b.Answer.Status || (a.Err == nil) != (b.Err == nil) {
		return false
	}
	if a.Answer.Status/100 == 3 {
		return true
	}
	var x, y any
	if json.Unmarshal(a.Answer.Body, &x) == nil && json.Unmarshal(b.Answer.Body, &y) == nil {
		return reflect.DeepEqual(x, y)
	}
	return bytes.Equal(a.Answer.Body, b.Answer.Body)
}

// report shows what came of the request, and fails where the platform would
// take it for a failure.
func (s *simulation) report(p prepared, o outcome, mask *mask) error {
	if s.format == "json" {
		if err := s.printJSON(envelope{"simulate", s.result(p, o, mask)}); err != nil {
			return failed(err)
		}
	} else {
		s.print(p, o, mask)
	}
	if o.wrong != "" {
		return &exitError{code: exitFailed}
	}
	return nil
}
