package diagnostic

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/apparentlymart/go-textseg/v15/textseg"
	"github.com/hashicorp/hcl/v2"
	"golang.org/x/text/width"
)

// excerpt is the line that a range begins on, cut to a window, and where the
// caret stands under it.
type excerpt struct {
	line   int    // its number in the file
	text   string // what is shown of it
	indent string // what stands before the carets: blanks, and the line's own tabs
	carets int    // columns under the range; at least 1
}

// excerptOf cuts the line out of the file; ok is false when the file is not at
// hand.
func excerptOf(r hcl.Range, o Options) (e excerpt, ok bool) {
	q, ok := quote(r, o)
	if !ok {
		return excerpt{}, false
	}
	if first, _, several := strings.Cut(q.marked, "\n"); several {
		q.marked, q.after = first, ""
	}
	before, marked := cells(q.before), cells(q.marked)
	line := slices.Concat(before, marked, cells(strings.TrimSuffix(q.after, "\r")))
	shown, from, to := cut(line, len(before), len(before)+len(marked), o.window(), o.ellipsis())
	return excerpt{
		line:   r.Start.Line,
		text:   strings.TrimRight(text(shown), " "),
		indent: blank(shown[:from]),
		carets: max(1, columns(shown[from:to])),
	}, true
}

// cell is what a reader sees as one character: a grapheme cluster.
type cell struct {
	text    string
	columns int // 2 for wide characters
}

func cells(line string) []cell {
	var out []cell
	for rest := []byte(line); len(rest) > 0; {
		n, _, err := textseg.ScanGraphemeClusters(rest, true)
		if err != nil || n == 0 {
			n = 1
		}
		out = append(out, newCell(string(rest[:n])))
		rest = rest[n:]
	}
	return out
}

func newCell(text string) cell {
	first, _ := utf8.DecodeRuneInString(text)
	switch {
	case first == '\t':
		return cell{text, 1}
	case unicode.IsControl(first), unicode.Is(unicode.Cf, first), first == utf8.RuneError:
		return cell{"?", 1} // a file must not be able to steer the terminal or to reorder its own text
	case unicode.Is(unicode.Mn, first):
		return cell{text, 0}
	case wide(first), strings.ContainsRune(text, '\uFE0F'):
		return cell{text, 2}
	}
	return cell{text, 1}
}

func wide(r rune) bool {
	kind := width.LookupRune(r).Kind()
	return kind == width.EastAsianWide || kind == width.EastAsianFullwidth
}

// cut takes what fits into the window around the cells from … to, and moves
// both along. Long lines are JSON written by programs, or long URLs.
func cut(line []cell, from, to, window int, ellipsis string) ([]cell, int, int) {
	if columns(line) <= window {
		return line, from, to
	}
	// A third of the window stands before the range, so that one sees in what
	// it lies.
	first := from
	for first > 0 && columns(line[first-1:from]) <= window/3 {
		first--
	}
	last := first
	for last < len(line) && (last <= from || columns(line[first:last+1]) <= window) {
		last++
	}
	shown := slices.Clone(line[first:last])
	from, to = from-first, min(to, last)-first
	if first > 0 {
		shown = slices.Insert(shown, 0, cell{ellipsis, len([]rune(ellipsis))})
		from, to = from+1, to+1
	}
	if last < len(line) {
		shown = append(shown, cell{ellipsis, len([]rune(ellipsis))})
	}
	return shown, from, to
}

func columns(line []cell) int {
	n := 0
	for _, c := range line {
		n += c.columns
	}
	return n
}

// blank writes as many blanks as line has columns, and its tabs as tabs: both
// lines then stop at the same places.
func blank(line []cell) string {
	var b strings.Builder
	for _, c := range line {
		if c.text == "\t" {
			b.WriteByte('\t')
			continue
		}
		b.WriteString(strings.Repeat(" ", c.columns))
	}
	return b.String()
}

func text(line []cell) string {
	var b strings.Builder
	for _, c := range line {
		b.WriteString(c.text)
	}
	return b.String()
}
