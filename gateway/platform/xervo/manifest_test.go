package xervo

import (
	"strings"
	"testing"

	"github.com/addongw/addongw/gateway/platform/platformtest"
)

func TestTheManifestIsTheDocumentedOne(t *testing.T) {
	platformtest.CheckManifest(t, newTestMount(t, common(), ""))
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
