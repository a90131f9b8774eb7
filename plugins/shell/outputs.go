package shell

import (
	"encoding/json"
	"fmt"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
)

// matchOutputs checks what a script returned against what is declared and
// gives it types and marks. Text is not taken for a number nor a number for
// text: what a script quotes is a string. Errors have names, never values.
func matchOutputs(outputs []declared.Output, returned map[string]json.RawMessage) (backend.Value, error) {
	values := map[string]cty.Value{}
	for name, text := range returned {
		var v ctyjson.SimpleJSONValue
		if err := v.UnmarshalJSON(text); err != nil {
			return backend.Value{}, fmt.Errorf("output %s can't be read", quoteShort(name))
		}
		values[name] = v.Value
	}
	return declared.Schema(outputs).CheckOutputs(backend.NewValue(cty.ObjectVal(values)))
}
