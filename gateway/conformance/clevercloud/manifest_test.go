package clevercloud_test

import (
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/clevercloud"
	"github.com/addongw/addongw/gateway/conformance/conformancetest"
	"github.com/addongw/addongw/spec"
)

func read(text string) (conformance.Provider, []conformance.Problem) {
	return clevercloud.Platform{}.ReadManifest([]byte(text), conformance.Reading{Environment: conformance.Test})
}

func TestTheManifestOfTheSpecificationIsInOrder(t *testing.T) {
	text, err := spec.File("clevercloud", "manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	p, problems := read(string(text))
	if len(problems) > 0 {
		t.Errorf("problems: %+v", problems)
	}
	if p.Username != "acme-db" || p.Region != "EU" || p.Password.Empty() || p.Salt.Empty() || len(p.ConfigVars) != 2 || !p.ConfigVarsSet ||
		p.BaseURL != "https://addons.acme.example/clevercloud/acme-db/resources" || p.SSOURL != "https://addons.acme.example/clevercloud/acme-db/sso" {
		t.Errorf("the provider is %+v", p)
	}
}

// manifest is one in order; replacements put mistakes into it.
const manifest = `{"id": "acme", "api": {"config_vars": ["ACME_URL"], "regions": ["eu"],
	"password": "correct-horse-battery-staple-and-36-c", "sso_salt": "k4mR8vZ2qT6wX0yB3nD7fG1hJ5lP9sUcE8aQo",
	"production": {"base_url": "https://a.example/r", "sso_url": "https://a.example/s"},
	"test": {"base_url": "http://127.0.0.1:9/r", "sso_url": "http://127.0.0.1:9/s"}}}`

func TestEachMistakeOfAManifestBreaksItsRule(t *testing.T) {
	conformancetest.BreakManifest(t, clevercloud.Platform{}, manifest, map[string]string{
		manifest + "|[]":       "CC-M1 the manifest is a list, not an object",
		manifest + "|{\"id\":": "CC-M1 the manifest is not JSON: unexpected end of JSON input",
		`"acme"|"Acme DB"`:     "CC-M2 id may hold a-z, 0-9, _ and - only, and begins with a letter or digit|CC-M3 api.config_vars has ACME_URL, which should be ACME DB_ followed by A-Z, 0-9 or _",
		`"acme"|5`:             "CC-M2 id must be text, not a number",
		`"id": "acme", |`:      "CC-M2 id can't be blank",
		`["ACME_URL"]|["URL", "ACME_", "ACME_url"]`: "CC-M3 api.config_vars has URL, which should be ACME_ followed by A-Z, 0-9 or _|" +
			"CC-M3 api.config_vars has ACME_, which should be ACME_ followed by A-Z, 0-9 or _|CC-M3 api.config_vars has ACME_url, which should be ACME_ followed by A-Z, 0-9 or _",
		`["ACME_URL"]|[7]`:        "CC-M3 api.config_vars[0] must be text, not a number",
		`["ACME_URL"]|"ACME_URL"`: "CC-M3 api.config_vars must be a list, not text",
		`["eu"]|[]`:               "CC-M4 api.regions should have at least one region",
		`["eu"]|["us"]`:           "CC-M4 api.regions lacks eu",
		`"correct-horse-battery-staple-and-36-c"|" "`:                                "CC-M5 api.password can't be blank",
		`"correct-horse-battery-staple-and-36-c"|"abc"`:                              "CC-M6 api.password has 3 characters",
		`"correct-horse-battery-staple-and-36-c"|"44ca82ddf8d4e74d52494ce2895152ee"`: "CC-M7 api.password is the one that the documents print",
		`"base_url": "https://a.example/r", |`:                                       "CC-M8 api.production.base_url can't be blank",
		`"http://127.0.0.1:9/s"|"ftp://x"`:                                           "CC-M8 api.test.sso_url must be an address such as https://addons.example.com/resources",
		`"https://a.example/s"|"http://a.example/s"`:                                 "CC-M9 api.production.sso_url begins with http:",
		`:9/r"|:9/r/"`: "CC-M10 api.test.base_url ends with a slash",
	})
}

func TestTheEnvironmentChoosesTheAddresses(t *testing.T) {
	for env, want := range map[conformance.Environment]string{
		conformance.Test: "http://127.0.0.1:9/r", conformance.Production: "https://a.example/r",
	} {
		p, _ := clevercloud.Platform{}.ReadManifest([]byte(manifest), conformance.Reading{Environment: env})
		if p.BaseURL != want {
			t.Errorf("%s is at %s", env, p.BaseURL)
		}
	}
	without := manifest[:strings.Index(manifest, ",\n\t\"test\"")] + "}}"
	if p, problems := read(without); p.BaseURL != "https://a.example/r" || len(problems) > 0 {
		t.Errorf("without a test environment it is at %s: %+v", p.BaseURL, problems)
	}
}

func TestSecretsMayComeFromElsewhere(t *testing.T) {
	conformancetest.WithholdPassword(t, clevercloud.Platform{}, manifest)
}

func TestEveryRuleOfTheManifestIsTried(t *testing.T) {
	conformancetest.EveryRuleIsTried(t, clevercloud.Platform{})
}
