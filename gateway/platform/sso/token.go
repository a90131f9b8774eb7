package sso

import (
	"crypto/sha1"
	"net/http"
	"net/url"
	"strings"
)

// Token is the proof that the platforms of one family share: the SHA-1 digest
// of id, salt and timestamp, joined with colons, each as the text that was
// received. It covers nothing else, no e-mail and no user.
func Token(id, salt, timestamp string) []byte {
	sum := sha1.Sum([]byte(strings.Join([]string{id, salt, timestamp}, ":")))
	return sum[:]
}

// ReadQuery reads the named parameters of r's URL as ReadForm reads a form's
// fields. A "+" is a space there.
func ReadQuery(r *http.Request, names ...string) (Form, error) {
	return parseForm(r.URL.RawQuery, names)
}

// Values are the form's fields as they are sent.
func (f Form) Values() url.Values {
	values := url.Values{}
	for name, value := range f {
		values.Set(name, value)
	}
	return values
}
