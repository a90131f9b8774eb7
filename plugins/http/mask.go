package http

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/addongw/addongw/plugins/backend"
	"github.com/addongw/addongw/plugins/backend/declared"
)

// minSecret is the shortest text that is taken for a secret: any "a" would be
// one.
const minSecret = 4

// secretsOf lists the secret texts of an operation.
func (s *settings) secretsOf(op backend.Op) []string {
	var secrets []string
	for _, m := range []map[string]string{op.Secrets, op.Credential} {
		for _, value := range m {
			secrets = append(secrets, value)
		}
	}
	secrets = append(secrets, withWords(declared.Marked(op))...)
	return append(secrets, declared.Secrets(op.Outputs, s.outputs)...)
}

// ownSecrets are those of the config block.
func ownSecrets(config backend.Value) []string { return withWords(declared.MarkedIn(config)) }

// withWords adds the words in texts: of "Bearer abc" both are secret.
func withWords(texts []string) (all []string) {
	for _, text := range texts {
		all = append(all, text)
		all = append(all, strings.Fields(text)...)
	}
	return all
}

// holdsSecret reports whether a text has one of the secrets in it, as it is or
// as it looks inside JSON and addresses.
func holdsSecret(text string, secrets []string) bool {
	for _, secret := range secrets {
		if len(secret) < minSecret {
			continue
		}
		quoted, _ := json.Marshal(secret) // a text always has a JSON form
		for _, form := range []string{secret, strings.Trim(string(quoted), `"`), url.QueryEscape(secret), url.PathEscape(secret)} {
			if strings.Contains(text, form) {
				return true
			}
		}
	}
	return false
}

// clean makes a sentence of a text from elsewhere; empty: nothing can be said.
func clean(text string, secrets []string) string {
	said := strings.Join(strings.Fields(strings.ToValidUTF8(text, "?")), " ")
	if holdsSecret(text, secrets) || holdsSecret(said, secrets) {
		return ""
	}
	text = said
	if runes := []rune(text); len(runes) > mostLength {
		text = string(runes[:mostLength]) + "…"
	}
	return text
}
