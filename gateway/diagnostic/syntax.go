package diagnostic

import (
	"bytes"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

// ownLineHint is for everything that HCL wants on a line of its own.
const ownLineHint = "put each setting on its own line"

func syntaxRules() map[string]rule {
	return map[string]rule{
		"Invalid multi-line string":                       unclosedQuote,
		"Unterminated template string":                    unclosedQuote,
		"Unterminated string literal":                     unclosedQuote,
		"Invalid character":                               badCharacter,
		"Invalid character encoding":                      fixed("AG100", "The file is not UTF-8 text", "save it as UTF-8"),
		"Unsupported operator":                            badOperator,
		"Argument or block definition required":           noDefinition,
		"Argument definition required":                    fixed("AG107", "A one-line block holds one setting and no block", "put each on its own line"),
		"Invalid single-argument block definition":        fixed("AG107", "A one-line block holds one setting", ownLineHint),
		"Invalid block definition":                        badBlock,
		"Missing newline after argument":                  moreOnLine,
		"Missing newline after block definition":          fixed("AG100", "A block ends its line", "put what follows on the next line"),
		"Unclosed configuration block":                    unclosedBlock,
		"Invalid escape sequence":                         badEscape,
		"Invalid expression":                              noValue,
		"Missing expression":                              noValue,
		"Extra characters after interpolation expression": foreignTemplate,
		"Unclosed template interpolation sequence":        unclosedTemplate,
		"Unexpected end of template":                      unclosedDirective,
		"Invalid argument name":                           quotedName,
		"Missing item separator":                          fixed("AG100", "A comma is missing between two items", "put a comma before this"),
		"Missing argument separator":                      fixed("AG100", "A comma is missing between two arguments", "put a comma before this, or a parenthesis if the call ends"),
		"Missing attribute separator":                     moreInMap,
		"Missing key/value separator":                     fixed("AG100", `Expected "=" after the key`, `write key = value`),
		"Unterminated tuple constructor expression":       unclosedValue,
		"Unterminated object constructor expression":      unclosedValue,
		"Unterminated function call":                      unclosedValue,
		"Unbalanced parentheses":                          noParenthesis,
		"Missing closing parenthesis":                     noParenthesis,
		"Missing false expression in conditional":         fixed("AG100", `"? :" needs a value for each case`, `write condition ? one : other`),
	}
}

// fixed translates to words that depend on nothing.
func fixed(code, summary, hint string) rule {
	return func(source, *hcl.Diagnostic) (message, bool) {
		return message{summary: summary, Info: Info{Code: code, Hint: hint}}, true
	}
}

// unclosedQuote points at the opening quote: HCL notices the end of the line.
func unclosedQuote(s source, d *hcl.Diagnostic) (message, bool) {
	if opening, marker := s.openHeredoc(d); marker != "" {
		return message{
			summary: fmt.Sprintf("The file ends inside this text: its closing %s is missing", marker),
			subject: opening,
			Info:    Info{Code: "AG101", Hint: fmt.Sprintf("%s stands alone on the line after the text", marker)},
		}, true
	}
	m := message{
		summary: "This string has no closing quote",
		Info:    Info{Code: "AG101", Hint: `is a " missing here?`, Notes: []string{"Strings end on the line they start. For several lines use <<EOT … EOT."}},
	}
	if at, ok := s.lastOpenQuote(d.Subject.Start); ok {
		end := hcl.Pos{Line: at.Line, Column: d.Subject.Start.Column, Byte: d.Subject.Start.Byte}
		m.subject = hcl.Range{Filename: d.Subject.Filename, Start: at, End: end}
	}
	return m, true
}

// openHeredoc finds the "<<EOT" of a heredoc that the file ends in.
func (s source) openHeredoc(d *hcl.Diagnostic) (hcl.Range, string) {
	if d.Context == nil || d.Context.Start.Byte > len(s.bytes) {
		return hcl.Range{}, ""
	}
	for _, t := range s.tokens() {
		if t.Type == hclsyntax.TokenOHeredoc && t.Range.End.Byte == d.Context.Start.Byte {
			marker := strings.TrimSpace(strings.TrimLeft(string(t.Bytes), "<-"))
			return within(t.Range, s, 0, len(bytes.TrimSpace(t.Bytes))), marker
		}
	}
	return hcl.Range{}, ""
}

// lastOpenQuote finds the last opening quote on the line before pos.
func (s source) lastOpenQuote(pos hcl.Pos) (hcl.Pos, bool) {
	var at hcl.Pos
	found := false
	for _, t := range s.tokens() {
		if t.Range.Start.Line == pos.Line && t.Range.Start.Byte < pos.Byte && t.Type == hclsyntax.TokenOQuote {
			at, found = t.Range.Start, true
		}
	}
	return at, found
}

func badCharacter(s source, d *hcl.Diagnostic) (message, bool) {
	char, _ := utf8.DecodeRuneInString(s.text(*d.Subject))
	switch char {
	case '\'', '`':
		return message{summary: "Strings use double quotes", Info: Info{Code: "AG103", Hint: doubleQuoted(s.after(d.Subject.Start), char)}}, true
	case '“', '”', '‘', '’', '„', '«', '»':
		return message{
			summary: fmt.Sprintf("%c is a typographic quote", char),
			Info:    Info{Code: "AG104", Hint: `type " instead`, Notes: []string{"It probably came from a document."}},
		}, true
	case '$':
		if open, ok := s.openInterpolation(d.Subject.Start); ok {
			return unclosedInterpolation(open), true
		}
		return message{summary: `"${ }" belongs inside a string`, Info: Info{Code: "AG105", Hint: withoutDollar(s.after(d.Subject.Start))}}, true
	case ';':
		return message{summary: `";" separates nothing in HCL`, Info: Info{Code: "AG107", Hint: ownLineHint}}, true
	}
	return message{summary: fmt.Sprintf("The character %q has no meaning here", char), Info: Info{Code: "AG100", Hint: "text needs double quotes"}}, true
}

// doubleQuoted shows the string at the beginning of rest as HCL writes it.
func doubleQuoted(rest string, quote rune) string {
	inner, _, closed := strings.Cut(rest[utf8.RuneLen(quote):], string(quote))
	if !closed || len(inner) > 40 || strings.ContainsAny(inner, `"\`) {
		return `write "…"`
	}
	return fmt.Sprintf(`write "%s"`, inner)
}

// withoutDollar shows the reference at the beginning of rest as it is written
// outside of strings.
func withoutDollar(rest string) string {
	name := strings.TrimPrefix(rest, "$")
	if inner, ok := strings.CutPrefix(name, "{"); ok {
		name, _, _ = strings.Cut(inner, "}")
	} else if end := strings.IndexFunc(name, notReference); end >= 0 {
		name = name[:end]
	}
	name = strings.TrimSpace(name)
	if name == "" || len(name) > 60 {
		return "write the name alone"
	}
	return fmt.Sprintf("here write %s alone", name)
}

func notReference(r rune) bool {
	return !(r == '.' || r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z')
}

func badOperator(s source, d *hcl.Diagnostic) (message, bool) {
	operator := s.text(*d.Subject)
	m := message{summary: fmt.Sprintf("There is no operator %q", operator), Info: Info{Code: "AG100"}}
	if operator == "&" || operator == "|" {
		m.Hint = fmt.Sprintf("write %q", operator+operator)
	}
	return m, true
}

// noDefinition is for a line that begins neither a setting nor a block.
func noDefinition(s source, d *hcl.Diagnostic) (message, bool) {
	name, rest := s.text(*d.Subject), strings.TrimLeft(s.after(d.Subject.End), " \t")
	switch {
	case name == "}":
		return message{summary: `This "}" closes nothing`, Info: Info{Code: "AG100", Hint: "every block before it is closed already"}}, true
	case strings.HasPrefix(rest, ":"), strings.HasPrefix(rest, "=>"):
		return message{summary: fmt.Sprintf(`Expected "=" after %q`, name), Info: Info{
			Code: "AG102", Hint: fmt.Sprintf("write %s = …", name), Notes: []string{"HCL sets values with =, not with a colon or an arrow."},
		}}, true
	case strings.HasPrefix(rest, "."):
		return message{summary: "A setting is one name", Info: Info{
			Code: "AG100", Hint: fmt.Sprintf(`for a setting inside of %s write %s { … } or %s = { … }`, name, name, name),
		}}, true
	case mergeConflict(s.before(d.Subject.Start) + s.after(d.Subject.Start)):
		return message{summary: "A merge conflict is not resolved", Info: Info{
			Code: "AG100", Hint: "keep one of the two sides and remove the lines with <<<<<<<, ======= and >>>>>>>",
		}}, true
	case !hclsyntax.ValidIdentifier(name):
		return message{summary: "A line begins with the name of a setting or a block", Info: Info{
			Code: "AG100", Hint: "names begin with a letter",
		}}, true
	}
	return message{summary: fmt.Sprintf("%q stands alone", name), Info: Info{
		Code: "AG100", Hint: fmt.Sprintf("write %s = … or %s { … }, beginning on the same line", name, name),
	}}, true
}

// mergeConflict recognises the lines that version control leaves in a file.
func mergeConflict(line string) bool {
	return strings.HasPrefix(line, "<<<<<<< ") || strings.HasPrefix(line, ">>>>>>> ") || line == "======="
}

func badBlock(s source, d *hcl.Diagnostic) (message, bool) {
	header := strings.TrimSpace(s.before(d.Subject.Start))
	if strings.Contains(d.Detail, "equals sign") {
		return message{summary: fmt.Sprintf("%q is a block", firstWord(header)), Info: Info{
			Code: "AG205", Hint: `leave the "=" out`, Notes: []string{fmt.Sprintf("Write %s { … }", header)},
		}}, true
	}
	return message{summary: `A block needs "{" on the line where it begins`, Info: Info{
		Code: "AG100", Hint: fmt.Sprintf("write %s {", header), Notes: []string{`For a setting write name = value.`},
	}}, true
}

func firstWord(text string) string {
	word, _, _ := strings.Cut(text, " ")
	return word
}

// moreOnLine is for what stands behind a complete value.
func moreOnLine(s source, d *hcl.Diagnostic) (message, bool) {
	extra := s.text(*d.Subject)
	m := message{summary: "The value ends before this", Info: Info{Code: "AG100", Hint: "one setting on each line; text needs quotes"}}
	switch {
	case extra == "{":
		header := strings.TrimSpace(strings.Replace(s.before(d.Subject.Start), "=", "", 1))
		return message{summary: fmt.Sprintf("%q is a block", firstWord(header)), Info: Info{
			Code: "AG205", Hint: `leave the "=" out`, Notes: []string{"Write " + strings.Join(strings.Fields(header), " ") + " { … }"},
		}}, true
	case extra == "and":
		m.Hint = `for "and" write &&`
	case extra == "or":
		m.Hint = `for "or" write ||`
	case strings.HasSuffix(strings.TrimSpace(s.before(d.Subject.Start)), "= not"):
		m.Hint = `for "not" write !`
	case strings.HasPrefix(strings.TrimLeft(s.after(d.Subject.End), " \t"), "="):
		m.summary, m.Hint = "Two settings on one line", ownLineHint
	}
	return m, true
}

func badEscape(s source, d *hcl.Diagnostic) (message, bool) {
	escape := s.text(*d.Subject)
	m := message{summary: fmt.Sprintf(`"%s" is no escape`, escape), Info: Info{Code: "AG108"}}
	if strings.HasPrefix(escape, `\u`) || strings.HasPrefix(escape, `\U`) {
		m.Hint = `\u takes four hexadecimal digits, \U eight`
		return m, true
	}
	m.Hint = fmt.Sprintf(`for a backslash, as in a regular expression, write "\%s"`, escape)
	return m, true
}

func noValue(s source, d *hcl.Diagnostic) (message, bool) {
	found := strings.TrimSpace(s.text(*d.Subject))
	before := strings.TrimSpace(s.before(d.Subject.Start))
	m := message{summary: "A value is missing here", Info: Info{Code: "AG100"}}
	if open, ok := s.unclosedAt(d.Subject.Start); ok && found == "" {
		return endOfFile(open), true
	}
	switch {
	case found != "":
		m.Hint = fmt.Sprintf("%q can't begin a value", found)
	case before != "":
		m.Hint = fmt.Sprintf("nothing follows the %q", lastWord(before))
	}
	return m, true
}

func lastWord(text string) string { return text[strings.LastIndexByte(text, ' ')+1:] }

// foreignTemplate is for ${…} that belongs to another language, such as the
// shell's ${NAME:-default}.
func foreignTemplate(s source, d *hcl.Diagnostic) (message, bool) {
	before := s.before(d.Subject.Start)
	start := strings.LastIndex(before, "${")
	if start < 0 {
		return message{summary: `Expected "}" here`, Info: Info{Code: "AG100", Hint: `"${ }" holds one expression`}}, true
	}
	inner, _, _ := strings.Cut(before[start:]+s.after(d.Subject.Start), "}")
	return shellVariable(inner + "}"), true
}

func shellVariable(sequence string) message {
	return message{summary: fmt.Sprintf("%q would be read as an HCL reference", sequence), Info: Info{
		Code: "AG106", Hint: "for a literal write $" + sequence,
	}}
}

func unclosedInterpolation(at hcl.Range) message {
	return message{summary: `This "${" has no closing brace`, subject: at, Info: Info{
		Code: "AG109", Hint: `is a "}" missing?`, Notes: []string{"For a literal write $${."},
	}}
}

// openInterpolation finds the "${" that is still open at pos, on its line.
func (s source) openInterpolation(pos hcl.Pos) (hcl.Range, bool) {
	var open []hcl.Range
	for _, t := range s.tokens() {
		switch {
		case t.Range.Start.Line != pos.Line || t.Range.Start.Byte >= pos.Byte:
		case t.Type == hclsyntax.TokenTemplateInterp:
			open = append(open, t.Range)
		case t.Type == hclsyntax.TokenTemplateSeqEnd:
			open = open[:max(0, len(open)-1)]
		}
	}
	if len(open) == 0 {
		return hcl.Range{}, false
	}
	return open[len(open)-1], true
}

func unclosedTemplate(s source, d *hcl.Diagnostic) (message, bool) {
	m := unclosedInterpolation(*d.Subject)
	if at := strings.Index(s.after(d.Subject.Start), "${"); at >= 0 {
		m.subject = within(*d.Subject, s, at, 2)
	}
	return m, true
}

// unclosedDirective points at the "%{ if }" or "%{ for }" that lacks its end.
func unclosedDirective(s source, d *hcl.Diagnostic) (message, bool) {
	var open []hcl.Range
	tokens := s.tokens()
	for i, t := range tokens {
		if t.Type != hclsyntax.TokenTemplateControl || t.Range.Start.Byte > d.Subject.Start.Byte || i+1 == len(tokens) {
			continue
		}
		switch keyword := tokens[i+1]; string(keyword.Bytes) {
		case "if", "for":
			open = append(open, hcl.RangeBetween(t.Range, keyword.Range))
		case "endif", "endfor":
			open = open[:max(0, len(open)-1)]
		}
	}
	if len(open) == 0 {
		return message{}, false
	}
	at := open[len(open)-1]
	keyword := strings.TrimLeft(s.text(at), "%{~ ")
	return message{summary: fmt.Sprintf(`This "%%{ %s }" has no "%%{ end%s }"`, keyword, keyword), subject: at, Info: Info{
		Code: "AG109", Hint: "opened here, never closed", Notes: []string{"For a literal write %%{."},
	}}, true
}

// moreInMap is for what stands behind a value in a map.
func moreInMap(s source, d *hcl.Diagnostic) (message, bool) {
	m := message{summary: "A map has one setting on each line", Info: Info{Code: "AG100", Hint: "put a comma or a new line before this"}}
	if s.text(*d.Subject) == "=" {
		m.summary, m.Hint = "The value ends before this", "to compare two values write =="
	}
	return m, true
}

// within returns the length bytes of ASCII that begin offset bytes after r.
func within(r hcl.Range, s source, offset, length int) hcl.Range {
	start := r.Start
	start.Byte += offset
	start.Column += utf8.RuneCountInString(s.after(r.Start)[:offset])
	end := start
	end.Byte += length
	end.Column += length
	return hcl.Range{Filename: r.Filename, Start: start, End: end}
}

func quotedName(s source, d *hcl.Diagnostic) (message, bool) {
	name, _, _ := strings.Cut(strings.TrimPrefix(s.after(d.Subject.Start), `"`), `"`)
	return message{summary: "The name of a setting has no quotes", Info: Info{Code: "AG100", Hint: fmt.Sprintf("write %s = …", name)}}, true
}
