package xervo

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

// What the rules quote.
const (
	document = "Xervo help centre, Add-On Provider API, Add On Manifest"
	dia      = "onmodulus/dia 0.3.2, lib/validators/manifest.js"
	texts    = "onmodulus/dia 0.3.2, lib/validators/utils.js"
)

// unlisted is what comes of a rule that dia checks.
const unlisted = "The add-on fails Xervo's own test, so it is not listed."

// ManifestRules are the rules of the manifest.
func (Platform) ManifestRules() []conformance.Head {
	return []conformance.Head{
		must("XV-M1", "The manifest is one JSON object", document,
			"an addon-manifest.json must be supplied which defines how your add-on resources will be compiled into a user's project",
			"Xervo cannot read the manifest, so there is no add-on."),
		must("XV-M2", "There is an id", texts, "%s must be a string and not empty", unlisted),
		careful("XV-M3", "The id has lower-case letters, digits and single underscores only",
			"dia wants config vars to begin with the id in capitals as it stands, and shells take no name such as MY-ADDON_URL."),
		must("XV-M4", "There is a config var", dia, "if (manifest.api.config_vars.length === 0)", unlisted),
		must("XV-M5", "Every config var begins with the id in capitals", document,
			"These configuration variables must be prefixed with your add-on ID.", unlisted),
		careful("XV-M6", "An underscore parts the id from the rest of a config var, which has capitals, digits and underscores only",
			"Names collide with those of an add-on whose id is longer, or cannot be set in the customer's application."),
		must("XV-M7", "There are a password and a salt", texts, "%s must be a string and not empty", unlisted),
		careful("XV-M8", "Password and salt have 32 characters or more", "They can be guessed; those that dia makes have 32."),
		careful("XV-M9", "Password and salt are not those of the document", "Anybody who has read it can order resources and sign on as any customer."),
		must("XV-M10", "There are addresses for orders and for sign-ons", document,
			"The base API endpoint URL must be defined in your manifest as part of the API property", unlisted),
		must("XV-M11", "There is a test environment", dia, "if (typeof manifest.api.test === 'undefined')",
			"dia knows no other environment and stops without it, so the add-on is not listed."),
		careful("XV-M12", "Addresses of production are encrypted", "Passwords and config vars cross the network in clear."),
		careful("XV-M13", "base_url does not end with a slash", "Calls for a resource have a doubled slash in their address."),
	}
}

func must(id, title, source, says, consequence string) conformance.Head {
	return conformance.Head{
		ID: id, Group: conformance.Manifest, Title: title, Level: spec.Must, Source: source, Says: says, Platform: consequence,
	}
}

func careful(id, title, consequence string) conformance.Head {
	return conformance.Head{
		ID: id, Group: conformance.Manifest, Title: title, Level: spec.Should, Source: "addongw; see spec/xervo/facts.md", Platform: consequence,
	}
}

// ReadManifest reads addon-manifest.json, which dia reads and uploads. Regions
// are none of it: what dia init writes of them nobody looks at.
func (Platform) ReadManifest(text []byte, how conformance.Reading) (conformance.Provider, []conformance.Problem) {
	d := conformance.ReadDocument("XV-M1", text)
	id := d.RequiredText("XV-M2", "id")
	checkID(d, id)
	p := conformance.Provider{Name: id, Username: id, Region: usualRegion, Manifest: text}
	p.ConfigVars, p.ConfigVarsSet = configVars(d, id)
	p.Password, p.Salt = sharedSecret(d, "api.password", how.Password), sharedSecret(d, "api.sso_salt", how.Salt)
	p.BaseURL, p.SSOURL = addresses(d, how.Environment)
	return p, d.Problems()
}

var idPattern = regexp.MustCompile(`^[a-z][a-z0-9]*(_[a-z0-9]+)*$`)

// checkID names another id where there is one nearby.
func checkID(d *conformance.Document, id string) {
	near := strings.ToLower(strings.ReplaceAll(id, "-", "_"))
	switch {
	case id == "" || idPattern.MatchString(id):
	case idPattern.MatchString(near):
		d.Report("XV-M3", "id is %s; %s would do", id, near)
	default:
		d.Report("XV-M3", "id should be lower-case letters, digits and single underscores, a letter first")
	}
}

func configVars(d *conformance.Document, id string) ([]string, bool) {
	names, ok := d.Texts("XV-M4", "api.config_vars")
	if ok && len(names) == 0 {
		d.Report("XV-M4", "api.config_vars should have at least one config var")
	}
	for _, name := range names {
		rest, prefixed := strings.CutPrefix(name, strings.ToUpper(id))
		switch {
		case id == "":
		case !prefixed:
			d.Report("XV-M5", "api.config_vars has %s, which should begin with %s_", name, strings.ToUpper(id))
		case !restPattern.MatchString(rest):
			d.Report("XV-M6", "api.config_vars has %s, which should be %s_ followed by A-Z, 0-9 or _", name, strings.ToUpper(id))
		}
	}
	return names, ok
}

var restPattern = regexp.MustCompile(`^_[A-Z0-9_]+$`)

// samples are the secrets that the document prints.
var samples = []string{"password_goes_here", "salt_goes_here"}

func sharedSecret(d *conformance.Document, path string, instead secret.Value) secret.Value {
	text := d.Secret("XV-M7", path, instead)
	switch length := utf8.RuneCountInString(text); {
	case slices.Contains(samples, text):
		d.Report("XV-M9", "%s is the one that the document prints", path)
	case length > 0 && length < 32:
		d.Report("XV-M8", "%s has %d characters", path, length)
	}
	return secret.New(text)
}

// addresses returns those of env. Production's stand in for a test environment
// that is missing, so that there is more to say than that.
func addresses(d *conformance.Document, env conformance.Environment) (base, sso string) {
	for _, e := range []conformance.Environment{conformance.Production, conformance.Test} {
		at := "api." + string(e)
		if _, given := d.Find(at); !given && e == conformance.Test {
			d.Report("XV-M11", "%s is missing", at)
			continue
		}
		b, s := d.URL("XV-M10", at+".base_url"), d.URL("XV-M10", at+".sso_url")
		if _, given := d.Find(at + ".ssl_url"); given && s == "" {
			d.Report("XV-M10", "%s has ssl_url, which is a slip of dia init's: write sso_url", at)
		}
		if strings.HasSuffix(b, "/") {
			d.Report("XV-M13", "%s.base_url ends with a slash", at)
		}
		if e == conformance.Production {
			encrypted(d, at+".base_url", b)
			encrypted(d, at+".sso_url", s)
		}
		if e == conformance.Production || env == conformance.Test {
			base, sso = strings.TrimRight(b, "/"), s
		}
	}
	return base, sso
}

func encrypted(d *conformance.Document, path, address string) {
	if u, err := url.Parse(address); err == nil && u.Scheme == "http" {
		d.Report("XV-M12", "%s begins with http:", path)
	}
}
