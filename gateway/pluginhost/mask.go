package pluginhost

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
)

const (
	hidden     = "[redacted]"
	shortest   = 4   // shorter secrets would mask ordinary words
	remembered = 512 // secrets of finished calls: log lines may come later than answers
)

// masker hides known secrets in what a plugin says.
type masker struct {
	redact func(string) string // the gateway's own, applied last; may be nil

	mu       sync.Mutex
	fixed    []string
	running  map[string]int // secrets of running calls, by how many
	recent   []string       // secrets of finished calls, oldest first
	replacer *strings.Replacer
	forms    []string // what replacer replaces; both nil after a change
}

func newMasker(redact func(string) string, secrets []string) *masker {
	return &masker{redact: redact, fixed: secrets, running: map[string]int{}}
}

// add hides secrets too, until some time after release.
func (m *masker) add(secrets []string) (release func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, secret := range secrets {
		m.running[secret]++
	}
	m.replacer = nil
	return func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		for _, secret := range secrets {
			if m.running[secret]--; m.running[secret] == 0 {
				delete(m.running, secret)
			}
			if !slices.Contains(m.recent, secret) {
				m.recent = append(m.recent, secret)
			}
		}
		m.recent = m.recent[max(0, len(m.recent)-remembered):]
		m.replacer = nil
	}
}

// mask returns text with every known secret replaced.
func (m *masker) mask(text string) string {
	m.mu.Lock()
	replacer, _ := m.compile()
	m.mu.Unlock()
	text = replacer.Replace(text)
	if m.redact != nil {
		text = m.redact(text)
	}
	return text
}

// maskCut masks text that was cut off: its end may be the start of a secret,
// which no replacer would find.
func (m *masker) maskCut(text string) string {
	m.mu.Lock()
	_, forms := m.compile()
	m.mu.Unlock()
	cut := len(text)
	for _, form := range forms {
		for n := min(len(form)-1, len(text)); n > 0; n-- {
			if strings.HasSuffix(text, form[:n]) {
				cut = min(cut, len(text)-n)
				break
			}
		}
	}
	return m.mask(text[:cut])
}

// line masks a text for operators and makes one line of at most limit bytes of
// it.
func (m *masker) line(text string, limit int) string {
	masked := m.mask(strings.ToValidUTF8(text, "\uFFFD"))
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, masked)
	if text != masked {
		text = m.mask(text) // a tab in place of a secret's blank hid it
	}
	if len(text) > limit {
		text = strings.ToValidUTF8(text[:limit], "") + "…"
	}
	return strings.TrimSpace(text)
}

// compile is called with the mutex held. The longest forms come first: a
// secret may be part of another.
func (m *masker) compile() (*strings.Replacer, []string) {
	if m.replacer != nil {
		return m.replacer, m.forms
	}
	secrets := slices.Concat(m.fixed, m.recent)
	for secret := range m.running {
		secrets = append(secrets, secret)
	}
	m.forms = nil
	for _, secret := range secrets {
		m.forms = append(m.forms, spellings(secret)...)
	}
	slices.SortFunc(m.forms, func(a, b string) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return strings.Compare(a, b)
	})
	m.forms = slices.Compact(m.forms)
	var pairs []string
	for _, form := range m.forms {
		pairs = append(pairs, form, hidden)
	}
	m.replacer = strings.NewReplacer(pairs...)
	return m.replacer, m.forms
}

// spellings lists how a secret may be written: as it is, quoted, inside JSON,
// inside a URL, in hexadecimal digits, in base64, and line by line.
func spellings(secret string) []string {
	forms := []string{secret, bare(strconv.Quote(secret)), bare(strconv.QuoteToASCII(secret))}
	for _, escapeHTML := range []bool{false, true} {
		var quoted strings.Builder
		encoder := json.NewEncoder(&quoted)
		encoder.SetEscapeHTML(escapeHTML)
		if encoder.Encode(secret) == nil {
			forms = append(forms, bare(strings.TrimSuffix(quoted.String(), "\n")))
		}
	}
	query := url.QueryEscape(secret)
	for _, escaped := range []string{query, strings.ReplaceAll(query, "+", "%20"), url.PathEscape(secret), url.User(secret).String()} {
		forms = append(forms, escaped, lowerEscapes(escaped))
	}
	digits := hex.EncodeToString([]byte(secret))
	forms = append(forms, digits, strings.ToUpper(digits))
	forms = append(forms, base64Forms(secret)...)
	if strings.Contains(secret, "\n") {
		forms = append(forms, strings.FieldsFunc(secret, func(r rune) bool { return r == '\n' || r == '\r' })...)
	}
	return slices.DeleteFunc(forms, func(form string) bool { return len(form) < shortest })
}

// bare takes the quotation marks off.
func bare(quoted string) string { return quoted[1 : len(quoted)-1] }

// lowerEscapes writes %2F as %2f.
func lowerEscapes(escaped string) string {
	b := []byte(escaped)
	for i := 0; i+2 < len(b); i++ {
		if b[i] == '%' {
			copy(b[i:], bytes.ToLower(b[i:i+3]))
			i += 2
		}
	}
	return string(b)
}

// base64Forms lists what the base64 of any text with the secret in it holds,
// such as of "user:secret": three bytes become four characters, so it depends
// on where the secret begins. Characters that hold bits of its neighbours too
// are not part of a form.
func base64Forms(secret string) []string {
	var forms []string
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for before, skip := range []int{0, 2, 3} {
			text := encoding.EncodeToString([]byte(strings.Repeat("\x00", before) + secret))
			whole := (before + len(secret)) * 8 / 6
			forms = append(forms, text[skip:max(skip, whole)])
		}
	}
	// A form of few characters would mask ordinary words.
	return slices.DeleteFunc(forms, func(form string) bool { return len(form) < 2*shortest })
}

// secretsOf lists the secret texts that a call carries.
func secretsOf(op backend.Op) []string {
	var found []string
	for _, group := range []map[string]string{op.Secrets, op.Credential} {
		for _, secret := range group {
			found = append(found, secret)
		}
	}
	for _, v := range []backend.Value{op.Config, op.Options, op.Outputs, op.Plan.Params, op.Region.Data} {
		found = append(found, sensitiveTexts(v)...)
	}
	return found
}

// sensitiveTexts lists the texts inside v that are marked as sensitive.
func sensitiveTexts(v backend.Value) []string { return collect(v.Cty(), false) }

func collect(v cty.Value, secret bool) []string {
	v, marks := v.Unmark()
	if _, marked := marks[backend.Sensitive]; marked {
		secret = true
	}
	if !v.IsKnown() || v.IsNull() {
		return nil
	}
	if v.Type() == cty.String && secret {
		return []string{v.AsString()}
	}
	if !v.CanIterateElements() {
		return nil
	}
	var found []string
	for it := v.ElementIterator(); it.Next(); {
		_, element := it.Element()
		found = append(found, collect(element, secret)...)
	}
	return found
}
