package http

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
)

// finder is the block that looks for what the call is about; nil: there is none.
func (c *call) finder() *block {
	if c.block.find != nil {
		return c.block.find
	}
	if written := c.settings.blocks[blockFind]; written != nil {
		return written.in(c.op.Config)
	}
	return nil
}

// findOrdered looks whether an earlier attempt was carried out; null: it has to
// be ordered. An API that knows no idempotency keys would carry out both the new
// order and one that is still on its way, so that one is waited for, and what it
// has made is not ordered a second time, although something of it is lost.
func (c *call) findOrdered(ctx context.Context, isEnough func(backend.Value) bool) (backend.Value, error) {
	for c.looksFirst() {
		found, err := c.find(ctx)
		if err != nil || isEnough(found) {
			return found, err
		}
		if c.settings.keyName != "" {
			break
		}
		if !found.IsNull() {
			return backend.Value{}, c.half()
		}
		rest := c.kept.unsettled(c.settings.settle)
		if rest <= 0 {
			break
		}
		if rest = min(rest, time.Second); !pause(ctx, rest) {
			f := backend.Failf(backend.Retryable, "%s: the order before may still be carried out", c.block.name())
			f.RetryAfter = rest
			return backend.Value{}, f
		}
	}
	return backend.Value{}, nil
}

// looksFirst reports whether what an earlier attempt may have made is looked for
// before it is ordered again. Work in the background is rather asked for, because
// what is found may not be done: at its address, or by the key of its order.
func (c *call) looksFirst() bool {
	switch {
	case !c.repeat || c.finder() == nil || c.kept.Pending.isFor(c):
		return false
	case c.block.poll == nil || c.kept.Ended == endedForgotten:
		return true
	}
	return c.settings.keyName == "" && c.kept.Ended != endedFailed
}

// half is the failure of an order that is there, but not all of it.
func (c *call) half() error {
	if c.block.poll != nil {
		f := backend.Failf(backend.Retryable, "%s: the block find does not find every output yet", c.block.name())
		f.RetryAfter = max(c.block.poll.interval, time.Second)
		return f
	}
	return c.block.fail(backend.Internal, "the answer to the order was lost, and the block find does not find every output")
}

// find looks for a resource whose outputs nobody knows; null: there is no block
// for that, or no resource.
func (c *call) find(ctx context.Context) (backend.Value, error) {
	finder := c.finder()
	if finder == nil {
		return backend.Value{}, nil
	}
	look := *c
	look.block, look.verb, look.events = finder, backend.VerbRead, silent{}
	look.op.OperationID, look.kept = "", kept{}
	a, err := look.perform(ctx)
	switch {
	case isFailure(err, backend.NotFound):
		return backend.Value{}, nil
	case err != nil && !isFailure(err, backend.Retryable, backend.Unauthorized):
		return backend.Value{}, unseen(err)
	case err != nil:
		return backend.Value{}, err
	}
	found, err := look.readOutputs(a)
	if err != nil || !found.isThere() {
		return backend.Value{}, err
	}
	return look.checkFound(found)
}

// unseen is the error of a look: that it was refused says nothing of what the look
// is for.
func unseen(err error) error {
	if f := (*backend.Failure)(nil); errors.As(err, &f) {
		f.Class, f.Customer = backend.Internal, ""
	}
	return err
}

// checkFound compares what was found with what is declared. A backend that has
// actions only declares nothing.
func (c *call) checkFound(found object) (backend.Value, error) {
	if c.block.kind.yield == yieldFree || c.settings.actionsOnly() {
		return backend.NewValue(found.v), nil
	}
	var known []declared.Output
	values := map[string]cty.Value{} // without those that are null: they are not there yet
	for _, name := range found.names() {
		o, there := c.settings.returned()[name]
		if !there {
			return backend.Value{}, c.block.fail(backend.Internal, "outputs: "+strconv.Quote(name)+" is no declared output")
		}
		if found.written(name) {
			known, values[name] = append(known, o), found.at(name)
		}
	}
	v, err := declared.Schema(known).CheckOutputs(backend.NewValue(cty.ObjectVal(values)))
	if err != nil {
		return backend.Value{}, c.block.fail(backend.Internal, "outputs: "+err.Error())
	}
	return v, nil
}

// isWhole reports whether found has every output that the API returns.
func (c *call) isWhole(found backend.Value) bool {
	o := objectOf(found.Cty())
	if !o.isThere() {
		return false
	}
	for name := range c.settings.returned() {
		if !o.written(name) {
			return false
		}
	}
	return true
}

// locate looks for what a request needs and nobody knows: outputs of an order
// whose answer was lost, and of an action the arguments that come from there.
func (c *call) locate(ctx context.Context) error {
	root, lost := "output", c.op.Outputs.IsNull() && c.block.mentions("output")
	if c.block.action != "" {
		root, lost = "args", c.lacksArgs()
	}
	canFind := c.finder() != nil
	if !canFind && lost {
		return c.lost(root)
	}
	adopts := c.verb == backend.VerbRead && c.op.Outputs.IsNull() // it returns outputs that its answer may lack
	if !canFind || !lost && !adopts {
		return nil
	}
	found, err := c.find(ctx)
	if err != nil {
		return err
	}
	if found.IsNull() {
		return c.block.fail(backend.NotFound, "the block find finds nothing")
	}
	c.own[root] = filled(c.own[root], objectOf(found.Cty()))
	return nil
}

// lacksArgs reports whether the path of an action may need args.ref, and that is
// null: what it is about was ordered and never answered.
func (c *call) lacksArgs() bool {
	args := objectOf(c.own["args"])
	return slices.Contains(args.names(), "ref") && !args.written("ref") && !c.makes() && c.block.config.mentions("args", "path")
}

// lost is what a call comes to whose resource nobody can find. Where nothing was
// ordered, there is none.
func (c *call) lost(root string) error {
	if c.kept.Ordered == nil {
		return c.block.fail(backend.NotFound, "no "+root+" is known, and nothing was ordered")
	}
	return c.block.fail(backend.Internal, fmt.Sprintf("the answer to the order was lost, and no %s is known; look for %s at the API, remove what is there, and write a block find for the next time", root, c.op.ResourceID))
}

// filled is v with what was found in the place of its null members.
func filled(v cty.Value, found object) cty.Value {
	values := map[string]cty.Value{}
	o := objectOf(v)
	for _, name := range o.names() {
		values[name] = o.at(name)
	}
	for _, name := range found.names() {
		if !o.written(name) {
			values[name] = found.at(name)
		}
	}
	return cty.ObjectVal(values)
}
