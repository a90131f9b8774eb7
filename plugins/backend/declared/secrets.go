package declared

import (
	"encoding/json"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// Marked lists the texts of an operation that the gateway marks as sensitive.
func Marked(op backend.Op) (found []string) {
	for _, v := range []backend.Value{op.Outputs, op.Options, op.Config, op.Plan.Params, op.Region.Data} {
		found = append(found, MarkedIn(v)...)
	}
	return found
}

// MarkedIn lists the texts inside v that carry the mark.
func MarkedIn(v backend.Value) (found []string) {
	plain, marks := v.Cty().UnmarkDeepWithPaths()
	for _, m := range marks {
		if _, secret := m.Marks[backend.Sensitive]; !secret {
			continue
		}
		if at, err := m.Path.Apply(plain); err == nil {
			found = append(found, texts(at)...)
		}
	}
	return found
}

// Secrets lists the texts of the outputs that are declared sensitive.
func Secrets(values backend.Value, outputs []Output) (found []string) {
	v, _ := values.Cty().UnmarkDeep()
	if v.IsNull() || !v.IsKnown() || !v.Type().IsObjectType() {
		return nil
	}
	for _, o := range outputs {
		if o.Sensitive && v.Type().HasAttribute(o.Name) {
			found = append(found, texts(v.GetAttr(o.Name))...)
		}
	}
	return found
}

// texts lists every text inside v, which has no marks.
func texts(v cty.Value) []string {
	var found []string
	_ = cty.Walk(v, func(_ cty.Path, at cty.Value) (bool, error) {
		if at.IsKnown() && !at.IsNull() && at.Type() == cty.String {
			found = append(found, at.AsString())
		}
		return true, nil
	})
	return found
}

// IsExact reports whether a number survives the way to a template: cty keeps
// 512 bits, which is 154 digits.
func IsExact(n json.Number) bool {
	digits, exponent, _ := strings.Cut(strings.ToLower(n.String()), "e")
	if exponent == "" {
		return len(digits) <= 150
	}
	e, err := strconv.Atoi(exponent)
	return err == nil && len(digits)+max(e, -e) <= 150
}
