package spec

import (
	"encoding/json"
	"fmt"
)

// Take is Check for a step that only prepares the next ones. It demands success
// and what the next steps need, and captures values whatever else is wrong
// with them: another exchange is about that.
func (s Step) Take(a Answer, vars Vars) []string {
	if a.Status < 200 || a.Status > 299 {
		return []string{fmt.Sprintf("status is %d", a.Status)}
	}
	if s.answer.body == "" || s.answer.body == emptyBody {
		return nil
	}
	var want, got any
	if err := json.Unmarshal([]byte(s.answer.body), &want); err != nil {
		return []string{err.Error()}
	}
	if err := json.Unmarshal(a.Body, &got); err != nil {
		return []string{"the body is not JSON"}
	}
	return take("body", want, got, true, vars)
}

// take walks the pattern. What is missing is a problem when it is to be
// captured and not optional.
func take(at string, want, got any, present bool, vars Vars) []string {
	switch w := want.(type) {
	case map[string]any:
		object, _ := got.(map[string]any)
		var problems []string
		for _, name := range sortedKeys(w) {
			member, present := object[name]
			problems = append(problems, take(at+"."+name, w[name], member, present, vars)...)
		}
		return problems
	case []any:
		list, _ := got.([]any)
		var problems []string
		for i := range w {
			var element any
			if i < len(list) {
				element = list[i]
			}
			problems = append(problems, take(fmt.Sprintf("%s[%d]", at, i), w[i], element, i < len(list), vars)...)
		}
		return problems
	default:
		return takeValue(at, want, got, present, vars)
	}
}

func takeValue(at string, want, got any, present bool, vars Vars) []string {
	m, ok := parseMatcher(want)
	switch {
	case !ok || m.capture == "":
		return nil
	case present && got != nil && got != "":
		vars[m.capture] = canonical(got)
		return nil
	case m.optional:
		return nil
	case present:
		return []string{fmt.Sprintf("%s is %s", at, describe(got))}
	default:
		return []string{at + " is missing"}
	}
}
