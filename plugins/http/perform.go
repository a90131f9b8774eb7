package http

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// call is one life-cycle call, or one of an action, on its way.
type call struct {
	settings *settings
	client   *client
	verb     backend.Verb
	block    *block // with the expressions of this operation
	op       backend.Op
	own      scope
	kept     kept
	repeat   bool     // an earlier attempt may have sent the request
	secrets  []string // of the operation
	events   backend.Events
}

// hidden are the secrets that no message and no state may hold.
func (c *call) hidden() []string { return slices.Concat(c.secrets, c.client.hidden()) }

// makes reports whether the call makes the resource, and removes whether it
// removes it again. Of actions the name says so.
func (c *call) makes() bool {
	return makes(c.block) && (c.verb == backend.VerbProvision || c.op.OperationID != "")
}

func makes(b *block) bool {
	return b.kind.name == string(backend.VerbProvision) || strings.HasPrefix(b.action, "create_")
}

func (c *call) removes() bool {
	return c.verb == backend.VerbDeprovision || strings.HasPrefix(c.block.action, "delete_")
}

// perform sends the request of a call and, where work goes on after the answer,
// asks until it is done. Work that an earlier attempt has begun is not ordered
// anew. It returns the last answer.
func (c *call) perform(ctx context.Context) (answer, error) {
	if at := c.goesOnAt(); at != nil {
		return c.follow(ctx, at)
	}
	o, err := c.compose(c.client.base)
	if err != nil {
		return answer{}, err
	}
	o.keyName = c.settings.keyName
	c.order()
	a, err := c.client.send(ctx, o)
	if err != nil {
		return answer{}, c.unanswered(err)
	}
	if !c.block.expects(a.status) {
		return a, c.refused(a, o.where())
	}
	c.kept.Accepted = c.makes()
	if c.block.poll == nil {
		return a, nil
	}
	return c.begun(ctx, a)
}

// goesOnAt is where to ask for work that an earlier attempt has begun; nil: there
// is none, or its address is not where base_url is any more.
func (c *call) goesOnAt() *url.URL {
	if !c.kept.Pending.isFor(c) {
		return nil
	}
	at, err := elsewhere(c.client.base, c.client.base, c.kept.Pending.URL)
	if err != nil {
		return nil
	}
	return at
}

// order notes, before a request that makes something, that it may be carried out
// although no answer comes.
func (c *call) order() {
	if !c.makes() {
		return
	}
	now := time.Now().UTC()
	c.kept = kept{Ordered: &now, Rotation: c.kept.Rotation}
	c.events.Checkpoint("order", c.kept.sealed())
}

// settled takes the note back: nothing was made, this time or before.
func (c *call) settled(step string, foreign bool) {
	if !c.makes() || c.repeat {
		return
	}
	c.kept.Ordered, c.kept.Foreign = nil, foreign
	c.kept.Unmade = &attempt{OperationID: c.op.OperationID, Number: c.op.Attempt}
	c.events.Checkpoint(step, c.kept.sealed())
}

// unanswered is the error of a request without an answer. The outcome is
// unknown, unless nothing was sent.
func (c *call) unanswered(err error) error {
	var lost *unanswered
	if !errors.As(err, &lost) || !lost.sent {
		c.settled("not sent", false)
	}
	return c.wrap(err)
}

// refused is the failure that an answer stands for. A conflict is no proof that
// the name is somebody else's where our own order may have taken it.
func (c *call) refused(a answer, where string) error {
	class := c.block.classOf(a.status)
	text := fmt.Sprintf("%s answers %d", where, a.status)
	switch {
	case a.status/100 == 3:
		text += ", a redirect that is not followed"
	case a.status < 400:
		text += ", which expect does not have"
	case class == backend.Conflict && c.makes() && c.repeat:
		class, text = backend.Retryable, text+", which may be about our own order; where the answer tells what was made, put the status into expect, else write a block find"
	}
	if a.status/100 == 4 && a.status != http.StatusRequestTimeout {
		c.settled("refused", class == backend.Conflict)
	}
	f := c.failure(class, text, a)
	if class == backend.Retryable {
		f.RetryAfter = a.retryAfter(0, mostRetry)
	}
	return f
}

// failure is one with the sentences that the block takes from an answer.
func (c *call) failure(class backend.Class, text string, a answer) *backend.Failure {
	f := c.wrap(backend.Failf(class, "%s", text)).(*backend.Failure)
	if said := c.sentence("message", a); said != "" {
		f.Message += ": " + said
	}
	f.Customer = c.sentence("customer", a)
	return f
}

// sentence evaluates an attribute for people. What does not work out is left
// out: there is a failure to report.
func (c *call) sentence(name string, a answer) string {
	v, err := c.block.config.evaluate(name, c.own.with("response", a.value()))
	if err != nil || isSensitive(v) {
		return ""
	}
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() || v.Type() != cty.String {
		return ""
	}
	return clean(v.AsString(), c.hidden())
}

