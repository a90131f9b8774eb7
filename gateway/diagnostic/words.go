package diagnostic

import (
	"strings"

	"github.com/zclconf/go-cty/cty"
)

// WithArticle writes "an addon", "a plan"; words in the plural have none.
func WithArticle(noun string) string {
	switch {
	case strings.HasSuffix(noun, "s"):
		return noun
	case noun != "" && strings.ContainsRune("aeiou", rune(noun[0])):
		return "an " + noun
	}
	return "a " + noun
}

// Capital writes the first letter of a word in ASCII as a capital.
func Capital(word string) string {
	if word == "" {
		return ""
	}
	return strings.ToUpper(word[:1]) + word[1:]
}

// typeInWords names a type as this project's messages do.
func typeInWords(t cty.Type) string {
	switch {
	case t == cty.String:
		return "text"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "true or false"
	case isList(t):
		return "a list"
	case t.IsSetType():
		return "a set"
	case t.IsMapType(), t.IsObjectType():
		return "a map"
	}
	return "of another type"
}

func isList(t cty.Type) bool { return t.IsListType() || t.IsTupleType() }

// inWords replaces the type names in an error of cty by ours.
func inWords(reason string) string {
	return strings.NewReplacer(
		"list of string required", "a list of text is required",
		"set of string required", "a set of text is required",
		"map of string required", "a map of text is required",
		"a string is required", "text is required",
		"string required", "text is required",
		"a number is required", "a number is required",
		"number required", "a number is required",
		"a bool is required", "true or false is required",
		"bool required", "true or false is required",
		"list of string", "list of text",
		"set of string", "set of text",
		"map of string", "map of text",
		"but have string", "but this is text",
		"but have number", "but this is a number",
		"but have bool", "but this is true or false",
		"but have tuple", "but this is a list",
		"but have object", "but this is a map",
		"but have list", "but this is a list",
		"but have map", "but this is a map",
	).Replace(reason)
}
