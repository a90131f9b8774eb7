package scalingo

import (
	"regexp"
	"slices"
	"strings"

	"github.com/addongw/addongw/gateway/conformance"
)

// What the rules quote.
const (
	document = "Scalingo documentation, Addon definition manifest"
	tester   = "Scalingo/scalingo-addon-api-tester, manifest.go"
)

// unread is what comes of a manifest that Scalingo's tester cannot read, and
// refused of one that it refuses.
const (
	unread  = "Scalingo cannot read the manifest, so there is no add-on."
	refused = "Scalingo's own tester refuses the manifest and sends nothing."
)

// ManifestRules are the rules of the manifest.
func (Platform) ManifestRules() []conformance.Head {
	rules := conformance.Rulebook("scalingo")
	return []conformance.Head{
		rules.Must("SC-M1", "The manifest is one JSON object", document, "The manifest is simply a JSON file with the following structure", unread),
		rules.Must("SC-M2", "There are a user name, a password and a salt", document,
			"We will use these credentials in our requests using HTTP Basic Auth, to authenticate ourselves.", refused),
		rules.Must("SC-M3", "There are a short description and a description", document,
			"short_description: Summary of one sentence of the purpose of the addon", refused),
		rules.Should("SC-M4", "There is a name", "Customers see an add-on without a name."),
		rules.Must("SC-M5", "There is a config var", document,
			"config_vars: List of the environment variables you will be able to set on the applications which provisioned your addon.", refused),
		rules.Should("SC-M6", "Config vars have letters, digits and underscores only, no digit first, and each name once",
			"Shells take no name such as MY-ADDON_URL, so the customer's app cannot read it."),
		rules.Must("SC-M7", "There are addresses for orders and for sign-ons", document,
			"production.base_url: URL of your addon which will be hit by our services to provision/deprovision/update our users addons.",
			"There is nowhere to send orders and customers to, so the add-on cannot go live."),
		rules.Should("SC-M8", "The address of test sign-ons is test.sso_url", "Scalingo's tester does not find it; the document's list of fields has another name than its example."),
		rules.Should("SC-M9", "Addresses of production are encrypted", "Passwords and config vars cross the network in clear."),
		rules.Should("SC-M10", "base_url does not end with a slash", "Calls for a resource have a doubled slash in their address."),
		rules.Should("SC-M11", "Password and salt have 30 characters or more", "They can be guessed; those that the document prints have 30."),
		rules.Should("SC-M12", "Password and salt are not those of the document", "Anybody who has read it can order resources and sign on as any customer."),
		rules.Must("SC-M13", "There is a plan", document, "plans: List of the different plans proposed by your addon", refused),
		rules.Must("SC-M14", "Every plan has a name of its own", document, "name: Canonical name of the plan",
			"Orders name a plan by it: one that has none cannot be ordered, and of two with the same name only one."),
		rules.Must("SC-M15", "The price of a plan is a number", document, "price: Price in euros for 30 days", unread),
		rules.Must("SC-M16", "Options of a plan are text", tester, "Options map[string]string", unread),
		rules.Should("SC-M17", "Every plan has a display name and a description", "Customers choose among plans that say nothing."),
		rules.Must("SC-M18", "log_drain is true or false", document,
			"log_drain: Boolean, if true, the provisioning will expect a log_drain_url attribute to send the logs to.", unread),
	}
}

// ReadManifest reads manifest.json, which a vendor mails to Scalingo.
func (Platform) ReadManifest(text []byte, how conformance.Reading) (conformance.Provider, []conformance.Problem) {
	d := conformance.ReadDocument("SC-M1", text)
	p := conformance.Provider{Name: wanted(d, "SC-M4", "name"), Manifest: text}
	p.Username = d.RequiredText("SC-M2", "username")
	p.Password, p.Salt = d.SharedSecret("password", how.Password, secrets), d.SharedSecret("sso_salt", how.Salt, secrets)
	wanted(d, "SC-M3", "short_description")
	wanted(d, "SC-M3", "description")
	p.LogDrain = logDrain(d)
	p.ConfigVars, p.ConfigVarsSet = configVars(d)
	p.BaseURL, p.SSOURL = addresses(d, how.Environment)
	p.Plans, p.PlanOptions = plans(d)
	return p, d.Problems()
}

// wanted returns a member that should be text, and not blank. Requests can be
// sent without it.
func wanted(d *conformance.Document, rule, path string) string {
	v, given := d.Find(path)
	text := d.Text(rule, path)
	if _, isText := v.(string); strings.TrimSpace(text) == "" && (!given || isText) {
		d.Report(rule, "%s can't be blank", path)
	}
	return text
}

// secrets are the rules of password and salt.
var secrets = conformance.SecretRules{
	Given: "SC-M2", Long: "SC-M11", Shortest: 30, Own: "SC-M12",
	Samples: []string{"samyoiHissowdOnHugyorOidepguJa", "esidTavOnreboudWavwoadBildyon3"},
	Printed: "the one that the document prints",
}

func logDrain(d *conformance.Document) bool {
	v, given := d.Find("log_drain")
	wants, ok := v.(bool)
	if given && !ok && v != nil {
		d.Report("SC-M18", "log_drain must be true or false")
	}
	return wants
}

// configVars checks the names, which follow no rule of Scalingo's. The sentence
// about an empty list is that of Scalingo's tester.
func configVars(d *conformance.Document) ([]string, bool) {
	v, _ := d.Find("config_vars")
	if list, ok := v.([]any); v == nil || ok && len(list) == 0 {
		d.Report("SC-M5", "config_vars should have at least one element environment variable")
		return nil, ok
	}
	names, ok := d.Texts("SC-M5", "config_vars")
	for i, name := range names {
		switch {
		case !namePattern.MatchString(name):
			d.Report("SC-M6", "config_vars has %q, which no shell takes for a name", name)
		case slices.Contains(names[:i], name):
			d.Report("SC-M6", "config_vars has %s twice", name)
		}
	}
	return names, ok
}

var namePattern = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_]*$`)
