package conformance

import (
	"strings"
	"unicode"
)

// Printable is a line that a stranger wrote as it may go to a terminal: what
// would move its cursor, or reorder the line, is shown and not obeyed.
func Printable(line string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\t':
			return ' '
		case unicode.IsPrint(r):
			return r
		}
		return unicode.ReplacementChar
	}, line)
}

// printableLines is a text of several lines, each Printable.
func printableLines(text string) string {
	lines := strings.Split(text, "\n")
	for i, line := range lines {
		lines[i] = Printable(strings.TrimSuffix(line, "\r"))
	}
	return strings.Join(lines, "\n")
}
