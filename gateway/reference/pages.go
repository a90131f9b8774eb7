package reference

import (
	"embed"
	"fmt"
	"slices"
	"strings"
	"text/template"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

//go:embed pages/*.md
var texts embed.FS

// generated is the first line of every page.
const generated = "<!-- Made by make generate from the tables of the language. Do not edit. -->\n\n"

// Pages returns the Markdown pages of the reference by their path, with a page
// for each of some backends.
func Pages(d Document, backends []backend.Description) (map[string][]byte, error) {
	pages := map[string][]byte{}
	add := func(path, text string) { pages[path] = []byte(generated + strings.TrimRight(text, "\n") + "\n") }
	for _, b := range d.Blocks {
		var m markdown
		m.block(1, b)
		add("blocks/"+b.Type+".md", m.String())
	}
	for _, p := range d.Platforms {
		add("platforms/"+p.Name+".md", p.page("platform %q", "It stands in an [add-on](../blocks/addon.md), whose page lists the settings that every platform has."))
	}
	for _, p := range d.Providers {
		add("providers/"+p.Name+".md", p.page(`provider %q "ID"`, "It stands at the top level of a file. The page [provider](../blocks/provider.md) lists the settings that every such platform has."))
	}
	for _, b := range backends {
		add("backends/"+b.Name+".md", backendPage(b))
	}
	written, err := template.New("pages").Funcs(template.FuncMap{"first": firstSentence, "has": slices.Contains[[]string]}).ParseFS(texts, "pages/*.md")
	if err != nil {
		return nil, fmt.Errorf("read the texts of the reference: %w", err)
	}
	for _, t := range written.Templates() {
		var text strings.Builder
		if err := t.Execute(&text, view{d, backends}); err != nil {
			return nil, fmt.Errorf("write the page %s: %w", t.Name(), err)
		}
		add(t.Name(), text.String())
	}
	return pages, nil
}

// view is what the texts may mention.
type view struct {
	Document
	Backends []backend.Description
}

// Groups lists the groups of functions.
func (view) Groups() []string { return expr.Groups() }

// Repeated names the blocks that for_each can make.
func (v view) Repeated() string {
	var kinds []string
	note := func(b Block) {
		if kind := "`" + b.Type + "`"; b.ForEach && !slices.Contains(kinds, kind) {
			kinds = append(kinds, kind)
		}
	}
	v.each(note)
	for _, p := range v.Providers {
		walk(p.Blocks, note)
	}
	return diagnostic.And(kinds)
}

// ForEach is the example of a block made by for_each.
func (v view) ForEach() (example string) {
	v.each(func(b Block) {
		if example == "" && strings.Contains(b.Example, "for_each") {
			example = b.Example
		}
	})
	return example
}

// each visits every block.
func (v view) each(visit func(Block)) {
	walk(v.Blocks, visit)
}

func walk(blocks []Block, visit func(Block)) {
	for _, b := range blocks {
		visit(b)
		walk(b.Blocks, visit)
	}
}

func firstSentence(text string) string {
	sentence, _, more := strings.Cut(text, ". ")
	if more {
		return sentence + "."
	}
	return text
}

// page is a platform with the settings that only it has. header has a place for
// its name; where says where the block stands and who has the other settings.
func (p Platform) page(header, where string) string {
	var m markdown
	m.heading(1, "`"+fmt.Sprintf(header, p.Name)+"`")
	m.paragraph(p.Doc)
	m.paragraph(where + " Here are those that only this platform has.")
	m.code(p.Example)
	m.settings(p.Block)
	for _, n := range p.Blocks {
		m.block(2, n)
	}
	m.paragraph(fmt.Sprintf("What is known of the platform's protocol, with sources, is in [spec/%s](../../%s/facts.md).", p.Name, p.Name))
	return m.String()
}
