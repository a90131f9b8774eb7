package diagnostic

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// source answers questions about one file. Without the file it knows nothing
// and says so with empty answers.
type source struct {
	name  string
	bytes []byte
	body  *hclsyntax.Body // nil for JSON and for files that have none
}

func newSource(name string, f *hcl.File) source {
	if f == nil {
		return source{name: name}
	}
	body, _ := f.Body.(*hclsyntax.Body)
	return source{name: name, bytes: f.Bytes, body: body}
}

// tokens returns the tokens of the file, broken or not.
func (s source) tokens() hclsyntax.Tokens {
	tokens, _ := hclsyntax.LexConfig(s.bytes, s.name, hcl.InitialPos)
	return tokens
}

// text returns what stands at r.
func (s source) text(r hcl.Range) string {
	if r.Start.Byte < 0 || r.End.Byte > len(s.bytes) || r.Start.Byte > r.End.Byte {
		return ""
	}
	return string(s.bytes[r.Start.Byte:r.End.Byte])
}

// short returns what stands at r if it is a name or a small expression on one
// line, and "this" otherwise.
func (s source) short(r hcl.Range) string {
	text := s.text(r)
	if text == "" || len(text) > 60 || strings.Contains(text, "\n") {
		return "this"
	}
	return text
}

// subject is short at the beginning of a sentence.
func (s source) subject(r hcl.Range) string {
	if text := s.short(r); text != "this" {
		return text
	}
	return "This"
}

// after returns the rest of the line from pos.
func (s source) after(pos hcl.Pos) string {
	if pos.Byte < 0 || pos.Byte > len(s.bytes) {
		return ""
	}
	rest, _, _ := strings.Cut(string(s.bytes[pos.Byte:]), "\n")
	return rest
}

// before returns the line up to pos.
func (s source) before(pos hcl.Pos) string {
	if pos.Byte < 0 || pos.Byte > len(s.bytes) {
		return ""
	}
	head := string(s.bytes[:pos.Byte])
	return head[strings.LastIndexByte(head, '\n')+1:]
}

// blocks returns the blocks around pos, the outermost first. A block's header
// is not inside it.
func (s source) blocks(pos hcl.Pos) []*hclsyntax.Block {
	var path []*hclsyntax.Block
	for body := s.body; body != nil; {
		inner := blockAround(body, pos)
		if inner == nil {
			break
		}
		path = append(path, inner)
		body = inner.Body
	}
	return path
}

func blockAround(body *hclsyntax.Body, pos hcl.Pos) *hclsyntax.Block {
	for _, b := range body.Blocks {
		if b.OpenBraceRange.End.Byte <= pos.Byte && pos.Byte <= b.CloseBraceRange.Start.Byte {
			return b
		}
	}
	return nil
}

// enclosing names the blocks around pos: `addon "acme-db", plan "free"`.
func (s source) enclosing(pos hcl.Pos) string {
	var names []string
	for _, b := range s.blocks(pos) {
		names = append(names, blockName(b))
	}
	return strings.Join(names, ", ")
}

func blockName(b *hclsyntax.Block) string {
	name := b.Type
	for _, label := range b.Labels {
		name += fmt.Sprintf(" %q", label)
	}
	return name
}

// headerRange covers type and labels of a block.
func headerRange(b *hclsyntax.Block) hcl.Range {
	if n := len(b.LabelRanges); n > 0 {
		return hcl.RangeBetween(b.TypeRange, b.LabelRanges[n-1])
	}
	return b.TypeRange
}

// quotedIn returns what stands between double quotes in HCL's text.
func quotedIn(detail string) []string {
	var out []string
	for i, part := range strings.Split(detail, `"`) {
		if i%2 == 1 {
			out = append(out, part)
		}
	}
	return out
}

// suggested returns the name that HCL's own text offers, or "".
func suggested(detail string) string {
	_, rest, ok := strings.Cut(detail, "Did you mean \"")
	if !ok {
		return ""
	}
	name, _, _ := strings.Cut(rest, `"`)
	return name
}
