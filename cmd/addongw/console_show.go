package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/ext/typeexpr"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/plugins/backend"
)

// What an unknown value waits for.
const (
	afterProvisioning = "known after provisioning"
	afterStart        = "read when serving"
)

// afterWhat tells what the unknown parts of an expression's value wait for:
// what a backend or a platform gives, or secrets.
func afterWhat(expr hcl.Expression) string {
	for _, t := range expr.Variables() {
		if mentioned := t.RootName(); mentioned == "output" || mentioned == "resource" {
			return afterProvisioning
		}
	}
	return afterStart
}

// display writes values for people: as in a file, with words in brackets for
// what is secret or not known yet.
type display struct{ after string }

func (d display) text(v cty.Value, indent string) string {
	_, secret := v.Marks()[backend.Sensitive]
	kind := typeText(v)
	v, _ = v.Unmark()
	switch {
	case secret && v.IsKnown():
		return "(sensitive " + kind + ")"
	case secret:
		return "(sensitive " + kind + ", " + d.after + ")"
	case !v.IsKnown():
		return "(" + d.after + ": " + kind + prefix(v) + ")"
	case v.IsNull():
		return "null"
	case v.Type().IsPrimitiveType():
		return string(hclwrite.TokensForValue(v).Bytes())
	case v.Type().IsObjectType() || v.Type().IsMapType():
		return d.entries(v, indent)
	case v.CanIterateElements():
		return d.elements(v, indent)
	}
	return "(" + kind + ")"
}

// typeText names the type of a value. The names in a secret object may be made
// from the secret.
func typeText(v cty.Value) string {
	var parts []string
	switch t := v.Type(); {
	case !schema.ContainsSecret(v):
		return typeexpr.TypeString(t)
	case v.IsMarked() || !t.IsObjectType() && !t.IsTupleType():
		return t.FriendlyName()
	case t.IsObjectType():
		for it := v.ElementIterator(); it.Next(); {
			key, element := it.Element()
			parts = append(parts, key.AsString()+"="+typeText(element))
		}
		return "object({" + strings.Join(parts, ",") + "})"
	}
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		parts = append(parts, typeText(element))
	}
	return "tuple([" + strings.Join(parts, ",") + "])"
}

// prefix tells what is known of an unknown text.
func prefix(v cty.Value) string {
	if v.Type() != cty.String {
		return ""
	}
	if begins := v.Range().StringPrefix(); begins != "" {
		return fmt.Sprintf(", starts with %q", begins)
	}
	return ""
}

func (d display) entries(v cty.Value, indent string) string {
	var lines []string
	for it := v.ElementIterator(); it.Next(); {
		key, element := it.Element()
		name := key.AsString()
		if !hclsyntax.ValidIdentifier(name) {
			name = string(hclwrite.TokensForValue(key).Bytes())
		}
		lines = append(lines, name+" = "+d.text(element, indent+"  "))
	}
	return braces("{", lines, "}", indent)
}

func (d display) elements(v cty.Value, indent string) string {
	var lines []string
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		lines = append(lines, d.text(element, indent+"  ")+",")
	}
	return braces("[", lines, "]", indent)
}

func braces(left string, lines []string, right, indent string) string {
	if len(lines) == 0 {
		return left + right
	}
	return left + "\n" + indent + "  " + strings.Join(lines, "\n"+indent+"  ") + "\n" + indent + right
}

// overview lists what the scope offers.
func (s *session) overview() string {
	var b strings.Builder
	for _, root := range s.roots() {
		after := afterStart
		if root == "output" || root == "resource" {
			after = afterProvisioning
		}
		v, _ := s.lookup(root)
		if !v.IsKnown() || !v.Type().IsObjectType() {
			fmt.Fprintf(&b, "%s  %s\n", root, display{after}.text(v, ""))
			continue
		}
		for it := v.ElementIterator(); it.Next(); {
			key, element := it.Element()
			fmt.Fprintf(&b, "%s.%s  %s\n", root, key.AsString(), display{after}.text(element, ""))
		}
	}
	fmt.Fprintf(&b, "\nfunctions: %s", strings.Join(wrap(s.functions(), 100), "\n  "))
	return b.String()
}

// roots are the names that expressions may begin with.
func (s *session) roots() []string {
	var names []string
	for e := s.eval; e != nil; e = e.Parent() {
		for name := range e.Variables {
			if !slices.Contains(names, name) {
				names = append(names, name)
			}
		}
	}
	slices.Sort(names)
	return names
}

func (s *session) lookup(root string) (cty.Value, bool) {
	for e := s.eval; e != nil; e = e.Parent() {
		if v, ok := e.Variables[root]; ok {
			return v, true
		}
	}
	return cty.NilVal, false
}

// wrap joins words into lines of about that width.
func wrap(words []string, width int) []string {
	lines := []string{""}
	for _, w := range words {
		last := &lines[len(lines)-1]
		if *last != "" && len(*last)+len(w) > width {
			lines = append(lines, w)
			continue
		}
		*last = strings.TrimPrefix(*last+" "+w, " ")
	}
	return lines
}
