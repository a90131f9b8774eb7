package declared

import (
	"fmt"
	"maps"
	"regexp"
	"slices"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/addongw/addongw/plugins/backend"
)

// Output is one output that an operator has declared.
type Output struct {
	Name        string
	Type        cty.Type
	Description string
	Sensitive   bool
	Measured    bool
	Generated   int // characters; 0: the gateway does not make it
}

// block is output "NAME" { … } as it arrives.
type block struct {
	Type        string  `json:"type"` // a type as JSON text
	Description string  `json:"description"`
	Sensitive   bool    `json:"sensitive"`
	Measured    bool    `json:"measured"`
	Generated   float64 `json:"generated"`
}

// Block is the block for the schema of a config block. doc is one sentence, user
// what gets generated values, such as "the scripts".
func Block(doc, user string) backend.Block {
	return backend.Block{Name: "output", Labels: []string{"name"}, Doc: doc, Body: backend.Schema{Attributes: []backend.Attribute{{
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
		Doc: "The gateway makes this value, a password of so many characters, and gives it to " + user + ". Such an output is sensitive.",
	}}}}
}

var name = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

// Lengths that a generated output may have.
const minGenerated, maxGenerated = 16, 256

// Read reads the output blocks of a config block, of which parts may be unknown,
// in the order of their names.
func Read(config backend.Value) ([]Output, backend.Diagnostics) {
	if dependsOnSecret(config) {
		return nil, backend.Diagnostics{problem(cty.GetAttrPath("output"), "An output block must not depend on a secret",
			"Write its attributes as plain values.")}
	}
	var blocks struct {
		Output map[string]block `json:"output"`
	}
	if err := config.Decode(&blocks); err != nil {
		return nil, backend.Diagnostics{problem(cty.GetAttrPath("output"), "These output blocks can't be read", err.Error())}
	}
	var outputs []Output
	var problems backend.Diagnostics
	for _, name := range slices.Sorted(maps.Keys(blocks.Output)) {
		o, found := read(name, blocks.Output[name])
		problems = append(problems, found...)
		outputs = append(outputs, o)
	}
	return outputs, problems
}

// dependsOnSecret reports whether an output block hangs on something not known
// when files are checked: templates could not be checked against it.
func dependsOnSecret(config backend.Value) bool {
	v, _ := config.Cty().UnmarkDeep()
	if !v.IsKnown() || v.IsNull() || !v.Type().IsObjectType() || !v.Type().HasAttribute("output") {
		return false
	}
	return !v.GetAttr("output").IsWhollyKnown()
}

func read(label string, b block) (Output, backend.Diagnostics) {
	var problems backend.Diagnostics
	path := cty.GetAttrPath("output").IndexString(label)
	if !name.MatchString(label) {
		problems = append(problems, problem(path, fmt.Sprintf("%q is no name for an output", label),
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
	return Output{Name: label, Type: kind, Description: b.Description, Measured: b.Measured,
		Sensitive: b.Sensitive || length != 0, Generated: length}, problems
}

// Schema is the outputs schema of declared outputs.
func Schema(outputs []Output) backend.Schema {
	var s backend.Schema
	for _, o := range outputs {
		s.Attributes = append(s.Attributes, backend.Attribute{
			Name: o.Name, Type: o.Type, Doc: o.Description, Required: true, // null is missing
			Sensitive: o.Sensitive, Measured: o.Measured, Generated: o.Generated,
		})
	}
	return s
}

func problem(path cty.Path, summary, detail string) backend.Diagnostic {
	return backend.Diagnostic{Severity: backend.SeverityError, Summary: summary, Detail: detail, Path: path}
}
