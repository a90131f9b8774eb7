package schema

import (
	"fmt"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/expr"
)

// checkExpressions reports what no plugin can evaluate, whatever the names in
// it stand for, and takes it out of c.
func checkExpressions(s backend.Schema, c *Content) hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, a := range s.Attributes {
		set, ok := c.Settings[a.Name]
		if !ok || !a.Expression {
			continue
		}
		if found := append(hostCalls(s, a, set.Expr), iterators(set.Expr)...); found.HasErrors() {
			diags = append(diags, found...)
			delete(c.Settings, a.Name)
		}
	}
	for _, n := range s.Blocks {
		for _, nested := range c.Blocks(n.Name) {
			diags = append(diags, checkExpressions(n.Body, nested)...)
		}
	}
	return diags
}

// hostCalls finds calls of functions that plugins do not have. In JSON there is
// no tree to look at: there they are found by evaluation.
func hostCalls(s backend.Schema, a backend.Attribute, e hcl.Expression) hcl.Diagnostics {
	node, ok := hcl.UnwrapExpression(e).(hclsyntax.Node)
	if !ok {
		return nil
	}
	var diags hcl.Diagnostics
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		if call, ok := n.(*hclsyntax.FunctionCallExpr); ok && slices.Contains(expr.Outside(), call.Name) {
			if call.Name == "secret" && !a.Sensitive {
				diags = append(diags, diagnostic.OutsideSecret(secretBeside(s, a), call.NameRange))
			} else {
				diags = append(diags, diagnostic.OutsideFunction(call.Name, call.NameRange))
			}
		}
		return nil
	})
	return diags
}

// iterators finds names that a dynamic block brings in: their values stay here.
func iterators(e hcl.Expression) hcl.Diagnostics {
	var diags hcl.Diagnostics
	outer := e.Variables()
	for _, t := range hcl.UnwrapExpression(e).Variables() {
		same := func(o hcl.Traversal) bool { return o.SourceRange() == t.SourceRange() }
		if slices.ContainsFunc(outer, same) {
			continue
		}
		diags = append(diags, diagnostic.New(fmt.Sprintf("%q of a dynamic block can't be used here", t.RootName()), t.SourceRange(), diagnostic.Info{
			Code: "AG303", Hint: "write the blocks one by one", Notes: []string{"the plugin evaluates this setting itself, and knows only the written block"},
		}))
	}
	return diags
}

// shipped is an expression as its plugin is told it, with the values that ctx
// has; without ctx they are unknown.
func (b *BackendBody) shipped(a backend.Attribute, e hcl.Expression, ctx *hcl.EvalContext) cty.Value {
	if v, diags := e.Value(nil); !diags.HasErrors() && !v.IsKnown() {
		return v // of a dynamic block of which nobody knows yet how many there are
	}
	at := e.Range()
	_, native := hcl.UnwrapExpression(e).(hclsyntax.Node)
	source := expr.Source{
		Filename: at.Filename, Line: at.Start.Line, Column: at.Start.Column, JSON: !native,
		Type: a.Type, Roots: map[string]cty.Value{},
	}
	if file := b.scope.Files[at.Filename]; file != nil && at.CanSliceBytes(file.Bytes) {
		source.Text = string(at.SliceBytes(file.Bytes))
	}
	for name, wanted := range mentioned(e) {
		if slices.Contains(a.Own, name) {
			continue
		}
		if v, ok := variable(ctx, name); ok {
			source.Roots[name] = wanted.of(v)
		} else if ctx == nil {
			source.Roots[name] = cty.DynamicVal
		}
	}
	return source.Value()
}

// parts are what is mentioned of an object; nil: all of it.
type parts map[string]parts

// mentioned lists what an expression mentions, by root: platform.id does not
// need the platform's password.
func mentioned(e hcl.Expression) parts {
	all := parts{}
	for _, t := range e.Variables() {
		all.add(t.RootName(), t[1:])
	}
	return all
}

func (p parts) add(name string, rest hcl.Traversal) {
	known, again := p[name]
	if again && known == nil {
		return // all of it
	}
	var step hcl.TraverseAttr
	if len(rest) > 0 {
		step, _ = rest[0].(hcl.TraverseAttr)
	}
	if step.Name == "" {
		p[name] = nil
		return
	}
	if known == nil {
		known = parts{}
		p[name] = known
	}
	known.add(step.Name, rest[1:])
}

// of keeps those parts of v, which may be no object at all.
func (p parts) of(v cty.Value) cty.Value {
	bare, marks := v.Unmark()
	if p == nil || !bare.Type().IsObjectType() || !bare.IsKnown() || bare.IsNull() {
		return v
	}
	kept := map[string]cty.Value{}
	for name, wanted := range p {
		if bare.Type().HasAttribute(name) {
			kept[name] = wanted.of(bare.GetAttr(name))
		}
	}
	return cty.ObjectVal(kept).WithMarks(marks)
}
