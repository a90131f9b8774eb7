package nanobox

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/schema"
)

// nameScope has resource.* for vendor_name.
func nameScope(parent *hcl.EvalContext, name, region, plan cty.Value) *hcl.EvalContext {
	scope := &hcl.EvalContext{}
	if parent != nil {
		scope = parent.NewChild()
	}
	scope.Variables = map[string]cty.Value{
		"resource": cty.ObjectVal(map[string]cty.Value{"name": name, "region": region, "plan": plan}),
	}
	return scope
}

// vendorName proves that the expression gives a text, whatever the order.
func (r *reader) vendorName(own serverSettings) {
	text := cty.UnknownVal(cty.String).RefineNotNull()
	scope := nameScope(own.scope, text, text, text)
	at := own.vendorName.Range()
	if early := schema.CheckPhase(own.vendorName, scope, schema.Live); early.HasErrors() {
		r.diags = append(r.diags, early...)
		return
	}
	v, diags := own.vendorName.Value(scope)
	r.diags = append(r.diags, diags...)
	switch {
	case diags.HasErrors():
	case schema.IsNull(v):
		r.problem("AG209", at, `"vendor_name" is null`, "it must have a value")
	case schema.ContainsSecret(v):
		r.problem("AG309", at, "A secret can't be a server's name", "")
	case v.Type() != cty.String && v.Type() != cty.DynamicPseudoType:
		r.problem("AG305", at, fmt.Sprintf(`"vendor_name" takes text, not %s`, schema.TypeName(v.Type())), "")
	}
}

// nameAt evaluates what the vendor calls a server. Errors are gateway.Refused,
// and never hold what a customer wrote.
func (s serverSettings) nameAt(name, region, plan string) (string, error) {
	if s.vendorName == nil {
		return name, nil
	}
	scope := nameScope(s.scope, cty.StringVal(name), cty.StringVal(region), cty.StringVal(plan))
	v, diags := s.vendorName.Value(scope)
	if diags.HasErrors() {
		return "", refusedName(failureOf(diags))
	}
	v, _ = v.UnmarkDeep()
	v, err := convert.Convert(v, cty.String)
	if err != nil || !v.IsKnown() || v.IsNull() {
		return "", refusedName(errors.New("vendor_name gives no text"))
	}
	text := v.AsString()
	if strings.TrimSpace(text) == "" || utf8.RuneCountInString(text) > longestText || strings.ContainsFunc(text, unicode.IsControl) {
		return "", refusedName(errors.New("vendor_name gives no text that can be a name"))
	}
	return text, nil
}

func refusedName(cause error) error {
	return &gateway.Error{Kind: gateway.Refused, Message: "A server can't be called so.", Cause: cause}
}

// failureOf says where and what kind, not hcl's details, which may quote values.
func failureOf(diags hcl.Diagnostics) error {
	for _, d := range diags {
		if d.Severity == hcl.DiagError && d.Subject != nil {
			return fmt.Errorf("%s: %s", d.Subject, d.Summary)
		}
	}
	return errors.New("vendor_name can't be evaluated")
}
