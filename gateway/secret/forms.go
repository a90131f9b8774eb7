package secret

import (
	"encoding/base64"
	"encoding/json"
	"net/url"
	"strconv"
	"strings"
)

// escaped lists value as it is and as Go, JSON and URLs write it.
func escaped(value string) []string {
	text := func(quoted string) string { return quoted[1 : len(quoted)-1] }
	query, path := url.QueryEscape(value), url.PathEscape(value)
	all := []string{
		value,
		text(strconv.Quote(value)),
		text(strconv.QuoteToASCII(value)),
		text(jsonText(value, true)),
		text(jsonText(value, false)),
		query,
		strings.ReplaceAll(query, "+", "%20"),
		path,
		strings.TrimPrefix(url.UserPassword("", value).String(), ":"),
	}
	for _, form := range all[5:] {
		all = append(all, lowerEscapes(form))
	}
	return all
}

func jsonText(value string, html bool) string {
	var b strings.Builder
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(html)
	_ = e.Encode(value) // a string always encodes
	return strings.TrimSuffix(b.String(), "\n")
}

// lowerEscapes writes %2F as %2f, which other languages do.
func lowerEscapes(form string) string {
	out := []byte(form)
	for i := range out {
		if i+2 < len(out) && out[i] == '%' {
			out[i+1], out[i+2] = lower(out[i+1]), lower(out[i+2])
		}
	}
	return string(out)
}

func lower(c byte) byte {
	if 'A' <= c && c <= 'F' {
		return c + 'a' - 'A'
	}
	return c
}

// inBase64 lists the characters that value leaves in the Base64 of any text
// that contains it, such as "user:password" in a header. They depend on how
// many bytes stand before it, modulo three.
func inBase64(value string) []string {
	all := []string{
		base64.StdEncoding.EncodeToString([]byte(value)), base64.RawStdEncoding.EncodeToString([]byte(value)),
		base64.URLEncoding.EncodeToString([]byte(value)), base64.RawURLEncoding.EncodeToString([]byte(value)),
	}
	for before := range 3 {
		padded := append(make([]byte, before), value...)
		// The first and last characters also hold bits of the neighbours.
		from, to := (before*8+5)/6, len(padded)*8/6
		if to-from < shortest {
			continue
		}
		all = append(all,
			base64.RawStdEncoding.EncodeToString(padded)[from:to],
			base64.RawURLEncoding.EncodeToString(padded)[from:to])
	}
	return all
}
