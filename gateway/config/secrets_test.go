package config_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/hashicorp/hcl/v2"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/diagnostic"
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
	if err := diagnostic.WriteText(&out, diags, diagnostic.Options{Files: files.Map()}); err != nil {
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
