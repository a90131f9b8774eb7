package scalingo_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/conformancetest"
	"github.com/addongw/addongw/gateway/conformance/scalingo"
	"github.com/addongw/addongw/spec"
)

func read(text string) (conformance.Provider, []conformance.Problem) {
	return scalingo.Platform{}.ReadManifest([]byte(text), conformance.Reading{Environment: conformance.Test})
}

func TestTheManifestOfTheSpecificationIsInOrder(t *testing.T) {
	text, err := spec.File("scalingo", "manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	p, problems := read(string(text))
	if len(problems) > 0 {
		t.Errorf("problems: %+v", problems)
	}
	if p.Name != "Acme Postgres" || p.Username != "acme-db" || p.Password.Empty() || p.Salt.Empty() || !p.ConfigVarsSet || p.LogDrain ||
		p.BaseURL != "https://addons.acme.example/scalingo/acme-db/resources" || p.SSOURL != "https://addons.acme.example/scalingo/acme-db/sso" {
		t.Errorf("the provider is %+v", p)
	}
	if diff := cmp.Diff([]string{"free", "premium"}, p.Plans); diff != "" {
		t.Errorf("plans (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(map[string]map[string]string{"free": nil, "premium": {"pool": "100", "tier": "b"}}, p.PlanOptions); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
	vars := scalingo.Platform{}.Vars(p)
	if _, given := vars["plan_options"]; given || vars["other_plan_options"] != `{"pool":"100","tier":"b"}` || vars["log_drain"] != "" {
		t.Errorf("exchanges know %q", vars)
	}
}

// manifest is one in order; replacements put mistakes into it.
const manifest = `{"name": "Acme", "username": "acme", "password": "correct-horse-battery-staple-and-36-c",
	"sso_salt": "k4mR8vZ2qT6wX0yB3nD7fG1hJ5lP9sUcE8aQo", "short_description": "In a minute", "description": "# Acme",
	"config_vars": ["ACME_URL"], "log_drain": true,
	"production": {"base_url": "https://a.example/r", "sso_url": "https://a.example/s"},
	"test": {"base_url": "http://127.0.0.1:9/r", "sso_url": "http://127.0.0.1:9/s"},
	"plans": [{"name": "free", "display_name": "Free", "price": 0, "description": "Small", "options": {"tier": "a"}},
		{"name": "big", "display_name": "Big", "price": 9.5, "description": "Large"}]}`

func TestEachMistakeOfAManifestBreaksItsRule(t *testing.T) {
	conformancetest.BreakManifest(t, scalingo.Platform{}, manifest, map[string]string{
		manifest + "|[]":                               "SC-M1 the manifest is a list, not an object",
		manifest + "|{\"name\":":                       "SC-M1 the manifest is not JSON: unexpected end of JSON input",
		`"username": "acme", |`:                        "SC-M2 username can't be blank",
		`"username": "acme"|"username": 5`:             "SC-M2 username must be text, not a number",
		`"correct-horse-battery-staple-and-36-c"|""`:   "SC-M2 password can't be blank",
		`"k4mR8vZ2qT6wX0yB3nD7fG1hJ5lP9sUcE8aQo"|" "`:  "SC-M2 sso_salt can't be blank",
		`"In a minute"|""`:                             "SC-M3 short_description can't be blank",
		`"description": "# Acme"|"description": ["x"]`: "SC-M3 description must be text, not a list",
		`"name": "Acme", |`:                            "SC-M4 name can't be blank",
		`["ACME_URL"]|[]`:                              "SC-M5 config_vars should have at least one element environment variable",
		`"config_vars": ["ACME_URL"],|`:                "SC-M5 config_vars should have at least one element environment variable",
		`["ACME_URL"]|{"ACME_URL": "x"}`:               "SC-M5 config_vars must be a list, not an object",
		`["ACME_URL"]|[7]`:                             "SC-M5 config_vars[0] must be text, not a number",
		`["ACME_URL"]|["MY-URL", "A", "A"]`:            `SC-M6 config_vars has "MY-URL", which no shell takes for a name|SC-M6 config_vars has A twice`,
		`"https://a.example/r"|""`:                     "SC-M7 production.base_url can't be blank",
		`"http://127.0.0.1:9/s"|"ftp://x"`:             "SC-M7 test.sso_url must be an address such as https://addons.example.com/resources",
		`, "sso_url": "http://127.0.0.1:9/s"},|}, "test_sso_url": "http://127.0.0.1:9/s",`: "SC-M8 test_sso_url should be sso_url in test",
		`"https://a.example/s"|"http://a.example/s"`:                                       "SC-M9 production.sso_url begins with http:",
		`:9/r"|:9/r/"`: "SC-M10 test.base_url ends with a slash",
		`"correct-horse-battery-staple-and-36-c"|"abc"`:                            "SC-M11 password has 3 characters",
		`"k4mR8vZ2qT6wX0yB3nD7fG1hJ5lP9sUcE8aQo"|"esidTavOnreboudWavwoadBildyon3"`: "SC-M12 sso_salt is the one that the document prints",
		`"name": "free", |`:      "SC-M14 plans[0].name can't be blank",
		`"free"|1`:               "SC-M14 plans[0].name must be text",
		`"big"|"free"`:           `SC-M14 plans[1].name is "free", which another plan is called, too`,
		`9.5|"9.5"`:              `SC-M15 the price of the plan "big" must be a number`,
		`9.5|-1`:                 `SC-M15 the price of the plan "big" is less than 0`,
		`"price": 9.5, |`:        `SC-M15 the price of the plan "big" is missing`,
		`{"tier": "a"}|{"n": 1}`: `SC-M16 the option n of the plan "free" must be text`,
		`{"tier": "a"}|["n"]`:    `SC-M16 the options of the plan "free" must be an object`,
		`"Large"|""`:             `SC-M17 description of the plan "big" can't be blank`,
		`true|"yes"`:             "SC-M18 log_drain must be true or false",
	})
}

func TestAManifestWithoutPlansIsRefused(t *testing.T) {
	for replacement, want := range map[string]string{
		"}": "SC-M13 plans should have at least one element plan", `, "plans": []}`: "SC-M13 plans should have at least one element plan",
		`, "plans": {}}`: "SC-M13 plans must be a list", `, "plans": ["free"]}`: "SC-M13 plans[0] must be an object|SC-M14 no plan has a name, so that none can be ordered",
	} {
		_, problems := read(manifest[:strings.Index(manifest, ",\n\t\"plans\"")] + replacement)
		if diff := cmp.Diff(strings.Split(want, "|"), conformancetest.Texts(problems)); diff != "" || !problems[len(problems)-1].Fatal {
			t.Errorf("%s (-want +got):\n%s", replacement, diff)
		}
	}
}

func TestEverythingThatIsWrongIsReportedAtOnce(t *testing.T) {
	_, problems := read(`{"log_drain": 1, "production": {}, "plans": [{"price": "9"}]}`)
	if len(problems) < 14 {
		t.Errorf("only this is reported: %q", conformancetest.Texts(problems))
	}
}

func TestTheEnvironmentChoosesTheAddresses(t *testing.T) {
	for env, want := range map[conformance.Environment]string{
		conformance.Test: "http://127.0.0.1:9/r", conformance.Production: "https://a.example/r",
	} {
		p, _ := scalingo.Platform{}.ReadManifest([]byte(manifest), conformance.Reading{Environment: env})
		if p.BaseURL != want {
			t.Errorf("%s is at %s", env, p.BaseURL)
		}
	}
	// What is not live yet has no addresses of production: that is an error, and
	// no reason not to call the test environment.
	_, problems := read(strings.Replace(manifest, `{"base_url": "https://a.example/r", "sso_url": "https://a.example/s"}`, "{}", 1))
	if len(problems) != 2 || problems[0].Fatal || problems[1].Fatal {
		t.Errorf("without production: %+v", problems)
	}
	_, problems = read(strings.Replace(manifest, `"http://127.0.0.1:9/r"`, `""`, 1))
	if len(problems) != 1 || !problems[0].Fatal {
		t.Errorf("without an address to call: %+v", problems)
	}
}

func TestSecretsMayComeFromElsewhere(t *testing.T) {
	conformancetest.WithholdPassword(t, scalingo.Platform{}, manifest)
}

func TestEveryRuleOfTheManifestIsTried(t *testing.T) {
	conformancetest.EveryRuleIsTried(t, scalingo.Platform{})
}
