package conformance

import (
	"cmp"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// Dump writes a call as it went over the wire, with credentials, signatures,
// what signs somebody on and config vars masked. Each line begins with prefix
// and is Printable. JSON is indented.
func (c Call) Dump(w io.Writer, prefix string) error {
	text := c.shownRequest() + "\n" + c.shownAnswer()
	if c.hide != nil {
		text = c.hide.Redact(text)
	}
	for line := range strings.Lines(printableLines(text)) {
		if _, err := io.WriteString(w, strings.TrimRight(prefix+line, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

func (c Call) shownRequest() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", c.Request.Method, c.shownAddress())
	if c.Request.Basic {
		b.WriteString("Authorization: Basic " + masked + "\n")
	}
	if c.Request.Signed {
		b.WriteString("(the customer's credentials)\n")
	}
	b.WriteString(shownHeader(c.Request.Header))
	text := string(c.Request.Body)
	if indented, ok := maskJSON(c.Request.Body); ok {
		text = indented
	} else if strings.HasPrefix(c.Request.Header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		text = maskForm(text)
	}
	return b.String() + shownBody(text)
}

// shownAddress masks parameters. An address that a provider made may hold
// anything there, so all of its are masked.
func (c Call) shownAddress() string {
	at := strings.IndexAny(c.Request.URL, "?#")
	switch {
	case at < 0:
		return c.Request.URL
	case c.asked == elsewhere:
		return c.Request.URL[:at+1] + masked
	default:
		return c.Request.URL[:at+1] + maskForm(c.Request.URL[at+1:])
	}
}

func (c Call) shownAnswer() string {
	if c.Err != nil {
		return fmt.Sprintf("no answer: %v\n", c.Err)
	}
	var way WayIn
	way.Learn(c.Answer.Header, nil)
	if c.asked == elsewhere {
		way.lead(c.Request.URL, nil)
	}
	head := fmt.Sprintf("%d %s   %s\n", c.Answer.Status, http.StatusText(c.Answer.Status), Duration(c.Took))
	return head + way.Hide(shownHeader(c.Answer.Header)) + shownBody(way.Hide(c.answered()))
}

// answered is an answer's body. Text is shown only where a sign-on did not let
// anybody in: in JSON what must not be shown has names, elsewhere it has not.
func (c Call) answered() string {
	body := c.Answer.Body
	indented, ok := maskJSON(body)
	switch {
	case len(body) == 0:
		return ""
	case ok && c.asked != elsewhere:
		return indented
	case c.asked == signOns && c.Answer.Status/100 != 2:
		return string(body)
	default:
		kind := cmp.Or(c.Answer.Header.Get("Content-Type"), "no type")
		return fmt.Sprintf("(%s of %s, not shown)", count(len(body), "byte"), kind)
	}
}

func shownHeader(header http.Header) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			switch {
			case IsCredential(name):
				value = masked
			case name == "Authorization":
				scheme, _, _ := strings.Cut(value, " ")
				value = scheme + " " + masked
			case name == "Set-Cookie", name == "Cookie":
				before, _, _ := strings.Cut(value, "=")
				value = before + "=" + masked
			}
			fmt.Fprintf(&b, "%s: %s\n", name, value)
		}
	}
	return b.String()
}

// longest is how much of a body is shown.
const longest = 4000

// shownBody is a body whose secrets are masked already: what is cut in the
// middle is not found any more.
func shownBody(text string) string {
	if text == "" {
		return ""
	}
	if len(text) > longest {
		text = fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:longest], ""), len(text))
	}
	return "\n" + strings.TrimRight(text, "\n") + "\n"
}
