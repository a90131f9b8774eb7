package http

import (
	"encoding/json"
	"net/url"
	"strings"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/plugins/backend"
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
	for _, v := range []backend.Value{op.Outputs, op.Options, op.Config, op.Plan.Params, op.Region.Data} {
		secrets = append(secrets, sensitiveTexts(v.Cty())...)
	}
	outputs := objectOf(op.Outputs.Cty())
	for _, o := range s.outputs {
		if v, _ := outputs.at(o.Name).UnmarkDeep(); o.Sensitive && v.IsWhollyKnown() {
			secrets = append(secrets, texts(v)...)
		}
	}
	return secrets
}

// ownSecrets are those of the config block.
func ownSecrets(config backend.Value) []string { return sensitiveTexts(config.Cty()) }

// sensitiveTexts lists the texts inside v that carry the mark, and the words in
// them: of "Bearer abc" both.
func sensitiveTexts(v cty.Value) []string {
	plain, marks := v.UnmarkDeepWithPaths()
	var found []string
	for _, m := range marks {
		if _, secret := m.Marks[backend.Sensitive]; !secret {
			continue
		}
		if at, err := m.Path.Apply(plain); err == nil {
			for _, text := range texts(at) {
				found = append(found, text)
				found = append(found, strings.Fields(text)...)
			}
		}
	}
	return found
}

// texts lists every text inside v, which has no marks.
func texts(v cty.Value) []string {
	var found []string
	_ = cty.Walk(v, func(_ cty.Path, at cty.Value) (bool, error) {
		if at.IsKnown() && !at.IsNull() && at.Type() == cty.String {
			found = append(found, at.AsString())
		}
		return true, nil
	})
	return found
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
