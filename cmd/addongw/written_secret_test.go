package main

import (
	"strings"
	"testing"
)

// TestAPasswordInAFileForGitIsWarnedOfAndNotShown has it in the forms that a
// text can be written in, in every form of the report.
func TestAPasswordInAFileForGitIsWarnedOfAndNotShown(t *testing.T) {
	const canary = "canary-battery-staple-and-more-than-35-characters"
	for name, written := range map[string]string{
		"quoted": `"` + canary + `"`, "with an escape": `"\"` + canary + `"`, "in two parts": `"${"` + canary + `"}-x"`,
		"on lines of its own": "<<-EOT\n      " + canary + "\n    EOT",
	} {
		t.Run(name, func(t *testing.T) {
			dir := changedExample(t, "quickstart", `secret("env:CLEVER_PASSWORD")`, written)
			for _, format := range []string{"text", "json", "github", "sarif"} {
				out, errOut, code := addongw(t, dir, []string{"CLEVER_SSO_SALT=" + ssoSalt}, "validate", dir, "--format", format)
				if code != 0 || !strings.Contains(out+errOut, "AG418") || strings.Contains(out+errOut, "canary") {
					t.Errorf("%s: exit %d: %s%s", format, code, out, errOut)
				}
			}
			p, _ := startDev(t, dir)
			p.Stop()
			if !strings.Contains(p.Log()+p.Out(), "AG418") || strings.Contains(p.Log()+p.Out(), "canary") {
				t.Errorf("dev: %s%s", p.Out(), p.Log())
			}
		})
	}
}
