package expr

import (
	"regexp"
	"strings"
	"unicode"

	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/function"
	"golang.org/x/text/unicode/norm"
)

func startsWithFunc() function.Function {
	return textTest("Tells whether a text begins with another.", "prefix", strings.HasPrefix)
}

func endsWithFunc() function.Function {
	return textTest("Tells whether a text ends with another.", "suffix", strings.HasSuffix)
}

func strContainsFunc() function.Function {
	return textTest("Tells whether a text contains another.", "part", strings.Contains)
}

func textTest(doc, second string, test func(text, part string) bool) function.Function {
	return function.New(&function.Spec{
		Description:  doc,
		Params:       []function.Parameter{{Name: "text", Type: cty.String}, {Name: second, Type: cty.String}},
		Type:         function.StaticReturnType(cty.Bool),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			return cty.BoolVal(test(args[0].AsString(), args[1].AsString())), nil
		},
	})
}

// textToText makes a function of one text.
func textToText(doc string, change func(string) (string, error)) function.Function {
	return function.New(&function.Spec{
		Description:  doc,
		Params:       []function.Parameter{{Name: "text", Type: cty.String}},
		Type:         function.StaticReturnType(cty.String),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, err := change(args[0].AsString())
			if err != nil {
				return cty.NilVal, function.NewArgError(0, err)
			}
			return cty.StringVal(text), nil
		},
	})
}

func notNull(b *cty.RefinementBuilder) *cty.RefinementBuilder { return b.NotNull() }

// replaceFunc replaces as Terraform does: a part between slashes is a regular
// expression, whose groups the replacement may name ($1).
func replaceFunc() function.Function {
	return function.New(&function.Spec{
		Description: "Replaces every occurrence of a part; \"/…/\" is a regular expression.",
		Params: []function.Parameter{
			{Name: "text", Type: cty.String}, {Name: "part", Type: cty.String}, {Name: "replacement", Type: cty.String},
		},
		Type:         function.StaticReturnType(cty.String),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			text, part, by := args[0].AsString(), args[1].AsString(), args[2].AsString()
			if len(part) < 2 || part[0] != '/' || part[len(part)-1] != '/' {
				return cty.StringVal(strings.ReplaceAll(text, part, by)), nil
			}
			pattern, err := regexp.Compile(part[1 : len(part)-1])
			if err != nil {
				return cty.NilVal, function.NewArgError(1, err)
			}
			return cty.StringVal(pattern.ReplaceAllString(text, by)), nil
		},
	})
}

// slugFunc makes a name of at most max characters [a-z0-9-] out of any text.
// Different texts may give the same name.
func slugFunc() function.Function {
	return function.New(&function.Spec{
		Description:  "Makes a name of lower-case letters, digits and dashes, of at most so many characters.",
		Params:       []function.Parameter{{Name: "text", Type: cty.String}, {Name: "max", Type: cty.Number}},
		Type:         function.StaticReturnType(cty.String),
		RefineResult: notNull,
		Impl: func(args []cty.Value, _ cty.Type) (cty.Value, error) {
			limit, _ := args[1].AsBigFloat().Int64()
			if !args[1].AsBigFloat().IsInt() || limit < 1 {
				return cty.NilVal, function.NewArgErrorf(1, "the length must be a whole number from 1")
			}
			return cty.StringVal(slug(args[0].AsString(), limit)), nil
		},
	})
}

// slug drops accents, turns every run of other characters into one dash, and
// cuts; dashes never begin or end the result.
func slug(text string, limit int64) string {
	var b strings.Builder
	dash := false
	for _, r := range norm.NFKD.String(text) {
		r = unicode.ToLower(r)
		switch {
		case 'a' <= r && r <= 'z' || '0' <= r && r <= '9':
			if dash && b.Len() > 0 {
				b.WriteByte('-')
			}
			dash = false
			b.WriteRune(r)
		case !unicode.Is(unicode.Mn, r):
			dash = true
		}
	}
	name := b.String()
	if int64(len(name)) > limit {
		name = name[:limit]
	}
	return strings.TrimRight(name, "-")
}
