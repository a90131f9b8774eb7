package scaffold

import (
	"bytes"
	"fmt"
	"path"
	"strings"
	"text/template"
)

// words are what the texts mention.
type words struct {
	Addon    string // acme-db
	Name     string // Acme Db
	Prefix   string // ACME_DB: what config vars begin with
	Slug     string // acme_db: the id where dashes are not taken
	Revision string

	Variables string // the variables of all platforms
	Values    string // their values
	Platforms string // the platforms' blocks
}

func newWords(o Options) (words, error) {
	slug := strings.ReplaceAll(o.Addon, "-", "_")
	w := words{Addon: o.Addon, Name: title(o.Addon), Prefix: strings.ToUpper(slug), Slug: slug, Revision: o.Revision}
	parts := map[string]*string{"variables": &w.Variables, "values": &w.Values, "platform": &w.Platforms}
	for _, name := range o.Platforms {
		for part, into := range parts {
			text, err := w.fill("platforms/" + name + "/" + part + ".hcl")
			if err != nil {
				return w, err
			}
			if *into != "" {
				*into += "\n"
			}
			*into += string(text)
		}
	}
	return w, nil
}

// fill puts the words into one of the texts.
func (w words) fill(name string) ([]byte, error) {
	t, err := template.New(path.Base(name)).Funcs(template.FuncMap{"secret": newSecret}).ParseFS(templates(), name)
	if err != nil {
		return nil, fmt.Errorf("read the template %s: %w", name, err)
	}
	var text bytes.Buffer
	if err := t.Execute(&text, w); err != nil {
		return nil, fmt.Errorf("fill in the template %s: %w", name, err)
	}
	return text.Bytes(), nil
}

// title makes "Acme Db" of "acme-db".
func title(id string) string {
	parts := strings.FieldsFunc(id, func(r rune) bool { return r == '-' || r == '_' })
	for i, p := range parts {
		parts[i] = strings.ToUpper(p[:1]) + p[1:]
	}
	return strings.Join(parts, " ")
}
