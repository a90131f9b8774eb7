package backend

import (
	"encoding/json"
	"errors"
	"fmt"
	"math/big"
	"strconv"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"
	"github.com/zclconf/go-cty/cty/msgpack"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

// encoder turns our types into messages. It keeps the first error, so that a
// struct with many fields is converted without a check after each.
type encoder struct {
	plainJSON bool // values carry their JSON form too
	err       error
}

func (e *encoder) fail(what string, err error) {
	if e.err == nil && err != nil {
		e.err = fmt.Errorf("encode %s: %w", what, err)
	}
}

// value encodes v; the zero Value becomes no message at all.
func (e *encoder) value(what string, v Value) *backendpb.Value {
	if v.v == cty.NilVal || e.err != nil {
		return nil
	}
	var m *backendpb.Value
	err := guard(func() (err error) {
		m, err = encodeValue(v.v, e.plainJSON)
		return err
	})
	e.fail(what, err)
	return m
}

func encodeValue(v cty.Value, plainJSON bool) (*backendpb.Value, error) {
	bare, marks := v.UnmarkDeepWithPaths()
	packed, err := msgpack.Marshal(bare, cty.DynamicPseudoType)
	if err != nil {
		return nil, err
	}
	m := &backendpb.Value{Msgpack: packed}
	for _, at := range marks {
		if _, secret := at.Marks[Sensitive]; !secret {
			continue
		}
		path, err := encodePath(at.Path)
		if err != nil {
			return nil, err
		}
		m.Sensitive = append(m.Sensitive, path)
	}
	switch {
	case !plainJSON:
	case bare.IsWhollyKnown():
		m.Json, err = ctyjson.SimpleJSONValue{Value: bare}.MarshalJSON()
	default:
		err = encodePartly(m, bare)
	}
	return m, err
}

// encodePartly adds the JSON form of a value that is not known as a whole.
func encodePartly(m *backendpb.Value, bare cty.Value) error {
	var unknown unknownParts
	known, err := cty.TransformWithTransformer(bare, &unknown)
	if err != nil {
		return err
	}
	for _, p := range unknown {
		path, err := encodePath(p)
		if err != nil {
			return err
		}
		m.Unknown = append(m.Unknown, path)
	}
	m.PartialJson, err = ctyjson.SimpleJSONValue{Value: known}.MarshalJSON()
	return err
}

// unknownParts replaces what is not known by null, and notes where that was. No
// path leads to a member of a set, so that a set is known as a whole or not.
type unknownParts []cty.Path

func (u *unknownParts) Enter(p cty.Path, v cty.Value) (cty.Value, error) {
	if v.IsKnown() && (!v.Type().IsSetType() || v.IsWhollyKnown()) {
		return v, nil
	}
	*u = append(*u, p.Copy())
	return cty.NullVal(v.Type()), nil
}

func (u *unknownParts) Exit(_ cty.Path, v cty.Value) (cty.Value, error) { return v, nil }

// decoder turns messages into our types, and keeps the first error.
type decoder struct{ err error }

func (d *decoder) fail(what string, err error) {
	if d.err == nil && err != nil {
		d.err = fmt.Errorf("decode %s: %w", what, err)
	}
}

// value decodes m; no message becomes the zero Value.
func (d *decoder) value(what string, m *backendpb.Value) Value {
	if m == nil || d.err != nil {
		return Value{}
	}
	var v cty.Value
	err := guard(func() (err error) {
		v, err = decodeValue(m)
		return err
	})
	d.fail(what, err)
	if err != nil {
		return Value{}
	}
	return Value{v: v}
}

func decodeValue(m *backendpb.Value) (cty.Value, error) {
	v, err := decodeBare(m)
	if err != nil {
		return cty.NilVal, err
	}
	if err := checkNumbers(v); err != nil {
		return cty.NilVal, err
	}
	return markAll(v, m.Sensitive)
}

// markAll marks the parts of v that paths lead to. go-cty compares every path
// with every part, of which there may be a hundred thousand each; this does
// not.
func markAll(v cty.Value, paths []*backendpb.AttributePath) (cty.Value, error) {
	secret := map[string]bool{}
	for _, p := range paths {
		path, err := decodePath(p)
		if err != nil {
			return cty.NilVal, err
		}
		// A path that leads nowhere would leave a secret unmarked.
		if _, err := path.Apply(v); err != nil {
			return cty.NilVal, errors.New("a sensitive path leads to nothing")
		}
		secret[pathKey(path)] = true
	}
	if len(secret) == 0 {
		return v, nil
	}
	return cty.Transform(v, func(path cty.Path, part cty.Value) (cty.Value, error) {
		if secret[pathKey(path)] {
			return part.Mark(Sensitive), nil
		}
		return part, nil
	})
}

// pathKey is the same for equal paths only. Members of sets, which no path
// leads to, share one.
func pathKey(p cty.Path) string {
	var key []byte
	for _, step := range p {
		switch step := step.(type) {
		case cty.GetAttrStep:
			key = strconv.AppendQuote(append(key, '.'), step.Name)
		case cty.IndexStep:
			switch {
			case step.Key.Type() == cty.String && step.Key.IsKnown():
				key = strconv.AppendQuote(append(key, '['), step.Key.AsString())
			case step.Key.Type() == cty.Number && step.Key.IsKnown():
				key = step.Key.AsBigFloat().Append(append(key, '['), 'p', 0)
			default:
				key = append(key, '*')
			}
		}
	}
	return string(key)
}

func decodeBare(m *backendpb.Value) (cty.Value, error) {
	switch {
	case len(m.Msgpack) > 0:
		if err := checkMsgpack(m.Msgpack); err != nil {
			return cty.NilVal, err
		}
		return msgpack.Unmarshal(m.Msgpack, cty.DynamicPseudoType)
	case len(m.Json) > 0:
		if err := checkJSON(m.Json); err != nil {
			return cty.NilVal, err
		}
		t, err := ctyjson.ImpliedType(m.Json)
		if err != nil {
			return cty.NilVal, err
		}
		return ctyjson.Unmarshal(m.Json, t)
	}
	return cty.NullVal(cty.DynamicPseudoType), nil
}

// checkNumbers refuses numbers that no float64 can hold: go-cty writes numbers
// out in full, and 1e999999999 in full is a gigabyte.
func checkNumbers(v cty.Value) error {
	return cty.Walk(v, func(_ cty.Path, part cty.Value) (bool, error) {
		if part.Type() != cty.Number || !part.IsKnown() || part.IsNull() {
			return true, nil
		}
		n := part.AsBigFloat()
		if n.IsInf() || abs(n.MantExp(new(big.Float))) > 1100 {
			return false, errors.New("a number is out of range")
		}
		return true, nil
	})
}

func abs(n int) int { return max(n, -n) }

// guard turns a panic of go-cty, which takes malformed input for a mistake of
// its caller, into an error. The text of the panic may hold values.
func guard(do func() error) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("malformed value")
		}
	}()
	return do()
}

