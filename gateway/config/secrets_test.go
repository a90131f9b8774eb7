package config_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
	"github.com/addongw/addongw/gateway/secret"
)

func TestAMissingSecretIsReportedWhereItIsUsed(t *testing.T) {
	dir := t.TempDir()
	c, _, diags := load(t, "testdata/valid/complete", config.Options{
		Secrets: true, Vars: map[string]string{"secrets_directory": dir},
		Dialects: completeDialects(),
	})
	if c != nil {
		t.Error("a configuration without its secrets must not be served")
	}
	places := map[string]int{}
	for _, d := range diags {
		if info, _ := diagnostic.Of(d); info.Code == "AG501" {
			places[d.Summary]++
			if d.Subject == nil || !strings.Contains(info.Hint, dir) {
				t.Errorf("%s: hint %q", d.Summary, info.Hint)
			}
			continue
		}
		t.Errorf("also: %s", describe(hcl.Diagnostics{d}))
	}
	want := map[string]int{
		`There is no secret "postgres_admin_url" in source "run"`: 1,
		`There is no secret "keyring_2026_11" in source "run"`:    1,
		`There is no secret "keyring_2025_11" in source "run"`:    1,
		`There is no secret "clever_password" in source "run"`:    3,
		`There is no secret "clever_sso_salt" in source "run"`:    3,
	}
	if diff := cmp.Diff(want, places); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestAMissingVariableIsTheNextStep tells what may be made up from what somebody else
// has given.
func TestAMissingVariableIsTheNextStep(t *testing.T) {
	dir := t.TempDir()
	text := read(t, "testdata/base.hcl") + `
addon "acme-db" {
  name    = "Acme DB"
  backend = backend.postgres.main

  region "eu" {}
  plan "free" { params = { connection_limit = 5 } }

  platform "clevercloud" {
    password = secret("env:PASSWORD")
    sso_salt = "${secret("env:SALT")}"
  }
}
`
	if err := os.WriteFile(filepath.Join(dir, "addongw.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, _, diags := load(t, dir, config.Options{Secrets: true, Dialects: completeDialects(), Environ: func(name string) (string, bool) { return "", name == "SALT" }})
	got := map[string]string{}
	for _, d := range diags {
		if info, _ := diagnostic.Of(d); info.Code == "AG501" {
			got[d.Summary] = info.Hint
		}
	}
	want := map[string]string{
		`There is no secret "PG_ADMIN_URL" in source "env"`: `the environment variable is not set: export PG_ADMIN_URL=…`,
		`There is no secret "PASSWORD" in source "env"`:     `the environment variable is not set: export PASSWORD="$(addongw keys generate)", or the one that the platform knows already`,
		`There is no secret "SALT" in source "env"`:         `it is empty: export SALT="$(addongw keys generate)", or the one that the platform knows already`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestNoSecretIsInAnyDiagnostic loads files in which secrets stand where they
// do harm, and looks for them in everything that would be printed.
func TestNoSecretIsInAnyDiagnostic(t *testing.T) {
	const canary = "c4n4ry(%s\\secret"
	dir := t.TempDir()
	text := read(t, "testdata/base.hcl") + `
locals {
  number = tonumber(secret("env:CANARY"))
  when   = timeadd(secret("env:CANARY"), "1h")
}

variable "size" {
  type    = number
  default = 3
}

addon "acme-db" {
  name    = secret("env:CANARY")
  backend = backend.postgres.main

  region "eu" {
    data = { key = secret("env:CANARY") }
  }

  plan "a" {
    params = { connection_limit = secret("env:CANARY") }
  }

  config_vars = {
    ACME_DB_A = tonumber(region.data.key)
    ACME_DB_B = regex(region.data.key, "x")
    ACME_DB_C = region.data.key.nothing
    ACME_DB_D = region.data[region.data.key]
    ACME_DB_E = { (region.data.key) = 1 }.nothing
  }
}
`
	if err := os.WriteFile(filepath.Join(dir, "addongw.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	_, files, diags := load(t, dir, config.Options{Secrets: true, Environ: func(string) (string, bool) { return canary, true }})
	if !diags.HasErrors() {
		t.Fatal("no errors")
	}
	var out bytes.Buffer
	o := diagnostic.Options{Files: files.Map()}
	if err := errors.Join(diagnostic.WriteText(&out, diags, o), diagnostic.WriteGitHub(&out, diags, o), diagnostic.WriteSARIF(&out, "0.1.0", diags, o)); err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(&out, "%+v", files.Secrets())
	if strings.Contains(out.String(), "c4n4ry") {
		t.Errorf("a secret is printed:\n%s", out.String())
	}
	found := false
	for _, s := range files.Secrets() {
		found = found || s.Reveal() == canary
	}
	if !found {
		t.Error("the redactor does not learn of the secret")
	}
}

func TestASecretThatIsNamedInJSONOrATemplateIsMissedToo(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"base.hcl":         read(t, "testdata/base.hcl"),
		"name.tmpl":        `${secret("env:IN_A_TEMPLATE")}`,
		"acme-db.hcl.json": `{"addon": {"acme-db": {"backend": "backend.postgres.main", "region": {"eu": {}}, "plan": {"free": {"params": {"connection_limit": 5}}}, "config_vars": {"ACME_DB_A": "${secret(\"env:IN_JSON\")}", "ACME_DB_B": "${secret(\"vault:KEY\")}"}}}}`,
		"more.hcl":         `locals { text = templatefile("name.tmpl", {}) }`,
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	environ := func(name string) (string, bool) { return adminURL, name == "PG_ADMIN_URL" }
	_, _, diags := load(t, dir, config.Options{Secrets: true, Environ: environ})
	var got []string
	for _, d := range diags {
		got = append(got, d.Summary)
	}
	want := []string{
		`There is no secret "IN_A_TEMPLATE" in source "env"`, `There is no secret "IN_JSON" in source "env"`, `There is no secret "KEY" in source "vault"`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got)\n%s", diff)
	}
}

// TestACredentialInTheOpenIsNotPrinted looks at files whose mistakes keep the
// loader from reading a credential as one.
func TestACredentialInTheOpenIsNotPrinted(t *testing.T) {
	const canary = "c4n4ry-of-a-secret"
	for name, line := range map[string]string{
		"a misspelt setting":       `pasword = "` + canary + `"`,
		"a quote that is not shut": `password = "` + canary,
		"a comma behind it":        `password = "` + canary + `",`,
		"a colon":                  `sso_salt: "` + canary + `"`,
		"half a reference":         `password = "` + canary + `${secret("env:X"}"`,
		"a number in quotes":       `deadline = 1, api_token = "` + canary + `"`,
		"single quotes":            `password = '` + canary + `' # for now`,
		"typographic quotes":       `password = “` + canary + `”`,
		"backticks":                "password = `" + canary + "`",
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			text := read(t, "testdata/base.hcl") + `
addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  platform "clevercloud" {
    ` + line + `
  }
}
`
			if err := os.WriteFile(filepath.Join(dir, "addongw.hcl"), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			_, files, diags := load(t, dir, config.Options{})
			if !diags.HasErrors() {
				t.Fatal("no errors")
			}
			redactor := secret.NewRedactor()
			for _, s := range files.Secrets() {
				redactor.Add(s.Reveal())
			}
			var out bytes.Buffer
			o := diagnostic.Options{Files: files.Map(), Redact: redactor.Redact}
			if err := errors.Join(
				diagnostic.WriteText(&out, diags, o), diagnostic.WriteJSON(&out, "validate", diags, o),
				diagnostic.WriteGitHub(&out, diags, o), diagnostic.WriteSARIF(&out, "0.1.0", diags, o),
			); err != nil {
				t.Fatal(err)
			}
			if strings.Contains(out.String(), canary) {
				t.Errorf("a credential is printed:\n%s", out.String())
			}
		})
	}
}