// begun decides from the first answer whether the work is done.
func (c *call) begun(ctx context.Context, a answer) (answer, error) {
	p, err := c.progress(a)
	if err == nil && p == workFailed { // an answer that does not tell is none
		return a, c.workFailed(a)
	}
	if err == nil && p == workDone && a.status != http.StatusAccepted {
		return c.result(ctx, a)
	}
	at, err := c.pollAddress(a)
	if err != nil {
		return a, c.untold(err)
	}
	c.remember(at)
	if !pause(ctx, c.interval(a)) {
		return a, c.goesOn(a)
	}
	return c.follow(ctx, at)
}

// untold is the failure of work that nobody can ask for: what it makes can only
// be looked for.
func (c *call) untold(why error) error {
	text := "poll: " + why.Error()
	if c.makes() {
		c.forget(endedUntold)
		if c.finder() != nil {
			return c.later(text)
		}
	}
	return c.block.fail(backend.Internal, text)
}

// later is the failure of an order that goes on, and is looked for again.
func (c *call) later(text string) error {
	f := backend.Failf(backend.Retryable, "%s: %s", c.block.name(), text)
	f.RetryAfter = time.Second
	if c.block.poll != nil {
		f.RetryAfter = max(c.block.poll.interval, time.Second)
	}
	return f
}

func (c *call) poll() object { return c.block.config.object("poll") }

// pollAddress is where the work is asked for.
func (c *call) pollAddress(a answer) (*url.URL, error) {
	own := c.own.with("response", a.value())
	switch {
	case c.poll().written("path"):
		path, err := c.poll().path(own)
		if err != nil {
			return nil, messageOf(err)
		}
		return below(c.client.base, path)
	case c.poll().written("url"):
		return c.named("url", a)
	case a.header.Get("Location") == "":
		return nil, fmt.Errorf("the answer %d has no header Location; write path or url in the block poll", a.status)
	}
	return c.address("the header Location", a.from, a.header.Get("Location"))
}

// named is the address that an attribute of the block poll gives: a path, where
// the operator wrote its beginning, and else what a server named.
func (c *call) named(name string, a answer) (*url.URL, error) {
	own := c.own.with("response", a.value())
	if parts, err := c.poll().parts(name, own); err == nil && isPath(parts) {
		path, query, err := withQuery(parts)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		at, err := below(c.client.base, path)
		if err == nil {
			at.RawQuery = query
		}
		return at, err
	}
	text, err := c.text(name, own)
	if err != nil {
		return nil, err
	}
	return c.address(name, a.from, text)
}

func (c *call) address(what string, from *url.URL, text string) (*url.URL, error) {
	at, err := elsewhere(c.client.base, from, text)
	if err != nil {
		return nil, fmt.Errorf("%s can't be followed: %w", what, err)
	}
	return at, nil
}

// text evaluates a text of the block poll.
func (c *call) text(name string, own scope) (string, error) {
	v, err := c.poll().evaluate(name, own)
	if err != nil {
		return "", err
	}
	v, _ = v.Unmark()
	if !v.IsKnown() || v.IsNull() || v.Type() != cty.String || v.AsString() == "" {
		return "", fmt.Errorf("%s is no text", name)
	}
	return v.AsString(), nil
}

// remember records where to go on after a crash, unless the address itself is a
// secret: then only this attempt goes on.
func (c *call) remember(at *url.URL) {
	if c.op.OperationID == "" {
		return
	}
	if !holdsSecret(at.String(), c.hidden()) {
		c.kept.Pending = &pending{Verb: c.verb, Action: c.block.action, OperationID: c.op.OperationID, URL: at.String()}
	}
	c.events.Checkpoint("pending", c.kept.sealed())
}

// forget is for work that is over: a repeat does not ask for it any more.
func (c *call) forget(how ending) {
	c.kept.Pending, c.kept.Ended = nil, how
	c.events.Checkpoint("over", c.kept.sealed())
}

// follow asks for the work until it is done.
func (c *call) follow(ctx context.Context, at *url.URL) (answer, error) {
	headers, err := c.headers()
	if err != nil {
		return answer{}, err
	}
	o := outgoing{method: http.MethodGet, url: at, headers: headers, timeout: c.block.timeout}
	for {
		a, err := c.client.send(ctx, o)
		if err != nil {
			return a, c.wrap(err)
		}
		if a.status/100 != 2 {
			return a, c.pollRefused(a, o.where())
		}
		switch p, err := c.progress(a); {
		case err != nil && !a.isJSON:
			return a, fmt.Errorf("%s: poll: the answer %d is no JSON: %w", c.block.name(), a.status, err)
		case err != nil:
			return a, c.block.fail(backend.Internal, "poll: "+err.Error())
		case p == workFailed:
			return a, c.workFailed(a)
		case p == workDone:
			return c.result(ctx, a)
		}
		if !pause(ctx, c.interval(a)) {
			return a, c.goesOn(a)
		}
	}
}

