package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// sellOnScalingo serves the quickstart example on Scalingo and returns its
// manifest.
func sellOnScalingo(t *testing.T, settings string) (manifest string) {
	t.Helper()
	dir := changedExample(t, "quickstart",
		"platform \"clevercloud\" {\n", "platform \"scalingo\" {\n    "+settings+"\n",
		"    regions  = { eu = \"eu\" } # their name = ours\n", "",
		"plan \"small\" {\n", "plan \"small\" {\n    options = { disk = \"hdd\" }\n",
		"plan \"large\" {\n", "plan \"large\" {\n    options = { disk = \"ssd\" }\n",
	)
	p := startQuickstart(t, dir)
	text, errOut, code := addongw(t, dir, quickstartEnv(), "manifest", "scalingo", "tinyfiles", "--with-secrets", "--test-url", p.URL)
	if code != 0 {
		t.Fatalf("manifest: exit %d: %s", code, errOut)
	}
	manifest = filepath.Join(tempDir(t), "manifest.json")
	write(t, manifest, text)
	return manifest
}

// conformOnScalingo runs everything with a stand-in of Scalingo's API. Every
// rule must hold, or not apply.
func conformOnScalingo(t *testing.T, settings string, skipped ...string) {
	t.Helper()
	api := freeAddress(t)
	manifest := sellOnScalingo(t, fmt.Sprintf("api_url = \"http://%s\"\n    %s", api, settings))
	out, errOut, code := addongw(t, filepath.Dir(manifest), nil, "conformance", "scalingo", "--manifest", manifest, "--strict", "--listen", api, "--json")
	var report conformanceReport
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v: %s%s", err, out, errOut)
	}
	if code != 0 || !report.Passed || len(report.Left) > 0 || len(report.Checks) < 100 {
		t.Errorf("exit %d, %d checks, left %+v, %s%s", code, len(report.Checks), report.Left, report.Stopped, errOut)
	}
	for _, c := range report.Checks {
		want := "ok"
		if slices.Contains(skipped, c.ID) {
			want = "skipped"
		}
		if c.Outcome != want {
			t.Errorf("%s is %s: %s%q", c.ID, c.Outcome, c.Why, c.Problems)
		}
	}
}

func TestOurOwnGatewayIsConformantOnScalingo(t *testing.T) {
	completions := []string{"SC-C1", "SC-C2", "SC-C3", "SC-C4", "SC-C5"}
	t.Run("at once", func(t *testing.T) {
		conformOnScalingo(t, `log_drain_url = "https://logs.example.com/${resource.short_id}"`, completions...)
	})
	t.Run("later", func(t *testing.T) {
		conformOnScalingo(t, `mode = "async"`, "SC-P34")
	})
}

// invalidManifest is one of the document, with the two mistakes of its
// transcript.
const invalidManifest = `{
  "name": "Example Addon",
  "username": "username-for-basic-auth",
  "password": "",
  "sso_salt": "esidTavOnreboudWavwoadBildyon3",
  "logo_url": "//cdn.myaddon.com/logo.png",
  "short_description": "This addon is providing an awesome tool",
  "description": "# Example Addon",
  "config_vars": [],
  "production": { "base_url": "https://myaddon.com/resources", "sso_url": "https://dashboard.myaddon.com/sso" },
  "test": { "base_url": "http://localhost:3000/resources", "sso_url": "https://localhost:3001/sso" },
  "plans": [
    { "name": "free", "display_name": "Free Tier addon", "price": 0.0, "description": "Markdown description of the plan" },
    { "name": "premium", "display_name": "Premium addon", "price": 30.0, "description": "Markdown description of the plan" }
  ]
}
`

// TestTheTranscriptOfAnInvalidManifestWorks has the lines of Scalingo's
// documentation of its tester, and what we say besides.
func TestTheTranscriptOfAnInvalidManifestWorks(t *testing.T) {
	dir := tempDir(t)
	write(t, filepath.Join(dir, "manifest-invalid.json"), invalidManifest)
	out, errOut, code := addongw(t, dir, []string{"LC_ALL=C.UTF-8"}, "conformance", "scalingo", "--manifest", "manifest-invalid.json")
	if code != exitFailed || errOut != "" {
		t.Errorf("exit %d: %s", code, errOut)
	}
	const transcript = "Errors in the manifest:\n  → password can't be blank\n  → config_vars should have at least one element environment variable\n"
	if !strings.HasPrefix(out, transcript) {
		t.Errorf("the transcript's lines (-want +got):\n%s", cmp.Diff(transcript, out))
	}
	took := regexp.MustCompile(`in \d+ ms`)
	if diff := cmp.Diff(reportOfInvalidManifest, took.ReplaceAllString(out, "in N ms")); diff != "" {
		t.Errorf("output (-want +got):\n%s", diff)
	}
}

const reportOfInvalidManifest = `Errors in the manifest:
  → password can't be blank
  → config_vars should have at least one element environment variable

Scalingo  http://localhost:3000/resources   18 checks

  manifest           15 ok, 2 failed, 1 warned
    ✗ SC-M2  There are a user name, a password and a salt
        password can't be blank
        → Scalingo's own tester refuses the manifest and sends nothing.
        “We will use these credentials in our requests using HTTP Basic Auth, to authenticate
        ourselves.”
        Scalingo documentation, Addon definition manifest
    ✗ SC-M5  There is a config var
        config_vars should have at least one element environment variable
        → Scalingo's own tester refuses the manifest and sends nothing.
        “config_vars: List of the environment variables you will be able to set on the applications
        which provisioned your addon.”
        Scalingo documentation, Addon definition manifest
    ! SC-M12 (should) Password and salt are not those of the document
        sso_salt is the one that the document prints
        → Anybody who has read it can order resources and sign on as any customer.
        addongw; see spec/scalingo/facts.md

Nothing was sent: password can't be blank.
15 passed, 2 failed, 1 warned in N ms
`
