package backend

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/zclconf/go-cty/cty"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protoreflect"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

// sampleValue has a mark at the top, one inside, and every kind of path step.
func sampleValue() Value {
	secret := cty.StringVal("s3cret").Mark(Sensitive)
	return NewValue(cty.ObjectVal(map[string]cty.Value{
		"text":   cty.StringVal("a"),
		"secret": secret,
		"map":    cty.MapVal(map[string]cty.Value{"k": secret}),
		"list":   cty.ListVal([]cty.Value{cty.StringVal("x"), secret}),
		"tuple":  cty.TupleVal([]cty.Value{cty.NumberFloatVal(1.5), cty.True}),
		"null":   cty.NullVal(cty.Number),
	}))
}

// filled sets every field of v to something other than zero, so that a field
// that a conversion forgets is missed.
func filled(t *testing.T, v reflect.Value, depth int) {
	t.Helper()
	samples := []any{
		sampleValue(), cty.List(cty.String), cty.StringVal("default"),
		cty.GetAttrPath("a").IndexString("k").IndexInt(3), json.RawMessage(`{"n":1}`),
		time.Unix(1700000000, 5).UTC(), 3*time.Second + 5,
		NotFound, SeverityWarning, ModeSoft, RotateCommit,
	}
	for _, sample := range samples {
		if reflect.TypeOf(sample) == v.Type() {
			v.Set(reflect.ValueOf(sample))
			return
		}
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString("some text")
	case reflect.Int:
		v.SetInt(7)
	case reflect.Bool:
		v.SetBool(true)
	case reflect.Map:
		v.Set(reflect.ValueOf(map[string]string{"name": "value"}))
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		filled(t, v.Elem(), depth)
	case reflect.Slice:
		if depth > 3 {
			return // blocks within blocks within blocks are enough
		}
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		filled(t, v.Index(0), depth+1)
	case reflect.Struct:
		for i := range v.NumField() {
			filled(t, v.Field(i), depth)
		}
	default:
		t.Fatalf("no sample for %s", v.Type())
	}
}

func fill[T any](t *testing.T) T {
	t.Helper()
	var x T
	filled(t, reflect.ValueOf(&x).Elem(), 0)
	return x
}

func equalities() cmp.Options {
	return cmp.Options{
		cmp.Comparer(func(a, b cty.Type) bool { return a == b || a != cty.NilType && b != cty.NilType && a.Equals(b) }),
		cmp.Comparer(func(a, b cty.Value) bool { return a == b || a != cty.NilVal && b != cty.NilVal && a.RawEquals(b) }),
		cmp.Comparer(func(a, b cty.Path) bool { return a.Equals(b) }),
		cmp.Comparer(func(a, b Value) bool { return a.Cty().RawEquals(b.Cty()) }),
	}
}

// roundTrip converts a filled T to bytes and back.
func roundTrip[T any, M proto.Message](encode func(*encoder, T) M, decode func(*decoder, M) T) func(*testing.T) {
	return func(t *testing.T) {
		want := fill[T](t)
		e := &encoder{plainJSON: true}
		m := encode(e, want)
		if e.err != nil {
			t.Fatal(e.err)
		}
		mustBeFull(t, m.ProtoReflect())
		b, err := proto.Marshal(m)
		if err != nil {
			t.Fatal(err)
		}
		read := m.ProtoReflect().New().Interface().(M)
		if err := proto.Unmarshal(b, read); err != nil {
			t.Fatal(err)
		}
		d := &decoder{}
		got := decode(d, read)
		if d.err != nil {
			t.Fatal(d.err)
		}
		if diff := cmp.Diff(want, got, equalities()); diff != "" {
			t.Errorf("-want +got:\n%s", diff)
		}
	}
}

