package diagnostic

import (
	"fmt"
	"strings"

	"github.com/hashicorp/hcl/v2"
	"github.com/hashicorp/hcl/v2/hclsyntax"
)

func structureRules() map[string]rule {
	return map[string]rule{
		"Attribute redefined":            redefined,
		"Duplicate argument":             redefined,
		"Unsupported argument":           unknownSetting,
		"Unsupported block type":         unknownBlock,
		"Missing required argument":      missingSetting,
		"Incorrect attribute value type": wrongType,
	}
}

// variableSummary handles the diagnostics whose summary names a block.
func variableSummary(s source, d *hcl.Diagnostic) (message, bool) {
	switch words := d.Summary; {
	case strings.HasPrefix(words, "Unexpected ") && strings.HasSuffix(words, " block"):
		return noBlockHere(quotedIn(words)), true
	case strings.HasPrefix(words, "Duplicate ") && strings.HasSuffix(words, " block"),
		strings.HasPrefix(words, "Too many ") && strings.HasSuffix(words, " blocks"):
		return tooMany(s, d), true
	case strings.HasPrefix(words, "Missing ") && strings.HasSuffix(words, " block"),
		strings.HasPrefix(words, "Insufficient ") && strings.HasSuffix(words, " blocks"):
		return needsBlock(s, d), true
	case strings.HasPrefix(words, "Extraneous label for "):
		return labels(d, strings.TrimPrefix(words, "Extraneous label for ")), true
	case strings.HasPrefix(words, "Missing ") && strings.Contains(words, " for "):
		return labels(d, words[strings.LastIndex(words, " ")+1:]), true
	}
	return message{}, false
}

func noBlockHere(names []string) message {
	return message{summary: fmt.Sprintf("There is no %q block here", strings.Join(names, "")), Info: Info{
		Code: "AG201", Hint: "only settings may stand here",
	}}
}

func redefined(s source, d *hcl.Diagnostic) (message, bool) {
	name := s.text(*d.Subject)
	m := message{summary: fmt.Sprintf("%q is set twice", name), Info: Info{Code: "AG207", Hint: "set again here"}}
	if first, ok := s.attribute(name, d.Subject.Start); ok && first != *d.Subject {
		m.Also = []Place{{Range: first, Text: "first set here"}}
	}
	return m, true
}

// attribute finds the name of an attribute in the innermost block around pos.
func (s source) attribute(name string, pos hcl.Pos) (hcl.Range, bool) {
	body := s.body
	if path := s.blocks(pos); len(path) > 0 {
		body = path[len(path)-1].Body
	}
	if body == nil || body.Attributes[name] == nil {
		return hcl.Range{}, false
	}
	return body.Attributes[name].NameRange, true
}

func unknownSetting(s source, d *hcl.Diagnostic) (message, bool) {
	name := s.text(*d.Subject)
	if strings.Contains(d.Detail, "define a block of type") {
		return message{summary: fmt.Sprintf("%q is a block", name), Info: Info{
			Code: "AG205", Hint: fmt.Sprintf(`write %s { … } without "="`, name),
		}}, true
	}
	m := message{summary: fmt.Sprintf("%q stands outside of any block", name), Info: Info{Code: "AG202"}}
	if path := s.blocks(d.Subject.Start); len(path) > 0 {
		m.summary = fmt.Sprintf("%q is no setting of %s", name, WithArticle(path[len(path)-1].Type))
	}
	if near := suggested(d.Detail); near != "" {
		m.Hint = fmt.Sprintf("did you mean %q?", near)
	}
	return m, true
}

func unknownBlock(s source, d *hcl.Diagnostic) (message, bool) {
	name := s.text(*d.Subject)
	if strings.Contains(d.Detail, "define argument") {
		return message{summary: fmt.Sprintf("%q is a setting, not a block", name), Info: Info{
			Code: "AG205", Hint: fmt.Sprintf("write %s = …", name),
		}}, true
	}
	m := message{summary: fmt.Sprintf("There is no %q block", name), Info: Info{Code: "AG201"}}
	if path := s.blocks(d.Subject.Start); len(path) > 0 {
		m.summary += " in " + WithArticle(path[len(path)-1].Type)
	}
	if near := suggested(d.Detail); near != "" {
		m.Hint = fmt.Sprintf("did you mean %q?", near)
	}
	return m, true
}

