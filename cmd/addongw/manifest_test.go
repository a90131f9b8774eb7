package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/scaffold"
)

// sold is a directory made by init and its manifest with its secrets.
func sold(t *testing.T) (dir, manifest string) {
	t.Helper()
	dir = initialized(t, "shell")
	manifest, errOut, code := addongw(t, dir, nil, "manifest", "--with-secrets")
	if code != 0 || errOut != "" {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	return dir, manifest
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

var saltOf = regexp.MustCompile(`(?m)^clevercloud_sso_salt = "(.*)"$`)

func TestAManifestIsComparedFieldByField(t *testing.T) {
	dir, manifest := sold(t)
	vars, err := os.ReadFile(filepath.Join(dir, scaffold.Vars))
	if err != nil {
		t.Fatal(err)
	}
	key, salt := valueOf.FindStringSubmatch(string(vars))[1], saltOf.FindStringSubmatch(string(vars))[1]
	shuffled := `{"api":{"test":{"sso_url":"https://addons.example.com/clevercloud/acme-db/sso","base_url":"https://addons.example.com/clevercloud/acme-db/resources"},
		"production":{"base_url":"https://addons.example.com/clevercloud/acme-db/resources","sso_url":"https://addons.example.com/clevercloud/acme-db/sso"},
		"sso_salt":"` + salt + `","password":"` + key + `","regions":["eu"],"config_vars":["ACME_DB_QUOTA_MB","ACME_DB_URL"]},"name":"Acme Db","id":"acme-db"}`
	other := strings.NewReplacer(key, "another-password-canary", "Acme Db", "Acme another-password-canary",
		`"eu"`, `"eu", "us"`, `"api": {`, `"beta": {"deep": [true]}, "api_token": "token-canary", "api": { "options": {"secret": "deep-canary"},`,
		`"id": "acme-db",`, "").Replace(manifest)
	cases := map[string]struct {
		text string
		args []string
		code int
		out  string
		err  string
	}{
		"the same":                    {manifest, []string{"--with-secrets"}, 0, "ok  pulled.json and the manifest of acme-db on clevercloud are the same\n", ""},
		"another order of keys":       {shuffled, []string{"--with-secrets"}, 0, "ok  pulled.json and the manifest of acme-db on clevercloud are the same\n", ""},
		"secrets that we do not read": {manifest, nil, 0, "ok  pulled.json and the manifest of acme-db on clevercloud are the same\n", "not compared: api.password, api.sso_salt (that takes --with-secrets)\n"},
		"secrets that are masked": {
			strings.NewReplacer(key, "********", salt, "").Replace(manifest), []string{"--with-secrets"}, 0,
			"ok  pulled.json and the manifest of acme-db on clevercloud are the same\n", "not compared: api.password, api.sso_salt (masked in pulled.json)\n",
		},
		"six fields": {
			other, []string{"--with-secrets"}, 2, strings.Join([]string{
				`~ api.password differs (secret: not shown)`,
				`~ api.regions`, `    theirs  ["eu","us"]`, `    ours    ["eu"]`,
				`- api.options  only theirs: {"secret":"(not shown)"}`,
				`+ id  only ours: "acme-db"`,
				`~ name`, `    theirs  "Acme [redacted]"`, `    ours    "Acme Db"`,
				`- api_token  only theirs: "(not shown)"`,
				`- beta  only theirs: {"deep":[true]}`, ``,
			}, "\n"), "7 differences between pulled.json and the manifest of acme-db on clevercloud\n",
		},
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			write(t, filepath.Join(dir, "pulled.json"), tc.text)
			args := append([]string{"manifest", "--check", "pulled.json"}, tc.args...)
			out, errOut, code := addongw(t, dir, nil, args...)
			if diff := cmp.Diff(tc.out, out); diff != "" || code != tc.code {
				t.Errorf("exit %d, want %d (-want +got):\n%s", code, tc.code, diff)
			}
			if diff := cmp.Diff(tc.err, errOut); diff != "" {
				t.Errorf("standard error (-want +got):\n%s", diff)
			}
			asJSON, errOut, jsonCode := addongw(t, dir, nil, append(args, "--json")...)
			var result struct {
				Type        string
				Equal       bool
				Differences []struct{ Path, Kind string }
			}
			if err := json.Unmarshal([]byte(asJSON), &result); err != nil || errOut != "" {
				t.Fatalf("%v: %s%s", err, asJSON, errOut)
			}
			if result.Type != "manifest_check" || result.Equal != (code == 0) || len(result.Differences) != strings.Count("\n"+out, "\n~ ")+strings.Count(out, "  only ") || jsonCode != code {
				t.Errorf("exit %d: %s", jsonCode, asJSON)
			}
			for _, secret := range []string{key, salt, "canary"} {
				if strings.Contains(out+errOut+asJSON, secret) {
					t.Errorf("a secret is shown: %s%s", out, asJSON)
				}
			}
		})
	}
}

