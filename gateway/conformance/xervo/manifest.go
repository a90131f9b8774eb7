package xervo

import (
	"regexp"
	"strings"

	"github.com/addongw/addongw/gateway/conformance"
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
	rules := conformance.Rulebook("xervo")
	return []conformance.Head{
		rules.Must("XV-M1", "The manifest is one JSON object", document,
			"an addon-manifest.json must be supplied which defines how your add-on resources will be compiled into a user's project",
			"Xervo cannot read the manifest, so there is no add-on."),
		rules.Must("XV-M2", "There is an id", texts, "%s must be a string and not empty", unlisted),
		rules.Should("XV-M3", "The id has lower-case letters, digits and single underscores only",
			"dia wants config vars to begin with the id in capitals as it stands, and shells take no name such as MY-ADDON_URL."),
		rules.Must("XV-M4", "There is a config var", dia, "if (manifest.api.config_vars.length === 0)", unlisted),
		rules.Must("XV-M5", "Every config var begins with the id in capitals", document,
			"These configuration variables must be prefixed with your add-on ID.", unlisted),
		rules.Should("XV-M6", "An underscore parts the id from the rest of a config var, which has capitals, digits and underscores only",
			"Names collide with those of an add-on whose id is longer, or cannot be set in the customer's application."),
		rules.Must("XV-M7", "There are a password and a salt", texts, "%s must be a string and not empty", unlisted),
		rules.Should("XV-M8", "Password and salt have 32 characters or more", "They can be guessed; those that dia makes have 32."),
		rules.Should("XV-M9", "Password and salt are not those of the document", "Anybody who has read it can order resources and sign on as any customer."),
		rules.Must("XV-M10", "There are addresses for orders and for sign-ons", document,
			"The base API endpoint URL must be defined in your manifest as part of the API property", unlisted),
		rules.Must("XV-M11", "There is a test environment", dia, "if (typeof manifest.api.test === 'undefined')",
			"dia knows no other environment and stops without it, so the add-on is not listed."),
		rules.Should("XV-M12", "Addresses of production are encrypted", "Passwords and config vars cross the network in clear."),
		rules.Should("XV-M13", "base_url does not end with a slash", "Calls for a resource have a doubled slash in their address."),
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
	p.Password, p.Salt = d.SharedSecret("api.password", how.Password, secrets), d.SharedSecret("api.sso_salt", how.Salt, secrets)
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
		switch prefix := strings.ToUpper(id); {
		case id == "":
		case !strings.HasPrefix(name, prefix):
			d.Report("XV-M5", "api.config_vars has %s, which should begin with %s_", name, prefix)
		default:
			d.PrefixedName("XV-M6", "api.config_vars", name, prefix+"_")
		}
	}
	return names, ok
}

// secrets are the rules of password and salt.
var secrets = conformance.SecretRules{
	Given: "XV-M7", Long: "XV-M8", Shortest: 32, Own: "XV-M9",
	Samples: []string{"password_goes_here", "salt_goes_here"},
	Printed: "the one that the document prints",
}

// addresses returns those of env. Production's stand in for a test environment
// that is missing, so that there is more to say than that.
func addresses(d *conformance.Document, env conformance.Environment) (base, sso string) {
	base, sso = d.Addresses("api.", env, conformance.AddressRules{Encrypted: "XV-M12", NoSlash: "XV-M13"}, func(at string, _ bool) (base, sso string) {
		base, sso = d.URL("XV-M10", at+".base_url"), d.URL("XV-M10", at+".sso_url")
		if _, given := d.Find(at + ".ssl_url"); given && sso == "" {
			d.Report("XV-M10", "%s has ssl_url, which is a slip of dia init's: write sso_url", at)
		}
		return base, sso
	})
	if _, given := d.Find("api.test"); !given {
		d.Report("XV-M11", "api.test is missing")
	}
	return base, sso
}
