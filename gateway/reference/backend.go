package reference

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// backendPage is a plugin's documentation, as it describes itself.
func backendPage(d backend.Description) string {
	var m markdown
	m.heading(1, fmt.Sprintf("`backend %q \"NAME\"`", d.Name))
	m.paragraph(d.Doc + " Version " + d.Version + ". " + abilities(d.Capabilities))
	m.paragraph("What every backend has is on the page [backend](../blocks/backend.md); how to set this one up, and what it does step by step, in " +
		fmt.Sprintf("[plugins/%s](../../../plugins/%s/README.md).", d.Name, d.Name))
	m.described(d)
	return m.String()
}

// described tells a plugin's schemas.
func (m *markdown) described(d backend.Description) {
	m.heading(2, "`config`")
	m.paragraph("Settings marked *live* are evaluated for every operation and may mention the [names](../files.md#names) of the live phase; " +
		"the others are read with the files.")
	if d.Config.HasExpressions() {
		m.paragraph("Settings marked *expression* the plugin [evaluates itself](../files.md#what-a-plugin-evaluates), when it needs them.")
	}
	m.schema(3, d.Config)
	m.heading(2, "`params` of a plan")
	m.schema(3, d.Plan)
	m.options(d.Options)
	m.heading(2, "Outputs")
	if len(d.Outputs.Attributes) == 0 {
		m.paragraph("They are declared in `config`, with `output` blocks.")
	} else {
		m.paragraph("In templates and rules they are `output.NAME`.")
		m.schema(3, d.Outputs)
	}
	if len(d.Actions) > 0 {
		m.heading(2, "Actions")
		m.paragraph("Called by name, such as from a provider of servers: " + ticked(d.Actions) + ".")
	}
}

// options tells which options of an add-on reach the plugin.
func (m *markdown) options(s backend.Schema) {
	m.heading(2, "Options")
	const blocks = "[`option` blocks](../blocks/addon.md#option-name)"
	switch {
	case s.Open:
		m.paragraph("Every option of the add-on reaches it, whatever " + blocks + " there are.")
	case len(s.Attributes) == 0:
		m.paragraph("None: what customers choose by " + blocks + " can be used in templates and rules only.")
	default:
		m.paragraph("These reach it, where the add-on has " + blocks + " of their names.")
		m.schema(3, s)
	}
}

func abilities(list []backend.Capability) string {
	var can []string
	for _, c := range list {
		can = append(can, strings.ReplaceAll(string(c), "_", " "))
	}
	if len(can) == 0 {
		return ""
	}
	return "Beside making and removing it can: " + strings.Join(can, ", ") + "."
}

// schema lists what a plugin's schema has.
func (m *markdown) schema(level int, s backend.Schema) {
	if len(s.Attributes) > 0 {
		m.WriteString("\n")
	}
	for _, a := range s.Attributes {
		m.item(a.Name, attributeFacts(a), a.Doc)
	}
	if s.Open {
		m.paragraph("Any name is welcome, with a value of any type.")
	}
	for _, b := range s.Blocks {
		header := b.Name
		for _, l := range b.Labels {
			header += fmt.Sprintf(" %q", strings.ToUpper(l))
		}
		m.heading(level, "`"+header+"`")
		m.paragraph(b.Doc)
		m.schema(level+1, b.Body)
	}
}

func attributeFacts(a backend.Attribute) []string {
	facts := []string{"`" + typeText(a.Type) + "`"}
	if a.TypeName {
		facts[0] = "a type"
	}
	add := func(holds bool, words string) {
		if holds {
			facts = append(facts, words)
		}
	}
	add(a.Required, "required")
	if a.Default != cty.NilVal {
		facts = append(facts, "default `"+string(hclwrite.TokensForValue(a.Default).Bytes())+"`")
	}
	add(a.Live, "live")
	add(a.Expression, "expression")
	add(len(a.Own) > 0, "may mention "+ticked(a.Own))
	add(a.ForceNew, "kept from the first provision")
	add(a.FilePath, "a path, relative to the configuration directory")
	add(a.Sensitive, "secret")
	add(a.Generated > 0, fmt.Sprintf("made by the gateway, %d characters", a.Generated))
	add(a.Measured, "changes by itself: read again before a rule uses it")
	return facts
}
