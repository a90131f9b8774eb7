package expr

import (
	"fmt"
	"strings"
	"testing"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/addongw/addongw/plugins/backend"
)

// FuzzFunctionsShowNoSecret calls a function of the table with a secret at one
// place and a JSON list as the other arguments. Whatever comes of it, the secret is not
// in an error, nor in a result without a mark, and nothing panics or takes long.
func FuzzFunctionsShowNoSecret(f *testing.F) {
	const secret = "correcthorsebattery"
	f.Add("format", `["%s and %d", 5]`, 1)
	f.Add("regexall", `["[a-z]+"]`, 1)
	f.Add("jsondecode", `[]`, 0)
	f.Add("timeadd", `["1h"]`, 0)
	table := Functions(Env{})
	f.Fuzz(func(t *testing.T, name, others string, at int) {
		function, ok := table[name]
		if !ok || name == "nonsensitive" || name == "try" || name == "can" || len(others) > 2000 || strings.Contains(others, secret) {
			return
		}
		var list ctyjson.SimpleJSONValue
		if list.UnmarshalJSON([]byte(others)) != nil || !list.Type().IsTupleType() {
			return
		}
		args := list.AsValueSlice()
		if at < 0 || at > len(args) {
			return
		}
		args = append(args[:at:at], append([]cty.Value{cty.StringVal(secret).Mark(backend.Sensitive)}, args[at:]...)...)
		result, err := function.Call(args)
		if err != nil {
			if strings.Contains(err.Error(), secret) {
				t.Errorf("%s(%s): the error shows the secret", name, others)
			}
			return
		}
		if !result.ContainsMarked() && strings.Contains(fmt.Sprintf("%#v", result), secret) {
			t.Errorf("%s(%s): the result holds the secret and no mark", name, others)
		}
	})
}
