package http

import (
	"context"
	"log/slog"
	"net/http"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

// begin prepares a call of a block. It is UNSUPPORTED where there is none.
func (b *Backend) begin(kind, action string, verb backend.Verb, op backend.Op, events backend.Events) (*call, error) {
	api := b.api.Load()
	if api == nil {
		return nil, backend.Failf(backend.Internal, "called before Configure")
	}
	written := api.settings.blocks[blockKey(kind, action)]
	if written == nil {
		return nil, backend.Failf(backend.Unsupported, "the config has no block %s", blockKey(kind, action))
	}
	old, err := openState(op.State)
	if err != nil {
		return nil, backend.Failf(backend.Internal, "%v", err)
	}
	c := &call{
		settings: api.settings, client: api.client, verb: verb, block: written.in(op.Config), op: op, kept: old, events: events,
		secrets: api.settings.secretsOf(op),
	}
	c.repeat = old.mayHaveMade(op)
	none := cty.NullVal(cty.DynamicPseudoType)
	c.own = scope{
		"operation": operationOf(op, ""), "output": c.recorded(),
		"credential": credentialOf(op.Credential), "args": none, "old_plan": none, "old_output": none, "new_output": none,
	}
	return c, nil
}

// in is the block with the expressions of an operation.
func (b *block) in(config backend.Value) *block {
	own := *b
	own.config = objectOf(config.Cty()).object(b.kind.name)
	if b.action != "" {
		own.config = own.config.object(b.action)
	}
	if b.find != nil {
		find := *b.find
		find.config = own.config.object(blockFind)
		own.find = &find
	}
	return &own
}

// operationOf is the root "operation".
func operationOf(op backend.Op, reason string) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{
		"id": cty.StringVal(op.OperationID), "attempt": cty.NumberIntVal(int64(op.Attempt)), "reason": cty.StringVal(reason),
	})
}

// planOf is the root "old_plan".
func planOf(p backend.Plan) cty.Value {
	return cty.ObjectVal(map[string]cty.Value{"id": cty.StringVal(p.ID), "params": p.Params.Cty()})
}

// credentialOf is the root "credential".
func credentialOf(credential map[string]string) cty.Value {
	if len(credential) == 0 {
		return cty.MapValEmpty(cty.String)
	}
	values := map[string]cty.Value{}
	for name, value := range credential {
		values[name] = cty.StringVal(value).Mark(backend.Sensitive)
	}
	return cty.MapVal(values)
}

// within bounds a call by its deadline.
func within(ctx context.Context, op backend.Op) (context.Context, context.CancelFunc) {
	if op.Deadline.IsZero() {
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, op.Deadline)
}

// Provision orders a resource. A repeat looks first whether the order was
// carried out, where a block find can tell.
func (b *Backend) Provision(ctx context.Context, req backend.ProvisionRequest, events backend.Events) (backend.Result, error) {
	ctx, cancel := within(ctx, req.Op)
	defer cancel()
	c, err := b.begin(string(backend.VerbProvision), "", backend.VerbProvision, req.Op, events)
	if err != nil {
		return backend.Result{}, err
	}
	if found, err := c.findOrdered(ctx, c.isWhole); err != nil || !found.IsNull() {
		return c.done(found), err
	}
	a, err := c.perform(ctx)
	if err != nil {
		return backend.Result{}, c.unfinished(err)
	}
	outputs, err := c.outputs(a)
	return c.done(outputs), c.unfinished(err)
}

// unfinished is err, of a call that may have been answered with success all the
// same: that is kept, because what it has ordered must not be ordered again.
func (c *call) unfinished(err error) error {
	if err != nil && c.kept.Accepted && c.kept.Pending == nil && c.kept.Ended == "" {
		c.events.Checkpoint("accepted", c.kept.sealed())
	}
	return err
}

// ChangePlan tells the API about the new plan.
func (b *Backend) ChangePlan(ctx context.Context, req backend.ChangePlanRequest, events backend.Events) (backend.Result, error) {
	return b.change(ctx, backend.VerbChangePlan, req.Op, events, func(c *call) { c.own["old_plan"] = planOf(req.OldPlan) })
}

// Suspend sends the request of the block suspend. Without one the gateway only
// records that the resource is suspended.
func (b *Backend) Suspend(ctx context.Context, req backend.SuspendRequest, events backend.Events) (backend.Result, error) {
	return b.change(ctx, backend.VerbSuspend, req.Op, events, func(c *call) { c.own["operation"] = operationOf(req.Op, req.Reason) })
}

// Resume sends the request of the block resume.
func (b *Backend) Resume(ctx context.Context, req backend.ResumeRequest, events backend.Events) (backend.Result, error) {
	return b.change(ctx, backend.VerbResume, req.Op, events, func(*call) {})
}

// change is a call for a resource that is there.
func (b *Backend) change(ctx context.Context, verb backend.Verb, op backend.Op, events backend.Events, prepare func(*call)) (backend.Result, error) {
	ctx, cancel := within(ctx, op)
	defer cancel()
	c, err := b.begin(string(verb), "", verb, op, events)
	if err != nil {
		return backend.Result{}, err
	}
	prepare(c)
	if err := c.locate(ctx); err != nil {
		return backend.Result{}, err
	}
	a, err := c.perform(ctx)
	if err != nil || c.block.kind.yield == yieldNone {
		return c.done(backend.Value{}), err
	}
	outputs, err := c.outputs(a)
	return c.done(outputs), err
}

