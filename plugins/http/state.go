package http

import (
	"encoding/json"
	"errors"
	"time"

	"github.com/addongw/addongw/plugins/backend"
)

// kept is what the gateway keeps between calls. It is shown to operators.
type kept struct {
	// Pending is work that goes on at the API: a later attempt asks for it, and
	// does not order anew.
	Pending *pending `json:"pending,omitempty"`

	// Ordered is when a request that makes something was last sent whose outcome
	// is not known.
	Ordered *time.Time `json:"ordered,omitempty"`

	// Accepted: the last order was answered with success, whatever came of it then.
	Accepted bool `json:"accepted,omitempty"`

	// Unmade is the last attempt of an order of which, and of all before it, it is
	// known that they have made nothing.
	Unmade *attempt `json:"unmade,omitempty"`

	// Ended is what the API said last of work that it had accepted, where that was
	// not that it is done.
	Ended ending `json:"ended,omitempty"`

	// Foreign: what was ordered exists and is not ours, so it must be left alone.
	Foreign bool `json:"foreign,omitempty"`

	// Rotation is between a stage and its end, whatever else happens meanwhile.
	Rotation *rotation `json:"rotation,omitempty"`
}

// attempt is one call of an operation.
type attempt struct {
	OperationID string `json:"operation_id"`
	Number      int    `json:"number"`
}

// ending is how work ended that was accepted and not done.
type ending string

const (
	endedFailed    ending = "failed"
	endedForgotten ending = "forgotten" // it may have been done
	endedUntold    ending = "untold"    // nobody can tell where to ask for it
	endedUnread    ending = "unread"    // it is done, and its result is not there
)

// mayHaveMade reports whether an attempt before this one may have made what is
// ordered.
func (k kept) mayHaveMade(op backend.Op) bool {
	last := attempt{OperationID: op.OperationID, Number: op.Attempt - 1}
	return k.Ordered != nil || op.Attempt > 1 && (k.Unmade == nil || *k.Unmade != last)
}

// pending is where the work of an operation is asked for.
type pending struct {
	Verb        backend.Verb `json:"verb"`
	Action      string       `json:"action,omitempty"`
	OperationID string       `json:"operation_id"`
	URL         string       `json:"url"`
}

func openState(text json.RawMessage) (kept, error) {
	var k kept
	if len(text) == 0 || string(text) == "null" {
		return k, nil
	}
	if err := json.Unmarshal(text, &k); err != nil {
		return k, errors.New("the recorded state was not written by this plugin")
	}
	return k, nil
}

func (k kept) sealed() json.RawMessage {
	text, err := json.Marshal(k)
	if err != nil {
		return nil // there is no such state
	}
	return text
}

// isFor reports whether it is the same operation, so that a new attempt has to
// go on instead of beginning again.
func (p *pending) isFor(c *call) bool {
	return p != nil && p.OperationID != "" && p.Verb == c.verb && p.Action == c.block.action && p.OperationID == c.op.OperationID
}

// unsettled is how long an order without an answer may still be carried out.
func (k kept) unsettled(settle time.Duration) time.Duration {
	if k.Ordered == nil {
		return 0
	}
	return min(time.Until(k.Ordered.Add(settle)), settle)
}
