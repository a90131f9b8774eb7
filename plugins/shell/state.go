package shell

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/addongw/addongw/plugins/backend"
)

// maxState is what the gateway keeps.
const maxState = 64 * 1024

// kept is what the gateway keeps between calls: the script's own state, which
// operation's work goes on in the background, and what must be left alone.
type kept struct {
	State   json.RawMessage `json:"state,omitempty"`
	Pending *pending        `json:"pending,omitempty"`
	Foreign bool            `json:"foreign,omitempty"` // what makes the resource found something that is not ours: what removes it must not touch it
}

// pending is a verb or an action that answered "pending".
type pending struct {
	Verb        backend.Verb        `json:"verb"`
	Action      string              `json:"action,omitempty"`
	Phase       backend.RotatePhase `json:"phase,omitempty"`
	OperationID string              `json:"operation_id"`
}

// isFor reports whether it is the same operation, so that a new attempt has to
// go on instead of beginning again.
func (p *pending) isFor(c call) bool {
	return p != nil && p.Verb == c.verb && p.Action == c.action && p.Phase == c.phase && p.OperationID == c.op.OperationID
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

// sealState writes what the gateway is to keep. It refuses a state that holds
// a secret, because states are shown to operators.
func sealState(k kept, secrets masker) (json.RawMessage, error) {
	if string(k.State) == "null" {
		k.State = nil
	}
	var text bytes.Buffer
	to := json.NewEncoder(&text)
	to.SetEscapeHTML(false)
	if err := to.Encode(k); err != nil {
		return nil, fmt.Errorf("encode the state: %w", err)
	}
	if text.Len() > maxState {
		return nil, fmt.Errorf("the state is larger than %d bytes", maxState)
	}
	if secrets.finds(text.String()) {
		return nil, errors.New("the state holds a secret; keep a reference to it instead")
	}
	return bytes.TrimSpace(text.Bytes()), nil
}
