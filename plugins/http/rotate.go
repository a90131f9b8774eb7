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
	Before json.RawMessage `json:"before,omitempty"`
	After  json.RawMessage `json:"after,omitempty"`
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
	if req.Phase == backend.RotateStage {
		return c.stage(ctx)
	}
	kind, root, told := blockRotateCommit, "old_output", c.kept.before()
	if req.Phase == backend.RotateAbort {
		kind, root, told = blockRotateAbort, "new_output", c.kept.after()
	}
	return c.conclude(ctx, kind, root, told)
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
	a, err := c.perform(ctx)
	if err != nil {
		return backend.Result{}, err
	}
	outputs, err := c.outputs(a)
	if err != nil {
		return backend.Result{}, err
	}
	c.kept.Rotation = &rotation{Before: c.settings.open(c.own["output"]), After: c.settings.open(outputs.Cty())}
	return c.done(outputs), nil
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
