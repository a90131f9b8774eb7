package xervo_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/conformance/conformancetest"
	"github.com/addongw/addongw/gateway/conformance/xervo"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/spec"
)

// read returns the provider, and its problems as "rule text"; those with which
// nothing can be sent end with an exclamation mark.
func read(t *testing.T, manifest string, how conformance.Reading) (conformance.Provider, []string) {
	t.Helper()
	provider, problems := xervo.Platform{}.ReadManifest([]byte(manifest), how)
	var rules []string
	for _, head := range (xervo.Platform{}).ManifestRules() {
		rules = append(rules, head.ID)
	}
	var texts []string
	for _, p := range problems {
		if !slices.Contains(rules, p.Rule) {
			t.Errorf("%s is no rule", p.Rule)
		}
		end := ""
		if p.Fatal {
			end = "!"
		}
		texts = append(texts, p.Rule+" "+p.Text+end)
	}
	return provider, texts
}

func sample(t *testing.T) string {
	t.Helper()
	text, err := spec.File("xervo", "manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestAGoodManifestIsRead(t *testing.T) {
	text := strings.Replace(sample(t), `"base_url": "https://addons.acme.example`, `"base_url": "https://production.acme.example`, 1)
	for environment, host := range map[conformance.Environment]string{
		conformance.Test: "https://addons.acme.example", conformance.Production: "https://production.acme.example",
	} {
		p, problems := read(t, text, conformance.Reading{Environment: environment})
		if len(problems) > 0 {
			t.Errorf("%s: %q", environment, problems)
		}
		if p.Password.Reveal() != "correct-horse-battery-staple-and-36-c" || p.Salt.Reveal() != "k4mR8vZ2qT6wX0yB3nD7fG1hJ5lP9sUcE8aQo" {
			t.Error("the secrets are others")
		}
		p.Password, p.Salt, p.Manifest = secret.Value{}, secret.Value{}, nil
		want := conformance.Provider{
			Name: "acme_db", Username: "acme_db", Region: "amazon-web-services::us-east-1",
			BaseURL: host + "/xervo/acme-db/resources", SSOURL: "https://addons.acme.example/xervo/acme-db/sso",
			ConfigVars: []string{"ACME_DB_URL", "ACME_DB_HOST"}, ConfigVarsSet: true,
		}
		if diff := cmp.Diff(want, p, cmp.AllowUnexported(secret.Value{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", environment, diff)
		}
	}
}

func TestEverythingThatAManifestLacksIsSaidAtOnce(t *testing.T) {
	_, got := read(t, `{"id": "", "api": {"config_vars": []}}`, conformance.Reading{Environment: conformance.Test})
	want := []string{
		"XV-M2 id can't be blank!",
		"XV-M4 api.config_vars should have at least one config var",
		"XV-M7 api.password can't be blank!",
		"XV-M7 api.sso_salt can't be blank!",
		"XV-M10 api.production.base_url can't be blank!",
		"XV-M10 api.production.sso_url can't be blank!",
		"XV-M11 api.test is missing",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestEachMistakeInAManifestBreaksItsRule(t *testing.T) {
	good := sample(t)
	for name, tc := range map[string]struct{ old, new, want string }{
		"an id with a dash":        {`"id": "acme_db"`, `"id": "acme-db"`, "XV-M3 id is acme-db; acme_db would do"},
		"an id with a digit first": {`"id": "acme_db"`, `"id": "5acme"`, "XV-M3 id should be lower-case letters, digits and single underscores, a letter first"},
		"a number as id":           {`"id": "acme_db"`, `"id": 5`, "XV-M2 id must be text, not a number!"},
		"config vars in a text": {`[
      "ACME_DB_URL",
      "ACME_DB_HOST"
    ]`, `"ACME_DB_URL"`, "XV-M4 api.config_vars must be a list, not text"},
		"another prefix":            {`"ACME_DB_URL"`, `"DATABASE_URL"`, "XV-M5 api.config_vars has DATABASE_URL, which should begin with ACME_DB_"},
		"no underscore behind it":   {`"ACME_DB_URL"`, `"ACME_DBURL"`, "XV-M6 api.config_vars has ACME_DBURL, which should be ACME_DB_ followed by A-Z, 0-9 or _"},
		"small letters behind it":   {`"ACME_DB_URL"`, `"ACME_DB_url"`, "XV-M6 api.config_vars has ACME_DB_url, which should be ACME_DB_ followed by A-Z, 0-9 or _"},
		"a short salt":              {"k4mR8vZ2qT6wX0yB3nD7fG1hJ5lP9sUcE8aQo", "pepper", "XV-M8 api.sso_salt has 6 characters"},
		"the document's password":   {"correct-horse-battery-staple-and-36-c", "password_goes_here", "XV-M9 api.password is the one that the document prints"},
		"a salt that is left out":   {"k4mR8vZ2qT6wX0yB3nD7fG1hJ5lP9sUcE8aQo", "(set with --with-secrets)", `XV-M7 api.sso_salt is not in this file, which says "(set with --with-secrets)"; write it with addongw manifest --with-secrets, or give the value in ADDONGW_SSO_SALT!`},
		"an address without a host": {`"sso_url": "https://addons.acme.example/xervo/acme-db/sso"`, `"sso_url": "/sso"`, "XV-M10 api.production.sso_url must be an address such as https://addons.example.com/resources!"},
		"no encryption":             {`"sso_url": "https://`, `"sso_url": "http://`, "XV-M12 api.production.sso_url begins with http:"},
		"a slash at the end":        {`acme-db/resources"`, `acme-db/resources/"`, "XV-M13 api.production.base_url ends with a slash"},
		"no test environment":       {`"test"`, `"staging"`, "XV-M11 api.test is missing"},
	} {
		t.Run(name, func(t *testing.T) {
			text := strings.Replace(good, tc.old, tc.new, 1)
			p, got := read(t, text, conformance.Reading{Environment: conformance.Test})
			if strings.HasPrefix(name, "an id with") { // so is the prefix
				got = got[:1]
			}
			if diff := cmp.Diff([]string{tc.want}, got); diff != "" || text == good {
				t.Errorf("problems (-want +got):\n%s", diff)
			}
			if strings.HasSuffix(p.BaseURL, "/") || p.BaseURL == "" {
				t.Errorf("requests go to %q", p.BaseURL)
			}
		})
	}
}

// dia's own skeleton names the address of sign-ons in another way than dia
// reads it.
func TestTheSlipOfDiasSkeletonIsNamed(t *testing.T) {
	text := strings.ReplaceAll(sample(t), `"sso_url"`, `"ssl_url"`)
	_, got := read(t, text, conformance.Reading{Environment: conformance.Test})
	want := []string{
		"XV-M10 api.production.sso_url can't be blank!",
		"XV-M10 api.production has ssl_url, which is a slip of dia init's: write sso_url",
		"XV-M10 api.test.sso_url can't be blank!",
		"XV-M10 api.test has ssl_url, which is a slip of dia init's: write sso_url",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("problems (-want +got):\n%s", diff)
	}
}

func TestSecretsFromElsewhereStandInPlaceOfTheManifests(t *testing.T) {
	text := strings.NewReplacer("correct-horse-battery-staple-and-36-c", "", "k4mR8vZ2qT6wX0yB3nD7fG1hJ5lP9sUcE8aQo", "").Replace(sample(t))
	p, got := read(t, text, conformance.Reading{
		Environment: conformance.Test, Password: secret.New(strings.Repeat("p", 40)), Salt: secret.New(strings.Repeat("s", 40)),
	})
	if len(got) > 0 || p.Password.Reveal() != strings.Repeat("p", 40) || p.Salt.Reveal() != strings.Repeat("s", 40) {
		t.Errorf("problems: %q", got)
	}
}

func TestWhatIsNoManifestIsSaidAndNothingElse(t *testing.T) {
	for text, want := range map[string]string{
		`{"id":`: "XV-M1 the manifest is not JSON: unexpected end of JSON input!",
		`[]`:     "XV-M1 the manifest is a list, not an object!",
	} {
		if _, got := read(t, text, conformance.Reading{Environment: conformance.Test}); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: %q", text, got)
		}
	}
}

func TestEveryRuleOfTheManifestIsTried(t *testing.T) {
	conformancetest.EveryRuleIsTried(t, xervo.Platform{})
}
