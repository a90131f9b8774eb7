package backendtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"

	"github.com/zclconf/go-cty/cty"
	"google.golang.org/grpc/test/bufconn"

	"github.com/addongw/addongw/plugins/backend"
)

// watcher is the gateway's side of a call: it keeps all texts, and can cut the
// call off at a checkpoint.
type watcher struct {
	mu          sync.Mutex
	texts       []said
	events      []string // one for each
	state       []byte   // of the last checkpoint
	checkpoints int
	cutAt       int // cut the call off at this checkpoint; 0: never
	cut         context.CancelFunc
	heard       context.CancelFunc // called at every event; may be nil
}

// said is a text of the plugin's.
type said struct{ where, text string }

var _ backend.Events = (*watcher)(nil)

func (w *watcher) Checkpoint(step string, state json.RawMessage) {
	w.note(step, said{"the name of a checkpoint", step}, said{fmt.Sprintf("the state of checkpoint %q", step), string(state)})
	w.mu.Lock()
	defer w.mu.Unlock()
	if len(state) > 0 {
		w.state = state
	}
	if w.checkpoints++; w.checkpoints == w.cutAt {
		w.cut()
	}
}

func (w *watcher) Progress(message string, _ int) { w.note(message, said{"Events.Progress", message}) }

func (w *watcher) Log(_ slog.Level, message string) { w.note(message, said{"Events.Log", message}) }

// note keeps the texts of an event.
func (w *watcher) note(event string, texts ...said) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.events = append(w.events, event)
	w.texts = append(w.texts, texts...)
	if w.heard != nil {
		w.heard()
	}
}

// lastState is what the gateway sends with the next attempt.
func (w *watcher) lastState(op backend.Op) []byte {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.state == nil {
		return op.State
	}
	return w.state
}

// verb makes one life-cycle call.
type verb func(ctx context.Context, op backend.Op, events backend.Events) (backend.Result, error)

func (b *bench) provision(ctx context.Context, op backend.Op, events backend.Events) (backend.Result, error) {
	return b.remote.Provision(ctx, backend.ProvisionRequest{Op: op}, events)
}

func (b *bench) purge(ctx context.Context, op backend.Op, events backend.Events) (backend.Result, error) {
	return b.remote.Deprovision(ctx, backend.DeprovisionRequest{Op: op, Mode: backend.ModePurge}, events)
}

func (b *bench) soft(ctx context.Context, op backend.Op, events backend.Events) (backend.Result, error) {
	return b.remote.Deprovision(ctx, backend.DeprovisionRequest{Op: op, Mode: backend.ModeSoft}, events)
}

func (b *bench) changeFrom(old backend.Plan) verb {
	return func(ctx context.Context, op backend.Op, events backend.Events) (backend.Result, error) {
		return b.remote.ChangePlan(ctx, backend.ChangePlanRequest{Op: op, OldPlan: old}, events)
	}
}

// must makes a call that has to succeed, and looks for secrets in all it said.
func (b *bench) must(t *testing.T, what string, do verb, op backend.Op) backend.Result {
	t.Helper()
	w := &watcher{}
	result, err := b.try(t, what, do, op, w)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return result
}

func (b *bench) try(t *testing.T, what string, do verb, op backend.Op, w *watcher) (backend.Result, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), b.Timeout)
	defer cancel()
	w.cut = cancel
	op.Deadline, _ = ctx.Deadline()
	result, err := do(ctx, op, w)
	texts := append(w.texts, said{"Result.State", string(result.State)})
	if failure := (*backend.Failure)(nil); errors.As(err, &failure) {
		texts = append(texts, said{"Failure.Message", failure.Message}, said{"Failure.Customer", failure.Customer})
	} else if err != nil {
		texts = append(texts, said{"the error", err.Error()})
	}
	b.lookForSecrets(t, what, op, texts)
	return result, err
}

// lookForSecrets fails the test when one of texts holds a secret.
func (b *bench) lookForSecrets(t *testing.T, what string, op backend.Op, texts []said) {
	t.Helper()
	secrets := append(sensitive(b.Config.Cty(), false), b.Secrets...)
	secrets = append(secrets, sensitive(op.Outputs.Cty(), false)...)
	for _, group := range []map[string]string{op.Secrets, op.Credential} {
		for _, secret := range group {
			secrets = append(secrets, secret)
		}
	}
	for _, said := range texts {
		for _, secret := range secrets {
			if len(secret) >= 4 && strings.Contains(said.text, secret) {
				t.Errorf("%s: a secret shows up in %s: %q", what, strings.ReplaceAll(said.where, secret, "[redacted]"), strings.ReplaceAll(said.text, secret, "[redacted]"))
			}
		}
	}
}

// sensitive lists the texts in v that are marked.
func sensitive(v cty.Value, secret bool) []string {
	v, marks := v.Unmark()
	if _, marked := marks[backend.Sensitive]; marked {
		secret = true
	}
	switch {
	case !v.IsKnown() || v.IsNull():
		return nil
	case v.Type() == cty.String && secret:
		return []string{v.AsString()}
	case !v.CanIterateElements():
		return nil
	}
	var found []string
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		found = append(found, sensitive(element, secret)...)
	}
	return found
}

// checked compares outputs with the schema.
func (b *bench) checked(t *testing.T, what string, outputs backend.Value) cty.Value {
	t.Helper()
	v, err := b.outputs.CheckOutputs(outputs)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return v.Cty()
}

// same compares outputs, without those that change by themselves, and without
// showing values.
func (b *bench) same(t *testing.T, what string, want, got cty.Value) {
	t.Helper()
	bareWant, _ := want.UnmarkDeep()
	bareGot, _ := got.UnmarkDeep()
	for _, a := range b.outputs.Attributes {
		if a.Measured || a.Generated > 0 {
			continue
		}
		if !bareWant.GetAttr(a.Name).RawEquals(bareGot.GetAttr(a.Name)) {
			t.Errorf("%s: output %s differs", what, a.Name)
		}
	}
}

// isClass reports whether err is a failure of the class.
func isClass(err error, class backend.Class) bool {
	var failure *backend.Failure
	return errors.As(err, &failure) && failure.Class == class
}

func bufDialer(listener *bufconn.Listener) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, _ string) (net.Conn, error) { return listener.DialContext(ctx) }
}
