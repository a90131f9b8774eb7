package http

import (
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// check checks which blocks there are, and every expression in them, with what
// is known before any operation.
func (s *settings) check() backend.Diagnostics {
	r := &reader{}
	r.checkBlocks(s)
	for _, key := range objectNames(s.blocks) {
		r.checkBlock(s, s.blocks[key])
	}
	return r.problems
}

// checkBlocks checks which blocks there are.
func (r *reader) checkBlocks(s *settings) {
	there := func(verb backend.Verb) bool { return s.blocks[string(verb)] != nil }
	hasActions := slices.ContainsFunc(objectNames(s.blocks), func(key string) bool { return s.blocks[key].action != "" })
	for _, verb := range []backend.Verb{backend.VerbProvision, backend.VerbDeprovision} {
		addon := there(backend.VerbProvision) || there(backend.VerbDeprovision)
		if there(verb) || hasActions && !addon {
			continue
		}
		detail := fmt.Sprintf(`Write %s { path = "/…" }.`, verb)
		if !addon {
			detail += ` For a provider of servers write blocks action "NAME" { … } instead.`
		}
		r.add(nil, fmt.Sprintf("There is no block %s", verb), detail)
	}
	if there(backend.VerbSuspend) && !there(backend.VerbResume) {
		r.add(s.blocks[string(backend.VerbSuspend)].path, "There is a block suspend, and no block resume", "Write both: who is locked out and pays would stay outside.")
	}
	for _, kind := range []string{blockRotateCommit, blockRotateAbort} {
		if b := s.blocks[kind]; b != nil && !there(backend.VerbRotate) {
			r.add(b.path, "There is a block "+kind+", and no block rotate", "Write rotate, which makes the new credentials, or remove this one.")
		}
	}
	if b := s.blocks[blockRotate]; b != nil && s.keyName == "" && b.config.written("outputs") {
		r.warn(b.path, "Where the answer to a rotation is lost, a key stays at the API that nobody knows",
			"Its repeat makes another one, because the API knows no idempotency keys. Where the key can be chosen, declare it with generated instead of reading it.")
	}
	for _, key := range objectNames(s.blocks) {
		if b := s.blocks[key]; s.isBlind(b) {
			r.warn(b.path, "Where the answer to an order is lost, it is not sent again, and an operator has to look",
				"A second order could make another one, because the API knows no idempotency keys. Write a block find that looks for a resource by resource.id.")
		}
	}
	for _, o := range s.outputs {
		if o.Measured && !there(backend.VerbRead) {
			r.add(cty.GetAttrPath("output").IndexString(o.Name).GetAttr("measured"), "A measured output needs a block read", `Write read { path = "/…", outputs = { … } }, or remove measured.`)
		}
	}
	if d := s.blocks[string(backend.VerbDeprovision)]; d != nil && d.mentions("output") && s.blocks[blockFind] == nil {
		r.warn(d.path.GetAttr("path"), "Where the answer to an order is lost, outputs are unknown, and an operator has to find and remove what was made",
			"Write a block find that looks for a resource by resource.id, or let the path have resource.id in it.")
	}
}

// checkBlock evaluates the expressions of one block.
func (r *reader) checkBlock(s *settings, b *block) {
	own := s.unknownScope()
	if b.kind.name == string(backend.VerbProvision) || b.kind.name == blockFind && !s.actionsOnly() && b.kind.yield != yieldFree {
		own = own.with("output", s.beforeOrder())
	}
	r.checkPath(s, b.path.GetAttr("path"), b.config, own)
	r.evaluate(b.path.GetAttr("query"), b.config, "query", own)
	for _, name := range objectOf(r.evaluate(b.path.GetAttr("headers"), b.config, "headers", own)).names() {
		if why := headerProblem(name); why != "" {
			r.add(b.path.GetAttr("headers").IndexString(name), fmt.Sprintf("%s %s", strconv.Quote(name), why), "Write for example: X-Customer = …")
		}
		r.checkNotKey(s, b.path.GetAttr("headers").IndexString(name), name)
	}
	r.evaluate(b.path.GetAttr("form"), b.config, "form", own)
	r.evaluate(b.path.GetAttr("body"), b.config, "body", own)
	if b.config.written("body") && b.config.written("form") {
		r.add(b.path.GetAttr("form"), "body and form are both there", "Remove one of them: a request has one body.")
	}
	if isSafe(b.method) && (b.config.written("body") || b.config.written("form")) {
		r.add(b.path.GetAttr("method"), fmt.Sprintf("%s has no body", b.method), "Write query = { … } instead, or another method.")
	}
	answered := own.with("response", cty.UnknownVal(responseType))
	r.evaluate(b.path.GetAttr("message"), b.config, "message", answered)
	r.evaluate(b.path.GetAttr("customer"), b.config, "customer", answered)
	r.checkPublic(b.path, b.config, "path", "query", "message", "customer")
	r.checkOutputs(s, b, answered)
	if b.find != nil {
		r.checkBlock(s, b.find)
	}
	if b.poll != nil {
		r.checkPoll(s, b, answered)
	}
}

// unknownScope are the roots that this plugin alone supplies, before there are any.
func (s *settings) unknownScope() scope {
	open := map[string]cty.Value{}
	for _, o := range s.outputs {
		if !o.Sensitive {
			open[o.Name] = cty.UnknownVal(o.Type)
		}
	}
	plan := cty.Object(map[string]cty.Type{"id": cty.String, "params": cty.DynamicPseudoType})
	operation := cty.Object(map[string]cty.Type{"id": cty.String, "attempt": cty.Number, "reason": cty.String})
	return scope{
		"operation": cty.UnknownVal(operation), "old_plan": cty.UnknownVal(plan),
		"old_output": cty.ObjectVal(open), "new_output": cty.ObjectVal(open), "args": cty.DynamicVal, "credential": cty.UnknownVal(cty.Map(cty.String)).Mark(backend.Sensitive),
	}
}

// beforeOrder is the root "output" while nothing has been answered: the gateway's
// own values are there, and no others.
func (s *settings) beforeOrder() cty.Value {
	values := map[string]cty.Value{}
	for _, o := range s.outputs {
		values[o.Name] = cty.NullVal(o.Type)
		if o.Generated > 0 {
			values[o.Name] = cty.UnknownVal(o.Type).Mark(backend.Sensitive)
		}
	}
	return cty.ObjectVal(values)
}

// evaluate reports an expression that can't be evaluated with what the roots of
// this plugin are; what is wrong otherwise the gateway reports. Its value is null
// then, as where it is not written.
func (r *reader) evaluate(path cty.Path, c object, name string, own scope) cty.Value {
	v, err := c.evaluate(name, own)
	if err == nil {
		return v
	}
	if _, other := c.evaluate(name, own.open()); other == nil {
		r.add(path, "This can't be evaluated", err.Error())
	}
	return cty.NullVal(cty.DynamicPseudoType)
}

// checkPublic refuses callers' credentials where everybody could read them. Of
// all other secrets the gateway knows it.
func (r *reader) checkPublic(path cty.Path, c object, names ...string) {
	for _, name := range names {
		if c.mentions("credential", name) {
			r.add(path.GetAttr(name), name+" has somebody's credentials in it", "Addresses and messages end up in logs. Write them into headers, or into the body.")
		}
	}
}

// checkPath checks a path as far as it is known.
func (r *reader) checkPath(s *settings, path cty.Path, c object, own scope) {
	e, err := c.expression("path")
	if err == nil && !e.IsSet() {
		return
	}
	parts, more := e.Parts(own)
	if err = errors.Join(err, more); err != nil {
		if _, other := e.Parts(own.open()); other == nil || errors.Is(err, expr.ErrNoText) {
			r.add(path, "This path can't be used", err.Error())
		}
		return
	}
	_, err = pathOf(supposed(parts))
	r.checkComposed(s, path, parts, err)
}

// checkAddress checks an address that the operator began with a slash, as the path
// that it is.
func (r *reader) checkAddress(s *settings, path cty.Path, c object, name string, own scope) {
	parts, err := c.parts(name, own)
	if err != nil || !isPath(parts) {
		return
	}
	_, _, err = withQuery(supposed(parts))
	r.checkComposed(s, path, parts, err)
}

// supposed are parts with something that can stand there for what is not known.
func supposed(parts []expr.Part) []expr.Part {
	known := slices.Clone(parts)
	for i, p := range known {
		v, _ := p.Value.Unmark() // of secrets the gateway knows it
		if !v.IsKnown() {
			v = cty.StringVal("x")
		}
		known[i] = expr.Part{Value: v, Literal: p.Literal}
	}
	if len(known) == 0 {
		known = []expr.Part{{Value: cty.StringVal(""), Literal: true}}
	}
	return known
}

// checkComposed reports why a path can't be used, or that it holds what base_url
// has already.
func (r *reader) checkComposed(s *settings, path cty.Path, parts []expr.Part, err error) {
	switch {
	case errors.Is(err, errNull):
		r.add(path, "This path can't be used: "+err.Error(), "Before an order is answered, no output is known but those that are generated. resource.id is.")
	case err != nil:
		r.add(path, "This path can't be used: "+err.Error(), "")
	case s.base != nil && isPath(parts):
		end := strings.TrimSuffix(s.base.EscapedPath(), "/")
		if written := textOf(parts[0]); end != "" && (written == end || strings.HasPrefix(written, end+"/")) {
			r.warn(path, fmt.Sprintf("This path begins as base_url ends, with %s", end),
				fmt.Sprintf("It is appended to base_url, so %s%s is what is asked. Leave %s out here.", end, written, end))
		}
	}
}

// checkOutputs compares the outputs that a block reads with those declared.
func (r *reader) checkOutputs(s *settings, b *block, own scope) {
	path := b.path.GetAttr("outputs")
	if b.kind.yield == yieldNone {
		return
	}
	v := r.evaluate(path, b.config, "outputs", own)
	bare, _ := v.UnmarkDeep()
	if !bare.IsKnown() || b.kind.yield == yieldFree || b.kind.name == blockFind && s.actionsOnly() {
		return
	}
	if t := bare.Type(); !bare.IsNull() && !t.IsObjectType() && !t.IsMapType() {
		r.add(path, "outputs is no object", "Write: outputs = { NAME = response.body.… }")
		return
	}
	read, returned := objectOf(bare), s.returned()
	for _, name := range read.names() {
		if _, there := returned[name]; there {
			continue
		}
		summary, detail := fmt.Sprintf("%s is no declared output", strconv.Quote(name)), fmt.Sprintf("Write a block output %q { type = … } in config.", name)
		if near := declared.Nearest(name, outputNames(s)); near != "" {
			detail = fmt.Sprintf("Did you mean %q? Else write a block output %q { type = … } in config.", near, name)
		}
		if slices.ContainsFunc(s.outputs, func(o declared.Output) bool { return o.Name == name }) {
			summary, detail = fmt.Sprintf("The gateway makes the output %s itself", strconv.Quote(name)), "Remove it here, or generated from its block."
		}
		r.add(path.IndexString(name), summary, detail)
	}
	if missing := slices.DeleteFunc(outputNames(s), func(name string) bool { return read.written(name) }); b.kind.yield == yieldAll && len(missing) > 0 {
		at := path
		if !b.config.written("outputs") {
			at = b.path
		}
		r.add(at, "These outputs are declared, and "+b.kind.name+" does not read them: "+strings.Join(missing, ", "), "Write: outputs = { "+missing[0]+" = response.body.… }")
	}
}

// outputNames are the outputs that the API returns, in order.
func outputNames(s *settings) []string {
	var names []string
	for _, o := range s.outputs {
		if o.Generated == 0 {
			names = append(names, o.Name)
		}
	}
	return names
}

func (r *reader) checkPoll(s *settings, b *block, answered scope) {
	path, c := b.path.GetAttr("poll"), b.config.object("poll")
	r.checkPath(s, path.GetAttr("path"), c, answered)
	for _, name := range []string{"url", "done", "failed", "result"} {
		r.evaluate(path.GetAttr(name), c, name, answered)
	}
	for _, name := range []string{"url", "result"} {
		r.checkAddress(s, path.GetAttr(name), c, name, answered)
	}
	r.checkPublic(path, c, "path", "url", "result")
	if c.written("path") && c.written("url") {
		r.add(path.GetAttr("url"), "path and url are both there", "Remove one of them.")
	}
	if c.written("class") && !c.written("failed") {
		r.add(path.GetAttr("class"), "class says what a failure is, and nothing says what has failed", "Write failed = …, or remove class.")
	}
}
