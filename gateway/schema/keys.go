package schema

import (
	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// DuplicateKeys finds keys that stand twice in one map. HCL itself lets the
// last one win without a word, so they are looked for in the syntax tree.
func DuplicateKeys(expr hcl.Expression) hcl.Diagnostics {
	node, ok := expr.(hclsyntax.Node)
	if !ok {
		return nil
	}
	var diags hcl.Diagnostics
	_ = hclsyntax.VisitAll(node, func(n hclsyntax.Node) hcl.Diagnostics {
		object, ok := n.(*hclsyntax.ObjectConsExpr)
		if !ok {
			return nil
		}
		first := map[string]hcl.Range{}
		for _, p := range pairs(object) {
			if at, again := first[p.name]; again {
				diags = append(diags, diagnostic.New(quote(p.name)+" is set twice in this map", p.at, diagnostic.Info{
					Code: "AG208", Hint: "only the last would count",
					Also: []diagnostic.Place{{Range: at, Text: "first set here"}},
				}))
				continue
			}
			first[p.name] = p.at
		}
		return nil
	})
	return diags
}
