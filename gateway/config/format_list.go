package config

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// edit replaces the bytes from start to end.
type edit struct {
	start, end int
	text       string
}

func apply(src []byte, edits []edit) []byte {
	slices.SortStableFunc(edits, func(a, b edit) int {
		return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end))
	})
	var out bytes.Buffer
	at := 0
	for _, e := range edits {
		if e.start < at {
			continue // inside of a reference that lost its string
		}
		out.Write(src[at:e.start])
		out.WriteString(e.text)
		at = e.end
	}
	out.Write(src[at:])
	return out.Bytes()
}

// lists puts each item of a broken list on its own line.
func (l layout) lists() []edit {
	var edits []edit
	_ = hclsyntax.VisitAll(l.body, func(n hclsyntax.Node) hcl.Diagnostics {
		if list, ok := n.(*hclsyntax.TupleConsExpr); ok {
			edits = append(edits, l.list(list.OpenRange.Start.Byte)...)
		}
		return nil
	})
	return edits
}

// item is what stands between two commas of a list.
type item struct {
	newline    bool // before its first token, or between the comma and what was before it
	start, end int  // of its tokens; 0, 0 for what follows a trailing comma
	comma      int  // where its comma is; -1: it has none
}

// list returns the edits of the list whose bracket opens at start: none when
// it stands on one line. Lists with heredocs stay: nothing may follow a
// heredoc's marker.
func (l layout) list(start int) []edit {
	items, closing, ok := l.items(start)
	if !ok || !slices.ContainsFunc(items, func(i item) bool { return i.newline }) || items[0].end == 0 {
		return nil
	}
	var edits []edit
	after := start + 1
	for _, i := range items {
		if !i.newline {
			edits = append(edits, edit{after, after, "\n"})
		}
		if i.end == 0 {
			continue
		}
		if i.comma != i.end {
			edits = append(edits, edit{i.end, i.end, ","})
		}
		if i.comma > i.end {
			edits = append(edits, edit{i.comma, i.comma + 1, ""})
		}
		after = i.comma + 1
	}
	if last := items[len(items)-1]; last.end != 0 && !l.newlineBetween(last.end, closing) {
		edits = append(edits, edit{closing, closing, "\n"})
	}
	return edits
}

// items splits the tokens between the bracket at start and its partner, which
// is at closing.
func (l layout) items(start int) (items []item, closing int, ok bool) {
	current, depth := item{comma: -1}, 0
	for _, t := range l.between(start+1, len(l.src)) {
		if t.Type == hclsyntax.TokenOHeredoc {
			return nil, 0, false
		}
		change := nesting(t.Type)
		switch {
		case depth == 0 && change < 0:
			current.newline = current.newline || current.end == 0 && l.newlineBetween(endOf(items, start+1), t.Range.Start.Byte)
			return append(items, current), t.Range.Start.Byte, true
		case depth == 0 && t.Type == hclsyntax.TokenComma:
			current.comma = t.Range.Start.Byte
			items = append(items, current)
			current = item{comma: -1}
		case depth == 0 && (t.Type == hclsyntax.TokenNewline || t.Type == hclsyntax.TokenComment):
		default:
			if current.end == 0 {
				current.start = t.Range.Start.Byte
				current.newline = l.newlineBetween(endOf(items, start+1), current.start)
			}
			current.end = t.Range.End.Byte
		}
		depth += change
	}
	return nil, 0, false
}

// endOf returns where the tokens of the last item end.
func endOf(items []item, none int) int {
	if len(items) == 0 {
		return none
	}
	return items[len(items)-1].end
}

// newlineBetween reports whether a line ends between two places that have only
// blanks, comments and a comma between them.
func (l layout) newlineBetween(from, to int) bool {
	return slices.ContainsFunc(l.between(from, to), func(t hclsyntax.Token) bool {
		return t.Type == hclsyntax.TokenNewline || t.Type == hclsyntax.TokenComment && bytes.HasSuffix(t.Bytes, []byte("\n"))
	})
}

// nesting tells whether a token opens (1) or closes (-1) something.
func nesting(t hclsyntax.TokenType) int {
	switch t {
	case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen, hclsyntax.TokenOQuote,
		hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
		return 1
	case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen, hclsyntax.TokenCQuote,
		hclsyntax.TokenTemplateSeqEnd:
		return -1
	}
	return 0
}
