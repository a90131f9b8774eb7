package shell

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/addongw/addongw/plugins/backend"
)

// output is one declared output.
type output struct {
	name        string
	kind        cty.Type
	description string
	sensitive   bool
	measured    bool
	generated   int // characters; 0: the scripts return it
}

// outputBlock is output "NAME" { … } as it arrives.
type outputBlock struct {
	Type        string  `json:"type"` // a type as JSON text
	Description string  `json:"description"`
	Sensitive   bool    `json:"sensitive"`
	Measured    bool    `json:"measured"`
	Generated   float64 `json:"generated"`
}

func outputBlockSchema() backend.Schema {
	return backend.Schema{Attributes: []backend.Attribute{{
		Name: "type", Type: cty.String, TypeName: true, Required: true,
		Doc: "What it is: string, number, bool, list(string), …",
	}, {
		Name: "description", Type: cty.String, Doc: "One sentence for those who write templates.",
	}, {
		Name: "sensitive", Type: cty.Bool, Doc: "Hide it in logs and on pages. Default false.",
	}, {
		Name: "measured", Type: cty.Bool, Doc: "It changes by itself, so it is read again before a rule uses it. Default false.",
	}, {
		Name: "generated", Type: cty.Number,
		Doc: "The gateway makes this value, a password of so many characters, and gives it to the scripts. Such an output is sensitive.",
	}}}
}

var outputName = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Lengths that a generated output may have.
const minGenerated, maxGenerated = 16, 256

func readOutputs(blocks map[string]outputBlock) ([]output, backend.Diagnostics) {
	var outputs []output
	var problems backend.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(blocks)) {
		o, found := readOutput(name, blocks[name])
		problems = append(problems, found...)
		outputs = append(outputs, o)
	}
	return outputs, problems
}

func readOutput(name string, b outputBlock) (output, backend.Diagnostics) {
	var problems backend.Diagnostics
	path := cty.GetAttrPath("output").IndexString(name)
	if !outputName.MatchString(name) {
		problems = append(problems, problem(path, fmt.Sprintf("%q is no name for an output", name),
			"Use lower case letters, digits and _, beginning with a letter."))
	}
	kind, err := ctyjson.UnmarshalType([]byte(b.Type))
	if err != nil {
		kind = cty.DynamicPseudoType
		problems = append(problems, problem(path.GetAttr("type"), "This is no type", "Write for example: type = string"))
	}
	length := int(b.Generated)
	if b.Generated != 0 && (float64(length) != b.Generated || length < minGenerated || length > maxGenerated) {
		problems = append(problems, problem(path.GetAttr("generated"), "This is no length for a password",
			fmt.Sprintf("Write a whole number of characters from %d to %d.", minGenerated, maxGenerated)))
	}
	if length != 0 && err == nil && kind != cty.String {
		problems = append(problems, problem(path.GetAttr("type"), "A generated output is text", "Write: type = string"))
	}
	if length != 0 && b.Measured {
		problems = append(problems, problem(path.GetAttr("measured"), "A generated output can't be measured",
			"The gateway makes it once. Remove measured or generated."))
	}
	return output{name: name, kind: kind, description: b.Description, measured: b.Measured,
		sensitive: b.Sensitive || length != 0, generated: length}, problems
}

func outputsSchema(outputs []output) backend.Schema {
	var s backend.Schema
	for _, o := range outputs {
		s.Attributes = append(s.Attributes, backend.Attribute{
			Name: o.name, Type: o.kind, Doc: o.description, Required: true, // null is missing
			Sensitive: o.sensitive, Measured: o.measured, Generated: o.generated,
		})
	}
	return s
}

// matchOutputs checks what a script returned against what is declared and
// gives it types and marks. Text is not taken for a number nor a number for
// text: what a script quotes is a string. Errors have names, never values.
func matchOutputs(declared []output, returned map[string]json.RawMessage) (backend.Value, error) {
	values := map[string]cty.Value{}
	for name, text := range returned {
		var v ctyjson.SimpleJSONValue
		if err := v.UnmarshalJSON(text); err != nil {
			return backend.Value{}, fmt.Errorf("output %s can't be read", quoteShort(name))
		}
		values[name] = v.Value
	}
	return outputsSchema(declared).CheckOutputs(backend.NewValue(cty.ObjectVal(values)))
}
