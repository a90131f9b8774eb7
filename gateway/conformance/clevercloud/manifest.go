package clevercloud

import (
	"regexp"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway/conformance"
)

// document is what the rules quote.
const document = "Clever Cloud documentation, Marketplace APIs & Tools, Available fields"

// refused is what Clever Cloud does with a manifest that breaks a rule which
// its documents state.
const refused = "Clever Cloud refuses the manifest, or nobody can order the add-on."

// ManifestRules are the rules of the manifest.
func (Platform) ManifestRules() []conformance.Head {
	rules := conformance.Rulebook("clevercloud")
	return []conformance.Head{
		rules.Must("CC-M1", "The manifest is one JSON object", document, "First, provide a JSON manifest file that describes your add-on", refused),
		rules.Must("CC-M2", "The id is lower case, without spaces and punctuation", document,
			"id - An ID for your add-on. All lower case, no spaces or punctuation. Underscores and dashes are allowed.", refused),
		rules.Must("CC-M3", "Every config var starts with the id in capitals", document,
			"Each config_var name must start with the capitalized, add-on id with underscores, as in the example.", refused),
		rules.Must("CC-M4", "The regions contain eu", document, `It cannot be empty. As for now, it *MUST* contain the element "eu".`, refused),
		rules.Must("CC-M5", "There are a password and a salt", document, "Password that Clever Cloud will send in HTTP basic auth when making provisioning calls.", refused),
		rules.Should("CC-M6", "Password and salt have 35 characters or more", "The vendor's Terraform provider refuses shorter ones."),
		rules.Should("CC-M7", "Password and salt are not those of the documents", "Anybody who has read them can order resources and sign on as any customer."),
		rules.Must("CC-M8", "There are addresses for orders and for sign-ons", document,
			"api/production/base_url - The production endpoint on which Clever Cloud sends actions requests", refused),
		rules.Should("CC-M9", "Addresses of production are encrypted", "Passwords and config vars cross the network in clear."),
		rules.Should("CC-M10", "base_url does not end with a slash", "Calls for a resource have a doubled slash in their address."),
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
	p.Password, p.Salt = d.SharedSecret("api.password", how.Password, secrets), d.SharedSecret("api.sso_salt", how.Salt, secrets)
	p.BaseURL, p.SSOURL = addresses(d, how.Environment)
	return p, d.Problems()
}

var idPattern = regexp.MustCompile(`^[a-z0-9][a-z0-9_-]*$`)

// configVars checks the names. An empty list is what one of the vendor's own
// examples has.
func configVars(d *conformance.Document, id string) ([]string, bool) {
	names, ok := d.Texts("CC-M3", "api.config_vars")
	for _, name := range names {
		if id != "" {
			d.PrefixedName("CC-M3", "api.config_vars", name, strings.ToUpper(strings.ReplaceAll(id, "-", "_"))+"_")
		}
	}
	return names, ok
}

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

// secrets are the rules of password and salt. Providers had copied those of the
// documents.
var secrets = conformance.SecretRules{
	Given: "CC-M5", Long: "CC-M6", Shortest: 35, Own: "CC-M7",
	Samples: []string{"44ca82ddf8d4e74d52494ce2895152ee", "fcb5b3add85d65e1dddda87a115b429f"},
	Printed: "the one that the documents print",
}

func addresses(d *conformance.Document, env conformance.Environment) (base, sso string) {
	return d.Addresses("api.", env, conformance.AddressRules{Encrypted: "CC-M9", NoSlash: "CC-M10"}, func(at string, _ bool) (base, sso string) {
		return d.URL("CC-M8", at+".base_url"), d.URL("CC-M8", at+".sso_url")
	})
}