func encodePath(p cty.Path) (*backendpb.AttributePath, error) {
	if len(p) == 0 {
		return &backendpb.AttributePath{}, nil
	}
	m := &backendpb.AttributePath{}
	for _, s := range p {
		step, err := encodeStep(s)
		if err != nil {
			return nil, err
		}
		m.Steps = append(m.Steps, step)
	}
	return m, nil
}

func encodeStep(s cty.PathStep) (*backendpb.AttributePath_Step, error) {
	switch s := s.(type) {
	case cty.GetAttrStep:
		return &backendpb.AttributePath_Step{Step: &backendpb.AttributePath_Step_Attribute{Attribute: s.Name}}, nil
	case cty.IndexStep:
		if !s.Key.IsKnown() || s.Key.IsNull() || s.Key.IsMarked() {
			break
		}
		if s.Key.Type() == cty.String {
			return &backendpb.AttributePath_Step{Step: &backendpb.AttributePath_Step_Key{Key: s.Key.AsString()}}, nil
		}
		if s.Key.Type() == cty.Number {
			i, _ := s.Key.AsBigFloat().Int64()
			return &backendpb.AttributePath_Step{Step: &backendpb.AttributePath_Step_Index{Index: i}}, nil
		}
	}
	return nil, errors.New("a path has a step that is neither attribute, key nor index")
}

func decodePath(m *backendpb.AttributePath) (cty.Path, error) {
	if len(m.GetSteps()) > maxDepth {
		return nil, errors.New("a path is too long")
	}
	var p cty.Path
	for _, s := range m.GetSteps() {
		switch s := s.GetStep().(type) {
		case *backendpb.AttributePath_Step_Attribute:
			p = append(p, cty.GetAttrStep{Name: s.Attribute})
		case *backendpb.AttributePath_Step_Key:
			p = append(p, cty.IndexStep{Key: cty.StringVal(s.Key)})
		case *backendpb.AttributePath_Step_Index:
			p = append(p, cty.IndexStep{Key: cty.NumberIntVal(s.Index)})
		default:
			return nil, errors.New("a path has an empty step")
		}
	}
	return p, nil
}

// MaxState is the most that a state may hold, in bytes.
const MaxState = 64 << 10

// MaxOutputs is the most that outputs may hold, in bytes of their JSON: every
// later request carries them.
const MaxOutputs = 256 << 10

// checkState refuses what the gateway would not keep.
func checkState(state []byte) error {
	switch {
	case len(state) > MaxState:
		return fmt.Errorf("the state has %d bytes; at most %d are kept", len(state), MaxState)
	case len(state) > 0 && !json.Valid(state):
		return errors.New("the state is not JSON")
	}
	return nil
}

// checkOutputs refuses what later requests could not carry.
func checkOutputs(v Value) error { return checkSize(v, MaxOutputs) }

// checkSize bounds the JSON form of v.
func checkSize(v Value, most int) error {
	bare, _ := v.Cty().UnmarkDeep()
	if !bare.IsWhollyKnown() {
		return nil // refused for that, by name, where the schema is known
	}
	return guard(func() error {
		text, err := ctyjson.SimpleJSONValue{Value: bare}.MarshalJSON()
		if err == nil && len(text) > most {
			err = fmt.Errorf("%d bytes of JSON; there may be at most %d", len(text), most)
		}
		return err
	})
}
