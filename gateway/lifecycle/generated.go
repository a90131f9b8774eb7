package lifecycle

import (
	"fmt"

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
	attributes := map[string]cty.Value{}
	if !answered.IsNull() {
		object, marks := answered.Cty().Unmark()
		if !object.IsKnown() || !(object.Type().IsObjectType() || object.Type().IsMapType()) {
			return backend.Value{}, fmt.Errorf("the backend's outputs are %s, not an object", object.Type().FriendlyName())
		}
		for name, value := range object.AsValueMap() {
			attributes[name] = value.WithMarks(marks)
		}
	}
	for name, value := range generated {
		attributes[name] = cty.StringVal(value).Mark(backend.Sensitive)
	}
	return backend.NewValue(cty.ObjectVal(attributes)), nil
}
