package shell

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/addongw/addongw/plugins/backend"
)

// contract is the version that documents carry.
const contract = "addongw-shell/1"

// document is what a script reads on standard input: one line. The order of
// the members is part of the contract: secrets is the last one, and no text
// inside another member can look like it (a quote inside JSON text is escaped),
// so that sed alone can take a secret out.
type document struct {
	Version     string            `json:"version"`
	Verb        backend.Verb      `json:"verb"`
	OperationID string            `json:"operation_id"`
	ResourceID  string            `json:"resource_id"`
	ShortID     string            `json:"short_id"`
	Attempt     int               `json:"attempt"`
	Deadline    *time.Time        `json:"deadline"` // RFC 3339, UTC; null when there is none
	Addon       string            `json:"addon"`
	Plan        documentPlan      `json:"plan"`
	OldPlan     *documentPlan     `json:"old_plan,omitempty"` // change_plan
	Mode        string            `json:"mode,omitempty"`     // deprovision
	Reason      string            `json:"reason,omitempty"`   // suspend
	Phase       string            `json:"phase,omitempty"`    // rotate
	Pending     string            `json:"pending,omitempty"`  // read: the verb that it goes on with; an action: itself
	Action      string            `json:"action,omitempty"`   // invoke
	Args        json.RawMessage   `json:"args,omitempty"`     // invoke: an object
	Region      documentRegion    `json:"region"`
	Options     json.RawMessage   `json:"options"`
	Outputs     json.RawMessage   `json:"outputs"` // null before the first success
	State       json.RawMessage   `json:"state"`   // null at first
	Credential  map[string]string `json:"credential"`
	Secrets     map[string]string `json:"secrets"`
}

type documentPlan struct {
	ID     string          `json:"id"`
	Params json.RawMessage `json:"params"`
}

type documentRegion struct {
	ID   string          `json:"id"`
	Data json.RawMessage `json:"data"`
}

// documentOf writes what a call says, as one line.
func documentOf(c call) ([]byte, error) {
	e := encoder{}
	d := document{
		Version: contract, Verb: c.verb, OperationID: c.op.OperationID, ResourceID: c.op.ResourceID,
		ShortID: c.op.ShortID, Attempt: c.op.Attempt, Addon: c.op.Addon,
		Plan:    documentPlan{ID: c.op.Plan.ID, Params: e.object("plan.params", c.op.Plan.Params)},
		Mode:    string(c.mode),
		Reason:  c.reason,
		Phase:   string(c.phase),
		Pending: c.unfinished(),
		Action:  c.action,
		Region:  documentRegion{ID: c.op.Region.ID, Data: e.object("region.data", c.op.Region.Data)},
		Options: e.object("options", c.op.Options),
		Outputs: e.value("outputs", c.op.Outputs), State: c.state,
		Credential: orEmpty(c.op.Credential), Secrets: orEmpty(c.op.Secrets),
	}
	if c.verb == backend.VerbChangePlan {
		d.OldPlan = &documentPlan{ID: c.oldPlan.ID, Params: e.object("old_plan.params", c.oldPlan.Params)}
	}
	if c.verb == backend.VerbInvoke {
		d.Args = e.object("args", c.args)
	}
	if !c.op.Deadline.IsZero() {
		deadline := c.op.Deadline.UTC().Truncate(time.Millisecond)
		d.Deadline = &deadline
	}
	if e.err != nil {
		return nil, e.err
	}
	var line bytes.Buffer
	to := json.NewEncoder(&line) // ends with a line feed
	to.SetEscapeHTML(false)      // "&" stays "&" in a password
	if err := to.Encode(d); err != nil {
		return nil, fmt.Errorf("encode the document for the script: %w", err)
	}
	return line.Bytes(), nil
}

// encoder writes values as JSON and keeps the first error.
type encoder struct{ err error }

func (e *encoder) value(name string, v backend.Value) json.RawMessage {
	plain, _ := v.Cty().UnmarkDeep()
	text, err := ctyjson.Marshal(plain, plain.Type())
	if err != nil && e.err == nil {
		e.err = fmt.Errorf("encode %s for the script: the value has no JSON form", name)
	}
	return text
}

// object is value for what scripts like to find as an object, empty at worst.
func (e *encoder) object(name string, v backend.Value) json.RawMessage {
	if plain, _ := v.Cty().Unmark(); plain.IsKnown() && plain.IsNull() {
		v = backend.NewValue(cty.EmptyObjectVal)
	}
	return e.value(name, v)
}

func orEmpty(m map[string]string) map[string]string {
	if m == nil {
		return map[string]string{}
	}
	return m
}
