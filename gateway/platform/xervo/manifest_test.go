package xervo

import (
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/platform"
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

func TestSamplesAreALifeOfWhatIsListed(t *testing.T) {
	c := common()
	c.Plans = []platform.Plan{{ID: "staff", Slug: "staff", Unlisted: true}, c.Plans[0], c.Plans[1], {ID: "old", Slug: "old", Unlisted: true}}
	var whats []string
	for _, s := range newTestMount(t, c, "").Samples() {
		whats = append(whats, s.What)
		if strings.Contains(s.Body, "staff") || strings.Contains(s.Body, "old") {
			t.Errorf("%s: %s", s.What, s.Body)
		}
	}
	if !slices.Equal(whats, []string{"provision", "change the plan", "sign on", "deprovision"}) {
		t.Errorf("samples: %q", whats)
	}
	if c.Plans = nil; newTestMount(t, c, "").Samples() != nil {
		t.Error("there are samples of nothing")
	}
	for region, want := range map[string]string{"virginia": `"us-east-1"`, "paris": `"amazon-web-services::eu-west-3"`, "": `"amazon-web-services::us-east-1"`} {
		c := common()
		c.DefaultRegion = region
		if body := newTestMount(t, c, "").Samples()[0].Body; !strings.Contains(body, `"region":`+want) {
			t.Errorf("default region %q: %s", region, body)
		}
	}
}
