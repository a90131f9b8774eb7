package http

import (
	"context"
	"encoding/json"
	"log/slog"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/addongw/addongw/plugins/backend"
)

// The blocks of a rotation.
const (
	blockRotate       = string(backend.VerbRotate)
	blockRotateCommit = "rotate_commit"
	blockRotateAbort  = "rotate_abort"
)

// rotation is what one phase tells a later one: the outputs that are no secrets,
// such as the id of a key, as they were before the stage and as they are after it.
type rotation struct {
	Stage  string          `json:"stage"` // the operation
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"` // none: its answer was lost
}

// Rotate sends the request of a phase. Without a block for it a commit and an
// abort have nothing to do: the API does what is to be done by itself.
func (b *Backend) Rotate(ctx context.Context, req backend.RotateRequest, events backend.Events) (backend.Result, error) {
	ctx, cancel := within(ctx, req.Op)
	defer cancel()
	c, err := b.begin(blockRotate, "", backend.VerbRotate, req.Op, events)
	if err != nil {
		return backend.Result{}, err
	}
	switch req.Phase {
	case backend.RotateStage:
		return c.stage(ctx)
	case backend.RotateAbort:
		return c.abort(ctx)
	default:
		return c.conclude(ctx, blockRotateCommit, "old_output", c.kept.before())
	}
}

func (k kept) before() json.RawMessage {
	if k.Rotation == nil {
		return nil
	}
	return k.Rotation.Before
}

func (k kept) after() json.RawMessage {
	if k.Rotation == nil {
		return nil
	}
	return k.Rotation.After
}

func (c *call) stage(ctx context.Context) (backend.Result, error) {
	if err := c.locate(ctx); err != nil {
		return backend.Result{}, err
	}
	c.kept.Rotation = &rotation{Stage: c.op.OperationID, Before: c.settings.open(c.own["output"])}
	c.events.Checkpoint("stage", c.kept.sealed())
	a, err := c.perform(ctx)
	if err != nil {
		return backend.Result{}, err
	}
	outputs, err := c.outputs(a)
	if err != nil {
		return backend.Result{}, err
	}
	c.kept.Rotation.After = c.settings.open(outputs.Cty())
	return c.done(outputs), nil
}

func (c *call) abort(ctx context.Context) (backend.Result, error) {
	told := c.kept.after()
	if b := c.settings.blocks[blockRotateAbort]; told == nil && b != nil && b.in(c.op.Config).mentions("new_output") {
		var err error
		if told, err = c.learn(ctx); err != nil {
			return backend.Result{}, err
		}
	}
	return c.conclude(ctx, blockRotateAbort, "new_output", told)
}

// learn asks for the answer to a stage again, which was lost: by the key of its
// request it is the same one. It is null where nothing was made, and where nobody
// can say what.
func (c *call) learn(ctx context.Context) (json.RawMessage, error) {
	r := c.kept.Rotation
	if r == nil || c.settings.keyName == "" || c.kept.Ended == endedFailed {
		return nil, nil
	}
	stage := *c
	stage.op.OperationID = r.Stage
	stage.own = c.own.with("operation", operationOf(stage.op, ""))
	a, err := stage.perform(ctx)
	c.kept = stage.kept
	if isFailure(err, backend.Invalid, backend.NotFound, backend.Conflict, backend.Quota, backend.Unsupported) {
		return nil, nil // it is refused now as it was then
	}
	if err != nil {
		return nil, err
	}
	outputs, err := stage.outputs(a)
	if err != nil {
		return nil, err
	}
	return c.settings.open(outputs.Cty()), nil
}

// conclude commits or aborts. That the credentials are not there any more is
// success.
func (c *call) conclude(ctx context.Context, kind, root string, told json.RawMessage) (backend.Result, error) {
	over := func(err error) (backend.Result, error) {
		if err == nil {
			c.kept.Rotation = nil
		}
		return c.done(backend.Value{}), err
	}
	written := c.settings.blocks[kind]
	if written == nil {
		return over(nil)
	}
	c.block, c.verb = written.in(c.op.Config), backend.Verb(kind)
	if told == nil && c.block.mentions(root) {
		c.events.Log(slog.LevelWarn, kind+": nothing is sent: a stage without an answer has left no "+root)
		return over(nil)
	}
	c.own[root] = openOutputs(told)
	_, err := c.perform(ctx)
	if isFailure(err, backend.NotFound) {
		err = nil
	}
	return over(err)
}

// open is the part of outputs that is no secret, as JSON.
func (s *settings) open(outputs cty.Value) json.RawMessage {
	values := map[string]cty.Value{}
	for _, o := range s.outputs {
		if v, _ := objectOf(outputs).at(o.Name).UnmarkDeep(); !o.Sensitive && v.IsWhollyKnown() {
			values[o.Name] = v
		}
	}
	text, err := ctyjson.Marshal(cty.ObjectVal(values), cty.Object(typesOf(values)))
	if err != nil {
		return nil
	}
	return text
}

func typesOf(values map[string]cty.Value) map[string]cty.Type {
	types := map[string]cty.Type{}
	for name, v := range values {
		types[name] = v.Type()
	}
	return types
}

func openOutputs(text json.RawMessage) cty.Value {
	var v ctyjson.SimpleJSONValue
	if len(text) == 0 || v.UnmarshalJSON(text) != nil {
		return cty.NullVal(cty.DynamicPseudoType)
	}
	return v.Value
}
