package nanobox

import (
	"encoding/json"
	"maps"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/spec"
)

// Vars returns what the exchange files mention, in so far as the provider has
// said it and credentials are there.
func (Platform) Vars(p conformance.Provider) spec.Vars {
	vars := spec.Vars{}
	maps.Copy(vars, p.Known)
	vars["base_url"] = p.BaseURL
	if p.Region != "" {
		vars["region"] = p.Region
	}
	if p.Known == nil {
		return vars // nobody was asked
	}
	vars["credentials"] = lines(p.Credentials, same)
	vars["auth"] = object(p.Credentials)
	if len(p.Others) > 0 {
		vars["other_credentials"] = lines(p.Others, same)
	}
	if len(p.Credentials) == 0 {
		return vars
	}
	wrong, empty := with(p.Credentials, wrongly), with(p.Credentials, func(string) string { return "" })
	vars["credential_fields"] = "true"
	vars["wrong_credentials"], vars["wrong_auth"] = lines(wrong, same), object(wrong)
	vars["empty_credentials"] = lines(empty, same)
	vars["credentials_lower"] = lines(p.Credentials, strings.ToLower)
	vars["credentials_underscore"] = lines(p.Credentials, underscored)
	vars["credentials_cgi"] = lines(p.Credentials, cgi)
	vars["credentials_conflict"] = vars["credentials"] + lines(wrong, underscored)
	return vars
}

func same(header string) string { return header }

// underscored is another spelling of the name; sent beside the usual one it is a
// header of its own, also where it has one part only.
func underscored(header string) string { return strings.ReplaceAll(header, "-", "_") }

// cgi is what the document prints.
func cgi(header string) string { return "HTTP_" + strings.ToUpper(underscored(header)) }

// wrongly makes a value that nobody has of one that is right: of the same length
// or longer, since a provider may look at that first.
func wrongly(value string) string { return "wrong-" + value }

// lines are credentials as header lines, with their names respelt.
func lines(credentials []conformance.Credential, spelling func(string) string) string {
	var b strings.Builder
	for _, c := range credentials {
		b.WriteString(spelling(c.Header) + ": " + c.Value.Reveal() + "\n")
	}
	return b.String()
}

// object is credentials as JSON.
func object(credentials []conformance.Credential) string {
	values := map[string]string{}
	for _, c := range credentials {
		values[c.Key] = c.Value.Reveal()
	}
	text, _ := json.Marshal(values) // of texts: it cannot fail
	return string(text)
}

// with returns credentials with other values.
func with(credentials []conformance.Credential, change func(string) string) []conformance.Credential {
	changed := make([]conformance.Credential, len(credentials))
	for i, c := range credentials {
		changed[i] = conformance.Credential{Key: c.Key, Header: c.Header, Value: secret.New(change(c.Value.Reveal()))}
	}
	return changed
}

// Header is the name of the header that carries a credential, as Microbox core
// makes it of the key.
func Header(key string) string {
	pieces := strings.FieldsFunc(key, func(r rune) bool { return r == '_' || r == '-' })
	for i, piece := range pieces {
		first, size := utf8.DecodeRuneInString(piece)
		pieces[i] = string(unicode.ToUpper(first)) + strings.ToLower(piece[size:])
	}
	return strings.Join(append([]string{"Auth"}, pieces...), "-")
}
