package conformancetest

import (
	"os"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/addongw/addongw/gateway/conformance"
	"github.com/addongw/addongw/gateway/secret"
	"github.com/addongw/addongw/spec"
)

// BreakManifest puts one mistake after the other into a manifest that is in
// order, and compares what is said then: "OLD|NEW" to "RULE TEXT|RULE TEXT".
func BreakManifest(t *testing.T, p conformance.Tested, manifest string, mistakes map[string]string) {
	t.Helper()
	for replaced, want := range mistakes {
		old, replacement, _ := strings.Cut(replaced, "|")
		text := strings.Replace(manifest, old, replacement, 1)
		if text == manifest {
			t.Errorf("%s replaces nothing", replaced)
		}
		_, problems := p.ReadManifest([]byte(text), conformance.Reading{Environment: conformance.Test})
		if diff := cmp.Diff(strings.Split(want, "|"), Texts(problems)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", replaced, diff)
		}
	}
}

// Texts are problems with their rules.
func Texts(problems []conformance.Problem) (all []string) {
	for _, problem := range problems {
		all = append(all, problem.Rule+" "+problem.Text)
	}
	return all
}

// WithholdPassword reads a manifest that has a placeholder where Password was.
// One in a repository had better not hold it.
func WithholdPassword(t *testing.T, p conformance.Platform, manifest string) {
	t.Helper()
	withheld := strings.Replace(manifest, Password, "(set with --with-secrets)", 1)
	_, problems := p.ReadManifest([]byte(withheld), conformance.Reading{Environment: conformance.Test})
	if len(problems) != 1 || !problems[0].Fatal || !strings.Contains(problems[0].Text, conformance.PasswordVariable) {
		t.Errorf("a placeholder gives %+v", problems)
	}
	const own = "a-password-of-more-than-35-characters-x"
	provider, problems := p.ReadManifest([]byte(withheld), conformance.Reading{Environment: conformance.Test, Password: secret.New(own)})
	if len(problems) > 0 || provider.Password.Reveal() != own {
		t.Errorf("with a password from elsewhere: %+v", problems)
	}
}

// EveryRuleIsTried looks at the rules of a platform's manifest: each is whole,
// and there is a mistake that breaks it in the test's own folder.
func EveryRuleIsTried(t *testing.T, p conformance.Tested) {
	t.Helper()
	source, err := os.ReadFile("manifest_test.go")
	if err != nil {
		t.Fatal(err)
	}
	for _, rule := range p.ManifestRules() {
		if !strings.Contains(string(source), rule.ID+" ") {
			t.Errorf("no mistake breaks %s", rule.ID)
		}
		if rule.Title == "" || rule.Platform == "" || rule.Source == "" || rule.Level == spec.Must && rule.Says == "" {
			t.Errorf("%s lacks something: %+v", rule.ID, rule)
		}
	}
}
