package config

import (
	"encoding/base64"
	"fmt"

	"github.com/zclconf/go-cty/cty"

	"github.com/addongw/addongw/gateway/schema"
	"github.com/addongw/addongw/gateway/secret"
)

// keyBytes is the length of a key before base64.
const keyBytes = 32

// Key is one key that values in the store are sealed with.
type Key struct {
	ID      string
	Value   secret.Value // base64 of 32 bytes; empty while secrets are not read
	Primary bool         // new values are sealed with it
}

func keyringTable() *schema.Block {
	return &schema.Block{
		Type: "keyring", Max: 1,
		Doc:     "The keys that secrets in the store are sealed with. Without it, a key file beside the store is made at the first start.",
		Example: keyringExample,
		Blocks: []*schema.Block{{
			Type: "key", Labels: []string{"id"}, Required: true,
			Doc:     "A key. The label is its id, which the sealed values remember: a key that seals any of them must stay in the file.",
			Example: keyExample,
			Attributes: []schema.Attribute{
				{Name: "value", Type: cty.String, Required: true, Secret: true, Doc: "Base64 of 32 bytes, as addongw keys generate prints. Name it with secret()."},
				{Name: "primary", Type: cty.Bool, Default: "false", Doc: "Whether new values are sealed with this key. Exactly one key is primary; a single one is primary by itself."},
			},
		}},
	}
}

func (l *loader) keyring(c *schema.Content) {
	if c == nil || l.options.Development != nil { // a throw-away store has a key of its own
		return
	}
	keys := l.decode(c).Blocks("key")
	primaries := 0
	for _, k := range keys {
		key := Key{ID: k.Label(0), Primary: k.Bool("primary") || len(keys) == 1}
		if value, known := k.Secret("value"); known {
			key.Value = value
			l.secrets.others[value.Reveal()] = true
			if raw, err := base64.StdEncoding.DecodeString(value.Reveal()); err != nil || len(raw) != keyBytes {
				l.add(wrong(fmt.Sprintf("The key %q is not base64 of %d bytes", key.ID, keyBytes), k.ValueRange("value"),
					"addongw keys generate prints a new one"))
			}
		}
		if key.Primary {
			primaries++
		}
		l.config.Keyring = append(l.config.Keyring, key)
	}
	if primaries != 1 && len(keys) > 0 {
		l.add(wrong("One key of a keyring must be primary", c.Range, fmt.Sprintf("write primary = true in exactly one; here: in %d", primaries)))
	}
}
