package secret

import (
	"fmt"
	"log/slog"
)

// redacted is all that a Value ever prints.
const redacted = "[redacted]"

// Withheld stands in a manifest where a secret would. Who reads one tells by it
// that the secret was left out.
const Withheld = "(set with --with-secrets)"

// Value is text that does not print. It holds the text behind a pointer to a
// function, so that even %+v of a struct with a Value in an unexported field
// shows nothing. The zero Value is the empty text.
type Value struct{ reveal func() string }

// New makes a Value.
func New(text string) Value { return Value{reveal: func() string { return text }} }

// Reveal returns the text. Search for its callers to see every use of a secret.
func (v Value) Reveal() string {
	if v.reveal == nil {
		return ""
	}
	return v.reveal()
}

// Empty reports whether there is no text.
func (v Value) Empty() bool { return v.Reveal() == "" }

// String says "[redacted]".
func (Value) String() string { return redacted }

// GoString says "[redacted]".
func (Value) GoString() string { return redacted }

// Format says "[redacted]" for every verb of fmt.
func (Value) Format(s fmt.State, _ rune) { _, _ = s.Write([]byte(redacted)) }

// LogValue says "[redacted]".
func (Value) LogValue() slog.Value { return slog.StringValue(redacted) }

// MarshalText says "[redacted]"; JSON encoders use it.
func (Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }
