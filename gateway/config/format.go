package config

import (
	"bytes"
	"slices"
	"sort"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
	"github.com/hashicorp/hcl/v2/hclwrite"

	"github.com/addongw/addongw/gateway/diagnostic"
)

// Format returns src in the one layout that all files of this language share:
// hclwrite's spacing and indentation, "#" before comments, references without
// a string around them, one item on each line of a list that is broken over
// lines, at most one empty line in a row, LF, and a newline at the end.
//
// The meaning stays the same, comments stay, and of the text of heredocs only
// the line ends change. A file that does not parse is not formatted: the
// diagnostics say why.
func Format(filename string, src []byte) ([]byte, hcl.Diagnostics) {
	src = bytes.TrimPrefix(src, []byte("\uFEFF"))
	src = bytes.ReplaceAll(src, []byte("\r\n"), []byte("\n"))
	// One change may make way for another, such as a string around a string:
	// the result is what formatting does not change any more.
	for range maxRounds {
		layout, diags := readLayout(filename, src)
		if diags.HasErrors() {
			return nil, diags
		}
		out := hclwrite.Format(layout.edited())
		layout, diags = readLayout(filename, out)
		if diags.HasErrors() {
			return nil, diags
		}
		out = layout.tidied()
		if bytes.Equal(out, src) {
			break
		}
		src = out
	}
	return src, nil
}

// maxRounds bounds the rounds of Format; real files need two.
const maxRounds = 8

// layout is a file as tokens and as a syntax tree.
type layout struct {
	src    []byte
	tokens hclsyntax.Tokens
	body   *hclsyntax.Body
}

func readLayout(filename string, src []byte) (layout, hcl.Diagnostics) {
	file, diags := hclsyntax.ParseConfig(src, filename, hcl.InitialPos)
	if diags.HasErrors() {
		return layout{}, diagnostic.FromHCL(diags, map[string]*hcl.File{filename: file})
	}
	tokens, _ := hclsyntax.LexConfig(src, filename, hcl.InitialPos) // the parser has reported its problems
	body, _ := file.Body.(*hclsyntax.Body)
	return layout{src: src, tokens: tokens, body: body}, nil
}

// edited returns the file with everything changed that is more than spacing.
func (l layout) edited() []byte {
	edits := append(l.comments(), l.references()...)
	edits = append(edits, l.lists()...)
	return apply(l.src, l.outsideHeredocs(edits))
}

// comments writes "#" for every "//" that a comment begins with.
func (l layout) comments() []edit {
	var edits []edit
	for _, t := range l.tokens {
		if t.Type != hclsyntax.TokenComment {
			continue
		}
		for at := 0; bytes.HasPrefix(t.Bytes[at:], []byte("//")); at += 2 {
			start := t.Range.Start.Byte + at
			edits = append(edits, edit{start, start + 2, "#"})
		}
	}
	return edits
}

// references takes the string off a lone "${reference}". In the key of a map
// it stays, because a bare name there is text.
func (l layout) references() []edit {
	keys := map[hclsyntax.Node]bool{}
	var edits []edit
	_ = hclsyntax.VisitAll(l.body, func(n hclsyntax.Node) hcl.Diagnostics {
		switch x := n.(type) {
		case *hclsyntax.ObjectConsKeyExpr:
			keys[x.Wrapped] = true
		case *hclsyntax.TemplateWrapExpr:
			if !keys[x] && isReference(x.Wrapped) && !l.hasComment(x.SrcRange) {
				edits = append(edits, l.unwrap(x))
			}
		}
		return nil
	})
	return edits
}

func isReference(e hclsyntax.Expression) bool {
	switch x := e.(type) {
	case *hclsyntax.ScopeTraversalExpr:
		return true
	case *hclsyntax.IndexExpr:
		return isReference(x.Collection)
	case *hclsyntax.RelativeTraversalExpr:
		return isReference(x.Source)
	}
	return false
}

func (l layout) hasComment(r hcl.Range) bool {
	return slices.ContainsFunc(l.between(r.Start.Byte, r.End.Byte), func(t hclsyntax.Token) bool {
		return t.Type == hclsyntax.TokenComment
	})
}

// between returns the tokens that lie between two bytes.
func (l layout) between(from, to int) hclsyntax.Tokens {
	first := sort.Search(len(l.tokens), func(i int) bool { return l.tokens[i].Range.Start.Byte >= from })
	last := sort.Search(len(l.tokens), func(i int) bool { return l.tokens[i].Range.End.Byte > to })
	return l.tokens[first:max(first, last)]
}

// unwrap keeps the reference apart from its neighbours: in"${x}" is legal.
func (l layout) unwrap(x *hclsyntax.TemplateWrapExpr) edit {
	inner := x.Wrapped.Range()
	text := string(l.src[inner.Start.Byte:inner.End.Byte])
	return edit{x.SrcRange.Start.Byte, x.SrcRange.End.Byte, " " + text + " "}
}

// tidied drops superfluous empty lines, blanks at the end of lines, and sees
// to the last newline.
func (l layout) tidied() []byte {
	kept := l.multilineTokens()
	var out strings.Builder
	empty := true // as if an empty line stood before the first
	pending := false
	for i, line := range strings.Split(string(l.src), "\n") {
		if !kept[i+1] {
			line = strings.TrimRight(line, " \t")
		}
		if line == "" && !kept[i+1] {
			pending = !empty
			continue
		}
		if pending {
			out.WriteByte('\n')
		}
		out.WriteString(line + "\n")
		empty, pending = false, false
	}
	return []byte(out.String())
}

// multilineTokens marks the lines, counted from 1, that belong to a heredoc or
// to a comment over several lines.
func (l layout) multilineTokens() map[int]bool {
	kept := map[int]bool{}
	mark := func(from, to int) {
		for line := from; line <= to; line++ {
			kept[line] = true
		}
	}
	for _, t := range l.tokens {
		if t.Type == hclsyntax.TokenComment && bytes.HasPrefix(t.Bytes, []byte("/*")) {
			mark(t.Range.Start.Line+1, t.Range.End.Line-1)
		}
	}
	for _, h := range l.heredocs() {
		mark(h.Start.Line+1, h.End.Line)
	}
	return kept
}

// heredocs returns the ranges from "<<EOT" to the closing marker; one inside
// another is part of it.
func (l layout) heredocs() []hcl.Range {
	var found []hcl.Range
	depth := 0
	var start hcl.Range
	for _, t := range l.tokens {
		switch t.Type {
		case hclsyntax.TokenOHeredoc:
			if depth == 0 {
				start = t.Range
			}
			depth++
		case hclsyntax.TokenCHeredoc:
			if depth--; depth == 0 {
				found = append(found, hcl.RangeBetween(start, t.Range))
			}
		}
	}
	return found
}

func (l layout) outsideHeredocs(edits []edit) []edit {
	heredocs := l.heredocs()
	var out []edit
	for _, e := range edits {
		inside := false
		for _, h := range heredocs {
			inside = inside || h.Start.Byte <= e.start && e.end <= h.End.Byte
		}
		if !inside {
			out = append(out, e)
		}
	}
	return out
}
