package rules

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
)

var varPattern = regexp.MustCompile(`^[A-Z0-9_]+$`)

// Prefix is what the names of all config vars of an add-on with this id begin
// with: the id upper-cased, dashes turned into underscores.
func Prefix(id string) string {
	return strings.ToUpper(strings.ReplaceAll(id, "-", "_")) + "_"
}

// Prefixed demands that every config var's name begins with the add-on's id in
// capitals as a whole word, and that something follows. Any other is dropped by
// the platform without a word, so that a customer would miss it.
func (b Block) Prefixed() hcl.Diagnostics {
	var diags hcl.Diagnostics
	prefix := Prefix(b.ID)
	for _, v := range b.ConfigVars {
		rest, ok := strings.CutPrefix(v.Name, prefix)
		if ok && varPattern.MatchString(rest) {
			continue
		}
		summary := fmt.Sprintf("%s requires this config var to start with %q", b.Title, prefix)
		if ok {
			summary = fmt.Sprintf("%s requires capitals, digits and underscores after %q", b.Title, prefix)
		}
		near := nearestVar(prefix, v.Name)
		diags = append(diags, b.ProblemAt(v.Range, summary, diagnostic.Info{
			Code: "AG411", Hint: fmt.Sprintf("did you mean %q?", near),
			Notes: []string{fmt.Sprintf(`to rename it on this platform only: config_vars = { %s = …, %s = null } in platform %q`, near, v.Name, b.Label)},
		}))
	}
	return diags
}

// nearestVar turns a name into one with the prefix: the words it shares with
// the prefix are not repeated, else its first word makes room
// (DATABASE_HOST becomes ACME_DB_HOST).
func nearestVar(prefix, name string) string {
	clean := strings.Map(func(r rune) rune {
		if varPattern.MatchString(string(r)) {
			return r
		}
		return '_'
	}, strings.ToUpper(name))
	words := strings.FieldsFunc(clean, func(r rune) bool { return r == '_' })
	own := strings.Split(strings.TrimSuffix(prefix, "_"), "_")
	kept := slices.Clone(words)
	for len(kept) > 0 && slices.Contains(own, kept[0]) {
		kept = kept[1:]
	}
	if len(kept) == len(words) && len(kept) > 1 {
		kept = kept[1:]
	}
	if len(kept) == 0 {
		return prefix + "URL"
	}
	return prefix + strings.Join(kept, "_")
}
