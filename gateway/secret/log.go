package secret

import (
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
)

// RedactingHandler passes records on to next with every secret that r knows
// replaced, in the message and in attributes at any depth. Attributes that a
// logger was given by With are cleaned by what r knew then.
func RedactingHandler(next slog.Handler, r *Redactor) slog.Handler {
	return redactingHandler{next: next, redact: r}
}

type redactingHandler struct {
	next   slog.Handler
	redact *Redactor
}

// Enabled asks the next handler.
func (h redactingHandler) Enabled(ctx context.Context, level slog.Level) bool {
	return h.next.Enabled(ctx, level)
}

// Handle cleans the record.
func (h redactingHandler) Handle(ctx context.Context, record slog.Record) error {
	clean := slog.NewRecord(record.Time, record.Level, h.redact.Redact(record.Message), record.PC)
	record.Attrs(func(a slog.Attr) bool {
		clean.AddAttrs(h.attr(a))
		return true
	})
	return h.next.Handle(ctx, clean)
}

// WithAttrs cleans the attributes.
func (h redactingHandler) WithAttrs(attrs []slog.Attr) slog.Handler {
	return redactingHandler{next: h.next.WithAttrs(h.attrs(attrs)), redact: h.redact}
}

// WithGroup cleans the name.
func (h redactingHandler) WithGroup(name string) slog.Handler {
	return redactingHandler{next: h.next.WithGroup(h.redact.Redact(name)), redact: h.redact}
}

func (h redactingHandler) attrs(attrs []slog.Attr) []slog.Attr {
	clean := make([]slog.Attr, len(attrs))
	for i, a := range attrs {
		clean[i] = h.attr(a)
	}
	return clean
}

func (h redactingHandler) attr(a slog.Attr) slog.Attr {
	return slog.Attr{Key: h.redact.Redact(a.Key), Value: h.value(a.Value.Resolve())}
}

func (h redactingHandler) value(v slog.Value) slog.Value {
	switch v.Kind() {
	case slog.KindString:
		return slog.StringValue(h.redact.Redact(v.String()))
	case slog.KindGroup:
		return slog.GroupValue(h.attrs(v.Group())...)
	case slog.KindAny:
		return h.any(v)
	default:
		return v // numbers, times and durations
	}
}

// any keeps a value that shows no secret in either way that handlers print it,
// and otherwise replaces it by its cleaned text.
func (h redactingHandler) any(v slog.Value) slog.Value {
	switch x := v.Any().(type) {
	case error:
		return slog.StringValue(h.redact.Redact(x.Error()))
	case []byte:
		return slog.StringValue(h.redact.Redact(string(x)))
	}
	for _, text := range printed(v.Any()) {
		if clean := h.redact.Redact(text); clean != text {
			return slog.StringValue(clean)
		}
	}
	return v
}

func printed(x any) []string {
	texts := []string{fmt.Sprintf("%+v", x)}
	if asJSON, err := json.Marshal(x); err == nil {
		texts = append(texts, string(asJSON))
	}
	return texts
}
