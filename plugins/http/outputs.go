package http

import (
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
)

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
