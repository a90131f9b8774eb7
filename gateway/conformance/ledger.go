package conformance

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/addongw/addongw/spec"
)

// ledger knows what a run has made.
type ledger struct {
	provider    Provider
	collections []Collection
	base        string   // path of base_url
	host        string   // of base_url
	count       int      // how many were made
	things      []thing  // made, and not known to be gone
	leaving     []thing  // slow ones whose removal was answered since the last check
	loose       []string // why there may be more, which nobody can remove
}

// thing is something that a run has made.
type thing struct {
	in   Collection
	id   string
	held bool // to be used by further checks
}

// name is how a report calls it.
func (t thing) name() string { return strings.TrimPrefix(t.in.Path+"/"+t.id, "/") }

func (t thing) is(collection, id string) bool { return t.in.Path == collection && t.id == id }

func newLedger(p Provider, collections []Collection) *ledger {
	u, err := url.Parse(p.BaseURL)
	if err != nil {
		return &ledger{}
	}
	return &ledger{provider: p, collections: collections, base: strings.TrimRight(u.EscapedPath(), "/"), host: u.Host}
}

// note looks for things that came or went. Any answer to an order that
// succeeds made one, whether the order should have succeeded or not. A removal in
// somebody else's name is not believed.
func (l *ledger) note(call Call) {
	in, id, below := l.target(call.Request.URL)
	switch {
	case !below:
	case call.Request.Method == http.MethodPost && id == "" && call.Err != nil:
		if !errors.Is(call.Err, errNotSent) && !closedEarly(call.Request.Body, call.Err) {
			l.loose = append(l.loose, "an order had no answer and may have made a "+in.Thing)
		}
	case call.Request.Method == http.MethodPost && id == "" && call.Answer.Succeeded():
		l.made(in, call)
	case call.Request.Method == http.MethodDelete && call.Answer.Succeeded() && l.provider.signed(call.Request):
		l.removed(in, id)
	}
}

func (l *ledger) removed(in Collection, id string) {
	was := len(l.things)
	l.things = slices.DeleteFunc(l.things, func(t thing) bool { return t.is(in.Path, id) })
	if in.Slow && len(l.things) < was {
		l.leaving = append(l.leaving, thing{in: in, id: id})
	}
}

func (l *ledger) made(in Collection, call Call) {
	switch id := AnsweredID(call.Answer); {
	case id == "":
		l.loose = append(l.loose, fmt.Sprintf("an order was answered with %d and no id", call.Answer.Status))
	case !l.alive(in.Path, id):
		l.count++
		l.things = append(l.things, thing{in: in, id: id})
	}
}

func (l *ledger) alive(collection, id string) bool {
	return slices.ContainsFunc(l.things, func(t thing) bool { return t.is(collection, id) })
}

func (l *ledger) hold(collection, id string) {
	for i := range l.things {
		l.things[i].held = l.things[i].held || l.things[i].is(collection, id)
	}
}

// target finds the collection that an address is about, and the thing in it;
// below is false for any address that is about none.
func (l *ledger) target(address string) (in Collection, id string, below bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host != l.host {
		return in, "", false
	}
	rest, ok := strings.CutPrefix(u.EscapedPath(), l.base)
	if !ok {
		return in, "", false
	}
	for _, c := range l.collections {
		name, ok := strings.CutPrefix(strings.Trim(rest, "/"), c.Path)
		if !ok || c.Path != "" && name != "" && name[0] != '/' {
			continue
		}
		if name = strings.Trim(name, "/"); strings.Contains(name, "/") {
			return in, "", false
		}
		id, err = url.PathUnescape(name)
		return c, id, err == nil
	}
	return in, "", false
}

// unknown lists what has no id, each reason once.
func (l *ledger) unknown() (left []Left) {
	counts := map[string]int{}
	for _, why := range l.loose {
		counts[why]++
	}
	for _, why := range slices.Sorted(maps.Keys(counts)) {
		if n := counts[why]; n > 1 {
			why = fmt.Sprintf("%s (%d times)", why, n)
		}
		left = append(left, Left{Reason: why})
	}
	return left
}

// cleaning is how long removing may take in all.
const cleaning = 30 * time.Second

// cleanUp removes what the run has made and returns what is still there. An
// interruption does not stop it; time does.
func (r *run) cleanUp(ctx context.Context) []Left {
	left := r.ledger.unknown()
	if r.options.Keep {
		for _, t := range r.ledger.things {
			left = append(left, Left{ID: t.name(), Reason: "kept"})
		}
		return left
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
	defer cancel()
	for _, c := range r.ledger.collections {
		for _, t := range r.ledger.things {
			if t.in != c {
				continue
			}
			problem := r.remove(ctx, t)
			if problem != "" {
				problem = r.remove(ctx, t)
			}
			if problem != "" {
				left = append(left, Left{ID: t.name(), Reason: problem})
			}
		}
	}
	return left
}

// remove returns why something is still there; empty: it is not.
func (r *run) remove(ctx context.Context, t thing) string {
	call, err := r.sender.Send(ctx, r.removal(t))
	switch {
	case err != nil:
		return err.Error()
	case call.Answer.Succeeded(), call.Answer.Status == http.StatusNotFound, call.Answer.Status == http.StatusGone:
		return ""
	default:
		return fmt.Sprintf("its removal was answered with %d", call.Answer.Status)
	}
}

func (r *run) removal(t thing) Request {
	if r.client != nil {
		return r.client.Deprovision(t.id)
	}
	return Request{Method: http.MethodDelete, URL: r.address(t), Signed: true}
}

func (r *run) address(t thing) string {
	return r.provider.BaseURL + "/" + t.in.Path + "/" + url.PathEscape(t.id)
}

// tidying is how long a server that was removed is waited for. A provider may
// have room for few.
const tidying = time.Minute

// tidy removes what a check has made and no other needs. Servers cost something
// while they are there; add-ons stay to the end, where mistakes about them show.
func (r *run) tidy(ctx context.Context) {
	if r.servers == nil || r.options.Keep || ctx.Err() != nil {
		return
	}
	for _, t := range slices.Clone(r.ledger.things) {
		if !t.held && r.remove(ctx, t) == "" {
			r.ledger.removed(t.in, t.id)
		}
	}
	for _, t := range r.ledger.leaving {
		r.awaitEnd(ctx, t)
	}
	r.ledger.leaving = nil
}

// awaitEnd waits until something that was removed is not there any more.
func (r *run) awaitEnd(ctx context.Context, t thing) {
	ctx, cancel := context.WithTimeout(ctx, min(tidying, cmp.Or(r.options.Wait, DefaultWait)))
	defer cancel()
	reminder := r.reminder(t.id + " to go")
	for pause := 5 * time.Millisecond; ; pause = min(2*pause, time.Second) {
		reminder.Look()
		call, err := r.sender.Send(ctx, Request{Method: http.MethodGet, URL: r.address(t), Signed: true})
		if err != nil || !call.Answer.Succeeded() {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
	}
}

// AnsweredID is what a provider calls the resource that it has made: the "id" of
// its answer, also where that is a number; empty where there is none.
func AnsweredID(a spec.Answer) string {
	var body struct {
		ID any `json:"id"`
	}
	decoder := json.NewDecoder(bytes.NewReader(a.Body))
	decoder.UseNumber()
	if decoder.Decode(&body) != nil {
		return ""
	}
	switch id := body.ID.(type) {
	case string:
		return id
	case json.Number:
		return id.String()
	}
	return ""
}
