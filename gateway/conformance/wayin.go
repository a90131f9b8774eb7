package conformance

import (
	"cmp"
	"html"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway/secret"
)

// WayIn is what answers hand to a browser, and what lets in whoever has it:
// cookies, and all that stands behind the path of where the browser is sent.
// Nobody but the provider knows which parts of that matter. The zero WayIn
// knows none.
type WayIn struct {
	ends   []string // "?query#fragment" as it was written
	values secret.Redactor
}

// Learn reads the header of an answer. A value that is plain stays visible on
// its own, as in the request that the answer repeats it from; nil: none is.
func (w *WayIn) Learn(header http.Header, plain func(value string) bool) {
	for _, cookie := range (&http.Response{Header: header}).Cookies() {
		w.values.Add(cookie.Value)
	}
	for _, name := range []string{"Location", "Refresh"} {
		for _, address := range header[name] {
			w.lead(address, plain)
		}
	}
}

// lead learns an address, or what ends with one.
func (w *WayIn) lead(address string, plain func(string) bool) {
	at := strings.IndexAny(address, "?#")
	if at < 0 {
		return
	}
	end := strings.TrimRight(address[at:], `'" `)
	query, fragment, _ := strings.Cut(end, "#")
	for _, part := range []string{end, query, "#" + fragment} {
		if len(part) > 1 && !slices.Contains(w.ends, part) {
			w.ends = append(w.ends, part)
		}
	}
	for _, pair := range strings.FieldsFunc(end, func(r rune) bool { return strings.ContainsRune("?#&;", r) }) {
		name, value, _ := strings.Cut(pair, "=")
		if strings.Trim(value, "=") == "" {
			value = name
		}
		decoded, err := url.QueryUnescape(value)
		if err != nil {
			decoded = value
		}
		if plain == nil || !plain(decoded) {
			w.values.Add(value, decoded)
		}
	}
}

// Hide hides in a text what was learnt, wherever it occurs.
func (w *WayIn) Hide(text string) string {
	slices.SortFunc(w.ends, func(a, b string) int { return cmp.Compare(len(b), len(a)) })
	var pairs []string
	for _, end := range w.ends {
		hidden := end[:1] + masked
		pairs = append(pairs, end, hidden, html.EscapeString(end), hidden, strings.ReplaceAll(end, "&", `\u0026`), hidden)
	}
	return w.values.Redact(strings.NewReplacer(pairs...).Replace(text))
}
