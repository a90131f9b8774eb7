package clevercloud

import (
	"net/url"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/spec"
)

// document is what the rules quote.
const document = "Clever Cloud documentation, Marketplace APIs & Tools, Available fields"

// refused is what Clever Cloud does with a manifest that breaks a rule which
// its documents state.
const refused = "Clever Cloud refuses the manifest, or nobody can order the add-on."

// ManifestRules are the rules of the manifest.
func (Platform) ManifestRules() []conformance.Head {
	return []conformance.Head{
		documented("CC-M1", "The manifest is one JSON object", "First, provide a JSON manifest file that describes your add-on"),
		documented("CC-M2", "The id is lower case, without spaces and punctuation",
			"id - An ID for your add-on. All lower case, no spaces or punctuation. Underscores and dashes are allowed."),
		documented("CC-M3", "Every config var starts with the id in capitals",
			"Each config_var name must start with the capitalized, add-on id with underscores, as in the example."),
		documented("CC-M4", "The regions contain eu", `It cannot be empty. As for now, it *MUST* contain the element "eu".`),
		documented("CC-M5", "There are a password and a salt", "Password that Clever Cloud will send in HTTP basic auth when making provisioning calls."),
		careful("CC-M6", "Password and salt have 35 characters or more", "The vendor's Terraform provider refuses shorter ones."),
		careful("CC-M7", "Password and salt are not those of the documents", "Anybody who has read them can order resources and sign on as any customer."),
		documented("CC-M8", "There are addresses for orders and for sign-ons",
			"api/production/base_url - The production endpoint on which Clever Cloud sends actions requests"),
		careful("CC-M9", "Addresses of production are encrypted", "Passwords and config vars cross the network in clear."),
		careful("CC-M10", "base_url does not end with a slash", "Calls for a resource have a doubled slash in their address."),
	}
}

func documented(id, title, says string) conformance.Head {
	return conformance.Head{
		ID: id, Group: conformance.Manifest, Title: title, Level: spec.Must, Source: document, Says: says, Platform: refused,
	}
}

func careful(id, title, consequence string) conformance.Head {
	return conformance.Head{
		ID: id, Group: conformance.Manifest, Title: title, Level: spec.Should, Source: "addongw; see spec/clevercloud/facts.md", Platform: consequence,
	}
}

// ReadManifest reads the document that the console imports.
func (Platform) ReadManifest(text []byte, how conformance.Reading) (conformance.Provider, []conformance.Problem) {
	d := conformance.ReadDocument("CC-M1", text)
	id := d.RequiredText("CC-M2", "id")
	if id != "" && !idPattern.MatchString(id) {
		d.Report("CC-M2", "id may hold a-z, 0-9, _ and - only, and begins with a letter or digit")
	}
	p := conformance.Provider{Name: id, Username: id, Region: region(d), Manifest: text}
	p.ConfigVars, p.ConfigVarsSet = configVars(d, id)
	p.Password, p.Salt = sharedSecret(d, "api.password", how.Password), sharedSecret(d, "api.sso_salt", how.Salt)
	p.BaseURL, p.SSOURL = addresses(d, how.Environment)
	return p, d.Problems()
}

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// configVars checks the names. An empty list is what one of the vendor's own
// examples has.
func configVars(d *conformance.Document, id string) ([]string, bool) {
	names, ok := d.Texts("CC-M3", "api.config_vars")
	prefix := strings.ToUpper(strings.ReplaceAll(id, "-", "_")) + "_"
	for _, name := range names {
		rest, fits := strings.CutPrefix(name, prefix)
		if id != "" && (!fits || !restPattern.MatchString(rest)) {
			d.Report("CC-M3", "api.config_vars has %s, which should be %s followed by A-Z, 0-9 or _", name, prefix)
		}
	}
	return names, ok
}

var restPattern = regexp.MustCompile(`^[A-Z0-9_]+$`)

// region chooses the region of orders: eu in capitals, as Clever Cloud sends
// it.
func region(d *conformance.Document) string {
	names, ok := d.Texts("CC-M4", "api.regions")
	switch {
	case ok && len(names) == 0:
		d.Report("CC-M4", "api.regions should have at least one region")
	case ok && !slices.Contains(names, "eu"):
		d.Report("CC-M4", "api.regions lacks eu")
	}
	if len(names) == 0 || slices.Contains(names, "eu") {
		return usualRegion
	}
	return strings.ToUpper(names[0])
}

// samples are the secrets of the documents, which providers had copied.
var samples = []string{"44ca82ddf8d4e74d52494ce2895152ee", "fcb5b3add85d65e1dddda87a115b429f"}

func sharedSecret(d *conformance.Document, path string, instead secret.Value) secret.Value {
	text := d.Secret("CC-M5", path, instead)
	switch length := utf8.RuneCountInString(text); {
	case slices.Contains(samples, text):
		d.Report("CC-M7", "%s is the one that the documents print", path)
	case length > 0 && length < 35:
		d.Report("CC-M6", "%s has %d characters", path, length)
	}
	return secret.New(text)
}

// addresses returns those of env. Test addresses may be missing.
func addresses(d *conformance.Document, env conformance.Environment) (base, sso string) {
	for _, e := range []conformance.Environment{conformance.Production, conformance.Test} {
		at := "api." + string(e)
		if _, given := d.Find(at); !given && e == conformance.Test {
			continue
		}
		b, s := d.URL("CC-M8", at+".base_url"), d.URL("CC-M8", at+".sso_url")
		if e == conformance.Production {
			encrypted(d, at+".base_url", b)
			encrypted(d, at+".sso_url", s)
		}
		if strings.HasSuffix(b, "/") {
			d.Report("CC-M10", "%s.base_url ends with a slash", at)
		}
		if e == conformance.Production || env == conformance.Test {
			base, sso = strings.TrimRight(b, "/"), s
		}
	}
	return base, sso
}

func encrypted(d *conformance.Document, path, address string) {
	if u, err := url.Parse(address); err == nil && u.Scheme == "http" {
		d.Report("CC-M9", "%s begins with http:", path)
	}
}
