package clevercloud

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/spec"
)

func TestTheManifestIsTheDocumentedOne(t *testing.T) {
	want, err := spec.File("clevercloud", "manifest.json")
	if err != nil {
		t.Fatal(err)
	}
	got, err := newTestMount(t, common(), "").Manifest(true)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
	schema, err := spec.File("clevercloud", "manifest.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	platformtest.CheckSchema(t, schema, got)
}

func TestTheManifestWithLeastAndMost(t *testing.T) {
	schema, err := spec.File("clevercloud", "manifest.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	c := common()
	c.ConfigVars, c.AddonName, c.Regions, c.AddonRegions = nil, "", nil, []string{"us", "eu"}
	c.BaseURL += "/"
	c.TestBaseURL, c.TestSSOURL = "https://test.acme.example/resources/", "https://test.acme.example/sso"
	got, err := newTestMount(t, c, "").Manifest(true)
	if err != nil {
		t.Fatal(err)
	}
	platformtest.CheckSchema(t, schema, got)
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
	if diff := cmp.Diff(want, string(got)); diff != "" {
		t.Errorf("manifest (-want +got):\n%s", diff)
	}
}
