package spec

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"mime"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// emptyBody stands for an answer without any byte.
const emptyBody = "{{empty}}"

// Answer is what came back.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Succeeded reports a status that says so.
func (a Answer) Succeeded() bool { return a.Status/100 == 2 }

// Check returns what is wrong with an answer, nil when nothing is. What the
// step captures is added to vars for the steps that follow.
func (s Step) Check(a Answer, vars Vars) []string {
	var problems []string
	if !slices.ContainsFunc(s.answer.statuses, func(want string) bool { return isStatus(want, a.Status) }) {
		problems = append(problems, fmt.Sprintf("status is %d, not %s", a.Status, strings.Join(s.answer.statuses, " or ")))
	}
	for _, f := range s.answer.header {
		problems = append(problems, checkHeader(f, a.Header, vars)...)
	}
	return append(problems, s.checkBody(a.Body, vars)...)
}

// CheckAll judges the answers to a request that was sent several times at
// once: each for itself, and that what they capture is the same in all.
func (s Step) CheckAll(answers []Answer, vars Vars) []string {
	var problems []string
	first := Vars{}
	for i, a := range answers {
		own := vars.Clone()
		for _, problem := range s.Check(a, own) {
			problems = append(problems, fmt.Sprintf("answer %d of %d: %s", i+1, len(answers), problem))
		}
		for _, name := range sortedKeys(own) {
			known, has := first[name]
			if has && known != own[name] {
				problems = append(problems, fmt.Sprintf("answer %d of %d has another %s than the first", i+1, len(answers), name))
			}
			if !has { // what is optional one answer may have and another not
				first[name] = own[name]
			}
		}
	}
	if len(problems) == 0 {
		maps.Copy(vars, first)
	}
	return problems
}

func isStatus(want string, got int) bool {
	text := strconv.Itoa(got)
	return want == text || strings.HasSuffix(want, "xx") && strings.HasPrefix(text, want[:1])
}

func (s Step) checkBody(body []byte, vars Vars) []string {
	switch s.answer.body {
	case "":
		return nil
	case emptyBody:
		if len(body) > 0 {
			return []string{fmt.Sprintf("the body has %d bytes, not none", len(body))}
		}
		return nil
	}
	var got, want any
	if err := json.Unmarshal(body, &got); err != nil {
		return []string{"the body is not JSON"}
	}
	if err := json.Unmarshal([]byte(s.answer.body), &want); err != nil {
		return []string{err.Error()}
	}
	return match("body", want, got, vars)
}

// checkHeader compares one header. Content-Type is compared without its
// parameters.
func checkHeader(f field, header http.Header, vars Vars) []string {
	got := strings.Join(header.Values(f.name), ", ")
	if f.value == "{{absent}}" {
		if header.Values(f.name) != nil {
			return []string{fmt.Sprintf("header %s must not be sent", f.name)}
		}
		return nil
	}
	if media, _, err := mime.ParseMediaType(got); err == nil && http.CanonicalHeaderKey(f.name) == "Content-Type" {
		got = media
	}
	var pattern strings.Builder
	for i, literal := range strings.Split(f.value, "{{any}}") {
		if i > 0 {
			pattern.WriteString(".+")
		}
		filled, err := expand(literal, vars)
		if err != nil {
			return []string{fmt.Sprintf("header %s: %v", f.name, err)}
		}
		pattern.WriteString(regexp.QuoteMeta(filled))
	}
	switch {
	case header.Values(f.name) == nil:
		return []string{fmt.Sprintf("header %s is missing", f.name)}
	case got == "" && f.value != "":
		return []string{fmt.Sprintf("header %s is empty", f.name)}
	}
	if !regexp.MustCompile("^(?s:" + pattern.String() + ")$").MatchString(got) {
		return []string{fmt.Sprintf("header %s is %q, not %q", f.name, got, f.value)}
	}
	return nil
}

// match compares a JSON value with a pattern. Objects may have members that
// the pattern does not name; lists have as many elements as the pattern's.
func match(at string, want, got any, vars Vars) []string {
	switch w := want.(type) {
	case map[string]any:
		return matchObject(at, w, got, vars)
	case []any:
		return matchList(at, w, got, vars)
	case string:
		return matchText(at, w, got, vars)
	default:
		if !reflect.DeepEqual(want, got) {
			return []string{fmt.Sprintf("%s is %s, not %s", at, describe(got), describe(want))}
		}
		return nil
	}
}

func matchObject(at string, want map[string]any, got any, vars Vars) []string {
	object, ok := got.(map[string]any)
	if !ok {
		return []string{fmt.Sprintf("%s is %s, not an object", at, describe(got))}
	}
	var problems []string
	for _, name := range sortedKeys(want) {
		member, present := object[name]
		m, isMatcher := parseMatcher(want[name])
		switch {
		case isMatcher && m.kind == "absent":
			if present {
				problems = append(problems, fmt.Sprintf("%s.%s must be absent", at, name))
			}
		case isMatcher && m.optional && (!present || member == nil && m.ofConfig()):
		case !present:
			problems = append(problems, fmt.Sprintf("%s.%s is missing", at, name))
		default:
			problems = append(problems, match(at+"."+name, want[name], member, vars)...)
		}
	}
	return problems
}

func matchList(at string, want []any, got any, vars Vars) []string {
	list, ok := got.([]any)
	if !ok || len(list) != len(want) {
		return []string{fmt.Sprintf("%s is %s, not a list of %d", at, describe(got), len(want))}
	}
	var problems []string
	for i := range want {
		problems = append(problems, match(fmt.Sprintf("%s[%d]", at, i), want[i], list[i], vars)...)
	}
	return problems
}

func matchText(at, want string, got any, vars Vars) []string {
	if m, ok := parseMatcher(want); ok {
		return m.check(at, got, vars)
	}
	filled, err := expand(want, vars)
	if err != nil {
		return []string{fmt.Sprintf("%s: %v", at, err)}
	}
	if got != filled {
		return []string{fmt.Sprintf("%s is %s, not the text expected (%s)", at, describe(got), want)}
	}
	return nil
}

// describe names the type of a value, never the value: answers hold
// credentials, and problems are printed.
func describe(v any) string {
	switch v := v.(type) {
	case nil:
		return "null"
	case string:
		return "text"
	case float64:
		return "a number"
	case bool:
		return strconv.FormatBool(v)
	case []any:
		return fmt.Sprintf("a list of %d", len(v))
	default:
		return "an object"
	}
}

// canonical is a JSON value as text, so that two can be compared. A text is
// itself, so that it can be put into a URL.
func canonical(v any) string {
	if text, ok := v.(string); ok {
		return text
	}
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // a decoded JSON value always encodes
	return strings.TrimSuffix(b.String(), "\n")
}
