package secret

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"testing"
)

const canary = "correct/horse battery+staple"

// holder keeps secrets where reflection, but no method, reaches them.
type holder struct {
	Public  Value
	private Value
	Pointer *Value
	List    []Value
	Map     map[string]Value
	Any     any
	inner   struct{ deep Value }
}

func newHolder() holder {
	v := New(canary)
	h := holder{Public: v, private: v, Pointer: &v, List: []Value{v}, Map: map[string]Value{"k": v}, Any: v}
	h.inner.deep = v
	return h
}

func TestAValueShowsNothingUnderAnyVerb(t *testing.T) {
	h := newHolder()
	for _, verb := range strings.Split("v s q x X d t p T U e g b o c", " ") {
		for _, flags := range []string{"", "+", "#", "-", " ", "0", "10", ".3", "+10.3"} {
			format := "%" + flags + verb
			for _, x := range []any{New(canary), &h.Public, h, &h, []any{h}, map[string]any{"h": h}, errors.Join(fmt.Errorf("made with %v", h.Public))} {
				if got := fmt.Sprintf(format, x); strings.Contains(got, "horse") || strings.Contains(got, fmt.Sprintf("%x", "horse")) {
					t.Errorf("Sprintf(%q, %T) = %q", format, x, got)
				}
			}
		}
	}
	if got := fmt.Sprint(New(canary)) + fmt.Sprintf("%q", New(canary)); got != "[redacted][redacted]" {
		t.Errorf("got %q", got)
	}
}

func TestAValueShowsNothingInLogs(t *testing.T) {
	var out bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&out, nil), slog.NewJSONHandler(&out, nil)} {
		log := slog.New(handler).With("with", New(canary))
		log.Info("value", "v", New(canary), "holder", newHolder(), slog.Group("g", "v", New(canary)))
		log.Info(fmt.Sprint("in the message: ", New(canary)))
	}
	if strings.Contains(out.String(), "horse") {
		t.Errorf("got %s", out.String())
	}
	if v := slog.AnyValue(New(canary)).Resolve(); v.Kind() != slog.KindString || v.String() != "[redacted]" {
		t.Errorf("a handler of another make sees %v", v.Kind())
	}
	if !strings.Contains(out.String(), "v=[redacted]") || !strings.Contains(out.String(), `"v":"[redacted]"`) {
		t.Errorf("the attribute is missing: %s", out.String())
	}
}

func TestAValueShowsNothingInJSON(t *testing.T) {
	h := newHolder()
	got, err := json.Marshal(map[string]any{"h": h, "p": &h})
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(string(got), "horse") || !strings.Contains(string(got), `"Public":"[redacted]"`) {
		t.Errorf("got %s", got)
	}
}

func TestOnlyRevealGivesTheText(t *testing.T) {
	if got := New(canary).Reveal(); got != canary {
		t.Errorf("got %q", got)
	}
	if zero := (Value{}); zero.Reveal() != "" || !zero.Empty() || New(canary).Empty() {
		t.Error("the zero Value is not the empty text")
	}
}
