package lifecycle

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

// What backends say of servers and keys are the outputs of their actions: plain
// objects, of which the engine knows these members.
const (
	saidRef      = "ref"
	saidStatus   = "status"
	saidExternal = "external_ip"
	saidInternal = "internal_ip"
	saidPassword = "password"
)

// valueOf turns JSON values into what a backend is told.
func valueOf(values map[string]any) (backend.Value, error) {
	text, err := json.Marshal(values)
	if err != nil {
		return backend.Value{}, fmt.Errorf("encode arguments: %w", err)
	}
	if values == nil {
		text = []byte("{}")
	}
	var value ctyjson.SimpleJSONValue
	if err := json.Unmarshal(text, &value); err != nil {
		return backend.Value{}, fmt.Errorf("encode arguments: %w", err)
	}
	return backend.NewValue(value.Value), nil
}

// jsonOf is what a backend said, without marks.
func jsonOf(outputs backend.Value) (json.RawMessage, error) {
	if outputs.IsNull() {
		return json.RawMessage("{}"), nil
	}
	bare, _ := outputs.Cty().UnmarkDeep()
	if !bare.IsWhollyKnown() || !(bare.Type().IsObjectType() || bare.Type().IsMapType()) {
		return nil, fmt.Errorf("the outputs are %s, not an object", bare.Type().FriendlyName())
	}
	text, err := ctyjson.Marshal(bare, bare.Type())
	if err != nil {
		return nil, fmt.Errorf("encode outputs: %w", err)
	}
	return text, nil
}

// withRef adds the backend's own id to arguments: null for what was never made.
func withRef(args, outputs backend.Value, resourceID string) (backend.Value, error) {
	attributes, err := attributesOf(args)
	if err != nil {
		return args, err
	}
	attributes[saidRef] = cty.NullVal(cty.String)
	if !outputs.IsNull() {
		ref, err := refOf(outputs, resourceID)
		if err != nil {
			return args, err
		}
		attributes[saidRef] = cty.StringVal(ref)
	}
	return backend.NewValue(cty.ObjectVal(attributes)), nil
}

// refOf is the backend's own id of what it made, or ours where it has none.
func refOf(outputs backend.Value, resourceID string) (string, error) {
	attributes, err := attributesOf(outputs)
	if err != nil {
		return "", err
	}
	if ref := textIn(attributes, saidRef); ref != "" {
		return ref, nil
	}
	return resourceID, nil
}

// textIn returns a text among attributes; empty where there is none.
func textIn(attributes map[string]cty.Value, name string) string {
	value, ok := attributes[name]
	if !ok {
		return ""
	}
	bare, _ := value.Unmark()
	if !bare.IsKnown() || bare.IsNull() || bare.Type() != cty.String {
		return ""
	}
	return bare.AsString()
}

// withSaid returns recorded outputs with what an action said now in their place.
// What it did not say, or said was null, stays; a password is sensitive.
func withSaid(recorded, said backend.Value) (merged backend.Value, changed bool, err error) {
	attributes, err := attributesOf(recorded)
	if err != nil {
		return recorded, false, err
	}
	fresh, err := attributesOf(said)
	if err != nil {
		return recorded, false, err
	}
	before := maps.Clone(attributes)
	for _, name := range []string{saidRef, saidStatus, saidExternal, saidInternal, saidPassword} {
		text := textIn(fresh, name)
		if text == "" {
			continue
		}
		attributes[name] = cty.StringVal(text)
		if name == saidPassword {
			attributes[name] = attributes[name].Mark(backend.Sensitive)
		}
	}
	changed = !maps.EqualFunc(before, attributes, func(a, b cty.Value) bool { return a.RawEquals(b) })
	return backend.NewValue(cty.ObjectVal(attributes)), changed, nil
}

// KnownServer returns what is known of a server, for operators: whose it is does
// not matter to them.
func (e *Engine) KnownServer(ctx context.Context, id string) (gateway.Server, error) {
	found, err := e.store.ResourceRecord(ctx, id)
	if err != nil {
		return gateway.Server{}, unreadable(err)
	}
	live, err := e.store.LiveOperations(ctx, id)
	if err != nil {
		return gateway.Server{}, unreadable(err)
	}
	return e.server(found, live)
}

// server is what is known of a server: its row, what was said, what goes on.
func (e *Engine) server(r ResourceRecord, live []OperationRecord) (gateway.Server, error) {
	facts, err := e.facts(r)
	if err != nil {
		return gateway.Server{}, unreadable(err)
	}
	s := gateway.Server{Resource: facts, Ref: r.ID}
	outputs, err := e.vault.outputs(r)
	if err != nil {
		return s, unreadable(err)
	}
	attributes, err := attributesOf(outputs)
	if err != nil {
		return s, unreadable(err)
	}
	if ref := textIn(attributes, saidRef); ref != "" {
		s.Ref = ref
	}
	s.Status, s.ExternalIP, s.InternalIP = textIn(attributes, saidStatus), textIn(attributes, saidExternal), textIn(attributes, saidInternal)
	if password := textIn(attributes, saidPassword); password != "" {
		s.Password = secret.New(password)
	}
	s.LookedAt = e.looks.at(r.ID)
	if i := slices.IndexFunc(live, func(op OperationRecord) bool { return op.Lane == laneOf(r.ID) && op.Action != "" }); i >= 0 {
		s.Doing, s.Begun = live[i].Action, live[i].Attempt > 0
	}
	return s, nil
}
