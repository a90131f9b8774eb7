package attribute_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/attribute"
)

func object(values map[string]cty.Value) backend.Value {
	return backend.NewValue(cty.ObjectVal(values))
}

func TestWhatIsKnownIsRead(t *testing.T) {
	config := object(map[string]cty.Value{
		"text":     cty.StringVal("acme").Mark(backend.Sensitive),
		"number":   cty.NumberIntVal(7),
		"fraction": cty.NumberFloatVal(7.5),
		"absent":   cty.NullVal(cty.String),
		"unknown":  cty.UnknownVal(cty.String),
		"begun":    cty.UnknownVal(cty.String).Refine().StringPrefix("acme_").NewValue(),
		"list":     cty.ListVal([]cty.Value{cty.StringVal("a"), cty.UnknownVal(cty.String), cty.StringVal("c")}),
	})
	of := func(name string) attribute.Field { return attribute.Of(config, name) }
	if got := of("text").Text(); got != "acme" {
		t.Errorf("text: %q", got)
	}
	if n, ok := of("number").Whole(); n != 7 || !ok {
		t.Errorf("number: %d %t", n, ok)
	}
	for _, name := range []string{"fraction", "text", "absent", "unknown"} {
		if n, ok := of(name).Whole(); ok {
			t.Errorf("%s is the whole number %d", name, n)
		}
	}
	if got := of("begun").Prefix(); got != "acme_" {
		t.Errorf("what an unknown text begins with: %q", got)
	}
	for name, want := range map[string][2]bool{"text": {false, true}, "absent": {true, false}, "nowhere": {true, false}, "unknown": {false, false}, "list": {false, false}} {
		if got := [2]bool{of(name).Null(), of(name).Known()}; got != want {
			t.Errorf("%s: null, known: %t, want %t", name, got, want)
		}
	}
	known := map[int]string{}
	for i, element := range of("list").Elements() {
		known[i] = element
	}
	if diff := cmp.Diff(map[int]string{0: "a", 2: "c"}, known); diff != "" {
		t.Errorf("elements (-want +got):\n%s", diff)
	}
	if d := of("list").WrongAt(2, "It is wrong", "Write b."); !d.Path.Equals(cty.GetAttrPath("list").IndexInt(2)) || d.Severity != backend.SeverityError {
		t.Errorf("%+v", d)
	}
	whole := backend.NewValue(cty.UnknownVal(cty.Object(map[string]cty.Type{"text": cty.String})))
	if f := attribute.Of(whole, "text"); f.Null() || f.Known() {
		t.Error("an attribute of an unknown object is known")
	}
}

func TestADropPolicyIsNowOrSomeDays(t *testing.T) {
	const day = 24 * time.Hour
	for policy, want := range map[string]time.Duration{"now": 0, "keep-1d": day, "keep-90d": 90 * day} {
		keep, found := attribute.Keep(object(map[string]cty.Value{attribute.DropPolicy: cty.StringVal(policy)}))
		if keep != want || len(found) > 0 {
			t.Errorf("%s: %v %+v", policy, keep, found)
		}
	}
	for _, policy := range []string{"", "later", "keep-0d", "keep-91d", "keep-7", "keep-07d", "keep-7d "} {
		if keep, found := attribute.Keep(object(map[string]cty.Value{attribute.DropPolicy: cty.StringVal(policy)})); keep != 0 || !found.HasErrors() {
			t.Errorf("%q: %v %+v", policy, keep, found)
		}
	}
	if keep, found := attribute.Keep(object(nil)); keep != 0 || len(found) > 0 {
		t.Errorf("unset: %v %+v", keep, found)
	}
}
