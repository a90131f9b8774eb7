package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
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

// IsCredential reports whether a header carries a customer's credential to a
// provider of servers, in any of its spellings.
func IsCredential(header string) bool {
	name := strings.ReplaceAll(strings.ToUpper(header), "_", "-")
	return strings.HasPrefix(strings.TrimPrefix(name, "HTTP-"), "AUTH-")
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

// value copies one value. In hides everything below a config, and below
// credentials in a body.
func (m *jsonMasker) value(name string, in bool) {
	token, err := m.decoder.Token()
	if err != nil {
		return // the text is valid, so there is always one
	}
	switch v := token.(type) {
	case json.Delim:
		m.compound(v, in || name == "config" || name == "env" || name == "auth")
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
