package clevercloud

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/platform/platformtest"
)

func TestTheManifestIsTheDocumentedOne(t *testing.T) {
	platformtest.CheckManifest(t, newTestMount(t, common(), ""))
}

func TestTheManifestWithLeastAndMost(t *testing.T) {
	c := common()
	c.ConfigVars, c.AddonName, c.Regions, c.AddonRegions = nil, "", nil, []string{"us", "eu"}
	c.BaseURL += "/"
	c.TestBaseURL, c.TestSSOURL = "https://test.acme.example/resources/", "https://test.acme.example/sso"
	const want = `{
  "id": "acme-db",
  "api": {
    "config_vars": [],
    "regions": [
      "eu",
      "us"
    ],
    "password": "correct-horse-battery-staple-and-36-c",
    "sso_salt": "k4mR8vZ2qT6wX0yB3nD7fG1hJ5lP9sUcE8aQo",
    "production": {
      "base_url": "https://addons.acme.example/clevercloud/acme-db/resources",
      "sso_url": "https://addons.acme.example/clevercloud/acme-db/sso"
    },
    "test": {
      "base_url": "https://test.acme.example/resources",
      "sso_url": "https://test.acme.example/sso"
    }
  }
}
`
	if diff := cmp.Diff(want, platformtest.Manifest(t, newTestMount(t, c, ""))); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
}
