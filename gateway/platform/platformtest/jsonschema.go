package platformtest

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// CheckSchema reports where a JSON document breaks a JSON Schema. It knows the
// keywords that the schemas of package spec use, and fails on any other: a
// keyword that nobody checks would look like a promise.
func CheckSchema(t *testing.T, schema, document []byte) {
	t.Helper()
	var s map[string]any
	if err := json.Unmarshal(schema, &s); err != nil {
		t.Fatalf("read schema: %v", err)
	}
	var d any
	if err := json.Unmarshal(document, &d); err != nil {
		t.Fatalf("read document: %v", err)
	}
	c := checker{root: s}
	c.value("document", s, d)
	for _, problem := range c.problems {
		t.Error(problem)
	}
}

type checker struct {
	root     map[string]any
	problems []string
}

func (c *checker) report(format string, args ...any) {
	c.problems = append(c.problems, fmt.Sprintf(format, args...))
}

func (c *checker) value(at string, schema map[string]any, v any) {
	for keyword, want := range schema {
		switch keyword {
		case "$schema", "$comment", "$defs", "title", "format":
		case "$ref":
			c.value(at, c.resolve(want), v)
		case "type":
			if !isOf(v, want) {
				c.report("%s is %s, not %v", at, typeOf(v), want)
			}
		case "required", "properties":
			c.object(at, keyword, want, v)
		case "additionalProperties":
			c.others(at, want, schema["properties"], v)
		case "items", "minItems":
			c.list(at, keyword, want, v)
		case "pattern", "minLength":
			c.text(at, keyword, want, v)
		case "minimum":
			if n, ok := v.(float64); ok && n < want.(float64) {
				c.report("%s is less than %v", at, want)
			}
		default:
			c.report("the schema's keyword %q is not known here", keyword)
		}
	}
}

// resolve follows "#/$defs/name".
func (c *checker) resolve(ref any) map[string]any {
	at := any(c.root)
	for name := range strings.SplitSeq(strings.TrimPrefix(ref.(string), "#/"), "/") {
		object, _ := at.(map[string]any)
		at = object[name]
	}
	found, ok := at.(map[string]any)
	if !ok {
		c.report("the schema refers to %v, which it lacks", ref)
	}
	return found
}

func (c *checker) object(at, keyword string, want, v any) {
	object, ok := v.(map[string]any)
	if !ok {
		return
	}
	if names, ok := want.([]any); ok && keyword == "required" {
		for _, name := range names {
			if _, ok := object[name.(string)]; !ok {
				c.report("%s lacks %v", at, name)
			}
		}
		return
	}
	for name, schema := range want.(map[string]any) {
		if member, ok := object[name]; ok {
			c.value(at+"."+name, schema.(map[string]any), member)
		}
	}
}

// others judges the members that the schema does not name.
func (c *checker) others(at string, want, named, v any) {
	object, _ := v.(map[string]any)
	known, _ := named.(map[string]any)
	for name, member := range object {
		if _, ok := known[name]; !ok {
			c.value(at+"."+name, want.(map[string]any), member)
		}
	}
}

func (c *checker) list(at, keyword string, want, v any) {
	list, ok := v.([]any)
	if !ok {
		return
	}
	if keyword == "minItems" {
		if float64(len(list)) < want.(float64) {
			c.report("%s has fewer than %v elements", at, want)
		}
		return
	}
	for i, element := range list {
		c.value(fmt.Sprintf("%s[%d]", at, i), want.(map[string]any), element)
	}
}

func (c *checker) text(at, keyword string, want, v any) {
	text, ok := v.(string)
	if !ok {
		return
	}
	if keyword == "pattern" && !regexp.MustCompile(want.(string)).MatchString(text) {
		c.report("%s does not match %s", at, want)
	}
	if keyword == "minLength" && float64(utf8.RuneCountInString(text)) < want.(float64) {
		c.report("%s is shorter than %v characters", at, want)
	}
}

// isOf reports whether a value is of a type, or of one of several.
func isOf(v, want any) bool {
	if several, ok := want.([]any); ok {
		return slices.ContainsFunc(several, func(one any) bool { return isOf(v, one) })
	}
	if n, ok := v.(float64); ok && want == "integer" {
		return n == math.Trunc(n)
	}
	return typeOf(v) == want
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case string:
		return "string"
	case float64:
		return "number"
	case bool:
		return "boolean"
	case []any:
		return "array"
	default:
		return "object"
	}
}
