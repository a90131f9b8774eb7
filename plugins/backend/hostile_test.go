package backend

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

// withinSeconds fails when reading takes much work: no context ends a
// computation. It is the processor's time that counts, whatever else the machine
// does.
func withinSeconds(t *testing.T, what string, read func()) {
	t.Helper()
	const most = 20 * time.Second // with the race detector; a tenth without
	began := processorTime(t)
	done := make(chan struct{})
	go func() {
		read()
		close(done)
	}()
	for {
		select {
		case <-done:
			return
		case <-time.After(50 * time.Millisecond):
			if processorTime(t)-began > most {
				t.Fatalf("%s keeps the host busy for more than %s", what, most)
			}
		}
	}
}

// processorTime is what the process has used so far.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// fourMegabytes repeats a piece until a message is full.
func fourMegabytes(piece string) string { return strings.Repeat(piece, MaxMessage/len(piece)) }

// dynamic is go-cty's msgpack of a dynamic value: its type as JSON, and it.
func dynamic(typeJSON, value string) []byte {
	n := len(typeJSON)
	return append([]byte{0x92, 0xc6, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}, typeJSON+value...)
}

func TestNoMessageKeepsTheHostBusy(t *testing.T) {
	root := make([]*backendpb.AttributePath, 1<<20)
	for i := range root {
		root[i] = &backendpb.AttributePath{}
	}
	digits := fourMegabytes("9")
	for name, value := range map[string]*backendpb.Value{
		"a million marks on a long list": {Json: []byte("[" + strings.Repeat("1,", 150_000) + "1]"), Sensitive: root},
		"a type without a bottom":        {Msgpack: dynamic(strings.Repeat(`["list",`, 9_000)+strings.Repeat(" ", 3<<20)+`"string"`+strings.Repeat("]", 9_000), "\x90")},
		"a number of four megabytes":     {Json: []byte(digits)},
		"the same as text of a number":   {Msgpack: dynamic(`"number"`, string([]byte{0xdb, 0, 0x3f, 0xff, 0xff})+digits[:0x3fffff])},
		"a fraction of four megabytes":   {Json: []byte("0." + digits)},
		"a number with a long exponent":  {Json: []byte("1e999999999")},
		"many long numbers":              {Json: []byte("[" + strings.Repeat(strings.Repeat("9", 4000)+",", 900) + "1]")},
		"brackets":                       {Json: []byte(fourMegabytes("["))},
		"a set whose hashes collide":     {Msgpack: dynamic(`["set","string"]`, collidingSet(60_000))},
		"one object of many types":       {Json: []byte(`{` + manyKeys(90_000) + `"x":1}`)},
	} {
		t.Run(name, func(t *testing.T) {
			withinSeconds(t, name, func() {
				d := &decoder{}
				v := d.value("outputs", value)
				if d.err == nil {
					_, _ = Schema{Open: true}.CheckOutputs(v)
				}
			})
		})
	}
}

// collidingSet is the msgpack of a list of n texts with one and the same CRC-32,
// which is how go-cty sorts the members of sets.
func collidingSet(n int) string {
	list := []byte{0xdd, byte(n >> 24), byte(n >> 16), byte(n >> 8), byte(n)}
	changes := harmlessChanges()
	for i := range n {
		var change uint64
		for bit, c := range changes {
			if i>>bit&1 == 1 {
				change ^= c
			}
		}
		list = append(append(list, 0xd9, collidingLength), changed(change)...)
	}
	return string(list)
}

const collidingLength = 52

// changed is a text with a c instead of an a wherever change has a bit.
func changed(change uint64) []byte {
	text := bytes.Repeat([]byte("a"), collidingLength)
	for i := range text {
		text[i] += byte(change>>i&1) * 2
	}
	return text
}

