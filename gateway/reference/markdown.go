package reference

import (
	"fmt"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway/schema"
)

// markdown collects a page.
type markdown struct{ strings.Builder }

func (m *markdown) heading(level int, text string) {
	if m.Len() > 0 {
		m.WriteString("\n")
	}
	fmt.Fprintf(m, "%s %s\n", strings.Repeat("#", level), text)
}

func (m *markdown) paragraph(text string) {
	if text != "" {
		fmt.Fprintf(m, "\n%s\n", asText(text))
	}
}

func (m *markdown) code(text string) {
	if text != "" {
		fmt.Fprintf(m, "\n```hcl\n%s```\n", text)
	}
}

// item is one line of a list: a name, what is known of it in short, a text.
func (m *markdown) item(name string, facts []string, text string) {
	about := ""
	if len(facts) > 0 {
		about = " (" + strings.Join(facts, ", ") + ")"
	}
	fmt.Fprintf(m, "* `%s`%s: %s\n", name, about, asText(text))
}

// asText keeps a doc string from being read as HTML.
func asText(doc string) string { return strings.ReplaceAll(doc, "<", `\<`) }

// header is how a block is written: addon "ID" { … }.
func (b Block) header() string {
	text := b.Type
	for _, l := range b.Labels {
		text += fmt.Sprintf(" %q", strings.ToUpper(l))
	}
	return text
}

// counts says how many of a block may stand in its parent.
func (b Block) counts() string {
	switch {
	case b.Max == 1 && b.Required:
		return "It stands exactly once."
	case b.Max == 1:
		return "It stands at most once."
	case b.Required:
		return "There is at least one."
	}
	return "There may be any number."
}

// block writes a block and what is inside of it.
func (m *markdown) block(level int, b Block) {
	m.heading(level, fmt.Sprintf("`%s`", b.header()))
	text := b.Doc + " " + b.counts()
	if b.ForEach {
		text += " With `for_each` it becomes many: see [blocks made by for_each](../expressions.md#blocks-made-by-for_each)."
	}
	switch b.SettingsBy {
	case "platform":
		text += " " + platformPages(b.Type)
	case "plugin":
		text += " The plugins' pages are in [backends](../backends)."
	}
	if slices.ContainsFunc(b.Attributes, func(a Attribute) bool { return a.Phase == string(schema.Request) }) {
		text += " What it can mention is listed under [names](../files.md#names)."
	}
	if b.Type == "sso" {
		text += " What is in the token, how to check it, and programs that do are in [examples/sso-redirect](../../../examples/sso-redirect)."
	}
	m.paragraph(text)
	m.code(b.Example)
	m.settings(b)
	for _, n := range b.Blocks {
		m.block(min(level+1, 6), n)
	}
}

// platformPages says where a block's other settings are.
func platformPages(kind string) string {
	if kind == "provider" {
		return "The platforms' pages are listed in [the overview](../README.md)."
	}
	return "The platforms' pages are in [platforms](../platforms)."
}

// settings lists the settings of a block, and the words that are kept.
func (m *markdown) settings(b Block) {
	if len(b.Attributes) > 0 {
		m.WriteString("\n")
	}
	if b.ForEach {
		m.item("for_each", []string{"a list or a map"}, "Makes one "+b.Type+" for each element, with each.key and each.value in scope.")
	}
	for _, a := range b.Attributes {
		m.item(a.Name, a.facts(), a.Doc)
	}
	if len(b.Reserved) > 0 {
		m.paragraph("Kept for a later version: " + ticked(b.Reserved) + ".")
	}
}

// facts are type, default and what else is not the usual case.
func (a Attribute) facts() []string {
	facts := []string{"`" + a.Type + "`"}
	if a.Type == "reference" || a.Type == "expression" {
		facts[0] = a.Type
	}
	if a.Required {
		facts = append(facts, "required")
	}
	if a.Default != nil {
		facts = append(facts, "default `"+*a.Default+"`")
	}
	if a.Phase != "load" {
		facts = append(facts, a.Phase)
	}
	if a.Secret {
		facts = append(facts, "may be a secret")
	}
	return facts
}

func ticked(words []string) string {
	list := make([]string, 0, len(words))
	for _, w := range words {
		list = append(list, "`"+w+"`")
	}
	return strings.Join(list, ", ")
}
