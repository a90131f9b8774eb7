package schema

import (
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// evaluate gives an attribute's value, converted to its type. After an error
// the value is null.
func (b *Block) evaluate(a Attribute, expr hcl.Expression, ctx *hcl.EvalContext) (cty.Value, hcl.Diagnostics) {
	null := cty.NullVal(a.Type)
	if early := CheckPhase(expr, ctx, Load); early.HasErrors() {
		return null, early
	}
	v, diags := expr.Value(ctx)
	if diags.HasErrors() {
		return null, diags
	}
	v, diags = Convert(v, a.Type, a.Name, expr.Range())
	diags = append(diags, DuplicateKeys(expr)...)
	if diags.HasErrors() {
		return null, diags
	}
	if !a.Secret && ContainsSecret(v) {
		what := fmt.Sprintf("A secret can't be %s's %s", diagnostic.WithArticle(b.Type), a.Name)
		return null, append(diags, diagnostic.New(what, expr.Range(), diagnostic.Info{Code: "AG309", Hint: becameSecret(expr, ctx)}))
	}
	return v, diags
}

// Convert gives v the type want, or says in plain words that it can't. Text
// that looks like a number is taken as one, with a warning. name is what the
// operator calls the setting.
func Convert(v cty.Value, want cty.Type, name string, at hcl.Range) (cty.Value, hcl.Diagnostics) {
	got, err := convert.Convert(v, want)
	if err != nil {
		return cty.NullVal(want), hcl.Diagnostics{wrongType(v.Type(), want, name, at, err)}
	}
	if v.Type() == cty.String && want == cty.Number && !IsNull(v) {
		return got, hcl.Diagnostics{diagnostic.Warn(quote(name)+" is a number in quotes", at, diagnostic.Info{
			Code: "AG211", Hint: "write it without quotes",
		})}
	}
	return got, nil
}

func wrongType(got, want cty.Type, name string, at hcl.Range, err error) *hcl.Diagnostic {
	info := diagnostic.Info{Code: "AG305", Hint: remedy(got, want)}
	if err != nil && !got.IsPrimitiveType() && !want.IsPrimitiveType() && isList(got) == isList(want) {
		// Both are structures: the words alone would not tell what is amiss.
		// Conversion errors name types and attributes, never values.
		info.Notes = append(info.Notes, err.Error())
	}
	return diagnostic.New(fmt.Sprintf("%s takes %s, not %s", quote(name), TypeName(want), TypeName(got)), at, info)
}

func isList(t cty.Type) bool { return t.IsListType() || t.IsSetType() || t.IsTupleType() }

// remedy shows how a value of the wanted type is written.
func remedy(got, want cty.Type) string {
	switch {
	case want == cty.String && !got.IsPrimitiveType():
		return `use join(",", …) or jsonencode(…)`
	case want == cty.String:
		return `write "…"`
	case want == cty.Number:
		return "write a number, such as 10"
	case want == cty.Bool:
		return "write true or false, without quotes"
	case isList(want):
		return "write [ … ]"
	case want.IsMapType(), want.IsObjectType():
		return "write { name = value }"
	}
	return ""
}

// defaultValue is the table's default, or null.
func (a Attribute) defaultValue() cty.Value {
	t := a.Type
	if t == cty.NilType {
		t = cty.DynamicPseudoType
	}
	null := cty.NullVal(t.WithoutOptionalAttributesDeep())
	if a.Default == "" {
		return null
	}
	expr, diags := hclsyntax.ParseExpression([]byte(a.Default), "default", hcl.InitialPos)
	if diags.HasErrors() {
		return null
	}
	v, diags := expr.Value(nil)
	if diags.HasErrors() {
		return null
	}
	if v, err := convert.Convert(v, t); err == nil {
		return v
	}
	return null
}

// TypeName says in plain words what a type is: "text", "a list of text".
func TypeName(t cty.Type) string {
	switch {
	case t == cty.NilType || t == cty.DynamicPseudoType:
		return "any value"
	case t == cty.String:
		return "text"
	case t == cty.Number:
		return "a number"
	case t == cty.Bool:
		return "true or false"
	case t.IsTupleType():
		return "a list"
	case t.IsListType(), t.IsSetType():
		return "a list of " + plural(t.ElementType())
	case t.IsMapType():
		return "a map of " + plural(t.ElementType())
	case t.IsObjectType():
		return "a map"
	}
	return t.FriendlyName()
}

func plural(t cty.Type) string {
	switch {
	case t == cty.DynamicPseudoType:
		return "values"
	case t == cty.Number:
		return "numbers"
	case t == cty.Bool:
		return "true or false"
	case t.IsListType(), t.IsSetType(), t.IsTupleType():
		return "lists"
	case t.IsMapType(), t.IsObjectType():
		return "maps"
	}
	return TypeName(t)
}
