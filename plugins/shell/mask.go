package shell

import (
	"encoding/json"
	"net/url"
	"slices"
	"strings"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
)

// masked stands where a secret was.
const masked = "[redacted]"

// minSecret is the shortest text worth hiding: hiding every "a" hides nothing.
const minSecret = 4

// minFound is the shortest text that is recognised where a secret is an error.
const minFound = 8

// masker hides secrets in text, as they are and as they look inside JSON and
// URLs.
type masker struct {
	forms    []string // longest first
	longest  int
	replacer *strings.Replacer
}

func newMasker(secrets []string) masker {
	var forms []string
	for _, s := range secrets {
		for _, line := range append(strings.Split(s, "\n"), s) { // a log knows lines only
			forms = append(forms, line, inJSON(line), url.QueryEscape(line), url.PathEscape(line))
		}
	}
	forms = slices.DeleteFunc(forms, func(s string) bool { return len(s) < minSecret })
	slices.SortFunc(forms, func(a, b string) int { return len(b) - len(a) })
	m := masker{forms: forms}
	pairs := make([]string, 0, 2*len(forms))
	for _, form := range forms {
		m.longest = max(m.longest, len(form))
		pairs = append(pairs, form, masked)
	}
	m.replacer = strings.NewReplacer(pairs...)
	return m
}

func (m masker) mask(text string) string { return m.replacer.Replace(text) }

// finds reports whether text holds a secret long enough not to be there by
// chance.
func (m masker) finds(text string) bool {
	return slices.ContainsFunc(m.forms, func(form string) bool {
		return len(form) >= minFound && strings.Contains(text, form)
	})
}

func inJSON(text string) string {
	var b strings.Builder
	to := json.NewEncoder(&b)
	to.SetEscapeHTML(false)
	_ = to.Encode(text) // text always has a JSON form
	return strings.TrimSuffix(strings.TrimPrefix(b.String(), `"`), "\"\n")
}

// secretsOf lists the secret texts of an operation: what the gateway sends as
// secret or marks as sensitive, and the outputs declared sensitive.
func secretsOf(op backend.Op, outputs []declared.Output) []string {
	var secrets []string
	for _, m := range []map[string]string{op.Secrets, op.Credential} {
		for _, value := range m {
			secrets = append(secrets, value)
		}
	}
	secrets = append(secrets, declared.Marked(op)...)
	return append(secrets, declared.Secrets(op.Outputs, outputs)...)
}