// Deprovision removes a resource; a soft one does, too: nothing is kept here.
// What is not there is success, once no order can be under way any more.
func (b *Backend) Deprovision(ctx context.Context, req backend.DeprovisionRequest, events backend.Events) (backend.Result, error) {
	ctx, cancel := within(ctx, req.Op)
	defer cancel()
	c, err := b.begin(string(backend.VerbDeprovision), "", backend.VerbDeprovision, req.Op, events)
	if err != nil {
		return backend.Result{}, err
	}
	_, err = c.remove(ctx)
	if isFailure(err, backend.NotFound) {
		err = nil
	}
	return c.done(backend.Value{}), err
}

// remove performs a removal until what it is about is gone for certain: an order
// that was never answered may be carried out after the first look.
func (c *call) remove(ctx context.Context) (answer, error) {
	if c.kept.Foreign {
		c.events.Log(slog.LevelWarn, "nothing is removed: the order was answered with a conflict, so what is there is not ours")
		return answer{}, c.block.fail(backend.NotFound, "what is there is not ours")
	}
	for last := false; ; {
		a, err := answer{}, c.locate(ctx)
		if err == nil {
			a, err = c.perform(ctx)
		}
		if !isFailure(err, backend.NotFound) || last {
			return a, err
		}
		rest := c.kept.unsettled(c.settings.settle)
		if order := c.accepted(); rest <= 0 && order != nil {
			rest = order.underWay(ctx, c.kept.Pending.URL)
			last = rest <= 0 // it may have come to its end since the look
		} else if rest <= 0 {
			return a, err
		}
		if rest = min(rest, time.Second); !pause(ctx, rest) {
			f := backend.Failf(backend.Retryable, "%s: nothing is there yet, but the order may still be carried out", c.block.name())
			f.RetryAfter = rest
			return a, f
		}
	}
}

// accepted is the call of an order that the API has accepted, and that nobody
// waits for any more; nil: there is none.
func (c *call) accepted() *call {
	p := c.kept.Pending
	if p == nil || p.OperationID == c.op.OperationID {
		return nil
	}
	kind := string(p.Verb)
	if p.Action != "" {
		kind = blockAction
	}
	written := c.settings.blocks[blockKey(kind, p.Action)]
	if written == nil || written.poll == nil {
		return nil
	}
	order := *c
	order.block, order.op.OperationID, order.events = written.in(c.op.Config), "", silent{}
	return &order
}

// underWay asks whether an order is still being carried out, and returns when to
// ask again; 0: it is not.
func (c *call) underWay(ctx context.Context, url string) time.Duration {
	at, err := elsewhere(c.client.base, c.client.base, url)
	if err != nil {
		return 0
	}
	headers, err := c.headers()
	if err != nil {
		return 0
	}
	a, err := c.client.send(ctx, outgoing{method: http.MethodGet, url: at, headers: headers, timeout: c.block.timeout})
	if err != nil {
		return c.block.poll.interval // nobody knows
	}
	if p, err := c.progress(a); a.status/100 == 2 && (err != nil || p == workGoesOn) {
		return c.interval(a)
	}
	return 0
}

// Read looks at a resource.
func (b *Backend) Read(ctx context.Context, req backend.ReadRequest) (backend.ReadResponse, error) {
	c, err := b.begin(string(backend.VerbRead), "", backend.VerbRead, req.Op, silent{})
	if err != nil {
		return backend.ReadResponse{}, err
	}
	if err := c.locate(ctx); err != nil {
		return backend.ReadResponse{}, err
	}
	a, err := c.perform(ctx)
	if err != nil {
		return backend.ReadResponse{}, err
	}
	outputs, err := c.outputs(a)
	return backend.ReadResponse{Outputs: outputs}, err
}

// Invoke sends the request of an action.
func (b *Backend) Invoke(ctx context.Context, req backend.InvokeRequest, events backend.Events) (backend.Result, error) {
	ctx, cancel := within(ctx, req.Op)
	defer cancel()
	c, err := b.begin(blockAction, req.Action, backend.VerbInvoke, req.Op, events)
	if err != nil {
		return backend.Result{}, err
	}
	c.own["args"] = req.Args.Cty()
	if len(req.Op.Credential) == 0 && c.block.config.mentions("credential", requestAttributes()...) {
		return backend.Result{}, backend.Failf(backend.Unauthorized, "%s: nobody's credentials are there", c.block.name())
	}
	a, found, err := c.invoke(ctx)
	if err != nil || !found.IsNull() {
		return c.done(found), c.unfinished(err)
	}
	outputs, err := c.freeOutputs(a)
	return c.done(outputs), c.unfinished(err)
}

// invoke makes, removes or does something else; what an earlier attempt has made
// is found.
func (c *call) invoke(ctx context.Context) (a answer, found backend.Value, err error) {
	switch {
	case c.removes():
		a, err = c.remove(ctx)
	case c.makes():
		if found, err = c.findOrdered(ctx, func(v backend.Value) bool { return !v.IsNull() }); err == nil && found.IsNull() {
			a, err = c.perform(ctx)
		}
	default:
		if err = c.locate(ctx); err == nil {
			a, err = c.perform(ctx)
		}
	}
	return a, found, err
}

// done is the result of a call, whose work is over.
func (c *call) done(outputs backend.Value) backend.Result {
	return backend.Result{Outputs: outputs, State: kept{Rotation: c.kept.Rotation}.sealed()}
}

// mentions reports whether the request of a block mentions a root.
func (b *block) mentions(root string) bool {
	return b.config.mentions(root, requestAttributes()...)
}

// requestAttributes are the attributes that make a request.
func requestAttributes() []string { return []string{"path", "query", "headers", "body", "form"} }
