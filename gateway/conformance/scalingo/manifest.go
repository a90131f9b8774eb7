package scalingo

import (
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
	return []conformance.Head{
		must("SC-M1", "The manifest is one JSON object", document, "The manifest is simply a JSON file with the following structure", unread),
		must("SC-M2", "There are a user name, a password and a salt", document,
			"We will use these credentials in our requests using HTTP Basic Auth, to authenticate ourselves.", refused),
		must("SC-M3", "There are a short description and a description", document,
			"short_description: Summary of one sentence of the purpose of the addon", refused),
		careful("SC-M4", "There is a name", "Customers see an add-on without a name."),
		must("SC-M5", "There is a config var", document,
			"config_vars: List of the environment variables you will be able to set on the applications which provisioned your addon.", refused),
		careful("SC-M6", "Config vars have letters, digits and underscores only, no digit first, and each name once",
			"Shells take no name such as MY-ADDON_URL, so the customer's app cannot read it."),
		must("SC-M7", "There are addresses for orders and for sign-ons", document,
			"production.base_url: URL of your addon which will be hit by our services to provision/deprovision/update our users addons.",
			"There is nowhere to send orders and customers to, so the add-on cannot go live."),
		careful("SC-M8", "The address of test sign-ons is test.sso_url", "Scalingo's tester does not find it; the document's list of fields has another name than its example."),
		careful("SC-M9", "Addresses of production are encrypted", "Passwords and config vars cross the network in clear."),
		careful("SC-M10", "base_url does not end with a slash", "Calls for a resource have a doubled slash in their address."),
		careful("SC-M11", "Password and salt have 30 characters or more", "They can be guessed; those that the document prints have 30."),
		careful("SC-M12", "Password and salt are not those of the document", "Anybody who has read it can order resources and sign on as any customer."),
		must("SC-M13", "There is a plan", document, "plans: List of the different plans proposed by your addon", refused),
		must("SC-M14", "Every plan has a name of its own", document, "name: Canonical name of the plan",
			"Orders name a plan by it: one that has none cannot be ordered, and of two with the same name only one."),
		must("SC-M15", "The price of a plan is a number", document, "price: Price in euros for 30 days", unread),
		must("SC-M16", "Options of a plan are text", tester, "Options map[string]string", unread),
		careful("SC-M17", "Every plan has a display name and a description", "Customers choose among plans that say nothing."),
		must("SC-M18", "log_drain is true or false", document,
			"log_drain: Boolean, if true, the provisioning will expect a log_drain_url attribute to send the logs to.", unread),
	}
}

func must(id, title, source, says, consequence string) conformance.Head {
	return conformance.Head{
		ID: id, Group: conformance.Manifest, Title: title, Level: spec.Must, Source: source, Says: says, Platform: consequence,
	}
}

func careful(id, title, consequence string) conformance.Head {
	return conformance.Head{
		ID: id, Group: conformance.Manifest, Title: title, Level: spec.Should, Source: "addongw; see spec/scalingo/facts.md", Platform: consequence,
	}
}

// ReadManifest reads manifest.json, which a vendor mails to Scalingo.
func (Platform) ReadManifest(text []byte, how conformance.Reading) (conformance.Provider, []conformance.Problem) {
	d := conformance.ReadDocument("SC-M1", text)
	p := conformance.Provider{Name: wanted(d, "SC-M4", "name"), Manifest: text}
	p.Username = d.RequiredText("SC-M2", "username")
	p.Password, p.Salt = sharedSecret(d, "password", how.Password), sharedSecret(d, "sso_salt", how.Salt)
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

// samples are the secrets that the document prints.
var samples = []string{"samyoiHissowdOnHugyorOidepguJa", "esidTavOnreboudWavwoadBildyon3"}

func sharedSecret(d *conformance.Document, path string, instead secret.Value) secret.Value {
	text := d.Secret("SC-M2", path, instead)
	switch length := utf8.RuneCountInString(text); {
	case slices.Contains(samples, text):
		d.Report("SC-M12", "%s is the one that the document prints", path)
	case length > 0 && length < 30:
		d.Report("SC-M11", "%s has %d characters", path, length)
	}
	return secret.New(text)
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
