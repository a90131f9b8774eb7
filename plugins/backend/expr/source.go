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

// WithRoot returns v, an expression attribute, with other values for the members
// that it mentions of a root: those in now, and null where now has none. Marks
// that the members had stay.
func WithRoot(v cty.Value, name string, now map[string]cty.Value) cty.Value {
	bare, marks := v.Unmark()
	if !isObject(bare) || !bare.Type().HasAttribute(memberRoots) {
		return v
	}
	members := bare.AsValueMap()
	roots, rootMarks := members[memberRoots].Unmark()
	if !isObject(roots) || !roots.Type().HasAttribute(name) {
		return v
	}
	all := roots.AsValueMap()
	all[name] = renewed(all[name], cty.ObjectVal(now))
	members[memberRoots] = cty.ObjectVal(all).WithMarks(rootMarks)
	return cty.ObjectVal(members).WithMarks(marks)
}

// renewed has the members of old, which need not be all that there are, with the values of now.
func renewed(old, now cty.Value) cty.Value {
	old, marks := old.Unmark()
	bare, more := now.Unmark()
	if !isObject(old) || !isObject(bare) {
		return now.WithMarks(marks)
	}
	members := old.AsValueMap()
	for name, v := range members {
		next := cty.NullVal(v.Type())
		if bare.Type().HasAttribute(name) {
			next = bare.GetAttr(name)
		}
		members[name] = renewed(v, next)
	}
	return cty.ObjectVal(members).WithMarks(marks, more)
}

func isObject(v cty.Value) bool { return v.IsKnown() && !v.IsNull() && v.Type().IsObjectType() }