func TestABadManifestIsReportedWithItsPlaceAndNotItsText(t *testing.T) {
	dir, _ := sold(t)
	for text, says := range map[string]string{
		"{\n \"a\": 1,\n \"password\" \"canary\"\n}": "pulled.json:3:13: this is no manifest: it is no JSON here",
		"[1]":                       "pulled.json:1:1: this is no manifest: it is no object, but a list",
		"null":                      "pulled.json:1:1: this is no manifest: it is no object, but null",
		"":                          "pulled.json:1:1: this is no manifest: it ends too early",
		"{\n\"password\": \"canary": "pulled.json:2:20: this is no manifest: it ends too early",
		"{}\n\n{}":                  "pulled.json:3:1: this is no manifest: there is something behind the object",
	} {
		write(t, filepath.Join(dir, "pulled.json"), text)
		out, errOut, code := addongw(t, dir, nil, "manifest", "--check", "pulled.json")
		if code != 1 || out != "" || !strings.Contains(errOut, says+"\n") || strings.Contains(errOut, "canary") {
			t.Errorf("%q: exit %d: %s%s", text, code, out, errOut)
		}
	}
	_, errOut, code := addongw(t, dir, nil, "manifest", "--check", "absent.json")
	if code != 1 || !strings.Contains(errOut, "absent.json") {
		t.Errorf("exit %d: %s", code, errOut)
	}
}

func TestManifestsAreWrittenForTheirReaders(t *testing.T) {
	dir, manifest := sold(t)
	path := filepath.Join(dir, "out", "clevercloud-acme-db.json")
	for _, tc := range []struct {
		args []string
		mode os.FileMode
	}{{nil, 0o644}, {[]string{"--with-secrets"}, 0o600}} { // the second replaces the first, its mode too
		out, errOut, code := addongw(t, dir, nil, append([]string{"manifest", "--out", "out"}, tc.args...)...)
		info, err := os.Stat(path)
		if code != 0 || errOut != "" || out != "  create  out/clevercloud-acme-db.json\n" || err != nil || info.Mode() != tc.mode {
			t.Errorf("exit %d, %v, %v: %s%s", code, info, err, out, errOut)
		}
	}
	if text, err := os.ReadFile(path); err != nil || string(text) != manifest {
		t.Errorf("%v: %s", err, text)
	}
}

func TestTheTestEnvironmentMayBeAnotherGateway(t *testing.T) {
	dir, _ := sold(t)
	file := filepath.Join(dir, "addongw.hcl")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	written := strings.Replace(string(text), "# their name = ours\n", "\n    test {\n      base_url = \"https://written.example/r\"\n    }\n", 1)
	write(t, file, written)
	for _, tc := range []struct {
		args           []string
		baseURL, ssoIs string
	}{
		{nil, "https://written.example/r", "https://addons.example.com/clevercloud/acme-db/sso"},
		{[]string{"--test-url", "http://127.0.0.1:8080"}, "http://127.0.0.1:8080/clevercloud/acme-db/resources", "http://127.0.0.1:8080/clevercloud/acme-db/sso"},
		{[]string{"--test-url", "https://staging.example/"}, "https://staging.example/clevercloud/acme-db/resources", "https://staging.example/clevercloud/acme-db/sso"},
	} {
		out, errOut, code := addongw(t, dir, nil, append([]string{"manifest"}, tc.args...)...)
		if errOut != "" {
			t.Errorf("%v: a warning of what was asked for: %s", tc.args, errOut)
		}
		var m struct {
			API struct {
				Production, Test struct {
					BaseURL string `json:"base_url"`
					SSOURL  string `json:"sso_url"`
				}
			}
		}
		if err := json.Unmarshal([]byte(out), &m); err != nil || code != 0 {
			t.Fatalf("exit %d, %v: %s", code, err, out)
		}
		if m.API.Test.BaseURL != tc.baseURL || m.API.Test.SSOURL != tc.ssoIs || m.API.Production.BaseURL != "https://addons.example.com/clevercloud/acme-db/resources" {
			t.Errorf("%v: %+v", tc.args, m)
		}
	}
}

func TestAManifestAmongSeveralMustBeNamed(t *testing.T) {
	dir, _ := sold(t)
	text, err := os.ReadFile(filepath.Join(dir, "addongw.hcl"))
	if err != nil {
		t.Fatal(err)
	}
	second := strings.NewReplacer("acme-db", "acme-two", "ACME_DB", "ACME_TWO").Replace(string(text[strings.Index(string(text), `addon "`):]))
	write(t, filepath.Join(dir, "two.hcl"), second)
	for _, tc := range []struct {
		args []string
		code int
		says string
	}{
		{nil, 64, "Name one: clevercloud acme-db, clevercloud acme-two; or write all with --out DIR."},
		{[]string{"clevercloud"}, 64, "Name one: "},
		{[]string{"clevercloud", "acme"}, 1, "Add-ons on clevercloud: acme-db, acme-two."},
		{[]string{"--test-url", "staging"}, 64, "https://staging.example.com"},
		{[]string{"--check", "x", "--out", "y"}, 64, "Name one of them."},
	} {
		_, errOut, code := addongw(t, dir, nil, append([]string{"manifest"}, tc.args...)...)
		if code != tc.code || !strings.Contains(errOut, tc.says) {
			t.Errorf("%v: exit %d: %s", tc.args, code, errOut)
		}
	}
	if out, _, code := addongw(t, dir, nil, "manifest", "clevercloud", "acme-two"); code != 0 || !strings.Contains(out, `"id": "acme-two"`) {
		t.Errorf("exit %d: %s", code, out)
	}
	if out, _, code := addongw(t, dir, nil, "manifest", "--out", ".", "--json"); code != 0 || strings.Count(out, ".json\"") != 2 {
		t.Errorf("exit %d: %s", code, out)
	}
}