// pollRefused is what an answer means that is none about the work. Where there
// is nothing any more, the work is over: of a removal that is success, everything
// else is looked for or ordered anew.
func (c *call) pollRefused(a answer, where string) error {
	class := c.block.classOf(a.status)
	if class == backend.NotFound {
		c.forget(endedForgotten)
		if !c.removes() {
			class = backend.Retryable
		}
	}
	f := c.failure(class, fmt.Sprintf("poll: %s answers %d", where, a.status), a)
	if class == backend.Retryable {
		f.RetryAfter = max(a.retryAfter(0, mostRetry), c.block.poll.interval)
	}
	return f
}

func (c *call) workFailed(a answer) error {
	c.forget(endedFailed)
	return c.failure(c.block.poll.class, "the work has failed", a)
}

// progress is how far work has come that goes on at the API.
type progress int

const (
	workGoesOn progress = iota
	workDone
	workFailed
)

// progress reads an answer by the conditions of the block poll.
func (c *call) progress(a answer) (progress, error) {
	failed, err := c.isTrue("failed", a)
	if err != nil {
		return workGoesOn, err
	}
	if failed {
		return workFailed, nil
	}
	done, err := c.isTrue("done", a)
	if err != nil {
		return workGoesOn, err
	}
	if done || !c.poll().written("done") && a.status != http.StatusAccepted {
		return workDone, nil
	}
	return workGoesOn, nil
}

// isTrue evaluates a condition of the block poll; one that is not written is
// false.
func (c *call) isTrue(name string, a answer) (bool, error) {
	v, err := c.poll().evaluate(name, c.own.with("response", a.value()))
	if err != nil {
		return false, err
	}
	v, _ = v.Unmark()
	return v.IsKnown() && !v.IsNull() && v.Type() == cty.Bool && v.True(), nil
}

// result fetches what the outputs are in, where the last answer names it.
func (c *call) result(ctx context.Context, a answer) (answer, error) {
	if !c.poll().written("result") {
		return a, nil
	}
	at, err := c.named("result", a)
	if err != nil {
		return a, c.block.fail(backend.Internal, "poll: "+err.Error())
	}
	headers, err := c.headers()
	if err != nil {
		return a, err
	}
	o := outgoing{method: http.MethodGet, url: at, headers: headers, timeout: c.block.timeout}
	last, err := c.client.send(ctx, o)
	if err != nil {
		return a, c.wrap(err)
	}
	if last.status/100 != 2 {
		return last, c.resultRefused(last, o.where())
	}
	return last, nil
}

// resultRefused is the failure of work that is done, and whose result can't be
// had. An order whose result is not where it should be is looked for.
func (c *call) resultRefused(a answer, where string) error {
	class := c.block.classOf(a.status)
	switch {
	case class == backend.NotFound && c.makes() && c.finder() != nil:
		c.forget(endedUnread)
		class = backend.Internal
	case class != backend.Retryable && !(class == backend.NotFound && c.removes()):
		class = backend.Internal
	}
	f := c.failure(class, fmt.Sprintf("poll: the result, %s, answers %d", where, a.status), a)
	if class == backend.Retryable {
		f.RetryAfter = a.retryAfter(0, mostRetry)
	}
	return f
}

// interval is how long to wait before the next question.
func (c *call) interval(a answer) time.Duration {
	if told := a.retryAfter(leastPoll, mostPoll); told > 0 {
		return told
	}
	return c.block.poll.interval
}

// goesOn is the failure of work that takes longer than there is time.
func (c *call) goesOn(a answer) error {
	f := backend.Failf(backend.Retryable, "%s: the work goes on", c.block.name())
	f.RetryAfter = max(c.interval(a), time.Second)
	return f
}

// pause waits, unless ctx would end before the time is over: then there is no
// point in waiting and it reports false at once.
func pause(ctx context.Context, d time.Duration) bool {
	if deadline, ok := ctx.Deadline(); ok && time.Until(deadline) <= d {
		return false
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// messageOf is a failure as part of another one.
func messageOf(err error) error {
	if f := (*backend.Failure)(nil); errors.As(err, &f) {
		return errors.New(f.Message)
	}
	return err
}

// isFailure reports whether err is a failure of one of the classes.
func isFailure(err error, classes ...backend.Class) bool {
	var f *backend.Failure
	return errors.As(err, &f) && slices.Contains(classes, f.Class)
}
