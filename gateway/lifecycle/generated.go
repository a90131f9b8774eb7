package lifecycle

import (
	"fmt"
	"maps"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/plugins/backend"
)

// generate adds what is missing to the generated outputs that a resource has.
// What is there is kept, over plan changes and repeated orders alike.
func generate(have map[string]string, wanted []gateway.Generated) map[string]string {
	all := make(map[string]string, len(wanted))
	for name, value := range have {
		all[name] = value
	}
	for _, g := range wanted {
		if _, ok := all[g.Name]; !ok {
			all[g.Name] = secret.Password(g.Length)
		}
	}
	return all
}

// mergeOutputs returns what a backend answered, with the generated outputs
// added as sensitive ones. A null answer keeps what was there before.
func mergeOutputs(before, answered backend.Value, generated map[string]string) (backend.Value, error) {
	if answered.IsNull() {
		answered = before
	}
	attributes, err := attributesOf(answered)
	if err != nil {
		return backend.Value{}, err
	}
	for name, value := range generated {
		attributes[name] = cty.StringVal(value).Mark(backend.Sensitive)
	}
	return backend.NewValue(cty.ObjectVal(attributes)), nil
}

// refreshOutputs returns recorded outputs with what a backend read in their
// place. Generated outputs are never read, so they stay.
func refreshOutputs(recorded, read backend.Value) (backend.Value, error) {
	attributes, err := attributesOf(recorded)
	if err != nil {
		return backend.Value{}, err
	}
	fresh, err := attributesOf(read)
	if err != nil {
		return backend.Value{}, err
	}
	maps.Copy(attributes, fresh)
	return backend.NewValue(cty.ObjectVal(attributes)), nil
}

// attributesOf takes outputs apart; null ones have no attributes.
func attributesOf(outputs backend.Value) (map[string]cty.Value, error) {
	attributes := map[string]cty.Value{}
	if outputs.IsNull() {
		return attributes, nil
	}
	object, marks := outputs.Cty().Unmark()
	if !object.IsKnown() || !(object.Type().IsObjectType() || object.Type().IsMapType()) {
		return nil, fmt.Errorf("the backend's outputs are %s, not an object", object.Type().FriendlyName())
	}
	for name, value := range object.AsValueMap() {
		attributes[name] = value.WithMarks(marks)
	}
	return attributes, nil
}