// mustBeFull fails for a field of a message that nothing was put into.
func mustBeFull(t *testing.T, m protoreflect.Message) {
	t.Helper()
	fields := m.Descriptor().Fields()
	for i := range fields.Len() {
		field := fields.Get(i)
		switch {
		case field.ContainingOneof() != nil, field.FullName() == "addongw.backend.v1.ReadResponse.failure":
		case field.FullName() == "addongw.backend.v1.Schema.blocks": // the innermost has none
		case field.FullName() == "addongw.backend.v1.Value.sensitive": // of a value without secrets
		case !m.Has(field):
			t.Errorf("%s is never set", field.FullName())
		case field.IsList() && field.Message() != nil:
			for j := range m.Get(field).List().Len() {
				mustBeFull(t, m.Get(field).List().Get(j).Message())
			}
		case field.Message() != nil && !field.IsMap():
			mustBeFull(t, m.Get(field).Message())
		}
	}
}

func TestEveryFieldSurvivesTheWire(t *testing.T) {
	t.Run("Op", roundTrip((*encoder).op, (*decoder).op))
	t.Run("Plan", roundTrip((*encoder).plan, (*decoder).plan))
	t.Run("Result", roundTrip((*encoder).result, (*decoder).result))
	t.Run("Failure", roundTrip((*encoder).failure, (*decoder).failure))
	t.Run("Description", roundTrip((*encoder).description, (*decoder).description))
	t.Run("RotateRequest", roundTrip((*encoder).rotateRequest, (*decoder).rotateRequest))
	t.Run("InvokeRequest", roundTrip((*encoder).invokeRequest, (*decoder).invokeRequest))
	t.Run("ReadResponse", roundTrip((*encoder).readResponse, (*decoder).readResponse))
	t.Run("ValidateConfigResponse", roundTrip((*encoder).validateConfigResponse, (*decoder).validateConfigResponse))
}

func TestEveryPhaseArrivesAsItselfAndNoOtherIsTaken(t *testing.T) {
	codes := phaseCodes()
	if len(codes) != len(backendpb.RotateRequest_Phase_name)-1 {
		t.Errorf("%d phases, %d codes", len(codes), len(backendpb.RotateRequest_Phase_name)-1)
	}
	for phase := range codes {
		e, d := &encoder{}, &decoder{}
		if got := d.rotateRequest(e.rotateRequest(RotateRequest{Phase: phase})); got.Phase != phase || e.err != nil || d.err != nil {
			t.Errorf("%s became %q: %v %v", phase, got.Phase, e.err, d.err)
		}
	}
	for _, strange := range []backendpb.RotateRequest_Phase{backendpb.RotateRequest_PHASE_UNSPECIFIED, 99, -1} {
		d := &decoder{}
		if got := d.rotateRequest(&backendpb.RotateRequest{Phase: strange}); d.err == nil || got.Phase != "" {
			t.Errorf("phase %d is read as %q", strange, got.Phase)
		}
	}
	e := &encoder{}
	if e.rotateRequest(RotateRequest{Phase: "revoke"}); e.err == nil {
		t.Error(`phase "revoke" is sent`)
	}
}

func TestEveryClassHasItsOwnCode(t *testing.T) {
	seen := map[backendpb.Failure_Class]bool{}
	for _, class := range Classes() {
		code, ok := classCodes()[class]
		if !ok || seen[code] || code == backendpb.Failure_CLASS_UNSPECIFIED {
			t.Errorf("class %s has code %v", class, code)
		}
		seen[code] = true
		if back := (&decoder{}).failure((&encoder{}).failure(&Failure{Class: class})); back.Class != class {
			t.Errorf("%s comes back as %s", class, back.Class)
		}
	}
	if len(seen) != len(backendpb.Failure_Class_name)-1 {
		t.Errorf("%d classes, %d codes", len(seen), len(backendpb.Failure_Class_name)-1)
	}
	for _, strange := range []*backendpb.Failure{{}, {Class: 99}} {
		if f := (&decoder{}).failure(strange); f.Class != Internal {
			t.Errorf("%v is read as %s", strange, f.Class)
		}
	}
}
