package expr

import (
	"encoding/json"
	"errors"
	"fmt"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/zclconf/go-cty/cty"
)

// Part is a piece of a text: what stands there, or what something in ${…} has
// become. Its value is a string, which may be null, unknown or marked.
type Part struct {
	Value   cty.Value
	Literal bool // it stands there
}

// ErrNoText is the error of Parts for what is not one text in quotes.
var ErrNoText = errors.New("this must be a text in quotes, with ${…} for what differs")

// Parts evaluates a text in quotes piece by piece, with the roots that the plugin
// owns. It is for a plugin that has to treat what an operator wrote and what came
// from elsewhere differently, as in an address. Of an attribute that was not
// written there are none; where all of it is unknown, one. The error is ErrNoText or
// as that of Value.
func (e Expression) Parts(own map[string]cty.Value) ([]Part, error) {
	switch {
	case e.unknown:
		return []Part{{Value: cty.UnknownVal(cty.String).WithMarks(e.marks...)}}, nil
	case e.parsed == nil:
		return nil, nil
	}
	pieces, err := e.pieces()
	if err != nil {
		return nil, err
	}
	var parts []Part
	for _, piece := range pieces {
		_, literal := piece.(*hclsyntax.LiteralValueExpr)
		v, err := Expression{parsed: piece, kind: cty.String, roots: e.roots, marks: e.marks}.Value(own)
		if err != nil {
			return nil, err
		}
		parts = append(parts, Part{Value: v, Literal: literal})
	}
	return parts, nil
}

// pieces are what a text is made of. In JSON every text is a template.
func (e Expression) pieces() ([]hclsyntax.Expression, error) {
	parsed := hcl.UnwrapExpression(e.parsed)
	if e.text != "" {
		at := e.parsed.Range()
		var text string
		if err := json.Unmarshal([]byte(e.text), &text); err != nil {
			return nil, noText(at)
		}
		behindQuote := hcl.Pos{Line: at.Start.Line, Column: at.Start.Column + 1, Byte: at.Start.Byte + 1}
		template, diags := hclsyntax.ParseTemplate([]byte(text), at.Filename, behindQuote)
		if diags.HasErrors() {
			return nil, failure(diags, at)
		}
		parsed = template
	}
	switch t := parsed.(type) {
	case *hclsyntax.TemplateExpr:
		return t.Parts, nil
	case *hclsyntax.TemplateWrapExpr:
		return []hclsyntax.Expression{t.Wrapped}, nil
	}
	return nil, noText(e.parsed.Range())
}

func noText(at hcl.Range) error {
	return fmt.Errorf("%s: %w", place(at), ErrNoText)
}

// Mentions reports whether the expression mentions a root, such as "output".
func (e Expression) Mentions(root string) bool {
	if e.parsed == nil {
		return false
	}
	for _, t := range e.parsed.Variables() {
		if t.RootName() == root {
			return true
		}
	}
	return false
}
