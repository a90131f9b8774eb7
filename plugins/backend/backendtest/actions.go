package backendtest

import (
	"context"
	"slices"
	"testing"

	"github.com/addongw/addongw/plugins/backend"
)

// act is the call of an action. Its outputs are its caller's affair, and no later
// call is told of them.
func (b *bench) act(a Action) verb {
	return func(ctx context.Context, op backend.Op, events backend.Events) (backend.Result, error) {
		result, err := b.remote.(backend.Invoker).Invoke(ctx, backend.InvokeRequest{Op: op, Action: a.Name, Args: a.Args}, events)
		result.Outputs = backend.Value{}
		return result, err
	}
}

// unmake is the call that removes; that there is nothing is success, as for the
// gateway.
func (b *bench) unmake(ctx context.Context, op backend.Op, events backend.Events) (backend.Result, error) {
	result, err := b.act(b.Actions.Delete)(ctx, op, events)
	if isClass(err, backend.NotFound) {
		return backend.Result{}, nil
	}
	return result, err
}

// created is a resource that the first action made.
func (b *bench) created(t *testing.T) backend.Op {
	t.Helper()
	op := b.op(t)
	return next(op, b.must(t, b.Actions.Create.Name, b.act(b.Actions.Create), op))
}

// testActions runs the checks of actions, each in a subtest.
func (b *bench) testActions(t *testing.T) {
	for _, a := range slices.Concat([]Action{b.Actions.Create, b.Actions.Delete}, b.Actions.Change) {
		if !slices.Contains(b.actions, a.Name) {
			t.Fatalf("action %q is not declared; there are %q", a.Name, b.actions)
		}
	}
	t.Run("an action that is not declared is unsupported", b.testUndeclared)
	t.Run("actions can be repeated", b.testRepeatedActions)
	b.testInterruptions(t, b.actionCalls())
}

func (b *bench) testUndeclared(t *testing.T) {
	_, err := b.try(t, "an action that is not declared", b.act(Action{Name: "no_such_action"}), b.op(t), &watcher{})
	if !isClass(err, backend.Unsupported) {
		t.Errorf("an action that is not declared: %v, want %s", err, backend.Unsupported)
	}
}

// testRepeatedActions lets a resource live with every action three times, and
// removes one that never was.
func (b *bench) testRepeatedActions(t *testing.T) {
	op := b.op(t)
	op = b.repeated(t, b.Actions.Create.Name, b.act(b.Actions.Create), op)
	for _, a := range b.Actions.Change {
		op = b.repeated(t, a.Name, b.act(a), op)
	}
	b.repeated(t, b.Actions.Delete.Name, b.unmake, op)
	b.must(t, b.Actions.Delete.Name+" of an unknown resource", b.unmake, b.op(t))
}

// actionCalls are the actions that are interrupted.
func (b *bench) actionCalls() []interruptible {
	list := []interruptible{{name: b.Actions.Create.Name, ready: b.op, call: func(b *bench) verb { return b.act(b.Actions.Create) }, action: true}}
	for _, a := range b.Actions.Change {
		list = append(list, interruptible{name: a.Name, ready: b.created, call: func(b *bench) verb { return b.act(a) }, action: true})
	}
	return append(list, interruptible{name: b.Actions.Delete.Name, ready: b.created, call: func(b *bench) verb { return b.unmake }, action: true})
}

// observeActions lets resources that actions make live in peace.
func (l *crashLab) observeActions(t *testing.T) {
	b := l.bench
	removed := killed(l.Actions.Delete.Name)
	op := b.op(t)
	op = next(op, l.watch(t, killed(l.Actions.Create.Name), b.act(l.Actions.Create), op))
	l.watch(t, removed, b.unmake, op)
	for _, a := range l.Actions.Change {
		op = l.made(t)
		op = next(op, l.watch(t, killed(a.Name), b.act(a), op))
		b.must(t, l.Actions.Delete.Name+", to clean up", b.unmake, op)
	}
	if left := l.wants[removed]; len(left) > 0 {
		t.Fatalf("left behind by %s without any crash: %q", l.Actions.Delete.Name, left)
	}
}

// made is a resource that actions made and a customer has used.
func (l *crashLab) made(t *testing.T) backend.Op {
	t.Helper()
	op := l.bench.created(t)
	if l.Use != nil {
		l.Use(t, op)
	}
	return op
}

// actionVerbs are the actions that are killed.
func (l *crashLab) actionVerbs() []crashVerb {
	if l.Actions == nil {
		return nil
	}
	unmake := func(b *bench) verb { return b.unmake }
	act := func(a Action) func(*bench) verb {
		return func(b *bench) verb { return b.act(a) }
	}
	name, key := l.Actions.Create.Name, killed(l.Actions.Create.Name)
	create := act(l.Actions.Create)
	verbs := []crashVerb{
		{name, key, l.bench.op, create, create, again, l.wants[key], unmake},
		{name + ", given up", key, l.bench.op, create, unmake, cleanUp, nil, unmake},
	}
	for _, a := range l.Actions.Change {
		verbs = append(verbs, crashVerb{a.Name, killed(a.Name), l.made, act(a), act(a), again, l.wants[killed(a.Name)], unmake})
	}
	return append(verbs, crashVerb{l.Actions.Delete.Name, killed(l.Actions.Delete.Name), l.made, unmake, unmake, again, nil, unmake})
}
