package nanobox

import (
	"cmp"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/secret"
)

const (
	// longestValue bounds one credential; proxies in front take no more per line.
	longestValue = 8 << 10
	// cancelLimit bounds the body of DELETE, the only one that may hold
	// credentials.
	cancelLimit = 64 << 10
)

// credentials are a caller's, one value for every credential block. They never
// print.
type credentials map[string]secret.Value

// readCredentials finds the values of all fields: in the header, under any of
// the spellings that the documents have led to. Where one that is required is not
// there, the first document's auth object has those that are missing. The error is gateway.Invalid for what cannot be
// read and gateway.Unauthorized for what is missing.
func (p *provider) readCredentials(h http.Header, auth map[string]string) (credentials, error) {
	sent, err := scan(h)
	if err != nil {
		return nil, err
	}
	if lacks := func(f credential) bool { return f.required && sent[f.header] == "" }; !slices.ContainsFunc(p.own.credentials, lacks) {
		auth = nil
	}
	found := credentials{}
	for _, f := range p.own.credentials {
		value, err := f.value(cmp.Or(sent[f.header], auth[f.header]))
		if err != nil {
			return nil, err
		}
		found[f.key] = secret.New(value)
	}
	for _, f := range p.own.credentials {
		if f.required && found[f.key].Empty() {
			return nil, gateway.Errorf(gateway.Unauthorized, "The credential %q is missing.", f.key)
		}
	}
	return found, nil
}

// scan collects the headers of credentials by their normalised names, those
// without a value left out: an input left blank arrives so. net/http keeps
// underscores as they are, so Header.Get would miss names.
func scan(h http.Header) (map[string]string, error) {
	found := map[string]string{}
	for name, values := range h {
		name = strings.TrimPrefix(normalised(name), "HTTP-")
		if !strings.HasPrefix(name, "AUTH-") {
			continue
		}
		for _, value := range values {
			if err := put(found, name, strings.TrimSpace(value)); err != nil {
				return nil, err
			}
		}
	}
	return found, nil
}

// put keeps a value. Two different ones are refused: whoever checked the request
// before us may have seen the other.
func put(found map[string]string, name, value string) error {
	if value == "" {
		return nil
	}
	if earlier, twice := found[name]; twice && earlier != value {
		return gateway.Errorf(gateway.Invalid, "A credential is sent twice, with different values.")
	}
	found[name] = value
	return nil
}

// value reads what was sent, or takes the default.
func (f credential) value(written string) (string, error) {
	if written == "" {
		return f.fallback, nil
	}
	if len(written) > longestValue {
		return "", gateway.Errorf(gateway.Invalid, "The credential %q is longer than 8 KiB.", f.key)
	}
	decoded, err := f.decoded(written)
	if err != nil { // without the cause: it quotes the value
		return "", gateway.Errorf(gateway.Invalid, "The credential %q can't be decoded.", f.key)
	}
	if !utf8.ValidString(decoded) || strings.ContainsFunc(decoded, func(r rune) bool { return r != '\n' && unicode.IsControl(r) }) {
		return "", gateway.Errorf(gateway.Invalid, "The credential %q holds characters that are no text.", f.key)
	}
	return decoded, nil
}

func (f credential) decoded(written string) (string, error) {
	switch f.decode {
	case decodePercent:
		return url.PathUnescape(written)
	case decodeBase64:
		plain := strings.TrimRight(strings.NewReplacer("-", "+", "_", "/").Replace(written), "=")
		text, err := base64.RawStdEncoding.DecodeString(plain)
		return string(text), err
	case decodeEscaped:
		return strings.ReplaceAll(written, `\n`, "\n"), nil
	default:
		return written, nil
	}
}

// authBody reads the credentials that the first document puts into the body of
// DELETE. Anything else there is ignored, as the later document has no body.
func authBody(w http.ResponseWriter, r *http.Request) (map[string]string, error) {
	data, err := platform.ReadBody(w, r, cancelLimit)
	if err != nil {
		return nil, err
	}
	return authOf(data)
}

func authOf(data []byte) (map[string]string, error) {
	var body struct {
		Auth map[string]*string `json:"auth"`
	}
	if platform.DecodeBody(data, &body) != nil {
		return nil, nil // no credentials: that is the answer to give
	}
	found := map[string]string{}
	for key, value := range body.Auth {
		if value == nil {
			continue
		}
		if err := put(found, "AUTH-"+normalised(key), *value); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// regionID reads the header by which one published adapter is told the region
// of an id. It is handed on and decides nothing here.
func regionID(h http.Header) (string, error) {
	id := h.Get("Region-Id")
	if len(id) > longestText || !utf8.ValidString(id) || strings.ContainsFunc(id, unicode.IsControl) {
		return "", gateway.Errorf(gateway.Invalid, "The header Region-Id can't be used.")
	}
	return id, nil
}

// hidden returns an error that shows no credential, wherever its words come
// from.
func (c credentials) hidden(err error) error {
	if err == nil {
		return nil
	}
	redact := &secret.Redactor{}
	for _, value := range c {
		redact.Add(value.Reveal())
	}
	if text := err.Error(); redact.Redact(text) == text {
		return err
	}
	shown := &gateway.Error{Kind: gateway.KindOf(err), Message: redact.Redact(gateway.Message(err))}
	shown.Cause = &redacted{redact.Redact(err.Error()), func(target error) bool { return errors.Is(err, target) }}
	if whole, ok := errors.AsType[*gateway.Error](err); ok {
		shown.RetryAfter = whole.RetryAfter
	}
	return shown
}

// redacted is an error that is still what it was, and says it in other words.
// The error itself is out of reach.
type redacted struct {
	text string
	is   func(target error) bool
}

func (r *redacted) Error() string { return r.text }

func (r *redacted) Is(target error) bool { return r.is(target) }
