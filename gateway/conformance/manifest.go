package conformance

import (
	"net"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/spec"
)

// Rulebook makes the rules of a platform's manifest. It is the name of the
// platform's folder in spec.
type Rulebook string

// Must is a rule that a document of the platform states.
func (Rulebook) Must(id, title, source, says, consequence string) Head {
	return Head{ID: id, Group: Manifest, Title: title, Level: spec.Must, Source: source, Says: says, Platform: consequence}
}

// Should is a rule of ours, for what the documents leave open.
func (b Rulebook) Should(id, title, consequence string) Head {
	return Head{
		ID: id, Group: Manifest, Title: title, Level: spec.Should, Source: "addongw; see spec/" + string(b) + "/facts.md", Platform: consequence,
	}
}

// SecretRules are the ids of the rules of a password and a salt, with what they
// compare them to.
type SecretRules struct {
	Given    string
	Long     string
	Shortest int // characters
	Own      string
	Samples  []string // that documents print
	Printed  string   // says of a sample where it is from: "the one that the document prints"
}

// SharedSecret reads a password or a salt and judges how easily others have it.
func (d *Document) SharedSecret(path string, instead secret.Value, rules SecretRules) secret.Value {
	text := d.Secret(rules.Given, path, instead)
	switch length := utf8.RuneCountInString(text); {
	case slices.Contains(rules.Samples, text):
		d.Report(rules.Own, "%s is %s", path, rules.Printed)
	case length > 0 && length < rules.Shortest:
		d.Report(rules.Long, "%s has %d characters", path, length)
	}
	return secret.New(text)
}

// AddressRules are the ids of the rules of an environment's addresses, save
// that they must be some.
type AddressRules struct{ Encrypted, NoSlash string }

// Addresses returns base_url and sso_url of env, or production's where there is
// no test environment. Below is where environments are: "api.". Read reads those
// of one at a path; needed tells it that they are the ones to be returned.
func (d *Document) Addresses(below string, env Environment, rules AddressRules, read func(at string, needed bool) (base, sso string)) (base, sso string) {
	environments := []Environment{Production}
	if _, tested := d.Find(below + string(Test)); tested {
		environments = append(environments, Test)
	} else {
		env = Production
	}
	for _, e := range environments {
		at := below + string(e)
		needed := (e == Test) == (env == Test)
		b, s := read(at, needed)
		if strings.HasSuffix(b, "/") {
			d.Report(rules.NoSlash, "%s.base_url ends with a slash", at)
		}
		if e == Production {
			d.Encrypted(rules.Encrypted, at+".base_url", b)
			d.Encrypted(rules.Encrypted, at+".sso_url", s)
		}
		if needed {
			base, sso = strings.TrimRight(b, "/"), s
		}
	}
	return base, sso
}

// Encrypted reports an address that others on the network read along with. On
// the way to the machine itself there is no network.
func (d *Document) Encrypted(rule, path, address string) {
	if u, err := url.Parse(address); err == nil && u.Scheme == "http" && !loopback(u.Hostname()) {
		d.Report(rule, "%s begins with http:", path)
	}
}

func loopback(host string) bool {
	return host == "localhost" || net.ParseIP(host).IsLoopback()
}

// PrefixedName reports the name of a config var that is not the prefix and then
// something in capitals.
func (d *Document) PrefixedName(rule, path, name, prefix string) {
	if rest, ok := strings.CutPrefix(name, prefix); !ok || !capitals.MatchString(rest) {
		d.Report(rule, "%s has %s, which should be %s followed by A-Z, 0-9 or _", path, name, prefix)
	}
}

var capitals = regexp.MustCompile(`^[A-Z0-9_]+$`)
