package conformance

import (
	"bytes"
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
	base  string   // path of base_url
	host  string   // of base_url
	count int      // how many were made
	ids   []string // made, and not known to be gone
	loose []string // why there may be more, which nobody can remove
}

func newLedger(p Provider) *ledger {
	u, err := url.Parse(p.BaseURL)
	if err != nil {
		return &ledger{}
	}
	return &ledger{base: strings.TrimRight(u.EscapedPath(), "/"), host: u.Host}
}

// note looks for resources that came or went. Any answer to an order that
// succeeds made one, whether the order should have succeeded or not.
func (l *ledger) note(call Call) {
	id, below := l.target(call.Request.URL)
	switch {
	case !below:
	case call.Request.Method == http.MethodPost && id == "" && call.Err != nil:
		if !errors.Is(call.Err, errNotSent) && !closedEarly(call.Request.Body, call.Err) {
			l.loose = append(l.loose, "an order had no answer and may have made a resource")
		}
	case call.Request.Method == http.MethodPost && id == "" && call.Answer.Succeeded():
		l.made(call)
	case call.Request.Method == http.MethodDelete && call.Answer.Succeeded():
		l.ids = slices.DeleteFunc(l.ids, func(other string) bool { return other == id })
	}
}

func (l *ledger) made(call Call) {
	switch id := AnsweredID(call.Answer); {
	case id == "":
		l.loose = append(l.loose, fmt.Sprintf("an order was answered with %d and no id", call.Answer.Status))
	case !slices.Contains(l.ids, id):
		l.count++
		l.ids = append(l.ids, id)
	}
}

// target finds the resource that an address is about; below is false for any
// address that is not under base_url.
func (l *ledger) target(address string) (id string, below bool) {
	u, err := url.Parse(address)
	if err != nil || u.Host != l.host {
		return "", false
	}
	rest, ok := strings.CutPrefix(u.EscapedPath(), l.base)
	rest = strings.Trim(rest, "/")
	if !ok || strings.Contains(rest, "/") {
		return "", false
	}
	id, err = url.PathUnescape(rest)
	return id, err == nil
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
		for _, id := range r.ledger.ids {
			left = append(left, Left{ID: id, Reason: "kept"})
		}
		return left
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
	defer cancel()
	for _, id := range r.ledger.ids {
		problem := r.remove(ctx, id)
		if problem != "" {
			problem = r.remove(ctx, id)
		}
		if problem != "" {
			left = append(left, Left{ID: id, Reason: problem})
		}
	}
	return left
}

// remove returns why a resource is still there; empty: it is not.
func (r *run) remove(ctx context.Context, id string) string {
	request := r.client.Deprovision(id)
	call, err := r.sender.Send(ctx, request)
	switch {
	case err != nil:
		return err.Error()
	case call.Answer.Succeeded(), call.Answer.Status == http.StatusNotFound, call.Answer.Status == http.StatusGone:
		return ""
	default:
		return fmt.Sprintf("its removal was answered with %d", call.Answer.Status)
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
