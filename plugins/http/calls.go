package http

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
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

// recorded is the root "output": what is recorded, and what the gateway makes.
func (c *call) recorded() cty.Value {
	known := objectOf(c.op.Outputs.Cty())
	values := map[string]cty.Value{}
	for _, o := range c.settings.outputs {
		v, _ := known.at(o.Name).UnmarkDeep()
		if text, made := c.op.Secrets[o.Name]; made && o.Generated > 0 {
			v = cty.StringVal(text)
		}
		if v.IsNull() {
			v = cty.NullVal(o.Type)
		}
		if o.Sensitive {
			v = v.Mark(backend.Sensitive)
		}
		values[o.Name] = v
	}
	return cty.ObjectVal(values)
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
		return backend.Result{}, err
	}
	outputs, err := c.outputs(a)
	return c.done(outputs), err
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
		return c.done(found), err
	}
	outputs, err := c.freeOutputs(a)
	return c.done(outputs), err
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

// done is the result of a call, whose work is over.
func (c *call) done(outputs backend.Value) backend.Result {
	return backend.Result{Outputs: outputs, State: kept{Rotation: c.kept.Rotation}.sealed()}
}

// outputs are what a resource has after an answer: those that the block reads
// from it, and of a block that does not read all of them those recorded.
func (c *call) outputs(a answer) (backend.Value, error) {
	read, err := c.readOutputs(a)
	if err != nil {
		return backend.Value{}, err
	}
	values := map[string]cty.Value{}
	for name := range c.settings.returned() {
		if c.block.kind.yield == yieldSome {
			values[name], _ = objectOf(c.own["output"]).at(name).UnmarkDeep()
		}
	}
	for _, name := range read.names() {
		if o, there := c.settings.returned()[name]; there && !o.Sensitive && isSensitive(read.at(name)) {
			return backend.Value{}, c.block.fail(backend.Internal, fmt.Sprintf("outputs: there is a secret in %s, which is not declared sensitive", name))
		}
		values[name], _ = read.at(name).UnmarkDeep()
	}
	outputs, err := declared.Schema(c.settings.outputs).CheckOutputs(backend.NewValue(cty.ObjectVal(values)))
	if err != nil {
		return backend.Value{}, c.block.fail(backend.Internal, "outputs: "+err.Error())
	}
	return outputs, nil
}

// freeOutputs are those of an action.
func (c *call) freeOutputs(a answer) (backend.Value, error) {
	read, err := c.readOutputs(a)
	if err != nil {
		return backend.Value{}, err
	}
	values := map[string]cty.Value{}
	for _, name := range read.names() {
		values[name] = read.at(name)
	}
	return backend.NewValue(cty.ObjectVal(values)), nil
}

// readOutputs evaluates the outputs of a block. An answer that is no JSON, where
// JSON is needed, comes from somebody on the way: nobody knows what the API did.
func (c *call) readOutputs(a answer) (object, error) {
	v, err := c.block.config.evaluate("outputs", c.own.with("response", a.value()))
	if err != nil && !a.isJSON {
		return object{}, fmt.Errorf("%s: the answer %d is no JSON: %w", c.block.name(), a.status, err)
	}
	if err != nil {
		return object{}, c.block.fail(backend.Internal, "outputs: "+err.Error())
	}
	bare, _ := v.UnmarkDeep()
	if !bare.IsNull() && (!bare.IsWhollyKnown() || !objectOf(bare).isThere()) {
		return object{}, c.block.fail(backend.Internal, "outputs: this is "+bare.Type().FriendlyName()+", not an object")
	}
	return objectOf(v), nil
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

// mentions reports whether the request of a block mentions a root.
func (b *block) mentions(root string) bool {
	return b.config.mentions(root, requestAttributes()...)
}

// requestAttributes are the attributes that make a request.
func requestAttributes() []string { return []string{"path", "query", "headers", "body", "form"} }

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
