package http

import (
	"context"
	"errors"
	"fmt"
	"net/http"
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
// be ordered. Where a second order would make another one, one that is still on
// its way is waited for, and what an order has made, or will make, is not ordered
// again, although something of it is lost.
func (c *call) findOrdered(ctx context.Context, isEnough func(backend.Value) bool) (backend.Value, error) {
	if c.repeat && !c.repeatable() {
		c.assumeOrdered()
	}
	for c.looksFirst() {
		found, err := c.find(ctx)
		failed := c.kept.Ended == endedFailed
		switch {
		case err != nil || !failed && isEnough(found):
			return found, err
		case c.repeatable():
			return backend.Value{}, nil
		case !found.IsNull():
			return backend.Value{}, c.half()
		case c.kept.Ended == endedUnread:
			return backend.Value{}, c.block.fail(backend.Internal, "the work is done, its result is not there, and the block find finds nothing")
		case c.kept.Accepted && !failed:
			return backend.Value{}, c.later("the order was accepted, and the block find does not find it yet")
		}
		rest := c.kept.unsettled(c.settings.settle)
		if failed || rest <= 0 {
			return backend.Value{}, nil
		}
		if rest = min(rest, time.Second); !pause(ctx, rest) {
			f := backend.Failf(backend.Retryable, "%s: the order before may still be carried out", c.block.name())
			f.RetryAfter = rest
			return backend.Value{}, f
		}
	}
	if c.repeat && c.goesOnAt() == nil && !c.repeatable() {
		return backend.Value{}, c.blind()
	}
	return backend.Value{}, nil
}

// assumeOrdered notes that an earlier attempt may have sent its request now, where
// it was killed before it could note that itself.
func (c *call) assumeOrdered() {
	if c.kept.Ordered == nil {
		now := time.Now().UTC()
		c.kept.Ordered = &now
		c.events.Checkpoint("order", c.kept.sealed())
	}
}

// repeatable reports whether a second order is as good as the first: it has the
// same idempotency key, or makes what is at one address, or is answered as the
// first was although that is there.
func (c *call) repeatable() bool { return c.settings.repeats(c.block) }

func (s *settings) repeats(b *block) bool {
	return s.keyName != "" || b.method == http.MethodPut || isSafe(b.method) || b.expect[http.StatusConflict]
}

// isBlind reports whether nobody could tell what came of an order of a block, so
// that it can't be sent again.
func (s *settings) isBlind(b *block) bool {
	return makes(b) && b.find == nil && s.blocks[blockFind] == nil && !s.repeats(b)
}

// looksFirst reports whether what an earlier attempt may have made is looked for
// before it is ordered again. Work in the background is rather asked for, because
// what is found may not be done: at its address, or by a second order where that
// is as good as the first.
func (c *call) looksFirst() bool {
	switch {
	case !c.repeat || c.finder() == nil || c.goesOnAt() != nil:
		return false
	case c.block.poll == nil:
		return true
	case c.kept.Ended == endedForgotten, c.kept.Ended == endedUntold, c.kept.Ended == endedUnread:
		return true
	}
	return !c.repeatable()
}

// half is the failure of an order that is there, but not all of it.
func (c *call) half() error {
	switch {
	case c.kept.Ended == endedFailed:
		return c.block.fail(backend.Internal, "the work of the order has failed, and what it has left is there")
	case c.block.poll != nil && c.kept.Ended != endedUnread:
		return c.later("the block find does not find every output yet")
	}
	return c.block.fail(backend.Internal, "the answer to the order was lost, and the block find does not find every output")
}

// blind is the failure of an order that is not sent again, because nobody could
// tell what came of the first one.
func (c *call) blind() error {
	why := "an order before may have been carried out"
	switch {
	case c.kept.Ended == endedFailed:
		why = "the work of the order before has failed"
	case c.kept.Ended == endedUntold:
		why = "the order before was accepted, and its answer does not say where to ask for the work"
	case c.kept.Ended == endedForgotten:
		why = "the order before was accepted, and the API does not know the work any more"
	case c.kept.Accepted:
		why = "the order before was accepted, and its answer could not be used"
	}
	return c.block.fail(backend.Internal, why+`; it is not sent again, because the API knows no idempotency keys (idempotency_header = "") `+
		"and could make a second one; look for "+c.op.ResourceID+" at the API, and write a block find for the next time")
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
