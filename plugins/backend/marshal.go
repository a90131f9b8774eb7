package backend

import (
	"fmt"
	"log/slog"

	"google.golang.org/protobuf/proto"

	"github.com/addongw/addongw/plugins/backend/backendpb"
)

// MarshalBinary gives the form in which an Op is stored (sealed: it holds
// secrets). Marks are kept. Credential is left out: it is never stored.
func (o Op) MarshalBinary() ([]byte, error) {
	o.Credential = nil
	e := &encoder{}
	m := e.op(o)
	if e.err != nil {
		return nil, fmt.Errorf("marshal an operation: %w", e.err)
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// UnmarshalBinary reads what MarshalBinary wrote, this version's or an older
// one's.
func (o *Op) UnmarshalBinary(b []byte) error {
	m := &backendpb.Op{}
	if err := proto.Unmarshal(b, m); err != nil {
		return fmt.Errorf("unmarshal an operation: %w", err)
	}
	d := &decoder{}
	op := d.op(m)
	if d.err != nil {
		return fmt.Errorf("unmarshal an operation: %w", d.err)
	}
	*o = op
	return nil
}

// MarshalBinary gives the form in which a Value is stored (sealed: it may hold
// secrets). Marks and unknown parts are kept. The zero Value has no bytes.
func (v Value) MarshalBinary() ([]byte, error) {
	e := &encoder{}
	m := e.value("value", v)
	if e.err != nil {
		return nil, e.err
	}
	return proto.MarshalOptions{Deterministic: true}.Marshal(m)
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (v *Value) UnmarshalBinary(b []byte) error {
	if len(b) == 0 {
		*v = Value{}
		return nil
	}
	m := &backendpb.Value{}
	if err := proto.Unmarshal(b, m); err != nil {
		return fmt.Errorf("unmarshal a value: %w", err)
	}
	d := &decoder{}
	decoded := d.value("value", m)
	if d.err != nil {
		return d.err
	}
	*v = decoded
	return nil
}

// String gives the ids alone: the rest of an Op is nobody's business in a log.
func (o Op) String() string {
	return fmt.Sprintf("operation %s on %s, attempt %d", o.OperationID, o.ResourceID, o.Attempt)
}

// GoString gives the ids alone.
func (o Op) GoString() string { return "backend.Op{" + o.String() + "}" }

// LogValue gives the ids alone.
func (o Op) LogValue() slog.Value {
	return slog.GroupValue(
		slog.String("operation", o.OperationID),
		slog.String("resource", o.ResourceID),
		slog.Int("attempt", o.Attempt),
	)
}
