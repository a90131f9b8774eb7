package config_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/platform"
)

// sold loads an add-on with these settings in its platform block.
func sold(t *testing.T, settings string) *config.Config {
	t.Helper()
	dir := t.TempDir()
	text := read(t, "testdata/base.hcl") + `
addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params  = { connection_limit = 5 }
    options = { node = "small", disks = 2 }
  }

  platform "clevercloud" {
    password = secret("env:CLEVER_PASSWORD")
    sso_salt = secret("env:CLEVER_SSO_SALT")
    ` + settings + `
  }
}
`
	if err := os.WriteFile(filepath.Join(dir, "addongw.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, diags := load(t, dir, config.Options{})
	if diags.HasErrors() || len(c.Mounts) != 1 {
		t.Fatal(describe(diags))
	}
	return c
}

// common is what the dialect was told of an add-on with these settings.
func common(t *testing.T, settings string) platform.Common {
	t.Helper()
	return sold(t, settings).Mounts[0].Mount.(fakeMount).common
}

func TestADialectIsToldHowLongThingsMayTake(t *testing.T) {
	c := common(t, "")
	if c.Deadline != 0 || c.SSOWindow != 0 || c.SSOSkew != time.Minute || c.SSOSingleUse != nil {
		t.Errorf("by default: deadline %s, window %s, skew %s, single use %v", c.Deadline, c.SSOWindow, c.SSOSkew, c.SSOSingleUse)
	}
	if !c.SignOnOnce(true) || c.SignOnOnce(false) || c.SignOnAge(5*time.Minute) != 5*time.Minute {
		t.Error("by default it is not as the platform says")
	}
	c = common(t, `
    deadline       = "3s"
    sso_window     = "2h"
    sso_skew       = "0s"
    sso_single_use = false`)
	if c.Deadline != 3*time.Second || c.SSOWindow != 2*time.Hour || c.SSOSkew != 0 || c.SSOSingleUse == nil {
		t.Errorf("as written: deadline %s, window %s, skew %s, single use %v", c.Deadline, c.SSOWindow, c.SSOSkew, c.SSOSingleUse)
	}
	if c.SignOnOnce(true) || c.SignOnAge(5*time.Minute) != 2*time.Hour {
		t.Error("as written it is still as the platform says")
	}
}

func TestADialectIsToldWhichOptionsOrdersMayHave(t *testing.T) {
	if c := common(t, ""); len(c.OptionNames) != 0 {
		t.Errorf("without an option block: %q", c.OptionNames)
	}
	c := common(t, `
  }

  option "version" {
    type = string
  }

  option "backups" {
    type = bool`)
	if diff := cmp.Diff([]string{"version", "backups"}, c.OptionNames); diff != "" {
		t.Errorf("options (-want +got):\n%s", diff)
	}
}