// harmlessChanges finds changes that leave the checksum as it is: CRC-32 is
// linear, so every dependency between 52 single changes and 32 bits is one.
func harmlessChanges() (changes []uint64) {
	type row struct {
		effect uint32
		change uint64
	}
	var basis []row
	none := crc32.ChecksumIEEE(changed(0))
	for i := range collidingLength {
		r := row{crc32.ChecksumIEEE(changed(1<<i)) ^ none, 1 << i}
		for _, b := range basis {
			if r.effect^b.effect < r.effect {
				r = row{r.effect ^ b.effect, r.change ^ b.change}
			}
		}
		if r.effect == 0 {
			changes = append(changes, r.change)
			continue
		}
		basis = append(basis, r)
		slices.SortFunc(basis, func(a, b row) int { return cmp.Compare(b.effect, a.effect) })
	}
	return changes
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `"k%d":[%d],`, i, i)
	}
	return b.String()
}

func TestMarksAreKeptWhereverTheyAre(t *testing.T) {
	secret := cty.StringVal("x").Mark(Sensitive)
	for _, v := range []cty.Value{
		cty.ObjectVal(map[string]cty.Value{"a": secret, "b": cty.StringVal("x")}),
		cty.MapVal(map[string]cty.Value{"a.b": secret, "a": cty.StringVal("y")}),
		cty.TupleVal([]cty.Value{cty.NumberIntVal(1), cty.ObjectVal(map[string]cty.Value{"1": secret}), cty.ListVal([]cty.Value{secret, cty.StringVal("y")})}),
		cty.ListVal([]cty.Value{cty.StringVal("x")}).Mark(Sensitive),
		cty.ObjectVal(map[string]cty.Value{"n": cty.NullVal(cty.String).Mark(Sensitive), "u": cty.UnknownVal(cty.String).Mark(Sensitive)}),
		secret,
	} {
		e, d := &encoder{}, &decoder{}
		if got := d.value("value", e.value("value", NewValue(v))).Cty(); !got.RawEquals(v) || e.err != nil || d.err != nil {
			t.Errorf("%#v became %#v: %v %v", v, got, e.err, d.err)
		}
	}
}

func TestADescriptionOfTooManyAttributesIsRefusedAtOnce(t *testing.T) {
	attribute := &backendpb.Attribute{Name: "a", Type: []byte(`"string"`)}
	wide, deep := &backendpb.Schema{}, &backendpb.Schema{}
	for range 150_000 {
		wide.Attributes = append(wide.Attributes, attribute)
		deep.Blocks = append(deep.Blocks, &backendpb.Block{Name: "b", Body: &backendpb.Schema{Attributes: []*backendpb.Attribute{attribute}}})
	}
	for name, schema := range map[string]*backendpb.Schema{"attributes": wide, "blocks": deep} {
		withinSeconds(t, name, func() {
			d := &decoder{}
			if d.description(&backendpb.DescribeResponse{Config: schema}); d.err == nil {
				t.Errorf("150000 %s are accepted", name)
			}
		})
	}
}

func TestOutputsThatNoLaterRequestCouldCarryAreRefused(t *testing.T) {
	numbers := make([]cty.Value, 20_000)
	for i := range numbers {
		numbers[i] = cty.NumberFloatVal(1e300) // nine bytes of msgpack, three hundred of JSON
	}
	for name, v := range map[string]cty.Value{
		"a long text":  cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal(strings.Repeat("x", MaxOutputs))}),
		"long numbers": cty.ObjectVal(map[string]cty.Value{"a": cty.TupleVal(numbers)}),
	} {
		e := &encoder{}
		if e.result(Result{Outputs: NewValue(v)}); e.err == nil {
			t.Errorf("%s: a plugin sends it", name)
		}
		raw := &encoder{}
		value := raw.value("outputs", NewValue(v))
		if raw.err != nil {
			t.Fatal(raw.err)
		}
		d := &decoder{}
		if d.result(&backendpb.Result{Outputs: value}); d.err == nil {
			t.Errorf("%s: the gateway takes it as a result", name)
		}
		d = &decoder{}
		if d.readResponse(&backendpb.ReadResponse{Outputs: value}); d.err == nil {
			t.Errorf("%s: the gateway takes it from Read", name)
		}
	}
	fits := NewValue(cty.ObjectVal(map[string]cty.Value{"a": cty.StringVal(strings.Repeat("x", MaxOutputs-100)).Mark(Sensitive)}))
	e, d := &encoder{plainJSON: true}, &decoder{}
	if d.result(e.result(Result{Outputs: fits, State: json.RawMessage("{}")})); e.err != nil || d.err != nil {
		t.Errorf("outputs that fit: %v %v", e.err, d.err)
	}
}

