package conformance

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/url"
	"strings"

	"github.com/addongw/addongw/gateway/secret"
)

// Document is a manifest while it is read. It collects everything that is
// wrong with it. Members are named by their path: "api.password".
type Document struct {
	root     map[string]any
	problems []Problem
}

// ReadDocument reads a manifest. Text that is no JSON object breaks rule.
func ReadDocument(rule string, text []byte) *Document {
	d := &Document{}
	if why := noText(text); why != "" {
		d.unreadable(rule, why)
		return d
	}
	var v any
	if err := json.Unmarshal(text, &v); err != nil {
		d.unreadable(rule, fmt.Sprintf("the manifest is not JSON: %v", err))
		return d
	}
	object, ok := v.(map[string]any)
	if !ok {
		d.unreadable(rule, fmt.Sprintf("the manifest is %s, not an object", typeOf(v)))
	}
	d.root = object
	return d
}

// noText says what is wrong with a file in which a JSON parser would only name
// a strange character; empty: it may be JSON.
func noText(text []byte) string {
	if len(bytes.TrimSpace(text)) == 0 {
		return "the file is empty"
	}
	for _, mark := range []string{"\xef\xbb\xbf", "\xff\xfe", "\xfe\xff"} {
		if bytes.HasPrefix(text, []byte(mark)) {
			return "the file begins with a byte order mark; save it as UTF-8 without one"
		}
	}
	return ""
}

func (d *Document) unreadable(rule, text string) {
	d.problems = append(d.problems, Problem{Rule: rule, Text: text, Fatal: true, Unreadable: true})
}

// Problems returns what was reported so far. Of a document that could not be
// read only that is said.
func (d *Document) Problems() []Problem {
	if d.root == nil && len(d.problems) > 0 {
		return d.problems[:1]
	}
	return d.problems
}

// Report says that the document breaks a rule.
func (d *Document) Report(rule, format string, args ...any) {
	d.problems = append(d.problems, Problem{Rule: rule, Text: fmt.Sprintf(format, args...)})
}

// Fatal says that the document breaks a rule without which nothing can be sent.
func (d *Document) Fatal(rule, format string, args ...any) {
	d.problems = append(d.problems, Problem{Rule: rule, Text: fmt.Sprintf(format, args...), Fatal: true})
}

// Find returns a member of any type.
func (d *Document) Find(path string) (any, bool) { return find(d.root, path) }

func find(at map[string]any, path string) (any, bool) {
	first, rest, deeper := strings.Cut(path, ".")
	v, ok := at[first]
	if !deeper || !ok {
		return v, ok
	}
	inner, _ := v.(map[string]any)
	return find(inner, rest)
}

// Text returns a member that must be text; it may be missing.
func (d *Document) Text(rule, path string) string {
	v, ok := d.Find(path)
	text, isText := v.(string)
	if ok && !isText {
		d.Report(rule, "%s must be text, not %s", path, typeOf(v))
	}
	return text
}

// RequiredText returns a member that must be text and not blank. Where it is
// not, nothing can be sent.
func (d *Document) RequiredText(rule, path string) string {
	before := len(d.problems)
	text := d.Text(rule, path)
	switch {
	case len(d.problems) > before:
		d.problems[before].Fatal = true
	case strings.TrimSpace(text) == "":
		d.Fatal(rule, "%s can't be blank", path)
	}
	return text
}

// URL returns a member that must be the address of a web server.
func (d *Document) URL(rule, path string) string {
	text := d.RequiredText(rule, path)
	if strings.TrimSpace(text) != "" && !IsAddress(text) {
		d.Fatal(rule, "%s must be an address such as https://addons.example.com/resources", path)
	}
	return text
}

// IsAddress reports whether requests can be sent to text.
func IsAddress(text string) bool {
	u, err := url.Parse(text)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" && u.User == nil && u.Fragment == ""
}

// Secret returns a password or salt, which something else may stand in place
// of.
func (d *Document) Secret(rule, path string, instead secret.Value) string {
	if !instead.Empty() {
		return instead.Reveal()
	}
	switch text := d.RequiredText(rule, path); {
	case isPlaceholder(text):
		d.Fatal(rule, "%s is not in this file, which says %q; write it with addongw manifest --with-secrets, or give the value in %s",
			path, text, secretVariable(path))
		return ""
	case strings.TrimSpace(text) == "":
		return ""
	default:
		return text
	}
}

// The variables of the environment that Reading's secrets come from. A flag
// would show them to everybody on the machine.
const (
	PasswordVariable = "ADDONGW_PASSWORD"
	SaltVariable     = "ADDONGW_SSO_SALT"
)

func secretVariable(path string) string {
	if strings.HasSuffix(path, "password") {
		return PasswordVariable
	}
	return SaltVariable
}

// isPlaceholder reports whether text is what addongw prints into a manifest
// in place of a secret.
func isPlaceholder(text string) bool { return text == secret.Withheld }

// Texts returns a member that must be a list of text. ok is false where it is
// missing or something else.
func (d *Document) Texts(rule, path string) (texts []string, ok bool) {
	v, _ := d.Find(path)
	list, ok := v.([]any)
	if !ok {
		d.Report(rule, "%s must be a list, not %s", path, typeOf(v))
		return nil, false
	}
	for i, element := range list {
		text, isText := element.(string)
		if !isText {
			d.Report(rule, "%s[%d] must be text, not %s", path, i, typeOf(element))
			continue
		}
		texts = append(texts, text)
	}
	return texts, true
}

func typeOf(v any) string {
	switch v.(type) {
	case nil:
		return "nothing"
	case string:
		return "text"
	case float64:
		return "a number"
	case bool:
		return "true or false"
	case []any:
		return "a list"
	default:
		return "an object"
	}
}
