package spec

import (
	"encoding/json"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// matcher is a pattern such as "{{text /[a-z]+/ as id}}".
type matcher struct {
	kind     string // any, absent, text, scalar, number, bool, object, list, texts, declared, config, complete, same, other
	argument string // a regular expression for text, a name for same and other
	capture  string // the name after "as"
	optional bool
}

var matcherPattern = regexp.MustCompile(
	`^\{\{(optional )?(any|absent|text|scalar|number|bool|object|list|texts|declared|config|complete|same|other)( /.+/| [a-z][a-z0-9_]*)??( as [a-z][a-z0-9_]*)?\}\}$`)

// parseMatcher reads a matcher; ok is false for anything else, such as a text
// with ordinary placeholders.
func parseMatcher(pattern any) (matcher, bool) {
	text, _ := pattern.(string)
	parts := matcherPattern.FindStringSubmatch(text)
	if parts == nil {
		return matcher{}, false
	}
	return matcher{
		kind:     parts[2],
		argument: strings.Trim(strings.TrimSpace(parts[3]), "/"),
		capture:  strings.TrimPrefix(parts[4], " as "),
		optional: parts[1] != "",
	}, true
}

// check judges a value that is present.
func (m matcher) check(at string, got any, vars Vars) []string {
	problem := m.problem(got, vars)
	if problem != "" {
		return []string{at + " " + problem}
	}
	if m.capture != "" {
		vars[m.capture] = canonical(got)
	}
	return nil
}

func (m matcher) problem(got any, vars Vars) string {
	switch m.kind {
	case "any":
		return ""
	case "text":
		return m.text(got)
	case "scalar":
		if _, number := got.(float64); number || got != "" && describe(got) == "text" {
			return ""
		}
		return "is " + describe(got) + ", neither text nor a number"
	case "texts", "declared", "config":
		return m.config(got, vars)
	case "complete":
		return m.complete(got, vars)
	case "same", "other":
		known, ok := vars[m.argument]
		if !ok && m.optional {
			return "" // the answer before lacked it
		}
		if !ok || (known == canonical(got)) != (m.kind == "same") {
			return fmt.Sprintf("%s the same as the %s before", map[string]string{"same": "is not", "other": "is"}[m.kind], m.argument)
		}
		return ""
	default:
		return m.typed(got)
	}
}

func (m matcher) text(got any) string {
	text, ok := got.(string)
	if !ok {
		return "is " + describe(got) + ", not text"
	}
	if text == "" {
		return "is empty"
	}
	if m.argument != "" && !regexp.MustCompile("^(?:"+m.argument+")$").MatchString(text) {
		return fmt.Sprintf("does not match /%s/", m.argument)
	}
	return ""
}

// ofConfig reports whether the matcher is for config vars. Readers take null for
// none of those.
func (m matcher) ofConfig() bool {
	return m.kind == "texts" || m.kind == "declared" || m.kind == "config"
}

// config judges a provider's config vars: text only, and no name that the
// manifest lacks. The runner gives the names in config_vars, with spaces
// between; without it names are not judged.
func (m matcher) config(got any, vars Vars) string {
	object, ok := got.(map[string]any)
	if !ok {
		return "is " + describe(got) + ", not an object"
	}
	declared, judged := vars["config_vars"]
	for _, name := range sortedKeys(object) {
		if _, ok := object[name].(string); !ok && m.kind != "declared" {
			return fmt.Sprintf("has %s, which is %s, not text", name, describe(object[name]))
		}
		if judged && m.kind != "texts" && !slices.Contains(strings.Fields(declared), name) {
			return fmt.Sprintf("has %s, which the manifest lacks", name)
		}
	}
	return ""
}

// complete judges what some platforms demand: every name of the manifest, with
// a value that JavaScript takes for true.
func (m matcher) complete(got any, vars Vars) string {
	object, ok := got.(map[string]any)
	if !ok {
		return "is " + describe(got) + ", not an object"
	}
	for _, name := range strings.Fields(vars["config_vars"]) {
		value, present := object[name]
		switch {
		case !present:
			return "lacks " + name
		case value == nil || value == "" || value == false || value == 0.0:
			return fmt.Sprintf("has %s without a value", name)
		}
	}
	return ""
}

func (m matcher) typed(got any) string {
	var ok bool
	switch m.kind {
	case "number":
		_, ok = got.(float64)
	case "bool":
		_, ok = got.(bool)
	case "object":
		_, ok = got.(map[string]any)
	case "list":
		_, ok = got.([]any)
	}
	if ok {
		return ""
	}
	return "is " + describe(got) + ", not " + m.kind
}

// checkMatchers finds a matcher that cannot be read while the file is parsed,
// rather than when the first answer arrives.
func (p *parser) checkMatchers(a *answerPattern) error {
	if a.body == "" || a.body == emptyBody {
		return nil
	}
	var body any
	if err := json.Unmarshal([]byte(a.body), &body); err != nil {
		return p.errorf("the answer's body is not JSON")
	}
	return p.checkPattern(body)
}

func (p *parser) checkPattern(pattern any) error {
	switch v := pattern.(type) {
	case map[string]any:
		for _, name := range sortedKeys(v) {
			if err := p.checkPattern(v[name]); err != nil {
				return err
			}
		}
	case []any:
		for _, element := range v {
			if err := p.checkPattern(element); err != nil {
				return err
			}
		}
	case string:
		return p.checkText(v)
	}
	return nil
}

func (p *parser) checkText(text string) error {
	m, ok := parseMatcher(text)
	if !ok {
		for _, placeholder := range placeholderPattern.FindAllString(text, -1) {
			if strings.Contains(placeholder, " ") && !strings.HasPrefix(placeholder, "{{unique ") && !strings.HasPrefix(placeholder, "{{sshkey ") {
				return p.errorf("%s is no matcher", placeholder)
			}
		}
		return nil
	}
	if _, err := regexp.Compile(m.argument); err != nil {
		return p.errorf("%s: %v", text, err)
	}
	return nil
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
