package explain

import (
	"embed"
	"fmt"
	"strings"
)

//go:embed AG*.md
var files embed.FS

// Page explains one code.
type Page struct {
	Code  string // "AG302"
	Title string // the problem in a few words, without a full stop
	Text  string // the whole page, as Markdown
}

// Pages returns every page, by code.
func Pages() []Page {
	entries, err := files.ReadDir(".")
	if err != nil {
		panic(fmt.Sprintf("explain: the embedded pages are gone: %v", err)) // the compiler put them there
	}
	var pages []Page
	for _, e := range entries {
		if page, ok := Find(strings.TrimSuffix(e.Name(), ".md")); ok {
			pages = append(pages, page)
		}
	}
	return pages
}

// Find returns the page of a code, in whatever case it is written; "AG" may be
// left out.
func Find(code string) (Page, bool) {
	code = "AG" + strings.TrimPrefix(strings.ToUpper(code), "AG")
	text, err := files.ReadFile(code + ".md")
	if err != nil {
		return Page{}, false
	}
	head, _, _ := strings.Cut(string(text), "\n")
	return Page{Code: code, Title: strings.TrimPrefix(head, "# "+code+": "), Text: string(text)}, true
}

// Means returns the first paragraph of the page, as one line.
func (p Page) Means() string {
	paragraphs := strings.Split(p.Text, "\n\n")
	return strings.Join(strings.Fields(paragraphs[1]), " ")
}

// Example returns the HCL below a heading ("Wrong", "Right"); "" where the page
// has none.
func (p Page) Example(heading string) string {
	_, rest, ok := strings.Cut(p.Text, "\n## "+heading+"\n\n```hcl\n")
	if !ok {
		return ""
	}
	example, _, _ := strings.Cut(rest, "```\n")
	return example
}

// Plain returns the page for a terminal: without Markdown's signs, examples
// indented.
func (p Page) Plain() string {
	var out strings.Builder
	inside := false
	for line := range strings.Lines(p.Text) {
		switch {
		case strings.HasPrefix(line, "```"):
			inside = !inside
		case inside && line != "\n":
			out.WriteString("    " + line)
		case inside:
			out.WriteString(line)
		default:
			out.WriteString(strings.TrimPrefix(strings.TrimLeft(line, "#"), " "))
		}
	}
	return out.String()
}

// Codes returns the codes of all pages.
func Codes() []string {
	var codes []string
	for _, p := range Pages() {
		codes = append(codes, p.Code)
	}
	return codes
}
