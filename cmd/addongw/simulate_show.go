package main

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/secret"
)

// maxShown is how much of a body is shown.
const maxShown = 64 << 10

// mask hides what would let whoever reads along act as the platform or as a
// customer.
type mask struct {
	*secret.Redactor
	way   conformance.WayIn
	plain map[string]bool // values that a sign-on may show: where it leads to may repeat them; nil: it is none, which signs nobody on
}

func (s *simulation) mask(p prepared) *mask {
	m := &mask{Redactor: secret.NewRedactor(s.provider.Password.Reveal(), s.provider.Salt.Reveal())}
	for _, c := range s.provider.Credentials {
		m.Add(c.Value.Reveal())
	}
	if p.signOn == nil {
		return m
	}
	m.plain = map[string]bool{}
	for _, f := range p.signOn.Fields {
		if conformance.IsSecret(f.Name) {
			m.Add(f.Value)
		} else {
			m.plain[f.Value] = true
		}
	}
	return m
}

// learn hides what an answer gives: cookies, and the way in that a sign-on
// leads to.
func (m *mask) learn(call conformance.Call) {
	var body struct{ Password any }
	if text, ok := "", json.Unmarshal(call.Answer.Body, &body) == nil; ok {
		text, _ = body.Password.(string) // of a server
		m.Add(text)
	}
	m.way.Learn(call.Answer.Header, func(value string) bool { return m.plain == nil || m.plain[value] })
}

// Redact hides what is known in a text.
func (m *mask) Redact(text string) string { return m.Redactor.Redact(m.way.Hide(text)) }

// redacted is an answer without what is known. That must be before it is made
// readable: what was split into lines is not found any more.
func (m *mask) redacted(call conformance.Call) conformance.Call {
	call.Answer.Header = m.header(call.Answer.Header)
	call.Answer.Body = []byte(m.Redact(string(call.Answer.Body)))
	return call
}

// print shows an exchange as curl -v does, and then what the platform makes of
// it.
func (s *simulation) print(p prepared, o outcome, mask *mask) {
	if !s.quiet {
		text := shownRequest(p.request, s.provider.Credentials) + "\n"
		if o.first.Err == nil {
			text += shownAnswer(mask.redacted(o.first)) + "\n"
		}
		if s.repeat > 1 {
			text += s.repeats(o, mask) + "\n"
		}
		fmt.Fprint(s.out, mask.Redact(text))
	}
	verdict := "→ OK"
	if o.wrong != "" {
		verdict = "→ FAILED " + o.wrong
	}
	fmt.Fprintln(s.out, s.signs(mask.Redact(verdict)))
	switch {
	case o.first.Err != nil && s.makes():
		fmt.Fprintln(s.err, s.again(p))
	case s.removes() && p.about.Known() && gone(o.first.Answer.Status):
		fmt.Fprintln(s.err, "The provider has no such "+cmp.Or(s.kind, "resource")+": it is forgotten here, too.")
	}
}

func (s *simulation) repeats(o outcome, mask *mask) string {
	if o.differs == nil {
		return fmt.Sprintf("* sent %s: all answers are equal\n", count(o.sent, "time"))
	}
	text := fmt.Sprintf("* sent %s: answer %d is not as the first\n\n", count(o.sent, "time"), o.number)
	if o.differs.Err != nil {
		return text
	}
	return text + shownAnswer(mask.redacted(*o.differs))
}

func shownRequest(r conformance.Request, credentials []conformance.Credential) string {
	var lines []string
	target, host := r.URL, ""
	if u, err := url.Parse(r.URL); err == nil {
		target, host = u.RequestURI(), u.Host
	}
	lines = append(lines, r.Method+" "+target+" HTTP/1.1", "Host: "+host)
	if r.Basic {
		lines = append(lines, "Authorization: Basic ***")
	}
	for _, c := range credentials {
		if r.Signed {
			lines = append(lines, c.Header+": ***")
		}
	}
	return marked("> ", append(lines, headerLines(r.Header)...), shownBody(r.Header, r.Body))
}

func shownAnswer(call conformance.Call) string {
	a := call.Answer
	lines := append([]string{fmt.Sprintf("HTTP/1.1 %d %s", a.Status, http.StatusText(a.Status))}, headerLines(a.Header)...)
	return fmt.Sprintf("* answered after %d ms\n", call.Took.Milliseconds()) + marked("< ", lines, shownBody(a.Header, a.Body))
}

// maxSentence is how many characters of a provider's sentence stand behind the
// verdict.
const maxSentence = 200

// sentence is what a provider says for people in the body of its answer, quoted
// and on one line; empty where it says nothing. Secrets are masked before it is
// cut, so that no half of one is left.
func (m *mask) sentence(body []byte) string {
	var said struct {
		Message, Error any
		Errors         []any
	}
	if json.Unmarshal(body, &said) != nil {
		return ""
	}
	text, _ := said.Message.(string)
	if text == "" {
		text, _ = said.Error.(string)
	}
	if text == "" && len(said.Errors) > 0 {
		text, _ = said.Errors[0].(string)
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) || unicode.IsSpace(r) {
			return r
		}
		return -1
	}, m.Redact(text))
	text = strings.Join(strings.Fields(text), " ")
	if runes := []rune(text); len(runes) > maxSentence {
		text = string(runes[:maxSentence-1]) + "…"
	}
	switch {
	case text == "":
		return ""
	case strings.Contains(text, `"`): // it quotes itself
		return "'" + text + "'"
	}
	return `"` + text + `"`
}

func headerLines(header http.Header) (lines []string) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			lines = append(lines, name+": "+value)
		}
	}
	return lines
}

// shownBody is a body for people: JSON is indented, and a form has a line for
// each field.
func shownBody(header http.Header, body []byte) string {
	var indented bytes.Buffer
	switch {
	case json.Indent(&indented, body, "", "  ") == nil:
		return indented.String()
	case strings.HasPrefix(header.Get("Content-Type"), "application/x-www-form-urlencoded"):
		return strings.ReplaceAll(string(body), "&", "\n&")
	case len(body) > maxShown:
		return fmt.Sprintf("%s\n… and %d bytes more", body[:maxShown], len(body)-maxShown)
	}
	return string(body)
}

// marked puts a mark before each line. What would move the terminal's cursor
// is shown, not obeyed.
func marked(mark string, head []string, body string) string {
	lines := append(head, "")
	if body != "" {
		lines = append(lines, strings.Split(strings.TrimRight(body, "\r\n"), "\n")...)
	}
	var text strings.Builder
	for _, line := range lines {
		line = conformance.Printable(strings.TrimRight(line, "\r"))
		text.WriteString(strings.TrimRight(mark+line, " ") + "\n")
	}
	return text.String()
}

// printCurl prints the request as a command.
func (s *simulation) printCurl(r conformance.Request) error {
	line := signedCurl(r, s.provider.Credentials)
	if r.Basic {
		line = curl(r, shellQuote(s.provider.Username+":"), `"$`+conformance.PasswordVariable+`"`)
	}
	if s.format == "json" {
		return failed(s.printJSON(envelope{"simulate_curl", map[string]any{"command": line}}))
	}
	_, err := fmt.Fprintln(s.out, line)
	return failed(err)
}
