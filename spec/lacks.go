package spec

import (
	"regexp"
	"strings"
)

var (
	capturePattern = regexp.MustCompile(` as ([a-z][a-z0-9_]*)\}\}`)
	namePattern    = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)

	// namesPattern finds what only judges names, so without them nothing.
	namesPattern = regexp.MustCompile(`\{\{(optional )?(declared|complete)\b`)
)

// Lacks returns a name that a request of the exchange mentions, that no answer
// captures, and that vars has no value for, one of When, or config_vars where an
// answer is about their names: the exchange does not apply to the provider. It
// saves sending the steps before. Empty: there is none.
func (e Exchange) Lacks(vars Vars) string {
	known, moments := map[string]bool{}, map[string]bool{}
	for _, name := range e.When {
		if _, ok := vars[name]; !ok {
			return name
		}
	}
	for _, s := range e.Steps {
		for _, name := range s.request.names(moments) {
			if _, ok := vars[name]; !ok && !known[name] {
				return name
			}
		}
		if _, ok := vars["config_vars"]; !ok && namesPattern.MatchString(s.answer.body) {
			return "config_vars"
		}
		for _, match := range capturePattern.FindAllStringSubmatch(s.answer.body, -1) {
			known[match[1]] = true
		}
	}
	return ""
}

// names lists what must be known to send the request. It adds to the moments
// that requests before it have named.
func (r requestPattern) names(moments map[string]bool) (names []string) {
	text := r.target
	for _, f := range r.header {
		text += " " + f.name + " " + f.value
	}
	text += " " + r.body
	for _, placeholder := range placeholderPattern.FindAllString(text, -1) {
		words := strings.Fields(strings.Trim(placeholder, "{}"))
		switch {
		case len(words) == 3 && units[words[0]] > 0:
			moments[words[1]] = true
		case len(words) == 1:
			names = append(names, words[0])
		case len(words) > 1 && digests[words[0]] != nil:
			for _, word := range words[1:] {
				if namePattern.MatchString(word) && !moments[word] {
					names = append(names, word)
				}
			}
		}
	}
	return names
}