// TestSchemasAndValuesOfAllKindsNeverPanic pairs odd types with odd values, as
// a hostile plugin may.
func TestSchemasAndValuesOfAllKindsNeverPanic(t *testing.T) {
	types := []string{
		`"dynamic"`, `"string"`, `"number"`, `"bool"`, `["list","dynamic"]`, `["set","dynamic"]`, `["map","dynamic"]`, `["tuple",[]]`,
		`["tuple",["dynamic","number"]]`, `["object",{}]`, `["object",{"a":"dynamic"}]`, `["object",{"a":"string","b":"number"},["a"]]`,
		`["list",["object",{"a":"string"},["a"]]]`, `["set",["list","dynamic"]]`, `["map",["object",{"a":["set","dynamic"]},["a"]]]`,
	}
	values := []string{
		`null`, `1`, `"x"`, `true`, `[]`, `{}`, `[1,"a",null]`, `{"a":1}`, `{"a":null}`, `{"a":[1,"b"]}`, `[[1],["a"],{}]`, `[{"a":"x"},{}]`, `{"":{"a":[[]]}}`,
	}
	for _, typeJSON := range types {
		for _, text := range values {
			for _, sensitive := range []bool{false, true} {
				pair(t, typeJSON, text, sensitive)
			}
		}
	}
}

func pair(t *testing.T, typeJSON, text string, sensitive bool) {
	defer func() {
		if panicked := recover(); panicked != nil {
			t.Errorf("%s as %s: panic: %v", text, typeJSON, panicked)
		}
	}()
	d := &decoder{}
	a := d.attribute("a", &backendpb.Attribute{
		Name: "a", Type: []byte(typeJSON), Sensitive: sensitive,
		Default: &backendpb.Value{Json: []byte(text), Sensitive: []*backendpb.AttributePath{{}}},
	})
	if d.err != nil {
		return
	}
	_ = Description{Name: "x", Version: "1.0.0", Outputs: Schema{Attributes: []Attribute{a}}}.Check()
	_ = Description{Name: "x", Version: "1.0.0", Config: Schema{Attributes: []Attribute{a}}}.Check()
	v := d.value("outputs", &backendpb.Value{Json: []byte(`{"a":` + text + `}`)})
	_, _ = Schema{Attributes: []Attribute{a}}.CheckOutputs(v)
}

// TestWhatNoMessageCanCarryIsAnAnswer is about expressions of which each brings
// large outputs along: a repeat would be as large.
func TestWhatNoMessageCanCarryIsAnAnswer(t *testing.T) {
	b := serve(t, &fake{})
	op := Op{ResourceID: "res_1", Config: NewValue(cty.ObjectVal(map[string]cty.Value{"hush": cty.StringVal(strings.Repeat("x", MaxMessage/2))}))}
	for name, call := range map[string]func() error{
		"Provision": func() error { _, err := b.Provision(t.Context(), ProvisionRequest{Op: op}, nil); return err },
		"Read":      func() error { _, err := b.Read(t.Context(), ReadRequest{Op: op}); return err },
	} {
		var failure *Failure
		if err := call(); !errors.As(err, &failure) || failure.Class != Internal || !strings.Contains(failure.Message, "there may be") {
			t.Errorf("%s: %v, want %s", name, err, Internal)
		}
	}
}