func missingSetting(s source, d *hcl.Diagnostic) (message, bool) {
	m := message{Info: Info{Code: "AG204"}}
	m.summary = fmt.Sprintf("%s needs %q", s.owner(d, &m), strings.Join(quotedIn(d.Detail), ""))
	return m, true
}

func needsBlock(s source, d *hcl.Diagnostic) message {
	m := message{Info: Info{Code: "AG204"}}
	m.summary = fmt.Sprintf("%s needs a %q block", s.owner(d, &m), strings.Join(quotedIn(d.Detail), ""))
	return m
}

// owner names the block that lacks something, and moves the message to its
// header: HCL points at the brace.
func (s source) owner(d *hcl.Diagnostic, m *message) string {
	b := s.blockAt(d.Subject.Start)
	if b == nil {
		return "This"
	}
	m.subject = headerRange(b)
	return "This " + b.Type
}

// blockAt returns the innermost block around pos, its braces included.
func (s source) blockAt(pos hcl.Pos) *hclsyntax.Block {
	var found *hclsyntax.Block
	for body := s.body; body != nil; {
		var next *hclsyntax.Body
		for _, b := range body.Blocks {
			if b.OpenBraceRange.Start.Byte <= pos.Byte && pos.Byte < b.CloseBraceRange.End.Byte {
				found, next = b, b.Body
			}
		}
		body = next
	}
	return found
}

func tooMany(s source, d *hcl.Diagnostic) message {
	words := strings.Fields(d.Summary)
	kind := words[len(words)-2]
	m := message{summary: fmt.Sprintf("There are too many %q blocks", kind), Info: Info{Code: "AG207"}}
	if strings.HasPrefix(d.Summary, "Duplicate") {
		m.summary = fmt.Sprintf("%q is defined twice", kind)
		m.Hint = "defined again here"
	}
	if b := s.blockAt(d.Subject.Start); b != nil && m.Hint != "" {
		m.Also = firstOf(s, kind, *d.Subject)
	}
	return m
}

// firstOf finds the first block of the kind beside the one at subject.
func firstOf(s source, kind string, subject hcl.Range) []Place {
	body := s.body
	if path := s.blocks(subject.Start); len(path) > 0 {
		body = path[len(path)-1].Body
	}
	for _, b := range body.Blocks {
		if b.Type == kind && b.TypeRange.Start.Byte < subject.Start.Byte {
			return []Place{{Range: headerRange(b), Text: "first defined here"}}
		}
	}
	return nil
}

// labels tells how many names a block has.
func labels(d *hcl.Diagnostic, kind string) message {
	var names []string
	if _, rest, ok := strings.Cut(d.Detail, "("); ok {
		list, _, _ := strings.Cut(rest, ")")
		names = strings.Split(list, ", ")
	}
	m := message{Info: Info{Code: "AG206"}}
	header := kind
	for _, n := range names {
		header += fmt.Sprintf(" %q", strings.ToUpper(n))
	}
	m.Hint = fmt.Sprintf("write %s { … }", header)
	switch len(names) {
	case 0:
		m.summary = fmt.Sprintf("The block %q has no name", kind)
	case 1:
		m.summary = fmt.Sprintf("%s has one name", Capital(WithArticle(kind)))
	default:
		m.summary = fmt.Sprintf("%s has %d names", Capital(WithArticle(kind)), len(names))
	}
	return m
}

// wrongType is hcldec's: a value that the schema of a plugin does not take.
func wrongType(_ source, d *hcl.Diagnostic) (message, bool) {
	name, reason, ok := strings.Cut(strings.TrimPrefix(d.Detail, "Inappropriate value for attribute "), ": ")
	if !ok {
		return message{}, false
	}
	return message{summary: fmt.Sprintf("%s can't have this value", name), Info: Info{
		Code: "AG305", Hint: inWords(strings.TrimSuffix(reason, ".")),
	}}, true
}
