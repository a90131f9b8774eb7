package expr

import (
	"github.com/zclconf/go-cty/cty"
)

// Source is an expression attribute as the gateway sends it: what the operator
// wrote, and what that mentions. Tests of plugins make theirs with it, too.
type Source struct {
	Text     string
	Filename string
	Line     int                  // where the text begins, from 1; 0 stands for 1
	Column   int                  // the same
	JSON     bool                 // the text is JSON, with templates in its strings
	Type     cty.Type             // of the result; cty.NilType: any
	Roots    map[string]cty.Value // what the text mentions, save for what the plugin owns; sensitive parts marked
}

// The members of the object that a Source becomes. The protocol describes them.
const (
	memberText   = "source"
	memberFile   = "filename"
	memberLine   = "line"
	memberColumn = "column"
	memberSyntax = "syntax"
	memberType   = "type"
	memberRoots  = "roots"
)

// What "syntax" says.
const (
	syntaxHCL  = "hcl"
	syntaxJSON = "json"
)

// Value returns s as it stands in Op.Config, for FromValue. The marks are those
// of the roots.
func (s Source) Value() cty.Value {
	syntax := syntaxHCL
	if s.JSON {
		syntax = syntaxJSON
	}
	kind := s.Type
	if kind == cty.NilType {
		kind = cty.DynamicPseudoType
	}
	text, err := kind.MarshalJSON()
	if err != nil { // a capsule type, which no schema may have
		text = []byte(`"dynamic"`)
	}
	return cty.ObjectVal(map[string]cty.Value{
		memberText: cty.StringVal(s.Text), memberFile: cty.StringVal(s.Filename),
		memberLine: cty.NumberIntVal(int64(max(s.Line, 1))), memberColumn: cty.NumberIntVal(int64(max(s.Column, 1))),
		memberSyntax: cty.StringVal(syntax), memberType: cty.StringVal(string(text)),
		memberRoots: cty.ObjectVal(s.Roots),
	})
}
