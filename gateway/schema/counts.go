package schema

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// repeated reports blocks that may stand once only, and labels used twice.
func (c *Content) repeated() hcl.Diagnostics {
	var diags hcl.Diagnostics
	first := map[string]*Content{}
	for _, n := range c.Nested {
		key := n.title()
		if n.Block.Max == 1 {
			key = n.Block.Type
		}
		earlier, again := first[key]
		switch {
		case !again:
			first[key] = n
		case n.Block.Max == 1:
			diags = append(diags, twice(quote(key), n.Range, earlier.Range, "there can be only one"))
		case len(n.Block.Labels) > 0 && !n.Block.Repeats:
			diags = append(diags, Twice(key, n.Range, earlier.Range))
		}
	}
	return diags
}

// Twice reports something that was defined a second time.
func Twice(what string, second, first hcl.Range) *hcl.Diagnostic {
	return twice(what, second, first, "two can't have the same name")
}

func twice(what string, second, first hcl.Range, hint string) *hcl.Diagnostic {
	return diagnostic.New(what+" is defined twice", second, diagnostic.Info{
		Code: "AG207", Hint: hint,
		Also: []diagnostic.Place{{Range: first, Text: "first defined here"}},
	})
}

// title is how an operator calls the block: addon "acme-db".
func (c *Content) title() string {
	parts := []string{c.Block.Type}
	for _, l := range c.Labels {
		parts = append(parts, quote(l.Text))
	}
	return strings.Join(parts, " ")
}

func (c *Content) missingBlocks() hcl.Diagnostics {
	var diags hcl.Diagnostics
	for _, b := range c.Block.Blocks {
		if b.Required && c.First(b.Type) == nil && !c.Meant(b.Type) {
			diags = append(diags, diagnostic.New(c.needs(b.Type), c.Range, diagnostic.Info{
				Code: "AG204", Hint: "add: " + b.example(),
			}))
		}
	}
	return diags
}

func (c *Content) missing(a Attribute) *hcl.Diagnostic {
	return diagnostic.New(c.needs(a.Name), c.Range, diagnostic.Info{Code: "AG204", Hint: "add: " + a.example(), Notes: docNote(a.Name, a.Doc)})
}

func (c *Content) needs(name string) string {
	return fmt.Sprintf("This %s needs %s", c.Block.Type, quote(name))
}

// docNote is what a setting is for, as a further line of a message.
func docNote(name, doc string) []string {
	if doc == "" {
		return nil
	}
	return []string{name + ": " + doc}
}

func nullValue(name string, expr hcl.Expression) *hcl.Diagnostic {
	info := diagnostic.Info{Code: "AG209", Hint: "it must have a value"}
	for _, t := range expr.Variables() {
		if t.RootName() == "var" && len(t) > 1 {
			if step, ok := t[1].(hcl.TraverseAttr); ok {
				info.Hint += "; does var." + step.Name + " have one?"
				break
			}
		}
	}
	return diagnostic.New(quote(name)+" is null", expr.Range(), info)
}
