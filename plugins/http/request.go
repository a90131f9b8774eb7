package http

import (
	"fmt"
	"net/url"

	"github.com/zclconf/go-cty/cty"
	ctyjson "github.com/zclconf/go-cty/cty/json"

	"github.com/addongw/addongw/plugins/backend"
)

// compose makes the request of a block.
func (c *call) compose(base *url.URL) (outgoing, error) {
	b := c.block
	o := outgoing{method: b.method, timeout: b.timeout}
	path, err := b.config.path(c.own)
	if err != nil {
		return o, c.wrap(err)
	}
	if o.url, err = below(base, path); err != nil {
		return o, b.fail(backend.Internal, err.Error())
	}
	query, err := c.fields("query", false)
	if err != nil {
		return o, err
	}
	o.url.RawQuery = valuesOf(query).Encode()
	if o.headers, err = c.headers(); err != nil {
		return o, err
	}
	if o.body, o.kind, err = c.content(); err != nil {
		return o, err
	}
	if !isSafe(b.method) && !b.kind.pure {
		o.key = c.op.OperationID
	}
	return o, nil
}

// headers are those that the block adds.
func (c *call) headers() (map[string]string, error) {
	headers, err := c.fields("headers", true)
	if err != nil {
		return nil, err
	}
	for name, value := range headers {
		if why := headerProblem(name); why != "" {
			return nil, c.block.fail(backend.Internal, fmt.Sprintf("headers: %q %s", name, why))
		}
		if !isHeaderValue(value) {
			return nil, c.block.fail(backend.Invalid, fmt.Sprintf("headers: the value of %s has a control character in it", name))
		}
	}
	return headers, nil
}

// content is the body with its type.
func (c *call) content() (body, kind string, err error) {
	if c.block.config.written("form") {
		form, err := c.fields("form", true)
		return valuesOf(form).Encode(), "application/x-www-form-urlencoded", err
	}
	if !c.block.config.written("body") {
		return "", "", nil
	}
	v, err := c.block.config.evaluate("body", c.own)
	if err != nil {
		return "", "", c.block.fail(backend.Internal, "body: "+err.Error())
	}
	v, _ = v.UnmarkDeep()
	if !v.IsWhollyKnown() {
		return "", "", c.block.fail(backend.Internal, "body: a part of it is not known")
	}
	text, err := ctyjson.Marshal(v, v.Type())
	if err != nil {
		return "", "", c.block.fail(backend.Internal, "body: it has no form in JSON")
	}
	return string(text), "application/json", nil
}

// fields evaluates a map of texts, without those that are null.
func (c *call) fields(name string, secret bool) (map[string]string, error) {
	v, err := c.block.config.evaluate(name, c.own)
	if err != nil {
		return nil, c.block.fail(backend.Internal, name+": "+err.Error())
	}
	if !secret && isSensitive(v) {
		return nil, c.block.fail(backend.Internal, name+" holds a secret: addresses end up in the logs of every server on the way")
	}
	v, _ = v.UnmarkDeep()
	if v.IsNull() {
		return nil, nil
	}
	if !v.IsWhollyKnown() || !v.CanIterateElements() {
		return nil, c.block.fail(backend.Internal, name+": a part of it is not known")
	}
	fields := map[string]string{}
	for key, value := range v.AsValueMap() {
		if !value.IsNull() && value.Type() == cty.String {
			fields[key] = value.AsString()
		}
	}
	return fields, nil
}

func valuesOf(fields map[string]string) url.Values {
	values := url.Values{}
	for name, value := range fields {
		values.Set(name, value)
	}
	return values
}

// fail is a failure that names the block.
func (b *block) fail(class backend.Class, text string) error {
	return backend.Failf(class, "%s: %s", b.name(), text)
}

// wrap puts the block's name before an error. A server may have put a secret into
// an address that it named: then nothing is said of it.
func (c *call) wrap(err error) error {
	f, known := err.(*backend.Failure)
	secret := holdsSecret(err.Error(), c.hidden())
	switch {
	case secret && known:
		f.Message = c.block.name() + ": it failed at an address that holds a secret"
		return f
	case secret:
		return fmt.Errorf("%s: the answer from an address that holds a secret was lost", c.block.name())
	case known:
		f.Message = c.block.name() + ": " + f.Message
		return f
	}
	return fmt.Errorf("%s: %w", c.block.name(), err)
}
