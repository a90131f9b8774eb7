package diagnostic

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// unclosedBlock is for a file that ends inside a block. HCL names the outermost
// one; indentation tells which one probably is meant.
func unclosedBlock(s source, _ *hcl.Diagnostic) (message, bool) {
	m := message{summary: "The file ends inside this block", Info: Info{Code: "AG203", Hint: "opened here, never closed"}}
	if guess := s.missingBrace(); guess != "" {
		m.Notes = []string{guess}
	}
	return m, true
}

// opening is a brace that waits for its partner.
type opening struct {
	header string
	line   int
	indent int
}

// missingBrace looks for the first line that is indented as if a block before
// it had been closed.
func (s source) missingBrace() string {
	var open []opening
	line := 0
	for _, t := range s.tokens() {
		first := t.Range.Start.Line != line && t.Type != hclsyntax.TokenNewline && t.Type != hclsyntax.TokenEOF
		if first {
			line = t.Range.Start.Line
		}
		if first && t.Type != hclsyntax.TokenComment {
			if guess := contradiction(open, t); guess != "" {
				return guess
			}
		}
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenTemplateInterp, hclsyntax.TokenTemplateControl:
			header := strings.TrimSpace(s.before(t.Range.Start))
			open = append(open, opening{header, line, s.indent(line)})
		case hclsyntax.TokenCBrace, hclsyntax.TokenTemplateSeqEnd:
			if len(open) > 0 {
				open = open[:len(open)-1]
			}
		}
	}
	return ""
}

// contradiction compares the first token of a line with the innermost open
// brace: what is inside of it is indented deeper, and its end is not.
func contradiction(open []opening, t hclsyntax.Token) string {
	if len(open) == 0 {
		return ""
	}
	inner, indent := open[len(open)-1], t.Range.Start.Column-1
	closes := t.Type == hclsyntax.TokenCBrace
	if indent > inner.indent || closes && indent == inner.indent || inner.line == t.Range.Start.Line {
		return ""
	}
	return fmt.Sprintf(`by its indentation, %s (line %d) ends before line %d; is its "}" missing?`, inner.header, inner.line, t.Range.Start.Line)
}

// indent counts the blank characters at the beginning of a line.
func (s source) indent(line int) int {
	lines := strings.SplitN(string(s.bytes), "\n", line+1)
	if line < 1 || len(lines) < line {
		return 0
	}
	text := lines[line-1]
	return len(text) - len(strings.TrimLeft(text, " \t"))
}

// unclosedValue is for a file that ends inside a list, a map or a call.
func unclosedValue(s source, _ *hcl.Diagnostic) (message, bool) {
	end := hcl.Pos{Byte: len(s.bytes)}
	if open, ok := s.unclosedAt(end); ok {
		return endOfFile(open), true
	}
	return message{summary: "The file ends inside this value", Info: Info{Code: "AG100", Hint: "opened here, never closed"}}, true
}

// noParenthesis is for a parenthesis that something else than its partner
// follows.
func noParenthesis(s source, d *hcl.Diagnostic) (message, bool) {
	if open, ok := s.unclosedAt(d.Subject.Start); ok && strings.TrimSpace(s.after(d.Subject.Start)) == "" {
		return endOfFile(open), true
	}
	return message{summary: `Expected ")" here`, Info: Info{Code: "AG100", Hint: `put a ")" before this`}}, true
}

func endOfFile(open hclsyntax.Token) message {
	kinds := map[hclsyntax.TokenType][2]string{
		hclsyntax.TokenOBrack: {"list", "]"}, hclsyntax.TokenOBrace: {"map", "}"}, hclsyntax.TokenOParen: {"parenthesis", ")"},
	}
	kind := kinds[open.Type]
	return message{summary: "The file ends inside this " + kind[0], subject: open.Range, Info: Info{
		Code: "AG100", Hint: fmt.Sprintf("opened here, never closed by %q", kind[1]),
	}}
}

// unclosedAt returns the bracket that is still open at pos, if the file ends
// there.
func (s source) unclosedAt(pos hcl.Pos) (hclsyntax.Token, bool) {
	if pos.Byte < len(strings.TrimRight(string(s.bytes), " \t\r\n")) {
		return hclsyntax.Token{}, false
	}
	var open []hclsyntax.Token
	for _, t := range s.tokens() {
		switch t.Type {
		case hclsyntax.TokenOBrace, hclsyntax.TokenOBrack, hclsyntax.TokenOParen:
			open = append(open, t)
		case hclsyntax.TokenCBrace, hclsyntax.TokenCBrack, hclsyntax.TokenCParen:
			open = open[:max(0, len(open)-1)]
		}
	}
	if len(open) == 0 {
		return hclsyntax.Token{}, false
	}
	return open[len(open)-1], true
}
