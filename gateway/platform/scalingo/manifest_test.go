package scalingo

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/platform"
	"github.com/addongw/addongw/gateway/platform/platformtest"
)

func TestTheManifestIsTheDocumentedOne(t *testing.T) {
	platformtest.CheckManifest(t, newTestMount(t, common(), ""))
}

func TestTheManifestWithLeastAndMost(t *testing.T) {
	c := common()
	c.Logo, c.LogDrain, c.Username = "", true, "acme-basic-auth"
	c.TestBaseURL, c.TestSSOURL = "http://localhost:3000/resources/", "https://test.acme.example/sso"
	c.Plans = []platform.Plan{{ID: "staff", Slug: "staff", Unlisted: true}, c.Plans[0]}
	const want = `{
  "name": "Acme Postgres",
  "username": "acme-basic-auth",
  "password": "correct-horse-battery-staple-and-36-c",
  "sso_salt": "k4mR8vZ2qT6wX0yB3nD7fG1hJ5lP9sUcE8aQo",
  "short_description": "A database in a minute",
  "description": "# Acme Postgres\nA database of your own & a backup every night.",
  "log_drain": true,
  "config_vars": [
    "DATABASE_URL",
    "acme_host"
  ],
  "production": {
    "base_url": "https://addons.acme.example/scalingo/acme-db/resources",
    "sso_url": "https://addons.acme.example/scalingo/acme-db/sso"
  },
  "test": {
    "base_url": "http://localhost:3000/resources",
    "sso_url": "https://test.acme.example/sso"
  },
  "plans": [
    {
      "name": "free",
      "display_name": "Hobby",
      "price": 0,
      "description": "For one small app."
    }
  ]
}
`
	if diff := cmp.Diff(want, platformtest.Manifest(t, newTestMount(t, c, ""))); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
}
