package nanobox

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"regexp"
	"strings"

	"github.com/addongw/addongw/gateway/schema"
)

// credential is something that customers type in once and that comes with
// every call.
type credential struct {
	key, label string
	header     string // as normalised has it: "AUTH-ACCESS-TOKEN"
	required   bool
	identity   bool
	fallback   string
	decode     string
}

// How a value that has several lines is written in a header.
const (
	decodePercent = "percent"
	decodeBase64  = "base64"
	decodeEscaped = "escaped-newlines"
)

// keyPattern is what can be a part of a header's name behind every proxy.
var keyPattern = regexp.MustCompile(`^[A-Za-z0-9]+([_-][A-Za-z0-9]+)*$`)

// normalised is a header's name in the one form in which names are compared:
// case carries nothing, and underscores are dashes.
func normalised(name string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case 'a' <= r && r <= 'z': // no other letter is in a header's name
			return r - 'a' + 'A'
		case r == '_':
			return '-'
		}
		return r
	}, name)
}

func (r *reader) credentials() {
	first := map[string]string{}
	for _, c := range r.content.Blocks("credential") {
		key := c.Label(0)
		own := credential{
			key: key, label: c.Text("label"), header: "AUTH-" + normalised(key),
			required: c.Text("default") == "", identity: c.Bool("identity"), fallback: c.Text("default"),
			decode: r.choose(c, "decode", decodePercent, decodeBase64, decodeEscaped),
		}
		if c.Known("required") {
			own.required = c.Bool("required")
		}
		r.field(c, own, first)
		r.own.credentials = append(r.own.credentials, own)
	}
	r.distinct()
}

// distinct demands that something tells customers apart: what may be left out is
// the same for all who leave it out.
func (r *reader) distinct() {
	told := r.content.Meant("credential")
	for i, c := range r.content.Blocks("credential") {
		own := r.own.credentials[i]
		told = told || own.surely() || c.Has("required") && !c.Known("required") || c.Meant("required") || c.Meant("default")
		if own.identity && !own.surely() {
			hint := "write required = true, or take identity away"
			if own.fallback != "" {
				hint = "take the default away, or identity"
			}
			r.problem("AG442", c.ValueRange("identity"), fmt.Sprintf("Nothing tells customers apart who leave %q empty", own.key), hint, "each of them would see the servers of all the others")
		}
	}
	if !told {
		r.problem("AG442", r.common.Block, "Nothing tells customers apart: no credential is required", `add: credential "access-token" { label = "…" }, or take required = false and the default out of one`,
			"who sends none at all would see the servers of everybody who does so")
	}
}

// surely tells that every customer sends a value.
func (f credential) surely() bool { return f.required && f.fallback == "" }

// field judges one credential; first are the keys before it, by their headers.
func (r *reader) field(c *schema.Content, own credential, first map[string]string) {
	at := c.LabelRange(0)
	if !keyPattern.MatchString(own.key) {
		r.problem("AG213", at, fmt.Sprintf("No header can be called %q", "Auth-"+own.key), "letters, digits and single dashes, such as access-token")
	}
	earlier, taken := first[own.header]
	if taken && earlier != own.key { // the same key twice is reported with the blocks
		r.problem("AG434", at, fmt.Sprintf("%q and %q are the same header", earlier, own.key), "choose another key",
			"case carries nothing there, and underscores are as good as dashes")
	}
	if !taken {
		first[own.header] = own.key
	}
	if c.Known("label") && strings.TrimSpace(own.label) == "" {
		r.problem("AG435", c.ValueRange("label"), fmt.Sprintf("The credential %q has an empty label", own.key), "write what customers are to type in",
			"without a word to show, the platform leaves the input out")
	}
}

func (r *reader) verify() {
	c := r.content.First("verify")
	if c == nil {
		return
	}
	for _, a := range c.Blocks("accept") {
		if !r.declared(a.Label(0), a.LabelRange(0)) {
			continue
		}
		r.own.accepts = append(r.own.accepts, r.accept(a))
	}
}

// accept keeps digests only. While files are checked without reading secrets,
// there may be none; nothing is served then.
func (r *reader) accept(c *schema.Content) accept {
	a := accept{key: c.Label(0)}
	if !c.Has("sha256") && !c.Has("value") {
		r.problem("AG204", c.Range, `This accept needs "sha256" or "value"`, `add: value = secret("env:…")`)
	}
	for i, written := range c.Texts("sha256") {
		digest, err := hex.DecodeString(strings.TrimSpace(written))
		if err != nil || len(digest) != sha256.Size {
			r.problem("AG213", c.ValueRange("sha256"), fmt.Sprintf("The %s digest is no SHA-256", ordinal(i)), "64 hexadecimal digits",
				"printf %s VALUE | sha256sum")
			continue
		}
		a.digests = append(a.digests, [sha256.Size]byte(digest))
	}
	if value, known := c.Secret("value"); known {
		if value.Empty() {
			r.problem("AG213", c.ValueRange("value"), `"value" is empty`, "everybody would be let in")
		} else {
			a.digests = append(a.digests, sha256.Sum256([]byte(value.Reveal())))
		}
	}
	if r.common.Accepted != nil {
		a.digests = [][sha256.Size]byte{sha256.Sum256([]byte(r.common.Accepted(a.key)))}
	}
	return a
}

func ordinal(i int) string {
	if i < 3 {
		return [...]string{"first", "second", "third"}[i]
	}
	return fmt.Sprintf("%dth", i+1)
}
