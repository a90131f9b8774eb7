package xervo

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/platform/platformtest"
	"github.com/addongw/addongw/spec"
)

func TestTheManifestIsTheDocumentedOne(t *testing.T) {
	want, err := spec.File(label, "manifest.json")
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
	schema, err := spec.File(label, "manifest.schema.json")
	if err != nil {
		t.Fatal(err)
	}
	platformtest.CheckSchema(t, schema, got)
}

func TestTheManifestHasTheTestAddressesOfTheOperator(t *testing.T) {
	c := common()
	c.TestBaseURL, c.TestSSOURL = "http://localhost:8000/xervo/resources/", "http://localhost:8000/sso/login"
	got, err := newTestMount(t, c, "").Manifest(false)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		`"base_url": "http://localhost:8000/xervo/resources",`, `"sso_url": "http://localhost:8000/sso/login"`,
		`"base_url": "https://addons.acme.example/xervo/acme-db/resources",`,
	} {
		if !strings.Contains(string(got), want) {
			t.Errorf("the manifest has no %s:\n%s", want, got)
		}
	}
}
