package main

import (
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance/all"
)

// quickstartOn is examples/quickstart, sold on another platform. Its plans are
// those of the document that Scalingo's tester comes from.
func quickstartOn(t *testing.T, platform string) string {
	t.Helper()
	return changedExample(t, "quickstart",
		`platform "clevercloud"`, `platform "`+platform+`"`,
		`    regions  = { eu = "eu" } # their name = ours`, map[string]string{
			"clevercloud": `    regions = { eu = "eu" }`, "scalingo": "", "xervo": `    regions = { "us-east-1" = "eu" }`,
		}[platform],
		`plan "small"`, `plan "free"`, `plan "large"`, `plan "premium"`,
	)
}

// served serves a configuration directory with one add-on on a platform, and
// puts that platform's manifest beside it.
func served(t *testing.T, dir, platform string) *process {
	t.Helper()
	p := startQuickstart(t, dir)
	out, errOut, code := addongw(t, dir, ssoSecrets, "manifest", platform, "--with-secrets", "--test-url", p.URL, "--dir", dir)
	if code != 0 {
		t.Fatalf("exit %d: %s", code, errOut)
	}
	write(t, filepath.Join(dir, "manifest.json"), out)
	return p
}

// TestTheTranscriptOfScalingosTesterWorks plays the seven commands that
// Scalingo's documentation of its tester shows, on our own gateway.
func TestTheTranscriptOfScalingosTesterWorks(t *testing.T) {
	dir := quickstartOn(t, "scalingo")
	served(t, dir, "scalingo")
	names := map[string]string{} // as the transcript calls them, by the provider's ids
	for _, step := range []struct{ command, want string }{
		{"provision", "→ OK\n"},
		{"provision --plan premium", "→ OK\n"},
		{"list", "- addon-id-1 → free\n- addon-id-2 → premium\n"},
		{"change_plan --plan premium addon-id-1", "→ OK\n"},
		{"list", "- addon-id-1 → premium\n- addon-id-2 → premium\n"},
		{"deprovision addon-id-2", "→ OK\n"},
		{"list", "- addon-id-1 → premium\n"},
	} {
		words := strings.Fields(step.command)
		for id, name := range names {
			for i := range words {
				words[i] = strings.ReplaceAll(words[i], name, id)
			}
		}
		out, errOut, code := addongw(t, dir, []string{"LANG=C.UTF-8"}, append([]string{"simulate", "scalingo"}, words...)...)
		if code != 0 {
			t.Fatalf("%s: exit %d: %s%s", step.command, code, out, errOut)
		}
		for _, id := range resourceID.FindAllString(out, -1) {
			if words[0] == "list" && names[id] == "" {
				names[id] = "addon-id-" + string(rune('1'+len(names)))
			}
			out = strings.ReplaceAll(out, id, names[id])
		}
		if out = lastLines(out, strings.Count(step.want, "\n")); out != step.want {
			t.Errorf("%s (-want +got):\n%s", step.command, cmp.Diff(step.want, out))
		}
	}
}

// lastLines are the last lines of a text.
func lastLines(text string, n int) string {
	lines := strings.SplitAfter(text, "\n")
	return strings.Join(lines[max(0, len(lines)-1-n):], "")
}

// TestEveryPlatformIsSimulatedOnOurGateway makes each call that a platform has.
func TestEveryPlatformIsSimulatedOnOurGateway(t *testing.T) {
	for _, platform := range all.Platforms() {
		t.Run(platform.Name(), func(t *testing.T) {
			dir := quickstartOn(t, platform.Name())
			served(t, dir, platform.Name())
			verbs := []string{"provision --plan free", "change_plan --plan premium", "sso", "suspend", "resume", "deprovision"}
			if platform.Name() != "scalingo" {
				verbs = []string{"provision --plan free", "change_plan --plan premium", "sso", "deprovision"}
			}
			for _, verb := range verbs {
				out, errOut, code := addongw(t, dir, []string{"LANG=C.UTF-8"}, append([]string{"simulate", platform.Name(), "-q"}, strings.Fields(verb)...)...)
				if code != 0 || out != "→ OK\n" || errOut != "" {
					t.Errorf("%s: exit %d: %s%s", verb, code, out, errOut)
				}
			}
			out, _, _ := addongw(t, dir, nil, "simulate", platform.Name(), "sso", "res_00000000000000000000000000")
			if !strings.Contains(out, "-> FAILED status is 403") && !strings.Contains(out, "-> FAILED status is 404") {
				t.Errorf("an unknown resource: %s", out)
			}
		})
	}
}
