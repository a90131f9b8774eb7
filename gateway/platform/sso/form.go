package sso

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"strings"
	"unicode/utf8"
)

// maxForm is how many bytes of a form are read; a sign-on has a few hundred.
const maxForm = 64 << 10

// Form is a form's fields, decoded. A field that was not sent is not in it.
type Form map[string]string

// Has reports whether the field was sent, empty or not.
func (f Form) Has(name string) bool {
	_, sent := f[name]
	return sent
}

// ReadForm reads the named fields of the form in r's body; others are ignored,
// and so is the URL's query. A field that comes twice is an error: whoever
// signed may have meant the one, and who reads it the other. Errors quote no
// value.
func ReadForm(w http.ResponseWriter, r *http.Request, names ...string) (Form, error) {
	media, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || media != "application/x-www-form-urlencoded" {
		return nil, errors.New("the body is no form")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxForm))
	if err != nil {
		return nil, fmt.Errorf("read form: %w", err)
	}
	return parseForm(string(body), names)
}

func parseForm(body string, names []string) (Form, error) {
	fields, err := url.ParseQuery(body)
	if err != nil {
		return nil, errors.New("the form cannot be decoded") // the cause quotes the body
	}
	form := Form{}
	for _, name := range names {
		switch values := fields[name]; {
		case len(values) == 0:
		case len(values) > 1:
			return nil, fmt.Errorf("the field %q comes twice", name)
		case !utf8.ValidString(values[0]) || strings.ContainsRune(values[0], 0):
			return nil, fmt.Errorf("the field %q is no text", name)
		default:
			form[name] = values[0]
		}
	}
	return form, nil
}
