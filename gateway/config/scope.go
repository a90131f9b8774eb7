package config

import (
	"maps"
	"time"

	"github.com/hashicorp/hcl/v2"
	"github.com/zclconf/go-cty/cty"
	"github.com/zclconf/go-cty/cty/convert"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/plugins/backend"
)

// resourceType is what resource.* offers beside the options, which every add-on
// has of its own.
func resourceType() cty.Type {
	return cty.Object(map[string]cty.Type{
		"id": cty.String, "short_id": cty.String, "provider_id": cty.String, "platform_id": cty.String,
		"name": cty.String, "plan": cty.String, "region": cty.String,
		"owner":   cty.Object(map[string]cty.Type{"id": cty.String, "name": cty.String, "email": cty.String}),
		"user_id": cty.String, "callback_url": cty.String,
		"log":        cty.Object(map[string]cty.Type{"token": cty.String, "drain_url": cty.String}),
		"created_at": cty.String,
	})
}

// unknowns are the parts of a resource before there is one. They are the same
// in every scope, so they are made once.
type unknowns map[string]cty.Value

func newUnknowns() unknowns {
	values := unknowns{}
	for name, t := range resourceType().AttributeTypes() {
		values[name] = cty.UnknownVal(t)
	}
	for _, name := range []string{"id", "short_id", "provider_id", "platform_id", "created_at"} {
		values[name] = cty.UnknownVal(cty.String).RefineNotNull()
	}
	values["log"] = cty.ObjectVal(map[string]cty.Value{
		"token": cty.UnknownVal(cty.String).Mark(backend.Sensitive), "drain_url": cty.UnknownVal(cty.String),
	})
	return values
}

// newSparse is a resource of which the platform sent nothing that it may leave
// out.
func newSparse() unknowns {
	values := newUnknowns()
	for _, name := range []string{"name", "user_id", "callback_url"} {
		values[name] = cty.NullVal(cty.String)
	}
	none := cty.NullVal(cty.String)
	values["owner"] = cty.ObjectVal(map[string]cty.Value{"id": none, "name": none, "email": none})
	values["log"] = cty.ObjectVal(map[string]cty.Value{"token": none.Mark(backend.Sensitive), "drain_url": none})
	return values
}

// resource is a resource before there is one: its plan and region are known.
func (u unknowns) resource(plan, region, options cty.Value) cty.Value {
	values := maps.Clone(u)
	values["plan"], values["region"], values["options"] = plan, region, options
	return cty.ObjectVal(values)
}

// resourceValue is a real resource. What a platform does not send is null.
func resourceValue(r gateway.Resource, options cty.Value) cty.Value {
	token := cty.NullVal(cty.String)
	if r.LogToken != nil {
		token = text(r.LogToken.Reveal())
	}
	return cty.ObjectVal(map[string]cty.Value{
		"id": text(r.ID), "short_id": text(r.ShortID), "provider_id": text(r.ProviderID), "platform_id": text(r.ExternalID),
		"name": text(r.Name), "plan": text(r.Plan), "region": text(r.Region), "options": options,
		"owner":   ownerValue(r.Owner),
		"user_id": text(r.UserID), "callback_url": text(r.CallbackURL),
		"log":        cty.ObjectVal(map[string]cty.Value{"token": token.Mark(backend.Sensitive), "drain_url": text(r.LogDrainURL)}),
		"created_at": text(timestamp(r.CreatedAt)),
	})
}

func ownerValue(o gateway.Owner) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"id": text(o.ID), "name": text(o.Name), "email": text(o.Email)})
}

func timestamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return t.UTC().Format(time.RFC3339)
}

// text is a string, or null for none.
func text(s string) cty.Value {
	if s == "" {
		return cty.NullVal(cty.String)
	}
	return cty.StringVal(s)
}

// liveScope is the scope of everything evaluated for a customer. addon is the
// provider where a server is made.
func liveScope(parent *hcl.EvalContext, addon, platform, plan, region, resource, output cty.Value) *hcl.EvalContext {
	scope := parent.NewChild()
	scope.Variables = map[string]cty.Value{
		"addon": addon, "platform": platform, "plan": plan, "region": region, "resource": resource, "output": output,
	}
	return scope
}

// scope stands in for a live scope where it does not matter which.
func (u unknowns) scope(parent *hcl.EvalContext) *hcl.EvalContext {
	scope := parent.NewChild()
	scope.Variables = map[string]cty.Value{
		"addon": cty.DynamicVal, "platform": cty.DynamicVal, "plan": cty.DynamicVal, "region": cty.DynamicVal, "output": cty.DynamicVal,
		"resource": u.resource(cty.UnknownVal(cty.String), cty.UnknownVal(cty.String), cty.DynamicVal),
	}
	return scope
}

// setOutputs makes what output.* offers where there are no values: typed, and
// marked where they will be secret. A backend that was not asked, or gave no
// answer that its schema may come with, has any output.
func (b *loadedBackend) setOutputs() {
	b.unknown, b.none = cty.DynamicVal, cty.DynamicVal
	if !b.asked || !b.sound && len(b.Description.Outputs.Attributes) == 0 {
		return
	}
	unknown, none := map[string]cty.Value{}, map[string]cty.Value{}
	for _, a := range b.Description.Outputs.Attributes {
		t := a.Type.WithoutOptionalAttributesDeep()
		unknown[a.Name], none[a.Name] = hide(a, cty.UnknownVal(t)), hide(a, cty.NullVal(t))
	}
	b.unknown, b.none = cty.ObjectVal(unknown), cty.ObjectVal(none)
}

// knownOutputs gives recorded outputs the types and marks of the schema:
// whether a value is secret follows from the schema alone.
func (b *loadedBackend) knownOutputs(recorded backend.Value) cty.Value {
	given := map[string]cty.Value{}
	if u, _ := recorded.Cty().Unmark(); !recorded.IsNull() && (u.Type().IsObjectType() || u.Type().IsMapType()) {
		given = u.AsValueMap()
	}
	values := maps.Clone(given)
	if values == nil {
		values = map[string]cty.Value{}
	}
	for _, a := range b.Description.Outputs.Attributes {
		kind := a.Type.WithoutOptionalAttributesDeep()
		v, ok := given[a.Name]
		if !ok {
			v = cty.NullVal(kind)
		}
		if converted, err := convert.Convert(v, a.Type); err == nil {
			v = converted
		}
		values[a.Name] = hide(a, v)
	}
	return cty.ObjectVal(values)
}

func hide(a backend.Attribute, v cty.Value) cty.Value {
	if a.Sensitive || a.Generated > 0 {
		return v.Mark(backend.Sensitive)
	}
	return v
}

func textList(list []string) cty.Value {
	if len(list) == 0 {
		return cty.ListValEmpty(cty.String)
	}
	var values []cty.Value
	for _, s := range list {
		values = append(values, cty.StringVal(s))
	}
	return cty.ListVal(values)
}
