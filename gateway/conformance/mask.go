package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// masked stands for what must not be shown.
const masked = "[redacted]"

// secretFields are members, form fields and parameters whose values give
// somebody a right, besides all sorts of tokens and signatures.
var secretFields = []string{"password", "sso_salt", "log_drain_url", "code"}

// IsSecret reports whether a field's value gives somebody a right.
func IsSecret(name string) bool {
	name = strings.ToLower(name)
	return strings.Contains(name, "token") || strings.Contains(name, "signature") || slices.Contains(secretFields, name)
}

// Dump writes a call as it went over the wire, with credentials, signatures and
// config vars masked. Each line begins with prefix and is Printable. JSON is
// indented.
func (c Call) Dump(w io.Writer, prefix string) error {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", c.Request.Method, maskAddress(c.Request.URL))
	if c.Request.Basic {
		b.WriteString("Authorization: Basic " + masked + "\n")
	}
	dumpHeader(&b, c.Request.Header)
	dumpBody(&b, c.Request.Header, c.Request.Body)
	b.WriteString("\n")
	if c.Err != nil {
		fmt.Fprintf(&b, "no answer: %v\n", c.Err)
	} else {
		fmt.Fprintf(&b, "%d %s   %s\n", c.Answer.Status, http.StatusText(c.Answer.Status), Duration(c.Took))
		dumpHeader(&b, c.Answer.Header)
		dumpBody(&b, c.Answer.Header, c.Answer.Body)
	}
	for line := range strings.Lines(printableLines(b.String())) {
		if _, err := io.WriteString(w, strings.TrimRight(prefix+line, " \n")+"\n"); err != nil {
			return err
		}
	}
	return nil
}

func dumpHeader(b *strings.Builder, header http.Header) {
	for _, name := range slices.Sorted(maps.Keys(header)) {
		for _, value := range header[name] {
			switch name {
			case "Authorization":
				scheme, _, _ := strings.Cut(value, " ")
				value = scheme + " " + masked
			case "Set-Cookie", "Cookie":
				before, _, _ := strings.Cut(value, "=")
				value = before + "=" + masked
			case "Location":
				value = maskAddress(value)
			}
			fmt.Fprintf(b, "%s: %s\n", name, value)
		}
	}
}

// longest is how much of a body is shown.
const longest = 4000

func dumpBody(b *strings.Builder, header http.Header, body []byte) {
	if len(body) == 0 {
		return
	}
	text := string(body)
	if indented, ok := maskJSON(body); ok {
		text = indented
	} else if strings.HasPrefix(header.Get("Content-Type"), "application/x-www-form-urlencoded") {
		text = maskForm(text)
	}
	if len(text) > longest {
		text = fmt.Sprintf("%s… (%d bytes)", strings.ToValidUTF8(text[:longest], ""), len(body))
	}
	b.WriteString("\n" + strings.TrimRight(text, "\n") + "\n")
}

// maskAddress masks parameters. An address in somebody else's answer may hold
// anything there, so all of an unknown one's are masked.
func maskAddress(address string) string {
	before, query, ok := strings.Cut(address, "?")
	if !ok {
		return address
	}
	return before + "?" + maskForm(query)
}

// maskForm keeps order and spelling: they are what somebody looks for.
func maskForm(text string) string {
	pairs := strings.Split(text, "&")
	for i, pair := range pairs {
		name, _, _ := strings.Cut(pair, "=")
		if decoded, err := url.QueryUnescape(name); err == nil && IsSecret(decoded) {
			pairs[i] = name + "=" + masked
		}
	}
	return strings.Join(pairs, "&")
}

// maskJSON indents JSON and masks values, in the order of the text. ok is false
// when it is none.
func maskJSON(text []byte) (string, bool) {
	if !json.Valid(text) {
		return "", false
	}
	m := jsonMasker{decoder: json.NewDecoder(bytes.NewReader(text))}
	m.decoder.UseNumber()
	m.value("", false)
	return m.out.String(), true
}

type jsonMasker struct {
	decoder *json.Decoder
	out     strings.Builder
	depth   int
}

// value copies one value. In hides everything below a config.
func (m *jsonMasker) value(name string, in bool) {
	token, err := m.decoder.Token()
	if err != nil {
		return // the text is valid, so there is always one
	}
	switch v := token.(type) {
	case json.Delim:
		m.compound(v, in || name == "config" || name == "env")
	default:
		if in && name != "name" || IsSecret(name) {
			v = masked
		}
		m.out.WriteString(compact(v))
	}
}

func (m *jsonMasker) compound(open json.Delim, in bool) {
	m.out.WriteString(open.String())
	m.depth++
	for first := true; m.decoder.More(); first = false {
		if !first {
			m.out.WriteString(",")
		}
		m.line()
		name := ""
		if open == '{' {
			key, _ := m.decoder.Token()
			name, _ = key.(string)
			m.out.WriteString(compact(name) + ": ")
		}
		m.value(name, in)
	}
	m.depth--
	end, _ := m.decoder.Token()
	if !strings.HasSuffix(m.out.String(), open.String()) {
		m.line()
	}
	m.out.WriteString(fmt.Sprint(end))
}

func (m *jsonMasker) line() { m.out.WriteString("\n" + strings.Repeat("  ", m.depth)) }

func compact(v any) string {
	var b bytes.Buffer
	encoder := json.NewEncoder(&b)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(v) // a token of valid JSON always encodes
	return strings.TrimSpace(b.String())
}
