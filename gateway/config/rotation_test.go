package config_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway"
	"github.com/addongw/addongw/gateway/config"
	"github.com/addongw/addongw/gateway/platform"
)

func TestRotationsAreWhatThePlansSay(t *testing.T) {
	dir := t.TempDir()
	base, err := os.ReadFile("testdata/base.hcl")
	if err != nil {
		t.Fatal(err)
	}
	text := string(base) + `
addon "acme-db" {
  backend = backend.postgres.main

  region "eu" {}

  plan "free" {
    params = { connection_limit = 5 }
  }

  plan "safe" {
    params       = { connection_limit = 5 }
    rotate_every = "30d"
    rotate_grace = "2h"
  }

  platform "clevercloud" {
    password = secret("env:X")
    sso_salt = secret("env:X")
  }
}
`
	if err := os.WriteFile(filepath.Join(dir, "addongw.hcl"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	c, _, diags := config.Load(t.Context(), config.Options{
		Dir: dir, Plugins: answering(&fakePlugins{t: t}), Dialects: []platform.Dialect{fakeDialect{name: "clevercloud"}},
	})
	must(t, c, diags)
	want := []gateway.RotationRule{{Addon: "acme-db", Plan: "safe", Every: 30 * 24 * time.Hour}}
	if diff := cmp.Diff(want, c.RotationRules()); diff != "" {
		t.Errorf("rules (-want +got)\n%s", diff)
	}
	for plan, grace := range map[string]time.Duration{"free": 15 * time.Minute, "safe": 2 * time.Hour} {
		offer, err := c.Offer("clevercloud", "acme-db", plan, "eu")
		if err != nil || offer.Grace != grace || !offer.Rotates {
			t.Errorf("%s is offered as %+v, %v", plan, offer, err)
		}
	}
}
